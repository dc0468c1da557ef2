/* value.c - values of the template language: strings with marks, sequences, dicts; bounds of a rendering */
#include "jinja/jinja_priv.h"

#include "core/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

lem_status lem_jin_fail(jin *m, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return lem_fail(m->err, LEM_EDATA, "line %d: %s", m->line, text);
}

lem_status lem_jin_step(jin *m, size_t work) {
    if (m->steps < work) {
        m->steps = 0;
        return lem_jin_fail(m, "the template runs too long");
    }
    m->steps -= work;
    return LEM_OK;
}

void *lem_jin_alloc(jin *m, size_t n, size_t size) {
    void *p = lem_arena_alloc(m->arena, n, size);
    size_t bytes;
    if (p) return p;
    bool over =
        !lem_mul_size(n, size, &bytes) || bytes > m->limit || lem_arena_used(m->arena) > m->limit - bytes;
    lem_status st = over ? lem_jin_fail(m, "the template needs more than %zu MiB of memory", m->limit >> 20)
                         : lem_fail(m->err, LEM_EMEM, "out of memory");
    (void)st;
    return NULL;
}

/* What a failed allocation recorded. */
static lem_status no_memory(jin *m) { return m->err && m->err->status != LEM_OK ? m->err->status : LEM_EMEM; }

/* ---- strings in the making */

static lem_status sb_reserve(jin *m, jin_sb *b, size_t extra) {
    size_t need, cap;
    if (b->cap - b->n >= extra) return LEM_OK;
    if (!lem_add_size(b->n, extra, &need)) return lem_jin_fail(m, "a text is too long");
    cap = b->cap ? b->cap : 32;
    while (cap < need) cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    char *s = lem_jin_alloc(m, cap, 1);
    uint8_t *mark = s && b->mark ? lem_jin_alloc(m, cap, 1) : NULL;
    if (!s || (b->mark && !mark)) return no_memory(m);
    if (b->n) memcpy(s, b->s, b->n);
    if (b->mark) memcpy(mark, b->mark, b->n);
    b->s = s;
    b->mark = mark;
    b->cap = cap;
    return LEM_OK;
}

/* Makes room for n bytes, and for their marks if they differ from those before. */
static lem_status sb_room(jin *m, jin_sb *b, size_t n, bool mixed, uint8_t mark) {
    lem_status st = sb_reserve(m, b, n);
    if (st == LEM_OK) st = lem_jin_step(m, 1 + n / 32);
    if (st != LEM_OK) return st;
    if (b->n == 0 && !b->mark) b->all = mark;
    if (b->mark || (!mixed && mark == b->all)) return LEM_OK;
    b->mark = lem_jin_alloc(m, b->cap, 1);
    if (!b->mark) return no_memory(m);
    memset(b->mark, b->all, b->n);
    return LEM_OK;
}

lem_status lem_jin_sb_add(jin *m, jin_sb *b, const char *s, size_t n, uint8_t mark) {
    if (n == 0) return LEM_OK;
    lem_status st = sb_room(m, b, n, false, mark);
    if (st != LEM_OK) return st;
    memcpy(b->s + b->n, s, n);
    if (b->mark) memset(b->mark + b->n, mark, n);
    b->n += n;
    return LEM_OK;
}

lem_status lem_jin_sb_puts(jin *m, jin_sb *b, const char *s) { return lem_jin_sb_add(m, b, s, strlen(s), 0); }

lem_status lem_jin_sb_part(jin *m, jin_sb *b, const jin_str *s, size_t from, size_t to) {
    if (!s->mark) return lem_jin_sb_add(m, b, s->s + from, to - from, s->all);
    if (to == from) return LEM_OK;
    lem_status st = sb_room(m, b, to - from, true, 0);
    if (st != LEM_OK) return st;
    memcpy(b->s + b->n, s->s + from, to - from);
    memcpy(b->mark + b->n, s->mark + from, to - from);
    b->n += to - from;
    return LEM_OK;
}

lem_status lem_jin_sb_str(jin *m, jin_sb *b, const jin_str *s) { return lem_jin_sb_part(m, b, s, 0, s->n); }

lem_status lem_jin_sb_take(jin *m, jin_sb *b, jin_val *out) {
    jin_str *s = lem_jin_alloc(m, 1, sizeof *s);
    if (!s) return no_memory(m);
    *s = (jin_str){.s = b->s ? b->s : "", .n = b->n, .mark = b->mark, .all = b->all};
    *out = (jin_val){.kind = JIN_STR, .u.s = s};
    return LEM_OK;
}

