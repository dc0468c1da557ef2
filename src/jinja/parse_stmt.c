/* parse_stmt.c - statements: {% for %}, {% if %}, {% set %}, {% macro %} and their ends */
#include "jinja/jinja_priv.h"

#include <stdio.h>
#include <string.h>

static lem_status parse_rows(jin_parser *p, int opened, const char *const *ends, const char *tag,
                             jin_node *owner, jin_node **list);

static lem_status block_end(jin_parser *p) {
    char buf[80];
    if (p->t->kind != T_BLOCK_END)
        return lem_jin_parse_fail(p, p->t->line, "expected '%%}', found %s", lem_jin_describe(p, buf));
    p->t++;
    return LEM_OK;
}

/* The statements of a tag up to one of ends, whose name is left to be read. */
static lem_status parse_body(jin_parser *p, int opened, const char *const *ends, const char *tag,
                             jin_node *owner, jin_node **list) {
    lem_jin_skip_op(p, ":");
    lem_status st = block_end(p);
    return st == LEM_OK ? parse_rows(p, opened, ends, tag, owner, list) : st;
}

static lem_status check_target(jin_parser *p, const jin_node *n) {
    lem_status st = LEM_OK;
    if (n->op == N_TUPLE) {
        for (const jin_node *c = n->list; c && st == LEM_OK; c = c->next) st = check_target(p, c->a);
        return st;
    }
    if (n->op == N_NSREF || n->op == N_NAME) return LEM_OK;
    return lem_jin_parse_fail(p, n->line, "this cannot be assigned to");
}

static lem_status parse_target(jin_parser *p, int how, const char *stop, jin_node **out) {
    lem_status st = lem_jin_parse_tuple(p, how | JIN_TARGET, stop, out);
    return st == LEM_OK ? check_target(p, *out) : st;
}

static bool writes_loop(const jin_node *n) {
    if (n->op == N_NAME) return lem_jin_is(n->name, "loop");
    for (const jin_node *c = n->list; c; c = c->next)
        if (c->a && writes_loop(c->a)) return true;
    return false;
}

static lem_status parse_for(jin_parser *p, jin_node *n) {
    static const char *const ends[] = {"endfor", "else", NULL}, *const end[] = {"endfor", NULL};
    lem_status st;
    LEM_TRY(parse_target(p, 0, "in", &n->a));
    if (writes_loop(n->a)) return lem_jin_parse_fail(p, n->line, "a for cannot assign to loop");
    LEM_TRY(lem_jin_expect_name(p, "in"));
    LEM_TRY(lem_jin_parse_tuple(p, JIN_NO_COND, "recursive", &n->b));
    if (lem_jin_skip_name(p, "if")) LEM_TRY(lem_jin_parse_expr(p, true, &n->c));
    if (lem_jin_is_name(p, "recursive"))
        return lem_jin_parse_fail(p, n->line, "a recursive for is not supported");
    LEM_TRY(lem_jin_node_deepen(p, n, n->a));
    LEM_TRY(lem_jin_node_deepen(p, n, n->b));
    LEM_TRY(lem_jin_node_deepen(p, n, n->c));
    p->loops++;
    st = parse_body(p, n->line, ends, "for", n, &n->list);
    p->loops--;
    if (st != LEM_OK) return st;
    if (lem_jin_skip_name(p, "endfor")) return LEM_OK;
    p->t++;
    LEM_TRY(parse_body(p, n->line, end, "for", n, &n->other));
    p->t++;
done:
    return st;
}

/* The elif parts are a row hanging off `other`; an else is a last one without a test. */
static lem_status parse_if(jin_parser *p, jin_node *n) {
    static const char *const ends[] = {"elif", "else", "endif", NULL}, *const end[] = {"endif", NULL};
    jin_node *part = n, **tail = &n->other;
    lem_status st;
    for (;;) {
        LEM_TRY(lem_jin_parse_tuple(p, JIN_NO_COND, NULL, &part->a));
        LEM_TRY(lem_jin_node_deepen(p, part, part->a));
        LEM_TRY(parse_body(p, n->line, ends, "if", part, &part->list));
        LEM_TRY(lem_jin_node_deepen(p, n, part == n ? NULL : part));
        if (lem_jin_skip_name(p, "endif")) return LEM_OK;
        bool is_else = lem_jin_is_name(p, "else");
        LEM_TRY(lem_jin_node_new(p, N_IF, p->t->line, NULL, NULL, &part));
        p->t++;
        *tail = part;
        tail = &part->next;
        if (!is_else) continue;
        LEM_TRY(parse_body(p, n->line, end, "if", part, &part->list));
        LEM_TRY(lem_jin_node_deepen(p, n, part));
        p->t++;
        return LEM_OK;
    }
done:
    return st;
}

