/* qwen_eval.c - do two trees mean the same to sympy? Decided by evaluation at complex points with the size of
 * rounding errors carried along
 *
 * sympy's symbols are complex numbers without assumptions, so √(x²) is not x, and roots are principal;
 * complex points and C's principal branches say the same. Two constants are equal when N() brings them within
 * 1e-4, as in the original; everything else must agree to 1e-11 of the largest term at every point where both
 * sides exist. Where sympy itself cannot decide (equals returns None) and the values agree, this says equal.
 */
#include "grade/compat/qwen_priv.h"

#include "core/hash.h"

#include <math.h>
#include <string.h>

typedef long double complex cplx;

typedef struct value {
    cplx v;
    long double m; /* largest magnitude on the way: rounding errors are below m * 1e-17 or so */
    bool ok;       /* defined and finite, or a real infinity */
} value;

typedef struct binding {
    const char *name;
    cplx v;
    const struct binding *outer;
} binding;

typedef struct scene {
    lem_work *w;
    uint64_t point;
    const binding *bound; /* variables of sums */
} scene;

enum { POINTS = 8, MAX_TERMS = 2000 };
static const long double PI = 3.14159265358979323846264338327950288L;

static value some(cplx v, long double m) {
    if (cimagl(v) == 0) v = CMPLXL(creall(v), 0.0L); /* a negative zero would change the branch of a root */
    long double a = cabsl(v);
    return (value){v, m > a ? m : a, !isnan(creall(v)) && !isnan(cimagl(v))};
}
static value none(void) { return (value){0, 0, false}; }
static value plain(cplx v) { return some(v, 0); }
static bool infinite(value a) { return isinf(creall(a.v)) || isinf(cimagl(a.v)); }
static bool real(value a) { return fabsl(cimagl(a.v)) <= a.m * 1e-15L; }

/* A number of [0.35, 1.65] that depends on nothing but its key. */
static long double spread(uint64_t key) {
    uint64_t h = lem_hash64(&key, sizeof key, 0);
    return 0.35L + 1.3L * (long double)(h >> 11) / 9007199254740992.0L;
}

/* The first half of the points are complex, one in each quadrant; the others real, of either sign, for the
 * cuts of the branches lie there. Some are far out: √((z-7)²) is 7-z for all z near 0. */
static cplx point_of(uint64_t name, uint64_t point) {
    static const long double scale[POINTS] = {1, 1, 43, 1, 1, 1, 37, 1001};
    uint64_t key = name * 1000003u + point;
    long double x = spread(key) * scale[point];
    if (point >= POINTS / 2) return (spread(key ^ 0x5bd1e995u) < 1 ? -1 : 1) * x;
    return CMPLXL((point & 1u ? -1 : 1) * x, (point & 2u ? -1 : 1) * spread(~key) * scale[point]);
}

static uint64_t hash_name(const char *s) { return lem_hash64(s, strlen(s), 0); }

static uint64_t hash_tree(const qwen_node *a);

/* Sums and products: the order and grouping of their terms do not matter. */
static uint64_t hash_terms(const qwen_node *a, qwen_kind kind) {
    if (a->kind == kind) return hash_terms(a->kid[0], kind) + hash_terms(a->kid[1], kind);
    return hash_tree(a);
}

static uint64_t hash_tree(const qwen_node *a) {
    uint64_t h[3] = {hash_name(a->name), (uint64_t)a->kind, a->n};
    if (a->kind == QWEN_ADD || a->kind == QWEN_MUL) {
        h[0] = hash_terms(a, a->kind);
        return lem_hash64(h, sizeof h, 0);
    }
    for (uint32_t i = 0; i < a->n; i++) {
        uint64_t next[2] = {h[0], hash_tree(a->kid[i])};
        h[0] = lem_hash64(next, sizeof next, 0);
    }
    return lem_hash64(h, sizeof h, 0);
}

static value add(value a, value b) {
    if (!a.ok || !b.ok) return none();
    if (infinite(a)) return infinite(b) && creall(a.v) != creall(b.v) ? none() : a;
    if (infinite(b)) return b;
    return some(a.v + b.v, fmaxl(a.m, b.m));
}