/* ---- strings */

uint8_t lem_jin_mark_at(const jin_str *s, size_t i) { return s->mark ? s->mark[i] : s->all; }

lem_status lem_jin_str_new(jin *m, const char *s, size_t n, uint8_t mark, jin_val *out) {
    jin_sb b = {0};
    lem_status st = lem_jin_sb_add(m, &b, s, n, mark);
    return st == LEM_OK ? lem_jin_sb_take(m, &b, out) : st;
}

lem_status lem_jin_part(jin *m, const jin_str *s, size_t from, size_t to, jin_val *out) {
    jin_str *p = lem_jin_alloc(m, 1, sizeof *p);
    if (!p) return no_memory(m);
    *p = (jin_str){.s = s->s + from, .n = to - from, .mark = s->mark ? s->mark + from : NULL, .all = s->all};
    *out = (jin_val){.kind = JIN_STR, .u.s = p};
    return lem_jin_step(m, 1);
}

bool lem_jin_same(const jin_str *a, const jin_str *b) {
    return a->n == b->n && (a->s == b->s || memcmp(a->s, b->s, a->n) == 0);
}
bool lem_jin_is(const jin_str *a, const char *b) { return strlen(b) == a->n && memcmp(a->s, b, a->n) == 0; }

size_t lem_jin_char(const char *s, size_t n) {
    uint32_t cp = 0;
    if ((unsigned char)*s < 0x80) return 1;
    int k = lem_utf8_decode(s, n, &cp);
    return k > 0 ? (size_t)k : 1;
}

size_t lem_jin_chars(const char *s, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i += lem_jin_char(s + i, n - i)) count++;
    return count;
}

size_t lem_jin_byte_of(const jin_str *s, size_t ch) {
    size_t i = 0;
    for (; ch && i < s->n; ch--) i += lem_jin_char(s->s + i, s->n - i);
    return i;
}

/* ---- sequences and dicts */

lem_status lem_jin_seq_new(jin *m, jin_flavor flavor, jin_val *out) {
    jin_seq *q = lem_jin_alloc(m, 1, sizeof *q);
    if (!q) return no_memory(m);
    q->flavor = flavor;
    *out = (jin_val){.kind = JIN_SEQ, .u.q = q};
    return LEM_OK;
}

static lem_status grow(jin *m, jin_val **at, size_t used, size_t *cap) {
    size_t n = *cap ? *cap * 2 : 4;
    jin_val *p = lem_jin_alloc(m, n, sizeof *p);
    if (!p) return no_memory(m);
    if (used) memcpy(p, *at, used * sizeof *p);
    *at = p;
    *cap = n;
    return LEM_OK;
}

lem_status lem_jin_seq_push(jin *m, jin_seq *q, jin_val v) {
    lem_status st = lem_jin_step(m, 1);
    if (st == LEM_OK && q->n == q->cap) st = grow(m, &q->at, q->n, &q->cap);
    if (st == LEM_OK) q->at[q->n++] = v;
    return st;
}

lem_status lem_jin_dict_new(jin *m, jin_val *out) {
    jin_dict *d = lem_jin_alloc(m, 1, sizeof *d);
    if (!d) return no_memory(m);
    *out = (jin_val){.kind = JIN_DICT, .u.d = d};
    return LEM_OK;
}

jin_val *lem_jin_dict_text(const jin_dict *d, const jin_str *key) {
    for (size_t i = 0; i < d->n; i++)
        if (d->at[2 * i].kind == JIN_STR && lem_jin_same(d->at[2 * i].u.s, key)) return &d->at[2 * i + 1];
    return NULL;
}

lem_status lem_jin_dict_find(jin *m, const jin_dict *d, jin_val key, jin_val **out) {
    lem_status st = lem_jin_step(m, 1 + d->n / 8);
    *out = NULL;
    if (st != LEM_OK) return st;
    if (key.kind == JIN_STR) {
        *out = lem_jin_dict_text(d, key.u.s);
        return LEM_OK;
    }
    for (size_t i = 0; i < d->n; i++) {
        bool same = false;
        st = lem_jin_equal(m, &d->at[2 * i], &key, 0, &same);
        if (st != LEM_OK) return st;
        if (!same) continue;
        *out = &d->at[2 * i + 1];
        return LEM_OK;
    }
    return LEM_OK;
}

