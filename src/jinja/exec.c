/* exec.c - statements: output, loops, assignment, macros, blocks */
#include "jinja/jinja_priv.h"

#include <string.h>

/* ---- scopes. A body of for, macro, with, set, filter, call and generation has its own; if has not. */

static lem_status push_scope(jin *m, jin_scope *parent, jin_scope **out) {
    jin_scope *s = lem_jin_alloc(m, 1, sizeof *s);
    if (!s) return m->err->status;
    s->parent = parent;
    *out = s;
    return LEM_OK;
}

lem_status lem_jin_set_var(jin *m, jin_scope *s, const jin_str *name, jin_val v) {
    for (jin_var *p = s->vars; p; p = p->next) {
        if (!lem_jin_same(p->name, name)) continue;
        p->v = v;
        return LEM_OK;
    }
    jin_var *p = lem_jin_alloc(m, 1, sizeof *p);
    if (!p) return m->err->status;
    *p = (jin_var){name, v, s->vars};
    s->vars = p;
    return LEM_OK;
}

static lem_status set_word(jin *m, jin_scope *s, const char *word, jin_val v) {
    jin_str *name = lem_jin_alloc(m, 1, sizeof *name);
    if (!name) return m->err->status;
    *name = (jin_str){.s = word, .n = strlen(word)};
    return lem_jin_set_var(m, s, name, v);
}

static lem_status assign(jin *m, jin_scope *s, const jin_node *target, jin_val v) {
    jin_seq *q = NULL;
    jin_val ns = {0};
    lem_status st;
    if (target->op == N_NAME) return lem_jin_set_var(m, s, target->name, v);
    if (target->op == N_NSREF) {
        jin_node name = {.op = N_NAME, .line = target->line, .name = target->name};
        LEM_TRY(lem_jin_eval(m, &name, &ns));
        if (ns.kind != JIN_NS) return lem_jin_fail(m, "cannot assign attribute on non-namespace object");
        return lem_jin_dict_put(m, ns.u.d, target->value, v);
    }
    size_t want = 0, have;
    for (const jin_node *c = target->list; c; c = c->next) want++;
    LEM_TRY(lem_jin_iter(m, &v, &q));
    have = q->n - q->pos;
    if (have != want)
        return lem_jin_fail(m, "%s values to unpack (expected %zu)", have > want ? "too many" : "not enough",
                            want);
    size_t i = q->pos;
    if (q->flavor == JIN_GENERATOR) q->pos = q->n;
    for (const jin_node *c = target->list; c; c = c->next) LEM_TRY(assign(m, s, c->a, q->at[i++]));
done:
    return st;
}

/* Runs a body with its output caught, in scope s. */
static lem_status capture(jin *m, const jin_node *list, jin_scope *s, jin_val *out) {
    jin_sb b = {0}, *old_out = m->out;
    jin_scope *old = m->scope;
    m->out = &b;
    m->scope = s;
    lem_status st = lem_jin_exec(m, list);
    m->out = old_out;
    m->scope = old;
    return st == LEM_OK ? lem_jin_sb_take(m, &b, out) : st;
}

/* ---- loops */

static lem_status next_item(jin *m, jin_loop *l, jin_val *out, bool *got) {
    lem_status st = LEM_OK;
    for (*got = false; !*got;) {
        size_t *pos = l->q->flavor == JIN_GENERATOR ? &l->q->pos : &l->pos;
        if (*pos >= l->q->n) return LEM_OK;
        jin_val v = l->q->at[(*pos)++], yes = lem_jin_bool(true);
        if (l->node) { /* the filter sees the target in a scope of its own */
            jin_scope *s = NULL, *old = m->scope;
            LEM_TRY(push_scope(m, l->outer, &s));
            LEM_TRY(assign(m, s, l->node->a, v));
            m->scope = s;
            st = lem_jin_eval(m, l->node->c, &yes);
            m->scope = old;
            if (st != LEM_OK) return st;
        }
        *out = v;
        *got = lem_jin_true(&yes);
    }
done:
    return st;
}

static lem_status peek(jin *m, jin_loop *l) {
    return l->has_after ? LEM_OK : next_item(m, l, &l->after, &l->has_after);
}

