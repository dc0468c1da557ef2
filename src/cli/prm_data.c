/* prm_data.c - the data of lemma prm train: loaded, split by problem, counted */
#include "cli/prm_train.h"

#include "core/mem.h"

void lem_prm_data_release(lem_prm_data *d) {
    lem_step_examples_release(&d->train);
    lem_step_examples_release(&d->val);
    lem_bad_rows_release(&d->bad);
}

static void tell_counts(lem_log *log, const char *path, const lem_step_counts *c) {
    lem_info(log,
             "%s: %llu rows, %llu solutions, %llu kept; left out: %llu too long, %llu without a label; %llu "
             "empty steps",
             path, (unsigned long long)c->rows, (unsigned long long)c->solutions, (unsigned long long)c->kept,
             (unsigned long long)c->too_long, (unsigned long long)c->unlabelled,
             (unsigned long long)c->empty_steps);
}

static void tell_balance(lem_log *log, const char *what, const lem_step_examples *e) {
    double share = e->labels ? 100.0 * (double)e->right / (double)e->labels : 0;
    lem_info(log, "%s: %llu solutions, %llu tokens, %llu labels, %.1f %% of them right", what,
             (unsigned long long)e->n, (unsigned long long)e->n_ids, (unsigned long long)e->labels, share);
    if (e->labels && (e->right == 0 || e->right == e->labels))
        lem_warn(log, "%s: labels of one class alone; nothing can be learned or told from them", what);
}

static lem_status load_file(lem_cli *cli, const char *path, const lem_tokenizer *t, const lem_step_load *how,
                            lem_prm_head head, lem_step_examples *e, lem_step_examples *held,
                            lem_step_counts *out, lem_err *err) {
    lem_step_counts c = {0};
    lem_status st = lem_step_examples_load(e, held, path, t, how, &c, cli->log, err);
    if (st) return st;
    tell_counts(cli->log, path, &c);
    *out = c;
    if (c.joined && head != LEM_PRM_GENERATIVE)
        lem_warn(cli->log,
                 "%s: problem and first step are one text in %llu solutions; scoring has them apart, so the "
                 "first steps are read a little otherwise than in training",
                 path, (unsigned long long)c.joined);
    return LEM_OK;
}

static lem_process_rows view(const lem_step_examples *e, const lem_prm_how *how,
                             const lem_prompt_recipe *recipe) {
    bool signs = how->head == LEM_PRM_GENERATIVE;
    return (lem_process_rows){.n = e->n,
                              .start = e->start,
                              .ids = e->ids,
                              .label = e->label,
                              .head = signs ? LEM_PROCESS_SIGNS : LEM_PROCESS_SCALAR,
                              .good = recipe->good,
                              .bad = recipe->bad,
                              .also = how->rlhflow ? e->also : NULL};
}

lem_status lem_prm_load(lem_cli *cli, const lem_args *args, lem_job *job, const lem_prm_how *how,
                        const lem_tokenizer *t, const lem_prompt_recipe *recipe, int max_positions,
                        lem_prm_data *d, lem_err *err) {
    const char *data = lem_args_str(args, "data"), *val = lem_args_str(args, "val");
    int max_len = (int)lem_args_int(args, "max-len");
    lem_step_load load = {.rows = how->rows,
                          .recipe = recipe,
                          .rlhflow = how->rlhflow,
                          .max_len = max_len && max_len < max_positions ? max_len : max_positions,
                          .held_share = val ? 0 : lem_args_num(args, "val-share"),
                          .seed = cli->seed};
    lem_step_counts of_val = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_bad_rows_begin(args, &d->bad, err));
    load.rows.limit = cli->limit;
    load.rows.cancel = cli->cancel;
    load.rows.separator = recipe->separator;
    LEM_TRY(lem_bad_rows_reader(&d->bad, LEM_BAD_ANY, data, NULL, cli->cancel, &load.rows.judge, err));
    LEM_TRY(load_file(cli, data, t, &load, how->head, &d->train, &d->val, &d->counts, err));
    load.held_share = 0;
    load.rows.format = NULL; /* --format is of --data; a test set often has another */
    if (val)
        LEM_TRY(lem_bad_rows_reader(&d->bad, LEM_BAD_ANY, val, NULL, cli->cancel, &load.rows.judge, err));
    if (val) LEM_TRY(load_file(cli, val, t, &load, how->head, &d->val, NULL, &of_val, err));
    if (d->train.n == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no solution is left to train on", data));
    tell_balance(cli->log, "training", &d->train);
    if (d->val.n) tell_balance(cli->log, val ? "validation" : "validation, problems held back", &d->val);
    else lem_warn(cli->log, "no validation: the figures of training say nothing about other problems");
    d->rows[0] = view(&d->train, how, recipe);
    d->rows[1] = view(&d->val, how, recipe);
    st = lem_bad_rows_end(&d->bad, cli, job, d->counts.rows + of_val.rows, err);
done:
    return st;
}

lem_status lem_prm_account(lem_job *job, const lem_prm_data *d, lem_err *err) {
    const lem_step_counts *c = &d->counts;
    const lem_left_out why[] = {{"too long", c->too_long}, {"without a label", c->unlabelled}};
    const lem_account a = {.unit = "solutions", .read = c->solutions, .kept = c->kept, .why = why, .n = 2};
    return lem_job_account(job, &a, err);
}

lem_status lem_prm_estimate(lem_cli *cli, const lem_args *args, const lem_prm_how *how, double *tokens,
                            uint64_t *solutions, lem_err *err) {
    lem_steps_how rows = how->rows;
    lem_steps *r = NULL;
    lem_steps_solution s = {0};
    bad_rows bad = {.tally = NULL};
    const char *path = lem_args_str(args, "data");
    double bytes = 0, turns = 0;
    rows.limit = cli->limit;
    rows.cancel = cli->cancel;
    lem_status st = lem_bad_rows_begin(args, &bad, err);
    if (st == LEM_OK) st = lem_bad_rows_reader(&bad, LEM_BAD_ANY, path, NULL, cli->cancel, &rows.judge, err);
    if (st == LEM_OK) st = lem_steps_open(path, &rows, cli->log, &r, err);
    *solutions = 0;
    while (st == LEM_OK) {
        st = lem_steps_next(r, &s, err);
        if (st || s.n == 0) break;
        for (int i = 0; i < s.n; i++) bytes += (double)s.step[i].len;
        for (const char *p = s.problem; *p; p++) bytes++;
        turns += how->head == LEM_PRM_GENERATIVE ? s.n : 0;
        ++*solutions;
    }
    if (st == LEM_OK) st = lem_bad_rows_end(&bad, cli, NULL, lem_steps_rows(r), err);
    lem_steps_close(r);
    lem_bad_rows_release(&bad);
    *tokens = bytes / 3.5 + 12 * turns;
    return st;
}
