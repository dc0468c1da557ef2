/* train/prefix_value.h - the value of a beginning of a response, by the outcomes of those that share it */
#ifndef LEM_TRAIN_PREFIX_VALUE_H
#define LEM_TRAIN_PREFIX_VALUE_H

#include "data/dataset.h"

/* Mean outcome of the list's responses that begin with the first t+1 tokens of response k (of which there is
 * at least k itself). To be asked for t = 0, 1, 2, … in order: shared [responses of the list] says which
 * still share the beginning; it narrows as t grows. */
double lem_prefix_value(const lem_lists *l, uint64_t list, int k, int t, uint8_t *shared);

#endif
