/* dag.c - the table of shared nodes and its arithmetic: sums, products, whole powers */
#include "answer/decide/dag_priv.h"

#include "core/hash.h"

#include <string.h>

enum { FIRST_CAP = 64 };

static bool grow(dag *d) {
    uint32_t cap = d->cap ? d->cap * 2 : FIRST_CAP;
    if (d->cap >= DAG_MAX_NODES) d->w->limit = true;
    dag_node *node = d->w->limit ? NULL : lem_work_alloc(d->w, cap, sizeof *node);
    uint32_t *slot = node ? lem_work_alloc(d->w, (size_t)cap * 2, sizeof *slot) : NULL;
    if (!slot || !lem_work_spend(d->w, cap)) return false;
    if (d->n) memcpy(node, d->node, d->n * sizeof *node);
    for (uint32_t i = 0; i < d->n; i++) {
        uint32_t at = (uint32_t)node[i].hash % (cap * 2);
        while (slot[at]) at = (at + 1) % (cap * 2);
        slot[at] = i + 1;
    }
    d->node = node;
    d->slot = slot;
    d->cap = cap;
    return true;
}

static uint64_t hash_of(const dag_node *x) {
    uint64_t head[4] = {x->op, x->a, x->b, (uint64_t)x->k}, h = lem_hash64(head, sizeof head, 1);
    if (x->q) {
        mpz_srcptr n = mpq_numref(x->q->q), m = mpq_denref(x->q->q);
        h = lem_hash64(mpz_limbs_read(n), mpz_size(n) * sizeof(mp_limb_t), h + (mpz_sgn(n) < 0));
        h = lem_hash64(mpz_limbs_read(m), mpz_size(m) * sizeof(mp_limb_t), h);
    }
    return x->len ? lem_hash64(x->name, x->len, h) : h;
}

static bool same(const dag_node *x, const dag_node *y) {
    if (x->op != y->op || x->a != y->a || x->b != y->b || x->k != y->k || x->len != y->len || !x->q != !y->q)
        return false;
    if (x->len && memcmp(x->name, y->name, x->len) != 0) return false;
    return !x->q || lem_rat_equal(x->q, y->q);
}

/* What is below a node is below those above it. */
static void inherit(dag_node *x, const dag_node *a, const dag_node *b) {
    x->symbols = x->op == DAG_SYM || a->symbols || b->symbols;
    x->infinite = x->op == DAG_INFINITY || a->infinite || b->infinite;
    x->free = x->op == DAG_FREE || a->free || b->free;
    x->enclosed = x->op == DAG_ENCLOSED || a->enclosed || b->enclosed;
    x->imaginary = x->op == DAG_I || a->imaginary || b->imaginary;
}

static uint32_t shared(dag *d, dag_node x) {
    if (!lem_work_spend(d->w, 16) || (d->n == d->cap && !grow(d))) return 0;
    x.hash = hash_of(&x);
    uint32_t at = (uint32_t)x.hash % (d->cap * 2);
    for (; d->slot[at]; at = (at + 1) % (d->cap * 2))
        if (same(&d->node[d->slot[at] - 1], &x)) return d->slot[at] - 1;
    const dag_node *a = &d->node[x.a], *b = &d->node[x.b];
    static const dag_node none = {0};
    bool leaf = d->n == 0;
    if (leaf) inherit(&x, &none, &none);
    else inherit(&x, a, b);
    d->node[d->n] = x;
    d->slot[at] = ++d->n;
    return d->n - 1;
}

bool lem_dag_init(dag *d, lem_work *w) {
    *d = (dag){.w = w};
    (void)shared(d, (dag_node){.op = DAG_UNDEFINED});
    (void)lem_dag_int(d, 1);
    return !w->limit;
}

bool lem_dag_is(const dag *d, uint32_t a, dag_op op) { return d->node[a].op == op; }
const lem_rat *lem_dag_value(const dag *d, uint32_t a) {
    return d->node[a].op == DAG_RAT ? d->node[a].q : NULL;
}
bool lem_dag_small(const dag *d, uint32_t a, long limit, long *out) {
    const lem_rat *q = lem_dag_value(d, a);
    return q && lem_rat_small(q, limit, out);
}

uint32_t lem_dag_rat(dag *d, const lem_rat *q) {
    return q ? shared(d, (dag_node){.op = DAG_RAT, .q = q}) : 0;
}
uint32_t lem_dag_int(dag *d, long v) { return lem_dag_rat(d, lem_rat_int(d->w, v)); }
uint32_t lem_dag_leaf(dag *d, dag_op op) { return shared(d, (dag_node){.op = (uint8_t)op}); }

