/* pairs_priv.h - preference pairs in all their shapes, for replies.c */
#ifndef LEM_DATA_PAIRS_PRIV_H
#define LEM_DATA_PAIRS_PRIV_H

#include "data/replies.h"

/* An empty reply behind the others. *out is valid until the next one. */
lem_status lem_reply_add(lem_replies *r, double label, lem_turns **out, lem_err *err) LEM_MUST_CHECK;
/* chosen (label 1), then rejected (label 0), and their prompt. */
lem_status lem_pair_read(const lem_json *row, lem_replies *r, lem_err *err) LEM_MUST_CHECK;

#endif
