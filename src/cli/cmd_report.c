/* cmd_report.c - lemma report: one HTML page, the same as Markdown, and CSV files, from run folders and
 * result files */
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/report_watch.h"
#include "cli/runtime.h"
#include "core/version.h"

#include "compute/backend.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "job/job.h"
#include "report/problems.h"
#include "report/report.h"

#include <string.h>

static const lem_opt opts[] = {
    {"title", LEM_OPT_STR, "TEXT", NULL, "title of the page [the run's name]", 0, 0},
    {"examples", LEM_OPT_INPUTS, "FILE", NULL,
     "graded candidates to browse, with worked examples and charts of their scores; several are told apart",
     0, 0},
    LEM_OPT_BAD_ROWS,
    {"n-examples", LEM_OPT_INT, "N", "6", "how many examples", 1, 24},
    {"n-trees", LEM_OPT_INT, "N", "3", "of how many problems of a search's trace the trees are shown", 0,
     100},
    {"watch", LEM_OPT_FLAG, NULL, NULL,
     "follow a job that runs: the page (watch.html), which loads itself again, is made anew as it goes on, "
     "until it ends",
     0, 0, .effect = LEM_OPT_CHANGES_NOTHING},
    {"every", LEM_OPT_INT, "SECONDS", "5", "with --watch: how often", 1, 3600,
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"timing", LEM_OPT_FLAG, NULL, NULL, "show times and the machine (the page then differs from run to run)",
     0, 0},
};

enum { MACHINE_PAIRS = 4 };

typedef struct machine_texts {
    char cpu[64], features[256], threads[24];
} machine_texts;

static void describe_machine(const lem_cli *cli, machine_texts *t, lem_pair out[MACHINE_PAIRS]) {
    int threads = cli->threads > 0 ? cli->threads : lem_pool_default_threads();
    lem_cpu_features(t->features, sizeof t->features);
    snprintf(t->threads, sizeof t->threads, "%d", threads);
    out[0] = (lem_pair){"Processor", lem_cpu_name(t->cpu)};
    out[1] = (lem_pair){"Features", t->features};
    out[2] = (lem_pair){"Threads", t->threads};
    out[3] = (lem_pair){"Lemma", LEMMA_VERSION};
}

/* What follows a job goes into the folder of a recipe alone, beside the page that the recipe may make: a job
 * may own any other folder. */
static char *output_path(const lem_args *args, lem_err *err) {
    const char *given = lem_args_str(args, "out"), *word = args->words[0];
    bool watch = lem_args_flag(args, "watch"), inside = args->n_words == 1 && lem_file_is_dir(word);
    const char *name = watch ? "watch.html" : "report.html";
    if (given) return lem_strdup(given, err);
    if (watch) inside = inside && (lem_dir_has(word, "run.json") || lem_dir_has(word, "run.json.lock"));
    return inside ? lem_path_join(word, name, err) : lem_strdup(name, err);
}

static lem_status say_where(lem_cli *cli, const char *path, int n_sources, const bad_rows *bad,
                            lem_err *err) {
    if (!cli->json) {
        lem_info(cli->log, "report: %s", path);
        return LEM_OK;
    }
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "report");
    lem_object_str(&o, "report", path);
    lem_object_int(&o, "sources", (uint64_t)n_sources);
    lem_bad_rows_tell(bad, &o);
    return lem_print_json(cli->out, lem_object_done(&o), 0, err);
}

/* What the page is made of: the results and curves that were found, by content. What an unfinished job has
 * done so far is looked at, and no input. */
static lem_status open_job(lem_cli *cli, const lem_args *args, const char *path, const lem_sources *sources,
                           lem_job **out, lem_err *err) {
    lem_job_input *inputs = lem_alloc((size_t)sources->n + 1, sizeof *inputs, err);
    if (!inputs) return LEM_EMEM;
    int n = 0;
    for (int i = 0; i < sources->n; i++)
        if (sources->at[i].kind != LEM_SOURCE_JOB)
            inputs[n++] = (lem_job_input){sources->at[i].path, sources->at[i].path};
    char *markdown = lem_path_with_end(path, ".html", ".md", err);
    const char *const companions[] = {markdown};
    lem_job_spec spec = {.out = path,
                         .inputs = inputs,
                         .n_inputs = n,
                         .cheap = true,
                         .companions = companions,
                         .n_companions = 1};
    lem_status st = markdown ? lem_job_open(cli, &lem_cmd_report, args, &spec, out, err) : LEM_EMEM;
    lem_free(markdown);
    lem_free(inputs);
    return st;
}

typedef struct examples { /* what --examples names */
    const char *path[LEM_PROBLEMS_MAX_SETS];
    const lem_row_judge *judge[LEM_PROBLEMS_MAX_SETS];
    int n;
} examples;

static lem_status name_examples(const lem_args *args, examples *x, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "examples");
    size_t n = lem_json_count(list);
    if (n > LEM_PROBLEMS_MAX_SETS)
        return lem_fail(err, LEM_EUSAGE, "--examples names %zu files; up to %d expected", n,
                        LEM_PROBLEMS_MAX_SETS);
    for (x->n = 0; x->n < (int)n; x->n++) x->path[x->n] = lem_json_str(lem_json_at(list, (size_t)x->n), "");
    return LEM_OK;
}

