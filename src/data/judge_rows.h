/* data/judge_rows.h - rows of benchmarks for reward models as rows of candidates of which the right ones are
 * known: RewardBench 1 and 2, preference pairs, RM-Bench, RewardMATH, ProcessBench, PRMBench
 *
 * A candidate row has `benchmark` (a name of below), `problem`, `completions[]` (texts), `correct[]` and,
 * where the benchmark gives the steps, `completion_steps[][]`: process models score exactly these, whatever
 * separators stand in them. The columns that became these are gone, all others stay.
 *
 * - rewardbench, pairs (prompt, chosen, rejected): two candidates, the chosen one first; rewardbench where
 *   the row has a subset.
 * - rewardbench2 (chosen[], rejected[]): the chosen ones first.
 * - rm-bench (the same with a domain, three of each): concise, detailed, detailed with markdown.
 * - rewardmath (one solution a row: eval_solution[], solution_type): the rows of one problem, which follow
 *   one another, become one, the right one first; texts are the steps by line.
 * - processbench: the one solution. `label` stays the first wrong step (-1: none); correct[] is
 *   final_answer_correct; subset is the id up to its last '-', where the row has none.
 * - prmbench: modified_process under modified_question. error_steps[] stays (from 1). A row of class
 *   redundency gives a second one of class correct, of original_process, as the authors'
 *   prmtest_classified/task.py does.
 *
 * Tables of scores that others have published become such rows without texts: RewardMATH's (problem,
 * solution_reference[], score[] of numbers or of lists of step scores; the right one is human_to_GPT-4; with
 * two scores it is RewardBench's math-prm), and RM-Bench's score_chosen[], score_rejected[]. */
#ifndef LEM_DATA_JUDGE_ROWS_H
#define LEM_DATA_JUDGE_ROWS_H

#include "core/json.h"
#include "core/log.h"
#include "rows/rows.h"

typedef enum lem_judge_kind {
    LEM_JUDGE_NONE, /* no row of a benchmark */
    LEM_JUDGE_PAIRS,
    LEM_JUDGE_REWARDBENCH,
    LEM_JUDGE_REWARDBENCH2,
    LEM_JUDGE_RMBENCH,
    LEM_JUDGE_REWARDMATH,
    LEM_JUDGE_PROCESSBENCH,
    LEM_JUDGE_PRMBENCH,
    LEM_JUDGE_ACEMATH /* many graded candidates a problem, as they are; told by name alone */
} lem_judge_kind;
/* From LEM_JUDGE_PAIRS on in the order above. */
#define LEM_JUDGE_NAMES                                                                                      \
    "pairs|rewardbench|rewardbench2|rm-bench|rewardmath|processbench|prmbench|"                              \
    "acemath-rewardbench"

const char *lem_judge_name(lem_judge_kind k);          /* "none" of LEM_JUDGE_NONE; static */
lem_judge_kind lem_judge_find(const char *name);       /* LEM_JUDGE_NONE where it is none */
lem_judge_kind lem_judge_kind_of(const lem_json *row); /* by `benchmark` where it is there, else by columns */

typedef struct lem_judge_rows lem_judge_rows;
/* paths as in lem_rowset_open; of opts the judge, the pool and cancel count. */
lem_status lem_judge_rows_open(const char *const *paths, size_t n, const lem_rowset_opts *opts,
                               lem_judge_rows **out, lem_err *err) LEM_MUST_CHECK;
/* The next candidate row, owned by the caller; NULL at the end. Rows of no benchmark, and rows that carry
 * `benchmark`, are handed on as they are. Errors read "FILE:LINE: …" and name the field. */
lem_status lem_judge_rows_next(lem_judge_rows *r, lem_json **row, lem_err *err) LEM_MUST_CHECK;
/* Of the last row: where the first row that it was made of stands. */
const char *lem_judge_rows_file(const lem_judge_rows *r); /* borrowed until the next call */
uint64_t lem_judge_rows_number(const lem_judge_rows *r);
double lem_judge_rows_share(const lem_judge_rows *r); /* as lem_rowset_share */
void lem_judge_rows_close(lem_judge_rows *r);         /* NULL allowed */

#endif
