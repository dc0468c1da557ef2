/* judge_rows_priv.h - one row of a benchmark as a candidate row; what the reader and the conversion share */
#ifndef LEM_DATA_JUDGE_ROWS_PRIV_H
#define LEM_DATA_JUDGE_ROWS_PRIV_H

#include "data/judge_rows.h"

/* Is it one solution of RewardMATH, to be joined with the others of its problem? */
bool lem_judge_is_part(const lem_json *row);
/* Neither a part nor anything that lem_judge_convert would change. */
bool lem_judge_is_plain(const lem_json *row);
/* Of the same problem: problem_id, else problem. */
bool lem_judge_same_problem(const lem_json *a, const lem_json *b);
/* Rows of one problem, parts[0..n), as one candidate row (*out, the caller's). LEM_EDATA names the field. */
lem_status lem_judge_join(lem_json *const *parts, size_t n, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* Makes row (of no part) a candidate row; rows of no benchmark, and those that are candidate rows already,
 * stay. *second receives another row that it stands for, owned by the caller, or NULL. */
lem_status lem_judge_convert(lem_json *row, lem_json **second, lem_err *err) LEM_MUST_CHECK;

#endif