/* Reads all that is left where the length is not known before. */
static lem_status loop_length(jin *m, jin_loop *l, size_t *out) {
    lem_status st = LEM_OK;
    if (l->length == SIZE_MAX && !l->node && l->q->flavor != JIN_GENERATOR) l->length = l->q->n;
    if (l->length == SIZE_MAX) {
        jin_val rest, v;
        bool got = true;
        LEM_TRY(lem_jin_seq_new(m, JIN_LIST, &rest));
        for (;;) {
            LEM_TRY(next_item(m, l, &v, &got));
            if (!got) break;
            LEM_TRY(lem_jin_seq_push(m, rest.u.q, v));
        }
        l->length = rest.u.q->n + (size_t)(l->index0 + 1) + l->has_after;
        l->q = rest.u.q;
        l->pos = 0;
        l->node = NULL;
    }
    *out = l->length;
done:
    return st;
}

typedef enum loop_word {
    LOOP_INDEX,
    LOOP_INDEX0,
    LOOP_FIRST,
    LOOP_DEPTH,
    LOOP_DEPTH0,
    LOOP_PREVITEM,
    LOOP_LAST,
    LOOP_NEXTITEM,
    LOOP_LENGTH,
    LOOP_REVINDEX,
    LOOP_REVINDEX0,
    LOOP_CYCLE,
    LOOP_CHANGED,
    LOOP_WORDS
} loop_word;

static const char *const loop_words[LOOP_WORDS] = {
    [LOOP_INDEX] = "index",       [LOOP_INDEX0] = "index0",       [LOOP_FIRST] = "first",
    [LOOP_DEPTH] = "depth",       [LOOP_DEPTH0] = "depth0",       [LOOP_PREVITEM] = "previtem",
    [LOOP_LAST] = "last",         [LOOP_NEXTITEM] = "nextitem",   [LOOP_LENGTH] = "length",
    [LOOP_REVINDEX] = "revindex", [LOOP_REVINDEX0] = "revindex0", [LOOP_CYCLE] = "cycle",
    [LOOP_CHANGED] = "changed"};

/* last, nextitem: the next item is fetched ahead. */
static lem_status loop_ahead(jin *m, jin_loop *l, loop_word word, jin_val *out) {
    lem_status st = peek(m, l);
    if (word == LOOP_LAST) *out = lem_jin_bool(!l->has_after);
    else *out = l->has_after ? l->after : lem_jin_undef("there is no next item");
    return st;
}

/* length, revindex, revindex0 */
static lem_status loop_count(jin *m, jin_loop *l, loop_word word, jin_val *out) {
    size_t n = 0;
    lem_status st = loop_length(m, l, &n);
    int64_t count = (int64_t)n;
    if (word == LOOP_REVINDEX) count -= l->index0;
    if (word == LOOP_REVINDEX0) count -= l->index0 + 1;
    *out = lem_jin_int(count);
    return st;
}

static lem_status loop_method(jin *m, jin_loop *l, loop_word word, jin_val *out) {
    jin_bound *b = lem_jin_alloc(m, 1, sizeof *b);
    if (!b) return m->err->status;
    *b = (jin_bound){{.kind = JIN_LOOP, .u.loop = l}, loop_words[word]};
    *out = (jin_val){.kind = JIN_BOUND, .u.bound = b};
    return LEM_OK;
}

lem_status lem_jin_loop_attr(jin *m, jin_loop *l, const jin_str *name, jin_val *out) {
    int word = 0;
    while (word < LOOP_WORDS && !lem_jin_is(name, loop_words[word])) word++;
    switch (word) {
    case LOOP_INDEX: *out = lem_jin_int(l->index0 + 1); break;
    case LOOP_INDEX0: *out = lem_jin_int(l->index0); break;
    case LOOP_FIRST: *out = lem_jin_bool(l->index0 == 0); break;
    case LOOP_DEPTH: *out = lem_jin_int(1); break;
    case LOOP_DEPTH0: *out = lem_jin_int(0); break;
    case LOOP_PREVITEM: *out = l->index0 > 0 ? l->before : lem_jin_undef("there is no previous item"); break;
    case LOOP_LAST:
    case LOOP_NEXTITEM: return loop_ahead(m, l, (loop_word)word, out);
    case LOOP_LENGTH:
    case LOOP_REVINDEX:
    case LOOP_REVINDEX0: return loop_count(m, l, (loop_word)word, out);
    case LOOP_CYCLE:
    case LOOP_CHANGED: return loop_method(m, l, (loop_word)word, out);
    default: *out = lem_jin_undef("loop has no such attribute"); break;
    }
    return LEM_OK;
}

