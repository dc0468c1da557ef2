/* cmd_select.c - lemma select: pass@k, maj@k, rm@k and relatives of candidate rows, with intervals */
#include "cli/commands.h"
#include "job/job.h"

#include "core/file.h"
#include "core/mem.h"
#include "eval/load.h"
#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const lem_opt opts[] = {
    {"k", LEM_OPT_LIST, "K,K,…", NULL,
     "candidates to choose among; default powers of two up to the longest row, and that", 0, 0},
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "names of fields: rm_score=, correct=, predicted_answer=, completions=, expected_answer=, logprob=, "
     "step_scores=, id=",
     0, 0},
    {"seeds", LEM_OPT_INT, "N", "100", "random subsets per problem for the seeds protocol; 0 = none", 0,
     100000},
    {"resamples", LEM_OPT_INT, "N", "10000", "bootstrap resamples over problems", 100, 1000000},
    {"group", LEM_OPT_ENUM, "HOW", "key", "what counts as the same answer in votes (by key, 1/2 is 0.5)",
     .choices = "key|string"},
    {"aggregate", LEM_OPT_LIST, "NAME", NULL,
     "step scores to one score: last, min, max, prod, geometric, mean, mean_logit, mean_odds; default last, "
     "min, prod",
     0, 0},
    {"task", LEM_OPT_ENUM, "NAME", "std",
     "where the answer stands in completions, for rows that were not graded",
     .choices = LEM_GRADE_TASK_NAMES},
};

static lem_status choose_ks(const lem_args *args, const lem_eval_data *d, lem_eval_opts *o, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "k");
    o->n_ks = 0;
    if (!list) {
        for (int k = 1; k < d->max_n && o->n_ks < LEM_EVAL_MAX_KS - 1; k *= 2) o->ks[o->n_ks++] = k;
        o->ks[o->n_ks++] = d->max_n;
        return LEM_OK;
    }
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const char *text = lem_json_str(lem_json_at(list, i), "");
        char *end;
        long k = strtol(text, &end, 10);
        if (end == text || *end || k < 1 || k > LEM_EVAL_MAX_N)
            return lem_fail(err, LEM_EUSAGE, "--k: '%s' is no count in 1..%d", text, LEM_EVAL_MAX_N);
        if (k > d->max_n)
            return lem_fail(err, LEM_EUSAGE, "--k: %ld candidates asked for, the longest row has %d", k,
                            d->max_n);
        if (o->n_ks == LEM_EVAL_MAX_KS)
            return lem_fail(err, LEM_EUSAGE, "--k: more than %d values", LEM_EVAL_MAX_KS);
        if (o->n_ks && k <= o->ks[o->n_ks - 1])
            return lem_fail(err, LEM_EUSAGE, "--k: values must ascend, found %ld behind %d", k,
                            o->ks[o->n_ks - 1]);
        o->ks[o->n_ks++] = (int)k;
    }
    return LEM_OK;
}

static lem_status configure(const lem_args *args, lem_candidates_map *map, lem_eval_load *how, lem_err *err) {
    const lem_json *list = lem_args_tree(args, "map"), *agg = lem_args_tree(args, "aggregate");
    const char *group = lem_args_str(args, "group"), *task = lem_args_str(args, "task");
    for (size_t k = 0; k < lem_json_count(list); k++) {
        lem_status st = lem_candidates_map_set(map, lem_json_str(lem_json_at(list, k), ""), err);
        if (st != LEM_OK) return st;
    }
    int most = (int)(sizeof how->aggregators / sizeof how->aggregators[0]);
    for (size_t k = 0; k < lem_json_count(agg); k++) {
        const char *name = lem_json_str(lem_json_at(agg, k), "");
        if (how->n_aggregators == most) return lem_fail(err, LEM_EUSAGE, "--aggregate: at most %d", most);
        if (!lem_eval_aggregator_find(name, &how->aggregators[how->n_aggregators++]))
            return lem_fail(err, LEM_EUSAGE, "--aggregate: unknown '%s'", name);
    }
    how->by_string = strcmp(group, "string") == 0;
    if (!how->by_string && strcmp(group, "key") != 0)
        return lem_fail(err, LEM_EUSAGE, "--group '%s' is neither key nor string", group);
    if (!lem_grade_task_find(task, &how->task))
        return lem_fail(err, LEM_EUSAGE,
                        "--task '%s' is unknown (std, gsm8k, plain, minerva, gaokao, olympiad, college, "
                        "choice, amc, aime)",
                        task);
    return LEM_OK;
}

static bool put_int(lem_json *o, const char *key, uint64_t v) {
    return lem_json_set(o, key, lem_json_new_int((int64_t)v));
}

