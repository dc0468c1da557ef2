/* cli/select_pace.h - how far `select` is: rows that are read, then what is computed of them
 *
 * What a problem will cost is measured once on the first rows, since it depends on candidates, k, seeds and
 * scores; the figures of that trial are thrown away. */
#ifndef LEM_CLI_SELECT_PACE_H
#define LEM_CLI_SELECT_PACE_H

#include "eval/result.h"

typedef struct lem_select_pace {
    lem_log *log;
    lem_progress *progress; /* NULL in the first second */
    const lem_eval_opts *o; /* borrowed: seeds, votes, pool; without ks: the default ones */
    double began, read;     /* when; seconds of reading */
    double each;            /* seconds of computing a problem; below 0: not measured yet */
    double computing;       /* of all problems */
    lem_eval_pace inner;
    uint64_t n; /* problems that were told */
} lem_select_pace;

void lem_select_pace_begin(lem_select_pace *p, lem_log *log, const lem_eval_opts *o);
/* A lem_eval_load.tell; ctx is the pace. */
void lem_select_pace_rows(void *ctx, const lem_eval_data *so_far, double share);
/* All rows are read: computing begins, under o->pace. */
void lem_select_pace_compute(lem_select_pace *p, const lem_eval_data *d, lem_eval_opts *o);
void lem_select_pace_end(lem_select_pace *p);

#endif
