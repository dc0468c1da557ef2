/* format.c - "%s" % x and "{}".format(x), for strings, integers and floats */
#include "jinja/jinja_priv.h"

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
    int64_t left = align == '^' ? gap / 2 : gap;
    if (align == '<') left = 0;
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
    unsigned base = 16;
    char back[128];
    int n = 0;
    if (type == 'd') base = 10;
    if (type == 'o') base = 8;
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

static const char *plus_of(const spec *f) {
    if (f->sign == '+') return "+";
    return f->sign == ' ' ? " " : "";
}

static const char *base_prefix(char type) {
    switch (type) {
    case 'x': return "0x";
    case 'X': return "0X";
    case 'o': return "0o";
    default: return "";
    }
}

static lem_status int_text(jin *m, const jin_val *v, const spec *f, char type, char out[512]) {
    char digits[460];
    double d = 0;
    (void)lem_jin_number(v, &d);
    if (v->kind == JIN_FLOAT && !(d > -9.2e18 && d < 9.2e18))
        return lem_jin_fail(m, "a float does not fit an integer conversion");
    int64_t i = v->kind == JIN_FLOAT ? (int64_t)d : lem_jin_int_of(v);
    uint64_t size = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    const char *sign = i < 0 ? "-" : plus_of(f);
    int_digits(size, type, f->precision < 0 ? 1 : f->precision, digits);
    snprintf(out, 512, "%s%s%s", sign, f->alt ? base_prefix(type) : "", digits);
    return LEM_OK;
}

