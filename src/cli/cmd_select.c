/* cmd_select.c - lemma select: pass@k, maj@k, rm@k and relatives of candidate rows, with intervals */
#include "cli/candidate_options.h"
#include "cli/bad_rows_options.h"
#include "cli/commands.h"
#include "cli/reference_option.h"
#include "cli/select_pace.h"
#include "cli/select_keep.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "eval/result.h"
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

static const lem_opt opts[] = {
    {"k", LEM_OPT_LIST, "K,K,…", NULL,
     "candidates to choose among; default powers of two up to the longest row, and that", 0, 0},
    LEM_OPT_CANDIDATE_MAP,
    LEM_OPT_CANDIDATE_FILTER,
    {"regrade", LEM_OPT_FLAG, NULL, NULL,
     "grade the answers here, whatever the file says of their correctness"},
    {"seeds", LEM_OPT_INT, "N", "100", "random subsets per problem for the seeds protocol; 0 = none", 0,
     100000},
    {"policy", LEM_OPT_ENUM, "NAME", NULL,
     "by whose rules answers are the same in votes, and right where they are graded here [answer_group of "
     "'lemma grade --cluster' where rows have it, else std]",
     .choices = LEM_GRADE_POLICY_NAMES},
    {"group", LEM_OPT_ENUM, "HOW", "key", "what counts as the same answer in votes (by key, 1/2 is 0.5)",
     .choices = "key|string"},
    {"aggregate", LEM_OPT_LIST, "NAME", NULL,
     "step scores to one score: last, min, max, prod, geometric, mean, mean_logit, mean_odds; default last, "
     "min, prod",
     0, 0},
    {"score", LEM_OPT_LIST, "NAME[=SUM]", NULL,
     "compare these scores and no others: one that the file has (rm, prm-min, logprob), or a field of the "
     "rows or a sum of "
     "fields under a name of yours, as orm=rm_score or both=orm+0.5*own; repeatable",
     0, 0},
    {"chance", LEM_OPT_FLAG, NULL, NULL,
     "also what a score would reach that knows nothing: a random one for each distinct text"},
    {"pessimistic", LEM_OPT_NUM, "ALPHA", NULL,
     "also pessimistic votes: the answer with the best mean score less ALPHA * sqrt(ln k / its candidates)",
     1e-6, 1000},
    {"by", LEM_OPT_LIST, "FIELD", NULL,
     "also apart for each value of a column; default level, subject and type where the rows have them; "
     "'none' for "
     "none",
     0, 0},
    {"keep-out", LEM_OPT_STR, "FILE", NULL,
     "write candidates as training rows there: those of --keep, as --as says (.parquet or JSONL)",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"keep", LEM_OPT_ENUM, "WHICH", "best",
     "with --keep-out: the best-scored candidate of a problem, all correct ones, or the top-scored correct "
     "ones",
     .choices = LEM_KEEP_NAMES},
    {"as", LEM_OPT_ENUM, "ROWS", "sft",
     "with --keep-out: messages rows for sft, response lists or preference pairs for rm train",
     .choices = LEM_KEEP_AS_NAMES},
    {"keep-n", LEM_OPT_INT, "N", NULL, "correct ones kept of a problem, at most [all; 1 of top]", 1,
     LEM_EVAL_MAX_N},
    {"scorer", LEM_OPT_STR, "NAME", NULL,
     "by which scores best and top are chosen: rm, prm-min, logprob, … [the first that the file has]"},
    {"all", LEM_OPT_FLAG, NULL, NULL,
     "print every k and every protocol (exact, first-k, seeds), as --json and --out always do",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"task", LEM_OPT_ENUM, "NAME", "std",
     "where the answer stands in completions, for rows that were not graded",
     .choices = LEM_GRADE_TASK_NAMES},
    LEM_OPT_REFERENCE,
    LEM_OPT_BAD_ROWS,
};

static lem_status choose_ks(const lem_json *list, lem_eval_opts *o, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++)
        st = lem_candidate_options_k(lem_json_str(lem_json_at(list, i), ""), 0, o->ks, &o->n_ks, err);
    return st;
}

/* None told: the default ones. */
static lem_status check_ks(const lem_eval_data *d, lem_eval_opts *o, lem_err *err) {
    if (o->n_ks == 0) lem_eval_default_ks(o, d);
    int most = o->ks[o->n_ks - 1];
    if (most <= d->max_n) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE, "--k: %d candidates asked for, the longest row has %d", most, d->max_n);
}

static lem_status choose_by(const lem_json *list, lem_eval_load *how, lem_err *err) {
    size_t n = lem_json_count(list);
    how->n_by = list ? 0 : -1;
    if (n > LEM_EVAL_MAX_BY) return lem_fail(err, LEM_EUSAGE, "--by: at most %d columns", LEM_EVAL_MAX_BY);
    if (n == 1 && strcmp(lem_json_str(lem_json_at(list, 0), ""), "none") == 0) return LEM_OK;
    for (size_t i = 0; i < n; i++) how->by[how->n_by++] = lem_json_str(lem_json_at(list, i), "");
    return LEM_OK;
}

