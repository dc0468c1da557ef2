/* report.c - a report of runs: what they found, how they trained, how they were made */
#include "report/report.h"

#include "core/file.h"
#include "core/mem.h"
#include "report/ablation.h"
#include "report/benchmarks.h"
#include "report/comparison.h"
#include "report/inputs.h"
#include "report/jobs.h"
#include "report/left_out.h"
#include "report/made.h"
#include "report/runs.h"
#include "report/sampled.h"
#include "report/sections.h"
#include "report/sets.h"
#include "report/side_names.h"
#include "report/sources.h"
#include "report/trace.h"
#include "report/unfinished.h"

#include <stdio.h>
#include <string.h>

static lem_status add_result(lem_page *p, const lem_source *s, bool only, lem_err *err) {
    lem_json *doc = NULL;
    lem_status st = lem_source_load(s->path, &doc, err);
    if (st == LEM_OK) st = lem_report_metrics(p, only ? "Results" : s->title, s->title, s->path, doc, err);
    lem_json_free(doc);
    return st;
}

static lem_status add_document(lem_page *p, const lem_source *s, lem_err *err) {
    lem_json *doc = NULL;
    lem_status st = lem_source_load(s->path, &doc, err);
    if (st == LEM_OK && s->kind == LEM_SOURCE_COMPARISON)
        st = lem_report_comparison_file(p, s->title, s->path, doc, err);
    if (st == LEM_OK && s->kind == LEM_SOURCE_ABLATION)
        st = lem_report_ablation(p, s->title, s->path, doc, err);
    lem_json_free(doc);
    return st;
}

/* What runs are claimed to differ in comes first. */
static lem_status add_comparisons(lem_page *p, const lem_sources *s, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < s->n; i++)
        if (s->at[i].kind == LEM_SOURCE_COMPARISON || s->at[i].kind == LEM_SOURCE_ABLATION)
            st = add_document(p, &s->at[i], err);
    return st;
}

static lem_status add_benchmarks(lem_page *p, const lem_sources *s, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < s->n; i++) {
        lem_json *doc = NULL;
        if (s->at[i].kind != LEM_SOURCE_BENCHMARKS) continue;
        st = lem_source_load(s->at[i].path, &doc, err);
        if (st == LEM_OK) st = lem_report_benchmarks(p, s->at[i].title, s->at[i].path, doc, err);
        lem_json_free(doc);
    }
    return st;
}

static lem_status add_results(lem_page *p, const lem_sources *s, lem_err *err) {
    int results = 0;
    lem_status st = LEM_OK;
    for (int i = 0; i < s->n; i++) results += s->at[i].kind == LEM_SOURCE_METRICS;
    for (int i = 0; st == LEM_OK && i < s->n; i++)
        if (s->at[i].kind == LEM_SOURCE_METRICS) st = add_result(p, &s->at[i], results == 1, err);
    return st;
}

static lem_status add_traces(lem_page *p, const lem_report_request *r, const lem_sources *s, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < s->n; i++) {
        char title[192];
        if (s->at[i].kind != LEM_SOURCE_TRACE) continue;
        snprintf(title, sizeof title, "Search: %s", s->at[i].title);
        st = lem_report_trace(p, title, s->at[i].path, r->n_trees, err);
    }
    return st;
}

static lem_status add_sampled(lem_page *p, const lem_report_request *r, const lem_sources *s, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < s->n; i++)
        if (s->at[i].kind == LEM_SOURCE_SAMPLED)
            st = lem_report_sampled(p, s->at[i].title, s->at[i].path, r->cancel, err);
    return st;
}