static value mul(value a, value b) {
    if (!a.ok || !b.ok) return none();
    if (infinite(a) || infinite(b)) {
        long double s = creall(a.v) * creall(b.v);
        return real(a) && real(b) && s != 0 && !isnan(s) ? plain(s > 0 ? INFINITY : -INFINITY) : none();
    }
    return some(a.v * b.v, a.m * b.m);
}

/* Neither is infinite, a is not 0. */
static cplx finite_power(value a, value b) {
    long double e = creall(b.v);
    bool is_real = cimagl(a.v) == 0 && cimagl(b.v) == 0, whole = e == roundl(e);
    if (real(b) && whole && fabsl(e) <= 64) {
        cplx base = e < 0 ? 1 / a.v : a.v, v = 1;
        for (int k = (int)fabsl(e); k > 0; k--) v *= base;
        return v;
    }
    if (is_real && creall(a.v) > 0) return powl(creall(a.v), e);
    if (is_real && e == 0.5L) return csqrtl(a.v);
    return is_real && whole ? powl(creall(a.v), e) : cpowl(a.v, b.v);
}

static value infinite_power(value a, value b) {
    if (real(b) && creall(b.v) < 0) return plain(0);
    return real(b) && creall(b.v) > 0 && creall(a.v) > 0 ? a : none();
}

static value power_of(value a, value b) {
    if (!a.ok || !b.ok) return none();
    if (infinite(b)) return none();
    if (infinite(a)) return infinite_power(a, b);
    if (a.v == 0 && b.v == 0) return plain(1);
    if (a.v == 0) return creall(b.v) > 0 ? plain(0) : none();
    long double wide = fmaxl(1, cabsl(b.v)) * fmaxl(1, a.m / cabsl(a.v));
    cplx v = finite_power(a, b);
    value r = some(v, cabsl(v) * wide);
    return infinite(r) ? none() : r; /* beyond the range of numbers: not decided */
}

/* Γ(z+1) by Lanczos' series (g = 7, nine terms), about 15 digits; whole numbers exactly as long as they fit.
 */
static cplx factorial(cplx z) {
    static const long double c[] = {0.99999999999980993227684700473478L,
                                    676.520368121885098567009190444019L,
                                    -1259.13921672240287047156078755283L,
                                    771.3234287776530788486528258894L,
                                    -176.61502916214059906584551354L,
                                    12.507343278686904814458936853L,
                                    -0.13857109526572011689554707L,
                                    9.984369578019570859563e-6L,
                                    1.50563273514931155834e-7L};
    if (cimagl(z) == 0 && creall(z) == floorl(creall(z)))
        return creall(z) < 0 ? (cplx)NAN : (cplx)roundl(tgammal(creall(z) + 1));
    if (creall(z) < -0.5L) return PI * -z / (csinl(PI * -z) * factorial(-z)) / 1; /* z! (-z)! = πz / sin πz */
    cplx x = c[0];
    for (int i = 1; i < 9; i++) x += c[i] / (z + i);
    cplx t = z + 7.5L;
    return sqrtl(2 * PI) * cpowl(t, z + 0.5L) * cexpl(-t) * x;
}

static value to_whole(value x, bool up) {
    return plain(up ? CMPLXL(ceill(creall(x.v) - 1e-15L), ceill(cimagl(x.v)))
                    : CMPLXL(floorl(creall(x.v) + 1e-15L), floorl(cimagl(x.v))));
}

