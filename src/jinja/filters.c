/* filters.c - filters of one value: text, numbers, tojson, default */
#include "jinja/jinja_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* soft_str: the text of any value. */
static lem_status soft(jin *m, const jin_val *v, const jin_str **out) {
    jin_val t;
    lem_status st = lem_jin_text(m, v, &t);
    if (st == LEM_OK) *out = t.u.s;
    return st;
}

static lem_status cased(jin *m, const jin_val *v, const jin_args *args, int how, jin_val *out) {
    const jin_str *s = NULL;
    jin_val a[1];
    lem_status st = lem_jin_bind(m, "the filter", "", args, a);
    if (st == LEM_OK) st = soft(m, v, &s);
    return st == LEM_OK ? lem_jin_case(m, s, how, out) : st;
}

static lem_status f_upper(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return cased(m, v, args, JIN_UPPER, out);
}
static lem_status f_lower(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return cased(m, v, args, JIN_LOWER, out);
}
static lem_status f_title(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return cased(m, v, args, JIN_FILTER_TITLE, out);
}
static lem_status f_capitalize(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    return cased(m, v, args, JIN_CAPITALIZE, out);
}

static lem_status f_trim(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    const jin_str *s = NULL;
    jin_val a[1];
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "trim", "chars?", args, a));
    LEM_TRY(soft(m, v, &s));
    LEM_TRY(lem_jin_strip(m, s, &a[0], 3, out));
done:
    return st;
}

static lem_status f_string(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    lem_status st = lem_jin_bind(m, "string", "", args, a);
    return st == LEM_OK ? lem_jin_text(m, v, out) : st;
}

static lem_status f_safe(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    lem_status st = f_string(m, v, args, out);
    out->mark |= JIN_SAFE;
    return st;
}

static lem_status f_replace(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[3];
    const jin_str *s = NULL, *old = NULL, *new_ = NULL;
    int64_t count = -1;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "replace", "old new count?", args, a));
    LEM_TRY(soft(m, v, &s));
    LEM_TRY(soft(m, &a[0], &old));
    LEM_TRY(soft(m, &a[1], &new_));
    if (a[2].kind != JIN_MISSING && a[2].kind != JIN_NONE)
        LEM_TRY(lem_jin_want_int(m, "replace", &a[2], &count));
    LEM_TRY(lem_jin_replace(m, s, old, new_, count, out));
done:
    return st;
}

static lem_status f_default(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[2];
    lem_status st = lem_jin_bind(m, "default", "default_value? boolean?", args, a);
    if (st != LEM_OK) return st;
    bool use = v->kind == JIN_UNDEF || (lem_jin_true(&a[1]) && !lem_jin_true(v));
    if (use && a[0].kind == JIN_MISSING) return lem_jin_str_new(m, "", 0, 0, out);
    *out = use ? a[0] : *v;
    return LEM_OK;
}

static lem_status f_format(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    const jin_str *s = NULL;
    jin_val arg;
    lem_status st;
    if (args->n && args->n_named)
        return lem_jin_fail(m, "format: positional and named arguments at the same time");
    if (v->kind == JIN_STR && (v->mark & JIN_SAFE))
        return lem_jin_fail(m, "format of text passed through |safe is not supported");
    LEM_TRY(soft(m, v, &s));
    LEM_TRY(args->n_named ? lem_jin_dict_new(m, &arg) : lem_jin_seq_new(m, JIN_TUPLE, &arg));
    for (size_t i = 0; i < args->n; i++) LEM_TRY(lem_jin_seq_push(m, arg.u.q, args->pos[i]));
    for (size_t i = 0; i < args->n_named; i++) {
        jin_val key = {.kind = JIN_STR, .u.s = args->name[i]};
        LEM_TRY(lem_jin_dict_put(m, arg.u.d, key, args->named[i]));
    }
    LEM_TRY(lem_jin_percent(m, s, &arg, out));
done:
    return st;
}

