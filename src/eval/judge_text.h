/* eval/judge_text.h - measures of a benchmark of reward models as JSON, as CSV and as a table for people,
 * with published figures of the same table */
#ifndef LEM_EVAL_JUDGE_TEXT_H
#define LEM_EVAL_JUDGE_TEXT_H

#include "core/buf.h"
#include "eval/judge.h"
#include "eval/reference.h"

/* benchmark, rows, missing, other_steps, outside_steps, threshold, threshold_from, metrics [{name, protocol,
 * subset, value, ci95, n, ties, few}], published [{row, column, value, source, note}], notes. An undefined
 * value is null. published may be NULL. The caller owns it; NULL: out of memory. */
lem_json *lem_judge_json(const lem_judge_result *r, const lem_reference *published);
/* benchmark,subset,protocol,name,value,low,high,n,ties; fractions, empty where undefined. */
void lem_judge_csv(const lem_judge_result *r, lem_buf *out);
/* In percent. */
void lem_judge_text(const lem_judge_result *r, const lem_reference *published, lem_buf *out);

#endif
