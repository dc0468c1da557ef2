/* train/trainer_priv.h - the state of one training run: the loop (trainer.c), what survives it
 * (trainer_state.c), and what is watched on the way (trainer_watch.c) */
#ifndef LEM_TRAIN_TRAINER_PRIV_H
#define LEM_TRAIN_TRAINER_PRIV_H

#include "train/batches.h"
#include "train/checkpoint.h"
#include "train/gradient.h"
#include "train/optimizer.h"
#include "train/trainer.h"

#include <stdio.h>

/* Whether it still learns (trainer_health.c): loss and norm of the first step, steps in a row that were far
 * beyond them. */
typedef struct lem_health {
    double loss, norm; /* NAN before the first step */
    long loss_bad, norm_bad;
    long late; /* of the last steps of the run, as many as end it in a row: those with such a loss */
} lem_health;

typedef struct run {
    const lem_train_opts *o;
    lem_model *m;
    lem_backend *b;
    lem_net *net;
    lem_optimizer opt;
    lem_gradient gradient;
    const lem_objective *train, *val;
    lem_batches batches;
    uint64_t *items; /* [largest batch] */
    lem_buf rows;    /* telemetry of this run */
    FILE *live;      /* the same, row by row (lem_train_opts.live_path); NULL = not */
    long steps, done;
    uint64_t read; /* tokens of the last step */
    lem_schedule schedule;
    long best_step; /* 0 = none yet */
    double best;
    int stale;    /* looks in a row that were not better than the best */
    bool stopped; /* patience is over */
    lem_health health;
    lem_log *log;
    lem_cancel *cancel;
    lem_train_result *result;
} run;

/* Begins and ends what is written for whoever looks on; both do nothing without lem_train_opts.live_path. */
void lem_run_live_open(run *r);
void lem_run_live_close(run *r);
/* Appends a telemetry row; norm below 0: a row without rate, norm and tokens read. */
lem_status lem_run_record(run *r, const char *prefix, double lr, double norm, const lem_train_metric *m,
                          int n, lem_err *err) LEM_MUST_CHECK;
/* Writes a checkpoint of this step, if there is a place for them. */
lem_status lem_run_save(run *r, lem_err *err) LEM_MUST_CHECK;
/* Goes on from the newest checkpoint, if there is one. */
lem_status lem_run_resume(run *r, lem_err *err) LEM_MUST_CHECK;
/* Keeps the parameters of this step as the best so far; takes them again. */
lem_status lem_run_keep(run *r, lem_err *err) LEM_MUST_CHECK;
lem_status lem_run_take_kept(run *r, lem_err *err) LEM_MUST_CHECK;

/* Before the first step: whatever is to be looked at, if the options say so. */
lem_status lem_run_look_first(run *r, lem_err *err) LEM_MUST_CHECK;
/* After a step: whatever is due. */
lem_status lem_run_look(run *r, lem_err *err) LEM_MUST_CHECK;
/* Whether something that is done every so many steps, and at the end, is due. */
bool lem_run_is_due(const run *r, long every);
/* The parameters that are given back, and what val makes of them, if that is not known. */
lem_status lem_run_settle(run *r, lem_err *err) LEM_MUST_CHECK;

/* Looks at a step: LEM_ENUMERIC when the run has diverged (lem_train_run). */
lem_status lem_run_health(run *r, double loss, double norm, lem_err *err) LEM_MUST_CHECK;
/* No checkpoint is written over a good one while it may be diverging. */
bool lem_run_is_ill(const run *r);

#endif
