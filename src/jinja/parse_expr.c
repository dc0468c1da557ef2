/* parse_expr.c - expressions: jinja2's grammar, precedence and corner cases */
#include "jinja/jinja_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

lem_status lem_jin_parse_fail(jin_parser *p, int line, const char *fmt, ...) {
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return lem_fail(p->err, LEM_EDATA, "line %d: %s", line, text);
}

const char *lem_jin_describe(const jin_parser *p, char buf[80]) {
    static const char *const names[] = {"the end of the template", "text", "'{{'", "'}}'", "'{%'", "'%}'"};
    const jin_token *t = p->t;
    if (t->kind <= T_BLOCK_END) return names[t->kind];
    if (t->kind == T_OP) snprintf(buf, 80, "'%s'", t->op);
    else if (t->kind == T_INT || t->kind == T_FLOAT) return "a number";
    else
        snprintf(buf, 80, "%s '%.*s'", t->kind == T_STR ? "the string" : "the name",
                 (int)(t->text->n > 50 ? 50 : t->text->n), t->text->s);
    return buf;
}

static lem_status unexpected(jin_parser *p, const char *wanted) {
    char buf[80];
    return lem_jin_parse_fail(p, p->t->line, "expected %s, found %s", wanted, lem_jin_describe(p, buf));
}

lem_status lem_jin_node_deepen(jin_parser *p, jin_node *n, const jin_node *child) {
    if (child && child->depth >= n->depth) n->depth = (uint16_t)(child->depth + 1);
    return n->depth > JIN_MAX_TREE
               ? lem_jin_parse_fail(p, n->line, "nested deeper than %d", (int)JIN_MAX_TREE)
               : LEM_OK;
}

lem_status lem_jin_node_new(jin_parser *p, jin_op op, int line, jin_node *a, jin_node *b, jin_node **out) {
    jin_node *n = lem_arena_alloc(p->arena, 1, sizeof *n);
    if (!n) return lem_fail(p->err, LEM_EMEM, "out of memory");
    n->op = (uint8_t)op;
    n->line = line;
    n->a = a;
    n->b = b;
    n->depth = 1;
    lem_status st = lem_jin_node_deepen(p, n, a);
    if (st == LEM_OK) st = lem_jin_node_deepen(p, n, b);
    if (st == LEM_OK) *out = n;
    return st;
}

bool lem_jin_is_op(const jin_parser *p, const char *op) {
    return p->t->kind == T_OP && strcmp(p->t->op, op) == 0;
}
bool lem_jin_is_name(const jin_parser *p, const char *name) {
    return p->t->kind == T_NAME && lem_jin_is(p->t->text, name);
}
bool lem_jin_skip_name(jin_parser *p, const char *name) {
    return lem_jin_is_name(p, name) ? p->t++, true : false;
}
bool lem_jin_skip_op(jin_parser *p, const char *op) { return lem_jin_is_op(p, op) ? p->t++, true : false; }

lem_status lem_jin_expect_op(jin_parser *p, const char *op) {
    char want[16];
    if (lem_jin_skip_op(p, op)) return LEM_OK;
    snprintf(want, sizeof want, "'%s'", op);
    return unexpected(p, want);
}

lem_status lem_jin_expect_name(jin_parser *p, const char *name) {
    if (p->t->kind == T_NAME && (!name || lem_jin_is(p->t->text, name))) {
        p->t++;
        return LEM_OK;
    }
    return unexpected(p, name ? name : "a name");
}

/* Adds child at the end of a row. */
static lem_status append(jin_parser *p, jin_node *n, jin_node ***end, jin_node *child) {
    **end = child;
    *end = &child->next;
    return lem_jin_node_deepen(p, n, child);
}

/* ---- calls, subscripts, filters, tests */

/* What came before in the arguments of a call. */
typedef struct seen_args {
    bool named, star, stars;
} seen_args;

/* Notes an argument; false if it may not stand here. */
static bool note_arg(seen_args *seen, jin_op op) {
    bool wrong = seen->stars;
    if (op == N_STAR) wrong = wrong || seen->star;
    if (op == N_PAIR) wrong = wrong || seen->star || seen->named;
    seen->star |= op == N_STAR;
    seen->stars |= op == N_STARS;
    seen->named |= op == N_KEYWORD;
    return !wrong;
}

