/* print.c - str() and repr() of values as Python writes them */
#include "jinja/jinja_priv.h"

#include "core/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Shortest digits that read back, with an exponent below 1e-4 and from 1e16 on. */
void lem_jin_float_text(double f, char out[40]) {
    char e[40];
    int digits = 1;
    if (isnan(f)) {
        snprintf(out, 40, "nan");
        return;
    }
    if (isinf(f)) {
        snprintf(out, 40, "%s", f > 0 ? "inf" : "-inf");
        return;
    }
    for (; digits < 17; digits++) {
        snprintf(e, sizeof e, "%.*e", digits - 1, f);
        if (strtod(e, NULL) == f) break;
    }
    snprintf(e, sizeof e, "%.*e", digits - 1, f);
    int exponent = (int)strtol(strchr(e, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent >= 16) snprintf(out, 40, "%s", e);
    else snprintf(out, 40, "%.*f", digits - 1 - exponent > 1 ? digits - 1 - exponent : 1, f);
}

/* str.isprintable of one character. */
static bool printable(uint32_t cp) {
    if (cp == ' ') return true;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return true;
    }
}

/* The escape of cp inside quotes; empty if it stands for itself. */
static void repr_escape(uint32_t cp, char quote, char out[16]) {
    static const char controls[] = "\n\r\t", letters[] = "nrt";
    const char *control = cp && cp < 0x80 ? strchr(controls, (int)cp) : NULL;
    *out = 0;
    if (cp == (unsigned char)quote || cp == '\\') snprintf(out, 16, "\\%c", (char)cp);
    else if (control) snprintf(out, 16, "\\%c", letters[control - controls]);
    else if (!printable(cp)) lem_jin_hex_escape(cp, out);
}

static lem_status repr_str(jin *m, jin_sb *b, const jin_str *s) {
    bool single = s->n && memchr(s->s, '\'', s->n), twice = s->n && memchr(s->s, '"', s->n);
    char quote = single && !twice ? '"' : '\'';
    lem_status st;
    LEM_TRY(lem_jin_sb_add(m, b, &quote, 1, 0));
    for (size_t i = 0, k; i < s->n; i += k) {
        uint32_t cp = (unsigned char)s->s[i];
        char esc[16];
        int len = cp >= 0x80 ? lem_utf8_decode(s->s + i, s->n - i, &cp) : 1;
        k = len > 0 ? (size_t)len : 1;
        repr_escape(cp, quote, esc);
        if (*esc) LEM_TRY(lem_jin_sb_add(m, b, esc, strlen(esc), lem_jin_mark_at(s, i)));
        else LEM_TRY(lem_jin_sb_part(m, b, s, i, i + k));
    }
    LEM_TRY(lem_jin_sb_add(m, b, &quote, 1, 0));
done:
    return st;
}

static lem_status repr_seq(jin *m, jin_sb *b, const jin_seq *q, int depth) {
    static const char *const open[] = {"[", "(", "", "dict_keys([", "dict_values([", "dict_items(["};
    static const char *const shut[] = {"]", ")", "", "])", "])", "])"};
    lem_status st = LEM_OK;
    if (q->flavor == JIN_RANGE) {
        char text[100];
        int n = snprintf(text, sizeof text, q->step == 1 ? "range(%lld, %lld)" : "range(%lld, %lld, %lld)",
                         (long long)q->start, (long long)q->stop, (long long)q->step);
        return lem_jin_sb_add(m, b, text, (size_t)n, 0);
    }
    if (q->flavor == JIN_GENERATOR)
        return lem_jin_fail(m, "a generator is printed (an address in jinja2); use |list");
    LEM_TRY(lem_jin_sb_puts(m, b, open[q->flavor]));
    for (size_t i = 0; i < q->n; i++) {
        if (i) LEM_TRY(lem_jin_sb_puts(m, b, ", "));
        LEM_TRY(lem_jin_repr(m, b, &q->at[i], depth + 1));
    }
    if (q->flavor == JIN_TUPLE && q->n == 1) LEM_TRY(lem_jin_sb_puts(m, b, ","));
    LEM_TRY(lem_jin_sb_puts(m, b, shut[q->flavor]));
done:
    return st;
}

static lem_status repr_dict(jin *m, jin_sb *b, const jin_dict *d, int depth) {
    lem_status st;
    LEM_TRY(lem_jin_sb_puts(m, b, "{"));
    for (size_t i = 0; i < d->n; i++) {
        if (i) LEM_TRY(lem_jin_sb_puts(m, b, ", "));
        LEM_TRY(lem_jin_repr(m, b, &d->at[2 * i], depth + 1));
        LEM_TRY(lem_jin_sb_puts(m, b, ": "));
        LEM_TRY(lem_jin_repr(m, b, &d->at[2 * i + 1], depth + 1));
    }
    LEM_TRY(lem_jin_sb_puts(m, b, "}"));
done:
    return st;
}

lem_status lem_jin_repr(jin *m, jin_sb *b, const jin_val *v, int depth) {
    char text[40];
    lem_status st = lem_jin_step(m, 1);
    if (st != LEM_OK) return st;
    if (depth > JIN_MAX_VALUE) return lem_jin_fail(m, "a value is nested deeper than %d", (int)JIN_MAX_VALUE);
    switch (v->kind) {
    case JIN_UNDEF: return lem_jin_sb_puts(m, b, "Undefined");
    case JIN_NONE: return lem_jin_sb_puts(m, b, "None");
    case JIN_BOOL:
        return v->u.b ? lem_jin_sb_add(m, b, "True", 4, v->mark) : lem_jin_sb_add(m, b, "False", 5, v->mark);
    case JIN_INT:
        snprintf(text, sizeof text, "%lld", (long long)v->u.i);
        return lem_jin_sb_add(m, b, text, strlen(text), v->mark);
    case JIN_FLOAT:
        lem_jin_float_text(v->u.f, text);
        return lem_jin_sb_add(m, b, text, strlen(text), v->mark);
    case JIN_STR: return repr_str(m, b, v->u.s);
    case JIN_SEQ: return repr_seq(m, b, v->u.q, depth);
    case JIN_DICT: return repr_dict(m, b, v->u.d, depth);
    case JIN_NS: {
        LEM_TRY(lem_jin_sb_puts(m, b, "<Namespace "));
        LEM_TRY(repr_dict(m, b, v->u.d, depth));
        return lem_jin_sb_puts(m, b, ">");
    }
    default: return lem_jin_fail(m, "printing a %s is not supported", lem_jin_type(v));
    }
done:
    return st;
}

lem_status lem_jin_print(jin *m, jin_sb *b, const jin_val *v) {
    if (v->kind == JIN_STR) return lem_jin_sb_str(m, b, v->u.s);
    if (v->kind == JIN_UNDEF) return LEM_OK;
    return lem_jin_repr(m, b, v, 0);
}

lem_status lem_jin_text(jin *m, const jin_val *v, jin_val *out) {
    jin_sb b = {0};
    if (v->kind == JIN_STR) {
        *out = *v;
        out->mark = 0;
        return LEM_OK;
    }
    lem_status st = lem_jin_print(m, &b, v);
    return st == LEM_OK ? lem_jin_sb_take(m, &b, out) : st;
}
