/* format.c - "%s" % x and "{}".format(x), for strings, integers and floats */
#include "token/jinja/jinja_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WIDTH = 10000 };

typedef struct spec {
    char align, sign, type; /* 0 = not given */
    bool alt, zero, grouped;
    int width, precision; /* -1 = not given */
    const char *fill;
    size_t fill_len;
} spec;

static lem_status put_padded(jin *m, jin_sb *b, const jin_str *text, const spec *f, char align) {
    int64_t n = (int64_t)lem_jin_chars(text->s, text->n), gap = f->width > n ? f->width - n : 0;
    int64_t left = align == '<' ? 0 : align == '^' ? gap / 2 : gap;
    size_t sign = align == '=' && text->n && strchr("+- ", text->s[0]);
    lem_status st;
    LEM_TRY(lem_jin_sb_part(m, b, text, 0, sign));
    for (int64_t i = 0; i < left; i++) LEM_TRY(lem_jin_sb_add(m, b, f->fill, f->fill_len, 0));
    LEM_TRY(lem_jin_sb_part(m, b, text, sign, text->n));
    for (int64_t i = left; i < gap; i++) LEM_TRY(lem_jin_sb_add(m, b, f->fill, f->fill_len, 0));
done:
    return st;
}

/* Digits of an integer in base 10, 8 or 16 (X: capitals), at least `digits`. */
static void int_digits(uint64_t u, char type, int digits, char out[128]) {
    unsigned base = type == 'd' ? 10 : type == 'o' ? 8 : 16;
    char back[128];
    int n = 0;
    for (; (u || n < digits) && n < 127; u /= base)
        back[n++] = (type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[u % base];
    for (int i = 0; i < n; i++) out[i] = back[n - 1 - i];
    out[n] = 0;
}

static void float_digits(double d, char type, int precision, char out[460]) {
    switch (type) {
    case 'e': snprintf(out, 460, "%.*e", precision, d); break;
    case 'E': snprintf(out, 460, "%.*E", precision, d); break;
    case 'f': snprintf(out, 460, "%.*f", precision, d); break;
    case 'F': snprintf(out, 460, "%.*F", precision, d); break;
    case 'g': snprintf(out, 460, "%.*g", precision, d); break;
    default: snprintf(out, 460, "%.*G", precision, d); break;
    }
}

/* A number by a conversion of C that Python shares: d, x, X, o; e, f, g and their capitals. */
static lem_status number_text(jin *m, const jin_val *v, const spec *f, char type, char out[512]) {
    char digits[460];
    double d = 0;
    const char *plus = f->sign == '+' ? "+" : f->sign == ' ' ? " " : "";
    (void)lem_jin_number(v, &d);
    if (f->precision > 100) return lem_jin_fail(m, "a precision above 100 is not supported");
    if (strchr("dxXo", type)) {
        if (v->kind == JIN_FLOAT && !(d > -9.2e18 && d < 9.2e18))
            return lem_jin_fail(m, "a float does not fit an integer conversion");
        int64_t i = v->kind == JIN_BOOL ? v->u.b : v->kind == JIN_INT ? v->u.i : (int64_t)d;
        const char *prefix = !f->alt ? "" : type == 'x' ? "0x" : type == 'X' ? "0X" : type == 'o' ? "0o" : "";
        int_digits(i < 0 ? 0 - (uint64_t)i : (uint64_t)i, type, f->precision < 0 ? 1 : f->precision, digits);
        snprintf(out, 512, "%s%s%s", i < 0 ? "-" : plus, prefix, digits);
        return LEM_OK;
    }
    if (f->alt) return lem_jin_fail(m, "a float format with '#' is not supported");
    float_digits(fabs(d), type, f->precision < 0 ? 6 : f->precision, digits);
    snprintf(out, 512, "%s%s", signbit(d) && !isnan(d) ? "-" : plus, digits);
    return LEM_OK;
}

static void group_thousands(char text[512]) {
    size_t from = strspn(text, "+- "), digits = strspn(text + from, "0123456789"), n = strlen(text);
    for (size_t k = digits; k > 3 && n < 500; n++) {
        k -= 3;
        memmove(text + from + k + 1, text + from + k, n - from - k + 1);
        text[from + k] = ',';
    }
}

/* ---- percent */

static lem_status percent_arg(jin *m, const jin_val *arg, size_t *used, jin_val *out) {
    if (arg->kind == JIN_SEQ && arg->u.q->flavor == JIN_TUPLE) {
        if (*used >= arg->u.q->n) return lem_jin_fail(m, "not enough arguments for format string");
        *out = arg->u.q->at[*used];
    } else {
        if (*used) return lem_jin_fail(m, "not enough arguments for format string");
        *out = *arg;
    }
    ++*used;
    return LEM_OK;
}

static lem_status read_int(jin *m, const jin_str *s, size_t *i, int *out) {
    int n = 0;
    for (; *i < s->n && s->s[*i] >= '0' && s->s[*i] <= '9'; ++*i) {
        n = n * 10 + (s->s[*i] - '0');
        if (n > MAX_WIDTH) return lem_jin_fail(m, "a width above %d is not supported", (int)MAX_WIDTH);
    }
    *out = n;
    return LEM_OK;
}

static lem_status percent_one(jin *m, jin_sb *b, const jin_val *v, const spec *given) {
    spec f = *given;
    jin_sb text = {0};
    jin_val t;
    lem_status st;
    double d;
    char number[512];
    if (f.type == 's' || f.type == 'r') {
        LEM_TRY(f.type == 's' ? lem_jin_print(m, &text, v) : lem_jin_repr(m, &text, v, 0));
        LEM_TRY(lem_jin_sb_take(m, &text, &t));
        if (f.precision >= 0)
            LEM_TRY(lem_jin_part(m, t.u.s, 0, lem_jin_byte_of(t.u.s, (size_t)f.precision), &t));
    } else {
        if (!lem_jin_number(v, &d))
            return lem_jin_fail(m, "%%%c needs a number, not %s", f.type, lem_jin_type(v));
        if (strchr("xXo", f.type) && v->kind == JIN_FLOAT)
            return lem_jin_fail(m, "%%%c needs an integer, not float", f.type);
        LEM_TRY(number_text(m, v, &f, f.type == 'i' || f.type == 'u' ? 'd' : f.type, number));
        LEM_TRY(lem_jin_str_new(m, number, strlen(number), v->mark, &t));
    }
    bool zero = f.zero && f.align != '<' && f.type != 's' && f.type != 'r';
    f.fill = zero ? "0" : " ";
    f.fill_len = 1;
    LEM_TRY(put_padded(m, b, t.u.s, &f, f.align == '<' ? '<' : zero ? '=' : '>'));
done:
    return st;
}

lem_status lem_jin_percent(jin *m, const jin_str *s, const jin_val *arg, jin_val *out) {
    jin_sb b = {0};
    size_t used = 0;
    bool mapped = false;
    lem_status st = LEM_OK;
    for (size_t i = 0; i < s->n; i++) {
        if (s->s[i] != '%') {
            size_t to = i;
            while (to < s->n && s->s[to] != '%') to++;
            LEM_TRY(lem_jin_sb_part(m, &b, s, i, to));
            i = to - 1;
            continue;
        }
        spec f = {.precision = -1};
        jin_val v = {0}, key;
        bool by_name = false;
        if (++i < s->n && s->s[i] == '(') {
            size_t to = i;
            while (to < s->n && s->s[to] != ')') to++;
            if (to == s->n || arg->kind != JIN_DICT) return lem_jin_fail(m, "format requires a mapping");
            LEM_TRY(lem_jin_part(m, s, i + 1, to, &key));
            LEM_TRY(lem_jin_item(m, arg, &key, &v));
            if (v.kind == JIN_UNDEF) return lem_jin_fail(m, "format: the mapping has no such key");
            by_name = mapped = true;
            i = to + 1;
        }
        for (; i < s->n && strchr("-+ #0", s->s[i]) && s->s[i]; i++) {
            if (s->s[i] == '-') f.align = '<';
            else if (s->s[i] == '0') f.zero = true;
            else if (s->s[i] == '#') f.alt = true;
            else if (f.sign != '+') f.sign = s->s[i];
        }
        LEM_TRY(read_int(m, s, &i, &f.width));
        if (i < s->n && s->s[i] == '.') {
            i++;
            LEM_TRY(read_int(m, s, &i, &f.precision));
        }
        f.type = i < s->n ? s->s[i] : 0;
        if (f.type == '%') {
            LEM_TRY(lem_jin_sb_puts(m, &b, "%"));
            continue;
        }
        if (!f.type || !strchr("srdiuxXoeEfFgG", f.type))
            return lem_jin_fail(m, "the format %%%c is not supported", f.type ? f.type : ' ');
        if (!by_name) LEM_TRY(percent_arg(m, arg, &used, &v));
        LEM_TRY(percent_one(m, &b, &v, &f));
    }
    bool tuple = arg->kind == JIN_SEQ && arg->u.q->flavor == JIN_TUPLE;
    bool list = arg->kind == JIN_DICT || arg->kind == JIN_UNDEF ||
                (arg->kind == JIN_SEQ && !tuple); /* things with [] need not be used up */
    if (!mapped && (tuple ? used < arg->u.q->n : !list && used == 0))
        return lem_jin_fail(m, "not all arguments converted during string formatting");
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

/* ---- str.format */

static lem_status parse_spec(jin *m, const jin_str *s, spec *f) {
    size_t i = 0, k = s->n ? lem_jin_char(s->s, s->n) : 0;
    lem_status st;
    *f = (spec){.precision = -1, .fill = " ", .fill_len = 1};
    if (k && k < s->n && strchr("<>^=", s->s[k]) && s->s[k]) {
        f->fill = s->s;
        f->fill_len = k;
        f->align = s->s[k];
        i = k + 1;
    } else if (s->n && s->s[0] && strchr("<>^=", s->s[0])) f->align = s->s[i++];
    if (i < s->n && s->s[i] && strchr("+- ", s->s[i])) f->sign = s->s[i++];
    if (i < s->n && s->s[i] == '#') f->alt = true, i++;
    if (i < s->n && s->s[i] == '0') {
        f->zero = true;
        if (!f->align) f->align = '=', f->fill = "0";
        i++;
    }
    LEM_TRY(read_int(m, s, &i, &f->width));
    if (i < s->n && s->s[i] == ',') f->grouped = true, i++;
    if (i < s->n && s->s[i] == '.') {
        i++;
        LEM_TRY(read_int(m, s, &i, &f->precision));
    }
    if (i < s->n) f->type = s->s[i++];
    if (i != s->n)
        return lem_jin_fail(m, "the format '%.*s' is not supported", (int)(s->n > 60 ? 60 : s->n), s->s);
done:
    return st;
}

static lem_status format_number(jin *m, const jin_val *v, spec *f, jin_val *out) {
    char text[512];
    char type = f->type ? f->type : v->kind == JIN_FLOAT ? 'r' : 'd';
    lem_status st;
    if (type == '%' || (v->kind == JIN_FLOAT && strchr("dxXob", type)) || !strchr("dxXoeEfFgGr", type))
        return lem_jin_fail(m, "the format code '%c' for %s is not supported", type, lem_jin_type(v));
    if (type == 'r' && (f->precision >= 0 || f->sign == '+' || f->sign == ' '))
        return lem_jin_fail(m, "a float format without a type is not supported");
    if (strchr("dxXo", type) && f->precision >= 0)
        return lem_jin_fail(m, "precision not allowed in integer format specifier");
    if (type == 'r') lem_jin_float_text(v->u.f, text);
    else LEM_TRY(number_text(m, v, f, type, text));
    if (f->grouped) group_thousands(text);
    if (f->grouped && f->zero) return lem_jin_fail(m, "a format with ',' and '0' is not supported");
    LEM_TRY(lem_jin_str_new(m, text, strlen(text), v->mark, out));
done:
    return st;
}

static lem_status format_value(jin *m, jin_sb *b, const jin_val *v, const jin_str *how) {
    spec f;
    jin_val t;
    lem_status st;
    LEM_TRY(parse_spec(m, how, &f));
    bool number = v->kind == JIN_INT || v->kind == JIN_FLOAT || (v->kind == JIN_BOOL && f.type);
    if (how->n == 0) return lem_jin_print(m, b, v);
    if (v->kind != JIN_STR && !number && v->kind != JIN_BOOL)
        return lem_jin_fail(m, "unsupported format string passed to %s", lem_jin_type(v));
    if (number) LEM_TRY(format_number(m, v, &f, &t));
    else {
        if ((f.type && f.type != 's') || f.align == '=' || f.sign || f.alt || f.grouped)
            return lem_jin_fail(m, "the format is not allowed for a string");
        LEM_TRY(lem_jin_text(m, v, &t));
        if (f.precision >= 0)
            LEM_TRY(lem_jin_part(m, t.u.s, 0, lem_jin_byte_of(t.u.s, (size_t)f.precision), &t));
    }
    LEM_TRY(put_padded(m, b, t.u.s, &f, f.align ? f.align : number ? '>' : '<'));
done:
    return st;
}

/* name, .attr and [key] of a replacement field. */
static lem_status format_field(jin *m, const jin_str *s, const jin_args *args, size_t *next, jin_val *out) {
    size_t i = 0, end;
    int index = 0;
    jin_val key;
    lem_status st;
    while (i < s->n && s->s[i] != '.' && s->s[i] != '[') i++;
    size_t digits = 0;
    while (digits < i && s->s[digits] >= '0' && s->s[digits] <= '9') digits++;
    if (digits == i) {
        size_t at = 0;
        LEM_TRY(read_int(m, s, &at, &index));
        size_t k = i ? (size_t)index : (*next)++;
        if (k >= args->n) return lem_jin_fail(m, "format(): replacement index %zu out of range", k);
        *out = args->pos[k];
    } else {
        jin_str name = {.s = s->s, .n = i};
        size_t k = 0;
        while (k < args->n_named && !lem_jin_same(args->name[k], &name)) k++;
        if (k == args->n_named)
            return lem_jin_fail(m, "format(): no argument '%.*s'", (int)(i > 60 ? 60 : i), s->s);
        *out = args->named[k];
    }
    for (; i < s->n; i = end) {
        bool item = s->s[i] == '[';
        for (end = i + 1; end < s->n && (item ? s->s[end] != ']' : s->s[end] != '.' && s->s[end] != '[');
             end++) {}
        if (end == i + 1 || (item && end == s->n))
            return lem_jin_fail(m, "format(): a field name is not complete");
        LEM_TRY(lem_jin_part(m, s, i + 1, end, &key));
        size_t at = 0;
        while (at < key.u.s->n && key.u.s->s[at] >= '0' && key.u.s->s[at] <= '9') at++;
        if (item && at == key.u.s->n) {
            at = 0;
            LEM_TRY(read_int(m, key.u.s, &at, &index));
            key = lem_jin_int(index);
        }
        LEM_TRY(item ? lem_jin_item(m, out, &key, out) : lem_jin_attr(m, out, key.u.s, out));
        end += item;
    }
done:
    return st;
}

static lem_status format_replacement(jin *m, jin_sb *b, const jin_str *s, const jin_args *args,
                                     size_t *next) {
    jin_val v, t;
    jin_str name = *s, how = {.s = "", .n = 0};
    char convert = 0;
    lem_status st;
    size_t end = 0, bracket = 0;
    for (; end < s->n && (bracket || (s->s[end] != ':' && s->s[end] != '!')); end++)
        bracket = s->s[end] == '[' ? 1 : s->s[end] == ']' ? 0 : bracket;
    name.n = end;
    if (end < s->n && s->s[end] == '!') {
        convert = end + 1 < s->n ? s->s[end + 1] : 0;
        end += 2;
        if ((convert != 'r' && convert != 's') || (end < s->n && s->s[end] != ':'))
            return lem_jin_fail(m, "format(): the conversion is not supported");
    }
    if (end < s->n) how = (jin_str){.s = s->s + end + 1, .n = s->n - end - 1};
    if (how.n && memchr(how.s, '{', how.n))
        return lem_jin_fail(m, "format(): a field inside a format is not supported");
    LEM_TRY(format_field(m, &name, args, next, &v));
    if (convert) {
        jin_sb text = {0};
        LEM_TRY(convert == 'r' ? lem_jin_repr(m, &text, &v, 0) : lem_jin_print(m, &text, &v));
        LEM_TRY(lem_jin_sb_take(m, &text, &t));
        v = t;
    }
    LEM_TRY(format_value(m, b, &v, &how));
done:
    return st;
}

lem_status lem_jin_str_format(jin *m, const jin_str *s, const jin_args *args, jin_val *out) {
    jin_sb b = {0};
    size_t next = 0;
    lem_status st = LEM_OK;
    for (size_t i = 0; i < s->n; i++) {
        char c = s->s[i];
        if ((c == '{' || c == '}') && i + 1 < s->n && s->s[i + 1] == c) {
            LEM_TRY(lem_jin_sb_part(m, &b, s, i, i + 1));
            i++;
            continue;
        }
        if (c == '}') return lem_jin_fail(m, "format(): single '}' encountered in format string");
        if (c != '{') {
            LEM_TRY(lem_jin_sb_part(m, &b, s, i, i + 1));
            continue;
        }
        size_t end = i + 1;
        while (end < s->n && s->s[end] != '}') end++;
        if (end == s->n) return lem_jin_fail(m, "format(): expected '}' before end of string");
        jin_str field = {
            .s = s->s + i + 1, .n = end - i - 1, .mark = s->mark ? s->mark + i + 1 : NULL, .all = s->all};
        LEM_TRY(format_replacement(m, &b, &field, args, &next));
        i = end;
    }
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}