static lem_status loop_body(jin *m, const jin_node *n, jin_loop *l, jin_val item) {
    jin_scope *s = NULL, *old = m->scope;
    lem_status st;
    l->index0++;
    l->before = l->current;
    l->current = item;
    LEM_TRY(push_scope(m, old, &s));
    LEM_TRY(set_word(m, s, "loop", (jin_val){.kind = JIN_LOOP, .u.loop = l}));
    LEM_TRY(assign(m, s, n->a, item));
    m->scope = s;
    st = lem_jin_exec(m, n->list);
    m->scope = old;
done:
    return st;
}

static lem_status exec_for(jin *m, const jin_node *n) {
    jin_val v = {0};
    bool got = true;
    lem_status st;
    jin_loop *l = lem_jin_alloc(m, 1, sizeof *l);
    if (!l) return m->err->status;
    LEM_TRY(lem_jin_eval(m, n->b, &v));
    LEM_TRY(lem_jin_iter(m, &v, &l->q));
    l->length = SIZE_MAX;
    l->index0 = -1;
    l->node = n->c ? n : NULL;
    l->outer = m->scope;
    for (;;) {
        if (l->has_after) v = l->after;
        else LEM_TRY(next_item(m, l, &v, &got));
        if (!got) break;
        got = true;
        l->has_after = false;
        LEM_TRY(lem_jin_step(m, 1));
        LEM_TRY(loop_body(m, n, l, v));
        bool stop = m->flow == JIN_BREAK;
        m->flow = JIN_RUN;
        if (stop) return LEM_OK;
    }
    if (l->index0 >= 0 || !n->other) return LEM_OK;
    jin_scope *s = NULL, *old = m->scope;
    LEM_TRY(push_scope(m, old, &s));
    m->scope = s;
    st = lem_jin_exec(m, n->other);
    m->scope = old;
done:
    return st;
}

/* ---- macros */

enum { MAX_NAMED = 64 };

/* The argument for parameter i, by place or by name (then used[] says so); JIN_MISSING if there is none. */
static jin_val argument_for(const jin_args *a, size_t i, const jin_str *name, bool used[MAX_NAMED]) {
    jin_val v = {.kind = JIN_MISSING};
    if (i < a->n) return a->pos[i];
    for (size_t k = 0; k < a->n_named; k++) {
        if (!lem_jin_same(a->name[k], name)) continue;
        v = a->named[k];
        used[k] = true;
    }
    return v;
}

/* Sets the parameters; *n of them. A default is evaluated in the scope made so far. */
static lem_status set_parameters(jin *m, const jin_macro *f, const jin_args *a, jin_scope *s,
                                 bool used[MAX_NAMED], size_t *n) {
    lem_status st = LEM_OK;
    *n = 0;
    for (const jin_node *p = f->node->other; p; p = p->next, ++*n) {
        jin_val v = argument_for(a, *n, p->name, used);
        if (v.kind == JIN_MISSING && p->a) LEM_TRY(lem_jin_eval(m, p->a, &v));
        else if (v.kind == JIN_MISSING) v = lem_jin_undef("a parameter of a macro was not provided");
        LEM_TRY(lem_jin_set_var(m, s, p->name, v));
    }
done:
    return st;
}

/* The named arguments that are no parameters: caller, and kwargs where the body names them. */
static lem_status collect_named(jin *m, const jin_node *n, const jin_args *a, const bool used[MAX_NAMED],
                                jin_val *kwargs, jin_val *caller) {
    lem_status st;
    LEM_TRY(lem_jin_dict_new(m, kwargs));
    for (size_t k = 0; k < a->n_named; k++) {
        jin_val key = {.kind = JIN_STR, .u.s = a->name[k]};
        if (used[k]) continue;
        if ((n->uses & JIN_USES_CALLER) && lem_jin_is(a->name[k], "caller")) *caller = a->named[k];
        else if (n->uses & JIN_USES_KWARGS) LEM_TRY(lem_jin_dict_put(m, kwargs->u.d, key, a->named[k]));
        else
            return lem_jin_fail(m, "a macro takes no keyword argument '%.*s'",
                                (int)(key.u.s->n > 60 ? 60 : key.u.s->n), key.u.s->s);
    }
done:
    return st;
}

