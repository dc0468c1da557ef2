/* dag_priv.h - scalars as one table of shared nodes, both sides of a comparison in the same table
 *
 * A node refers to earlier nodes only, and two nodes of the same form are one node: evaluation is a loop over
 * the table, the same subexpression is computed once, and a radical that occurs twice counts once in a
 * separation bound. Constructors fold rationals, write roots of rationals as roots of primes, logarithms of
 * rationals as logarithms of primes, hyperbolic functions by exp, tan by sin and cos, and sin and cos of
 * rational multiples of pi as one kind. Every rewriting holds for all values at which both forms are defined.
 *
 * Conventions: odd roots of negative reals are real; log without a base is to base 10; node 0 is "undefined"
 * (1/0 written out), node 1 is the number 1. */
#ifndef LEM_ANSWER_DAG_PRIV_H
#define LEM_ANSWER_DAG_PRIV_H

#include "answer/ast_priv.h"

enum { DAG_MAX_NODES = 6000, DAG_MAX_EXPONENT = 1 << 30, DAG_MAX_ROOT = 1 << 20 };

typedef enum dag_op {
    DAG_UNDEFINED, /* node 0 */
    DAG_RAT,       /* q */
    DAG_SYM,       /* name */
    DAG_PI,
    DAG_E,
    DAG_I,
    DAG_INFINITY,
    DAG_ADD,   /* a + b */
    DAG_MUL,   /* a b */
    DAG_POW,   /* a^k, k not 0 or 1 */
    DAG_ROOT,  /* k-th root of a, k >= 2 */
    DAG_COSPI, /* cos(pi q), 0 < q < 1/2 */
    DAG_TOWER, /* a^b: any other power */
    DAG_LN,
    DAG_EXP,
    DAG_SIN,
    DAG_COS,
    DAG_ASIN,
    DAG_ACOS,
    DAG_ATAN,
    DAG_ABS,
    DAG_FLOOR,
    DAG_CEIL,
    DAG_GAMMA,
    DAG_MAX, /* of a and b */
    DAG_MIN,
    DAG_ENCLOSED, /* a real number from a to b, both rational */
    DAG_FREE      /* function `name` of a (and b), of which nothing is known */
} dag_op;

typedef struct dag_node {
    uint8_t op;
    bool symbols, infinite, free, imaginary, enclosed; /* something below is a symbol, infinity, DAG_FREE, i,
                                                          DAG_ENCLOSED */
    uint32_t a, b, len;
    long k;
    const lem_rat *q;
    const char *name;
    uint64_t hash;
} dag_node;

typedef struct dag {
    lem_work *w;
    dag_node *node;
    uint32_t n, cap;
    uint32_t *slot; /* hash table of 2 cap entries, node + 1 */
    bool foreign;   /* a part is not a scalar */
} dag;

bool lem_dag_init(dag *d, lem_work *w);
/* The node of a tree; 0 also at a limit (then w->limit is set). */
uint32_t lem_dag_build(dag *d, const ast_node *a);

uint32_t lem_dag_rat(dag *d, const lem_rat *q);
uint32_t lem_dag_int(dag *d, long v);
uint32_t lem_dag_leaf(dag *d, dag_op op);
uint32_t lem_dag_named(dag *d, dag_op op, const char *name, uint32_t len, uint32_t a, uint32_t b);
uint32_t lem_dag_add(dag *d, uint32_t a, uint32_t b);
uint32_t lem_dag_mul(dag *d, uint32_t a, uint32_t b);
uint32_t lem_dag_scale(dag *d, uint32_t a, long num, long den); /* a num/den */
uint32_t lem_dag_sub(dag *d, uint32_t a, uint32_t b);
uint32_t lem_dag_div(dag *d, uint32_t a, uint32_t b);
uint32_t lem_dag_pow(dag *d, uint32_t a, long k);
uint32_t lem_dag_root(dag *d, uint32_t a, long k);
uint32_t lem_dag_power(dag *d, uint32_t a, uint32_t b);
uint32_t lem_dag_huge_power(dag *d, uint32_t a,
                            const lem_rat *e); /* rational a, whole e: as powers of primes, not written out */
uint32_t lem_dag_ln(dag *d, uint32_t a);
uint32_t lem_dag_exp(dag *d, uint32_t a);
uint32_t lem_dag_cos(dag *d, uint32_t a);
uint32_t lem_dag_sin(dag *d, uint32_t a);
uint32_t lem_dag_plain(dag *d, dag_op op, uint32_t a, uint32_t b); /* no rewriting beyond sharing */
uint32_t lem_dag_numbered(dag *d, dag_op op, uint32_t a, long k);

bool lem_dag_is(const dag *d, uint32_t a, dag_op op);
const lem_rat *lem_dag_value(const dag *d, uint32_t a); /* of a DAG_RAT, else NULL */
bool lem_dag_small(const dag *d, uint32_t a, long limit, long *out);
/* a = c r with a rational c (1 when there is none); r is node 1 when a is rational. */
typedef struct dag_scaled {
    const lem_rat *c;
    uint32_t r;
} dag_scaled;
dag_scaled lem_dag_split(dag *d, uint32_t a);

#endif