static value elementary(const char *name, value x) {
    static const struct {
        const char *name;
        cplx (*f)(cplx);
        int how; /* 1: reciprocal of f, 2: f of the reciprocal */
    } table[] = {
        {"exp", cexpl, 0},           {"sin", csinl, 0},     {"cos", ccosl, 0},     {"tan", ctanl, 0},
        {"csc", csinl, 1},           {"sec", ccosl, 1},     {"cot", ctanl, 1},     {"asin", casinl, 0},
        {"acos", cacosl, 0},         {"atan", catanl, 0},   {"acsc", casinl, 2},   {"asec", cacosl, 2},
        {"acot", catanl, 2},         {"sinh", csinhl, 0},   {"cosh", ccoshl, 0},   {"tanh", ctanhl, 0},
        {"asinh", casinhl, 0},       {"acosh", cacoshl, 0}, {"atanh", catanhl, 0}, {"log", clogl, 0},
        {"factorial", factorial, 0}, {"conj", conjl, 0},
    };
    long double wide = fmaxl(1, x.m);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(name, table[i].name) != 0) continue;
        cplx v = table[i].f(table[i].how == 2 ? 1 / x.v : x.v);
        value r = some(table[i].how == 1 ? 1 / v : v, 0);
        r.m = strcmp(name, "exp") == 0 || table[i].how == 1 ? r.m * wide : fmaxl(r.m, wide);
        return infinite(r) ? none() : r;
    }
    return none();
}

static value function_value(const char *name, value x, value y) {
    if (!x.ok || (infinite(x) && strcmp(name, "abs") != 0)) return none();
    if (strcmp(name, "abs") == 0) return some(cabsl(x.v), x.m);
    if (strcmp(name, "ceiling") == 0) return to_whole(x, true);
    if (strcmp(name, "floor") == 0) return to_whole(x, false);
    if (strcmp(name, "binom") == 0) return some(factorial(x.v) / (factorial(y.v) * factorial(x.v - y.v)), 0);
    if (strcmp(name, "log") == 0 && y.ok) {
        if (x.v == 0 || y.v == 1 || y.v == 0) return none();
        return some(clogl(x.v) / clogl(y.v), fmaxl(1, x.m));
    }
    return elementary(name, x);
}

static value eval(const scene *s, const qwen_node *a);

static value sum_value(const scene *s, const qwen_node *a) {
    value from = eval(s, a->kid[2]), to = eval(s, a->kid[3]);
    if (a->kid[1]->kind != QWEN_SYM || !from.ok || !to.ok || !real(from) || !real(to) || infinite(from) ||
        infinite(to)) {
        cplx v = point_of(hash_tree(a), s->point);
        return plain(v);
    }
    bool product = strcmp(a->name, "prod") == 0;
    value all = plain(product);
    long double first = creall(from.v), last = creall(to.v);
    if (last - first > MAX_TERMS) return none();
    /* From a number that need not be whole, at most MAX_TERMS steps.
     * NOLINTNEXTLINE(clang-analyzer-security.FloatLoopCounter) */
    for (long double k = first; k <= last; k++) {
        binding b = {a->kid[1]->name, k, s->bound};
        scene inner = *s;
        inner.bound = &b;
        value t = eval(&inner, a->kid[0]);
        all = product ? mul(all, t) : add(all, t);
    }
    return all;
}

static bool has_decimal(const qwen_node *a) {
    if (a->kind == QWEN_NUM && strchr(a->name, '.')) return true;
    for (uint32_t i = 0; i < a->n; i++)
        if (has_decimal(a->kid[i])) return true;
    return false;
}

/* A function of which nothing is known: a number that depends on its name and, smoothly, on its arguments. */
static value unknown(const scene *s, const qwen_node *a) {
    cplx v = spread(hash_name(a->name)) +
             (has_decimal(a) ? 1 : 0); /* f(1.5) and f(3/2) are not the same to sympy */
    for (uint32_t i = 0; i < a->n; i++) {
        value x = eval(s, a->kid[i]);
        if (!x.ok || infinite(x)) return none();
        v += csinl(x.v * spread(hash_name(a->name) + i + 1)) * (i + 1) + v * v * 0.1L;
    }
    return plain(v);
}

static value symbol_value(const scene *s, const qwen_node *a) {
    for (const binding *b = s->bound; b; b = b->outer)
        if (strcmp(b->name, a->name) == 0) return plain(b->v);
    return plain(point_of(hash_name(a->name), s->point));
}

