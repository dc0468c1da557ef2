/* eval.c - expressions to values: names, attributes, items, slices, operators */
#include "jinja/jinja_priv.h"

#include <stdio.h>
#include <string.h>

/* An undefined value that says, when it is used, what is missing. */
static lem_status undefined(jin *m, const char *before, const char *type, const char *between,
                            const jin_str *name, jin_val *out) {
    char text[160];
    int n = snprintf(text, sizeof text, "%s%s%s'%.*s'", before, type, between,
                     (int)(name->n > 60 ? 60 : name->n), name->s);
    char *why = lem_jin_alloc(m, (size_t)n + 1, 1);
    if (!why) return m->err->status;
    memcpy(why, text, n < (int)sizeof text ? (size_t)n + 1 : sizeof text);
    *out = lem_jin_undef(why);
    return LEM_OK;
}

lem_status lem_jin_used_undef(jin *m, const jin_val *v) {
    return lem_jin_fail(m, "%s", v->u.why ? v->u.why : "an undefined value is used");
}

/* ---- names, attributes, items */

static lem_status eval_name(jin *m, const jin_node *n, jin_val *out) {
    for (const jin_scope *s = m->scope; s; s = s->parent) {
        for (const jin_var *v = s->vars; v; v = v->next) {
            if (!lem_jin_same(v->name, n->name)) continue;
            *out = v->v;
            return LEM_OK;
        }
    }
    const char *f = lem_jin_find_function(n->name);
    if (!f) return undefined(m, "undefined: ", "", "", n->name, out);
    *out = (jin_val){.kind = JIN_FUNC, .u.why = f};
    return LEM_OK;
}

/* A method of a value of the language; *found false if it has none of that name. */
static lem_status find_method(jin *m, const jin_val *obj, const jin_str *name, bool *found, jin_val *out) {
    const char *method = NULL;
    bool unsafe = false;
    *found = lem_jin_has_method(obj, name, &method, &unsafe);
    if (!*found) return LEM_OK;
    if (unsafe)
        return undefined(m, "the sandbox refuses of a ", lem_jin_type(obj), " the attribute ", name, out);
    jin_bound *b = lem_jin_alloc(m, 1, sizeof *b);
    if (!b) return m->err->status;
    *b = (jin_bound){*obj, method};
    *out = (jin_val){.kind = JIN_BOUND, .u.bound = b};
    return LEM_OK;
}

lem_status lem_jin_attr(jin *m, const jin_val *obj, const jin_str *name, jin_val *out) {
    bool found = false;
    jin_val *v = NULL;
    if (obj->kind == JIN_UNDEF) return lem_jin_used_undef(m, obj);
    if (obj->kind == JIN_LOOP) return lem_jin_loop_attr(m, obj->u.loop, name, out);
    if (obj->kind == JIN_CYCLER && lem_jin_is(name, "current")) {
        *out = obj->u.cycler->at[obj->u.cycler->pos];
        return LEM_OK;
    }
    lem_status st = find_method(m, obj, name, &found, out);
    if (st != LEM_OK || found) return st;
    if (obj->kind == JIN_DICT || obj->kind == JIN_NS) {
        st = lem_jin_step(m, obj->u.d->n / 8);
        if (st != LEM_OK) return st;
        if ((v = lem_jin_dict_text(obj->u.d, name))) {
            *out = *v;
            return LEM_OK;
        }
    }
    return undefined(m, "undefined: a ", lem_jin_type(obj), " has no attribute ", name, out);
}

static bool as_index(const jin_val *v, int64_t *i) {
    if (v->kind != JIN_INT && v->kind != JIN_BOOL) return false;
    *i = lem_jin_int_of(v);
    return true;
}

