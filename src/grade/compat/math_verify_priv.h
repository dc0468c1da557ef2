/* math_verify_priv.h - what Math-Verify 0.9 makes of an answer: a value of sympy's kinds, and the text it was
 * read from
 *
 * Facts from the Apache-licensed math-verify 0.9.0 (parser.py, grader.py) and MIT
 * latex2sympy2_extended 1.11.0 (PS.g4, math_normalization.py, latex2sympy2.py). Sums, integrals, limits,
 * determinants and operator names are not read here, though they are there. */
#ifndef LEM_GRADE_COMPAT_MATH_VERIFY_H
#define LEM_GRADE_COMPAT_MATH_VERIFY_H

#include "grade/compat/modes_expr_priv.h"

typedef enum mv_kind {
    MV_EXPR,
    MV_REL, /* kid[0] op kid[1] */
    MV_AND, /* a chain of relations */
    MV_SET, /* finite, in the order written, without repetitions */
    MV_TUPLE,
    MV_INTERVAL, /* kid[0], kid[1] */
    MV_UNION,
    MV_INTERSECTION,
    MV_MINUS,
    MV_NAMED, /* op: N Z Q R C */
    MV_EMPTY,
    MV_MATRIX /* cols */
} mv_kind;

typedef struct mv_value {
    mv_kind kind;
    char op; /* = < > l g ! */
    bool left_open, right_open;
    uint32_t n, cols;
    struct mv_value **kid;
    mode_expr *e;
} mv_value;

typedef struct mv_answer {
    mv_value *value; /* NULL: nothing could be parsed */
    mode_text text;  /* the first match after normalisation: equal texts are equal answers */
    bool found;
} mv_answer;

typedef struct mv_config {
    bool last_box; /* only the last box (and those joined to it), else all */
} mv_config;

/* normalize_latex with the units, operators and boxes rules of the default extraction. */
mode_text lem_mv_normalise(lem_work *w, mode_text t, mv_config c);
/* latex2sympy, or its last equation where that fails; NULL where it raises. */
mv_value *lem_mv_parse(lem_work *w, mode_text t);
/* math_verify.parse with its default targets, LaTeX and plain expressions. `span` is what was taken from the
 * text; may be NULL. */
mv_answer lem_mv_extract(lem_work *w, mode_text response, mode_text *span);
/* math_verify.verify: rule is set to what decided. */
mode_answer lem_mv_compare(lem_work *w, const mv_value *gold, const mv_value *pred, const char **rule);

mv_value *lem_mv_new(lem_work *w, mv_kind kind, uint32_t n);
mv_value *lem_mv_expr(lem_work *w, mode_expr *e);
bool lem_mv_only_symbols(const mode_expr *e); /* x, x/y, f(x): what an assignment may assign to */
bool lem_mv_is_percent(const mode_expr *e);   /* a number times 1/100, written as a percentage */
mode_expr *lem_mv_percent(lem_work *w, mode_expr *e);
bool lem_mv_set_add(lem_work *w, mv_value *set,
                    mv_value *v); /* appends unless it is there; the set must have room */

#endif