static lem_status parse_set(jin_parser *p, jin_node *n) {
    static const char *const end[] = {"endset", NULL};
    lem_status st;
    LEM_TRY(parse_target(p, JIN_NS_TARGET, NULL, &n->a));
    if (lem_jin_skip_op(p, "=")) {
        LEM_TRY(lem_jin_parse_tuple(p, 0, NULL, &n->b));
        return lem_jin_node_deepen(p, n, n->b);
    }
    n->op = N_SETBLOCK;
    LEM_TRY(lem_jin_parse_filters(p, NULL, false, &n->b));
    LEM_TRY(lem_jin_node_deepen(p, n, n->b));
    LEM_TRY(parse_body(p, n->line, end, "set", n, &n->list));
    p->t++;
done:
    return st;
}

/* (a, b=1) as a row of N_PAIR with name and default a, on node `other`. */
static lem_status parse_signature(jin_parser *p, jin_node *n) {
    jin_node **end = &n->other, *arg = NULL;
    bool defaults = false;
    lem_status st;
    LEM_TRY(lem_jin_expect_op(p, "("));
    while (!lem_jin_is_op(p, ")")) {
        if (n->other) LEM_TRY(lem_jin_expect_op(p, ","));
        const jin_token *t = p->t;
        LEM_TRY(lem_jin_expect_name(p, NULL));
        for (const jin_node *c = n->other; c; c = c->next)
            if (lem_jin_same(c->name, t->text))
                return lem_jin_parse_fail(p, t->line, "a parameter is named twice");
        LEM_TRY(lem_jin_node_new(p, N_PAIR, t->line, NULL, NULL, &arg));
        arg->name = t->text;
        if (lem_jin_skip_op(p, "=")) {
            LEM_TRY(lem_jin_parse_expr(p, true, &arg->a));
            defaults = true;
        } else if (defaults)
            return lem_jin_parse_fail(p, t->line, "a parameter without a default follows one with");
        *end = arg;
        end = &arg->next;
        LEM_TRY(lem_jin_node_deepen(p, n, arg->a));
    }
    p->t++;
done:
    return st;
}

/* A body that is a function of its own: loops around it do not reach in, and what it uses is its own. */
static lem_status parse_function(jin_parser *p, const char *const *ends, const char *tag, jin_node *n) {
    uint8_t *uses = p->uses;
    int loops = p->loops;
    p->uses = &n->uses;
    p->loops = 0;
    lem_status st = parse_body(p, n->line, ends, tag, n, &n->list);
    p->uses = uses;
    *uses |= n->uses;
    p->loops = loops;
    p->t++;
    return st;
}

static lem_status parse_macro(jin_parser *p, jin_node *n) {
    static const char *const end[] = {"endmacro", NULL};
    lem_status st;
    n->name = p->t->text;
    LEM_TRY(lem_jin_expect_name(p, NULL));
    LEM_TRY(parse_signature(p, n));
    LEM_TRY(parse_function(p, end, "macro", n));
done:
    return st;
}

static lem_status parse_call_block(jin_parser *p, jin_node *n) {
    static const char *const end[] = {"endcall", NULL};
    lem_status st;
    if (lem_jin_is_op(p, "(")) LEM_TRY(parse_signature(p, n));
    LEM_TRY(lem_jin_parse_expr(p, true, &n->a));
    if (n->a->op != N_CALL) return lem_jin_parse_fail(p, n->line, "{%% call %%} needs a call");
    LEM_TRY(lem_jin_node_deepen(p, n, n->a));
    LEM_TRY(parse_function(p, end, "call", n));
done:
    return st;
}

static lem_status parse_filter_block(jin_parser *p, jin_node *n) {
    static const char *const end[] = {"endfilter", NULL};
    lem_status st;
    LEM_TRY(lem_jin_parse_filters(p, NULL, true, &n->b));
    LEM_TRY(lem_jin_node_deepen(p, n, n->b));
    LEM_TRY(parse_body(p, n->line, end, "filter", n, &n->list));
    p->t++;
done:
    return st;
}

static lem_status parse_with(jin_parser *p, jin_node *n) {
    static const char *const end[] = {"endwith", NULL};
    jin_node **tail = &n->other, *item = NULL;
    lem_status st = LEM_OK;
    while (p->t->kind != T_BLOCK_END) {
        if (n->other) LEM_TRY(lem_jin_expect_op(p, ","));
        LEM_TRY(lem_jin_node_new(p, N_PAIR, p->t->line, NULL, NULL, &item));
        LEM_TRY(parse_target(p, 0, NULL, &item->a));
        LEM_TRY(lem_jin_expect_op(p, "="));
        LEM_TRY(lem_jin_parse_expr(p, true, &item->b));
        LEM_TRY(lem_jin_node_deepen(p, n, item->b));
        *tail = item;
        tail = &item->next;
    }
    LEM_TRY(parse_body(p, n->line, end, "with", n, &n->list));
    p->t++;
done:
    return st;
}

static lem_status parse_generation(jin_parser *p, jin_node *n) {
    static const char *const end[] = {"endgeneration", NULL};
    return parse_function(p, end, "generation", n);
}

