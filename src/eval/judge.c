/* judge.c - the measures of a benchmark of reward models, whichever it is */
#include "eval/judge.h"

#include "eval/judge_priv.h"

#include <math.h>

lem_status lem_judge_measure(const lem_judge_data *d, const lem_judge_how *o, lem_judge_result *out,
                             lem_err *err) {
    lem_judge_result r = {.d = d, .threshold = NAN};
    lem_status st;
    if (d->kind == LEM_JUDGE_PROCESSBENCH) st = lem_judge_measure_first(&r, o, err);
    else if (d->kind == LEM_JUDGE_PRMBENCH) st = lem_judge_measure_steps(&r, o, err);
    else if (o->threshold_from)
        st = lem_fail(err, LEM_EUSAGE, "--threshold-from is for processbench, this is %s",
                      lem_judge_name(d->kind));
    else st = lem_judge_measure_scores(&r, err);
    if (st == LEM_OK) *out = r;
    else lem_judge_result_release(&r);
    return st;
}
