/* arith.c - + - * / // % ** and the signs, on numbers, strings and lists */
#include "jinja/jinja_priv.h"

#include <math.h>
#include <string.h>

static const char *symbol(int op) {
    static const char *const text[] = {"+", "-", "*", "/", "//", "%", "**"};
    return text[op - N_ADD];
}

static lem_status overflow(jin *m, int op) {
    return lem_jin_fail(m, "the result of '%s' does not fit in 64 bits, which is not supported", symbol(op));
}

/* The quotient rounded down and its remainder, which has the sign of y. */
static void floor_divide(int64_t x, int64_t y, int64_t *q, int64_t *r) {
    *q = x / y;
    *r = x % y;
    if (*r != 0 && (*r < 0) != (y < 0)) {
        --*q;
        *r += y;
    }
}

static lem_status int_power(jin *m, int64_t x, int64_t y, jin_val *out) {
    int64_t r = 1;
    while (y > 0) {
        if ((y & 1) && __builtin_mul_overflow(r, x, &r)) return overflow(m, N_POW);
        y >>= 1;
        if (y && __builtin_mul_overflow(x, x, &x)) return overflow(m, N_POW);
    }
    *out = lem_jin_int(r);
    return LEM_OK;
}

static lem_status int_op(jin *m, int op, int64_t x, int64_t y, jin_val *out) {
    int64_t r = 0, q = 0;
    bool over = false;
    if ((op == N_FLOORDIV || op == N_MOD) && y == 0)
        return lem_jin_fail(m, "integer division or modulo by zero");
    switch (op) {
    case N_ADD: over = __builtin_add_overflow(x, y, &r); break;
    case N_SUB: over = __builtin_sub_overflow(x, y, &r); break;
    case N_MUL: over = __builtin_mul_overflow(x, y, &r); break;
    case N_POW: return int_power(m, x, y, out);
    default:
        if (y == -1) { /* INT64_MIN / -1 is no quotient */
            over = op == N_FLOORDIV && __builtin_sub_overflow((int64_t)0, x, &r);
            break;
        }
        floor_divide(x, y, &q, &r);
        if (op == N_FLOORDIV) r = q;
        break;
    }
    if (over) return overflow(m, op);
    *out = lem_jin_int(r);
    return LEM_OK;
}

static lem_status float_power(jin *m, double x, double y, double *r) {
    if (x == 0 && y < 0) return lem_jin_fail(m, "0.0 cannot be raised to a negative power");
    if (x < 0 && y != floor(y)) return lem_jin_fail(m, "complex numbers are not supported");
    *r = pow(x, y);
    if (isinf(*r) && !isinf(x) && !isinf(y)) return lem_jin_fail(m, "the result of '**' is too large");
    return LEM_OK;
}

/* Quotient and remainder as CPython's float_divmod has them. */
static void float_divide(double x, double y, double *quotient, double *remainder) {
    double mod = fmod(x, y), div = (x - mod) / y;
    if (mod != 0 && (y < 0) != (mod < 0)) {
        mod += y;
        div -= 1;
    } else if (mod == 0) mod = copysign(0, y);
    *remainder = mod;
    *quotient = floor(div);
    if (div != 0 && div - *quotient > 0.5) *quotient += 1;
    if (div == 0) *quotient = copysign(0, x / y);
}

static lem_status float_op(jin *m, int op, double x, double y, jin_val *out) {
    double r = 0, rest = 0;
    lem_status st = LEM_OK;
    if ((op == N_DIV || op == N_FLOORDIV || op == N_MOD) && y == 0)
        return lem_jin_fail(m, "division by zero");
    switch (op) {
    case N_ADD: r = x + y; break;
    case N_SUB: r = x - y; break;
    case N_MUL: r = x * y; break;
    case N_DIV: r = x / y; break;
    case N_POW: st = float_power(m, x, y, &r); break;
    case N_MOD: float_divide(x, y, &rest, &r); break;
    default: float_divide(x, y, &r, &rest); break;
    }
    if (st == LEM_OK) *out = (jin_val){.kind = JIN_FLOAT, .u.f = r};
    return st;
}

static lem_status number_op(jin *m, int op, const jin_val *a, const jin_val *b, jin_val *out) {
    double x = 0, y = 0;
    lem_status st;
    bool whole = a->kind != JIN_FLOAT && b->kind != JIN_FLOAT && op != N_DIV &&
                 !(op == N_POW && lem_jin_int_of(b) < 0);
    (void)lem_jin_number(a, &x);
    (void)lem_jin_number(b, &y);
    st = whole ? int_op(m, op, lem_jin_int_of(a), lem_jin_int_of(b), out) : float_op(m, op, x, y, out);
    if (st == LEM_OK) out->mark = a->mark | b->mark;
    return st;
}

