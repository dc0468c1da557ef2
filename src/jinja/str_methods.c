/* str_methods.c - the methods of strings */
#include "jinja/jinja_priv.h"

#include "core/utf8.h"

#include <string.h>
#include <utf8proc.h>

/* First `sub` in s from..to, or the last; SIZE_MAX if none. Bytes. */
static size_t find(const jin_str *s, const jin_str *sub, size_t from, size_t to, bool last) {
    if (from > to || sub->n > to - from) return SIZE_MAX;
    if (sub->n == 0) return last ? to : from;
    if (!last) {
        const char *p = memmem(s->s + from, to - from, sub->s, sub->n);
        return p ? (size_t)(p - s->s) : SIZE_MAX;
    }
    for (size_t i = to - sub->n + 1; i-- > from;)
        if (memcmp(s->s + i, sub->s, sub->n) == 0) return i;
    return SIZE_MAX;
}

/* Is the character at s + i one of chars (white space if NULL)? Its length, else 0. */
static size_t one_of(const char *s, size_t n, const jin_str *chars) {
    if (!chars) return lem_jin_space(s, n);
    size_t k = lem_jin_char(s, n);
    for (size_t i = 0, c; i < chars->n; i += c) {
        c = lem_jin_char(chars->s + i, chars->n - i);
        if (c == k && memcmp(chars->s + i, s, k) == 0) return k;
    }
    return 0;
}

static size_t char_start(const jin_str *s, size_t from, size_t end) {
    size_t i = end - 1;
    while (i > from && end - i < 4 && ((unsigned char)s->s[i] & 0xc0) == 0x80) i--;
    return lem_jin_char(s->s + i, end - i) == end - i ? i : end - 1;
}

lem_status lem_jin_strip(jin *m, const jin_str *s, const jin_val *chars, int sides, jin_val *out) {
    const jin_str *set = NULL;
    size_t from = 0, to = s->n, k;
    if (chars->kind != JIN_MISSING && chars->kind != JIN_NONE) {
        lem_status st = lem_jin_want_str(m, "strip", chars, &set);
        if (st != LEM_OK) return st;
    }
    while ((sides & 1) && from < to && (k = one_of(s->s + from, to - from, set))) from += k;
    while ((sides & 2) && to > from) {
        size_t i = char_start(s, from, to);
        if (!one_of(s->s + i, to - i, set)) break;
        to = i;
    }
    lem_status st = lem_jin_step(m, (s->n - (to - from)) / 8 * (set ? 1 + set->n / 8 : 1));
    return st == LEM_OK ? lem_jin_part(m, s, from, to, out) : st;
}

