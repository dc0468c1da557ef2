/* compare.c - truth, equality, order and membership, as Python has them */
#include "jinja/jinja_priv.h"

#include <math.h>
#include <string.h>

bool lem_jin_true(const jin_val *v) {
    switch (v->kind) {
    case JIN_BOOL: return v->u.b;
    case JIN_INT: return v->u.i != 0;
    case JIN_FLOAT: return v->u.f != 0;
    case JIN_STR: return v->u.s->n > 0;
    case JIN_SEQ: return v->u.q->flavor == JIN_GENERATOR || v->u.q->n > 0;
    case JIN_DICT: return v->u.d->n > 0;
    case JIN_UNDEF:
    case JIN_MISSING:
    case JIN_NONE: return false;
    default: return true;
    }
}

bool lem_jin_hashable(const jin_val *v) {
    if (v->kind == JIN_DICT || v->kind == JIN_NS) return v->kind == JIN_NS;
    return v->kind != JIN_SEQ || v->u.q->flavor == JIN_TUPLE || v->u.q->flavor == JIN_RANGE;
}

bool lem_jin_number(const jin_val *v, double *f) {
    if (v->kind == JIN_BOOL) *f = v->u.b;
    else if (v->kind == JIN_INT) *f = (double)v->u.i;
    else if (v->kind == JIN_FLOAT) *f = v->u.f;
    else return false;
    return true;
}

enum { NOT_ORDERED = 2 };

/* -1, 0, 1, or NOT_ORDERED (NaN): an integer against a float, compared exactly. */
static int order_int_float(int64_t x, double y) {
    double whole;
    if (isnan(y)) return NOT_ORDERED;
    if (y >= 9223372036854775808.0) return -1;
    if (y < -9223372036854775808.0) return 1;
    double rest = modf(y, &whole);
    int64_t w = (int64_t)whole;
    if (x != w) return (x > w) - (x < w);
    return (rest < 0) - (rest > 0);
}

static int order_floats(double x, double y) { return isnan(x) || isnan(y) ? NOT_ORDERED : (x > y) - (x < y); }

/* -1, 0, 1, or NOT_ORDERED. An integer and a float compare exactly. */
static int order_numbers(const jin_val *a, const jin_val *b) {
    if (a->kind == JIN_FLOAT && b->kind == JIN_FLOAT) return order_floats(a->u.f, b->u.f);
    if (b->kind == JIN_FLOAT) return order_int_float(lem_jin_int_of(a), b->u.f);
    int64_t y = lem_jin_int_of(b);
    if (a->kind == JIN_FLOAT) {
        int c = order_int_float(y, a->u.f);
        return c == NOT_ORDERED ? c : -c;
    }
    int64_t x = lem_jin_int_of(a);
    return (x > y) - (x < y);
}

static lem_status equal_seqs(jin *m, const jin_seq *a, const jin_seq *b, int depth, bool *out) {
    lem_status st = LEM_OK;
    *out = a == b;
    if (*out) return LEM_OK;
    if (a->flavor != b->flavor || a->flavor == JIN_GENERATOR || a->flavor == JIN_VALUES || a->n != b->n)
        return LEM_OK;
    *out = true;
    for (size_t i = 0; i < a->n && *out && st == LEM_OK; i++) {
        if (a->flavor == JIN_KEYS || a->flavor == JIN_ITEMS) { /* as sets */
            bool found = false;
            for (size_t k = 0; k < b->n && !found && st == LEM_OK; k++)
                st = lem_jin_equal(m, &a->at[i], &b->at[k], depth + 1, &found);
            *out = found;
        } else st = lem_jin_equal(m, &a->at[i], &b->at[i], depth + 1, out);
    }
    return st;
}

static lem_status equal_dicts(jin *m, const jin_dict *a, const jin_dict *b, int depth, bool *out) {
    lem_status st = LEM_OK;
    *out = a->n == b->n;
    for (size_t i = 0; i < a->n && *out && st == LEM_OK; i++) {
        jin_val *other = NULL;
        st = lem_jin_dict_find(m, b, a->at[2 * i], &other);
        if (!other) *out = false;
        else if (st == LEM_OK) st = lem_jin_equal(m, &a->at[2 * i + 1], other, depth + 1, out);
    }
    return st;
}

lem_status lem_jin_equal(jin *m, const jin_val *a, const jin_val *b, int depth, bool *out) {
    double x, y;
    *out = false;
    if (depth > JIN_MAX_VALUE) return lem_jin_fail(m, "a value is nested deeper than %d", (int)JIN_MAX_VALUE);
    lem_status st = lem_jin_step(m, 1);
    if (st != LEM_OK) return st;
    if (lem_jin_number(a, &x) && lem_jin_number(b, &y)) {
        *out = order_numbers(a, b) == 0;
        return LEM_OK;
    }
    if (a->kind != b->kind) return LEM_OK;
    switch (a->kind) {
    case JIN_UNDEF:
    case JIN_NONE: *out = true; return LEM_OK;
    case JIN_STR: *out = lem_jin_same(a->u.s, b->u.s); return LEM_OK;
    case JIN_SEQ: return equal_seqs(m, a->u.q, b->u.q, depth, out);
    case JIN_DICT: return equal_dicts(m, a->u.d, b->u.d, depth, out);
    case JIN_BOUND: return lem_jin_fail(m, "comparing methods is not supported");
    default: *out = a->u.q == b->u.q; return LEM_OK;
    }
}