/* Reads what stands in front of an argument's value: *, **, name= or nothing (N_PAIR). */
static jin_op arg_kind(jin_parser *p) {
    const jin_token *t = p->t;
    if (lem_jin_skip_op(p, "*")) return N_STAR;
    if (lem_jin_skip_op(p, "**")) return N_STARS;
    if (t->kind != T_NAME || t[1].kind != T_OP || strcmp(t[1].op, "=") != 0) return N_PAIR;
    p->t += 2;
    return N_KEYWORD;
}

static lem_status parse_arg(jin_parser *p, seen_args *seen, jin_node **out) {
    const jin_token *t = p->t;
    jin_node *v = NULL;
    lem_status st;
    jin_op op = arg_kind(p);
    if (!note_arg(seen, op))
        return lem_jin_parse_fail(p, t->line, "the arguments of a call are in a wrong order");
    LEM_TRY(lem_jin_parse_expr(p, true, &v));
    LEM_TRY(lem_jin_node_new(p, op, t->line, v, NULL, out));
    if (op == N_KEYWORD) (*out)->name = t->text;
done:
    return st;
}

static lem_status parse_call_args(jin_parser *p, jin_node *call) {
    jin_node **end = &call->list, *arg = NULL;
    seen_args seen = {0};
    lem_status st;
    LEM_TRY(lem_jin_expect_op(p, "("));
    for (bool first = true; !lem_jin_is_op(p, ")"); first = false) {
        if (!first) LEM_TRY(lem_jin_expect_op(p, ","));
        if (!first && lem_jin_is_op(p, ")")) break;
        LEM_TRY(parse_arg(p, &seen, &arg));
        LEM_TRY(append(p, call, &end, arg));
    }
    LEM_TRY(lem_jin_expect_op(p, ")"));
done:
    return st;
}

static lem_status parse_call(jin_parser *p, jin_node *f, jin_node **out) {
    jin_node *n = NULL;
    lem_status st = lem_jin_node_new(p, N_CALL, p->t->line, f, NULL, &n);
    if (st == LEM_OK) st = parse_call_args(p, n);
    if (st == LEM_OK) *out = n;
    return st;
}

static lem_status slice_part(jin_parser *p, jin_node **out) {
    if (lem_jin_is_op(p, ":") || lem_jin_is_op(p, "]") || lem_jin_is_op(p, ",")) return LEM_OK;
    return lem_jin_parse_expr(p, true, out);
}

static lem_status parse_subscribed(jin_parser *p, jin_node **out) {
    jin_node *part[3] = {NULL, NULL, NULL}, *n = NULL;
    int line = p->t->line;
    lem_status st;
    if (!lem_jin_is_op(p, ":")) {
        LEM_TRY(lem_jin_parse_expr(p, true, &part[0]));
        if (!lem_jin_is_op(p, ":")) {
            *out = part[0];
            return LEM_OK;
        }
    }
    p->t++;
    LEM_TRY(slice_part(p, &part[1]));
    if (lem_jin_skip_op(p, ":")) LEM_TRY(slice_part(p, &part[2]));
    LEM_TRY(lem_jin_node_new(p, N_SLICE, line, part[0], part[1], &n));
    n->c = part[2];
    LEM_TRY(lem_jin_node_deepen(p, n, n->c));
    *out = n;
done:
    return st;
}

static lem_status parse_subscript(jin_parser *p, jin_node *on, jin_node **out) {
    int line = p->t->line;
    jin_node *key = NULL, *n = NULL;
    lem_status st;
    if (lem_jin_skip_op(p, ".")) {
        const jin_token *t = p->t;
        if (t->kind != T_NAME && t->kind != T_INT) return unexpected(p, "a name or number after '.'");
        p->t++;
        if (t->kind == T_NAME) {
            LEM_TRY(lem_jin_node_new(p, N_ATTR, line, on, NULL, out));
            (*out)->name = t->text;
            return LEM_OK;
        }
        LEM_TRY(lem_jin_node_new(p, N_CONST, line, NULL, NULL, &key));
        key->value = t->value;
        return lem_jin_node_new(p, N_ITEM, line, on, key, out);
    }
    LEM_TRY(lem_jin_expect_op(p, "["));
    if (lem_jin_is_op(p, "]")) return unexpected(p, "an index");
    LEM_TRY(parse_subscribed(p, &key));
    if (lem_jin_is_op(p, ","))
        return lem_jin_parse_fail(p, line, "several indices with commas are not supported");
    LEM_TRY(lem_jin_expect_op(p, "]"));
    LEM_TRY(lem_jin_node_new(p, N_ITEM, line, on, key, &n));
    *out = n;
done:
    return st;
}

