/* tests.c - what may follow `is`: defined, string, mapping, equalto … */
#include "jinja/jinja_priv.h"

#include <math.h>
#include <string.h>

typedef enum test_id {
    IS_BOOLEAN,
    IS_CALLABLE,
    IS_DEFINED,
    IS_ESCAPED,
    IS_FALSE,
    IS_FILTER,
    IS_FLOAT,
    IS_INTEGER,
    IS_ITERABLE,
    IS_LOWER,
    IS_MAPPING,
    IS_NONE,
    IS_NUMBER,
    IS_SEQUENCE,
    IS_STRING,
    IS_TEST,
    IS_TRUE,
    IS_UNDEFINED,
    IS_UPPER,
    IS_EVEN,
    IS_ODD,
    IS_DIVISIBLEBY,
    IS_SAMEAS,
    IS_COMPARED
} test_id;

static const struct test {
    const char *name;
    test_id id;
    jin_op op;
} tests[] = {
    {"boolean", IS_BOOLEAN, 0},
    {"callable", IS_CALLABLE, 0},
    {"defined", IS_DEFINED, 0},
    {"escaped", IS_ESCAPED, 0},
    {"false", IS_FALSE, 0},
    {"filter", IS_FILTER, 0},
    {"float", IS_FLOAT, 0},
    {"integer", IS_INTEGER, 0},
    {"iterable", IS_ITERABLE, 0},
    {"lower", IS_LOWER, 0},
    {"mapping", IS_MAPPING, 0},
    {"none", IS_NONE, 0},
    {"number", IS_NUMBER, 0},
    {"sequence", IS_SEQUENCE, 0},
    {"string", IS_STRING, 0},
    {"test", IS_TEST, 0},
    {"true", IS_TRUE, 0},
    {"undefined", IS_UNDEFINED, 0},
    {"upper", IS_UPPER, 0},
    {"even", IS_EVEN, 0},
    {"odd", IS_ODD, 0},
    {"divisibleby", IS_DIVISIBLEBY, 0},
    {"sameas", IS_SAMEAS, 0},
    {"==", IS_COMPARED, N_EQ},
    {"eq", IS_COMPARED, N_EQ},
    {"equalto", IS_COMPARED, N_EQ},
    {"!=", IS_COMPARED, N_NE},
    {"ne", IS_COMPARED, N_NE},
    {">", IS_COMPARED, N_GT},
    {"gt", IS_COMPARED, N_GT},
    {"greaterthan", IS_COMPARED, N_GT},
    {">=", IS_COMPARED, N_GE},
    {"ge", IS_COMPARED, N_GE},
    {"<", IS_COMPARED, N_LT},
    {"lt", IS_COMPARED, N_LT},
    {"lessthan", IS_COMPARED, N_LT},
    {"<=", IS_COMPARED, N_LE},
    {"le", IS_COMPARED, N_LE},
    {"in", IS_COMPARED, N_IN},
};

static const struct test *find_test(const jin_str *name) {
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (lem_jin_is(name, tests[i].name)) return &tests[i];
    return NULL;
}

bool lem_jin_find_test(const jin_str *name) { return find_test(name) != NULL; }

/* value % num == 0, or == 1 for odd. */
static lem_status divides(jin *m, const jin_val *v, const jin_val *by, double rest, bool *out) {
    double x, y;
    if (v->kind == JIN_UNDEF) return lem_jin_used_undef(m, v);
    if (!lem_jin_number(v, &x) || !lem_jin_number(by, &y))
        return lem_jin_fail(m, "divisibility of %s", lem_jin_type(v));
    if (y == 0) return lem_jin_fail(m, "integer division or modulo by zero");
    if (v->kind != JIN_FLOAT && by->kind != JIN_FLOAT) {
        int64_t a = lem_jin_int_of(v), b = lem_jin_int_of(by), r = b == -1 ? 0 : a % b;
        if (r != 0 && (r < 0) != (b < 0)) r += b;
        *out = r == (int64_t)rest;
        return LEM_OK;
    }
    double r = fmod(x, y);
    if (r != 0 && (r < 0) != (y < 0)) r += y;
    *out = r == rest;
    return LEM_OK;
}

