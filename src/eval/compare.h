/* eval/compare.h - two files of candidates for the same problems, problem by problem
 *
 * Problems are matched by their ids (else by their texts), in the order of the first file.
 * Those that stand in one file only are counted and left out.
 * rm@all, maj@all and pass@all are of all candidates that a problem has in its file, the first of equals;
 * maj@all:rm@all compares the vote of the first file with the best scored of the second.
 * The paired bootstrap (stats/bootstrap.h) of the same differences stands beside.
 * Each other metric is compared by its exact value where there is one for both (the expectation over all
 * subsets), else by the first k candidates; a difference says on how many problems it rests (interval.h). */
#ifndef LEM_EVAL_COMPARE_H
#define LEM_EVAL_COMPARE_H

#include "core/json.h"
#include "eval/load.h"
#include "eval/metrics.h"
#include "stats/bootstrap.h"

typedef struct lem_comparison {
    char name[96]; /* "rm@8", "maj@8:rm@8" */
    const char *protocol;
    lem_eval_interval a, b;
    lem_eval_pairs b_minus_a;
    bool resampled; /* bootstrap is set: not of what lem_eval_compare_all appends */
    lem_bootstrap bootstrap;
} lem_comparison;

enum { LEM_MAX_COMPARED = 256 }; /* metrics */

typedef struct lem_flip { /* a problem that is right in one of them: by the first k candidates */
    const char *name;     /* borrowed from the data */
    bool now_right;       /* in b */
} lem_flip;

typedef struct lem_compared {   /* zeroed = empty */
    const lem_eval_data *a, *b; /* borrowed: what was compared */
    int n, only_a, only_b;      /* problems */
    lem_comparison *at;
    int n_at;
    int flipped; /* the metric whose flips these are: the first, of the usual ones the first score at the
                    largest k */
    lem_flip *flip;
    int n_flips;
} lem_compared;

/* names: "rm@8" …; none = all that both have, at k = 1 and at the largest power of two that all problems
 * have. Borrows a and b. LEM_EDATA when no problem is in both or an id stands twice; LEM_EUSAGE for a metric
 * that one of them does not have. */
lem_status lem_eval_compare(const lem_eval_data *a, const lem_eval_data *b, const char *const *names,
                            int n_names, lem_compared *out, lem_err *err) LEM_MUST_CHECK;
/* Appends all that both files have, at every power of two that all problems have, by every protocol (exact,
 * first-k, random subsets by `seed`), but what is there already. */
lem_status lem_eval_compare_all(lem_compared *c, uint64_t seed, lem_err *err) LEM_MUST_CHECK;
void lem_compared_release(lem_compared *c);
lem_json *lem_compared_json(const lem_compared *c); /* owned by the caller; NULL without memory */
/* For people; at most `flips` of the flipped problems. */
void lem_compared_text(const lem_compared *c, int flips, lem_buf *out);

#endif
