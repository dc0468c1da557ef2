/* cli/search_rows.h - what came out of a search, as rows of files */
#ifndef LEM_CLI_SEARCH_ROWS_H
#define LEM_CLI_SEARCH_ROWS_H

#include "core/json.h"
#include "data/problems.h"
#include "search/search.h"

/* Whether the text of each step's path encodes to the ids that were drawn (lem_prompt_reencodes); of steps
 * that are no solutions only with `all`, else they are true. last: the prompt's last id; same: [r->n]. */
lem_status lem_search_marks(const lem_tokenizer *tok, int32_t last, const lem_search_result *r, bool all,
                            bool *same, lem_err *err) LEM_MUST_CHECK;
/* The solutions found, as a row of candidates without scores, and `search`: method, tokens drawn, rounds.
 * Solutions that the budget cut short are in the trace alone, unless there are no others.
 * same: [r->n] as lem_search_marks gives it.
 * The caller owns *out. */
lem_status lem_search_row(const lem_problem *p, const lem_search_result *r, const bool *same,
                          const char *method, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* All steps that were drawn, in the order in which they count; NULL = out of memory. */
lem_json *lem_search_trace(const lem_problem *p, const lem_search_result *r, const bool *same,
                           const char *method);

#endif
