/* eval/score_candidates_priv.h - the candidates of a row, rendered and computed, before they become fields */
#ifndef LEM_EVAL_SCORE_CANDIDATES_PRIV_H
#define LEM_EVAL_SCORE_CANDIDATES_PRIV_H

#include "eval/score_rows.h"

typedef struct score_candidate {
    const char *text;
    size_t len;
    int same; /* index of an identical earlier one, or -1 */
    bool closed, skip;
    lem_rendering r;
    int *end, n_end; /* STEP_SUMS: where the steps end (lem_text_steps) */
    float *value;    /* [r.n_at]; NULL = no score */
} score_candidate;

typedef struct score_work {
    const lem_score_how *how;
    bool text; /* log-probabilities of the texts are computed, not the head's values */
    lem_scorer *scorer;
    lem_score_counts *counts;
    const char *path;
    unsigned long long line;
} score_work;

/* Renders and computes c[0..n) of row; c is zeroed by the caller and released by lem_score_candidates_free.
 */
lem_status lem_score_candidates(score_work *w, const lem_json *row, score_candidate *c, size_t n,
                                lem_err *err) LEM_MUST_CHECK;
void lem_score_candidates_free(score_candidate *c, size_t n);

#endif
