/* iter.c - what can be iterated, and lengths */
#include "jinja/jinja_priv.h"

bool lem_jin_can_iter(const jin_val *v) {
    return v->kind == JIN_SEQ || v->kind == JIN_STR || v->kind == JIN_DICT || v->kind == JIN_UNDEF;
}

static lem_status chars_of(jin *m, const jin_str *s, jin_seq *q) {
    jin_val c;
    lem_status st = LEM_OK;
    for (size_t i = 0, k; i < s->n && st == LEM_OK; i += k) {
        k = lem_jin_char(s->s + i, s->n - i);
        st = lem_jin_part(m, s, i, i + k, &c);
        if (st == LEM_OK) st = lem_jin_seq_push(m, q, c);
    }
    return st;
}

lem_status lem_jin_iter(jin *m, const jin_val *v, jin_seq **out) {
    jin_val list;
    if (v->kind == JIN_SEQ) {
        *out = v->u.q;
        return LEM_OK;
    }
    if (!lem_jin_can_iter(v)) return lem_jin_fail(m, "'%s' object is not iterable", lem_jin_type(v));
    lem_status st = lem_jin_seq_new(m, JIN_LIST, &list);
    if (st == LEM_OK && v->kind == JIN_STR) st = chars_of(m, v->u.s, list.u.q);
    for (size_t i = 0; st == LEM_OK && v->kind == JIN_DICT && i < v->u.d->n; i++)
        st = lem_jin_seq_push(m, list.u.q, v->u.d->at[2 * i]);
    if (st == LEM_OK) *out = list.u.q;
    return st;
}

lem_status lem_jin_length(jin *m, const jin_val *v, size_t *out) {
    if (v->kind == JIN_STR) {
        *out = lem_jin_chars(v->u.s->s, v->u.s->n);
        return lem_jin_step(m, v->u.s->n / 32);
    }
    if (v->kind == JIN_SEQ && v->u.q->flavor != JIN_GENERATOR) *out = v->u.q->n;
    else if (v->kind == JIN_DICT) *out = v->u.d->n;
    else if (v->kind == JIN_UNDEF) *out = 0;
    else return lem_jin_fail(m, "object of type '%s' has no len()", lem_jin_type(v));
    return LEM_OK;
}