lem_status lem_jin_dict_put(jin *m, jin_dict *d, jin_val key, jin_val v) {
    jin_val *old = NULL;
    if (!lem_jin_hashable(&key)) return lem_jin_fail(m, "unhashable type: '%s'", lem_jin_type(&key));
    lem_status st = lem_jin_dict_find(m, d, key, &old);
    if (st != LEM_OK) return st;
    if (old) {
        *old = v;
        return LEM_OK;
    }
    if (2 * d->n == d->cap) st = grow(m, &d->at, 2 * d->n, &d->cap);
    if (st != LEM_OK) return st;
    d->at[2 * d->n] = key;
    d->at[2 * d->n + 1] = v;
    d->n++;
    return LEM_OK;
}

/* ---- from JSON */

static lem_status from_object(jin *m, const lem_json *j, uint8_t mark, int depth, jin_val *out) {
    jin_val key, v;
    lem_status st;
    LEM_TRY(lem_jin_dict_new(m, out));
    jin_dict *d = out->u.d;
    for (const char *k = lem_json_key_next(j, NULL); k; k = lem_json_key_next(j, k)) {
        LEM_TRY(lem_jin_str_new(m, k, strlen(k), mark, &key));
        LEM_TRY(lem_jin_from_json(m, lem_json_key_value(k), mark, depth + 1, &v));
        /* keys of an object differ, so no search */
        if (2 * d->n == d->cap) LEM_TRY(grow(m, &d->at, 2 * d->n, &d->cap));
        d->at[2 * d->n] = key;
        d->at[2 * d->n++ + 1] = v;
    }
done:
    return st;
}

lem_status lem_jin_from_json(jin *m, const lem_json *j, uint8_t mark, int depth, jin_val *out) {
    jin_val v;
    lem_status st = lem_jin_step(m, 1);
    if (st != LEM_OK) return st;
    if (depth > JIN_MAX_VALUE) return lem_jin_fail(m, "a value is nested deeper than %d", (int)JIN_MAX_VALUE);
    switch (lem_json_kind(j)) {
    case LEM_JSON_BOOL: *out = lem_jin_bool(lem_json_bool(j, false)); break;
    case LEM_JSON_INT: *out = lem_jin_int(lem_json_int(j, 0)); break;
    case LEM_JSON_REAL: *out = (jin_val){.kind = JIN_FLOAT, .u.f = lem_json_num(j, 0)}; break;
    case LEM_JSON_STRING: return lem_jin_str_new(m, lem_json_str(j, ""), lem_json_str_len(j), mark, out);
    case LEM_JSON_OBJECT: return from_object(m, j, mark, depth, out);
    case LEM_JSON_ARRAY: {
        st = lem_jin_seq_new(m, JIN_LIST, out);
        for (size_t i = 0; i < lem_json_count(j) && st == LEM_OK; i++) {
            st = lem_jin_from_json(m, lem_json_at(j, i), mark, depth + 1, &v);
            if (st == LEM_OK) st = lem_jin_seq_push(m, out->u.q, v);
        }
        return st;
    }
    default: *out = lem_jin_none(); break;
    }
    out->mark = mark;
    return LEM_OK;
}

/* ---- small values */

jin_val lem_jin_int(int64_t i) { return (jin_val){.kind = JIN_INT, .u.i = i}; }
jin_val lem_jin_bool(bool b) { return (jin_val){.kind = JIN_BOOL, .u.b = b}; }
jin_val lem_jin_none(void) { return (jin_val){.kind = JIN_NONE}; }
jin_val lem_jin_undef(const char *why) { return (jin_val){.kind = JIN_UNDEF, .u.why = why}; }

const char *lem_jin_type(const jin_val *v) {
    static const char *const seq[] = {"list",        "tuple",      "range",    "dict_keys",
                                      "dict_values", "dict_items", "generator"};
    static const char *const name[] = {
        "missing", "Undefined", "NoneType",    "bool",  "int",    "float",    "str",    "list",
        "dict",    "Namespace", "LoopContext", "Macro", "method", "function", "Cycler", "Joiner"};
    return v->kind == JIN_SEQ ? seq[v->u.q->flavor] : name[v->kind];
}
