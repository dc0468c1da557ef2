/* data/step_examples.h - solutions with labelled steps as token ids, a label at each token that is read
 *
 * One example a solution: all its steps in one pass. Zeroed structs are empty and valid. */
#ifndef LEM_DATA_STEP_EXAMPLES_H
#define LEM_DATA_STEP_EXAMPLES_H

#include "data/steps.h"
#include "token/tokenizer.h"

typedef struct lem_step_examples {
    int32_t *ids;    /* all examples, one after another */
    float *label;    /* beside ids: 0..1 where a score is read; below 0 = none */
    uint8_t *also;   /* beside ids: 1 = a token that is trained besides the labels (RLHFlow's mask) */
    uint64_t *start; /* [n+1] offsets; NULL while empty */
    uint64_t n, n_ids, cap_ids, cap_n;
    uint64_t labels, right; /* of them at least one half */
    uint64_t longest;       /* tokens of the longest example */
} lem_step_examples;
void lem_step_examples_release(lem_step_examples *e);

typedef struct lem_step_load {
    lem_steps_how rows;
    const lem_prompt_recipe *recipe; /* of a form with steps */
    bool rlhflow;      /* rendered and masked as RLHFlow trains (prompt/rlhflow.h); labels must be 0 or 1 */
    int max_len;       /* longer examples are left out and counted */
    double held_share; /* of the problems that go to `held`; all solutions of a problem go together */
    uint64_t seed;     /* which problems these are */
} lem_step_load;

typedef struct lem_step_counts {
    uint64_t rows, solutions, kept, too_long, unlabelled, joined, empty_steps;
} lem_step_counts;

/* Appends to e and, by held_share, to held (NULL only if it is 0). A solution that is too long or has no
 * label to be trained is left out, counted, and the first few are named. Errors name file and line. */
lem_status lem_step_examples_load(lem_step_examples *e, lem_step_examples *held, const char *path,
                                  const lem_tokenizer *t, const lem_step_load *how, lem_step_counts *counts,
                                  lem_log *log, lem_err *err) LEM_MUST_CHECK;

#endif