/* Counts the rows of a file that can be used. */
static lem_status count_rows(const lem_cli *cli, const char *path, const lem_row_judge *judge, uint64_t *used,
                             lem_err *err) {
    lem_rowset *rows = NULL;
    lem_status st = lem_data_rows_judged(path, cli->cancel, judge, &rows, err);
    for (lem_json *row = NULL; st == LEM_OK; ++*used) {
        st = lem_rowset_next(rows, &row, err);
        if (st || !row) break;
        lem_json_free(row);
    }
    lem_rowset_close(rows);
    return st;
}

/* With --on-error skip: judges the rows of --examples once before the page is made of them. */
static lem_status judge_examples(lem_cli *cli, const lem_args *args, lem_job *job, bad_rows *bad, examples *x,
                                 lem_err *err) {
    uint64_t used = 0;
    lem_status st = lem_bad_rows_begin(args, bad, err);
    if (st || !x->n || !bad->tally) return st;
    for (int i = 0; st == LEM_OK && i < x->n; i++) {
        st = lem_bad_rows_reader(bad, LEM_BAD_SELECTED, x->path[i], NULL, cli->cancel, &x->judge[i], err);
        if (st == LEM_OK) st = count_rows(cli, x->path[i], x->judge[i], &used, err);
    }
    return st ? st : lem_bad_rows_end(bad, cli, job, used, err);
}

static lem_status make_page(lem_cli *cli, const lem_args *args, const lem_sources *sources, const examples *x,
                            int refresh, lem_page **out, lem_err *err) {
    machine_texts texts;
    lem_pair machine[MACHINE_PAIRS];
    bool timing = lem_args_flag(args, "timing");
    lem_report_request request = {.inputs = args->words,
                                  .n_inputs = args->n_words,
                                  .title = lem_args_str(args, "title"),
                                  .examples = x->path,
                                  .n_sets = x->n,
                                  .judges = x->judge,
                                  .n_examples = (int)lem_args_int(args, "n-examples"),
                                  .n_trees = (int)lem_args_int(args, "n-trees"),
                                  .times = timing,
                                  .refresh = refresh,
                                  .machine = machine,
                                  .n_machine = timing ? MACHINE_PAIRS : 0,
                                  .cancel = cli->cancel};
    describe_machine(cli, &texts, machine);
    return lem_report_make(&request, sources, out, err);
}

static bool any_unfinished(const lem_sources *s) {
    for (int i = 0; i < s->n; i++)
        if (s->at[i].kind == LEM_SOURCE_JOB) return true;
    return false;
}

static lem_status render(lem_cli *cli, const lem_args *args, const char *path, int refresh, bool last,
                         bool *unfinished, lem_err *err) {
    lem_sources sources = {.log = cli->log};
    lem_job *job = NULL;
    lem_page *page = NULL;
    bad_rows bad = {.tally = NULL};
    examples shown = {.n = 0};
    lem_status st = LEM_OK;
    LEM_TRY(name_examples(args, &shown, err));
    for (int i = 0; i < args->n_words; i++) LEM_TRY(lem_sources_add(&sources, args->words[i], err));
    LEM_TRY(open_job(cli, args, path, &sources, &job, err));
    if (lem_job_done(job)) goto done;
    LEM_TRY(judge_examples(cli, args, job, &bad, &shown, err));
    LEM_TRY(lem_job_start(job, NULL, err));
    *unfinished = any_unfinished(&sources);
    LEM_TRY(make_page(cli, args, &sources, &shown, refresh, &page, err));
    if (!cli->dry_run) LEM_TRY(lem_page_save(page, path, lem_job_may_replace(job), err));
    LEM_TRY(lem_job_finish(job, err));
    if (last) LEM_TRY(say_where(cli, path, sources.n, &bad, err));
done:
    lem_page_free(page);
    lem_sources_release(&sources);
    lem_bad_rows_release(&bad);
    lem_job_close(job);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    bool unfinished = false, watch = lem_args_flag(args, "watch") && !cli->dry_run;
    if (watch && cli->in_recipe)
        return lem_fail(err, LEM_EUSAGE, "--watch follows a job from outside: it is no stage of a recipe");
    char *path = output_path(args, err);
    if (!path) return LEM_EMEM;
    lem_status st = watch ? lem_report_watch(cli, args, path, render, err)
                          : render(cli, args, path, 0, true, &unfinished, err);
    lem_free(path);
    return st;
}

const lem_command lem_cmd_report = {
    .name = "report",
    .purpose =
        "one self-contained HTML page, and Markdown and CSV, from runs, result files, traces of searches",
    .usage = "RUN... [--out report.html] [options]",
    .example =
        "lemma report demo --examples demo/test.jsonl --out demo/report.html\n"
        "lemma report bench --examples bench/gsm8k/graded.jsonl,bench/math500/graded.jsonl\nlemma report "
        "select.json --out select.html\nlemma report trace.jsonl --n-trees 5 --out trees.html\n"
        "lemma report base tuned --out compared.html\nlemma report --watch policy",
    .min_words = 1,
    .max_words = 64,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_OWN,
};
