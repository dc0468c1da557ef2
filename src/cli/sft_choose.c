/* sft_choose.c - what lemma sft decides where no option says it: learning rate, batch, warm-up, and why */
#include "cli/sft.h"

#include "core/choice.h"
#include "core/mem.h"
#include "job/account.h"

#include <string.h>

enum {
    FEWEST_STEPS = 50,   /* fewer are warned of */
    GOOD_STEPS = 100,    /* the chosen batch leaves as many */
    LARGEST_BATCH = 128, /* AceMath's */
    SCRATCH_BATCH = 16,
    SMALLEST_BATCH = 4,
    WARMUP_STEPS = 10
};

/* The rate for models of up to so many parameters. */
typedef struct rate {
    double params, lr;
} rate;

/* From scratch: Brown et al. 2020 (arXiv 2005.14165), Table 2.1, between its sizes; smaller ones measured
 * (docs/sft.md). */
static const rate scratch_rates[] = {{5e7, 1e-3},   {2.4e8, 6e-4},   {5.5e8, 3e-4},  {1.0e9, 2.5e-4},
                                     {2.0e9, 2e-4}, {4.7e9, 1.6e-4}, {1e10, 1.2e-4}, {1e300, 1e-4}};
/* Fine-tuning: AceMath's 5e-6 from 1 B on (it trains 1.5 B to 72 B with it); smaller ones measured. */
static const rate tuning_rates[] = {{2e7, 3e-4}, {1e8, 1e-4}, {3e8, 5e-5}, {1e9, 2e-5}, {1e300, 5e-6}};

double lem_sft_lr(double params, bool scratch, char why[200]) {
    const rate *r = scratch ? scratch_rates : tuning_rates;
    while (params > r->params) r++;
    snprintf(why, 200,
             scratch ? "%.3g: from scratch, %.3g M parameters" : "%.3g: fine-tuning of %.3g M parameters%s",
             r->lr, params / 1e6, r->params > 1e9 ? ", AceMath's" : "");
    return r->lr;
}

int lem_sft_batch(uint64_t rows, double epochs, bool scratch, char why[200]) {
    int most = scratch ? SCRATCH_BATCH : LARGEST_BATCH, batch = most;
    double all = (double)rows * epochs;
    while (batch > SMALLEST_BATCH && all / batch < GOOD_STEPS) batch /= 2;
    if (batch == most) snprintf(why, 200, scratch ? "%d: from scratch" : "%d: AceMath's", batch);
    else snprintf(why, 200, "%d: %.0f rows in steps of %d are only %.3g steps", batch, all, most, all / most);
    return batch;
}

/* ---- telling ---- */

static lem_status tell_manifest(lem_sft_job *j, const lem_sft_stage *s, const char *option, const char *why,
                                lem_err *err) {
    lem_buf name = {0};
    if (!*why) return LEM_OK;
    if (j->n > 1) lem_buf_printf(&name, "%s.", s->name);
    lem_buf_puts(&name, option);
    lem_status st = lem_buf_ok(&name, err);
    if (st == LEM_OK) st = lem_job_choose(j->job, lem_buf_str(&name), why, err);
    lem_buf_release(&name);
    return st;
}

static void say(const lem_sft_job *j, const lem_sft_stage *s) {
    const lem_train_packing *p = &s->packing;
    const lem_train_opts *o = &s->train;
    char batch[96];
    if (o->batch_tokens)
        snprintf(batch, sizeof batch, "up to %lld tokens, filled to %.1f %%", (long long)o->batch_tokens,
                 100 * p->batch_fill);
    else snprintf(batch, sizeof batch, "%d sequences", o->batch);
    lem_info(j->cli->log,
             "stage %s: %ld steps of %s, in passes of up to %d tokens, filled to %.1f %%; %.1f MiB for "
             "activations, "
             "gradients and packed weights",
             s->name, p->steps, batch, o->max_rows, 100 * p->pass_fill,
             (double)lem_net_part_bytes(&j->config, p->pass, &o->trainable) / 1048576);
    if (*s->chosen.lr) lem_info(j->cli->log, "stage %s: --lr %s", s->name, s->chosen.lr);
    if (*s->chosen.batch) lem_info(j->cli->log, "stage %s: --batch %s", s->name, s->chosen.batch);
    lem_info(j->cli->log, "stage %s: learning rate %.3g, %s after %ld steps of warm-up, %s", s->name, o->lr,
             lem_args_str(&s->args, "schedule"), lem_train_warmup(o, p->steps),
             o->muon ? "Muon for matrices of layers, AdamW for the rest" : "AdamW");
    if (p->steps < FEWEST_STEPS)
        lem_warn(j->cli->log,
                 "stage %s: %ld steps; under %d a run hardly learns: lower --batch, or raise --epochs",
                 s->name, p->steps, FEWEST_STEPS);
}

