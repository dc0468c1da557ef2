/* cli/prm_rows.h - rows of solutions whose steps are labelled, and what was found of them so far */
#ifndef LEM_CLI_PRM_ROWS_H
#define LEM_CLI_PRM_ROWS_H

#include "annotate/annotate.h"
#include "annotate/tally.h"
#include "core/json.h"
#include "data/problems.h"
#include "grade/grade.h"

typedef struct lem_prm_known { /* a rollout of an earlier run */
    int point, candidate;
    lem_rollout rollout;
} lem_prm_known;

typedef struct lem_prm_row {
    int n;
    char **solution;        /* [n] owned */
    int8_t *correct;        /* [n] 1, 0, -1 */
    const char **generator; /* [n] borrowed from the row, or NULL */
    lem_json **out;         /* [n] owned: finished output rows */
    char *gold;             /* owned: the text that answers are compared with */
    lem_prm_known *known;
    size_t n_known, cap_known;
} lem_prm_row;

typedef struct lem_prm_rows { /* zeroed = empty */
    lem_problems problems;
    lem_prm_row *at; /* [problems.n] */
    uint64_t solutions;
    size_t longest; /* bytes of the longest solution */
    /* Of solutions whose correctness stands in the row: how many, and where grading says the same. */
    uint64_t own, own_agree;
    uint64_t left_out;      /* rows that could not be read */
    uint64_t steps_of_rows; /* rows that came as `steps`, not as completions */
} lem_prm_rows;

typedef struct lem_prm_rows_opts { /* all borrowed */
    const lem_json *map;           /* --map, may be NULL */
    int64_t limit;                 /* rows, -1 = all */
    const char *separator;         /* between steps */
    const lem_grade_profile *grade;
    const lem_cancel *cancel;
    const lem_row_judge *judge; /* where it leaves rows out, those that cannot be read stay without solutions
                                   (n = 0); NULL = they are LEM_EDATA */
    lem_problem_keep *keep;     /* whose other rows are left out: they are neither graded nor checked */
    const void *keep_ctx;
    uint64_t *all; /* receives how many rows there are with those left out */
} lem_prm_rows_opts;

/* Reads and grades the rows: completions[], or `steps`, which are joined by the separator.
 * correct[] of the row counts where it is not null, else the grade. What the fields are called is told from
 * the first row, kept or not. LEM_EDATA names file and line. */
lem_status lem_prm_rows_load(const char *path, const lem_prm_rows_opts *o, lem_prm_rows *out,
                             lem_err *err) LEM_MUST_CHECK;
void lem_prm_rows_release(lem_prm_rows *r);

/* Rows of lemma prm annotate become finished output rows as they are. LEM_EDATA for rows without `steps` and
 * `step_labels`, and for those that have been judged. */
lem_status lem_prm_rows_keep(lem_prm_rows *r, const lem_row_judge *judge, lem_err *err) LEM_MUST_CHECK;
/* Row `at` cannot be used: it failed with st and *err. LEM_OK where the judge leaves it out, else the
 * failure, with its place. */
lem_status lem_prm_rows_failed(lem_prm_rows *r, size_t at, const lem_row_judge *judge, lem_status st,
                               lem_err *err) LEM_MUST_CHECK;

/* Rollouts of earlier runs: added in any order, sorted once, then found. */
lem_status lem_prm_known_add(lem_prm_row *r, const lem_prm_known *k, lem_err *err) LEM_MUST_CHECK;
void lem_prm_known_sort(lem_prm_row *r);
const lem_prm_known *lem_prm_known_find(const lem_prm_row *r, int point, int candidate); /* NULL = none */

/* Makes the output row of a solution and adds it to the tally. */
lem_status lem_prm_row_finish(lem_prm_rows *rows, uint64_t row, int solution, const lem_annotated *a,
                              bool soft, lem_annotate_tally *tally, lem_err *err) LEM_MUST_CHECK;

#endif