static lem_status add_training(lem_page *p, const lem_sources *s, lem_err *err) {
    bool any = false;
    for (int i = 0; i < s->n; i++) {
        if (s->at[i].kind != LEM_SOURCE_TELEMETRY) continue;
        if (!any) lem_page_section(p, "Training");
        any = true;
        lem_status st = lem_report_telemetry(p, s->at[i].title, s->at[i].path, false, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* ---- how it was made ---- */

enum { STAGE_COLUMNS = 5, SECONDS = 24 };

static void stage_row(const lem_json *stage, const lem_json *timing, char seconds[SECONDS],
                      const char **row) {
    row[0] = lem_json_str(lem_json_get(stage, "name"), "");
    row[1] = lem_json_str(lem_json_get(stage, "command"), "");
    row[2] = lem_json_str(lem_json_get(stage, "status"), "");
    row[3] = lem_json_str(lem_json_get(stage, "out"), "");
    const lem_json *t = lem_json_get(timing, row[0]);
    if (t) snprintf(seconds, SECONDS, "%.1f", lem_json_num(t, 0));
}

static lem_status stage_table(lem_page *p, const char *dir, const lem_json *run, bool times, lem_err *err) {
    static const lem_column column[STAGE_COLUMNS] = {
        {"stage", false}, {"command", false}, {"status", false}, {"output", false}, {"seconds", true}};
    const lem_json *stages = lem_json_get(run, "stages");
    lem_json *timing = NULL;
    size_t n = lem_json_count(stages);
    int columns = times ? STAGE_COLUMNS : STAGE_COLUMNS - 1;
    if (!n) return LEM_OK;
    lem_status st = LEM_OK;
    const char **cell = lem_alloc_zero(n * STAGE_COLUMNS, sizeof *cell, err);
    char(*seconds)[SECONDS] = lem_alloc_zero(n, sizeof *seconds, err);
    if (!cell || !seconds) LEM_TRY(LEM_EMEM);
    if (times) LEM_TRY(lem_source_beside(dir, "timing.json", &timing, err));
    for (size_t i = 0; i < n; i++) {
        const char **row = cell + i * (size_t)columns;
        stage_row(lem_json_at(stages, i), timing, seconds[i], row);
        if (times) row[STAGE_COLUMNS - 1] = seconds[i];
    }
    lem_page_table(p, &(lem_table){"stages", NULL, column, columns, (int)n, cell, -1});
done:
    lem_json_free(timing);
    lem_free(cell);
    lem_free(seconds);
    return st;
}

static lem_status add_stages(lem_page *p, const lem_report_request *r, bool *any, lem_err *err) {
    for (int i = 0; i < r->n_inputs; i++) {
        const char *dir = r->inputs[i];
        lem_json *run = NULL;
        if (!lem_file_is_dir(dir)) continue;
        lem_status st = lem_source_beside(dir, "run.json", &run, err);
        if (st == LEM_OK && run) {
            if (!*any) lem_page_section(p, "How it was made");
            *any = true;
            if (r->n_inputs > 1) lem_page_heading(p, dir);
            st = stage_table(p, dir, run, r->times, err);
        }
        lem_json_free(run);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status add_jobs(lem_page *p, const lem_report_request *r, const lem_sources *s,
                           const char *const *paths, int n, lem_err *err) {
    bool any = false;
    lem_report_jobs *jobs = lem_alloc_zero(1, sizeof *jobs, err);
    if (!jobs) return LEM_EMEM;
    lem_status st = lem_report_jobs_find(paths, n, jobs, err);
    if (st == LEM_OK) st = lem_report_left_out(p, jobs, r->cancel, err);
    if (st == LEM_OK) st = lem_report_contamination(p, jobs, s, err);
    if (st == LEM_OK) st = add_stages(p, r, &any, err);
    if (st == LEM_OK) st = lem_report_inputs(p, paths, n, &any, err);
    if (st == LEM_OK) st = lem_report_made(p, jobs, &any, err);
    lem_report_jobs_release(jobs);
    lem_free(jobs);
    return st;
}

static lem_status add_provenance(lem_page *p, const lem_report_request *r, const lem_sources *s,
                                 lem_err *err) {
    int n = r->n_inputs + r->n_sets;
    const char **paths = lem_alloc((size_t)n + 1, sizeof *paths, err);
    if (!paths) return LEM_EMEM;
    memcpy(paths, r->inputs, (size_t)r->n_inputs * sizeof *paths);
    for (int i = 0; i < r->n_sets; i++) paths[r->n_inputs + i] = r->examples[i];
    lem_status st = add_jobs(p, r, s, paths, n, err);
    lem_free(paths);
    return st;
}

/* ---- the page ---- */

enum { TITLE = 256, TITLED = 4 };

/* "base, tuned and 3 more". */
static lem_status title_of_many(const lem_report_request *r, char out[TITLE], lem_err *err) {
    char(*name)[LEM_SIDE_NAME] = lem_alloc_zero((size_t)r->n_inputs, sizeof *name, err);
    if (!name) return LEM_EMEM;
    int n = r->n_inputs < TITLED ? r->n_inputs : TITLED, at = snprintf(out, TITLE, "Lemma report:");
    lem_side_names(r->inputs, r->n_inputs, name);
    for (int i = 0; i < n && at < TITLE - 8; i++) {
        int room = TITLE - 8 - at;
        at += snprintf(out + at, (size_t)(TITLE - at), "%s %.*s", i ? "," : "", room / (n - i), name[i]);
    }
    if (r->n_inputs > n && at < TITLE)
        snprintf(out + at, (size_t)(TITLE - at), " and %d more", r->n_inputs - n);
    lem_free(name);
    return LEM_OK;
}

static lem_status page_title(const lem_report_request *r, char out[TITLE], lem_err *err) {
    lem_json *run = NULL;
    lem_status st = LEM_OK;
    if (r->title) {
        snprintf(out, TITLE, "%s", r->title);
        return LEM_OK;
    }
    if (r->n_inputs > 1) return title_of_many(r, out, err);
    const char *input = r->inputs[0];
    if (lem_file_is_dir(input)) st = lem_source_beside(input, "run.json", &run, err);
    const char *name = lem_json_str(lem_json_get(run, "name"), lem_path_base(input));
    snprintf(out, TITLE, "Lemma report: %s", name);
    lem_json_free(run);
    return st;
}

/* What the results claim, then all of them. */
static lem_status add_claims(lem_page *p, const lem_report_request *r, const lem_sources *s, lem_err *err) {
    lem_status st = add_comparisons(p, s, err);
    if (st == LEM_OK) st = lem_report_compare_runs(p, s, r->inputs, r->cancel, err);
    if (st == LEM_OK) st = lem_report_side_by_side(p, s, err);
    if (st == LEM_OK) st = add_benchmarks(p, s, err);
    return st == LEM_OK ? add_results(p, s, err) : st;
}

static lem_status add_sections(lem_page *p, const lem_report_request *r, const lem_sources *s, lem_err *err) {
    const lem_report_sets sets = {r->examples, r->n_sets, r->judges, r->n_examples};
    lem_status st = lem_report_unfinished(p, s, err);
    if (st == LEM_OK) st = add_claims(p, r, s, err);
    if (st == LEM_OK) st = add_sampled(p, r, s, err);
    if (st == LEM_OK) st = lem_report_sets_add(p, &sets, err);
    if (st == LEM_OK) st = add_traces(p, r, s, err);
    if (st == LEM_OK) st = add_training(p, s, err);
    if (st == LEM_OK) st = add_provenance(p, r, s, err);
    if (st == LEM_OK && r->n_machine) {
        lem_page_heading(p, "Machine");
        lem_page_pairs(p, r->machine, r->n_machine);
    }
    return st;
}

lem_status lem_report_make(const lem_report_request *r, const lem_sources *sources, lem_page **page,
                           lem_err *err) {
    char title[TITLE];
    lem_page *p = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(page_title(r, title, err));
    p = lem_page_new(title, NULL, err);
    if (!p) LEM_TRY(LEM_EMEM);
    lem_page_refresh(p, r->refresh);
    LEM_TRY(add_sections(p, r, sources, err));
    *page = p;
    p = NULL;
done:
    lem_page_free(p);
    return st;
}
