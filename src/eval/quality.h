/* eval/quality.h - how well each score tells right candidates from wrong ones, and what else it follows
 *
 * Candidates without a score are left out here, and counted. */
#ifndef LEM_EVAL_QUALITY_H
#define LEM_EVAL_QUALITY_H

#include "core/buf.h"
#include "core/json.h"
#include "core/pool.h"
#include "eval/problem.h"
#include "stats/auc.h"

typedef struct lem_eval_quality { /* NaN where there is nothing to tell */
    double pairs;           /* right-wrong pairs of a problem in order, ties a half; mean over `problems` */
    int problems;           /* with both classes among their scored candidates */
    lem_auc_estimate auc;   /* over all candidates; its interval over problems */
    uint64_t scored, right; /* candidates, and those of them that are right */
    /* Spearman's correlation of score and length within a problem, mean over the problems where both vary;
     * the same of correctness and length over those of them where it varies: what a perfect score would show.
     */
    double length, label_length;
    double ece;   /* expected calibration error in ten bins, of scores that all lie in 0..1 */
    double ended; /* pairs of an ended and a cut candidate of a problem with the ended one above, as pairs */
} lem_eval_quality;

/* Of score s of problems that all have it. pool (borrowed; NULL = one thread) changes no result. */
lem_status lem_eval_quality_of(const lem_eval_problem *p, int n, int s, lem_pool *pool, lem_eval_quality *out,
                               lem_err *err) LEM_MUST_CHECK;
/* {scorer, pairs, problems, auc, ci95, scored, ece, length_rho, label_length_rho, ended_pairs}; what is NaN
 * is left out. NULL: out of memory. */
lem_json *lem_eval_quality_json(const char *scorer, const lem_eval_quality *q);
/* A table for people, one line a score; nothing where no problem has both classes. */
void lem_eval_quality_table(const char *const *scorers, const lem_eval_quality *q, int n, lem_buf *out);

#endif
