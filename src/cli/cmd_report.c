/* cmd_report.c - lemma report: one HTML page, the same as Markdown, and CSV files, from run folders and
 * result files */
#include "cli/commands.h"
#include "job/job.h"
#include "cli/report_parts.h"
#include "cli/runtime.h"
#include "core/version.h"

#include "compute/backend.h"
#include "core/file.h"
#include "core/mem.h"
#include "report/page.h"

#include <string.h>

enum { MAX_SOURCES = 512, MAX_DEPTH = 5, MAX_JSON = 1 << 26 };

static const lem_opt opts[] = {
    {"title", LEM_OPT_STR, "TEXT", NULL, "title of the page [the run's name]", 0, 0},
    {"examples", LEM_OPT_INPUT, "FILE", NULL, "graded and scored candidates to show worked examples of", 0,
     0},
    {"n-examples", LEM_OPT_INT, "N", "6", "how many examples", 1, 24},
    {"timing", LEM_OPT_FLAG, NULL, NULL, "show times and the machine (the page then differs from run to run)",
     0, 0},
};

typedef enum source_kind { SOURCE_METRICS, SOURCE_TELEMETRY } source_kind;
typedef struct source {
    char *path, *title;
    source_kind kind;
} source;

typedef struct job {
    lem_cli *cli;
    lem_job *job;
    const lem_args *args;
    lem_page *page;
    source *at;
    int n;
} job;

