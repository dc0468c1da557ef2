/* reward/select_lists.h - which responses of a problem train a reward model: score-sorted or random sampling
 *
 * AceMath (arXiv 2412.15084) section 4.1: of the graded candidates keep the top-k scored positives and the
 * bottom-k scored negatives (k = 14), draw six, as balanced as the classes allow; problems without both
 * classes are left out. Random sampling takes all candidates of a class. What one class lacks the other
 * fills: p = min(3, |P|), n = min(6-p, |N|), p = min(6-n, |P|). */
#ifndef LEM_REWARD_SELECT_LISTS_H
#define LEM_REWARD_SELECT_LISTS_H

#include "core/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_list_opts {
    int per_problem; /* 0 = 6 */
    int top_k;       /* 0 = 14 */
    bool random;     /* ignore scores */
    int positives;   /* of per_problem, where both classes have enough; 0 = half, rounded down */
    bool keep_short; /* a list of fewer than per_problem is a list, if it has both classes */
    /* [n] of responses, or NULL. The right ones are then drawn from the shorter half (rounded up) of those
     * that would be drawn from, or from as many as are needed; equal lengths in the order of the responses.
     */
    const size_t *bytes;
} lem_list_opts;

/* Why a problem gives no list. */
typedef enum lem_list_reason {
    LEM_LIST_CHOSEN,
    LEM_LIST_NOTHING,   /* no response that may be drawn */
    LEM_LIST_ALL_RIGHT, /* no wrong one */
    LEM_LIST_ALL_WRONG,
    LEM_LIST_TOO_FEW /* both, but fewer than per_problem (of the top_k of each) */
} lem_list_reason;

/* Candidates of one problem: label 1/0, or -1 to leave out (undecidable, duplicate). Writes the chosen
 * indices, positives first, each class in drawing order, to out [per_problem] and returns how many; 0 when
 * the problem is left out (a class is empty, or there are fewer than per_problem). Deterministic in rng. */
int lem_list_select(const lem_list_opts *o, int n, const int8_t *label, const double *score,
                    const lem_rng *rng, int *out);
/* Why lem_list_select gives 0 for these labels; CHOSEN if both classes are there and a list was to be had. */
lem_list_reason lem_list_why(int n, const int8_t *label, bool chosen);

#endif