lem_status lem_jin_replace(jin *m, const jin_str *s, const jin_str *old, const jin_str *new_, int64_t count,
                           jin_val *out) {
    jin_sb b = {0};
    size_t done_to = 0, at = 0;
    lem_status st = LEM_OK;
    if (count < 0) count = INT64_MAX;
    while (count-- > 0) {
        size_t i = find(s, old, at, s->n, false);
        if (i == SIZE_MAX) break;
        LEM_TRY(lem_jin_sb_part(m, &b, s, done_to, i));
        LEM_TRY(lem_jin_sb_str(m, &b, new_));
        done_to = i + old->n;
        at = done_to;
        LEM_TRY(lem_jin_step(m, 1));
        if (old->n) continue;
        if (i >= s->n) break; /* between all characters, and at both ends */
        at = i + lem_jin_char(s->s + i, s->n - i);
    }
    LEM_TRY(lem_jin_sb_part(m, &b, s, done_to, s->n));
    LEM_TRY(lem_jin_step(m, s->n / 32));
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

static lem_status push_part(jin *m, jin_seq *q, const jin_str *s, size_t from, size_t to) {
    jin_val v;
    lem_status st = lem_jin_part(m, s, from, to, &v);
    return st == LEM_OK ? lem_jin_seq_push(m, q, v) : st;
}

/* ---- split */

static lem_status split_space(jin *m, const jin_str *s, int64_t max, jin_seq *q) {
    lem_status st = LEM_OK;
    size_t i = 0, k;
    for (;;) {
        while (i < s->n && (k = lem_jin_space(s->s + i, s->n - i))) i += k;
        if (i >= s->n) return LEM_OK;
        size_t from = i;
        if (max-- == 0) {
            size_t to = s->n;
            while (to > from && (k = lem_jin_space_before(s->s + from, to - from))) to -= k;
            return push_part(m, q, s, from, to);
        }
        while (i < s->n && !lem_jin_space(s->s + i, s->n - i)) i += lem_jin_char(s->s + i, s->n - i);
        LEM_TRY(push_part(m, q, s, from, i));
    }
done:
    return st;
}

static void reverse(jin_seq *q) {
    for (size_t i = 0, j = q->n; i + 1 < j; i++) {
        jin_val v = q->at[i];
        q->at[i] = q->at[--j];
        q->at[j] = v;
    }
}

static lem_status rsplit_space(jin *m, const jin_str *s, int64_t max, jin_seq *q) {
    lem_status st = LEM_OK;
    size_t end = s->n, k;
    for (;;) {
        while (end > 0 && (k = lem_jin_space_before(s->s, end))) end -= k;
        if (end == 0) break;
        size_t to = end;
        if (max-- == 0) {
            size_t from = 0;
            while (from < to && (k = lem_jin_space(s->s + from, to - from))) from += k;
            LEM_TRY(push_part(m, q, s, from, to));
            break;
        }
        while (end > 0 && !lem_jin_space_before(s->s, end)) end = char_start(s, 0, end);
        LEM_TRY(push_part(m, q, s, end, to));
    }
    reverse(q);
done:
    return st;
}

static lem_status split(jin *m, const jin_str *s, const char *method, const jin_args *args, jin_val *out) {
    bool right = *method == 'r';
    jin_val a[2];
    const jin_str *sep = NULL;
    int64_t max = -1;
    size_t from = 0, to = s->n;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "split()", "sep? maxsplit?", args, a));
    if (a[1].kind != JIN_MISSING) LEM_TRY(lem_jin_want_int(m, "split()", &a[1], &max));
    LEM_TRY(lem_jin_seq_new(m, JIN_LIST, out));
    LEM_TRY(lem_jin_step(m, s->n / 32));
    jin_seq *q = out->u.q;
    if (max < 0) max = INT64_MAX;
    if (a[0].kind == JIN_MISSING || a[0].kind == JIN_NONE)
        return right ? rsplit_space(m, s, max, q) : split_space(m, s, max, q);
    LEM_TRY(lem_jin_want_str(m, "split()", &a[0], &sep));
    if (sep->n == 0) return lem_jin_fail(m, "split(): empty separator");
    while (max-- > 0) {
        size_t i = find(s, sep, from, to, right);
        if (i == SIZE_MAX) break;
        LEM_TRY(right ? push_part(m, q, s, i + sep->n, to) : push_part(m, q, s, from, i));
        if (right) to = i;
        else from = i + sep->n;
    }
    LEM_TRY(push_part(m, q, s, from, to));
    if (right) reverse(q);
done:
    return st;
}

/* Bytes of the line break at s: \n \r\n \r \v \f \x1c-\x1e \x85 U+2028 U+2029. */
static size_t line_break(const char *s, size_t n) {
    unsigned char c = (unsigned char)*s;
    if (c == '\r') return 1 + (n > 1 && s[1] == '\n');
    if ((c >= 10 && c <= 12) || (c >= 0x1c && c <= 0x1e)) return 1;
    if (n >= 2 && c == 0xc2 && (unsigned char)s[1] == 0x85) return 2;
    return n >= 3 && (memcmp(s, "\xe2\x80\xa8", 3) == 0 || memcmp(s, "\xe2\x80\xa9", 3) == 0) ? 3 : 0;
}

lem_status lem_jin_splitlines(jin *m, const jin_str *s, bool keep, jin_val *out) {
    lem_status st;
    size_t from = 0;
    LEM_TRY(lem_jin_seq_new(m, JIN_LIST, out));
    LEM_TRY(lem_jin_step(m, s->n / 32));
    for (size_t i = 0, k; i < s->n; i += k) {
        size_t br = line_break(s->s + i, s->n - i);
        k = br ? br : 1;
        if (!br) continue;
        LEM_TRY(push_part(m, out->u.q, s, from, keep ? i + br : i));
        from = i + br;
    }
    if (from < s->n) LEM_TRY(push_part(m, out->u.q, s, from, s->n));
done:
    return st;
}

