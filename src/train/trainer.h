/* train/trainer.h - the training loop: batches of items in a keyed order, accumulated over forests, AdamW,
 * checkpoints, telemetry
 *
 * What is learned is an objective (objective.h: sft.h, orm.h, process.h); how is here. Everything that a
 * resume needs is (step, parameters that learn, their moments, telemetry): the order of items is a function
 * of (seed, epoch), so that a run killed at any instant and started again ends with the same bytes. Metrics
 * of a step are sums in item order and never depend on threads or on how a batch was split over forests. */
#ifndef LEM_TRAIN_TRAINER_H
#define LEM_TRAIN_TRAINER_H

#include "core/buf.h"
#include "core/log.h"
#include "model/net.h"
#include "train/objective.h"
#include "train/schedule.h"

typedef lem_status lem_train_answer(void *ctx, const lem_model *m, lem_train_metric *out, int *n_out,
                                    lem_err *err);

typedef struct lem_train_opts {
    double lr, min_lr_ratio, warmup_ratio, weight_decay, beta1, beta2, eps, clip;
    bool muon;         /* matrices of layers learn by Muon (muon.h) with the same rate and decay */
    bool int8_moments; /* AdamW's, 8 bits each (optimizer.h); not with muon */
    lem_schedule_kind schedule;
    int warmup_least; /* a warm-up takes so many steps at least, up to a fifth of all; 0 = what the share says
                       */
    double epochs;    /* may be a fraction */
    long max_steps;   /* 0 = by epochs */
    int batch;        /* items per optimizer step */
    int64_t batch_tokens;    /* above 0: tokens per optimizer step instead (batches.h) */
    int max_rows;            /* forest rows per forward pass (memory) */
    int checkpoint_every;    /* steps; 0 = only at the end of the run, by the caller */
    lem_trainable trainable; /* zeroed = everything learns */
    int grad_slots;          /* of a step's gradient (gradient.h), a power of two; 0 = 1 */
    uint64_t seed;
    const char *stage;          /* written into telemetry rows */
    const char *checkpoint_dir; /* NULL = none */
    const char *identity;       /* of the whole job; belongs to the checkpoint */
    /* Telemetry is written here row by row as the run goes, for whoever looks on; what a resumed checkpoint
     * had comes first. No resume needs it; where it cannot be written a warning says so once. NULL = not. */
    const char *live_path;
    int val_every;   /* steps; 0 = only at the end, when val is given */
    bool look_first; /* val and answers before the first step, too */
    /* The step that is best by a metric of val, or of answers (then "eval_NAME"), ties to the earlier; "loss"
     * and "ece" are best when low. With best_dir it gives the parameters, else the last step does: a folder
     * of this job's own where the best so far are kept (with checkpoint_dir: a resumed run must find both, or
     * neither). Step 0 takes no part. */
    const char *best_by, *best_dir;
    int patience; /* ends the run after so many looks in a row without a better step; 0 = never */
    /* Metrics of the model as it is now by other means: answers that are graded. NULL = none; answer_every as
     * val_every. It must give the same for the same parameters. */
    lem_train_answer *answer;
    void *answer_ctx;
    int answer_every;
    double part_from, part_to; /* of lem_progress_part, where this is one of several runs; to 0: it is all */
} lem_train_opts;

typedef struct lem_train_metrics {
    lem_train_metric at[LEM_MAX_METRICS]; /* names are those of the objective, or of the answers */
    int n;
} lem_train_metrics;

typedef struct lem_train_result {
    long steps; /* that were made */
    uint64_t rows;
    double seconds;
    double loss;
    double val[LEM_MAX_METRICS];
    int n_val;
    const char *val_name[LEM_MAX_METRICS]; /* of val, which is that of the parameters given back */
    lem_train_metrics answers;             /* of the same parameters */
    bool has_first;                        /* val was looked at before the first step */
    double first_val;                      /* its first metric then */
    long kept_step;                        /* whose parameters these are; steps, or with best_dir the best */
    bool resumed, stopped;                 /* stopped: by patience */
} lem_train_result;

/* How full the batches and the passes are, over the steps of a run (its first LEM_PACKING_STEPS). */
enum { LEM_PACKING_STEPS = 10000 };
typedef struct lem_train_packing {
    long steps;      /* of the run */
    uint64_t tokens; /* forest rows of the steps looked at */
    uint64_t items, passes;
    int largest;       /* tokens of the longest item there */
    double batch_fill; /* tokens of a step as a share of batch_tokens; 0 = by items */
    double pass_fill;  /* tokens of a pass as a share of max_rows */
    /* What the net needs: the largest pass, of a longer run any that max_rows allows; and the longest item of
     * validation, whose passes are not larger. */
    lem_net_size pass;
} lem_train_packing;
/* val may be NULL. */
lem_status lem_train_pack(const lem_train_opts *o, const lem_objective *train, const lem_objective *val,
                          lem_train_packing *out, lem_err *err) LEM_MUST_CHECK;
/* Forest rows of all steps of the run. */
double lem_train_packing_tokens(const lem_train_packing *p);
/* Steps of the warm-up of a run of so many. */
long lem_train_warmup(const lem_train_opts *o, long steps);
/* Trains m in place. telemetry is appended with JSONL rows (and holds what a resumed checkpoint had). val may
 * be NULL. LEM_EINTR after saving on cancel; LEM_ENUMERIC when loss or gradient is not finite, the
 * parameters then being those of the last good step; and when it has diverged: for min(20, a quarter of the)
 * steps in a row the loss is above ten times that of the first step (and above 1) or the norm of the gradient
 * above a thousand times (and above 10,000), or in more than half of that many last steps the loss is. From
 * the first such step in a row on no checkpoint is written, so that the good ones stay. */
lem_status lem_train_run(lem_model *m, lem_backend *b, const lem_objective *train, const lem_objective *val,
                         const lem_train_opts *o, lem_buf *telemetry, lem_log *log, lem_cancel *cancel,
                         lem_train_result *result, lem_err *err) LEM_MUST_CHECK;
/* One warning, where a run that has ended can hardly have learned: three steps or fewer, most rows left out
 * (kept of rows), the loss where it began. telemetry: with the rows of this stage. */
void lem_train_doubts(const char *stage, const lem_buf *telemetry, const lem_train_result *result,
                      uint64_t kept, uint64_t rows, lem_log *log);

#endif
