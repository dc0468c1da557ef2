/* eval/grade_rows.h - grades the candidates of rows and adds what was found to them */
#ifndef LEM_EVAL_GRADE_ROWS_H
#define LEM_EVAL_GRADE_ROWS_H

#include "core/err.h"
#include "core/json.h"
#include "data/candidates.h"
#include "grade/grade.h"

#include <stdbool.h>
#include <stdint.h>

enum { LEM_GRADE_MAX_MODELS = 64 };

typedef struct lem_grade_rows_opts {
    lem_grade_profile profile; /* policy, and where in a completion the answer stands */
    bool cluster;              /* also group equal answers */
    bool pair;                 /* one prediction a row: results are added as scalars */
} lem_grade_rows_opts;

/* Counts; zeroed is empty. agree, own and own_right compare with the rows' own correctness where they carry
 * one. */
typedef struct lem_grade_model_tally {
    uint64_t n, right, undecided, own, own_right, agree;
    uint64_t ours_right; /* of those with a word of their own, the ones that are right here */
} lem_grade_model_tally;
typedef struct lem_grade_tally {
    uint64_t rows;
    uint64_t cut[LEM_ANSWER_N_VERDICTS]; /* of each verdict: responses that ended at their token limit */
    uint64_t verdict[LEM_ANSWER_N_VERDICTS], method[LEM_GRADE_N_METHODS], weak;
    lem_grade_model_tally all, model[LEM_GRADE_MAX_MODELS];
} lem_grade_tally;

/* One row: its candidates' answers, verdicts and, where the row has its own labels, what those say. */
typedef struct lem_graded {
    int n;
    lem_answer_result *result; /* [n] */
    char **answer;             /* [n] owned; NULL where there is none */
    size_t *answer_len;        /* [n] U+0000 does not end one */
    int8_t *own;               /* [n] 1, 0, -1; NULL when absent */
    lem_grade_span *span;      /* [n] */
    int *group; /* [n] equal answers have the same number, in order of appearance; -1: no answer. NULL unless
                   asked for */
    char *gold; /* owned: what was compared with */
    size_t gold_len;
    char **why; /* [n] of programs: in a line what went wrong, NULL where nothing did. NULL for answers */
} lem_graded;

/* The gold is the marked answer in the expected_answer ("…#### 18", "…\nA: 18", "\boxed{18}"), else all of
 * it. With several golds a candidate has the verdict against the one that it comes nearest to: right, else
 * undecided, else wrong against the first. Candidates are graded from their completions, or where there are
 * none from predicted_answer. LEM_EDATA when the row has no gold or no candidates. */
lem_status lem_grade_row(const lem_candidates *c, const lem_grade_rows_opts *o, lem_graded *out,
                         lem_err *err) LEM_MUST_CHECK;
/* Room in a zeroed g for what is found of each candidate, with the correctness that the row itself tells; the
 * rest is the caller's. After an error too g is to be released. */
lem_status lem_graded_alloc(const lem_candidates *c, lem_graded *g, lem_err *err) LEM_MUST_CHECK;
void lem_graded_release(lem_graded *g);
/* Cohen's kappa of the rows' own correctness and ours, undecided being wrong; NAN where one of them varies
 * nowhere. */
double lem_grade_kappa(const lem_grade_model_tally *t);
void lem_grade_tally_add(lem_grade_tally *t, const lem_candidates *c, const lem_graded *g, int n_models);

/* A copy of the row with predicted_answer, correct, verdict, rule, of programs code_error, and in our names
 * what a foreign row calls otherwise. Caller owns; NULL on want of memory. */
lem_json *lem_graded_row(const lem_json *row, const lem_candidates *c, const lem_graded *g,
                         const lem_grade_rows_opts *o);

#endif