static lem_status f_indent(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[3], lines, t = {0};
    jin_sb b = {0}, with = {0};
    int64_t width = 4;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "indent", "width? first? blank?", args, a));
    if (v->kind != JIN_STR) return lem_jin_fail(m, "indent needs a string, not %s", lem_jin_type(v));
    if (a[0].kind == JIN_STR) t = a[0];
    else {
        if (a[0].kind != JIN_MISSING) LEM_TRY(lem_jin_want_int(m, "indent", &a[0], &width));
        for (int64_t i = 0; i < width; i++) LEM_TRY(lem_jin_sb_puts(m, &b, " "));
        LEM_TRY(lem_jin_sb_take(m, &b, &t));
        b = (jin_sb){0};
    }
    LEM_TRY(lem_jin_sb_str(m, &with, v->u.s)); /* a newline is added, so that the last line is always one */
    LEM_TRY(lem_jin_sb_puts(m, &with, "\n"));
    LEM_TRY(lem_jin_sb_take(m, &with, &lines));
    LEM_TRY(lem_jin_splitlines(m, lines.u.s, false, &lines));
    if (lem_jin_true(&a[1])) LEM_TRY(lem_jin_sb_str(m, &b, t.u.s));
    for (size_t i = 0; i < lines.u.q->n; i++) {
        const jin_str *line = lines.u.q->at[i].u.s;
        if (i) LEM_TRY(lem_jin_sb_puts(m, &b, "\n"));
        if (i && (line->n || lem_jin_true(&a[2]))) LEM_TRY(lem_jin_sb_str(m, &b, t.u.s));
        LEM_TRY(lem_jin_sb_str(m, &b, line));
    }
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

static lem_status f_center(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    jin_args one = {.pos = a, .n = 1};
    const jin_str *s = NULL;
    lem_status st = lem_jin_bind(m, "center", "width?", args, a);
    if (st == LEM_OK && a[0].kind == JIN_MISSING) a[0] = lem_jin_int(80);
    if (st == LEM_OK) st = soft(m, v, &s);
    return st == LEM_OK ? lem_jin_str_method(m, s, "center", &one, out) : st;
}

/* ---- numbers */

static bool digit_at(const jin_str *s, size_t from, size_t to, size_t i) {
    return i >= from && i < to && s->s[i] >= '0' && s->s[i] <= '9';
}

/* Characters that C reads in a number and Python does not, or that are no part of one at all. */
static bool bad_in_number(char c) { return (unsigned char)c >= 0x80 || c == 0 || strchr("_xX(", c); }

/* A Python literal of a number in text: blanks around it, '_' between digits. false if it is none. */
static bool clean_number(const jin_str *s, char out[64]) {
    size_t from = 0, to = s->n, k, n = 0;
    while (from < to && (k = lem_jin_space(s->s + from, to - from))) from += k;
    while (to > from && (k = lem_jin_space_before(s->s + from, to - from))) to -= k;
    for (size_t i = from; i < to; i++) {
        char c = s->s[i];
        if (c == '_' && i > from && digit_at(s, from, to, i - 1) && digit_at(s, from, to, i + 1)) continue;
        if (bad_in_number(c) || n + 1 >= 64) return false;
        out[n++] = c;
    }
    out[n] = 0;
    return n > 0;
}

static bool parse_float(const jin_str *s, double *f) {
    char text[64], *end = NULL;
    if (!clean_number(s, text) || text[0] == ' ' || (text[0] >= 9 && text[0] <= 13)) return false;
    *f = strtod(text, &end);
    return end && *end == 0 && end != text;
}

static lem_status float_to_int(jin *m, double f, const jin_val *otherwise, jin_val *out) {
    if (isnan(f) || isinf(f)) *out = *otherwise;
    else if (!(f >= -9223372036854775808.0 && f < 9223372036854775808.0))
        return lem_jin_fail(m, "int: the number does not fit in 64 bits, which is not supported");
    else *out = lem_jin_int((int64_t)f);
    return LEM_OK;
}

/* int of a number, or the default of what is none. */
static lem_status number_to_int(jin *m, const jin_val *v, const jin_val *otherwise, jin_val *out) {
    lem_status st = LEM_OK;
    double f;
    if (!lem_jin_number(v, &f)) *out = *otherwise;
    else if (v->kind != JIN_FLOAT) *out = lem_jin_int(lem_jin_int_of(v));
    else if (isinf(f)) return lem_jin_fail(m, "int: cannot convert float infinity to integer");
    else st = float_to_int(m, f, otherwise, out);
    out->mark |= v->mark & (JIN_DATA | JIN_GEN);
    return st;
}

