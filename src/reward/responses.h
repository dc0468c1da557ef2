/* reward/responses.h - the graded candidates of one problem, over several files, to draw response lists from
 *
 * Rows are graded candidate rows: completions[], correct[] (true, false or null) and, where they are to be
 * sorted, rm_score[]. step_labels[], one list a completion, goes with them; finish_reason[] is read if it is
 * there.
 * Texts are borrowed from the rows, which must outlive the use of the pool. */
#ifndef LEM_REWARD_RESPONSES_H
#define LEM_REWARD_RESPONSES_H

#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_responses {
    const lem_json **text;
    int8_t *label; /* 1 right, 0 wrong, -1 not to be drawn: undecided, without score, or a duplicate */
    double *score; /* NaN where there is none */
    const char **generator;
    double *weight; /* how often the text was drawn: 1, or more where duplicates were merged into it */
    const lem_json **steps;  /* its step_labels; NULL = none */
    size_t *bytes;           /* of the text */
    const lem_json **finish; /* its finish_reason, borrowed from the row, or NULL */
    int8_t *cut;             /* 1: finish_reason is "length", 0: another, -1: none stands there */
    int n, cap;
    uint64_t undecided, unscored, duplicates; /* counted over all rows added since the struct was zeroed */
} lem_responses;

typedef struct lem_responses_how {
    bool need_score;      /* a response without rm_score is not drawn */
    bool keep_duplicates; /* identical texts are otherwise drawn once */
} lem_responses_how;

void lem_responses_clear(lem_responses *r); /* for the next problem; counts stay */
void lem_responses_release(lem_responses *r);
/* Adds a row's candidates. `source` names them where the row has no "generator"; it is borrowed. */
lem_status lem_responses_add(lem_responses *r, const lem_json *row, const char *source,
                             const lem_responses_how *how, lem_err *err) LEM_MUST_CHECK;
/* What of the chosen ones goes into a list row. */
typedef struct lem_responses_columns {
    bool scores;  /* else null */
    bool weights; /* else no such column */
} lem_responses_columns;
/* The list row {id, problem, expected_answer, responses, labels, scores, generators} of the chosen ones, with
 * weights if asked for and step_labels if one of them has some (null for the others); the first three from
 * `row`. Owned by the caller; NULL when memory ran out. */
lem_json *lem_responses_list(const lem_responses *r, const lem_json *row, const int *chosen, int n,
                             const lem_responses_columns *columns);

#endif
