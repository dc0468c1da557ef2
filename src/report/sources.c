/* sources.c - finds the result and telemetry files of a report in run folders */
#include "report/sources.h"

#include "core/file.h"
#include "core/mem.h"
#include "report/ablation.h"
#include "report/benchmarks.h"
#include "report/comparison.h"
#include "report/sampled.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SOURCES = 512, MAX_DEPTH = 5, MAX_JSON = 1 << 26, TITLE = 160 };

static const char telemetry[] = "telemetry.jsonl", job_end[] = ".job";

void lem_sources_release(lem_sources *s) {
    for (int i = 0; i < s->n; i++) {
        lem_free(s->at[i].path);
        lem_free(s->at[i].title);
    }
    lem_free(s->at);
    *s = (lem_sources){.at = NULL};
}

lem_status lem_source_load(const char *path, lem_json **out, lem_err *err) {
    return lem_json_load(path, MAX_JSON, out, err);
}

lem_status lem_source_beside(const char *dir, const char *name, lem_json **out, lem_err *err) {
    return lem_json_load_beside(dir, name, MAX_JSON, out, err);
}

/* ---- one file ---- */

/* JSON files of a run that are no results. */
static bool is_plumbing(const char *name) {
    static const char *const names[] = {"run.json",       "timing.json",           "config.json",
                                        "tokenizer.json", "tokenizer_config.json", "generation_config.json",
                                        "vocab.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return lem_path_ends(name, "manifest.json") || lem_path_ends(name, "MANIFEST.json");
}

static bool known(const lem_sources *s, const char *path) {
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->at[i].path, path) == 0) return true;
    return false;
}

static lem_status add_source(lem_sources *s, const char *path, const char *title, lem_source_kind kind,
                             lem_err *err) {
    if (known(s, path)) return LEM_OK;
    if (s->n == MAX_SOURCES) return lem_fail(err, LEM_EDATA, "more than %d result files", MAX_SOURCES);
    if (s->n == s->cap) {
        int cap = s->cap ? 2 * s->cap : 16;
        lem_source *grown = lem_realloc(s->at, (size_t)cap, sizeof *grown, err);
        if (!grown) return LEM_EMEM;
        s->at = grown;
        s->cap = cap;
    }
    lem_source one = {lem_strdup(path, err), lem_strdup(title, err), kind, s->n_inputs};
    if (one.path && one.title) {
        s->at[s->n++] = one;
        return LEM_OK;
    }
    lem_free(one.path);
    lem_free(one.title);
    return LEM_EMEM;
}