static lem_status text_to_int(jin *m, const jin_str *s, const jin_val *otherwise, jin_val *out) {
    char text[64];
    double f;
    lem_status st = LEM_OK;
    *out = *otherwise;
    if (!clean_number(s, text)) {
        if (s->n >= 63) return lem_jin_fail(m, "int of so long a text is not supported");
        return LEM_OK;
    }
    size_t sign = *text == '+' || *text == '-', digits = strspn(text + sign, "0123456789");
    if (digits && text[digits + sign] == 0) {
        if (digits > 18)
            return lem_jin_fail(m, "int: the number does not fit in 64 bits, which is not supported");
        *out = lem_jin_int(strtoll(text, NULL, 10));
    } else if (parse_float(s, &f)) st = float_to_int(m, f, otherwise, out);
    out->mark |= s->n ? lem_jin_mark_at(s, 0) : 0;
    return st;
}

static lem_status f_int(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[2];
    lem_status st = lem_jin_bind(m, "int", "default? base?", args, a);
    if (st != LEM_OK) return st;
    if (a[1].kind != JIN_MISSING && !(a[1].kind == JIN_INT && a[1].u.i == 10))
        return lem_jin_fail(m, "int with another base than 10 is not supported");
    if (a[0].kind == JIN_MISSING) a[0] = lem_jin_int(0);
    if (v->kind == JIN_UNDEF) return lem_jin_used_undef(m, v);
    return v->kind == JIN_STR ? text_to_int(m, v->u.s, &a[0], out) : number_to_int(m, v, &a[0], out);
}

static lem_status f_float(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    double f = 0;
    lem_status st = lem_jin_bind(m, "float", "default?", args, a);
    if (st != LEM_OK) return st;
    if (v->kind == JIN_UNDEF) return lem_jin_used_undef(m, v);
    bool ok = v->kind == JIN_STR ? parse_float(v->u.s, &f) : lem_jin_number(v, &f);
    if (ok || a[0].kind == JIN_MISSING) *out = (jin_val){.kind = JIN_FLOAT, .u.f = ok ? f : 0};
    else *out = a[0];
    if (v->kind != JIN_STR) out->mark |= v->mark;
    else if (v->u.s->n) out->mark |= lem_jin_mark_at(v->u.s, 0);
    return LEM_OK;
}

static lem_status f_abs(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[1];
    double f;
    lem_status st = lem_jin_bind(m, "abs", "", args, a);
    if (st != LEM_OK) return st;
    if (v->kind == JIN_UNDEF) return lem_jin_used_undef(m, v);
    if (!lem_jin_number(v, &f)) return lem_jin_fail(m, "bad operand type for abs(): '%s'", lem_jin_type(v));
    *out = *v;
    if (v->kind == JIN_FLOAT) out->u.f = fabs(f);
    else {
        int64_t i = lem_jin_int_of(v);
        if (i == INT64_MIN)
            return lem_jin_fail(m, "abs: the result does not fit in 64 bits, which is not supported");
        *out = lem_jin_int(i < 0 ? -i : i);
        out->mark = v->mark;
    }
    return LEM_OK;
}

typedef enum round_method { ROUND_COMMON, ROUND_CEIL, ROUND_FLOOR, ROUND_UNKNOWN } round_method;

static round_method find_round_method(const jin_val *v) {
    static const char *const names[] = {"common", "ceil", "floor"};
    int i = 0;
    if (v->kind == JIN_MISSING) return ROUND_COMMON;
    if (v->kind != JIN_STR) return ROUND_UNKNOWN;
    while (i < ROUND_UNKNOWN && !lem_jin_is(v->u.s, names[i])) i++;
    return (round_method)i;
}

static double round_float(double f, int precision, round_method method) {
    char text[400];
    double scale = pow(10, precision);
    if (method == ROUND_CEIL) return ceil(f * scale) / scale;
    if (method == ROUND_FLOOR) return floor(f * scale) / scale;
    /* correctly rounded digits, as CPython's float.__round__ */
    snprintf(text, sizeof text, "%.*f", precision, f);
    return isfinite(f) ? strtod(text, NULL) : f;
}