static lem_status parse_print(jin_parser *p, jin_node *n) {
    jin_node **tail = &n->list, *v = NULL;
    lem_status st = LEM_OK;
    while (p->t->kind != T_BLOCK_END) {
        if (n->list) LEM_TRY(lem_jin_expect_op(p, ","));
        LEM_TRY(lem_jin_parse_expr(p, true, &v));
        LEM_TRY(lem_jin_node_new(p, N_PRINT, v->line, v, NULL, tail));
        LEM_TRY(lem_jin_node_deepen(p, n, *tail));
        tail = &(*tail)->next;
    }
    n->op = N_IF; /* a row of prints under a test that holds: no other node is needed */
    LEM_TRY(lem_jin_node_new(p, N_CONST, n->line, NULL, NULL, &n->a));
    n->a->value = lem_jin_bool(true);
done:
    return st;
}

static lem_status parse_jump(jin_parser *p, jin_node *n) {
    if (p->loops > 0) return LEM_OK;
    return lem_jin_parse_fail(p, n->line, "{%% %s %%} stands outside of a loop",
                              n->op == N_BREAK ? "break" : "continue");
}

typedef struct statement {
    const char *name;
    jin_op op;
    lem_status (*parse)(jin_parser *p, jin_node *n);
} statement;
static const statement statements[] = {
    {"for", N_FOR, parse_for},
    {"if", N_IF, parse_if},
    {"set", N_SET, parse_set},
    {"macro", N_MACRO, parse_macro},
    {"call", N_CALLBLOCK, parse_call_block},
    {"filter", N_FILTERBLOCK, parse_filter_block},
    {"with", N_WITH, parse_with},
    {"generation", N_GENERATION, parse_generation},
    {"print", N_PRINT, parse_print},
    {"break", N_BREAK, parse_jump},
    {"continue", N_CONTINUE, parse_jump},
};

static lem_status parse_statement(jin_parser *p, jin_node **out) {
    const jin_token *t = p->t;
    char buf[80];
    if (t->kind != T_NAME)
        return lem_jin_parse_fail(p, t->line, "expected the name of a tag, found %s",
                                  lem_jin_describe(p, buf));
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (!lem_jin_is(t->text, statements[i].name)) continue;
        lem_status st = lem_jin_node_new(p, statements[i].op, t->line, NULL, NULL, out);
        p->t++;
        if (++p->depth > JIN_MAX_TREE)
            return lem_jin_parse_fail(p, t->line, "nested deeper than %d", (int)JIN_MAX_TREE);
        if (st == LEM_OK) st = statements[i].parse(p, *out);
        p->depth--;
        return st == LEM_OK ? block_end(p) : st;
    }
    return lem_jin_parse_fail(p, t->line, "the tag {%% %.*s %%} is not supported here",
                              (int)(t->text->n > 60 ? 60 : t->text->n), t->text->s);
}

static bool at_end(const jin_parser *p, const char *const *ends) {
    for (; ends && *ends; ends++)
        if (lem_jin_is_name(p, *ends)) return true;
    return false;
}

static lem_status parse_rows(jin_parser *p, int opened, const char *const *ends, const char *tag,
                             jin_node *owner, jin_node **list) {
    lem_status st = LEM_OK;
    jin_node *n = NULL, *v = NULL;
    for (;; list = &n->next) {
        const jin_token *t = p->t;
        if (t->kind == T_EOF) {
            if (ends)
                return lem_jin_parse_fail(p, opened, "{%% %s %%} has no %s", tag,
                                          ends[0][0] == 'e' && ends[1] && ends[2] ? ends[2] : ends[0]);
            return LEM_OK;
        }
        p->t++;
        if (t->kind == T_DATA) {
            LEM_TRY(lem_jin_node_new(p, N_TEXT, t->line, NULL, NULL, &n));
            n->name = t->text;
        } else if (t->kind == T_VAR_BEGIN) {
            LEM_TRY(lem_jin_parse_tuple(p, 0, NULL, &v));
            LEM_TRY(lem_jin_node_new(p, N_PRINT, t->line, v, NULL, &n));
            if (p->t->kind != T_VAR_END) {
                char buf[80];
                return lem_jin_parse_fail(p, p->t->line, "expected '}}', found %s", lem_jin_describe(p, buf));
            }
            p->t++;
        } else {
            if (at_end(p, ends)) return LEM_OK;
            LEM_TRY(parse_statement(p, &n));
        }
        *list = n;
        if (owner) LEM_TRY(lem_jin_node_deepen(p, owner, n));
    }
done:
    return st;
}

lem_status lem_jin_parse(const char *source, size_t len, lem_arena *arena, jin_node **out, lem_err *err) {
    jin_tokens tokens = {0};
    uint8_t uses = 0;
    jin_node *root = NULL;
    lem_status st = lem_jin_lex(source, len, arena, &tokens, err);
    if (st == LEM_OK) {
        jin_parser p = {.arena = arena, .t = tokens.at, .err = err, .uses = &uses};
        st = parse_rows(&p, 1, NULL, "", NULL, &root);
    }
    lem_free(tokens.at);
    if (st == LEM_OK) *out = root;
    return st;
}
