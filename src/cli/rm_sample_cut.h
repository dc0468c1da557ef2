/* rm_sample_cut.h - how many responses of lists were cut off, by class: such lists teach length */
#ifndef LEM_CLI_RM_SAMPLE_CUT_H
#define LEM_CLI_RM_SAMPLE_CUT_H

#include "core/object.h"
#include "reward/responses.h"

/* Worth a word: a class of which that share was cut, and that many times the share of the other. */
#define LEM_CUT_SHARE 0.2
#define LEM_CUT_TIMES 2

typedef struct lem_cut_tally { /* zeroed = none; [0] wrong, [1] right */
    uint64_t known[2], cut[2]; /* responses with a finish_reason; of them "length" */
} lem_cut_tally;

void lem_cut_add(lem_cut_tally *t, bool right, int8_t cut); /* 1 cut off, 0 not, -1 not known */
/* Adds the chosen ones of p. */
void lem_cut_count(lem_cut_tally *t, const lem_responses *p, const int *chosen, int n);
/* False where a class has no response with a finish_reason. */
bool lem_cut_teaches_length(const lem_cut_tally *t);
void lem_cut_text(const lem_cut_tally *t, char *out, size_t size);
/* Members wrong_cut, wrong_with_reason, right_cut and right_with_reason. */
void lem_cut_tell(lem_object *o, const lem_cut_tally *t);

#endif