/* "demo/rm-final/telemetry.jsonl" below "demo" becomes "rm-final"; "demo/select.json" becomes "select". */
static void title_of(const char *path, const char *root, char out[TITLE]) {
    size_t n = strlen(root);
    if (strncmp(path, root, n) == 0 && path[n] == '/') path += n + 1;
    snprintf(out, TITLE, "%s", path);
    static const char *const ends[] = {"/telemetry.jsonl", "/metrics.json", ".json"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (lem_path_ends(out, ends[i])) out[strlen(out) - strlen(ends[i])] = '\0';
    if (strcmp(out, telemetry) == 0) snprintf(out, TITLE, "training");
}

/* What a document is to a report; false: nothing. */
static bool kind_of(const lem_json *doc, lem_source_kind *kind) {
    *kind = LEM_SOURCE_METRICS;
    if (lem_report_is_benchmarks(doc)) *kind = LEM_SOURCE_BENCHMARKS;
    else if (lem_report_is_comparison(doc)) *kind = LEM_SOURCE_COMPARISON;
    else if (lem_report_is_ablation(doc)) *kind = LEM_SOURCE_ABLATION;
    return *kind != LEM_SOURCE_METRICS || lem_json_kind(lem_json_get(doc, "metrics")) == LEM_JSON_ARRAY;
}

static lem_status add_found(lem_sources *s, const char *path, const char *root, lem_err *err) {
    char title[TITLE];
    const char *name = lem_path_base(path);
    title_of(path, root, title);
    if (strcmp(name, telemetry) == 0) return add_source(s, path, title, LEM_SOURCE_TELEMETRY, err);
    if (!lem_path_ends(name, ".json") || is_plumbing(name)) return LEM_OK;
    lem_json *doc = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (lem_source_load(path, &doc, &ignored) != LEM_OK) { /* some other tool's file */
        lem_warn(s->log, "%s; left out of the report", ignored.text);
        return LEM_OK;
    }
    lem_source_kind kind;
    bool result = kind_of(doc, &kind);
    lem_json_free(doc);
    return result ? add_source(s, path, title, kind, err) : LEM_OK;
}

/* A report is not told of reports. */
static bool is_page(const char *job) {
    lem_json *manifest = NULL;
    lem_err ignored = LEM_ERR_INIT;
    bool page = lem_source_beside(job, "manifest.json", &manifest, &ignored) == LEM_OK &&
                strcmp(lem_json_str(lem_json_get(manifest, "command"), ""), "report") == 0;
    lem_json_free(manifest);
    return page;
}

/* An unfinished job's folder, titled by its output. */
static lem_status add_job(lem_sources *s, const char *path, const char *root, lem_err *err) {
    char title[TITLE];
    title_of(path, root, title);
    size_t n = strlen(title);
    if (lem_path_ends(title, job_end)) title[n - strlen(job_end)] = '\0';
    return is_page(path) ? LEM_OK : add_source(s, path, title, LEM_SOURCE_JOB, err);
}

static bool is_held(const char *output) {
    lem_err ignored = LEM_ERR_INIT;
    return lem_lock_check(output, &ignored) == LEM_EIO;
}

/* The job whose output the input is, if there is an unfinished one. */
static lem_status add_job_of(lem_sources *s, const char *input, lem_err *err) {
    lem_buf path = {0};
    size_t n = strlen(input);
    while (n > 1 && input[n - 1] == '/') n--;
    lem_buf_printf(&path, "%.*s%s", (int)n, input, job_end);
    lem_status st = lem_buf_ok(&path, err);
    if (st == LEM_OK && (lem_dir_has(path.data, "manifest.json") || is_held(input)))
        st = add_job(s, path.data, "", err);
    lem_buf_release(&path);
    return st;
}

static bool is_rows(const char *path) {
    return lem_path_ends(path, ".jsonl") || lem_path_ends(path, ".jsonl.gz") ||
           lem_path_ends(path, ".jsonl.zst");
}

static lem_status add_named(lem_sources *s, const char *path, lem_err *err) {
    if (strcmp(lem_path_base(path), telemetry) == 0)
        return add_source(s, path, "training", LEM_SOURCE_TELEMETRY, err);
    char title[TITLE];
    lem_json *doc = NULL;
    title_of(path, "", title);
    if (is_rows(path))
        return add_source(s, path, title, lem_report_is_sampled(path) ? LEM_SOURCE_SAMPLED : LEM_SOURCE_TRACE,
                          err);
    lem_status st = lem_source_load(path, &doc, err);
    if (st) return st;
    lem_source_kind kind;
    if (kind_of(doc, &kind)) st = add_source(s, path, title, kind, err);
    else st = lem_fail(err, LEM_EDATA, "%s: no 'metrics' list found", path);
    lem_json_free(doc);
    return st;
}

/* ---- folders ---- */

static void free_names(char **names, size_t n) {
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
}

static lem_status add_folder(lem_sources *s, const char *dir, const char *root, int depth, lem_err *err);

/* A training run's own stages are in its telemetry already. */
static bool is_searched(const char *name, bool trained) {
    if (name[0] == '.' || strcmp(name, "checkpoints") == 0) return false;
    return !(trained && strcmp(name, "stages") == 0);
}

/* The files of a folder, or the folders in it. */
static lem_status add_entries(lem_sources *s, const char *dir, const char *root, char **names, size_t n,
                              bool folders, int depth, lem_err *err) {
    bool trained = false;
    for (size_t i = 0; i < n; i++) trained = trained || strcmp(names[i], telemetry) == 0;
    for (size_t i = 0; i < n; i++) {
        char *path = lem_path_join(dir, names[i], err);
        if (!path) return LEM_EMEM;
        lem_status st = LEM_OK;
        if (lem_file_is_dir(path) != folders) st = LEM_OK;
        else if (!folders) st = add_found(s, path, root, err);
        else if (lem_path_ends(names[i], job_end) && lem_dir_has(path, "manifest.json"))
            st = add_job(s, path, root, err);
        else if (is_searched(names[i], trained)) st = add_folder(s, path, root, depth - 1, err);
        lem_free(path);
        if (st) return st;
    }
    return LEM_OK;
}

/* Adds the files of dir, then those of its folders down to `depth` (at most MAX_DEPTH: the recursion is
 * bounded). */
static lem_status add_folder(lem_sources *s, const char *dir, const char *root, int depth, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    lem_status st = lem_dir_list(dir, &names, &n, err);
    if (st) return st;
    if (depth > 0) st = add_entries(s, dir, root, names, n, false, depth, err);
    if (depth > 0 && st == LEM_OK) st = add_entries(s, dir, root, names, n, true, depth, err);
    free_names(names, n);
    return st;
}

/* What the stages wrote, in the order in which they ran. */
static lem_status add_stage_outputs(lem_sources *s, const char *dir, const lem_json *run, lem_err *err) {
    const lem_json *stages = lem_json_get(run, "stages");
    for (size_t i = 0; i < lem_json_count(stages); i++) {
        const char *out = lem_json_str(lem_json_get(lem_json_at(stages, i), "out"), NULL);
        lem_status st = LEM_OK;
        if (out && lem_file_is_dir(out)) st = add_folder(s, out, dir, MAX_DEPTH, err);
        else if (out && lem_file_exists(out)) st = add_found(s, out, dir, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* It has not finished a stage yet. */
static bool recipe_runs(const char *dir) {
    char *path = lem_path_join(dir, "run.json", NULL);
    bool held = path && is_held(path);
    lem_free(path);
    return held;
}

/* begun: the job that makes the folder is among the sources already. */
static lem_status add_run(lem_sources *s, const char *dir, bool begun, lem_err *err) {
    lem_json *run = NULL;
    int before = s->n;
    lem_status st = lem_source_beside(dir, "run.json", &run, err);
    if (st == LEM_OK) st = add_stage_outputs(s, dir, run, err);
    if (st == LEM_OK) st = add_folder(s, dir, dir, MAX_DEPTH, err);
    if (st == LEM_OK && s->n == before && !run && !begun && !recipe_runs(dir))
        st = lem_fail(err, LEM_EDATA, "%s: no run.json, telemetry.jsonl or metrics found", dir);
    lem_json_free(run);
    return st;
}

/* "select" becomes "select of runs/b". */
static lem_status name_by_folder(lem_source *x, lem_err *err) {
    char title[TITLE];
    char *dir = lem_path_dir(x->path, err);
    if (!dir) return LEM_EMEM;
    snprintf(title, sizeof title, "%s of %s", x->title, dir);
    lem_free(dir);
    char *named = lem_strdup(title, err);
    if (!named) return LEM_EMEM;
    lem_free(x->title);
    x->title = named;
    return LEM_OK;
}

/* Of two inputs that have a file of the same name below them, a reader must see which is which. */
static lem_status tell_apart(lem_sources *s, int before, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = before; st == LEM_OK && i < s->n; i++) {
        size_t n = strlen(s->at[i].title);
        bool met = false;
        for (int j = 0; st == LEM_OK && j < before; j++) {
            const char *other = s->at[j].title;
            if (strncmp(other, s->at[i].title, n) != 0) continue;
            met = met || !other[n] || strncmp(other + n, " of ", 4) == 0;
            if (!other[n]) st = name_by_folder(&s->at[j], err);
        }
        if (st == LEM_OK && met) st = name_by_folder(&s->at[i], err);
    }
    return st;
}

lem_status lem_sources_add(lem_sources *s, const char *input, lem_err *err) {
    int before = s->n;
    lem_status st = add_job_of(s, input, err);
    bool begun = s->n > before;
    if (st == LEM_OK && lem_file_is_dir(input)) st = add_run(s, input, begun, err);
    else if (st == LEM_OK && !(begun && !lem_file_exists(input))) st = add_named(s, input, err);
    if (st == LEM_OK) st = tell_apart(s, before, err);
    if (st == LEM_OK) s->n_inputs++;
    return st;
}