static lem_status less_seqs(jin *m, const jin_seq *a, const jin_seq *b, const char *op, int depth,
                            bool or_equal, bool *out) {
    size_t n = a->n < b->n ? a->n : b->n;
    for (size_t i = 0; i < n; i++) {
        bool same = false;
        lem_status st = lem_jin_equal(m, &a->at[i], &b->at[i], depth + 1, &same);
        if (st != LEM_OK) return st;
        if (!same) return lem_jin_less(m, &a->at[i], &b->at[i], op, depth + 1, or_equal, out);
    }
    *out = or_equal ? a->n <= b->n : a->n < b->n;
    return LEM_OK;
}

/* UTF-8 orders as its code points do. */
static int order_text(const jin_str *a, const jin_str *b) {
    size_t n = a->n < b->n ? a->n : b->n;
    int c = n ? memcmp(a->s, b->s, n) : 0;
    return c ? c : (a->n > b->n) - (a->n < b->n);
}

static bool is_list_like(const jin_val *v) { return v->kind == JIN_SEQ && v->u.q->flavor <= JIN_TUPLE; }

/* The order of two numbers or two texts. */
static bool order_scalars(const jin_val *a, const jin_val *b, int *order) {
    double x, y;
    if (lem_jin_number(a, &x) && lem_jin_number(b, &y)) *order = order_numbers(a, b);
    else if (a->kind == JIN_STR && b->kind == JIN_STR) *order = order_text(a->u.s, b->u.s);
    else return false;
    return true;
}

lem_status lem_jin_less(jin *m, const jin_val *a, const jin_val *b, const char *op, int depth, bool or_equal,
                        bool *out) {
    int c;
    if (depth > JIN_MAX_VALUE) return lem_jin_fail(m, "a value is nested deeper than %d", (int)JIN_MAX_VALUE);
    lem_status st = lem_jin_step(m, 1);
    if (st != LEM_OK) return st;
    if (a->kind == JIN_UNDEF) return lem_jin_used_undef(m, a);
    if (b->kind == JIN_UNDEF) return lem_jin_used_undef(m, b);
    if (order_scalars(a, b, &c)) {
        *out = or_equal ? c <= 0 : c < 0;
        return LEM_OK;
    }
    if (is_list_like(a) && is_list_like(b) && a->u.q->flavor == b->u.q->flavor)
        return less_seqs(m, a->u.q, b->u.q, op, depth, or_equal, out);
    return lem_jin_fail(m, "'%s' not supported between '%s' and '%s'", op, lem_jin_type(a), lem_jin_type(b));
}

static lem_status contains(jin *m, const jin_val *in, const jin_val *v, bool *out) {
    lem_status st = LEM_OK;
    *out = false;
    if (in->kind == JIN_STR) {
        if (v->kind != JIN_STR)
            return lem_jin_fail(m, "'in <string>' requires string as left operand, not %s", lem_jin_type(v));
        st = lem_jin_step(m, in->u.s->n / 32);
        *out = v->u.s->n == 0 || (in->u.s->n && memmem(in->u.s->s, in->u.s->n, v->u.s->s, v->u.s->n) != NULL);
        return st;
    }
    if (in->kind == JIN_DICT) {
        jin_val *found = NULL;
        if (!lem_jin_hashable(v)) return lem_jin_fail(m, "unhashable type: '%s'", lem_jin_type(v));
        st = lem_jin_dict_find(m, in->u.d, *v, &found);
        *out = found != NULL;
        return st;
    }
    if (!lem_jin_can_iter(in))
        return lem_jin_fail(m, "argument of type '%s' is not iterable", lem_jin_type(in));
    jin_seq *q = NULL;
    st = lem_jin_iter(m, in, &q);
    for (size_t i = q ? q->pos : 0; st == LEM_OK && i < q->n && !*out; i++) {
        st = lem_jin_equal(m, &q->at[i], v, 0, out);
        if (q->flavor == JIN_GENERATOR) q->pos = i + 1;
    }
    return st;
}

lem_status lem_jin_compare(jin *m, jin_op op, const jin_val *a, const jin_val *b, bool *out) {
    lem_status st;
    switch (op) {
    case N_EQ:
    case N_NE: st = lem_jin_equal(m, a, b, 0, out); break;
    case N_LT: return lem_jin_less(m, a, b, "<", 0, false, out);
    case N_LE: return lem_jin_less(m, a, b, "<=", 0, true, out);
    case N_GT: return lem_jin_less(m, b, a, ">", 0, false, out);
    case N_GE: return lem_jin_less(m, b, a, ">=", 0, true, out);
    default: st = contains(m, b, a, out); break;
    }
    if (op == N_NE || op == N_NOTIN) *out = !*out;
    return st;
}

/* Merge sort, bottom up: the comparison may fail. */
lem_status lem_jin_sort(jin *m, jin_val *at, jin_val *keys, size_t n, bool descending) {
    jin_val *t = lem_jin_alloc(m, n, 2 * sizeof *t);
    if (!t) return m->err->status;
    jin_val *tk = t + n;
    for (size_t w = 1; w < n; w *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * w) {
            size_t mid = lo + w < n ? lo + w : n;
            size_t hi = lo + 2 * w < n ? lo + 2 * w : n;
            size_t i = lo, j = mid;
            for (size_t k = lo; k < hi; k++) {
                bool right = i == mid;
                if (i < mid && j < hi) {
                    lem_status st = descending ? lem_jin_less(m, &keys[i], &keys[j], "<", 0, false, &right)
                                               : lem_jin_less(m, &keys[j], &keys[i], "<", 0, false, &right);
                    if (st != LEM_OK) return st;
                }
                size_t from = right ? j++ : i++;
                t[k] = at[from];
                tk[k] = keys[from];
            }
        }
        memcpy(at, t, n * sizeof *at);
        memcpy(keys, tk, n * sizeof *keys);
    }
    return LEM_OK;
}
