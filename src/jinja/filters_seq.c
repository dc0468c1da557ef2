/* filters_seq.c - filters of sequences: select, map, sort, join … */
#include "jinja/jinja_priv.h"

#include <string.h>

static void use_up(jin_seq *q) {
    if (q->flavor == JIN_GENERATOR) q->pos = q->n;
}

static lem_status f_length(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    size_t n = 0;
    lem_status st = lem_jin_bind(m, "length", "", args, a);
    if (st == LEM_OK) st = lem_jin_length(m, v, &n);
    *out = lem_jin_int((int64_t)n);
    return st;
}

static lem_status f_first(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    jin_seq *q = NULL;
    lem_status st = lem_jin_bind(m, "first", "", args, a);
    if (st == LEM_OK) st = lem_jin_iter(m, v, &q);
    if (st != LEM_OK) return st;
    *out = q->pos < q->n ? q->at[q->pos] : lem_jin_undef("No first item, sequence was empty.");
    if (q->flavor == JIN_GENERATOR && q->pos < q->n) q->pos++;
    return LEM_OK;
}

static lem_status f_last(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    jin_seq *q = NULL;
    lem_status st = lem_jin_bind(m, "last", "", args, a);
    if (v->kind == JIN_SEQ && v->u.q->flavor == JIN_GENERATOR)
        return lem_jin_fail(m, "'generator' object is not reversible");
    if (st == LEM_OK) st = lem_jin_iter(m, v, &q);
    if (st == LEM_OK) *out = q->n ? q->at[q->n - 1] : lem_jin_undef("No last item, sequence was empty.");
    return st;
}

static lem_status copy_list(jin *m, const jin_val *v, jin_flavor flavor, jin_val *out) {
    jin_seq *q = NULL;
    lem_status st = lem_jin_iter(m, v, &q);
    if (st == LEM_OK) st = lem_jin_seq_new(m, flavor, out);
    for (size_t i = st == LEM_OK ? q->pos : 0; st == LEM_OK && i < q->n; i++)
        st = lem_jin_seq_push(m, out->u.q, q->at[i]);
    if (st == LEM_OK) use_up(q);
    return st;
}

static lem_status f_list(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    lem_status st = lem_jin_bind(m, "list", "", args, a);
    return st == LEM_OK ? copy_list(m, v, JIN_LIST, out) : st;
}

static lem_status f_reverse(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1], t;
    jin_sb b = {0};
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "reverse", "", args, a));
    if (v->kind == JIN_STR) {
        const jin_str *s = v->u.s;
        for (size_t i = s->n; i > 0;) {
            size_t k = i - 1;
            while (k > 0 && i - k < 4 && ((unsigned char)s->s[k] & 0xc0) == 0x80) k--;
            if (lem_jin_char(s->s + k, i - k) != i - k) k = i - 1;
            LEM_TRY(lem_jin_sb_part(m, &b, s, k, i));
            i = k;
        }
        return lem_jin_sb_take(m, &b, out);
    }
    LEM_TRY(copy_list(m, v, JIN_LIST, &t));
    bool generator = v->kind == JIN_SEQ && v->u.q->flavor == JIN_GENERATOR;
    /* reversed() of a thing with a length is an iterator; of a generator the list made of it is turned round
     */
    LEM_TRY(lem_jin_seq_new(m, generator ? JIN_LIST : JIN_GENERATOR, out));
    for (size_t i = t.u.q->n; i-- > 0;) LEM_TRY(lem_jin_seq_push(m, out->u.q, t.u.q->at[i]));
done:
    return st;
}

static lem_status f_items(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1], pair;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "items", "", args, a));
    if (v->kind != JIN_DICT && v->kind != JIN_UNDEF)
        return lem_jin_fail(m, "Can only get item pairs from a mapping.");
    LEM_TRY(lem_jin_seq_new(m, JIN_GENERATOR, out));
    for (size_t i = 0; v->kind == JIN_DICT && i < v->u.d->n; i++) {
        LEM_TRY(lem_jin_seq_new(m, JIN_TUPLE, &pair));
        LEM_TRY(lem_jin_seq_push(m, pair.u.q, v->u.d->at[2 * i]));
        LEM_TRY(lem_jin_seq_push(m, pair.u.q, v->u.d->at[2 * i + 1]));
        LEM_TRY(lem_jin_seq_push(m, out->u.q, pair));
    }
done:
    return st;
}

/* ---- attributes of elements: "a.b.0" */

