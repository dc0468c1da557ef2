/* cli/search_rows.h - what came out of a search, as rows of files */
#ifndef LEM_CLI_SEARCH_ROWS_H
#define LEM_CLI_SEARCH_ROWS_H

#include "core/json.h"
#include "data/problems.h"
#include "search/search.h"

/* The solutions found, as a row of candidates without scores, and `search`: method, tokens drawn, rounds.
 * Solutions that the budget cut short are in the trace alone, unless there are no others.
 * The caller owns *out. */
lem_status lem_search_row(const lem_problem *p, const lem_search_result *r, const char *method,
                          lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* All steps that were drawn, in the order in which they count; NULL = out of memory. */
lem_json *lem_search_trace(const lem_problem *p, const lem_search_result *r, const char *method);

#endif
