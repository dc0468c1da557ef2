/* made.c - how each stage behind a report was made: all that its manifest says, folded away */
#include "report/made.h"

#include "core/json.h"
#include "core/mem.h"
#include "report/grid.h"

#include <stdio.h>
#include <string.h>

enum { TITLE = 200 };

typedef struct made {
    lem_page *p;
    bool *any;
    int shown;
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

lem_status lem_report_made(lem_page *p, const lem_report_jobs *jobs, bool *any, lem_err *err) {
    made m = {.p = p, .any = any, .err = err};
    lem_status st = LEM_OK;
    bool more = jobs->more;
    for (int i = 0; st == LEM_OK && i < jobs->n; i++) {
        const lem_report_job *job = &jobs->at[i];
        if (job->behind) continue;
        if (m.shown == LEM_REPORT_MADE_MAX) more = true;
        else st = show(&m, job->output, job->manifest);
    }
    if (st == LEM_OK && more) lem_page_note(p, "The manifests of further outputs are not shown.");
    return st;
}