static lem_status attribute_part(jin *m, const jin_str *s, size_t from, size_t to, jin_val *item) {
    jin_val key;
    int64_t n = 0;
    bool digits = to > from && to - from < 18;
    lem_status st;
    for (size_t i = from; i < to && digits; i++) {
        digits = s->s[i] >= '0' && s->s[i] <= '9';
        n = n * 10 + (s->s[i] - '0');
    }
    LEM_TRY(lem_jin_part(m, s, from, to, &key));
    if (digits) key = lem_jin_int(n);
    jin_val obj = *item;
    LEM_TRY(lem_jin_item(m, &obj, &key, item));
done:
    return st;
}

/* otherwise (may be NULL) stands for what is undefined on the way. */
static lem_status attribute(jin *m, const jin_val *name, const jin_val *otherwise, jin_val *item) {
    lem_status st = LEM_OK;
    if (name->kind == JIN_NONE || name->kind == JIN_MISSING) return LEM_OK;
    if (name->kind != JIN_STR) {
        jin_val obj = *item;
        st = lem_jin_item(m, &obj, name, item);
        if (st == LEM_OK && otherwise && item->kind == JIN_UNDEF) *item = *otherwise;
        return st;
    }
    const jin_str *s = name->u.s;
    for (size_t from = 0, to; from <= s->n && st == LEM_OK; from = to + 1) {
        for (to = from; to < s->n && s->s[to] != '.'; to++) {}
        st = attribute_part(m, s, from, to, item);
        if (st == LEM_OK && otherwise && item->kind == JIN_UNDEF) *item = *otherwise;
    }
    return st;
}

/* select and reject; by_attr: of an attribute named by the first argument. */
static lem_status pick(jin *m, const jin_val *v, const jin_args *args, bool want, bool by_attr,
                       jin_val *out) {
    jin_seq *q = NULL;
    lem_status st;
    jin_args rest = *args;
    LEM_TRY(lem_jin_seq_new(m, JIN_GENERATOR, out));
    if (!lem_jin_true(v)) return LEM_OK;
    if (by_attr && args->n == 0) return lem_jin_fail(m, "missing parameter for attribute name");
    if (by_attr) rest.pos++, rest.n--;
    const jin_str *test = NULL;
    if (rest.n) {
        LEM_TRY(lem_jin_want_str(m, "the name of a test", &rest.pos[0], &test));
        rest.pos++, rest.n--;
    }
    LEM_TRY(lem_jin_iter(m, v, &q));
    for (size_t i = q->pos; i < q->n; i++) {
        jin_val x = q->at[i];
        bool yes = false;
        if (by_attr) LEM_TRY(attribute(m, &args->pos[0], NULL, &x));
        if (test) LEM_TRY(lem_jin_test(m, test, &x, &rest, &yes));
        else yes = lem_jin_true(&x);
        if (yes == want) LEM_TRY(lem_jin_seq_push(m, out->u.q, q->at[i]));
    }
    use_up(q);
done:
    return st;
}

static lem_status f_select(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return pick(m, v, args, true, false, out);
}
static lem_status f_reject(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return pick(m, v, args, false, false, out);
}
static lem_status f_selectattr(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return pick(m, v, args, true, true, out);
}
static lem_status f_rejectattr(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return pick(m, v, args, false, true, out);
}

static lem_status f_map(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_seq *q = NULL;
    jin_args rest = *args;
    jin_val a[2];
    const jin_str *filter = NULL;
    lem_status st;
    LEM_TRY(lem_jin_seq_new(m, JIN_GENERATOR, out));
    if (!lem_jin_true(v)) return LEM_OK;
    if (args->n) {
        LEM_TRY(lem_jin_want_str(m, "the name of a filter", &args->pos[0], &filter));
        rest.pos++, rest.n--;
        if (!lem_jin_find_filter(filter))
            return lem_jin_fail(m, "the filter '%.*s' is not supported",
                                (int)(filter->n > 60 ? 60 : filter->n), filter->s);
    } else LEM_TRY(lem_jin_bind(m, "map", "attribute default?", args, a));
    bool otherwise = !filter && a[1].kind != JIN_MISSING && a[1].kind != JIN_NONE;
    if (m->depth >= JIN_MAX_CALL)
        return lem_jin_fail(m, "evaluation is nested deeper than %d", (int)JIN_MAX_CALL);
    LEM_TRY(lem_jin_iter(m, v, &q));
    m->depth += 4; /* map('map', 'map', …) calls itself */
    for (size_t i = q->pos; i < q->n && st == LEM_OK; i++) {
        jin_val x = q->at[i], y = x;
        st = filter ? lem_jin_filter(m, filter, &x, &rest, &y)
                    : attribute(m, &a[0], otherwise ? &a[1] : NULL, &y);
        if (st == LEM_OK) st = lem_jin_seq_push(m, out->u.q, y);
    }
    m->depth -= 4;
    if (st == LEM_OK) use_up(q);
done:
    return st;
}