/* ---- finding what a run left ---- */

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* JSON files of a run that are no results. */
static bool is_plumbing(const char *name) {
    static const char *const names[] = {"run.json",       "timing.json",           "config.json",
                                        "tokenizer.json", "tokenizer_config.json", "generation_config.json",
                                        "vocab.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return ends_with(name, "manifest.json") || ends_with(name, "MANIFEST.json");
}

static bool known(const job *j, const char *path) {
    for (int i = 0; i < j->n; i++)
        if (strcmp(j->at[i].path, path) == 0) return true;
    return false;
}

static lem_status add_source(job *j, const char *path, const char *title, source_kind kind, lem_err *err) {
    if (known(j, path)) return LEM_OK;
    if (j->n == MAX_SOURCES) return lem_fail(err, LEM_EDATA, "more than %d result files", MAX_SOURCES);
    source *s = &j->at[j->n];
    s->path = lem_strdup(path, err);
    s->title = lem_strdup(title, err);
    s->kind = kind;
    if (s->path && s->title) {
        j->n++;
        return LEM_OK;
    }
    lem_free(s->path);
    lem_free(s->title);
    return LEM_EMEM;
}

/* "demo/rm-final/telemetry.jsonl" below "demo" becomes "rm-final"; "demo/select.json" becomes "select". */
static void title_of(const char *path, const char *root, char out[160]) {
    size_t n = strlen(root);
    if (strncmp(path, root, n) == 0 && path[n] == '/') path += n + 1;
    snprintf(out, 160, "%s", path);
    static const char *const ends[] = {"/telemetry.jsonl", "/metrics.json", ".json"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(out, ends[i])) out[strlen(out) - strlen(ends[i])] = '\0';
    if (strcmp(out, "telemetry.jsonl") == 0) snprintf(out, 160, "training");
}

static lem_status add_file(job *j, const char *path, const char *root, lem_err *err) {
    char title[160];
    const char *name = lem_path_base(path);
    title_of(path, root, title);
    if (strcmp(name, "telemetry.jsonl") == 0) return add_source(j, path, title, SOURCE_TELEMETRY, err);
    if (!ends_with(name, ".json") || is_plumbing(name)) return LEM_OK;
    lem_json *doc = NULL;
    lem_err ignored = LEM_ERR_INIT;
    if (lem_json_load(path, MAX_JSON, &doc, &ignored) != LEM_OK) { /* some other tool's file */
        lem_warn(j->cli->log, "%s; left out of the report", ignored.text);
        return LEM_OK;
    }
    bool result = lem_json_kind(lem_json_get(doc, "metrics")) == LEM_JSON_ARRAY;
    lem_json_free(doc);
    return result ? add_source(j, path, title, SOURCE_METRICS, err) : LEM_OK;
}

static void free_names(char **names, size_t n) {
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
}

/* Adds the files of dir, then those of its folders down to `depth`. A training run's own stages are in its
 * telemetry already. */
static lem_status add_dir(job *j, const char *dir, const char *root, int depth,
                          lem_err *err) { /* recursion bounded by MAX_DEPTH */
    char **names = NULL;
    size_t n = 0;
    lem_status st = LEM_OK;
    bool trained = false;
    LEM_TRY(lem_dir_list(dir, &names, &n, err));
    for (int pass = 0; pass < 2 && depth > 0; pass++)
        for (size_t i = 0; i < n; i++) {
            char *path = lem_path_join(dir, names[i], err);
            if (!path) LEM_TRY(LEM_EMEM);
            bool folder = lem_file_is_dir(path);
            if (pass == 0 && !folder) {
                trained = trained || strcmp(names[i], "telemetry.jsonl") == 0;
                st = add_file(j, path, root, err);
            } else if (pass == 1 && folder && !(trained && strcmp(names[i], "stages") == 0) &&
                       strcmp(names[i], "checkpoints") != 0 && names[i][0] != '.') {
                st = add_dir(j, path, root, depth - 1, err);
            }
            lem_free(path);
            LEM_TRY(st);
        }
done:
    free_names(names, n);
    return st;
}

/* ---- the run itself ---- */

static lem_status load_beside(const char *dir, const char *name, lem_json **out, lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    lem_status st = path ? LEM_OK : LEM_EMEM;
    if (path && lem_file_exists(path)) st = lem_json_load(path, MAX_JSON, out, err);
    lem_free(path);
    return st;
}

/* What the stages wrote, in the order in which they ran. */
static lem_status add_stage_outputs(job *j, const char *dir, const lem_json *run, lem_err *err) {
    const lem_json *stages = lem_json_get(run, "stages");
    for (size_t i = 0; i < lem_json_count(stages); i++) {
        const char *out = lem_json_str(lem_json_get(lem_json_at(stages, i), "out"), NULL);
        lem_status st = LEM_OK;
        if (out && lem_file_is_dir(out)) st = add_dir(j, out, dir, MAX_DEPTH, err);
        else if (out && lem_file_exists(out)) st = add_file(j, out, dir, err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status stage_table(job *j, const char *dir, const lem_json *run, lem_err *err) {
    enum { COLUMNS = 5 };
    const lem_json *stages = lem_json_get(run, "stages");
    lem_json *timing = NULL;
    size_t n = lem_json_count(stages);
    if (!n) return LEM_OK;
    bool timed = lem_args_flag(j->args, "timing");
    lem_status st = LEM_OK;
    const char **cell = lem_alloc_zero(n * COLUMNS, sizeof *cell, err);
    char(*seconds)[24] = lem_alloc_zero(n, sizeof *seconds, err);
    if (!cell || !seconds) LEM_TRY(LEM_EMEM);
    if (timed) LEM_TRY(load_beside(dir, "timing.json", &timing, err));
    int columns = timed ? COLUMNS : COLUMNS - 1;
    for (size_t i = 0; i < n; i++) {
        const lem_json *s = lem_json_at(stages, i);
        const char **row = cell + i * (size_t)columns;
        row[0] = lem_json_str(lem_json_get(s, "name"), "");
        row[1] = lem_json_str(lem_json_get(s, "command"), "");
        row[2] = lem_json_str(lem_json_get(s, "status"), "");
        row[3] = lem_json_str(lem_json_get(s, "out"), "");
        const lem_json *t = timed ? lem_json_get(timing, row[0]) : NULL;
        if (t) snprintf(seconds[i], sizeof seconds[i], "%.1f", lem_json_num(t, 0));
        if (timed) row[4] = seconds[i];
    }
    static const lem_column column[COLUMNS] = {
        {"stage", false}, {"command", false}, {"status", false}, {"output", false}, {"seconds", true}};
    lem_page_table(j->page, &(lem_table){"stages", NULL, column, columns, (int)n, cell, -1});
done:
    lem_json_free(timing);
    lem_free(cell);
    lem_free(seconds);
    return st;
}

static lem_status machine_pairs(job *j) {
    char cpu[64], features[256], threads[24];
    lem_cpu_features(features, sizeof features);
    snprintf(threads, sizeof threads, "%d",
             j->cli->threads > 0 ? j->cli->threads : lem_pool_default_threads());
    const lem_pair pairs[] = {{"Processor", lem_cpu_name(cpu)},
                              {"Features", features},
                              {"Threads", threads},
                              {"Lemma", LEMMA_VERSION}};
    lem_page_heading(j->page, "Machine");
    lem_page_pairs(j->page, pairs, 4);
    return LEM_OK;
}

/* ---- the page ---- */

static lem_status find_sources(job *j, lem_err *err) {
    for (int i = 0; i < j->args->n_words; i++) {
        const char *word = j->args->words[i];
        lem_json *run = NULL;
        int before = j->n;
        lem_status st = LEM_OK;
        if (lem_file_is_dir(word)) {
            st = load_beside(word, "run.json", &run, err);
            bool is_run = run != NULL;
            if (st == LEM_OK) st = add_stage_outputs(j, word, run, err);
            if (st == LEM_OK) st = add_dir(j, word, word, MAX_DEPTH, err);
            lem_json_free(run);
            if (st == LEM_OK && j->n == before && !is_run)
                return lem_fail(err, LEM_EDATA, "%s: no run.json, telemetry.jsonl or metrics found", word);
        } else if (strcmp(lem_path_base(word), "telemetry.jsonl") == 0) {
            st = add_source(j, word, "training", SOURCE_TELEMETRY, err);
        } else {
            char title[160];
            title_of(word, "", title);
            st = lem_json_load(word, MAX_JSON, &run, err);
            if (st == LEM_OK && lem_json_kind(lem_json_get(run, "metrics")) != LEM_JSON_ARRAY)
                st = lem_fail(err, LEM_EDATA, "%s: no 'metrics' list found", word);
            lem_json_free(run);
            if (st == LEM_OK) st = add_source(j, word, title, SOURCE_METRICS, err);
        }
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status add_results(job *j, lem_err *err) {
    int results = 0;
    for (int i = 0; i < j->n; i++) results += j->at[i].kind == SOURCE_METRICS;
    for (int i = 0; i < j->n; i++) {
        if (j->at[i].kind != SOURCE_METRICS) continue;
        lem_json *doc = NULL;
        lem_status st = lem_json_load(j->at[i].path, MAX_JSON, &doc, err);
        if (st == LEM_OK)
            st = lem_report_metrics(j->page, results == 1 ? "Results" : j->at[i].title, j->at[i].title,
                                    j->at[i].path, doc, err);
        lem_json_free(doc);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status add_training(job *j, lem_err *err) {
    bool any = false;
    for (int i = 0; i < j->n; i++) {
        if (j->at[i].kind != SOURCE_TELEMETRY) continue;
        if (!any) lem_page_section(j->page, "Training");
        any = true;
        lem_status st = lem_report_telemetry(j->page, j->at[i].title, j->at[i].path, err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status add_provenance(job *j, lem_err *err) {
    bool any = false;
    for (int i = 0; i < j->args->n_words; i++) {
        const char *word = j->args->words[i];
        lem_json *run = NULL;
        if (!lem_file_is_dir(word)) continue;
        lem_status st = load_beside(word, "run.json", &run, err);
        if (st == LEM_OK && run) {
            if (!any) lem_page_section(j->page, "How it was made");
            any = true;
            if (j->args->n_words > 1) lem_page_heading(j->page, word);
            st = stage_table(j, word, run, err);
        }
        lem_json_free(run);
        if (st) return st;
    }
    return lem_args_flag(j->args, "timing") ? machine_pairs(j) : LEM_OK;
}

static lem_status page_title(job *j, char out[256], lem_err *err) {
    const char *given = lem_args_str(j->args, "title"), *word = j->args->words[0];
    lem_json *run = NULL;
    lem_status st = LEM_OK;
    if (!given && lem_file_is_dir(word)) st = load_beside(word, "run.json", &run, err);
    if (given) snprintf(out, 256, "%s", given);
    else snprintf(out, 256, "Lemma report: %s", lem_json_str(lem_json_get(run, "name"), lem_path_base(word)));
    lem_json_free(run);
    return st;
}

static lem_status output_path(job *j, char **out, lem_err *err) {
    const char *given = lem_args_str(j->args, "out"), *word = j->args->words[0];
    if (given) *out = lem_strdup(given, err);
    else if (j->args->n_words == 1 && lem_file_is_dir(word)) *out = lem_path_join(word, "report.html", err);
    else *out = lem_strdup("report.html", err);
    return *out ? LEM_OK : LEM_EMEM;
}

static lem_status say_where(job *j, const char *path, lem_err *err) {
    if (!j->cli->json) {
        lem_info(j->cli->log, "report: %s", path);
        return LEM_OK;
    }
    lem_json *o = lem_json_new_object();
    bool ok = o && lem_json_set(o, "command", lem_json_new_str("report")) &&
              lem_json_set(o, "report", lem_json_new_str(path)) &&
              lem_json_set(o, "sources", lem_json_new_int(j->n));
    if (!ok) {
        lem_json_free(o);
        o = NULL;
    }
    return lem_print_json(j->cli->out, o, 0, err);
}

/* What the page is made of: the results and curves that were found, by content. */
static lem_status open_job(job *j, const char *path, lem_err *err) {
    lem_job_input *inputs = lem_alloc((size_t)j->n + 1, sizeof *inputs, err);
    if (!inputs) return LEM_EMEM;
    for (int i = 0; i < j->n; i++) inputs[i] = (lem_job_input){j->at[i].title, j->at[i].path};
    lem_job_spec spec = {path, inputs, j->n, true};
    lem_status st = lem_job_open(j->cli, &lem_cmd_report, j->args, &spec, &j->job, err);
    lem_free(inputs);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args};
    char title[256], *path = NULL;
    const char *examples = lem_args_str(args, "examples");
    lem_status st = LEM_OK;
    j.at = lem_alloc_zero(MAX_SOURCES, sizeof *j.at, err);
    if (!j.at) return LEM_EMEM;
    LEM_TRY(find_sources(&j, err));
    LEM_TRY(page_title(&j, title, err));
    LEM_TRY(output_path(&j, &path, err));
    LEM_TRY(open_job(&j, path, err));
    if (lem_job_done(j.job)) goto done;
    LEM_TRY(lem_job_start(j.job, NULL, err));
    j.page = lem_page_new(title, NULL, err);
    if (!j.page) LEM_TRY(LEM_EMEM);
    LEM_TRY(add_results(&j, err));
    if (examples)
        LEM_TRY(lem_report_candidates(j.page, examples, (int)lem_args_int(args, "n-examples"), err));
    LEM_TRY(add_training(&j, err));
    LEM_TRY(add_provenance(&j, err));
    if (!cli->dry_run) LEM_TRY(lem_page_save(j.page, path, lem_job_may_replace(j.job), err));
    LEM_TRY(lem_job_finish(j.job, err));
    LEM_TRY(say_where(&j, path, err));
done:
    for (int i = 0; i < j.n; i++) {
        lem_free(j.at[i].path);
        lem_free(j.at[i].title);
    }
    lem_free(j.at);
    lem_free(path);
    lem_page_free(j.page);
    lem_job_close(j.job);
    return st;
}

const lem_command lem_cmd_report = {
    .name = "report",
    .purpose = "one self-contained HTML page, and Markdown and CSV, from runs and result files",
    .usage = "RUN... [--out report.html] [options]",
    .example = "lemma report demo --examples demo/test.jsonl --out demo/report.html\nlemma report "
               "select.json --out select.html",
    .min_words = 1,
    .max_words = 64,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_OWN,
};
