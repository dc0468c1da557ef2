/* modes_expr_priv.h - expressions of the compatibility modes and the question that their originals put to
 * sympy: is the difference zero?
 *
 * Each mode parses by its original's grammar into these trees. Equality is decided exactly on rationals, else
 * by evaluation with running error bounds at fixed points (complex for modes whose symbols carry no
 * assumption, real where the original declares them real), with principal branches as sympy has them. Trees
 * are bounded by MODE_MAX_NODES and MODE_MAX_LEVELS (a sum of n terms has n levels), brackets by
 * MODE_MAX_DEPTH. */
#ifndef LEM_GRADE_COMPAT_MODES_EXPR_H
#define LEM_GRADE_COMPAT_MODES_EXPR_H

#include "grade/compat/modes_text_priv.h"

enum { MODE_MAX_NODES = 6000, MODE_MAX_DEPTH = 120, MODE_MAX_LEVELS = 1200 };

typedef enum mode_kind {
    MODE_NUM,   /* q; decimal: a floating-point number in the original */
    MODE_SYM,   /* name */
    MODE_CONST, /* name "pi", "e", "i"; "oo" and "nan" have no value */
    MODE_ADD,
    MODE_MUL,
    MODE_POW, /* base, exponent */
    MODE_FN   /* name, n kids; names without a known meaning are free functions */
} mode_kind;

typedef struct mode_expr {
    mode_kind kind;
    bool decimal;
    uint16_t levels;
    uint32_t n;
    mode_text name;
    lem_rat *q;
    struct mode_expr *kid[2]; /* a function of more arguments has the first in kid[0] and a FN "," of the
                                 others in kid[1] */
} mode_expr;

mode_expr *lem_mode_num(lem_work *w,
                        mode_text digits); /* digits with at most one point, e-notation allowed */
mode_expr *lem_mode_int(lem_work *w, long v);
mode_expr *lem_mode_sym(lem_work *w, mode_text name);
mode_expr *lem_mode_const(lem_work *w, const char *name);
/* NULL when an argument is NULL. */
mode_expr *lem_mode_op(lem_work *w, mode_kind kind, mode_expr *a, mode_expr *b);
mode_expr *lem_mode_neg(lem_work *w, mode_expr *a);
mode_expr *lem_mode_div(lem_work *w, mode_expr *a, mode_expr *b);
mode_expr *lem_mode_sqrt(lem_work *w, mode_expr *a);
mode_expr *lem_mode_fn(lem_work *w, mode_text name, mode_expr *a, mode_expr *b); /* b may be NULL */
bool lem_mode_is_free_of_symbols(const mode_expr *a);

typedef enum mode_answer { MODE_EQUAL, MODE_EQUAL_NUMERIC, MODE_DIFFERENT, MODE_UNKNOWN } mode_answer;
mode_answer lem_mode_compare(lem_work *w, const mode_expr *a, const mode_expr *b, bool real);
/* The same tree, written the same way. */
bool lem_mode_same(const mode_expr *a, const mode_expr *b);
/* The exact value of an expression without symbols and roots, else NULL; never sets w->limit for numbers that
 * are merely large. */
lem_rat *lem_mode_exact(lem_work *w, const mode_expr *a);
/* Real value of a constant expression; false when it has none. */
bool lem_mode_value(lem_work *w, const mode_expr *a, long double *re, long double *im);

#endif