static lem_status f_join(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[2], x;
    jin_seq *q = NULL;
    jin_sb b = {0}, sep = {0};
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "join", "d? attribute?", args, a));
    LEM_TRY(lem_jin_iter(m, v, &q));
    if (a[0].kind != JIN_MISSING) LEM_TRY(lem_jin_print(m, &sep, &a[0]));
    LEM_TRY(lem_jin_sb_take(m, &sep, &x));
    const jin_str *between = x.u.s;
    for (size_t i = q->pos; i < q->n; i++) {
        x = q->at[i];
        LEM_TRY(attribute(m, &a[1], NULL, &x));
        if (i > q->pos) LEM_TRY(lem_jin_sb_str(m, &b, between));
        LEM_TRY(lem_jin_print(m, &b, &x));
    }
    use_up(q);
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

/* ---- order */

/* The key to sort by: an attribute (several with commas make a list), strings in lower case unless
 * case_sensitive. */
static lem_status sort_key(jin *m, const jin_val *name, bool case_sensitive, jin_val *x) {
    lem_status st;
    LEM_TRY(attribute(m, name, NULL, x));
    if (!case_sensitive && x->kind == JIN_STR) LEM_TRY(lem_jin_case(m, x->u.s, JIN_LOWER, x));
done:
    return st;
}

static lem_status sort_keys(jin *m, const jin_seq *q, const jin_val *name, bool case_sensitive,
                            jin_val **out) {
    lem_status st = LEM_OK;
    jin_val *keys = lem_jin_alloc(m, q->n, sizeof *keys);
    if (!keys) return m->err->status;
    if (name->kind == JIN_STR && memchr(name->u.s->s, ',', name->u.s->n))
        return lem_jin_fail(m, "sorting by several attributes is not supported");
    for (size_t i = 0; i < q->n; i++) {
        keys[i] = q->at[i];
        LEM_TRY(sort_key(m, name, case_sensitive, &keys[i]));
    }
    *out = keys;
done:
    return st;
}

static lem_status f_sort(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[3], *keys = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "sort", "reverse? case_sensitive? attribute?", args, a));
    LEM_TRY(copy_list(m, v, JIN_LIST, out));
    LEM_TRY(sort_keys(m, out->u.q, &a[2], lem_jin_true(&a[1]), &keys));
    LEM_TRY(lem_jin_sort(m, out->u.q->at, keys, out->u.q->n, lem_jin_true(&a[0])));
done:
    return st;
}

static lem_status f_dictsort(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[3], *keys = NULL, list, index = lem_jin_int(0);
    jin_args none = {0};
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "dictsort", "case_sensitive? by? reverse?", args, a));
    if (v->kind != JIN_DICT) return lem_jin_fail(m, "dictsort needs a mapping, not %s", lem_jin_type(v));
    if (a[1].kind != JIN_MISSING) {
        if (a[1].kind == JIN_STR && lem_jin_is(a[1].u.s, "value")) index = lem_jin_int(1);
        else if (a[1].kind != JIN_STR || !lem_jin_is(a[1].u.s, "key"))
            return lem_jin_fail(m, "You can only sort by either \"key\" or \"value\"");
    }
    LEM_TRY(f_items(m, v, &none, &list));
    LEM_TRY(copy_list(m, &list, JIN_LIST, out));
    LEM_TRY(sort_keys(m, out->u.q, &index, lem_jin_true(&a[0]), &keys));
    LEM_TRY(lem_jin_sort(m, out->u.q->at, keys, out->u.q->n, lem_jin_true(&a[2])));
done:
    return st;
}

static lem_status f_unique(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[2], list, seen, *keys = NULL, *found = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "unique", "case_sensitive? attribute?", args, a));
    LEM_TRY(copy_list(m, v, JIN_LIST, &list));
    LEM_TRY(sort_keys(m, list.u.q, &a[1], lem_jin_true(&a[0]), &keys));
    LEM_TRY(lem_jin_dict_new(m, &seen));
    LEM_TRY(lem_jin_seq_new(m, JIN_GENERATOR, out));
    for (size_t i = 0; i < list.u.q->n; i++) {
        if (lem_jin_hashable(&keys[i])) LEM_TRY(lem_jin_dict_find(m, seen.u.d, keys[i], &found));
        else found = NULL;
        if (found) continue;
        LEM_TRY(lem_jin_dict_put(m, seen.u.d, keys[i], lem_jin_none()));
        LEM_TRY(lem_jin_seq_push(m, out->u.q, list.u.q->at[i]));
    }
done:
    return st;
}