static lem_status choose_scores(const lem_args *args, lem_score_sum *scores, lem_eval_load *how,
                                lem_err *err) {
    const lem_json *list = lem_args_tree(args, "score");
    int n = (int)lem_json_count(list);
    if (n > LEM_EVAL_MAX_SCORERS)
        return lem_fail(err, LEM_EUSAGE, "--score: at most %d", LEM_EVAL_MAX_SCORERS);
    for (int i = 0; i < n; i++) {
        lem_status st = lem_score_sum_parse(lem_json_str(lem_json_at(list, (size_t)i), ""), &scores[i], err);
        if (st) return lem_err_context(err, "--score");
    }
    how->scores = scores;
    how->n_scores = n;
    how->texts = lem_args_flag(args, "chance");
    return LEM_OK;
}

/* A column that no row has is a slip of the pen. */
static lem_status check_by(const lem_eval_data *d, lem_err *err) {
    for (int k = 0; k < d->n_by; k++) {
        bool there = false;
        for (int i = 0; i < d->n && !there; i++)
            there = strcmp(d->value[(size_t)i * LEM_EVAL_MAX_BY + (size_t)k], "(none)") != 0;
        if (!there) return lem_fail(err, LEM_EUSAGE, "--by %s: no row has this field", d->by[k]);
    }
    return LEM_OK;
}

static lem_status configure(const lem_args *args, lem_eval_load *how, lem_err *err) {
    const lem_json *agg = lem_args_tree(args, "aggregate");
    const char *task = lem_args_str(args, "task");
    int most = (int)(sizeof how->aggregators / sizeof how->aggregators[0]);
    for (size_t k = 0; k < lem_json_count(agg); k++) {
        const char *name = lem_json_str(lem_json_at(agg, k), "");
        if (how->n_aggregators == most) return lem_fail(err, LEM_EUSAGE, "--aggregate: at most %d", most);
        if (!lem_eval_aggregator_find(name, &how->aggregators[how->n_aggregators++]))
            return lem_fail(err, LEM_EUSAGE, "--aggregate: '%s' is none of " LEM_EVAL_AGGREGATOR_NAMES, name);
    }
    lem_status st = choose_by(lem_args_tree(args, "by"), how, err);
    if (st != LEM_OK) return st;
    how->regrade = lem_args_flag(args, "regrade");
    how->filter = lem_args_str(args, "filter");
    how->by_string = lem_args_is(args, "group", "string");
    how->group_anew = lem_args_has(args, "policy");
    if (how->group_anew && !lem_grade_policy_find(lem_args_str(args, "policy"), &how->policy))
        return lem_fail(err, LEM_EUSAGE, "--policy '%s'", lem_args_str(args, "policy"));
    if (!lem_grade_task_find(task, &how->task)) return lem_fail(err, LEM_EUSAGE, "--task '%s'", task);
    return LEM_OK;
}

static bool to_file(const lem_args *args) {
    return lem_args_has(args, "out") && !lem_args_is(args, "out", "-");
}