/* obj[i] of a sequence or a text; *out stays as it is if there is no such element. */
static lem_status element_at(jin *m, const jin_val *obj, int64_t i, jin_val *out) {
    lem_status st = LEM_OK;
    if (obj->kind == JIN_SEQ && obj->u.q->flavor <= JIN_RANGE) {
        int64_t n = (int64_t)obj->u.q->n;
        if (i < 0) i += n;
        if (i >= 0 && i < n) *out = obj->u.q->at[i];
    } else if (obj->kind == JIN_STR) {
        const jin_str *s = obj->u.s;
        st = lem_jin_step(m, s->n / 32);
        int64_t n = (int64_t)lem_jin_chars(s->s, s->n);
        if (i < 0) i += n;
        if (st != LEM_OK || i < 0 || i >= n) return st;
        size_t at = lem_jin_byte_of(s, (size_t)i);
        return lem_jin_part(m, s, at, at + lem_jin_char(s->s + at, s->n - at), out);
    }
    return st;
}

lem_status lem_jin_item(jin *m, const jin_val *obj, const jin_val *key, jin_val *out) {
    int64_t i;
    if (obj->kind == JIN_UNDEF) return lem_jin_used_undef(m, obj);
    if (obj->kind == JIN_DICT && lem_jin_hashable(key)) {
        jin_val *v = NULL;
        lem_status st = lem_jin_dict_find(m, obj->u.d, *key, &v);
        if (v && st == LEM_OK) *out = *v;
        if (v || st != LEM_OK) return st;
    }
    if (key->kind == JIN_STR) return lem_jin_attr(m, obj, key->u.s, out);
    *out = lem_jin_undef("an element that does not exist is used");
    return as_index(key, &i) ? element_at(m, obj, i, out) : LEM_OK;
}

/* ---- slices */

static lem_status slice_index(jin *m, const jin_val *v, int64_t otherwise, int64_t low, int64_t high,
                              int64_t n, int64_t *out) {
    if (v->kind == JIN_NONE || v->kind == JIN_MISSING) {
        *out = otherwise;
        return LEM_OK;
    }
    if (v->kind == JIN_UNDEF) return lem_jin_used_undef(m, v);
    if (!as_index(v, out))
        return lem_jin_fail(m, "slice indices must be integers or None, not %s", lem_jin_type(v));
    if (*out < 0) *out = *out < -n ? low : *out + n;
    if (*out < low) *out = low;
    if (*out > high) *out = high;
    return LEM_OK;
}

lem_status lem_jin_slice_bounds(jin *m, const jin_val part[3], size_t len, int64_t *start, int64_t *stop,
                                int64_t *step) {
    int64_t n = (int64_t)len;
    lem_status st;
    *step = 1;
    if (part[2].kind != JIN_NONE && part[2].kind != JIN_MISSING && !as_index(&part[2], step))
        return lem_jin_fail(m, "slice indices must be integers or None, not %s", lem_jin_type(&part[2]));
    if (*step == 0) return lem_jin_fail(m, "slice step cannot be zero");
    if (*step < -n - 1) *step = -n - 1; /* as good as any other that far */
    if (*step > n + 1) *step = n + 1;
    bool back = *step < 0;
    int64_t low = back ? -1 : 0, high = n - back; /* places that a bound may have */
    LEM_TRY(slice_index(m, &part[0], back ? high : low, low, high, n, start));
    LEM_TRY(slice_index(m, &part[1], back ? low : high, low, high, n, stop));
done:
    return st;
}

static lem_status slice_str(jin *m, const jin_str *s, int64_t start, int64_t stop, int64_t step, size_t n,
                            jin_val *out) {
    jin_sb b = {0};
    lem_status st = lem_jin_step(m, s->n / 32);
    if (st != LEM_OK) return st;
    if (step == 1 || n == s->n) {
        bool ascii = n == s->n;
        if (step == 1) {
            size_t from = ascii ? (size_t)start : lem_jin_byte_of(s, (size_t)start);
            if (stop <= start) return lem_jin_part(m, s, 0, 0, out);
            size_t to = ascii ? (size_t)stop : lem_jin_byte_of(s, (size_t)stop);
            return lem_jin_part(m, s, from, to, out);
        }
        for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step)
            LEM_TRY(lem_jin_sb_part(m, &b, s, (size_t)i, (size_t)i + 1));
        return lem_jin_sb_take(m, &b, out);
    }
    size_t *at = lem_jin_alloc(m, n + 1, sizeof *at);
    if (!at) return m->err->status;
    for (size_t i = 0, k = 0; i < s->n; i += lem_jin_char(s->s + i, s->n - i)) at[k++] = i;
    at[n] = s->n;
    for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step)
        LEM_TRY(lem_jin_sb_part(m, &b, s, at[i], at[i + 1]));
    return lem_jin_sb_take(m, &b, out);