static lem_status extreme(jin *m, const jin_val *v, const jin_args *args, bool max, jin_val *out) {
    jin_val a[2], list, *keys = NULL;
    lem_status st;
    size_t best = 0;
    LEM_TRY(lem_jin_bind(m, max ? "max" : "min", "case_sensitive? attribute?", args, a));
    LEM_TRY(copy_list(m, v, JIN_LIST, &list));
    LEM_TRY(sort_keys(m, list.u.q, &a[1], lem_jin_true(&a[0]), &keys));
    for (size_t i = 1; i < list.u.q->n; i++) {
        bool better = false;
        LEM_TRY(max ? lem_jin_less(m, &keys[best], &keys[i], ">", 0, false, &better)
                    : lem_jin_less(m, &keys[i], &keys[best], "<", 0, false, &better));
        if (better) best = i;
    }
    *out = list.u.q->n ? list.u.q->at[best] : lem_jin_undef("No aggregated item, sequence was empty.");
done:
    return st;
}

static lem_status f_max(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return extreme(m, v, args, true, out);
}
static lem_status f_min(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return extreme(m, v, args, false, out);
}

static lem_status f_sum(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[2];
    jin_seq *q = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "sum", "attribute? start?", args, a));
    LEM_TRY(lem_jin_iter(m, v, &q));
    *out = a[1].kind == JIN_MISSING ? lem_jin_int(0) : a[1];
    for (size_t i = q->pos; i < q->n; i++) {
        jin_val x = q->at[i];
        LEM_TRY(attribute(m, &a[0], NULL, &x));
        jin_node left = {.op = N_CONST, .line = m->line, .value = *out},
                 right = {.op = N_CONST, .line = m->line, .value = x};
        jin_node sum = {.op = N_ADD, .line = m->line, .a = &left, .b = &right};
        if (out->kind == JIN_STR) return lem_jin_fail(m, "sum() can't sum strings");
        LEM_TRY(lem_jin_eval(m, &sum, out));
    }
    use_up(q);
done:
    return st;
}

static lem_status f_batch(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[2], row = {0};
    jin_seq *q = NULL;
    int64_t count;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "batch", "linecount fill_with?", args, a));
    LEM_TRY(lem_jin_want_int(m, "batch", &a[0], &count));
    if (count < 1 || count > JIN_MAX_RANGE)
        return lem_jin_fail(m, "batch with a count of %lld is not supported", (long long)count);
    LEM_TRY(lem_jin_iter(m, v, &q));
    LEM_TRY(lem_jin_seq_new(m, JIN_GENERATOR, out));
    for (size_t i = q->pos; i < q->n; i++) {
        if (row.kind == JIN_MISSING || row.u.q->n == (size_t)count) {
            LEM_TRY(lem_jin_seq_new(m, JIN_LIST, &row));
            LEM_TRY(lem_jin_seq_push(m, out->u.q, row));
        }
        LEM_TRY(lem_jin_seq_push(m, row.u.q, q->at[i]));
    }
    bool fill = row.kind == JIN_SEQ && a[1].kind != JIN_MISSING && a[1].kind != JIN_NONE;
    while (fill && row.u.q->n < (size_t)count) LEM_TRY(lem_jin_seq_push(m, row.u.q, a[1]));
    use_up(q);
done:
    return st;
}

static lem_status f_attr(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    const jin_str *name = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "attr", "name", args, a));
    LEM_TRY(lem_jin_want_str(m, "attr", &a[0], &name));
    if (v->kind == JIN_DICT) { /* attributes only, never keys */
        const char *method;
        bool unsafe;
        if (!lem_jin_has_method(v, name, &method, &unsafe)) {
            *out = lem_jin_undef("an attribute that does not exist is used");
            return LEM_OK;
        }
    }
    LEM_TRY(lem_jin_attr(m, v, name, out));
done:
    return st;
}

jin_filter *lem_jin_find_seq_filter(const jin_str *name) {
    static const struct {
        const char *name;
        jin_filter *apply;
    } filters[] = {
        {"length", f_length},
        {"count", f_length},
        {"first", f_first},
        {"last", f_last},
        {"list", f_list},
        {"reverse", f_reverse},
        {"items", f_items},
        {"select", f_select},
        {"reject", f_reject},
        {"selectattr", f_selectattr},
        {"rejectattr", f_rejectattr},
        {"map", f_map},
        {"join", f_join},
        {"sort", f_sort},
        {"dictsort", f_dictsort},
        {"unique", f_unique},
        {"max", f_max},
        {"min", f_min},
        {"sum", f_sum},
        {"batch", f_batch},
        {"attr", f_attr},
    };
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (lem_jin_is(name, filters[i].name)) return filters[i].apply;
    return NULL;
}
