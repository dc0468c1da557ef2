/* made.c - how each stage behind a report was made: all that its manifest says, folded away */
#include "report/made.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "report/grid.h"
#include "report/manifests.h"
#include "report/sources.h"

#include <stdio.h>
#include <string.h>

enum { TITLE = 200 };

typedef struct made {
    lem_page *p;
    lem_json *seen; /* identities of manifests that are shown -> true */
    bool *any;
    int shown, more;
    lem_err *err;
} made;

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

/* ---- one manifest ---- */

/* A text as it is, anything else as JSON. */
static void put_value(lem_grid *g, const lem_json *v) {
    lem_buf b = {0};
    if (lem_json_kind(v) == LEM_JSON_STRING) lem_buf_puts(&b, lem_json_str(v, ""));
    else lem_json_write(v, 0, &b);
    g->failed = g->failed || b.failed;
    lem_grid_put(g, lem_buf_str(&b));
    lem_buf_release(&b);
}

static void put_row(lem_grid *g, const char *what, const char *name, const char *value) {
    if (!*value) return;
    lem_grid_putf(g, "%s%s", what, name);
    lem_grid_put(g, value);
}

static void put_members(lem_grid *g, const char *what, const lem_json *o) {
    for (const char *k = lem_json_key_next(o, NULL); k; k = lem_json_key_next(o, k)) {
        lem_grid_putf(g, "%s%.100s", what, k);
        put_value(g, lem_json_key_value(k));
    }
}

static void put_inputs(lem_grid *g, const lem_json *inputs) {
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        const char *licence = text_of(in, "licence"), *sha = text_of(in, "sha256");
        lem_buf b = {0};
        lem_buf_puts(&b, text_of(in, "path"));
        if (*sha) lem_buf_printf(&b, "; SHA-256 %s", sha);
        if (*licence) lem_buf_printf(&b, "; licence %s", licence);
        if (*text_of(in, "origin")) lem_buf_printf(&b, "; from %s", text_of(in, "origin"));
        g->failed = g->failed || b.failed;
        lem_grid_putf(g, "input %.100s", text_of(in, "option"));
        lem_grid_put(g, lem_buf_str(&b));
        lem_buf_release(&b);
    }
}

/* The cells two by two: a manifest is no table that somebody would read as CSV. */
static lem_status put_pairs(made *m, const lem_grid *g) {
    int n = lem_grid_rows(g);
    lem_pair *pairs = lem_alloc((size_t)n + 1, sizeof *pairs, m->err);
    if (!pairs || g->failed) {
        lem_free(pairs);
        return lem_fail(m->err, LEM_EMEM, "out of memory for a manifest on the page");
    }
    for (int i = 0; i < n; i++) pairs[i] = (lem_pair){g->cell[2 * i], g->cell[2 * i + 1]};
    lem_page_pairs(m->p, pairs, n);
    lem_free(pairs);
    return LEM_OK;
}

static lem_status show(made *m, const char *output, const lem_json *manifest) {
    lem_grid g = {.n = 0};
    char title[TITLE];
    snprintf(title, sizeof title, "%.60s: %.120s", text_of(manifest, "command"), output);
    lem_grid_column(&g, "what", false);
    lem_grid_column(&g, "value", false);
    put_row(&g, "version", "", text_of(manifest, "version"));
    put_row(&g, "compute path", "", text_of(manifest, "compute_path"));
    put_members(&g, "--", lem_json_get(manifest, "arguments"));
    put_members(&g, "chosen: ", lem_json_get(manifest, "chosen"));
    put_inputs(&g, lem_json_get(manifest, "inputs"));
    put_row(&g, "identity", "", text_of(manifest, "identity"));
    put_row(&g, "output, SHA-256", "", text_of(lem_json_get(manifest, "output"), "sha256"));
    if (!*m->any) lem_page_section(m->p, "How it was made");
    *m->any = true;
    lem_page_fold(m->p, title);
    lem_status st = put_pairs(m, &g);
    lem_page_fold_end(m->p);
    lem_grid_release(&g);
    m->shown++;
    return st;
}

/* LEM_NO: there was one like it. */
static lem_status note(made *m, const lem_json *manifest) {
    char key[192];
    snprintf(key, sizeof key, "%.70s %.70s %.40s", text_of(manifest, "identity"),
             text_of(lem_json_get(manifest, "output"), "sha256"), text_of(manifest, "command"));
    if (lem_json_get(m->seen, key)) return LEM_NO;
    if (lem_json_set(m->seen, key, lem_json_new_bool(true))) return LEM_OK;
    return lem_fail(m->err, LEM_EMEM, "out of memory");
}

/* output: [len] bytes of the path of what was made. */
static lem_status add_manifest(void *ctx, const char *path, const char *output, size_t len) {
    made *m = ctx;
    lem_json *manifest = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (!lem_file_exists(path)) return LEM_OK;
    char *name = lem_strndup(output, len, m->err);
    if (!name) return LEM_EMEM;
    lem_status st = LEM_OK;
    if (lem_source_load(path, &manifest, &ignored) == LEM_EMEM)
        st = lem_fail(m->err, LEM_EMEM, "out of memory");
    const char *command = text_of(manifest, "command");
    bool wanted = st == LEM_OK && *command && strcmp(command, "report") != 0;
    if (wanted) st = note(m, manifest);
    wanted = wanted && st == LEM_OK;
    if (wanted && m->shown == LEM_REPORT_MADE_MAX) m->more++;
    else if (wanted) st = show(m, name, manifest);
    lem_json_free(manifest);
    lem_free(name);
    return st == LEM_NO ? LEM_OK : st;
}

/* The manifest of a file or folder. */
static lem_status add_output(made *m, const char *output) {
    lem_buf b = {0};
    bool folder = lem_file_is_dir(output);
    lem_buf_printf(&b, folder ? "%s/manifest.json" : "%s.manifest.json", output);
    lem_status st = lem_buf_ok(&b, m->err);
    if (st == LEM_OK) st = add_manifest(m, b.data, output, strlen(output));
    lem_buf_release(&b);
    return st;
}

/* ---- folders ---- */

static lem_status add_stages(made *m, const char *dir) {
    lem_json *run = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (lem_source_beside(dir, "run.json", &run, &ignored) == LEM_EMEM)
        return lem_fail(m->err, LEM_EMEM, "out of memory");
    const lem_json *stages = lem_json_get(run, "stages");
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(stages); i++) {
        const char *out = text_of(lem_json_at(stages, i), "out");
        if (*out) st = add_output(m, out);
    }
    lem_json_free(run);
    return st;
}

lem_status lem_report_made(lem_page *p, const char *const *paths, int n, bool *any, lem_err *err) {
    made m = {.p = p, .any = any, .err = err, .seen = lem_json_new_object()};
    lem_status st = m.seen ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    for (int i = 0; st == LEM_OK && i < n; i++) {
        if (!paths[i]) continue;
        bool folder = lem_file_is_dir(paths[i]);
        st = folder ? add_stages(&m, paths[i]) : add_output(&m, paths[i]);
        if (st == LEM_OK && folder) st = lem_report_visit_manifests(paths[i], add_manifest, &m, err);
    }
    if (st == LEM_OK && m.more) lem_page_note(p, "The manifests of further outputs are not shown.");
    lem_json_free(m.seen);
    return st;
}