done:
    return st;
}

static lem_status eval_slice(jin *m, const jin_val *obj, const jin_node *n, jin_val *out) {
    jin_val part[3] = {{0}, {0}, {0}};
    const jin_node *node[3] = {n->a, n->b, n->c};
    int64_t start, stop, step;
    size_t len = 0;
    lem_status st = LEM_OK;
    for (int i = 0; i < 3; i++)
        if (node[i]) LEM_TRY(lem_jin_eval(m, node[i], &part[i]));
    if (obj->kind == JIN_UNDEF) return lem_jin_used_undef(m, obj);
    if (obj->kind != JIN_STR && (obj->kind != JIN_SEQ || obj->u.q->flavor > JIN_RANGE))
        return lem_jin_fail(m, "a '%s' object cannot be sliced", lem_jin_type(obj));
    LEM_TRY(lem_jin_length(m, obj, &len));
    LEM_TRY(lem_jin_slice_bounds(m, part, len, &start, &stop, &step));
    if (obj->kind == JIN_STR) return slice_str(m, obj->u.s, start, stop, step, len, out);
    const jin_seq *q = obj->u.q;
    LEM_TRY(lem_jin_seq_new(m, q->flavor, out));
    if (q->flavor == JIN_RANGE) {
        out->u.q->start = q->start + start * q->step;
        out->u.q->stop = q->start + stop * q->step;
        out->u.q->step = q->step * step;
    }
    for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step)
        LEM_TRY(lem_jin_seq_push(m, out->u.q, q->at[i]));
done:
    return st;
}

/* ---- arguments */

static lem_status args_push(jin *m, jin_args *a, jin_val v) {
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 4;
        jin_val *p = lem_jin_alloc(m, cap, sizeof *p);
        if (!p) return m->err->status;
        if (a->n) memcpy(p, a->pos, a->n * sizeof *p);
        a->pos = p;
        a->cap = cap;
    }
    a->pos[a->n++] = v;
    return LEM_OK;
}

lem_status lem_jin_args_name(jin *m, jin_args *a, const jin_str *name, jin_val v) {
    for (size_t i = 0; i < a->n_named; i++)
        if (lem_jin_same(a->name[i], name))
            return lem_jin_fail(m, "an argument is named twice: %.*s", (int)(name->n > 60 ? 60 : name->n),
                                name->s);
    if (a->n_named == a->cap_named) {
        size_t cap = a->cap_named ? a->cap_named * 2 : 4;
        jin_val *p = lem_jin_alloc(m, cap, sizeof *p);
        const jin_str **names = lem_jin_alloc(m, cap, sizeof *names);
        if (!p || !names) return m->err->status;
        if (a->n_named) memcpy(p, a->named, a->n_named * sizeof *p);
        if (a->n_named) memcpy(names, a->name, a->n_named * sizeof *names);
        a->named = p;
        a->name = names;
        a->cap_named = cap;
    }
    a->name[a->n_named] = name;
    a->named[a->n_named++] = v;
    return lem_jin_step(m, a->n_named);
}

static lem_status spread(jin *m, const jin_node *n, const jin_val *v, jin_args *out) {
    jin_seq *q = NULL;
    lem_status st = LEM_OK;
    if (n->op == N_STAR) {
        st = lem_jin_iter(m, v, &q);
        for (size_t i = 0; st == LEM_OK && i < q->n; i++) st = args_push(m, out, q->at[i]);
        return st;
    }
    if (v->kind != JIN_DICT)
        return lem_jin_fail(m, "an argument after ** must be a mapping, not %s", lem_jin_type(v));
    for (size_t i = 0; st == LEM_OK && i < v->u.d->n; i++) {
        if (v->u.d->at[2 * i].kind != JIN_STR) return lem_jin_fail(m, "keywords must be strings");
        st = lem_jin_args_name(m, out, v->u.d->at[2 * i].u.s, v->u.d->at[2 * i + 1]);
    }
    return st;
}