/* ---- choosing ---- */

/* Adapters want about ten times the rate of the whole (Schulman et al. 2025, "LoRA Without Regret"). */
static void raise_for_adapters(lem_train_opts *o, char why[200]) {
    size_t n = strlen(why);
    o->lr *= 10;
    snprintf(why + n, 200 - n, "; ten times that for adapters: %.3g", o->lr);
}

/* A rate for AdamW is one for Muon too: its steps are scaled to it (train/muon.h). */
static void choose_values(const lem_sft_job *j, lem_sft_stage *s, uint64_t rows) {
    lem_train_opts *o = &s->train;
    bool scratch = lem_args_flag(j->args, "from-scratch");
    if (!lem_args_has(&s->args, "lr")) {
        o->lr = lem_sft_lr((double)lem_model_config_params(&j->config), scratch, s->chosen.lr);
        if (j->config.lora.rank) raise_for_adapters(o, s->chosen.lr);
    }
    o->batch_tokens = lem_args_int(&s->args, "batch-tokens");
    bool given = lem_args_has(&s->args, "batch");
    if (!given) o->batch = scratch ? SCRATCH_BATCH : LARGEST_BATCH;
    if (!given && !o->batch_tokens && !o->max_steps)
        o->batch = lem_sft_batch(rows, o->epochs, scratch, s->chosen.batch);
    o->warmup_least = WARMUP_STEPS;
    o->look_first = true;
    o->muon = lem_args_is(&s->args, "optimizer", "muon");
}

static lem_status choose_best(const lem_sft_stage *s, lem_train_opts *o, bool has_val, lem_err *err) {
    bool keeps = lem_args_is(&s->args, "keep", "best"),
         answers = lem_args_is(&s->args, "keep-by", "accuracy");
    o->patience = (int)lem_args_int(&s->args, "patience");
    o->answer_every = (int)lem_args_int(&s->args, "eval-every");
    if (!keeps && o->patience == 0) return LEM_OK;
    const char *what = keeps ? "--keep best" : "--patience";
    if (answers && !lem_args_str(&s->args, "eval"))
        return lem_fail(err, LEM_EUSAGE, "stage %s: %s by accuracy needs --eval FILE", s->name, what);
    if (!answers && !has_val)
        return lem_fail(err, LEM_EUSAGE, "stage %s: %s by loss needs --val FILE", s->name, what);
    o->best_by = answers ? "eval_accuracy" : "loss";
    return LEM_OK;
}

static lem_status account(lem_sft_job *j, const lem_sft_stage *s, lem_err *err) {
    const lem_drop_counts *d = &s->rows;
    const uint64_t other = d->rows - d->kept - d->too_long - d->marked - d->empty;
    const lem_left_out why[] = {{"too long", d->too_long},
                                {"marked as not to be trained", d->marked},
                                {"empty reply", d->empty},
                                {"otherwise", other}};
    const lem_account a = {.of = j->n > 1 ? s->name : NULL,
                           .unit = "rows",
                           .read = d->rows,
                           .kept = d->kept,
                           .why = why,
                           .n = other ? 4 : 3};
    return lem_job_account(j->job, &a, err);
}

/* Where a look is needed on the way and no interval says when: ten of them. */
static void choose_looks(lem_train_opts *o, long steps) {
    int tenth = (int)((steps + 9) / 10);
    if (!o->best_by) return;
    bool answers = strcmp(o->best_by, "loss") != 0;
    if (!answers && o->val_every == 0) o->val_every = tenth;
    if (answers && o->answer_every == 0) o->answer_every = tenth;
}

lem_status lem_sft_choose(lem_sft_job *j, lem_sft_stage *s, const lem_objective *train,
                          const lem_objective *val, lem_err *err) {
    lem_train_opts *o = &s->train;
    lem_status st = LEM_OK;
    LEM_TRY(lem_train_options_read(&s->args, o, err));
    const bool first = s == j->stages; /* those behind it start from models in F32 */
    j->config.int8 = j->config.int8 && first;
    LEM_TRY(lem_sft_adapters(&s->args, j->bf16 && first, &j->config, &o->trainable, err));
    choose_values(j, s, train->n_items);
    LEM_TRY(choose_best(s, o, val != NULL, err));
    LEM_TRY(lem_train_fit(j->cli, j->n > 1 ? s->name : NULL, &j->config, o, train, val, &s->packing, err));
    choose_looks(o, s->packing.steps);
    say(j, s);
    LEM_TRY(tell_manifest(j, s, "lr", s->chosen.lr, err));
    LEM_TRY(tell_manifest(j, s, "batch", s->chosen.batch, err));
    LEM_TRY(account(j, s, err));
done:
    return st;
}