static lem_status parse_postfix(jin_parser *p, jin_node **n) {
    lem_status st = LEM_OK;
    while (st == LEM_OK) {
        if (lem_jin_is_op(p, ".") || lem_jin_is_op(p, "[")) st = parse_subscript(p, *n, n);
        else if (lem_jin_is_op(p, "(")) st = parse_call(p, *n, n);
        else break;
    }
    return st;
}

lem_status lem_jin_parse_filters(jin_parser *p, jin_node *on, bool inside, jin_node **out) {
    lem_status st = LEM_OK;
    while (inside || lem_jin_is_op(p, "|")) {
        if (!inside) p->t++;
        inside = false;
        const jin_token *t = p->t;
        jin_node *n = NULL;
        LEM_TRY(lem_jin_expect_name(p, NULL));
        if (!lem_jin_find_filter(t->text))
            return lem_jin_parse_fail(p, t->line,
                                      lem_jin_known_filter(t->text) ? "the filter '%.*s' is not supported"
                                                                    : "there is no filter '%.*s'",
                                      (int)(t->text->n > 60 ? 60 : t->text->n), t->text->s);
        LEM_TRY(lem_jin_node_new(p, N_FILTER, t->line, on, NULL, &n));
        n->name = t->text;
        if (lem_jin_is_op(p, "(")) LEM_TRY(parse_call_args(p, n));
        on = n;
    }
    *out = on;
done:
    return st;
}

static lem_status parse_primary(jin_parser *p, int how, jin_node **out);

/* Whether an argument without brackets follows a test: is divisibleby 3. */
static bool bare_arg_follows(const jin_parser *p) {
    switch (p->t->kind) {
    case T_NAME:
        return !lem_jin_is_name(p, "else") && !lem_jin_is_name(p, "or") && !lem_jin_is_name(p, "and");
    case T_STR:
    case T_INT:
    case T_FLOAT: return true;
    default: return lem_jin_is_op(p, "[") || lem_jin_is_op(p, "{");
    }
}

static lem_status parse_bare_arg(jin_parser *p, int line, jin_node *test) {
    jin_node *arg = NULL;
    lem_status st;
    if (lem_jin_is_name(p, "is")) return lem_jin_parse_fail(p, p->t->line, "tests cannot be chained with is");
    LEM_TRY(parse_primary(p, 0, &arg));
    LEM_TRY(parse_postfix(p, &arg));
    LEM_TRY(lem_jin_node_new(p, N_PAIR, line, arg, NULL, &test->list));
    LEM_TRY(lem_jin_node_deepen(p, test, test->list));
done:
    return st;
}

static lem_status parse_test(jin_parser *p, jin_node *on, jin_node **out) {
    int line = p->t->line;
    jin_node *n = NULL;
    lem_status st;
    p->t++;
    bool negated = lem_jin_skip_name(p, "not");
    const jin_token *t = p->t;
    LEM_TRY(lem_jin_expect_name(p, NULL));
    if (!lem_jin_find_test(t->text))
        return lem_jin_parse_fail(p, t->line, "there is no test '%.*s'",
                                  (int)(t->text->n > 60 ? 60 : t->text->n), t->text->s);
    LEM_TRY(lem_jin_node_new(p, N_TEST, line, on, NULL, &n));
    n->name = t->text;
    if (lem_jin_is_op(p, "(")) LEM_TRY(parse_call_args(p, n));
    else if (bare_arg_follows(p)) LEM_TRY(parse_bare_arg(p, line, n));
    *out = n;
    if (negated) LEM_TRY(lem_jin_node_new(p, N_NOT, line, n, NULL, out));
done:
    return st;
}

/* ---- primary */

static lem_status parse_const(jin_parser *p, jin_val v, jin_node **out) {
    lem_status st = lem_jin_node_new(p, N_CONST, p->t->line, NULL, NULL, out);
    if (st == LEM_OK) (*out)->value = v;
    p->t++;
    return st;
}

