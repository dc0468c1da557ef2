/* manifests.c - the manifests behind the files of a report */
#include "report/manifests.h"

#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

enum { MAX_JSON = 1 << 26, MAX_DEPTH = 5 };

lem_status lem_report_manifest(const char *path, lem_json **out, lem_err *err) {
    lem_buf name = {0};
    lem_err ignored = LEM_ERR_INIT;
    *out = NULL;
    lem_buf_printf(&name, lem_file_is_dir(path) ? "%s/manifest.json" : "%s.manifest.json", path);
    lem_status st = lem_buf_ok(&name, err);
    if (st == LEM_OK && lem_file_exists(name.data) &&
        lem_json_load(name.data, MAX_JSON, out, &ignored) == LEM_EMEM)
        st = lem_fail(err, LEM_EMEM, "out of memory");
    lem_buf_release(&name);
    return st;
}

const char *lem_report_word(const lem_json *manifest, int n) {
    const lem_json *inputs = lem_json_get(manifest, "inputs");
    char option[32];
    snprintf(option, sizeof option, "argument %d", n);
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        if (strcmp(lem_json_str(lem_json_get(in, "option"), ""), option) == 0)
            return lem_json_str(lem_json_get(in, "path"), NULL);
    }
    return NULL;
}

/* ---- folders ---- */

typedef struct walk {
    lem_report_visit *visit;
    void *ctx;
    lem_err *err;
} walk;

static lem_status visit_folder(const walk *w, const char *dir, int depth);

static lem_status visit_entry(const walk *w, const char *dir, const char *name, int depth) {
    static const char end[] = ".manifest.json";
    char *path = lem_path_join(dir, name, w->err);
    lem_status st = LEM_OK;
    if (!path) return LEM_EMEM;
    if (strcmp(name, "manifest.json") == 0) st = w->visit(w->ctx, path, dir, strlen(dir));
    else if (lem_path_ends(name, end)) st = w->visit(w->ctx, path, path, strlen(path) - strlen(end));
    else if (name[0] != '.' && strcmp(name, "checkpoints") != 0 && !lem_path_ends(name, ".job") &&
             depth > 0 && lem_file_is_dir(path))
        st = visit_folder(w, path, depth - 1);
    lem_free(path);
    return st;
}

/* At most MAX_DEPTH deep: the recursion is bounded. */
static lem_status visit_folder(const walk *w, const char *dir, int depth) {
    char **names = NULL;
    size_t n = 0;
    lem_err ignored = LEM_ERR_INIT;
    lem_status st = lem_dir_list(dir, &names, &n, &ignored) == LEM_EMEM ? LEM_EMEM : LEM_OK;
    for (size_t i = 0; i < n; i++) {
        if (st == LEM_OK) st = visit_entry(w, dir, names[i], depth);
        lem_free(names[i]);
    }
    lem_free(names);
    return st;
}

lem_status lem_report_visit_manifests(const char *dir, lem_report_visit *visit, void *ctx, lem_err *err) {
    return visit_folder(&(walk){visit, ctx, err}, dir, MAX_DEPTH);
}
