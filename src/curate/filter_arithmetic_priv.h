/* filter_arithmetic_priv.h - the tokens that equations are found in, and what is done with them */
#ifndef LEM_CURATE_FILTER_ARITHMETIC_PRIV_H
#define LEM_CURATE_FILTER_ARITHMETIC_PRIV_H

#include "core/buf.h"
#include "curate/filter_arithmetic.h"
#include "answer/calc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum arith_kind {
    ARITH_NUM,
    ARITH_OP,    /* op: + - * / ^ */
    ARITH_OPEN,  /* op: ( { */
    ARITH_CLOSE, /* op: ) } */
    ARITH_FUNC,  /* \frac, \sqrt, \binom and relatives */
    ARITH_PERCENT,
    ARITH_FACTORIAL,
    ARITH_MONEY, /* counts for nothing, and ends nothing */
    ARITH_SKIP,  /* likewise: \left, &, degrees, bold, a GSM8K mark */
    ARITH_EQUAL,
    ARITH_EDGE,  /* ends a formula: punctuation, delimiters of mathematics, arrows, comparisons */
    ARITH_BREAK, /* a new line, \\ */
    ARITH_WORD,
    ARITH_TEXT, /* \text{…} */
    ARITH_OTHER /* whatever makes its neighbours no arithmetic */
} arith_kind;

typedef struct arith_token {
    uint8_t kind;
    char op;
    bool space;       /* white space stands before it */
    size_t from, end; /* bytes of the text */
} arith_token;

/* One token of text at *pos, behind white space; false at the end. Moves *pos. */
bool lem_arith_next(const char *text, size_t len, size_t *pos, const arith_token *last, arith_token *out);
/* Bytes of a mark <<…>> at text[pos] on one line; 0 where there is none. */
size_t lem_arith_mark(const char *text, size_t len, size_t pos);

struct lem_arithmetic_scan {
    arith_token *at;
    size_t n, cap;
    lem_calc *calc;
    lem_buf left, right;
};

typedef struct arith_side {
    size_t from, end; /* tokens */
} arith_side;

static inline bool lem_arith_counts(const arith_token *t) {
    return t->kind != ARITH_SKIP && t->kind != ARITH_MONEY;
}

/* filter_arithmetic_value.c */
typedef enum arith_verdict { ARITH_HOLDS, ARITH_FAILS, ARITH_UNREAD } arith_verdict;
/* Both sides are formulas in themselves; want of memory shows in the buffers of s. */
arith_verdict lem_arith_judge(lem_arithmetic_scan *s, const char *text, arith_side l, arith_side r);
/* A number and nothing else, but a sign, percent or money. */
bool lem_arith_alone(const lem_arithmetic_scan *s, arith_side x);

#endif
