/* annotate/tally.h - what the labels of many solutions come to: by step, by generator, against given labels
 */
#ifndef LEM_ANNOTATE_TALLY_H
#define LEM_ANNOTATE_TALLY_H

#include "annotate/annotate.h"
#include "annotate/given.h"

enum { LEM_TALLY_STEPS = 64, LEM_TALLY_GENERATORS = 64 };

typedef struct lem_step_tally {
    uint64_t steps, unknown, good; /* good: by hard labels */
    uint64_t right, rollouts;      /* of rollouts; the last step of a solution has none */
} lem_step_tally;

typedef struct lem_generator_tally {
    char *name; /* owned */
    uint64_t solutions, correct;
    lem_step_tally steps;
} lem_generator_tally;

typedef struct lem_annotate_tally { /* zeroed = empty */
    uint64_t solutions, no_steps, correct, undecided;
    lem_step_tally all, step[LEM_TALLY_STEPS]; /* the last: of this index and above */
    lem_generator_tally generator[LEM_TALLY_GENERATORS];
    int n_generators;
    uint64_t other_generators; /* solutions of those that found no place */
    /* Against given labels, where both are known; first_error: solutions whose given labels tell where the
     * first bad step is, or that there is none, and ours do. */
    uint64_t given_solutions, given_other, given_steps, given_agree, first_error, first_error_agree;
} lem_annotate_tally;

void lem_annotate_tally_release(lem_annotate_tally *t);
/* Adds a solution. generator NULL = none; given [a->steps->n] or NULL. LEM_EMEM */
lem_status lem_annotate_tally_add(lem_annotate_tally *t, const lem_annotated *a, int correct,
                                  const char *generator, lem_given state, const int8_t *given,
                                  lem_err *err) LEM_MUST_CHECK;
/* The whole as an object; NULL = out of memory. */
lem_json *lem_annotate_tally_json(const lem_annotate_tally *t);

#endif
