/* ball_priv.h - the nodes of a dag as balls that contain their values, and when such a ball proves a zero
 *
 * A run evaluates every node that two roots need at one precision, for constants or at a sample point. Real
 * mode (no i below, free symbols): a node whose value is not real is undefined. Constants: principal values,
 * but odd roots of negative reals are real.
 *
 * Zero: an algebraic number built from integers by + - * / and roots is U/L with algebraic integers U, L
 * whose conjugates are at most u and l; if it is not 0 then |U/L| >= 1/(u^(D-1) l), D the degree of a field
 * that contains all (Burnikel, Funke, Mehlhorn, Schirra, Schmitt: A Separation Bound for Real Algebraic
 * Expressions, ESA 2001). cos(pi p/q) is (a sum of two roots of unity)/2, so u = l = 2 and D has the factor
 * phi. */
#ifndef LEM_ANSWER_BALL_PRIV_H
#define LEM_ANSWER_BALL_PRIV_H

#include "answer/decide/dag_priv.h"
#include "answer/decide/flint_priv.h"

enum { BALL_CONSTANT = -1, BALL_MAX_BITS = 4096, BALL_POINTS = 12 };

typedef enum ball_state {
    BALL_OK,
    BALL_FUZZY,    /* not enough precision to tell, or too large */
    BALL_UNDEFINED /* certainly no value (in real mode: no real value) */
} ball_state;

typedef struct ball_bound {
    int64_t u, l; /* log2 of the bounds above in 1/1024, rounded up; u < 0: not algebraic */
} ball_bound;

typedef struct balls {
    dag *d;
    uint32_t a, b, n;
    uint8_t *need, *state;
    acb_ptr v;
    ball_bound *bound;
    int64_t degree; /* D; 0: not algebraic, or too large */
    long prec;
    int point;
    bool real, integers; /* integers: symbols are whole numbers at the sample points */
    acb_srcptr at;       /* if set: what the symbols are, all of them */
    bool holomorphic;    /* no value where a function of `at` may jump or branch */
} balls;

bool lem_balls_init(balls *e, dag *d, uint32_t a, uint32_t b); /* false at a limit; release in any case */
void lem_balls_release(balls *e);
/* State of the pair: undefined if either is, fuzzy if either is, else OK. At a limit fuzzy. */
ball_state lem_balls_run(balls *e, long prec, int point);
bool lem_balls_differ(const balls *e);           /* the ball of a - b excludes zero */
bool lem_balls_agree(const balls *e, long bits); /* |a - b| < 2^-bits certainly */
long lem_balls_bits_needed(
    const balls *e); /* precision that decides a = b; 0 when there is none up to BALL_MAX_BITS */
bool lem_balls_proven_equal(const balls *e);
bool lem_balls_negative_point(const balls *e,
                              uint32_t symbol); /* the sign of a symbol at the point of the last run */

/* bounds.c */
ball_bound lem_bound_leaf(const dag_node *x);
ball_bound lem_bound_node(const dag_node *x, ball_bound a, ball_bound b);
ball_bound lem_bound_integer(const fmpz_t n);
int64_t lem_bound_degree(const dag *d, const uint8_t *need, uint32_t n);
int64_t lem_bound_bits(ball_bound x,
                       int64_t degree); /* x is 0 if it is smaller than 2^-bits; INT64_MAX: unknown */

#endif
