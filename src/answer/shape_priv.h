/* shape_priv.h - what an answer says, without what it is dressed in: labels, units, percent, ± written out,
 * sets of the line as unions of intervals */
#ifndef LEM_ANSWER_SHAPE_H
#define LEM_ANSWER_SHAPE_H

#include "answer/ast_priv.h"

/* What surrounds a value and does not change which number it is. */
typedef struct shape {
    const ast_node *v;
    const ast_node *label;   /* x of "x = 5", "x \in S", "f(x) = …" */
    const ast_node *modulus; /* 7 of "3 (mod 7)" */
    const char *unit, *currency;
    uint32_t unit_len, currency_len;
    bool percent, degree;
} shape;

shape lem_shape_of(lem_work *w, const ast_node *a);
/* A single symbol, f(x), AB, |AB|, a text: what may stand before '=' as the name of an answer. */
bool lem_shape_is_label(const ast_node *a);
/* Free symbols (not pi, e, i, infty, sets) in order of first occurrence; returns how many, at most max + 1.
 */
size_t lem_shape_symbols(lem_work *w, const ast_node *a, const ast_node **out, size_t max);
bool lem_shape_has(lem_work *w, const ast_node *a, ast_kind kind);

/* ---- subsets of the real line (shape_region.c) ---- */

enum { REGION_MAX = 48 };

typedef struct region_end {
    const ast_node *v; /* NULL: infinite */
    bool closed;
} region_end;

typedef struct region_piece {
    region_end lo, hi;
} region_piece;

typedef struct region {
    region_piece piece[REGION_MAX];
    uint32_t n;
    bool sorted;         /* pieces ascend and do not touch; else in the order written, ends not comparable */
    const ast_node *var; /* the symbol that a relation constrains, if any */
    uint32_t lists;      /* 1: it was a list or set of points */
    bool unsolved;       /* it was an inequality that is not linear, such as x^2 < 4 */
} region;

/* The subset that a tree describes. Strict: only what can be nothing else, such as x > 2, [0,1), unions,
 * \mathbb{R} without 0; otherwise also (a,b), sets and lists of points. False without w->limit: it is none,
 * or its ends cannot be put in order. */
bool lem_region_of(lem_work *w, const ast_node *a, bool strict, region *out);
/* Where lhs op rhs holds, op of < l > g n; both sides together a rational function of one symbol
 * (shape_inequality.c). */
bool lem_shape_solve_inequality(lem_work *w, const ast_node *lhs, char op, const ast_node *rhs, region *out);

#endif