static lem_status print_text(lem_cli *cli, const lem_args *args, const lem_eval_result *r,
                             const lem_reference_option *published, lem_err *err) {
    enum { WIDTH = 40 };
    lem_buf b = {0};
    lem_eval_telling how = lem_args_has(args, "k") ? LEM_EVAL_TELL_EVERY_K : LEM_EVAL_TELL_LARGEST;
    lem_eval_result_text(r, lem_args_flag(args, "all") ? LEM_EVAL_TELL_ALL : how, &b);
    if (published->table) lem_reference_text(&published->published, published->table, WIDTH, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fputs(lem_buf_str(&b), cli->out);
    lem_buf_release(&b);
    return st;
}

/* *kept, if any, is taken: it stands beside the metrics, and not in the result of --out. */
static lem_status print_result(lem_cli *cli, lem_json *r, lem_json **kept, lem_err *err) {
    bool ok = !*kept || lem_json_set(r, "kept", *kept);
    *kept = NULL;
    if (!ok) return lem_fail(err, LEM_EMEM, "out of memory");
    return lem_print_json(cli->out, lem_json_share(r), 2, err);
}

static bool add_published(lem_json *doc, const lem_reference_option *o) {
    lem_json *rows = o->table ? lem_reference_json(&o->published, o->table) : NULL;
    return !o->table || (rows && lem_json_set(doc, "reference", rows));
}

static lem_status select_from(lem_cli *cli, const lem_args *args, lem_job *job,
                              lem_reference_option *published, lem_err *err) {
    lem_eval_load how = {.limit = cli->limit, .cancel = cli->cancel};
    lem_eval_opts o = {.seed = cli->seed,
                       .n_seeds = (int)lem_args_int(args, "seeds"),
                       .pessimistic = lem_args_num(args, "pessimistic")};
    lem_score_sum scores[LEM_EVAL_MAX_SCORERS];
    lem_eval_data d = {.n = 0};
    lem_eval_result res = {0};
    lem_json *r = NULL;
    lem_json *told = NULL; /* of what is kept */
    lem_keep_opts kept;
    bad_rows bad = {.tally = NULL};
    lem_select_pace pace = {.progress = NULL};
    lem_status st = LEM_OK;
    if (o.n_seeds == 0) o.n_seeds = -1;
    if (lem_args_is(args, "out", "-")) cli->json = true;
    lem_candidates_map *map = NULL;
    LEM_TRY(lem_candidate_options_map(args, &map, err));
    how.pool = o.pool = lem_pool_new(cli->threads, err);
    if (!o.pool) LEM_TRY(LEM_EMEM);
    LEM_TRY(configure(args, &how, err));
    LEM_TRY(choose_scores(args, scores, &how, err));
    o.chosen = how.n_scores > 0;
    o.chance = how.texts;
    LEM_TRY(choose_ks(lem_args_tree(args, "k"), &o, err));
    LEM_TRY(lem_reference_option_load(args, published, err));
    LEM_TRY(lem_bad_rows_begin(args, &bad, err));
    LEM_TRY(lem_bad_rows_reader(&bad, LEM_BAD_SELECTED, args->words[0], map, cli->cancel, &how.judge, err));
    lem_select_pace_begin(&pace, cli->log, &o);
    how.tell = lem_select_pace_rows;
    how.tell_ctx = &pace;
    LEM_TRY(lem_eval_data_load_files(args->words, (size_t)args->n_words, map, &how, &d, err));
    LEM_TRY(lem_bad_rows_end(&bad, cli, job, (uint64_t)d.n, err));
    LEM_TRY(check_ks(&d, &o, err));
    if (lem_json_count(lem_args_tree(args, "by"))) LEM_TRY(check_by(&d, err));
    lem_eval_opts_from(&o, &d);
    lem_select_pace_compute(&pace, &d, &o);
    LEM_TRY(lem_eval_result_make(&d, &o, &res, err));
    lem_select_pace_end(&pace);
    r = lem_eval_result_json(&res, how.by_string);
    if (!r || !add_published(r, published) || !lem_bad_rows_put(&bad, r))
        LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(lem_select_keep_choose(args, &d, &kept, err));
    LEM_TRY(lem_job_start(job, NULL, err));
    LEM_TRY(lem_select_keep(cli, args, job, how.judge, &d, &kept, &told, err));
    if (to_file(args) && lem_job_out(job)) LEM_TRY(lem_json_save(lem_job_out(job), r, 2, err));
    LEM_TRY(lem_job_finish(job, err));
    if (!cli->json) LEM_TRY(print_text(cli, args, &res, published, err));
    else LEM_TRY(print_result(cli, r, &told, err));
done:
    lem_select_pace_end(&pace);
    lem_pool_free(o.pool);
    lem_json_free(r);
    lem_json_free(told);
    lem_eval_result_release(&res);
    lem_eval_data_release(&d);
    lem_candidates_map_free(map);
    lem_bad_rows_release(&bad);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *keep = lem_args_str(args, "keep-out");
    /* without a result in a file the kept rows are what the job makes */
    lem_job_input inputs[LEM_CANDIDATE_MAX_FILES + 1];
    lem_reference_option published = {.csv = NULL};
    lem_job_spec spec = {.cheap = true,
                         .inputs = inputs,
                         .out = to_file(args) ? NULL : keep,
                         .companions = &keep,
                         .n_companions = to_file(args) && keep};
    lem_job *job = NULL;
    lem_status st = lem_candidate_options_inputs(args, inputs, &spec.n_inputs, err);
    if (st == LEM_OK) st = lem_reference_option_take(args, &published, inputs, &spec.n_inputs, err);
    if (st == LEM_OK) st = lem_job_open(cli, &lem_cmd_select, args, &spec, &job, err);
    if (st == LEM_OK) st = lem_select_keep_ask(args, err);
    if (st == LEM_OK && !lem_job_done(job)) st = select_from(cli, args, job, &published, err);
    lem_job_close(job);
    lem_reference_option_release(&published);
    return st;
}

const lem_command lem_cmd_select = {
    .name = "select",
    .purpose = "pass@k, maj@k, rm@k, weighted votes, with intervals; kept candidates as training rows",
    .usage = "FILE... [--k 1,2,4,8] [--out RESULT.json] [--keep-out ROWS] [options]",
    .example = "lemma select scored.jsonl --k 1,8,64 --out select.json\n"
               "lemma select 'eval/output-rs*.jsonl' --regrade\n"
               "lemma select scored.jsonl --keep top --as sft --keep-out rows.jsonl",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_INPUT,
};