static lem_status repeat(jin *m, const jin_val *v, int64_t times, jin_val *out) {
    jin_sb b = {0};
    lem_status st = LEM_OK;
    if (v->kind == JIN_STR) {
        for (int64_t i = 0; i < times && v->u.s->n && st == LEM_OK; i++) st = lem_jin_sb_str(m, &b, v->u.s);
        return st == LEM_OK ? lem_jin_sb_take(m, &b, out) : st;
    }
    const jin_seq *q = v->u.q;
    st = lem_jin_seq_new(m, q->flavor, out);
    for (int64_t i = 0; i < times && q->n && st == LEM_OK; i++)
        for (size_t k = 0; k < q->n && st == LEM_OK; k++) st = lem_jin_seq_push(m, out->u.q, q->at[k]);
    return st;
}

static bool repeatable(const jin_val *v) {
    return v->kind == JIN_STR || (v->kind == JIN_SEQ && v->u.q->flavor <= JIN_TUPLE);
}

static lem_status join_two(jin *m, const jin_val *a, const jin_val *b, jin_val *out) {
    jin_sb sb = {0};
    lem_status st;
    if (a->kind == JIN_STR) {
        LEM_TRY(lem_jin_sb_str(m, &sb, a->u.s));
        LEM_TRY(lem_jin_sb_str(m, &sb, b->u.s));
        return lem_jin_sb_take(m, &sb, out);
    }
    LEM_TRY(lem_jin_seq_new(m, a->u.q->flavor, out));
    for (size_t i = 0; i < a->u.q->n; i++) LEM_TRY(lem_jin_seq_push(m, out->u.q, a->u.q->at[i]));
    for (size_t i = 0; i < b->u.q->n; i++) LEM_TRY(lem_jin_seq_push(m, out->u.q, b->u.q->at[i]));
done:
    return st;
}

static bool is_safe_text(const jin_val *v) { return v->kind == JIN_STR && (v->mark & JIN_SAFE); }

static bool repeats(const jin_val *v, const jin_val *times) {
    return repeatable(v) && (times->kind == JIN_INT || times->kind == JIN_BOOL);
}

static bool joinable(const jin_val *a, const jin_val *b) {
    if (a->kind != b->kind || !repeatable(a) || !repeatable(b)) return false;
    return a->kind == JIN_STR || a->u.q->flavor == b->u.q->flavor;
}

/* Operands that no operation takes. str % undefined formats it; all else is an error of the undefined value.
 */
static lem_status check_operands(jin *m, int op, const jin_val *a, const jin_val *b) {
    if (a->kind == JIN_UNDEF) return lem_jin_used_undef(m, a);
    if (b->kind == JIN_UNDEF && !(op == N_MOD && a->kind == JIN_STR)) return lem_jin_used_undef(m, b);
    if (is_safe_text(a) || is_safe_text(b))
        return lem_jin_fail(
            m, "'%s' with text passed through |safe (which escapes the other side) is not supported",
            symbol(op));
    return LEM_OK;
}

static lem_status binary(jin *m, int op, const jin_val *a, const jin_val *b, jin_val *out) {
    double x;
    lem_status st = check_operands(m, op, a, b);
    if (st != LEM_OK) return st;
    if (lem_jin_number(a, &x) && lem_jin_number(b, &x)) return number_op(m, op, a, b, out);
    if (op == N_ADD && joinable(a, b)) return join_two(m, a, b, out);
    if (op == N_MOD && a->kind == JIN_STR) return lem_jin_percent(m, a->u.s, b, out);
    if (op == N_MUL && repeats(a, b)) return repeat(m, a, lem_jin_int_of(b), out);
    if (op == N_MUL && repeats(b, a)) return repeat(m, b, lem_jin_int_of(a), out);
    if (op == N_ADD && a->kind == JIN_STR)
        return lem_jin_fail(m, "can only concatenate str (not \"%s\") to str", lem_jin_type(b));
    return lem_jin_fail(m, "unsupported operand types for %s: '%s' and '%s'", symbol(op), lem_jin_type(a),
                        lem_jin_type(b));
}

lem_status lem_jin_arithmetic(jin *m, const jin_node *n, jin_val *out) {
    jin_val a = {0}, b = {0};
    double x;
    lem_status st;
    LEM_TRY(lem_jin_eval(m, n->a, &a));
    if (n->op == N_NEG || n->op == N_POS) {
        m->line = n->line;
        if (a.kind == JIN_UNDEF) return lem_jin_used_undef(m, &a);
        if (!lem_jin_number(&a, &x))
            return lem_jin_fail(m, "bad operand type for a sign: '%s'", lem_jin_type(&a));
        if (a.kind == JIN_FLOAT) {
            *out = (jin_val){.kind = JIN_FLOAT, .mark = a.mark, .u.f = n->op == N_NEG ? -a.u.f : a.u.f};
            return LEM_OK;
        }
        LEM_TRY(int_op(m, n->op == N_NEG ? N_SUB : N_ADD, 0, lem_jin_int_of(&a), out));
        out->mark = a.mark;
        return LEM_OK;
    }
    LEM_TRY(lem_jin_eval(m, n->b, &b));
    m->line = n->line;
    if (n->op < N_ADD || n->op > N_POW) return lem_jin_fail(m, "this expression is not supported");
    LEM_TRY(binary(m, n->op, &a, &b, out));
done:
    return st;
}
