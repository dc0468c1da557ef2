/* eval/given_steps.h - the steps of a candidate where a benchmark gives them (completion_steps[][])
 *
 * Whoever scores steps scores exactly these, whatever separators stand in them. */
#ifndef LEM_EVAL_GIVEN_STEPS_H
#define LEM_EVAL_GIVEN_STEPS_H

#include "core/json.h"
#include "prompt/solution.h"

/* The list of texts that candidate i of a row is given as; NULL: its text is to be split. */
const lem_json *lem_given_steps(const lem_json *row, size_t i);
/* *steps: [n], borrowing from list; the caller frees it (lem_free). LEM_EDATA for what is no list of texts,
 * and for more than LEM_PROMPT_STEPS_MAX. */
lem_status lem_given_steps_read(const lem_json *list, lem_step **steps, int *n, lem_err *err) LEM_MUST_CHECK;

#endif