static lem_status f_round(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_val a[2];
    int64_t precision = 0;
    double f;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "round", "precision? method?", args, a));
    if (a[0].kind != JIN_MISSING) LEM_TRY(lem_jin_want_int(m, "round", &a[0], &precision));
    if (!lem_jin_number(v, &f)) return lem_jin_fail(m, "round needs a number, not %s", lem_jin_type(v));
    if (precision < 0 || precision > 22)
        return lem_jin_fail(m, "round with a precision of %lld is not supported", (long long)precision);
    round_method method = find_round_method(&a[1]);
    if (method == ROUND_UNKNOWN) return lem_jin_fail(m, "round: method must be common, ceil or floor");
    if (method == ROUND_COMMON && v->kind != JIN_FLOAT) *out = lem_jin_int(lem_jin_int_of(v));
    else *out = (jin_val){.kind = JIN_FLOAT, .u.f = round_float(f, (int)precision, method)};
    out->mark = v->mark;
done:
    return st;
}

/* ---- tojson */

static lem_status f_tojson(jin *m, const jin_val *v, const jin_args *args, jin_val *out) {
    static const jin_str comma = {.s = ",", .n = 1}, comma_blank = {.s = ", ", .n = 2},
                         colon = {.s = ": ", .n = 2};
    jin_val a[4], indent = {0};
    jin_sb b = {0}, blanks = {0};
    int64_t width = 0;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "tojson", "ensure_ascii? indent? separators? sort_keys?", args, a));
    jin_json_style s = {
        .ascii = lem_jin_true(&a[0]), .sort = lem_jin_true(&a[3]), .item = &comma_blank, .colon = &colon};
    if (a[1].kind != JIN_MISSING && a[1].kind != JIN_NONE) {
        indent = a[1];
        if (indent.kind != JIN_STR) {
            LEM_TRY(lem_jin_want_int(m, "tojson(indent)", &a[1], &width));
            for (int64_t i = 0; i < width; i++) LEM_TRY(lem_jin_sb_puts(m, &blanks, " "));
            LEM_TRY(lem_jin_sb_take(m, &blanks, &indent));
        }
        s.indent = indent.u.s;
        s.item = &comma;
    }
    if (a[2].kind != JIN_MISSING && a[2].kind != JIN_NONE) {
        jin_seq *q = NULL;
        LEM_TRY(lem_jin_iter(m, &a[2], &q));
        if (q->n != 2 || q->at[0].kind != JIN_STR || q->at[1].kind != JIN_STR)
            return lem_jin_fail(m, "tojson(separators) needs two strings");
        s.item = q->at[0].u.s;
        s.colon = q->at[1].u.s;
    }
    LEM_TRY(lem_jin_json(m, &b, v, &s, 0));
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

static const struct {
    const char *name;
    jin_filter *apply;
} filters[] = {
    {"upper", f_upper},   {"lower", f_lower},     {"title", f_title},   {"capitalize", f_capitalize},
    {"trim", f_trim},     {"string", f_string},   {"safe", f_safe},     {"replace", f_replace},
    {"d", f_default},     {"default", f_default}, {"format", f_format}, {"indent", f_indent},
    {"center", f_center}, {"int", f_int},         {"float", f_float},   {"abs", f_abs},
    {"round", f_round},   {"tojson", f_tojson},
};

jin_filter *lem_jin_find_filter(const jin_str *name) {
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (lem_jin_is(name, filters[i].name)) return filters[i].apply;
    return lem_jin_find_seq_filter(name);
}

bool lem_jin_known_filter(const jin_str *name) {
    static const char *const others[] = {"e",         "escape", "filesizeformat", "forceescape", "groupby",
                                         "pprint",    "random", "slice",          "striptags",   "truncate",
                                         "urlencode", "urlize", "wordcount",      "wordwrap",    "xmlattr"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (lem_jin_is(name, others[i])) return true;
    return lem_jin_find_filter(name) != NULL;
}

lem_status lem_jin_filter(jin *m, const jin_str *name, const jin_val *v, const jin_args *args, jin_val *out) {
    jin_filter *f = lem_jin_find_filter(name);
    if (!f)
        return lem_jin_fail(m, "the filter '%.*s' is not supported", (int)(name->n > 60 ? 60 : name->n),
                            name->s);
    return f(m, v, args, out);
}