static value eval(const scene *s, const qwen_node *a) {
    if (!lem_work_spend(s->w, 20)) return none();
    switch (a->kind) {
    case QWEN_NUM: return plain(a->value);
    case QWEN_INF: return plain(INFINITY);
    case QWEN_SYM: return symbol_value(s, a);
    case QWEN_ADD: return add(eval(s, a->kid[0]), eval(s, a->kid[1]));
    case QWEN_MUL: return mul(eval(s, a->kid[0]), eval(s, a->kid[1]));
    case QWEN_POW: return power_of(eval(s, a->kid[0]), eval(s, a->kid[1]));
    case QWEN_FN: return function_value(a->name, eval(s, a->kid[0]), a->n > 1 ? eval(s, a->kid[1]) : none());
    case QWEN_UFN: return unknown(s, a);
    case QWEN_SUM: return sum_value(s, a);
    case QWEN_OPAQUE: return plain(point_of(hash_tree(a), 0));
    default: return none();
    }
}

/* As sympy prints them: \floor(x), a function it does not know, prints as \lfloor x \rfloor does. */
static bool same_tree(const qwen_node *a, const qwen_node *b) {
    bool call = (a->kind == QWEN_FN && b->kind == QWEN_UFN) || (a->kind == QWEN_UFN && b->kind == QWEN_FN);
    if ((a->kind != b->kind && !call) || a->n != b->n || a->cols != b->cols || a->value != b->value ||
        strcmp(a->name, b->name) != 0)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_tree(a->kid[i], b->kid[i])) return false;
    return true;
}

static bool scalar(const qwen_node *a) { return a->kind < QWEN_REL; }

/* math.isclose(rel_tol=1e-4), in double as the original: 0.3333 and 1/3 lie on the edge */
static bool near_by(double x, double y) {
    if (x == y) return true;
    if (isinf(x) || isinf(y)) return false;
    double gap = fabs(x - y);
    return gap <= fabs(1e-4 * x) || gap <= fabs(1e-4 * y);
}

static bool agree(value a, value b, bool magnitude) {
    if (infinite(a) || infinite(b)) return infinite(a) && infinite(b) && creall(a.v) == creall(b.v);
    long double gap = magnitude ? fabsl(cabsl(a.v) - cabsl(b.v)) : cabsl(a.v - b.v);
    return gap <= 1e-11L * fmaxl(fmaxl(a.m, b.m), 1e-30L);
}

/* The same value at every point where both exist; `magnitude`: the same absolute value. */
static bool same_values(lem_work *w, const qwen_node *a, const qwen_node *b, bool magnitude) {
    bool free = lem_qwen_has_symbols(a) || lem_qwen_has_symbols(b);
    int seen = 0;
    if (!magnitude && lem_qwen_modular_differ(w, a, b)) return false;
    for (uint64_t k = 0; k < (free ? POINTS : 1); k++) {
        scene s = {w, k, NULL};
        value x = eval(&s, a), y = eval(&s, b);
        if (w->limit) return false;
        if (!x.ok || !y.ok) continue;
        if (!agree(x, y, magnitude)) return false;
        seen++;
    }
    return seen > (free ? 2 : 0);
}

static qwen_answer scalars_equal(lem_work *w, const qwen_node *a, const qwen_node *b) {
    if (same_values(w, a, b, false)) return QWEN_SAME_FORM;
    if (lem_qwen_has_symbols(a) || lem_qwen_has_symbols(b)) return QWEN_DIFFERENT;
    scene s = {w, 0, NULL};
    value x = eval(&s, a), y = eval(&s, b);
    return x.ok && y.ok && real(x) && real(y) && near_by((double)creall(x.v), (double)creall(y.v))
               ? QWEN_SAME_VALUE
               : QWEN_DIFFERENT;
}

/* Relational.equals compares side by side; the original then compares |left - right|, whatever the signs of
 * comparison are. */