static lem_status parse_strings(jin_parser *p, jin_node **out) {
    const jin_str *text = p->t->text;
    if (p->t[1].kind == T_STR) {
        size_t n = 0, k = 0;
        const jin_token *last = p->t;
        for (; last->kind == T_STR; last++) n += last->text->n;
        char *s = lem_arena_alloc(p->arena, n + 1, 1);
        jin_str *whole = lem_arena_alloc(p->arena, 1, sizeof *whole);
        if (!s || !whole) return lem_fail(p->err, LEM_EMEM, "out of memory");
        for (const jin_token *t = p->t; t < last; k += t++->text->n) memcpy(s + k, t->text->s, t->text->n);
        *whole = (jin_str){.s = s, .n = n};
        text = whole;
        p->t = last - 1;
    }
    return parse_const(p, (jin_val){.kind = JIN_STR, .u.s = text}, out);
}

static lem_status parse_name(jin_parser *p, int how, jin_node **out) {
    const jin_token *t = p->t;
    const jin_str *s = t->text;
    if (lem_jin_is(s, "true") || lem_jin_is(s, "True")) return parse_const(p, lem_jin_bool(true), out);
    if (lem_jin_is(s, "false") || lem_jin_is(s, "False")) return parse_const(p, lem_jin_bool(false), out);
    if (lem_jin_is(s, "none") || lem_jin_is(s, "None")) return parse_const(p, lem_jin_none(), out);
    if (lem_jin_is(s, "varargs")) *p->uses |= JIN_USES_VARARGS;
    if (lem_jin_is(s, "kwargs")) *p->uses |= JIN_USES_KWARGS;
    if (lem_jin_is(s, "caller")) *p->uses |= JIN_USES_CALLER;
    p->t++;
    lem_status st = lem_jin_node_new(p, N_NAME, t->line, NULL, NULL, out);
    if (st != LEM_OK) return st;
    (*out)->name = s;
    if (!(how & JIN_NS_TARGET) || !lem_jin_skip_op(p, ".")) return LEM_OK;
    const jin_token *attr = p->t;
    st = lem_jin_expect_name(p, NULL);
    if (st != LEM_OK) return st;
    (*out)->op = N_NSREF;
    (*out)->value = (jin_val){.kind = JIN_STR, .u.s = attr->text};
    return LEM_OK;
}

static lem_status parse_list(jin_parser *p, jin_node **out) {
    jin_node *n = NULL, *v = NULL, *item = NULL;
    lem_status st = lem_jin_node_new(p, N_LIST, p->t->line, NULL, NULL, &n);
    if (st != LEM_OK) return st;
    jin_node **end = &n->list;
    p->t++;
    while (!lem_jin_is_op(p, "]")) {
        if (n->list) LEM_TRY(lem_jin_expect_op(p, ","));
        if (lem_jin_is_op(p, "]")) break;
        LEM_TRY(lem_jin_parse_expr(p, true, &v));
        LEM_TRY(lem_jin_node_new(p, N_PAIR, v->line, v, NULL, &item));
        LEM_TRY(append(p, n, &end, item));
    }
    p->t++;
    *out = n;
done:
    return st;
}

static lem_status parse_dict(jin_parser *p, jin_node **out) {
    jin_node *n = NULL, *key = NULL, *v = NULL, *item = NULL;
    lem_status st = lem_jin_node_new(p, N_DICT, p->t->line, NULL, NULL, &n);
    if (st != LEM_OK) return st;
    jin_node **end = &n->list;
    p->t++;
    while (!lem_jin_is_op(p, "}")) {
        if (n->list) LEM_TRY(lem_jin_expect_op(p, ","));
        if (lem_jin_is_op(p, "}")) break;
        LEM_TRY(lem_jin_parse_expr(p, true, &key));
        LEM_TRY(lem_jin_expect_op(p, ":"));
        LEM_TRY(lem_jin_parse_expr(p, true, &v));
        LEM_TRY(lem_jin_node_new(p, N_PAIR, key->line, key, v, &item));
        LEM_TRY(append(p, n, &end, item));
    }
    p->t++;
    *out = n;
done:
    return st;
}