uint32_t lem_dag_plain(dag *d, dag_op op, uint32_t a, uint32_t b) {
    return a ? shared(d, (dag_node){.op = (uint8_t)op, .a = a, .b = b}) : 0;
}
uint32_t lem_dag_numbered(dag *d, dag_op op, uint32_t a, long k) {
    return a ? shared(d, (dag_node){.op = (uint8_t)op, .a = a, .k = k}) : 0;
}
uint32_t lem_dag_named(dag *d, dag_op op, const char *name, uint32_t len, uint32_t a, uint32_t b) {
    return shared(d, (dag_node){.op = (uint8_t)op, .a = a, .b = b, .name = name, .len = len});
}

static uint32_t commuting(dag *d, dag_op op, uint32_t a, uint32_t b) {
    if (!a || !b) return 0;
    return a < b ? lem_dag_plain(d, op, a, b) : lem_dag_plain(d, op, b, a);
}

dag_scaled lem_dag_split(dag *d, uint32_t a) {
    const dag_node *x = &d->node[a];
    if (x->op == DAG_RAT) return (dag_scaled){x->q, 1};
    if (x->op == DAG_MUL && lem_dag_is(d, x->a, DAG_RAT)) return (dag_scaled){d->node[x->a].q, x->b};
    if (x->op == DAG_MUL && lem_dag_is(d, x->b, DAG_RAT)) return (dag_scaled){d->node[x->b].q, x->a};
    return (dag_scaled){d->node[1].q, a};
}

static uint32_t scaled(dag *d, const lem_rat *c, uint32_t r) {
    if (!c || !r) return 0;
    if (lem_rat_is(c, 1) || r == 1) return r == 1 ? lem_dag_rat(d, c) : r;
    if (lem_rat_sign(c) == 0) return lem_dag_rat(d, c);
    return commuting(d, DAG_MUL, lem_dag_rat(d, c), r);
}

/* a = (rational part) + rest; rest 0 stands for "nothing" */
static const lem_rat *constant_part(const dag *d, uint32_t a, uint32_t *rest) {
    const dag_node *x = &d->node[a];
    *rest = 0;
    if (x->op == DAG_RAT) return x->q;
    *rest = a;
    if (x->op != DAG_ADD) return NULL;
    if (lem_dag_is(d, x->a, DAG_RAT)) return *rest = x->b, d->node[x->a].q;
    if (lem_dag_is(d, x->b, DAG_RAT)) return *rest = x->a, d->node[x->b].q;
    return NULL;
}

static uint32_t add_rests(dag *d, uint32_t a, uint32_t b) {
    dag_scaled x = lem_dag_split(d, a), y = lem_dag_split(d, b);
    if (x.r == y.r && lem_rat_fits(x.c, y.c)) return scaled(d, lem_rat_add(d->w, x.c, y.c), x.r);
    return commuting(d, DAG_ADD, a, b);
}

/* c + rest; no c is zero. */
static uint32_t sum_with(dag *d, const lem_rat *c, uint32_t rest) {
    if (!c || lem_rat_sign(c) == 0) return rest;
    if (!lem_dag_is(d, rest, DAG_RAT)) return commuting(d, DAG_ADD, lem_dag_rat(d, c), rest);
    return lem_rat_sign(d->node[rest].q) == 0 ? lem_dag_rat(d, c)
                                              : commuting(d, DAG_ADD, rest, lem_dag_rat(d, c));
}

uint32_t lem_dag_add(dag *d, uint32_t a, uint32_t b) {
    if (!a || !b) return 0;
    uint32_t u, v;
    const lem_rat *x = constant_part(d, a, &u), *y = constant_part(d, b, &v);
    if (x && y && !lem_rat_fits(x, y)) return commuting(d, DAG_ADD, a, b);
    const lem_rat *c = x && y ? lem_rat_add(d->w, x, y) : x ? x : y;
    if (!u && !v) return lem_dag_rat(d, c);
    return sum_with(d, c, !u ? v : !v ? u : add_rests(d, u, v));
}

static uint32_t base_of(const dag *d, uint32_t a) { return lem_dag_is(d, a, DAG_POW) ? d->node[a].a : a; }

/* Products of powers of one base become one power, also one level down. */
static uint32_t mul_rests(dag *d, uint32_t a, uint32_t b);

/* product times other, whose base is that of one of its factors; false where it is not. */
static bool into_product(dag *d, uint32_t product, uint32_t base, uint32_t other, uint32_t *out) {
    const uint32_t left = d->node[product].a, right = d->node[product].b;
    if (d->node[product].op != DAG_MUL) return false;
    if (base_of(d, right) == base) return *out = lem_dag_mul(d, left, mul_rests(d, right, other)), true;
    if (base_of(d, left) == base) return *out = lem_dag_mul(d, right, mul_rests(d, left, other)), true;
    return false;
}