static lem_status partition(jin *m, const jin_str *s, const char *method, const jin_args *args,
                            jin_val *out) {
    bool right = *method == 'r';
    jin_val a[1];
    const jin_str *sep = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "partition()", "sep", args, a));
    LEM_TRY(lem_jin_want_str(m, "partition()", &a[0], &sep));
    if (sep->n == 0) return lem_jin_fail(m, "partition(): empty separator");
    size_t i = find(s, sep, 0, s->n, right), cut[4] = {0, i, i + sep->n, s->n};
    if (i == SIZE_MAX) cut[1] = cut[2] = right ? 0 : s->n;
    LEM_TRY(lem_jin_seq_new(m, JIN_TUPLE, out));
    for (int k = 0; k < 3; k++) LEM_TRY(push_part(m, out->u.q, s, cut[k], cut[k + 1]));
done:
    return st;
}

/* ---- looking */

/* startswith and endswith take a string or a tuple of them, and bounds. */
static lem_status affix(jin *m, const jin_str *s, const char *method, const jin_args *args, jin_val *out) {
    bool end = *method == 'e';
    jin_val a[3], part[3] = {{0}, {0}, {0}};
    int64_t start, stop, step;
    const jin_str *what = NULL;
    lem_status st;
    const char *what_for = end ? "endswith()" : "startswith()";
    LEM_TRY(lem_jin_bind(m, what_for, "affix start? end?", args, a));
    bool tuple = a[0].kind == JIN_SEQ && a[0].u.q->flavor == JIN_TUPLE, yes = false;
    part[0] = a[1];
    part[1] = a[2];
    size_t chars = a[1].kind == JIN_MISSING ? s->n : lem_jin_chars(s->s, s->n);
    LEM_TRY(lem_jin_slice_bounds(m, part, chars, &start, &stop, &step));
    size_t from = a[1].kind == JIN_MISSING ? 0 : lem_jin_byte_of(s, (size_t)start);
    size_t to = a[2].kind == JIN_MISSING ? s->n : lem_jin_byte_of(s, (size_t)stop);
    for (size_t i = 0; i < (tuple ? a[0].u.q->n : 1); i++) {
        LEM_TRY(lem_jin_want_str(m, what_for, tuple ? &a[0].u.q->at[i] : &a[0], &what));
        if (from > to || what->n > to - from) continue;
        yes = yes || memcmp(s->s + (end ? to - what->n : from), what->s, what->n) == 0;
    }
    *out = lem_jin_bool(yes);
done:
    return st;
}

/* find, rfind, index, rindex, count. */
static lem_status search(jin *m, const jin_str *s, const char *method, const jin_args *args, jin_val *out) {
    jin_val a[3], part[3] = {{0}, {0}, {0}};
    int64_t start, stop, step, n = 0;
    const jin_str *what = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, method, "sub start? end?", args, a));
    LEM_TRY(lem_jin_want_str(m, method, &a[0], &what));
    part[0] = a[1];
    part[1] = a[2];
    LEM_TRY(lem_jin_step(m, s->n / 16));
    LEM_TRY(lem_jin_slice_bounds(m, part, lem_jin_chars(s->s, s->n), &start, &stop, &step));
    size_t from = lem_jin_byte_of(s, (size_t)start), to = lem_jin_byte_of(s, (size_t)stop);
    if (strcmp(method, "count") == 0) {
        if (what->n == 0) n = stop >= start ? stop - start + 1 : 0;
        for (size_t i; what->n && (i = find(s, what, from, to, false)) != SIZE_MAX; from = i + what->n) n++;
        *out = lem_jin_int(n);
        return LEM_OK;
    }
    size_t i = find(s, what, from, to, *method == 'r');
    if (i == SIZE_MAX && strstr(method, "index")) return lem_jin_fail(m, "%s(): substring not found", method);
    *out = lem_jin_int(i == SIZE_MAX ? -1 : (int64_t)lem_jin_chars(s->s, i));
done:
    return st;
}

enum {
    IS_LETTER = 1,
    IS_DECIMAL = 2,
    IS_UPPER = 4,
    IS_LOWER = 8,
    IS_SPACE = 16,
    IS_NUMBER = 32,
    IS_DIGIT = 64
};
static int classes(const char *s, size_t n, size_t *len) {
    uint32_t cp = 0;
    int k = lem_utf8_decode(s, n, &cp), c = 0;
    *len = k > 0 ? (size_t)k : 1;
    if (k <= 0) return 0;
    if (lem_jin_space(s, n)) c |= IS_SPACE;
    if (cp == 0xb2 || cp == 0xb3 || cp == 0xb9 || cp == 0x2070 || (cp >= 0x2074 && cp <= 0x2079) ||
        (cp >= 0x2080 && cp <= 0x2089))
        c |= IS_DIGIT;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT: return c | IS_LETTER | IS_UPPER;
    case UTF8PROC_CATEGORY_LL: return c | IS_LETTER | IS_LOWER;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return c | IS_LETTER;
    case UTF8PROC_CATEGORY_ND: return c | IS_DECIMAL | IS_DIGIT | IS_NUMBER;
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return c | IS_NUMBER;
    default: return c;
    }
}