lem_status lem_jin_args_eval(jin *m, const jin_node *list, jin_args *out) {
    lem_status st = LEM_OK;
    for (const jin_node *n = list; n && st == LEM_OK; n = n->next) {
        jin_val v = {0};
        st = lem_jin_eval(m, n->a, &v);
        if (st != LEM_OK) break;
        if (n->op == N_PAIR) st = args_push(m, out, v);
        else if (n->op == N_KEYWORD) st = lem_jin_args_name(m, out, n->name, v);
        else st = spread(m, n, &v, out);
    }
    return st;
}

lem_status lem_jin_bind(jin *m, const char *what, const char *names, const jin_args *args, jin_val *out) {
    size_t n = 0, used = 0;
    for (const char *p = names; *p; n++) {
        size_t len = strcspn(p, " ?");
        bool optional = p[len] == '?';
        jin_str name = {.s = p, .n = len};
        out[n] = (jin_val){.kind = JIN_MISSING};
        if (n < args->n) out[n] = args->pos[n];
        for (size_t i = 0; i < args->n_named; i++) {
            if (!lem_jin_same(args->name[i], &name)) continue;
            if (n < args->n) return lem_jin_fail(m, "%s got two values for '%.*s'", what, (int)len, p);
            out[n] = args->named[i];
            used++;
        }
        if (out[n].kind == JIN_MISSING && !optional)
            return lem_jin_fail(m, "%s needs the argument '%.*s'", what, (int)len, p);
        p += len + optional;
        while (*p == ' ') p++;
    }
    if (args->n > n) return lem_jin_fail(m, "%s takes at most %zu arguments, not %zu", what, n, args->n);
    if (used < args->n_named)
        return lem_jin_fail(m, "%s got an argument of a name that it does not know", what);
    return LEM_OK;
}

lem_status lem_jin_want_int(jin *m, const char *what, const jin_val *v, int64_t *out) {
    if (v->kind == JIN_UNDEF) return lem_jin_used_undef(m, v);
    return as_index(v, out) ? LEM_OK : lem_jin_fail(m, "%s needs an integer, not %s", what, lem_jin_type(v));
}

lem_status lem_jin_want_str(jin *m, const char *what, const jin_val *v, const jin_str **out) {
    if (v->kind != JIN_STR) return lem_jin_fail(m, "%s needs a string, not %s", what, lem_jin_type(v));
    *out = v->u.s;
    return LEM_OK;
}

/* ---- nodes of several parts */

static lem_status eval_sequence(jin *m, const jin_node *n, jin_val *out) {
    jin_val v = {0};
    lem_status st = lem_jin_seq_new(m, n->op == N_LIST ? JIN_LIST : JIN_TUPLE, out);
    for (const jin_node *c = n->list; c && st == LEM_OK; c = c->next) {
        st = lem_jin_eval(m, c->a, &v);
        if (st == LEM_OK) st = lem_jin_seq_push(m, out->u.q, v);
    }
    return st;
}

static lem_status eval_dict(jin *m, const jin_node *n, jin_val *out) {
    jin_val key = {0}, v = {0};
    lem_status st = lem_jin_dict_new(m, out);
    for (const jin_node *c = n->list; c && st == LEM_OK; c = c->next) {
        st = lem_jin_eval(m, c->a, &key);
        if (st == LEM_OK) st = lem_jin_eval(m, c->b, &v);
        if (st == LEM_OK) st = lem_jin_dict_put(m, out->u.d, key, v);
    }
    return st;
}

static lem_status eval_compare(jin *m, const jin_node *n, jin_val *out) {
    jin_val left = {0}, right = {0};
    bool yes = true;
    lem_status st = lem_jin_eval(m, n->a, &left);
    for (const jin_node *c = n->list; c && yes && st == LEM_OK; c = c->next) {
        st = lem_jin_eval(m, c->a, &right);
        if (st == LEM_OK) st = lem_jin_compare(m, (jin_op)c->op, &left, &right, &yes);
        left = right;
    }
    *out = lem_jin_bool(yes);
    return st;
}

