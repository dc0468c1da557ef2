/* cmd_report.c - lemma report: one HTML page, the same as Markdown, and CSV files, from run folders and
 * result files */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/version.h"

#include "compute/backend.h"
#include "core/file.h"
#include "core/mem.h"
#include "report/report.h"

static const lem_opt opts[] = {
    {"title", LEM_OPT_STR, "TEXT", NULL, "title of the page [the run's name]", 0, 0},
    {"examples", LEM_OPT_STR, "FILE", NULL, "graded and scored candidates to show worked examples of", 0, 0},
    {"n-examples", LEM_OPT_INT, "N", "6", "how many examples", 1, 24},
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

static char *output_path(const lem_args *args, lem_err *err) {
    const char *given = lem_args_str(args, "out"), *word = args->words[0];
    if (given) return lem_strdup(given, err);
    if (args->n_words == 1 && lem_file_is_dir(word)) return lem_path_join(word, "report.html", err);
    return lem_strdup("report.html", err);
}

static lem_status say_where(lem_cli *cli, const char *path, int n_sources, lem_err *err) {
    if (!cli->json) {
        lem_info(cli->log, "report: %s", path);
        return LEM_OK;
    }
    lem_json *o = lem_json_new_object();
    bool ok = o && lem_json_set(o, "command", lem_json_new_str("report")) &&
              lem_json_set(o, "report", lem_json_new_str(path)) &&
              lem_json_set(o, "sources", lem_json_new_int(n_sources));
    if (!ok) {
        lem_json_free(o);
        o = NULL;
    }
    return lem_print_json(cli->out, o, 0, err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    machine_texts texts;
    lem_pair machine[MACHINE_PAIRS];
    bool timing = lem_args_flag(args, "timing");
    lem_report_request request = {.inputs = args->words,
                                  .n_inputs = args->n_words,
                                  .title = lem_args_str(args, "title"),
                                  .examples = lem_args_str(args, "examples"),
                                  .n_examples = (int)lem_args_int(args, "n-examples"),
                                  .times = timing,
                                  .machine = machine,
                                  .n_machine = timing ? MACHINE_PAIRS : 0,
                                  .log = cli->log};
    lem_page *page = NULL;
    int n_sources = 0;
    lem_status st = LEM_OK;
    describe_machine(cli, &texts, machine);
    char *path = output_path(args, err);
    if (!path) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_report_make(&request, &page, &n_sources, err));
    if (!cli->dry_run) LEM_TRY(lem_page_save(page, path, cli->overwrite, err));
    LEM_TRY(say_where(cli, path, n_sources, err));
done:
    lem_free(path);
    lem_page_free(page);
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
};