static lem_status is_kind(jin *m, const jin_str *s, const char *method, jin_val *out) {
    static const struct {
        const char *name;
        int all, none, some;
    } kinds[] = {{"isdigit", IS_DIGIT, 0, 0},
                 {"isalpha", IS_LETTER, 0, 0},
                 {"isalnum", IS_LETTER | IS_DIGIT | IS_NUMBER, 0, 0},
                 {"isspace", IS_SPACE, 0, 0},
                 {"isnumeric", IS_NUMBER, 0, 0},
                 {"isdecimal", IS_DECIMAL, 0, 0},
                 {"isupper", 0, IS_LOWER, IS_UPPER},
                 {"islower", 0, IS_UPPER, IS_LOWER}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, method) != 0) continue;
        bool yes = s->n > 0, some = kinds[i].some == 0;
        for (size_t p = 0, k; p < s->n; p += k) {
            int c = classes(s->s + p, s->n - p, &k);
            if ((kinds[i].all && !(c & kinds[i].all)) || (c & kinds[i].none)) yes = false;
            some = some || (c & kinds[i].some);
        }
        *out = lem_jin_bool(yes && some);
        return lem_jin_step(m, s->n / 8);
    }
    if (strcmp(method, "isascii") != 0) return lem_jin_fail(m, "the method str.%s is not supported", method);
    bool yes = true;
    for (size_t p = 0; p < s->n; p++) yes = yes && (unsigned char)s->s[p] < 0x80;
    *out = lem_jin_bool(yes);
    return LEM_OK;
}

/* ---- filling */

static lem_status pad(jin *m, jin_sb *b, const jin_str *fill, int64_t n) {
    lem_status st = LEM_OK;
    for (; n > 0 && st == LEM_OK; n--) st = lem_jin_sb_str(m, b, fill);
    return st;
}

static lem_status justify(jin *m, const jin_str *s, const char *method, const jin_args *args, jin_val *out) {
    static const jin_str blank = {.s = " ", .n = 1}, zero = {.s = "0", .n = 1};
    const jin_str *fill = &blank;
    jin_val a[2] = {{0}, {0}};
    jin_sb b = {0};
    int64_t width;
    lem_status st;
    bool z = strcmp(method, "zfill") == 0;
    LEM_TRY(lem_jin_bind(m, method, z ? "width" : "width fillchar?", args, a));
    LEM_TRY(lem_jin_want_int(m, method, &a[0], &width));
    if (!z && a[1].kind != JIN_MISSING) LEM_TRY(lem_jin_want_str(m, method, &a[1], &fill));
    if (!z && lem_jin_chars(fill->s, fill->n) != 1)
        return lem_jin_fail(m, "%s: the fill must be one character", method);
    int64_t n = (int64_t)lem_jin_chars(s->s, s->n), gap = width > n ? width - n : 0;
    size_t sign = z && s->n && (s->s[0] == '-' || s->s[0] == '+');
    int64_t left = gap;
    if (*method == 'l') left = 0;
    if (*method == 'c') left = gap / 2 + (gap & width & 1);
    LEM_TRY(lem_jin_sb_part(m, &b, s, 0, sign));
    LEM_TRY(pad(m, &b, z ? &zero : fill, left));
    LEM_TRY(lem_jin_sb_part(m, &b, s, sign, s->n));
    LEM_TRY(pad(m, &b, fill, gap - left));
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

static lem_status join(jin *m, const jin_str *sep, const char *method, const jin_args *args, jin_val *out) {
    (void)method;
    jin_val a[1];
    jin_seq *q = NULL;
    jin_sb b = {0};
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "join()", "iterable", args, a));
    LEM_TRY(lem_jin_iter(m, &a[0], &q));
    for (size_t i = q->pos; i < q->n; i++) {
        if (q->at[i].kind != JIN_STR)
            return lem_jin_fail(m, "join(): expected str, found %s", lem_jin_type(&q->at[i]));
        if (i > q->pos) LEM_TRY(lem_jin_sb_str(m, &b, sep));
        LEM_TRY(lem_jin_sb_str(m, &b, q->at[i].u.s));
    }
    if (q->flavor == JIN_GENERATOR) q->pos = q->n;
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}