static lem_status eval_concat(jin *m, const jin_node *n, jin_val *out) {
    jin_val a = {0}, b = {0};
    jin_sb sb = {0};
    lem_status st;
    LEM_TRY(lem_jin_eval(m, n->a, &a));
    LEM_TRY(lem_jin_eval(m, n->b, &b));
    LEM_TRY(lem_jin_print(m, &sb, &a));
    LEM_TRY(lem_jin_print(m, &sb, &b));
    LEM_TRY(lem_jin_sb_take(m, &sb, out));
done:
    return st;
}

static lem_status eval_filter_or_test(jin *m, const jin_node *n, jin_val *out) {
    jin_val v = {0};
    jin_args args = {0};
    bool yes = false;
    lem_status st;
    LEM_TRY(lem_jin_eval(m, n->a, &v));
    LEM_TRY(lem_jin_args_eval(m, n->list, &args));
    m->line = n->line;
    if (n->op == N_FILTER) return lem_jin_filter(m, n->name, &v, &args, out);
    LEM_TRY(lem_jin_test(m, n->name, &v, &args, &yes));
    *out = lem_jin_bool(yes);
done:
    return st;
}

static lem_status eval_call(jin *m, const jin_node *n, jin_val *out) {
    jin_val f = {0};
    jin_args args = {0};
    lem_status st;
    LEM_TRY(lem_jin_eval(m, n->a, &f));
    LEM_TRY(lem_jin_args_eval(m, n->list, &args));
    m->line = n->line;
    LEM_TRY(lem_jin_call(m, &f, &args, out));
done:
    return st;
}

static lem_status eval_access(jin *m, const jin_node *n, jin_val *out) {
    jin_val obj = {0}, key = {0};
    lem_status st;
    LEM_TRY(lem_jin_eval(m, n->a, &obj));
    if (n->op == N_ATTR) return lem_jin_attr(m, &obj, n->name, out);
    if (n->b->op == N_SLICE) return eval_slice(m, &obj, n->b, out);
    LEM_TRY(lem_jin_eval(m, n->b, &key));
    LEM_TRY(lem_jin_item(m, &obj, &key, out));
done:
    return st;
}

static lem_status eval_logic(jin *m, const jin_node *n, jin_val *out) {
    jin_val test = {0};
    lem_status st = LEM_OK;
    if (n->op == N_COND) {
        st = lem_jin_eval(m, n->b, &test);
        if (st != LEM_OK) return st;
        if (lem_jin_true(&test)) return lem_jin_eval(m, n->a, out);
        if (n->c) return lem_jin_eval(m, n->c, out);
        *out = lem_jin_undef("the value of an if without else is used");
        return LEM_OK;
    }
    st = lem_jin_eval(m, n->a, out);
    if (st != LEM_OK) return st;
    if (n->op == N_NOT) *out = lem_jin_bool(!lem_jin_true(out));
    else if (lem_jin_true(out) == (n->op == N_AND)) return lem_jin_eval(m, n->b, out);
    return LEM_OK;
}

static lem_status eval_node(jin *m, const jin_node *n, jin_val *out) {
    switch (n->op) {
    case N_CONST: *out = n->value; return LEM_OK;
    case N_NAME: return eval_name(m, n, out);
    case N_TUPLE:
    case N_LIST: return eval_sequence(m, n, out);
    case N_DICT: return eval_dict(m, n, out);
    case N_ATTR:
    case N_ITEM: return eval_access(m, n, out);
    case N_CALL: return eval_call(m, n, out);
    case N_FILTER:
    case N_TEST: return eval_filter_or_test(m, n, out);
    case N_NOT:
    case N_AND:
    case N_OR:
    case N_COND: return eval_logic(m, n, out);
    case N_CONCAT: return eval_concat(m, n, out);
    case N_COMPARE: return eval_compare(m, n, out);
    default: return lem_jin_arithmetic(m, n, out);
    }
}

lem_status lem_jin_eval(jin *m, const jin_node *n, jin_val *out) {
    lem_status st = lem_jin_step(m, 1);
    if (st != LEM_OK) return st;
    m->line = n->line;
    if (m->depth >= JIN_MAX_CALL)
        return lem_jin_fail(m, "evaluation is nested deeper than %d", (int)JIN_MAX_CALL);
    m->depth++;
    st = eval_node(m, n, out);
    m->depth--;
    return st;
}