static lem_status parse_primary(jin_parser *p, int how, jin_node **out) {
    lem_status st;
    switch (p->t->kind) {
    case T_NAME: return parse_name(p, how, out);
    case T_STR: return parse_strings(p, out);
    case T_INT:
    case T_FLOAT: return parse_const(p, p->t->value, out);
    default: break;
    }
    if (lem_jin_skip_op(p, "(")) {
        LEM_TRY(lem_jin_parse_tuple(p, JIN_PARENS, NULL, out));
        return lem_jin_expect_op(p, ")");
    }
    if (lem_jin_is_op(p, "[")) return parse_list(p, out);
    if (lem_jin_is_op(p, "{")) return parse_dict(p, out);
    return unexpected(p, "an expression");
done:
    return st;
}

/* ---- operators, loosest last */

static lem_status parse_unary(jin_parser *p, bool filters, jin_node **out) {
    int line = p->t->line;
    jin_node *n = NULL;
    lem_status st;
    if (++p->depth > JIN_MAX_TREE)
        return lem_jin_parse_fail(p, line, "nested deeper than %d", (int)JIN_MAX_TREE);
    if (lem_jin_is_op(p, "-") || lem_jin_is_op(p, "+")) {
        jin_op op = p->t->op[0] == '-' ? N_NEG : N_POS;
        p->t++;
        LEM_TRY(parse_unary(p, false, &n));
        LEM_TRY(lem_jin_node_new(p, op, line, n, NULL, &n));
    } else {
        LEM_TRY(parse_primary(p, 0, &n));
    }
    LEM_TRY(parse_postfix(p, &n));
    while (filters) {
        if (lem_jin_is_op(p, "|")) LEM_TRY(lem_jin_parse_filters(p, n, false, &n));
        else if (lem_jin_is_name(p, "is")) LEM_TRY(parse_test(p, n, &n));
        else if (lem_jin_is_op(p, "(")) LEM_TRY(parse_call(p, n, &n));
        else break;
    }
    *out = n;
done:
    p->depth--;
    return st;
}

typedef struct binary {
    const char *text;
    jin_op op;
} binary;
/* Level 0 binds tightest. Level 2 is ~, which is one node of two operands here: str(a) + str(b) either way.
 */
static const binary levels[4][5] = {{{"**", N_POW}},
                                    {{"*", N_MUL}, {"/", N_DIV}, {"//", N_FLOORDIV}, {"%", N_MOD}},
                                    {{"~", N_CONCAT}},
                                    {{"+", N_ADD}, {"-", N_SUB}}};

static lem_status parse_binary(jin_parser *p, int level, jin_node **out) {
    jin_node *left = NULL, *right = NULL;
    lem_status st;
    LEM_TRY(level == 0 ? parse_unary(p, true, &left) : parse_binary(p, level - 1, &left));
    for (;;) {
        const binary *b = levels[level];
        int line = p->t->line;
        while (b->text && !lem_jin_is_op(p, b->text)) b++;
        if (!b->text) break;
        p->t++;
        LEM_TRY(level == 0 ? parse_unary(p, true, &right) : parse_binary(p, level - 1, &right));
        LEM_TRY(lem_jin_node_new(p, b->op, line, left, right, &left));
    }
    *out = left;
done:
    return st;
}

static bool compare_op(jin_parser *p, jin_op *op) {
    static const binary ops[] = {{"==", N_EQ}, {"!=", N_NE}, {"<", N_LT},
                                 {"<=", N_LE}, {">", N_GT},  {">=", N_GE}};
    for (size_t i = 0; i < 6; i++) {
        if (!lem_jin_skip_op(p, ops[i].text)) continue;
        *op = ops[i].op;
        return true;
    }
    *op = N_IN;
    if (lem_jin_skip_name(p, "in")) return true;
    if (!lem_jin_is_name(p, "not") || p->t[1].kind != T_NAME || !lem_jin_is(p->t[1].text, "in")) return false;
    p->t += 2;
    *op = N_NOTIN;
    return true;
}