/* A number by a conversion of C that Python shares: d, x, X, o; e, f, g and their capitals. */
static lem_status number_text(jin *m, const jin_val *v, const spec *f, char type, char out[512]) {
    char digits[460];
    double d = 0;
    (void)lem_jin_number(v, &d);
    if (f->precision > 100) return lem_jin_fail(m, "a precision above 100 is not supported");
    if (strchr("dxXo", type)) return int_text(m, v, f, type, out);
    if (f->alt) return lem_jin_fail(m, "a float format with '#' is not supported");
    float_digits(fabs(d), type, f->precision < 0 ? 6 : f->precision, digits);
    snprintf(out, 512, "%s%s", signbit(d) && !isnan(d) ? "-" : plus_of(f), digits);
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

/* Text cut to the characters that the precision allows. */
static lem_status cut_text(jin *m, const spec *f, jin_val *t) {
    if (f->precision < 0) return LEM_OK;
    return lem_jin_part(m, t->u.s, 0, lem_jin_byte_of(t->u.s, (size_t)f->precision), t);
}

static lem_status percent_text(jin *m, const jin_val *v, const spec *f, jin_val *out) {
    jin_sb text = {0};
    lem_status st;
    LEM_TRY(f->type == 's' ? lem_jin_print(m, &text, v) : lem_jin_repr(m, &text, v, 0));
    LEM_TRY(lem_jin_sb_take(m, &text, out));
    st = cut_text(m, f, out);
done:
    return st;
}

static lem_status percent_number(jin *m, const jin_val *v, const spec *f, jin_val *out) {
    lem_status st;
    double d;
    char number[512];
    if (!lem_jin_number(v, &d))
        return lem_jin_fail(m, "%%%c needs a number, not %s", f->type, lem_jin_type(v));
    if (strchr("xXo", f->type) && v->kind == JIN_FLOAT)
        return lem_jin_fail(m, "%%%c needs an integer, not float", f->type);
    LEM_TRY(number_text(m, v, f, f->type == 'i' || f->type == 'u' ? 'd' : f->type, number));
    LEM_TRY(lem_jin_str_new(m, number, strlen(number), v->mark, out));
done:
    return st;
}

static lem_status percent_one(jin *m, jin_sb *b, const jin_val *v, const spec *given) {
    spec f = *given;
    jin_val t;
    bool text = f.type == 's' || f.type == 'r', zero = f.zero && f.align != '<' && !text;
    char align = zero ? '=' : '>';
    lem_status st;
    LEM_TRY(text ? percent_text(m, v, &f, &t) : percent_number(m, v, &f, &t));
    f.fill = zero ? "0" : " ";
    f.fill_len = 1;
    LEM_TRY(put_padded(m, b, t.u.s, &f, f.align == '<' ? '<' : align));
done:
    return st;
}

typedef struct percent {
    const jin_str *s; /* the format */
    size_t i;         /* what is read next of it */
    const jin_val *arg;
    size_t used; /* elements of arg */
    bool mapped; /* a key of arg was named */
} percent;

/* (name) of a mapping, if it is there. */
static lem_status percent_key(jin *m, percent *p, jin_val *v, bool *named) {
    const jin_str *s = p->s;
    jin_val key;
    lem_status st;
    *named = p->i < s->n && s->s[p->i] == '(';
    if (!*named) return LEM_OK;
    size_t to = p->i;
    while (to < s->n && s->s[to] != ')') to++;
    if (to == s->n || p->arg->kind != JIN_DICT) return lem_jin_fail(m, "format requires a mapping");
    LEM_TRY(lem_jin_part(m, s, p->i + 1, to, &key));
    LEM_TRY(lem_jin_item(m, p->arg, &key, v));
    if (v->kind == JIN_UNDEF) return lem_jin_fail(m, "format: the mapping has no such key");
    p->mapped = true;
    p->i = to + 1;
done:
    return st;
}

static void percent_flags(percent *p, spec *f) {
    for (; p->i < p->s->n; p->i++) {
        switch (p->s->s[p->i]) {
        case '-': f->align = '<'; break;
        case '0': f->zero = true; break;
        case '#': f->alt = true; break;
        case '+': f->sign = '+'; break;
        case ' ':
            if (f->sign != '+') f->sign = ' ';
            break;
        default: return;
        }
    }
}

/* One place of the format, from behind its % to its type. */
static lem_status percent_place(jin *m, percent *p, jin_sb *b) {
    const jin_str *s = p->s;
    spec f = {.precision = -1};
    jin_val v = {0};
    bool named;
    lem_status st;
    LEM_TRY(percent_key(m, p, &v, &named));
    percent_flags(p, &f);
    LEM_TRY(read_int(m, s, &p->i, &f.width));
    if (p->i < s->n && s->s[p->i] == '.') {
        p->i++;
        LEM_TRY(read_int(m, s, &p->i, &f.precision));
    }
    f.type = p->i < s->n ? s->s[p->i] : 0;
    if (f.type == '%') return lem_jin_sb_puts(m, b, "%");
    if (!f.type || !strchr("srdiuxXoeEfFgG", f.type))
        return lem_jin_fail(m, "the format %%%c is not supported", f.type ? f.type : ' ');
    if (!named) LEM_TRY(percent_arg(m, p->arg, &p->used, &v));
    LEM_TRY(percent_one(m, b, &v, &f));
done:
    return st;
}

/* Whether arguments are left over. Things with [] need not be used up. */
static bool percent_left(const percent *p) {
    const jin_val *arg = p->arg;
    if (p->mapped || arg->kind == JIN_DICT || arg->kind == JIN_UNDEF) return false;
    if (arg->kind == JIN_SEQ) return arg->u.q->flavor == JIN_TUPLE && p->used < arg->u.q->n;
    return p->used == 0;
}

lem_status lem_jin_percent(jin *m, const jin_str *s, const jin_val *arg, jin_val *out) {
    jin_sb b = {0};
    percent p = {.s = s, .arg = arg};
    lem_status st = LEM_OK;
    while (p.i < s->n) {
        size_t to = p.i;
        while (to < s->n && s->s[to] != '%') to++;
        if (to > p.i) LEM_TRY(lem_jin_sb_part(m, &b, s, p.i, to));
        p.i = to + 1;
        if (to == s->n) break;
        LEM_TRY(percent_place(m, &p, &b));
        p.i++;
    }
    if (percent_left(&p)) return lem_jin_fail(m, "not all arguments converted during string formatting");
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

/* ---- str.format */

static bool one_of(const jin_str *s, size_t i, const char *set) {
    return i < s->n && s->s[i] && strchr(set, s->s[i]);
}

/* The character at *i, passed over, if it is one of the set; else 0. */
static char take(const jin_str *s, size_t *i, const char *set) {
    return one_of(s, *i, set) ? s->s[(*i)++] : 0;
}

/* Reads fill and alignment; how far they go. */
static size_t parse_align(const jin_str *s, spec *f) {
    size_t fill = s->n ? lem_jin_char(s->s, s->n) : 0, i = 0;
    if (fill && one_of(s, fill, "<>^=")) {
        f->fill = s->s;
        f->fill_len = fill;
        i = fill;
    }
    f->align = take(s, &i, "<>^=");
    return i;
}

static lem_status parse_spec(jin *m, const jin_str *s, spec *f) {
    lem_status st;
    *f = (spec){.precision = -1, .fill = " ", .fill_len = 1};
    size_t i = parse_align(s, f);
    f->sign = take(s, &i, "+- ");
    f->alt = take(s, &i, "#");
    f->zero = take(s, &i, "0");
    if (f->zero && !f->align) {
        f->align = '=';
        f->fill = "0";
    }
    LEM_TRY(read_int(m, s, &i, &f->width));
    f->grouped = take(s, &i, ",");
    if (take(s, &i, ".")) LEM_TRY(read_int(m, s, &i, &f->precision));
    if (i < s->n) f->type = s->s[i++];
    if (i != s->n)
        return lem_jin_fail(m, "the format '%.*s' is not supported", (int)(s->n > 60 ? 60 : s->n), s->s);
done:
    return st;
}

/* type 'r': a float as repr writes it. */
static lem_status check_number_spec(jin *m, const jin_val *v, const spec *f, char type) {
    bool whole = strchr("dxXo", type);
    if (!strchr("dxXoeEfFgGr", type) || (v->kind == JIN_FLOAT && whole))
        return lem_jin_fail(m, "the format code '%c' for %s is not supported", type, lem_jin_type(v));
    if (type == 'r' && (f->precision >= 0 || f->sign == '+' || f->sign == ' '))
        return lem_jin_fail(m, "a float format without a type is not supported");
    if (whole && f->precision >= 0)
        return lem_jin_fail(m, "precision not allowed in integer format specifier");
    return LEM_OK;
}

static lem_status format_number(jin *m, const jin_val *v, spec *f, jin_val *out) {
    char text[512], type = f->type;
    lem_status st;
    if (!type) type = v->kind == JIN_FLOAT ? 'r' : 'd';
    LEM_TRY(check_number_spec(m, v, f, type));
    if (type == 'r') lem_jin_float_text(v->u.f, text);
    else LEM_TRY(number_text(m, v, f, type, text));
    if (f->grouped) group_thousands(text);
    if (f->grouped && f->zero) return lem_jin_fail(m, "a format with ',' and '0' is not supported");
    LEM_TRY(lem_jin_str_new(m, text, strlen(text), v->mark, out));
done:
    return st;
}

static lem_status format_text(jin *m, const jin_val *v, const spec *f, jin_val *out) {
    if ((f->type && f->type != 's') || f->align == '=' || f->sign || f->alt || f->grouped)
        return lem_jin_fail(m, "the format is not allowed for a string");
    lem_status st = lem_jin_text(m, v, out);
    return st == LEM_OK ? cut_text(m, f, out) : st;
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
    LEM_TRY(number ? format_number(m, v, &f, &t) : format_text(m, v, &f, &t));
    if (!f.align) f.align = number ? '>' : '<';
    LEM_TRY(put_padded(m, b, t.u.s, &f, f.align));
done:
    return st;
}

static size_t leading_digits(const jin_str *s) {
    size_t n = 0;
    while (n < s->n && s->s[n] >= '0' && s->s[n] <= '9') n++;
    return n;
}

/* The argument that a replacement field begins with: by number, by name, or (name empty) the next one. */
static lem_status format_arg(jin *m, const jin_str *name, const jin_args *args, size_t *next, jin_val *out) {
    lem_status st;
    int index = 0;
    size_t at = 0, k = 0;
    if (leading_digits(name) == name->n) {
        LEM_TRY(read_int(m, name, &at, &index));
        k = name->n ? (size_t)index : (*next)++;
        if (k >= args->n) return lem_jin_fail(m, "format(): replacement index %zu out of range", k);
        *out = args->pos[k];
        return LEM_OK;
    }
    while (k < args->n_named && !lem_jin_same(args->name[k], name)) k++;
    if (k == args->n_named)
        return lem_jin_fail(m, "format(): no argument '%.*s'", (int)(name->n > 60 ? 60 : name->n), name->s);
    *out = args->named[k];
    return LEM_OK;
done:
    return st;
}

/* Where .attr or [key, which begins at i, ends. */
static size_t member_end(const jin_str *s, size_t i) {
    const char *stops = s->s[i] == '[' ? "]" : ".[";
    size_t end = i + 1;
    while (end < s->n && !one_of(s, end, stops)) end++;
    return end;
}

/* .attr or [key] of *v in its place. */
static lem_status format_member(jin *m, const jin_str *s, size_t i, size_t end, jin_val *v) {
    jin_val key, from = *v; /* v is written to before it is read in full */
    lem_status st;
    bool item = s->s[i] == '[';
    if (end == i + 1 || (item && end == s->n))
        return lem_jin_fail(m, "format(): a field name is not complete");
    LEM_TRY(lem_jin_part(m, s, i + 1, end, &key));
    if (!item) return lem_jin_attr(m, &from, key.u.s, v);
    if (leading_digits(key.u.s) == key.u.s->n) {
        size_t at = 0;
        int index = 0;
        LEM_TRY(read_int(m, key.u.s, &at, &index));
        key = lem_jin_int(index);
    }
    LEM_TRY(lem_jin_item(m, &from, &key, v));
done:
    return st;
}

/* name, .attr and [key] of a replacement field. */
static lem_status format_field(jin *m, const jin_str *s, const jin_args *args, size_t *next, jin_val *out) {
    size_t i = 0;
    lem_status st;
    while (i < s->n && s->s[i] != '.' && s->s[i] != '[') i++;
    LEM_TRY(format_arg(m, &(jin_str){.s = s->s, .n = i}, args, next, out));
    while (i < s->n) {
        size_t end = member_end(s, i);
        LEM_TRY(format_member(m, s, i, end, out));
        i = end + (s->s[i] == '[');
    }
done:
    return st;
}

/* Where the name of a replacement field ends: at ':' or '!' outside [ ]. */
static size_t field_name_end(const jin_str *s) {
    bool bracket = false;
    size_t end = 0;
    for (; end < s->n && (bracket || (s->s[end] != ':' && s->s[end] != '!')); end++) {
        if (s->s[end] == '[') bracket = true;
        if (s->s[end] == ']') bracket = false;
    }
    return end;
}

/* !r or !s. */
static lem_status convert_value(jin *m, char convert, jin_val *v) {
    jin_sb text = {0};
    lem_status st = convert == 'r' ? lem_jin_repr(m, &text, v, 0) : lem_jin_print(m, &text, v);
    return st == LEM_OK ? lem_jin_sb_take(m, &text, v) : st;
}

static lem_status format_replacement(jin *m, jin_sb *b, const jin_str *s, const jin_args *args,
                                     size_t *next) {
    jin_val v;
    jin_str name = *s, how = {.s = "", .n = 0};
    char convert = 0;
    lem_status st;
    size_t end = name.n = field_name_end(s);
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
    if (convert) LEM_TRY(convert_value(m, convert, &v));
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