static qwen_answer relations_equal(lem_work *w, const qwen_node *a, const qwen_node *b) {
    if (scalar(a->kid[0]) && scalar(a->kid[1]) && scalar(b->kid[0]) && scalar(b->kid[1])) {
        qwen_node minus = {.kind = QWEN_NUM, .value = -1, .name = "-1"};
        qwen_node *neg_a[] = {&minus, a->kid[1]}, *neg_b[] = {&minus, b->kid[1]};
        qwen_node right_a = {.kind = QWEN_MUL, .n = 2, .kid = neg_a, .name = ""},
                  right_b = {.kind = QWEN_MUL, .n = 2, .kid = neg_b, .name = ""};
        qwen_node *sum_a[] = {a->kid[0], &right_a}, *sum_b[] = {b->kid[0], &right_b};
        qwen_node diff_a = {.kind = QWEN_ADD, .n = 2, .kid = sum_a, .name = ""},
                  diff_b = {.kind = QWEN_ADD, .n = 2, .kid = sum_b, .name = ""};
        return same_values(w, &diff_a, &diff_b, true) ? QWEN_SAME_FORM : QWEN_DIFFERENT;
    }
    if (strcmp(a->name, b->name) != 0) return QWEN_DIFFERENT;
    for (uint32_t i = 0; i < 2; i++)
        if (lem_qwen_trees_equal(w, a->kid[i], b->kid[i]) == QWEN_DIFFERENT) return QWEN_DIFFERENT;
    return QWEN_SAME_FORM;
}

/* round(x, 3) of a real constant; false for anything else, which makes the original give up. */
static bool rounded(lem_work *w, const qwen_node *a, long double *out) {
    scene s = {w, 0, NULL};
    if (!scalar(a) || lem_qwen_has_symbols(a)) return false;
    value x = eval(&s, a);
    if (!x.ok || !real(x) || infinite(x)) return false;
    *out = rintl(creall(x.v) * 1000);
    return true;
}

static qwen_answer matrices_equal(lem_work *w, const qwen_node *a, const qwen_node *b) {
    if (a->n != b->n || a->cols != b->cols) return QWEN_DIFFERENT;
    bool same = true, near = true;
    for (uint32_t i = 0; i < a->n; i++) {
        long double x, y;
        same = same && scalar(a->kid[i]) && scalar(b->kid[i]) && same_values(w, a->kid[i], b->kid[i], false);
        near = near && rounded(w, a->kid[i], &x) && rounded(w, b->kid[i], &y) && x == y;
    }
    return same ? QWEN_SAME_FORM : near ? QWEN_SAME_VALUE : QWEN_DIFFERENT;
}

static bool same_element(lem_work *w, const qwen_node *a, const qwen_node *b) {
    if (same_tree(a, b)) return true;
    if (scalar(a) && scalar(b)) return same_values(w, a, b, false);
    return a->kind == QWEN_SET && b->kind == QWEN_SET && lem_qwen_trees_equal(w, a, b) != QWEN_DIFFERENT;
}

static bool covers(lem_work *w, const qwen_node *a, const qwen_node *b) {
    for (uint32_t i = 0; i < b->n; i++) {
        bool found = false;
        for (uint32_t j = 0; j < a->n && !found; j++) found = same_element(w, a->kid[j], b->kid[i]);
        if (!found) return false;
    }
    return true;
}

/* Python's == of two sets, or of two tuples or lists. */
static qwen_answer containers_equal(lem_work *w, const qwen_node *a, const qwen_node *b) {
    if (a->name[0] != b->name[0]) return QWEN_DIFFERENT;
    if (a->name[0] == '{') return covers(w, a, b) && covers(w, b, a) ? QWEN_SAME_FORM : QWEN_DIFFERENT;
    if (a->n != b->n) return QWEN_DIFFERENT;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_element(w, a->kid[i], b->kid[i])) return QWEN_DIFFERENT;
    return QWEN_SAME_FORM;
}

qwen_answer lem_qwen_trees_equal(lem_work *w, const qwen_node *a, const qwen_node *b) {
    if (!lem_work_spend(w, 50)) return QWEN_DIFFERENT;
    if (same_tree(a, b)) return QWEN_SAME_TEXT;
    if (scalar(a) && scalar(b)) return scalars_equal(w, a, b);
    if (a->kind != b->kind) return QWEN_DIFFERENT;
    if (a->kind == QWEN_REL) return relations_equal(w, a, b);
    return a->kind == QWEN_MATRIX ? matrices_equal(w, a, b) : containers_equal(w, a, b);
}
