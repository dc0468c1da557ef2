/* cmd_compare.c - lemma compare: two files of candidates for the same problems, with what a difference rests
 * on */
#include "cli/candidate_options.h"
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/runtime.h"

#include "eval/compare.h"
#include "job/job.h"

#include <string.h>

static const lem_opt opts[] = {
    {"metric", LEM_OPT_LIST, "NAME,NAME,…", NULL,
     "what is compared: pass@1, rm@8, maj@8 …, rm@all (all candidates of a problem, however many), "
     "maj@8:rm@8 (A's and B's differ); default all that both files have, at 1 and at the largest power of "
     "two",
     0, 0},
    {"all", LEM_OPT_FLAG, NULL, NULL,
     "also all that both files have, at every power of two and by every protocol (exact, first-k, seeds)"},
    LEM_OPT_CANDIDATE_MAP,
    LEM_OPT_CANDIDATE_FILTER,
    {"regrade", LEM_OPT_FLAG, NULL, NULL, "grade both here, whatever the files say of correctness"},
    {"group", LEM_OPT_ENUM, "HOW", "key", "what counts as the same answer in votes", .choices = "key|string"},
    {"task", LEM_OPT_ENUM, "NAME", "std", "where the answer stands in completions that were not graded",
     .choices = LEM_GRADE_TASK_NAMES},
    {"flipped", LEM_OPT_INT, "N", "10", "flipped problems that are listed (all of them in --json and --out)",
     0, 1000000, .effect = LEM_OPT_CHANGES_NOTHING},
    {"require", LEM_OPT_ENUM, "WHAT", NULL,
     "exit status 1 unless B is better than A in the first metric (its interval above 0), or not worse "
     "(above -margin)",
     .choices = "better|not-worse", .effect = LEM_OPT_CHANGES_NOTHING},
    {"margin", LEM_OPT_NUM, "X", "1", "of --require not-worse, in points", 0, 100,
     .effect = LEM_OPT_CHANGES_NOTHING},
    LEM_OPT_BAD_ROWS,
};

static lem_status print_text(lem_cli *cli, const lem_args *args, const lem_compared *c, lem_err *err) {
    lem_buf b = {0};
    lem_compared_text(c, (int)lem_args_int(args, "flipped"), &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), cli->out);
    lem_buf_release(&b);
    return st;
}

/* LEM_NO where what is required does not hold. */
static lem_status require(const lem_args *args, const lem_compared *c, lem_err *err) {
    const char *what = lem_args_str(args, "require");
    const lem_comparison *x = &c->at[0];
    if (!what) return LEM_OK;
    bool better = strcmp(what, "better") == 0;
    double bar = better ? 0 : -lem_args_num(args, "margin") / 100;
    if (x->b_minus_a.at.lo > bar && !(better && x->b_minus_a.too_few)) return LEM_OK;
    return lem_fail(err, LEM_NO,
                    "%s of B is not shown to be %s: B - A is %+.2f [%+.2f, %+.2f] points, %d problems differ",
                    x->name, better ? "better" : "no worse", 100 * x->b_minus_a.at.mean,
                    100 * x->b_minus_a.at.lo, 100 * x->b_minus_a.at.hi,
                    x->b_minus_a.better + x->b_minus_a.worse);
}

static lem_status tell(lem_cli *cli, const lem_args *args, lem_job *job, const lem_compared *c,
                       const bad_rows *bad, lem_err *err) {
    lem_status st = LEM_OK;
    lem_json *j = lem_compared_json(c);
    if (!j) return lem_fail(err, LEM_EMEM, "out of memory");
    if (!lem_bad_rows_put(bad, j)) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    bool write = lem_job_out(job) && !lem_job_done(job);
    if (!lem_job_done(job)) LEM_TRY(lem_job_start(job, NULL, err));
    if (cli->json) LEM_TRY(lem_print_json(cli->out, lem_json_share(j), 2, err));
    else LEM_TRY(print_text(cli, args, c, err));
    if (write) {
        LEM_TRY(lem_json_save(lem_job_out(job), j, 2, err));
        LEM_TRY(lem_job_finish(job, err));
    }
    st = require(args, c, err);
done:
    lem_json_free(j);
    return st;
}

static lem_status compare(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    lem_eval_data a = {.n = 0}, b = {.n = 0};
    lem_compared c = {0};
    const lem_json *list = lem_args_tree(args, "metric");
    const char *names[32];
    bad_rows bad = {.tally = NULL};
    int n = 0;
    lem_status st = LEM_OK;
    for (size_t k = 0; k < lem_json_count(list) && n < 32; k++)
        names[n++] = lem_json_str(lem_json_at(list, k), "");
    LEM_TRY(lem_bad_rows_begin(args, &bad, err));
    LEM_TRY(lem_candidate_options_load(cli, args, args->words[0], &bad, NULL, &a, err));
    LEM_TRY(lem_candidate_options_load(cli, args, args->words[1], &bad, NULL, &b, err));
    LEM_TRY(lem_bad_rows_end(&bad, cli, job, (uint64_t)a.n + (uint64_t)b.n, err));
    LEM_TRY(lem_eval_compare(&a, &b, names, n, &c, err));
    if (lem_args_flag(args, "all")) LEM_TRY(lem_eval_compare_all(&c, cli->seed, err));
    LEM_TRY(tell(cli, args, job, &c, &bad, err));
done:
    lem_compared_release(&c);
    lem_eval_data_release(&a);
    lem_eval_data_release(&b);
    lem_bad_rows_release(&bad);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_job_input maps[LEM_CANDIDATE_MAX_FILES];
    lem_job_spec spec = {.cheap = true, .inputs = maps};
    lem_job *job = NULL;
    if (lem_args_is(args, "out", "-")) cli->json = true;
    lem_status st = lem_candidate_options_inputs(args, maps, &spec.n_inputs, err);
    if (st == LEM_OK) st = lem_job_open(cli, &lem_cmd_compare, args, &spec, &job, err);
    /* Told and required again where the file is there already. */
    if (st == LEM_OK) st = compare(cli, args, job, err);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_compare = {
    .name = "compare",
    .purpose = "two files of candidates (or patterns, folders) for the same problems: paired differences, "
               "flipped problems",
    .usage = "A B [--metric rm@8] [--require better] [options]",
    .example = "lemma compare base-scored.jsonl tuned-scored.jsonl --metric rm@8,pass@1 --require better\n"
               "lemma compare 'base/output-rs*.jsonl' tuned",
    .min_words = 2,
    .max_words = 2,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_NAMED_INPUT,
};
