/* train/schedule.h - learning rate over steps */
#ifndef LEM_TRAIN_SCHEDULE_H
#define LEM_TRAIN_SCHEDULE_H

#include "core/err.h"

/* In the order of lem_schedule_kind. */
#define LEM_SCHEDULE_NAMES "cosine|linear|constant"

typedef enum lem_schedule_kind {
    LEM_SCHEDULE_COSINE,
    LEM_SCHEDULE_LINEAR,
    LEM_SCHEDULE_CONSTANT
} lem_schedule_kind;
typedef struct lem_schedule {
    lem_schedule_kind kind;
    double lr, min_ratio; /* ends at lr*min_ratio */
    long warmup, total;   /* steps; linear warm-up from lr/warmup */
} lem_schedule;

/* name: one of LEM_SCHEDULE_NAMES, else LEM_EUSAGE */
lem_status lem_schedule_parse(const char *name, lem_schedule_kind *out, lem_err *err) LEM_MUST_CHECK;
/* Rate of step 0..total-1. Warm-up: lr*(step+1)/warmup. Cosine as in Loshchilov & Hutter 2017 over the
 * remaining steps. */
double lem_schedule_rate(const lem_schedule *s, long step);

#endif
