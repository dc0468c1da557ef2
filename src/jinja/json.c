/* json.c - the filter tojson: Python's json.dumps with the settings of Transformers */
#include "jinja/jinja_priv.h"

#include "core/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static lem_status write_char(jin *m, jin_sb *b, uint32_t cp, uint8_t mark) {
    static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
    char text[16];
    const char *p = cp && cp < 128 ? strchr(from, (int)cp) : NULL;
    if (p) snprintf(text, sizeof text, "\\%c", to[p - from]);
    else if (cp >= 0x10000) {
        unsigned c = (unsigned)cp - 0x10000;
        snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 | c >> 10, 0xdc00 | (c & 0x3ff));
    } else snprintf(text, sizeof text, "\\u%04x", (unsigned)cp);
    return lem_jin_sb_add(m, b, text, strlen(text), mark);
}

static lem_status write_str(jin *m, jin_sb *b, const jin_str *s, bool ascii) {
    size_t from = 0;
    lem_status st;
    LEM_TRY(lem_jin_sb_puts(m, b, "\""));
    for (size_t i = 0, k; i < s->n; i += k) {
        unsigned char c = (unsigned char)s->s[i];
        uint32_t cp = c;
        k = 1;
        if (c >= 0x80) {
            int len = lem_utf8_decode(s->s + i, s->n - i, &cp);
            k = len > 0 ? (size_t)len : 1;
            if (!ascii) continue;
        } else if (c >= 0x20 && c != '"' && c != '\\' && (c != 0x7f || !ascii)) continue;
        LEM_TRY(lem_jin_sb_part(m, b, s, from, i));
        LEM_TRY(write_char(m, b, cp, lem_jin_mark_at(s, i)));
        from = i + k;
    }
    LEM_TRY(lem_jin_sb_part(m, b, s, from, s->n));
    LEM_TRY(lem_jin_sb_puts(m, b, "\""));
done:
    return st;
}

static lem_status new_line(jin *m, jin_sb *b, const jin_json_style *s, int depth) {
    if (!s->indent) return LEM_OK;
    lem_status st = lem_jin_sb_puts(m, b, "\n");
    for (int i = 0; i < depth && st == LEM_OK; i++) st = lem_jin_sb_str(m, b, s->indent);
    return st;
}

static const char *not_finite(double f) {
    if (isnan(f)) return "NaN";
    return f > 0 ? "Infinity" : "-Infinity";
}

static lem_status scalar(jin *m, jin_sb *b, const jin_val *v, bool key) {
    char text[40] = "";
    const char *word = text;
    if (v->kind == JIN_NONE) word = "null";
    else if (v->kind == JIN_BOOL) word = v->u.b ? "true" : "false";
    else if (v->kind == JIN_INT) snprintf(text, sizeof text, "%lld", (long long)v->u.i);
    else if (v->kind == JIN_FLOAT && !isfinite(v->u.f)) word = not_finite(v->u.f);
    else if (v->kind == JIN_FLOAT) lem_jin_float_text(v->u.f, text);
    else if (key)
        return lem_jin_fail(m, "tojson: keys must be str, int, float, bool or None, not %s", lem_jin_type(v));
    else return lem_jin_fail(m, "tojson: an object of type %s is not JSON serializable", lem_jin_type(v));
    return lem_jin_sb_add(m, b, word, strlen(word), v->mark);
}

static lem_status write_list(jin *m, jin_sb *b, const jin_seq *q, const jin_json_style *s, int depth) {
    lem_status st;
    if (q->n == 0) return lem_jin_sb_puts(m, b, "[]");
    LEM_TRY(lem_jin_sb_puts(m, b, "["));
    for (size_t i = 0; i < q->n; i++) {
        if (i) LEM_TRY(lem_jin_sb_str(m, b, s->item));
        LEM_TRY(new_line(m, b, s, depth + 1));
        LEM_TRY(lem_jin_json(m, b, &q->at[i], s, depth + 1));
    }
    LEM_TRY(new_line(m, b, s, depth));
    LEM_TRY(lem_jin_sb_puts(m, b, "]"));
done:
    return st;
}

static lem_status write_key(jin *m, jin_sb *b, const jin_val *k, bool ascii) {
    if (k->kind == JIN_STR) return write_str(m, b, k->u.s, ascii);
    lem_status st = lem_jin_sb_puts(m, b, "\"");
    if (st == LEM_OK) st = scalar(m, b, k, true);
    return st == LEM_OK ? lem_jin_sb_puts(m, b, "\"") : st;
}

/* The members of d in the order of their keys. */
static lem_status sorted(jin *m, const jin_dict *d, jin_val **out) {
    jin_val *keys = lem_jin_alloc(m, d->n, sizeof *keys), *at = lem_jin_alloc(m, d->n, sizeof *at),
            *both = lem_jin_alloc(m, d->n, 2 * sizeof *both);
    if (!keys || !at || !both) return m->err->status;
    for (size_t i = 0; i < d->n; i++) {
        keys[i] = d->at[2 * i];
        at[i] = lem_jin_int((int64_t)i);
    }
    lem_status st = lem_jin_sort(m, at, keys, d->n, false);
    if (st != LEM_OK) return st;
    for (size_t i = 0; i < d->n; i++) memcpy(both + 2 * i, d->at + 2 * at[i].u.i, 2 * sizeof *both);
    *out = both;
    return LEM_OK;
}

static lem_status write_dict(jin *m, jin_sb *b, const jin_dict *d, const jin_json_style *s, int depth) {
    jin_val *at = d->at;
    lem_status st;
    if (d->n == 0) return lem_jin_sb_puts(m, b, "{}");
    if (s->sort) LEM_TRY(sorted(m, d, &at));
    LEM_TRY(lem_jin_sb_puts(m, b, "{"));
    for (size_t i = 0; i < d->n; i++) {
        if (i) LEM_TRY(lem_jin_sb_str(m, b, s->item));
        LEM_TRY(new_line(m, b, s, depth + 1));
        LEM_TRY(write_key(m, b, &at[2 * i], s->ascii));
        LEM_TRY(lem_jin_sb_str(m, b, s->colon));
        LEM_TRY(lem_jin_json(m, b, &at[2 * i + 1], s, depth + 1));
    }
    LEM_TRY(new_line(m, b, s, depth));
    LEM_TRY(lem_jin_sb_puts(m, b, "}"));
done:
    return st;
}

lem_status lem_jin_json(jin *m, jin_sb *b, const jin_val *v, const jin_json_style *s, int depth) {
    lem_status st = lem_jin_step(m, 1);
    if (st != LEM_OK) return st;
    if (depth > JIN_MAX_VALUE) return lem_jin_fail(m, "a value is nested deeper than %d", (int)JIN_MAX_VALUE);
    if (v->kind == JIN_STR) return write_str(m, b, v->u.s, s->ascii);
    if (v->kind == JIN_DICT) return write_dict(m, b, v->u.d, s, depth);
    if (v->kind == JIN_SEQ && v->u.q->flavor <= JIN_TUPLE) return write_list(m, b, v->u.q, s, depth);
    return scalar(m, b, v, false);
}