static uint32_t mul_rests(dag *d, uint32_t a, uint32_t b) {
    if (a == 1 || b == 1) return a == 1 ? b : a;
    const dag_node *x = &d->node[a], *y = &d->node[b];
    uint32_t u = x->op == DAG_POW ? x->a : a, v = y->op == DAG_POW ? y->a : b;
    uint32_t r;
    if (u != v && (into_product(d, a, v, b, &r) || into_product(d, b, u, a, &r))) return r;
    if (u != v) return commuting(d, DAG_MUL, a, b);
    return lem_dag_pow(d, u, (x->op == DAG_POW ? x->k : 1) + (y->op == DAG_POW ? y->k : 1));
}

uint32_t lem_dag_mul(dag *d, uint32_t a, uint32_t b) {
    if (!a || !b) return 0;
    dag_scaled x = lem_dag_split(d, a), y = lem_dag_split(d, b);
    if (!lem_rat_fits(x.c, y.c)) return commuting(d, DAG_MUL, a, b);
    const lem_rat *c = lem_rat_is(x.c, 1) ? y.c : x.c;
    if (!lem_rat_is(x.c, 1) && !lem_rat_is(y.c, 1)) c = lem_rat_mul(d->w, x.c, y.c);
    uint32_t r = mul_rests(d, x.r, y.r);
    dag_scaled z = lem_dag_split(d, r); /* a power of a root may have become rational */
    if (!c || !r) return 0;
    if (lem_rat_is(z.c, 1)) return scaled(d, c, r);
    if (!lem_rat_fits(c, z.c)) return commuting(d, DAG_MUL, lem_dag_rat(d, c), r);
    return scaled(d, lem_rat_mul(d->w, c, z.c), z.r);
}

uint32_t lem_dag_scale(dag *d, uint32_t a, long num, long den) {
    lem_rat *q = lem_rat_div(d->w, lem_rat_int(d->w, num), lem_rat_int(d->w, den));
    return lem_dag_mul(d, lem_dag_rat(d, q), a);
}

uint32_t lem_dag_sub(dag *d, uint32_t a, uint32_t b) { return lem_dag_add(d, a, lem_dag_scale(d, b, -1, 1)); }
uint32_t lem_dag_div(dag *d, uint32_t a, uint32_t b) { return lem_dag_mul(d, a, lem_dag_pow(d, b, -1)); }

static uint32_t pow_of_i(dag *d, uint32_t i, long k) {
    static const signed char sign[] = {1, 1, -1, -1};
    long m = ((k % 4) + 4) % 4;
    return m % 2 ? lem_dag_scale(d, i, sign[m], 1) : lem_dag_int(d, sign[m]);
}

/* (p^(1/n))^k for rational p: whole powers of p are taken out */
static uint32_t pow_of_root(dag *d, uint32_t a, long k) {
    uint32_t p = d->node[a].a;
    long n = d->node[a].k, whole = k >= 0 ? k / n : -((-k + n - 1) / n), rest = k - whole * n;
    uint32_t r = rest == 0 ? 1 : rest == 1 ? a : lem_dag_numbered(d, DAG_POW, a, rest);
    return lem_dag_mul(d, lem_dag_pow(d, p, whole), r);
}

static uint32_t pow_of_rational(dag *d, uint32_t a, const lem_rat *q, long k) {
    if (lem_rat_sign(q) == 0) return k > 0 ? a : 0;
    if (lem_rat_pow_fits(q, k)) return lem_dag_rat(d, lem_rat_pow(d->w, q, k));
    return lem_dag_huge_power(d, a, lem_rat_int(d->w, k));
}

static bool is_small_product(long a, long k) {
    long most = DAG_MAX_EXPONENT / (k < 0 ? -k : k);
    return a < most && a > -most;
}

uint32_t lem_dag_pow(dag *d, uint32_t a, long k) {
    if (!a || k == 1) return a;
    if (k == 0) return 1;
    dag_node x = d->node[a];
    if (x.op == DAG_RAT) return pow_of_rational(d, a, x.q, k);
    if (x.op == DAG_POW && is_small_product(x.k, k)) return lem_dag_pow(d, x.a, x.k * k);
    if (x.op == DAG_I) return pow_of_i(d, a, k);
    if (x.op == DAG_ROOT && lem_dag_is(d, x.a, DAG_RAT)) return pow_of_root(d, a, k);
    dag_scaled s = lem_dag_split(d, a);
    if (s.r != a && lem_rat_pow_fits(s.c, k))
        return lem_dag_mul(d, lem_dag_rat(d, lem_rat_pow(d->w, s.c, k)), lem_dag_pow(d, s.r, k));
    return lem_dag_numbered(d, DAG_POW, a, k);
}