static lem_status remove_affix(jin *m, const jin_str *s, const char *method, const jin_args *args,
                               jin_val *out) {
    bool prefix = method[strlen("remove")] == 'p';
    jin_val a[1];
    const jin_str *x = NULL;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, prefix ? "removeprefix()" : "removesuffix()", "affix", args, a));
    LEM_TRY(lem_jin_want_str(m, prefix ? "removeprefix()" : "removesuffix()", &a[0], &x));
    bool has = x->n <= s->n && memcmp(prefix ? s->s : s->s + s->n - x->n, x->s, x->n) == 0;
    size_t from = has && prefix ? x->n : 0;
    size_t to = has && !prefix ? s->n - x->n : s->n;
    LEM_TRY(lem_jin_part(m, s, from, to, out));
done:
    return st;
}

static lem_status replace_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                                 jin_val *out) {
    (void)method;
    jin_val a[3];
    const jin_str *old = NULL, *new_ = NULL;
    int64_t count = -1;
    lem_status st;
    LEM_TRY(lem_jin_bind(m, "replace()", "old new count?", args, a));
    LEM_TRY(lem_jin_want_str(m, "replace()", &a[0], &old));
    LEM_TRY(lem_jin_want_str(m, "replace()", &a[1], &new_));
    if (a[2].kind != JIN_MISSING) LEM_TRY(lem_jin_want_int(m, "replace()", &a[2], &count));
    LEM_TRY(lem_jin_replace(m, s, old, new_, count, out));
done:
    return st;
}

static lem_status strip_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                               jin_val *out) {
    enum { LEFT = 1, RIGHT = 2 };
    int sides = LEFT | RIGHT;
    jin_val a[1];
    if (*method == 'l') sides = LEFT;
    if (*method == 'r') sides = RIGHT;
    lem_status st = lem_jin_bind(m, "strip()", "chars?", args, a);
    return st == LEM_OK ? lem_jin_strip(m, s, &a[0], sides, out) : st;
}

static lem_status format_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                                jin_val *out) {
    (void)method;
    return lem_jin_str_format(m, s, args, out);
}

static lem_status splitlines_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                                    jin_val *out) {
    (void)method;
    jin_val a[1];
    lem_status st = lem_jin_bind(m, "splitlines()", "keepends?", args, a);
    return st == LEM_OK ? lem_jin_splitlines(m, s, lem_jin_true(&a[0]), out) : st;
}

static lem_status case_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                              jin_val *out) {
    static const char *const cases[] = {
        [JIN_UPPER] = "upper", [JIN_LOWER] = "lower",   [JIN_CAPITALIZE] = "capitalize",
        [JIN_TITLE] = "title", [JIN_FILTER_TITLE] = "", [JIN_SWAPCASE] = "swapcase"};
    jin_val a[1];
    int how = 0;
    while (strcmp(method, cases[how]) != 0) how++; /* it is one of them */
    lem_status st = lem_jin_bind(m, method, "", args, a);
    return st == LEM_OK ? lem_jin_case(m, s, how, out) : st;
}

static lem_status is_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                            jin_val *out) {
    jin_val a[1];
    lem_status st = lem_jin_bind(m, method, "", args, a);
    return st == LEM_OK ? is_kind(m, s, method, out) : st;
}

typedef lem_status str_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                              jin_val *out);
static const struct {
    const char *name;
    str_method *call;
} methods[] = {{"strip", strip_method},
               {"lstrip", strip_method},
               {"rstrip", strip_method},
               {"split", split},
               {"rsplit", split},
               {"startswith", affix},
               {"endswith", affix},
               {"replace", replace_method},
               {"join", join},
               {"format", format_method},
               {"partition", partition},
               {"rpartition", partition},
               {"removeprefix", remove_affix},
               {"removesuffix", remove_affix},
               {"zfill", justify},
               {"center", justify},
               {"ljust", justify},
               {"rjust", justify},
               {"find", search},
               {"rfind", search},
               {"index", search},
               {"rindex", search},
               {"count", search},
               {"splitlines", splitlines_method},
               {"upper", case_method},
               {"lower", case_method},
               {"capitalize", case_method},
               {"title", case_method},
               {"swapcase", case_method}};

lem_status lem_jin_str_method(jin *m, const jin_str *s, const char *method, const jin_args *args,
                              jin_val *out) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(method, methods[i].name) == 0) return methods[i].call(m, s, method, args, out);
    return is_method(m, s, method, args, out);
}
