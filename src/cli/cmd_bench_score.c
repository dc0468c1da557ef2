/* cmd_bench_score.c - lemma bench score: the table of a benchmark of reward models from scored rows */
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/mem.h"
#include "eval/judge_pool.h"
#include "eval/judge_text.h"
#include "eval/problem.h"
#include "job/job.h"

#include <string.h>

extern const char lem_reference_rewards[]; /* recipes/reference/rewards.csv */

static const lem_opt opts[] = {
    {"kind", LEM_OPT_ENUM, "NAME", NULL, "what the rows must be [told from the first one]",
     .choices = LEM_JUDGE_NAMES},
    {"threshold", LEM_OPT_NUM, "X", "0.5", "processbench, prmbench: a step below it is called wrong", -1e9,
     1e9},
    {"threshold-from", LEM_OPT_STR, "SUBSET", NULL,
     "processbench: the threshold that makes F1 largest on this subset (the lowest of several), for all of "
     "them"},
    {"k", LEM_OPT_INT, "K", "8", "acemath-rewardbench: candidates to choose among", 1, LEM_EVAL_MAX_N},
    {"seeds", LEM_OPT_INT, "N", "100", "acemath-rewardbench: random subsets of each problem; 0 = none", 0,
     100000},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL, "acemath-rewardbench: names of fields, as in select", 0, 0},
    LEM_OPT_BAD_ROWS,
};

static lem_status print_text(lem_cli *cli, const lem_judge_result *r, const lem_reference *p, lem_err *err) {
    lem_buf b = {0};
    lem_judge_text(r, p, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), cli->out);
    lem_buf_release(&b);
    return st;
}

static lem_status save(const char *path, const lem_judge_result *r, const lem_json *json, lem_err *err) {
    size_t n = strlen(path);
    if (n < 4 || strcmp(path + n - 4, ".csv") != 0) return lem_json_save(path, json, 2, err);
    lem_buf b = {0};
    lem_judge_csv(r, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_file_write_atomic(path, lem_buf_str(&b), b.len, err);
    lem_buf_release(&b);
    return st;
}

static lem_status tell(lem_cli *cli, const lem_args *args, lem_job *job, const bad_rows *bad,
                       const lem_judge_result *r, const lem_reference *p, lem_err *err) {
    bool to_file = lem_args_has(args, "out") && !lem_args_is(args, "out", "-") && lem_job_out(job);
    lem_json *json = lem_judge_json(r, p);
    lem_status st = LEM_OK;
    if (!json) return lem_fail(err, LEM_EMEM, "out of memory");
    LEM_TRY(lem_job_start(job, NULL, err));
    if (to_file) LEM_TRY(save(lem_job_out(job), r, json, err));
    LEM_TRY(lem_job_finish(job, err));
    if (cli->json) st = lem_bad_rows_print(bad, cli, lem_json_share(json), 2, err);
    else st = print_text(cli, r, p, err);
done:
    lem_json_free(json);
    return st;
}

/* Graded candidates, many a problem: each file is a dataset. */
static lem_status choose_best(lem_cli *cli, const lem_args *args, const bad_rows *bad, lem_judge_data *d,
                              lem_judge_result *r, lem_err *err) {
    const size_t n = (size_t)args->n_words;
    const lem_row_judge **judges = lem_alloc_zero(n, sizeof *judges, err);
    lem_judge_pool how = {.k = (int)lem_args_int(args, "k"),
                          .map = lem_args_tree(args, "map"),
                          .n_seeds = (int)lem_args_int(args, "seeds"),
                          .seed = cli->seed,
                          .limit = cli->limit,
                          .cancel = cli->cancel,
                          .judges = judges,
                          .threads = lem_pool_new(cli->threads, err)};
    lem_status st = judges && how.threads ? LEM_OK : LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < n; i++)
        st = lem_bad_rows_reader(bad, LEM_BAD_SELECTED, args->words[i], NULL, cli->cancel, &judges[i], err);
    if (st == LEM_OK) st = lem_judge_pool_measure(args->words, n, &how, d, r, err);
    lem_pool_free(how.threads);
    lem_free(judges);
    return st;
}

static lem_status measure(lem_cli *cli, const lem_args *args, const bad_rows *bad, lem_judge_data *d,
                          lem_judge_result *r, lem_err *err) {
    const char *kind = lem_args_str(args, "kind");
    lem_judge_load how = {kind ? lem_judge_find(kind) : LEM_JUDGE_NONE, cli->limit, cli->cancel, NULL};
    const lem_judge_how o = {lem_args_num(args, "threshold"), lem_args_str(args, "threshold-from")};
    bool pool = how.kind == LEM_JUDGE_ACEMATH || lem_args_tree(args, "map");
    lem_status st = LEM_OK;
    if (kind && pool && how.kind != LEM_JUDGE_ACEMATH)
        return lem_fail(err, LEM_EUSAGE, "--map is for acemath-rewardbench, not for --kind %s", kind);
    st = lem_bad_rows_reader(bad, LEM_BAD_ANY, args->words[0], NULL, cli->cancel, &how.judge, err);
    if (st == LEM_OK && !kind && !pool)
        st = lem_judge_pool_is(args->words[0], how.judge, cli->cancel, &pool, err);
    if (st) return st;
    if (pool) return choose_best(cli, args, bad, d, r, err);
    st = lem_judge_data_load(args->words, (size_t)args->n_words, &how, d, err);
    return st ? st : lem_judge_measure(d, &o, r, err);
}

static lem_status score(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    lem_judge_data d = {0};
    lem_judge_result r = {0};
    lem_reference published = {0};
    bad_rows bad = {.tally = NULL};
    lem_status st = LEM_OK;
    LEM_TRY(lem_bad_rows_begin(args, &bad, err));
    LEM_TRY(measure(cli, args, &bad, &d, &r, err));
    LEM_TRY(lem_bad_rows_end(&bad, cli, job, (uint64_t)d.n, err));
    LEM_TRY(lem_reference_parse(lem_reference_rewards, "rewards.csv", &published, err));
    LEM_TRY(tell(cli, args, job, &bad, &r, &published, err));
done:
    lem_bad_rows_release(&bad);
    lem_reference_release(&published);
    lem_judge_result_release(&r);
    lem_judge_data_release(&d);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    static const lem_job_spec spec = {.cheap = true};
    lem_job *job = NULL;
    if (lem_args_is(args, "out", "-")) cli->json = true;
    lem_status st = lem_job_open(cli, &lem_cmd_bench_score, args, &spec, &job, err);
    if (st == LEM_OK && !lem_job_done(job)) st = score(cli, args, job, err);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_bench_score = {
    .name = "bench score",
    .purpose = "the table of a benchmark of reward models: RewardBench, RewardMATH, RM-Bench, ProcessBench, "
               "PRMBench …",
    .usage = "FILE… [--kind NAME] [--threshold-from SUBSET] [--out RESULT.json|.csv] [options]",
    .example = "lemma bench score scored.jsonl --out rewardbench.json\n"
               "lemma bench score gsm8k.jsonl math.jsonl --threshold-from gsm8k --out processbench.csv",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_NAMED_INPUT,
};