static lem_status parse_compare(jin_parser *p, jin_node **out) {
    jin_node *left = NULL, *right = NULL, *n = NULL, *item = NULL, **end = NULL;
    jin_op op;
    lem_status st;
    LEM_TRY(parse_binary(p, 3, &left));
    for (int line = p->t->line; compare_op(p, &op); line = p->t->line) {
        LEM_TRY(parse_binary(p, 3, &right));
        if (!n) {
            LEM_TRY(lem_jin_node_new(p, N_COMPARE, line, left, NULL, &n));
            end = &n->list;
        }
        LEM_TRY(lem_jin_node_new(p, op, line, right, NULL, &item));
        LEM_TRY(append(p, n, &end, item));
    }
    *out = n ? n : left;
done:
    return st;
}

static lem_status parse_not(jin_parser *p, jin_node **out) {
    int line = p->t->line;
    jin_node *n = NULL;
    if (!lem_jin_skip_name(p, "not")) return parse_compare(p, out);
    if (++p->depth > JIN_MAX_TREE)
        return lem_jin_parse_fail(p, line, "nested deeper than %d", (int)JIN_MAX_TREE);
    lem_status st = parse_not(p, &n);
    p->depth--;
    return st == LEM_OK ? lem_jin_node_new(p, N_NOT, line, n, NULL, out) : st;
}

static lem_status parse_and_or(jin_parser *p, bool is_or, jin_node **out) {
    jin_node *left = NULL, *right = NULL;
    lem_status st;
    LEM_TRY(is_or ? parse_and_or(p, false, &left) : parse_not(p, &left));
    for (int line = p->t->line; lem_jin_skip_name(p, is_or ? "or" : "and"); line = p->t->line) {
        LEM_TRY(is_or ? parse_and_or(p, false, &right) : parse_not(p, &right));
        LEM_TRY(lem_jin_node_new(p, is_or ? N_OR : N_AND, line, left, right, &left));
    }
    *out = left;
done:
    return st;
}

lem_status lem_jin_parse_expr(jin_parser *p, bool with_cond, jin_node **out) {
    jin_node *n = NULL, *test = NULL, *cond = NULL;
    lem_status st;
    if (++p->depth > JIN_MAX_TREE)
        return lem_jin_parse_fail(p, p->t->line, "nested deeper than %d", (int)JIN_MAX_TREE);
    LEM_TRY(parse_and_or(p, true, &n));
    while (with_cond && lem_jin_skip_name(p, "if")) {
        LEM_TRY(parse_and_or(p, true, &test));
        LEM_TRY(lem_jin_node_new(p, N_COND, test->line, n, test, &cond));
        if (lem_jin_skip_name(p, "else")) LEM_TRY(lem_jin_parse_expr(p, true, &cond->c));
        LEM_TRY(lem_jin_node_deepen(p, cond, cond->c));
        n = cond;
    }
    *out = n;
done:
    p->depth--;
    return st;
}

static bool tuple_end(const jin_parser *p, const char *stop) {
    return p->t->kind == T_VAR_END || p->t->kind == T_BLOCK_END || lem_jin_is_op(p, ")") ||
           (stop && lem_jin_is_name(p, stop));
}

lem_status lem_jin_parse_tuple(jin_parser *p, int how, const char *stop, jin_node **out) {
    jin_node *n = NULL, *item = NULL, *first = NULL, **end = NULL;
    int line = p->t->line;
    lem_status st = LEM_OK;
    for (;;) {
        if (n) LEM_TRY(lem_jin_expect_op(p, ","));
        if (tuple_end(p, stop)) break;
        LEM_TRY(how & JIN_TARGET ? parse_primary(p, how, &item)
                                 : lem_jin_parse_expr(p, !(how & JIN_NO_COND), &item));
        if (!n && !lem_jin_is_op(p, ",")) {
            *out = item;
            return LEM_OK;
        }
        if (!n) {
            LEM_TRY(lem_jin_node_new(p, N_TUPLE, line, NULL, NULL, &n));
            end = &n->list;
        }
        LEM_TRY(lem_jin_node_new(p, N_PAIR, item->line, item, NULL, &first));
        LEM_TRY(append(p, n, &end, first));
        if (!lem_jin_is_op(p, ",")) break;
    }
    if (!n) {
        if (!(how & JIN_PARENS)) return unexpected(p, "an expression");
        LEM_TRY(lem_jin_node_new(p, N_TUPLE, line, NULL, NULL, &n));
    }
    *out = n;
done:
    return st;
}