/* The parameters of a macro, as jinja2's Macro.__call__ hands them over; `caller`, `kwargs` and `varargs`
 * only to a body that names them. */
static lem_status macro_args(jin *m, const jin_macro *f, const jin_args *a, jin_scope *s) {
    const jin_node *n = f->node;
    size_t i;
    bool used[MAX_NAMED] = {false};
    jin_val kwargs, varargs, caller = lem_jin_undef("no caller is defined");
    lem_status st;
    if (a->n_named > MAX_NAMED) return lem_jin_fail(m, "a call has more than 64 named arguments");
    LEM_TRY(set_parameters(m, f, a, s, used, &i));
    LEM_TRY(collect_named(m, n, a, used, &kwargs, &caller));
    if (a->n > i && !(n->uses & JIN_USES_VARARGS))
        return lem_jin_fail(m, "a macro takes not more than %zu arguments", i);
    LEM_TRY(lem_jin_seq_new(m, JIN_TUPLE, &varargs));
    for (; i < a->n; i++) LEM_TRY(lem_jin_seq_push(m, varargs.u.q, a->pos[i]));
    if (n->uses & JIN_USES_CALLER) LEM_TRY(set_word(m, s, "caller", caller));
    if (n->uses & JIN_USES_KWARGS) LEM_TRY(set_word(m, s, "kwargs", kwargs));
    if (n->uses & JIN_USES_VARARGS) LEM_TRY(set_word(m, s, "varargs", varargs));
done:
    return st;
}

lem_status lem_jin_call_macro(jin *m, const jin_macro *f, const jin_args *args, jin_val *out) {
    jin_scope *s = NULL, *old = m->scope;
    lem_status st;
    LEM_TRY(push_scope(m, f->scope, &s));
    m->scope = s;
    st = macro_args(m, f, args, s);
    m->scope = old;
    if (st == LEM_OK) st = capture(m, f->node->list, s, out);
done:
    return st;
}

static lem_status make_macro(jin *m, const jin_node *n, jin_val *out) {
    jin_macro *f = lem_jin_alloc(m, 1, sizeof *f);
    if (!f) return m->err->status;
    *f = (jin_macro){n, m->scope, n->op != N_MACRO};
    *out = (jin_val){.kind = JIN_MACRO, .u.macro = f};
    return LEM_OK;
}

static lem_status exec_call_block(jin *m, const jin_node *n) {
    static const jin_str name = {.s = "caller", .n = 6};
    jin_val f = {0}, caller = {0}, v = {0};
    jin_args args = {0};
    lem_status st;
    LEM_TRY(make_macro(m, n, &caller));
    LEM_TRY(lem_jin_eval(m, n->a->a, &f));
    LEM_TRY(lem_jin_args_eval(m, n->a->list, &args));
    LEM_TRY(lem_jin_args_name(m, &args, &name, caller));
    LEM_TRY(lem_jin_call(m, &f, &args, &v));
    LEM_TRY(lem_jin_print(m, m->out, &v));
done:
    return st;
}

/* ---- the other blocks */

/* A chain of filters whose innermost has no operand: it gets v. */
static lem_status through_filters(jin *m, const jin_node *n, jin_val *v) {
    jin_args args = {0};
    jin_val out = {0};
    lem_status st = LEM_OK;
    if (!n) return LEM_OK;
    LEM_TRY(through_filters(m, n->a, v)); /* as deep as the tree, which is bounded */
    LEM_TRY(lem_jin_args_eval(m, n->list, &args));
    m->line = n->line;
    LEM_TRY(lem_jin_filter(m, n->name, v, &args, &out));
    *v = out;
done:
    return st;
}

