/* annotate/given.h - labels of steps that a row carries already, to compare with
 *
 * `label` (ProcessBench): the index of the first wrong step, -1 if all are right; behind it nothing is known.
 * `step_labels`: a list of numbers, or one such list for each solution; below 0 or null is unknown, 0 is bad,
 * above 0 is good. */
#ifndef LEM_ANNOTATE_GIVEN_H
#define LEM_ANNOTATE_GIVEN_H

#include "core/err.h"
#include "core/json.h"

#include <stdint.h>

typedef enum lem_given {
    LEM_GIVEN_NONE,
    LEM_GIVEN_READ, /* label is filled */
    LEM_GIVEN_OTHER /* there are labels, but of another number of steps */
} lem_given;

/* Of solution i of n in the row; label [n_steps]: 1 good, 0 bad, -1 unknown.
 * LEM_EDATA if the fields are of another kind. */
lem_status lem_given_labels(const lem_json *row, int i, int n, int n_steps, int8_t *label, lem_given *out,
                            lem_err *err) LEM_MUST_CHECK;

#endif
