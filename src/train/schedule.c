/* schedule.c - warm-up, then cosine, linear or constant */
#include "train/schedule.h"

#include "core/choice.h"

#include <math.h>

lem_status lem_schedule_parse(const char *name, lem_schedule_kind *out, lem_err *err) {
    int i = lem_choice_find(LEM_SCHEDULE_NAMES, name);
    if (i < 0) return lem_fail(err, LEM_EUSAGE, "schedule '%s' is none of %s", name, LEM_SCHEDULE_NAMES);
    *out = (lem_schedule_kind)i;
    return LEM_OK;
}

double lem_schedule_rate(const lem_schedule *s, long step) {
    if (step < s->warmup) return s->lr * (double)(step + 1) / (double)s->warmup;
    long left = s->total - s->warmup;
    double t = left > 1 ? (double)(step - s->warmup) / (double)(left - 1) : 1;
    if (t > 1) t = 1;
    double f = s->kind == LEM_SCHEDULE_COSINE   ? 0.5 * (1 + cos(M_PI * t))
               : s->kind == LEM_SCHEDULE_LINEAR ? 1 - t
                                                : 1;
    return s->lr * (s->min_ratio + (1 - s->min_ratio) * f);
}
