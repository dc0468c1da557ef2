/* inputs.c - the manifests behind a report, and the table of what the jobs read */
#include "report/inputs.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "report/manifests.h"
#include "report/sources.h"

#include <string.h>

enum { COLUMNS = 4, STEPS = 32 };

typedef struct inputs {
    lem_json *at[LEM_REPORT_INPUTS_MAX]; /* [n] members of manifests; shared */
    int n;
    lem_json *made; /* path -> true: outputs of the manifests */
    int more;       /* that there is no room for */
    lem_err *err;
} inputs;

static const char *text_of(const lem_json *o, const char *key) {
    return lem_json_str(lem_json_get(o, key), "");
}

static bool is_known(const inputs *x, const char *path) {
    for (int i = 0; i < x->n; i++)
        if (strcmp(text_of(x->at[i], "path"), path) == 0) return true;
    return false;
}

static lem_status add_manifest(inputs *x, const char *path, const char *output, size_t len, int steps);

/* What another job made leads to what that one read. */
static lem_status add_input(inputs *x, lem_json *in, int steps) {
    const char *path = text_of(in, "path"), *manifest = text_of(in, "origin_from");
    if (!*path || is_known(x, path)) return LEM_OK;
    if (x->n == LEM_REPORT_INPUTS_MAX) {
        x->more++;
        return LEM_OK;
    }
    x->at[x->n++] = lem_json_share(in);
    bool ours = strncmp(text_of(in, "origin"), "lemma ", 6) == 0 && lem_path_ends(manifest, "manifest.json");
    return ours && steps < STEPS ? add_manifest(x, manifest, path, strlen(path), steps + 1) : LEM_OK;
}

/* The manifest of `output`; none, one that cannot be read, and that of an earlier report is no failure. */
static lem_status add_manifest(inputs *x, const char *path, const char *output, size_t len, int steps) {
    lem_json *m = NULL;
    lem_err ignored = LEM_ERR_INIT;
    char *name = lem_strndup(output, len, x->err);
    if (!name) return LEM_EMEM;
    lem_status st = lem_file_exists(path) ? lem_source_load(path, &m, &ignored) : LEM_NO;
    bool report = strcmp(text_of(m, "command"), "report") == 0;
    const lem_json *list = st == LEM_OK && !report ? lem_json_get(m, "inputs") : NULL;
    if (lem_json_kind(list) == LEM_JSON_ARRAY && !lem_json_set(x->made, name, lem_json_new_bool(true)))
        st = LEM_EMEM;
    if (st == LEM_EMEM) (void)lem_fail(x->err, st, "out of memory");
    else st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++)
        st = add_input(x, lem_json_at(list, i), steps);
    lem_json_free(m);
    lem_free(name);
    return st;
}

static lem_status visit(void *ctx, const char *path, const char *output, size_t len) {
    return add_manifest(ctx, path, output, len, 0);
}

static lem_status add_file(inputs *x, const char *path) {
    lem_buf b = {0};
    lem_buf_printf(&b, "%s.manifest.json", path);
    lem_status st = lem_buf_ok(&b, x->err);
    if (st == LEM_OK) st = add_manifest(x, lem_buf_str(&b), path, strlen(path), 0);
    lem_buf_release(&b);
    return st;
}

/* ---- the table ---- */

/* "cc-by-nc-4.0", "of its inputs: mit", "unknown". */
static lem_status licence_cell(const lem_json *in, lem_buf *out, lem_err *err) {
    const char *licence = text_of(in, "licence"), *behind = text_of(in, "licences_of_inputs");
    lem_buf_puts(out, licence);
    if (*behind) lem_buf_printf(out, "%sof its inputs: %s", *licence ? "; " : "", behind);
    if (!*licence && !*behind) lem_buf_puts(out, "unknown");
    return lem_buf_ok(out, err);
}

static const char *use_cell(const lem_json *in) {
    const lem_json *v = lem_json_get(in, "non_commercial");
    if (!v) return "unknown";
    return lem_json_bool(v, false) ? "non-commercial only" : "also commercial";
}

static void put_table(lem_page *p, const inputs *x, const char *const *cells, int rows, bool *any) {
    static const lem_column column[COLUMNS] = {
        {"input", false}, {"licence", false}, {"use", false}, {"origin", false}};
    bool restricted = false;
    for (int i = 0; i < x->n; i++)
        restricted = restricted || lem_json_bool(lem_json_get(x->at[i], "non_commercial"), false);
    if (!*any) lem_page_section(p, "How it was made");
    *any = true;
    lem_page_heading(p, "Inputs");
    if (restricted)
        lem_page_note(
            p, "Some inputs are licensed for non-commercial use only, and so is what was made of them.");
    lem_page_table(p, &(lem_table){"inputs", x->more ? "the first of more inputs" : NULL, column, COLUMNS,
                                   rows, cells, -1});
}

static lem_status show(lem_page *p, const inputs *x, bool *any) {
    const char **cell = lem_alloc_zero((size_t)x->n * COLUMNS + 1, sizeof *cell, x->err);
    lem_buf *licence = lem_alloc_zero((size_t)x->n + 1, sizeof *licence, x->err);
    int rows = 0;
    lem_status st = cell && licence ? LEM_OK : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < x->n; i++) {
        const char *path = text_of(x->at[i], "path");
        if (lem_json_get(x->made, path)) continue;
        const char **row = cell + (size_t)rows * COLUMNS;
        st = licence_cell(x->at[i], &licence[i], x->err);
        row[0] = path;
        row[1] = lem_buf_str(&licence[i]);
        row[2] = use_cell(x->at[i]);
        row[3] = text_of(x->at[i], "origin");
        rows++;
    }
    if (st == LEM_OK && rows > 0) put_table(p, x, cell, rows, any);
    for (int i = 0; licence && i < x->n; i++) lem_buf_release(&licence[i]);
    lem_free(licence);
    lem_free(cell);
    return st;
}

lem_status lem_report_inputs(lem_page *p, const char *const *paths, int n, bool *any, lem_err *err) {
    inputs *x = lem_alloc_zero(1, sizeof *x, err);
    lem_status st = LEM_OK;
    if (!x) return LEM_EMEM;
    x->err = err;
    x->made = lem_json_new_object();
    if (!x->made) st = lem_fail(err, LEM_EMEM, "out of memory");
    for (int i = 0; st == LEM_OK && i < n; i++)
        if (paths[i])
            st = lem_file_is_dir(paths[i]) ? lem_report_visit_manifests(paths[i], visit, x, err)
                                           : add_file(x, paths[i]);
    if (st == LEM_OK) st = show(p, x, any);
    for (int i = 0; i < x->n; i++) lem_json_free(x->at[i]);
    lem_json_free(x->made);
    lem_free(x);
    return st;
}