static lem_json *notes_of(const lem_eval_data *d, const lem_eval_opts *o, bool by_string) {
    lem_json *list = lem_json_new_array();
    lem_buf b = {0};
    bool ok =
        list && lem_json_append(
                    list, lem_json_new_str("exact: expectation over all k-subsets, tied scores and tied "
                                           "votes averaged; first-k: the first k candidates, first of "
                                           "the tied; seeds: mean over random k-subsets, first of the tied"));
    lem_buf_printf(&b,
                   "intervals: 95 %% percentile bootstrap over problems, %d resamples, seed %llu; random "
                   "subsets: %d per problem",
                   o->resamples, (unsigned long long)o->seed, o->n_seeds > 0 ? o->n_seeds : 0);
    ok = ok && lem_json_append(list, lem_json_new_str(lem_buf_str(&b)));
    ok =
        ok &&
        lem_json_append(
            list, lem_json_new_str(
                      by_string ? "votes count equal answer strings; candidates without an answer do not vote"
                                : "votes count answers with the same canonical form; candidates without an "
                                  "answer do not vote"));
    if (ok && d->undecided)
        ok = lem_json_append(list, lem_json_new_str("undecided correctness counts as wrong"));
    if (ok && d->graded_here)
        ok = lem_json_append(list, lem_json_new_str("the file carries no correctness: graded here"));
    if (ok && d->min_n != d->max_n)
        ok = lem_json_append(
            list, lem_json_new_str(
                      "problems with fewer than k candidates are left out at k; n says how many are in"));
    lem_buf_release(&b);
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *result_json(const lem_eval_data *d, const lem_eval_opts *o, const lem_metrics *m,
                             bool by_string) {
    lem_json *r = lem_json_new_object(), *c = lem_json_new_object();
    bool ok = r && c && lem_json_set(r, "format", lem_json_new_str(d->ground)) &&
              lem_json_set(r, "metrics", lem_metrics_json(m->m, m->n)) &&
              lem_json_set(r, "differences", lem_metrics_json(m->diff, m->n_diff)) &&
              lem_json_set(r, "notes", notes_of(d, o, by_string));
    ok = ok && put_int(c, "problems", (uint64_t)d->n) && put_int(c, "candidates", d->candidates) &&
         put_int(c, "undecided", d->undecided) && put_int(c, "without_score", d->unscored) &&
         put_int(c, "without_answer", d->silent);
    if (ok) {
        ok = lem_json_set(r, "counts", c);
        c = NULL;
    }
    lem_json_free(c);
    if (ok) return r;
    lem_json_free(r);
    return NULL;
}

static void print_table(lem_cli *cli, const lem_eval_data *d, const lem_metrics *m) {
    lem_buf b = {0};
    lem_metrics_table(m, &b);
    fprintf(cli->out, "%s\n%d problems, %llu candidates (%d to %d a problem)", d->ground, d->n,
            (unsigned long long)d->candidates, d->min_n, d->max_n);
    if (d->undecided)
        fprintf(cli->out, "; %llu undecided, counted as wrong", (unsigned long long)d->undecided);
    if (d->unscored) fprintf(cli->out, "; %llu without score, ranked last", (unsigned long long)d->unscored);
    if (d->silent)
        fprintf(cli->out, "; %llu without answer, which do not vote", (unsigned long long)d->silent);
    fprintf(cli->out, "%s\n\n%s", d->graded_here ? "; graded here" : "", lem_buf_str(&b));
    lem_buf_release(&b);
}

static lem_status put_out(lem_cli *cli, lem_job *job, const lem_json *r, lem_err *err) {
    const char *path = lem_job_out(job);
    lem_buf b = {0};
    lem_out *out = NULL;
    lem_json_write(r, 2, &b);
    lem_buf_putc(&b, '\n');
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK && cli->json) fputs(lem_buf_str(&b), cli->out);
    if (st == LEM_OK && path) {
        st = lem_out_open(path, true, &out, err);
        if (st == LEM_OK) st = lem_out_write(out, lem_buf_str(&b), b.len, err);
        if (st == LEM_OK) st = lem_out_commit(out, err);
        lem_out_close(out);
        if (st == LEM_OK) st = lem_job_finish(job, err);
    }
    lem_buf_release(&b);
    return st;
}

static lem_status select_from(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    lem_eval_load how = {.limit = cli->limit};
    lem_eval_opts o = {.seed = cli->seed,
                       .resamples = (int)lem_args_int(args, "resamples"),
                       .n_seeds = (int)lem_args_int(args, "seeds")};
    lem_eval_data d = {.n = 0};
    lem_metrics m = {NULL, 0, NULL, 0};
    lem_json *r = NULL;
    lem_status st = LEM_OK;
    if (o.n_seeds == 0) o.n_seeds = -1;
    if (lem_args_is(args, "out", "-")) cli->json = true;
    lem_candidates_map *map = lem_candidates_map_new(err);
    if (!map) return LEM_EMEM;
    LEM_TRY(configure(args, map, &how, err));
    LEM_TRY(lem_eval_data_load(args->words[0], map, &how, &d, err));
    LEM_TRY(choose_ks(args, &d, &o, err));
    o.n_scorers = d.n_scorers;
    o.no_votes = d.no_votes;
    memcpy(o.scorers, d.scorers, sizeof o.scorers);
    memcpy(o.weighted, d.weighted, sizeof o.weighted);
    LEM_TRY(lem_eval_metrics(d.p, d.n, &o, &m, err));
    r = result_json(&d, &o, &m, how.by_string);
    if (!r) {
        st = lem_fail(err, LEM_EMEM, "out of memory");
        goto done;
    }
    LEM_TRY(lem_job_start(job, NULL, err));
    LEM_TRY(put_out(cli, job, r, err));
    if (!cli->json) print_table(cli, &d, &m);
done:
    lem_json_free(r);
    lem_metrics_release(&m);
    lem_eval_data_release(&d);
    lem_candidates_map_free(map);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    static const lem_job_spec spec = {.cheap = true};
    lem_job *job = NULL;
    lem_status st = lem_job_open(cli, &lem_cmd_select, args, &spec, &job, err);
    if (st == LEM_OK && !lem_job_done(job)) st = select_from(cli, args, job, err);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_select = {
    .name = "select",
    .purpose = "pass@k, maj@k, rm@k, weighted votes, with intervals; needs no model",
    .usage = "FILE [--k 1,2,4,8] [--out RESULT.json] [options]",
    .example = "lemma select scored.jsonl --k 1,8,64 --out select.json",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_INPUT,
};
