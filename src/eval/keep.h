/* eval/keep.h - which candidates of a problem become training rows (rejection sampling), and those rows
 *
 *   best     the one with the highest score, right or not: the scorer is believed
 *   correct  the right ones, in their order
 *   top      the right ones with the highest scores
 * Ties go to the earlier candidate. Identical texts are one candidate, the first; empty ones are none.
 * For lists and pairs the kept ones stand against as many others: of best the last one in its order, else
 * wrong ones, the lowest scores first (what a grader calls wrong and a scorer likes is often right), in their
 * order where there are no scores. Undecided candidates are neither. */
#ifndef LEM_EVAL_KEEP_H
#define LEM_EVAL_KEEP_H

#include "core/json.h"
#include "data/candidates.h"
#include "eval/load.h"

typedef enum lem_keep_what { LEM_KEEP_BEST, LEM_KEEP_CORRECT, LEM_KEEP_TOP } lem_keep_what;
typedef enum lem_keep_as { LEM_KEEP_AS_SFT, LEM_KEEP_AS_LISTS, LEM_KEEP_AS_PAIRS } lem_keep_as;

typedef struct lem_keep_opts {
    lem_keep_what what;
    lem_keep_as as;
    int most;                      /* kept ones of a problem, of correct and top; 0 = all */
    int scorer;                    /* of lem_eval_data.scorers; -1 = none */
    const char *source;            /* names the generator where a row does not; borrowed */
    const lem_candidates_map *map; /* names it where candidates are alternatives; borrowed, NULL = none */
} lem_keep_opts;

/* Why a problem gives rows or none. */
typedef enum lem_keep_why {
    LEM_KEEP_KEPT,
    LEM_KEEP_NO_TEXT,  /* all candidates are empty */
    LEM_KEEP_NO_RIGHT, /* none is right */
    LEM_KEEP_NO_SCORE, /* none that could be kept has a score */
    LEM_KEEP_NO_WRONG, /* none is wrong, to stand against the kept ones */
    LEM_KEEP_ONE_TEXT, /* best: no second text with a score */
    LEM_KEEP_N_WHY
} lem_keep_why;
const char *lem_keep_why_text(lem_keep_why w);

typedef struct lem_kept { /* zeroed = empty; used again for the next problem */
    int *good, *bad;      /* [n_good], [n_bad] indices of candidates, in the order above */
    int n_good, n_bad, cap;
    int duplicates, empty; /* candidates of this problem that are none for that */
} lem_kept;
void lem_kept_release(lem_kept *k);

/* text [p->n], NULL or empty = no candidate. Without a scorer best and top keep nothing. */
lem_status lem_keep_choose(const lem_keep_opts *o, const lem_eval_problem *p, const char *const *text,
                           lem_kept *out, lem_keep_why *why, lem_err *err) LEM_MUST_CHECK;

/* The rows of a problem, an array: of messages (sft; one a kept candidate), one response list (lists), or
 * preference pairs (pairs). They carry id, domain, source and expected_answer of `row` where it has them,
 * generators and scores. LEM_EDATA for a row without a problem. The caller owns *out. */
lem_status lem_keep_rows(const lem_keep_opts *o, const lem_eval_problem *p, const lem_json *row,
                         const lem_candidates *c, const lem_kept *k, lem_json **out,
                         lem_err *err) LEM_MUST_CHECK;

#endif