static lem_status same_object(jin *m, const jin_val *a, const jin_val *b, bool *out) {
    *out = false;
    if (a->kind != b->kind) return LEM_OK;
    switch (a->kind) {
    case JIN_NONE: *out = true; return LEM_OK;
    case JIN_BOOL: *out = a->u.b == b->u.b; return LEM_OK;
    case JIN_SEQ:
    case JIN_DICT:
    case JIN_NS: *out = a->u.q == b->u.q; return LEM_OK;
    default: return lem_jin_fail(m, "sameas of %s is not supported", lem_jin_type(a));
    }
}

/* islower or isupper of the text of a value. */
static lem_status is_cased(jin *m, const jin_val *v, const char *method, bool *out) {
    jin_val t;
    jin_args none = {0};
    lem_status st;
    LEM_TRY(lem_jin_text(m, v, &t));
    LEM_TRY(lem_jin_str_method(m, t.u.s, method, &none, &t));
    *out = t.u.b;
done:
    return st;
}

static bool is_kind(const jin_val *v, test_id id) {
    double f;
    switch (id) {
    case IS_BOOLEAN: return v->kind == JIN_BOOL;
    case IS_CALLABLE:
        return v->kind == JIN_UNDEF || v->kind == JIN_MACRO || v->kind == JIN_BOUND || v->kind == JIN_FUNC ||
               v->kind == JIN_JOINER || v->kind == JIN_LOOP;
    case IS_DEFINED: return v->kind != JIN_UNDEF;
    case IS_ESCAPED: return v->kind == JIN_STR && (v->mark & JIN_SAFE);
    case IS_FALSE: return v->kind == JIN_BOOL && !v->u.b;
    case IS_FLOAT: return v->kind == JIN_FLOAT;
    case IS_INTEGER: return v->kind == JIN_INT;
    case IS_ITERABLE: return lem_jin_can_iter(v) || v->kind == JIN_LOOP;
    case IS_MAPPING: return v->kind == JIN_DICT;
    case IS_NONE: return v->kind == JIN_NONE;
    case IS_NUMBER: return lem_jin_number(v, &f);
    case IS_SEQUENCE:
        return v->kind == JIN_STR || v->kind == JIN_DICT || v->kind == JIN_UNDEF ||
               (v->kind == JIN_SEQ && v->u.q->flavor <= JIN_RANGE);
    case IS_STRING: return v->kind == JIN_STR;
    case IS_TRUE: return v->kind == JIN_BOOL && v->u.b;
    case IS_UNDEFINED: return v->kind == JIN_UNDEF;
    default: return false;
    }
}

lem_status lem_jin_test(jin *m, const jin_str *name, const jin_val *v, const jin_args *args, bool *out) {
    const struct test *t = find_test(name);
    jin_val a[1] = {{0}}, two = lem_jin_int(2);
    bool with_arg = t && t->id >= IS_DIVISIBLEBY;
    if (!t) return lem_jin_fail(m, "there is no test '%.*s'", (int)(name->n > 60 ? 60 : name->n), name->s);
    lem_status st = lem_jin_bind(m, t->name, with_arg ? "other" : "", args, a);
    if (st != LEM_OK) return st;
    switch (t->id) {
    case IS_COMPARED: return lem_jin_compare(m, t->op, v, &a[0], out);
    case IS_SAMEAS: return same_object(m, v, &a[0], out);
    case IS_DIVISIBLEBY: return divides(m, v, &a[0], 0, out);
    case IS_EVEN: return divides(m, v, &two, 0, out);
    case IS_ODD: return divides(m, v, &two, 1, out);
    case IS_LOWER:
    case IS_UPPER: return is_cased(m, v, t->id == IS_LOWER ? "islower" : "isupper", out);
    case IS_FILTER: *out = v->kind == JIN_STR && lem_jin_known_filter(v->u.s); return LEM_OK;
    case IS_TEST: *out = v->kind == JIN_STR && lem_jin_find_test(v->u.s); return LEM_OK;
    default: *out = is_kind(v, t->id); return LEM_OK;
    }
}