/* The text that the node's body writes in a scope of its own. */
static lem_status capture_body(jin *m, const jin_node *n, jin_val *out) {
    jin_scope *s = NULL;
    lem_status st = push_scope(m, m->scope, &s);
    return st == LEM_OK ? capture(m, n->list, s, out) : st;
}

static lem_status exec_captured(jin *m, const jin_node *n) {
    jin_val v = {0};
    lem_status st;
    LEM_TRY(capture_body(m, n, &v));
    LEM_TRY(through_filters(m, n->b, &v));
    if (n->op == N_SETBLOCK) return assign(m, m->scope, n->a, v);
    LEM_TRY(lem_jin_print(m, m->out, &v));
done:
    return st;
}

static lem_status exec_generation(jin *m, const jin_node *n) {
    jin_val v = {0};
    lem_status st;
    LEM_TRY(capture_body(m, n, &v));
    jin_str marked = *v.u.s;
    marked.all |= JIN_GEN;
    if (marked.mark) {
        uint8_t *mark = lem_jin_alloc(m, marked.n, 1);
        if (!mark) return m->err->status;
        for (size_t i = 0; i < marked.n; i++) mark[i] = marked.mark[i] | JIN_GEN;
        marked.mark = mark;
    }
    LEM_TRY(lem_jin_sb_str(m, m->out, &marked));
done:
    return st;
}

static lem_status exec_with(jin *m, const jin_node *n) {
    jin_scope *s = NULL, *old = m->scope;
    jin_val v = {0};
    lem_status st;
    LEM_TRY(push_scope(m, old, &s));
    for (const jin_node *c = n->other; c; c = c->next) {
        LEM_TRY(lem_jin_eval(m, c->b, &v));
        LEM_TRY(assign(m, s, c->a, v));
    }
    m->scope = s;
    st = lem_jin_exec(m, n->list);
    m->scope = old;
done:
    return st;
}

static lem_status exec_if(jin *m, const jin_node *n) {
    const jin_node *part = n;
    while (part) {
        jin_val v = lem_jin_bool(true);
        lem_status st = part->a ? lem_jin_eval(m, part->a, &v) : LEM_OK;
        if (st != LEM_OK) return st;
        if (lem_jin_true(&v)) return lem_jin_exec(m, part->list);
        part = part == n ? n->other : part->next;
    }
    return LEM_OK;
}

static lem_status exec_value(jin *m, const jin_node *n) {
    jin_val v = {0};
    lem_status st;
    if (n->op == N_MACRO) {
        LEM_TRY(make_macro(m, n, &v));
        return lem_jin_set_var(m, m->scope, n->name, v);
    }
    LEM_TRY(lem_jin_eval(m, n->op == N_PRINT ? n->a : n->b, &v));
    m->line = n->line;
    if (n->op == N_SET) return assign(m, m->scope, n->a, v);
    LEM_TRY(lem_jin_print(m, m->out, &v));
done:
    return st;
}

static lem_status exec_node(jin *m, const jin_node *n) {
    switch (n->op) {
    case N_TEXT: return lem_jin_sb_str(m, m->out, n->name);
    case N_IF: return exec_if(m, n);
    case N_FOR: return exec_for(m, n);
    case N_SETBLOCK:
    case N_FILTERBLOCK: return exec_captured(m, n);
    case N_CALLBLOCK: return exec_call_block(m, n);
    case N_WITH: return exec_with(m, n);
    case N_GENERATION: return exec_generation(m, n);
    case N_BREAK: m->flow = JIN_BREAK; return LEM_OK;
    case N_CONTINUE: m->flow = JIN_CONTINUE; return LEM_OK;
    default: return exec_value(m, n);
    }
}

lem_status lem_jin_exec(jin *m, const jin_node *list) {
    lem_status st = LEM_OK;
    if (m->depth >= JIN_MAX_CALL)
        return lem_jin_fail(m, "evaluation is nested deeper than %d", (int)JIN_MAX_CALL);
    m->depth++;
    for (const jin_node *n = list; n && st == LEM_OK && m->flow == JIN_RUN; n = n->next) {
        m->line = n->line;
        st = lem_jin_step(m, 1);
        if (st == LEM_OK) st = exec_node(m, n);
    }
    m->depth--;
    return st;
}
