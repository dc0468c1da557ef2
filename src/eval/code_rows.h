/* eval/code_rows.h - candidates that are programs: run against the tests of their row
 *
 * A timeout, a crash and an exception are wrong; a sandbox that failed and tests that are broken decide
 * nothing (LEM_ANSWER_LIMIT). A verdict depends on nothing but the texts, python's version and the limits. */
#ifndef LEM_EVAL_CODE_ROWS_H
#define LEM_EVAL_CODE_ROWS_H

#include "eval/grade_rows.h"
#include "sandbox/sandbox.h"

/* The row's candidates as lem_grade_row gives them: answer is the code, why says in one line what went wrong.
 * LEM_EDATA without completions or tests. */
lem_status lem_code_row(const lem_sandbox *s, const lem_json *row, const lem_candidates *c,
                        const lem_cancel *cancel, lem_graded *out, lem_err *err) LEM_MUST_CHECK;

#endif
