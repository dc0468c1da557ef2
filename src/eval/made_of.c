/* made_of.c - the chain of manifests behind a file, and what stands in it */
#include "eval/made_of.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "weights/shards.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 256, MAX_MANIFEST = 16 << 20, MAX_LINE = 1 << 20 };

typedef struct chain {
    const char *name;
    char *path[MOST_FILES];
    int n;
} chain;

static lem_status add_path(chain *c, const char *path, lem_err *err) {
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->path[i], path) == 0) return LEM_OK;
    if (c->n == MOST_FILES) return LEM_OK;
    c->path[c->n] = lem_strdup(path, err);
    if (!c->path[c->n]) return LEM_EMEM;
    c->n++;
    return LEM_OK;
}

/* The manifest of a file, or of a folder; *out NULL where it has none. */
static lem_status manifest_of(const char *path, lem_json **out, lem_err *err) {
    char name[320];
    lem_status st;
    if (lem_file_is_dir(path)) return lem_json_load_beside(path, "manifest.json", MAX_MANIFEST, out, err);
    char *dir = lem_path_dir(path, err);
    if (!dir) return LEM_EMEM;
    snprintf(name, sizeof name, "%.290s.manifest.json", lem_path_base(path));
    st = lem_json_load_beside(dir, name, MAX_MANIFEST, out, err);
    lem_free(dir);
    return st;
}

/* ---- what a manifest or folder tells ---- */

static bool number_of(const lem_json *v, double *out) {
    const char *text = lem_json_str(v, NULL);
    char *end;
    *out = lem_json_num(v, NAN);
    if (!text || !*text) return isfinite(*out);
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

static lem_status parameters_of(const char *dir, double *out, bool *found, lem_err *err) {
    lem_shards *s = NULL;
    if (!lem_file_is_dir(dir) || !lem_dir_has(dir, "config.json")) return LEM_OK;
    lem_status st = lem_shards_open(dir, &s, err);
    *out = 0;
    for (size_t i = 0; st == LEM_OK && i < lem_shards_count(s); i++) {
        const lem_safetensor *t = lem_shards_at(s, i)->tensor;
        double count = 1;
        for (int r = 0; r < t->rank; r++) count *= (double)t->shape[r];
        *out += count;
    }
    *found = st == LEM_OK;
    lem_shards_close(s);
    return st;
}

/* Steps, and tokens trained on. */
static lem_status add_telemetry(const char *path, double *steps, double *tokens, lem_err *err) {
    lem_lines *l = NULL;
    lem_status st = lem_lines_open(path, MAX_LINE, &l, err);
    bool eof = false;
    while (st == LEM_OK && !eof) {
        const char *line;
        size_t n;
        lem_json *row = NULL;
        st = lem_lines_next(l, &line, &n, &eof, err);
        if (st || eof || n == 0) continue;
        st = lem_json_parse(line, n, &row, err);
        if (st == LEM_OK && lem_json_get(row, "loss")) {
            *steps += 1;
            *tokens += lem_json_num(lem_json_get(row, "tokens"), 0);
        }
        lem_json_free(row);
        if (st) lem_err_context(err, "%s:%llu", path, (unsigned long long)lem_lines_number(l));
    }
    lem_lines_close(l);
    return st;
}

static lem_status trained_of(const char *dir, const char *name, const lem_json *manifest, double *out,
                             bool *found, lem_err *err) {
    double steps = 0, tokens = 0, batch = lem_json_num(lem_json_find(manifest, "arguments.batch"), NAN);
    if (!lem_file_is_dir(dir) || !lem_dir_has(dir, "telemetry.jsonl")) return LEM_OK;
    char *path = lem_path_join(dir, "telemetry.jsonl", err);
    if (!path) return LEM_EMEM;
    lem_status st = add_telemetry(path, &steps, &tokens, err);
    lem_free(path);
    *out = steps;
    if (strcmp(name, "rows-seen") == 0) *out = steps * batch;
    if (strcmp(name, "tokens-seen") == 0) *out = tokens;
    *found = st == LEM_OK && isfinite(*out);
    return st;
}

static lem_status look(const chain *c, const char *path, const lem_json *manifest, double *out, bool *found,
                       lem_err *err) {
    if (strcmp(c->name, "parameters") == 0) return parameters_of(path, out, found, err);
    if (strcmp(c->name, "steps") == 0 || strcmp(c->name, "rows-seen") == 0 ||
        strcmp(c->name, "tokens-seen") == 0)
        return trained_of(path, c->name, manifest, out, found, err);
    *found = number_of(lem_json_get(lem_json_get(manifest, "arguments"), c->name), out);
    return LEM_OK;
}

/* ---- along the chain ---- */

static lem_status visit(chain *c, int i, double *out, bool *found, lem_err *err) {
    lem_json *manifest = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(manifest_of(c->path[i], &manifest, err));
    LEM_TRY(look(c, c->path[i], manifest, out, found, err));
    const lem_json *inputs = lem_json_get(manifest, "inputs");
    for (size_t k = 0; !*found && k < lem_json_count(inputs); k++)
        LEM_TRY(add_path(c, lem_json_str(lem_json_get(lem_json_at(inputs, k), "path"), ""), err));
done:
    lem_json_free(manifest);
    return st;
}

lem_status lem_eval_made_of(const char *path, const char *name, double *out, lem_err *err) {
    chain c = {.name = name};
    bool found = false;
    lem_status st = add_path(&c, path, err);
    for (int i = 0; st == LEM_OK && !found && i < c.n; i++) st = visit(&c, i, out, &found, err);
    if (st == LEM_OK && !found)
        st = lem_fail(err, LEM_EDATA,
                      "%s: no '%s' in the manifests behind it (%d files looked at); say it as NAME@X=FILE",
                      path, name, c.n);
    for (int i = 0; i < c.n; i++) lem_free(c.path[i]);
    return st;
}
