/* jobs.c - the jobs behind a report */
#include "report/jobs.h"

#include "core/file.h"
#include "core/mem.h"
#include "report/manifests.h"
#include "report/sources.h"

#include <stdio.h>
#include <string.h>

typedef struct finder {
    lem_report_jobs *x;
    bool behind;
    lem_err *err;
} finder;

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

/* LEM_NO: there was one like it. */
static lem_status note(finder *f, const lem_json *manifest) {
    char key[192];
    snprintf(key, sizeof key, "%.70s %.70s %.40s", text_of(manifest, "identity"),
             text_of(lem_json_get(manifest, "output"), "sha256"), text_of(manifest, "command"));
    if (lem_json_get(f->x->seen, key)) return LEM_NO;
    return lem_json_set(f->x->seen, key, lem_json_new_bool(true)) ? LEM_OK : no_memory(f->err);
}

/* Takes manifest. */
static lem_status keep(finder *f, const char *path, const char *output, size_t len, lem_json *manifest) {
    lem_report_jobs *x = f->x;
    const char *command = text_of(manifest, "command");
    lem_status st = *command && strcmp(command, "report") != 0 ? note(f, manifest) : LEM_NO;
    if (st == LEM_OK && x->n == LEM_REPORT_JOBS_MAX) {
        x->more = true;
        st = LEM_NO;
    }
    if (st == LEM_OK) {
        lem_report_job one = {lem_strndup(output, len, f->err), lem_strdup(path, f->err), manifest,
                              f->behind};
        x->at[x->n++] = one;
        return one.output && one.path ? LEM_OK : LEM_EMEM;
    }
    lem_json_free(manifest);
    return st == LEM_NO ? LEM_OK : st;
}

/* output: [len] bytes of the path of what was made. */
static lem_status add_manifest(void *ctx, const char *path, const char *output, size_t len) {
    finder *f = ctx;
    lem_json *manifest = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (!lem_file_exists(path)) return LEM_OK;
    if (lem_source_load(path, &manifest, &ignored) == LEM_EMEM) return no_memory(f->err);
    return keep(f, path, output, len, manifest);
}

/* The manifest of a file or folder. */
static lem_status add_output(finder *f, const char *output) {
    lem_buf b = {0};
    lem_buf_printf(&b, lem_file_is_dir(output) ? "%s/manifest.json" : "%s.manifest.json", output);
    lem_status st = lem_buf_ok(&b, f->err);
    if (st == LEM_OK) st = add_manifest(f, b.data, output, strlen(output));
    lem_buf_release(&b);
    return st;
}

static lem_status add_stages(finder *f, const char *dir) {
    lem_json *run = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (lem_source_beside(dir, "run.json", &run, &ignored) == LEM_EMEM) return no_memory(f->err);
    const lem_json *stages = lem_json_get(run, "stages");
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(stages); i++) {
        const char *out = text_of(lem_json_at(stages, i), "out");
        if (*out) st = add_output(f, out);
    }
    lem_json_free(run);
    return st;
}

/* The manifest that an input's says it came from: "out/data/manifest.json" or "out/s.jsonl.manifest.json". */
static const char *origin_of(const lem_json *input, size_t *output) {
    static const char file[] = ".manifest.json", folder[] = "/manifest.json";
    const char *from = text_of(input, "origin_from");
    size_t n = strlen(from), m = sizeof file - 1;
    if (strncmp(text_of(input, "origin"), "lemma ", 6) != 0 || n <= m) return NULL;
    bool is = strcmp(from + n - m, file) == 0 || strcmp(from + n - m, folder) == 0;
    *output = n - m;
    return is ? from : NULL;
}

/* The list grows while it is walked: what an input came from has inputs of its own. */
static lem_status follow(finder *f) {
    lem_status st = LEM_OK;
    f->behind = true;
    for (int i = 0; st == LEM_OK && i < f->x->n; i++) {
        const lem_json *inputs = lem_json_get(f->x->at[i].manifest, "inputs");
        for (size_t k = 0; st == LEM_OK && k < lem_json_count(inputs); k++) {
            const lem_json *in = lem_json_at(inputs, k);
            size_t len = 0;
            const char *from = origin_of(in, &len);
            if (from) st = add_manifest(f, from, from, len);
            else if (*text_of(in, "path")) st = add_output(f, text_of(in, "path"));
        }
    }
    return st;
}

lem_status lem_report_jobs_find(const char *const *paths, int n, lem_report_jobs *out, lem_err *err) {
    finder f = {out, false, err};
    out->seen = lem_json_new_object();
    lem_status st = out->seen ? LEM_OK : no_memory(err);
    for (int i = 0; st == LEM_OK && i < n; i++) {
        if (!paths[i]) continue;
        bool folder = lem_file_is_dir(paths[i]);
        st = folder ? add_stages(&f, paths[i]) : add_output(&f, paths[i]);
        if (st == LEM_OK && folder) st = lem_report_visit_manifests(paths[i], add_manifest, &f, err);
    }
    return st == LEM_OK ? follow(&f) : st;
}

void lem_report_jobs_release(lem_report_jobs *x) {
    for (int i = 0; i < x->n; i++) {
        lem_free(x->at[i].output);
        lem_free(x->at[i].path);
        lem_json_free(x->at[i].manifest);
    }
    lem_json_free(x->seen);
    x->seen = NULL;
    x->n = 0;
}

static bool says_it_wrote(const lem_report_job *job, const char *path) {
    const lem_json *rows = lem_json_get(job->manifest, "rows");
    for (size_t i = 0; i < lem_json_count(rows); i++)
        if (strcmp(text_of(lem_json_at(rows, i), "made"), path) == 0) return true;
    return false;
}

int lem_report_job_of(const lem_report_jobs *x, const lem_json *input) {
    size_t len = 0;
    const char *from = origin_of(input, &len), *path = text_of(input, "path");
    for (int i = 0; from && i < x->n; i++)
        if (strcmp(x->at[i].path, from) == 0) return i;
    if (!*path) return -1;
    for (int i = 0; i < x->n; i++)
        if (lem_path_within(path, x->at[i].output) || says_it_wrote(&x->at[i], path)) return i;
    return -1;
}
