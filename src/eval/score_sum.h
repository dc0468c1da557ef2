/* eval/score_sum.h - a score that a candidate has by a field of its row, or by a weighted sum of several */
#ifndef LEM_EVAL_SCORE_SUM_H
#define LEM_EVAL_SCORE_SUM_H

#include "core/json.h"

enum { LEM_SCORE_SUM_TERMS = 8, LEM_SCORE_SUM_NAME = 17, LEM_SCORE_SUM_FIELD = 64 };

typedef struct lem_score_term {
    double weight;
    char field[LEM_SCORE_SUM_FIELD]; /* dotted path of a list of numbers or null, one a candidate */
} lem_score_term;

typedef struct lem_score_sum { /* plain data */
    char name[LEM_SCORE_SUM_NAME];
    lem_score_term term[LEM_SCORE_SUM_TERMS];
    int n; /* 0: the name stands alone, and means a score that the rows have under it ("rm", "prm-min",
              "logprob") */
} lem_score_sum;

/* Reads "NAME" or "NAME=FIELD+0.5*FIELD-FIELD": letters, digits, '-' and '_' in a name (up to 16), '.' too in
 * a field. LEM_EUSAGE says what is wrong. */
lem_status lem_score_sum_parse(const char *text, lem_score_sum *out, lem_err *err) LEM_MUST_CHECK;
/* v[0..n): the sums of a row of n candidates, NAN where a term is null. LEM_EDATA for a field that is no list
 * of n. */
lem_status lem_score_sum_row(const lem_score_sum *s, const lem_json *row, int n, double *v,
                             lem_err *err) LEM_MUST_CHECK;

#endif
