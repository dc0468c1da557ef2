/* case.c - str.upper, lower, title, capitalize, swapcase with Unicode's full mappings, as Python has them */
#include "jinja/jinja_priv.h"

#include "core/utf8.h"

#include <string.h>
#include <utf8proc.h>

/* Characters whose capital is more than one (SpecialCasing.txt of Unicode 14): capital, title form. */
static const struct {
    uint16_t from, upper[3], title[3];
} special[] = {
    // clang-format off
    {0xdf, {0x53, 0x53, 0}, {0x53, 0x73, 0}},
    {0x149, {0x2bc, 0x4e, 0}, {0x2bc, 0x4e, 0}},
    {0x1f0, {0x4a, 0x30c, 0}, {0x4a, 0x30c, 0}},
    {0x390, {0x399, 0x308, 0x301}, {0x399, 0x308, 0x301}},
    {0x3b0, {0x3a5, 0x308, 0x301}, {0x3a5, 0x308, 0x301}},
    {0x587, {0x535, 0x552, 0}, {0x535, 0x582, 0}},
    {0x1e96, {0x48, 0x331, 0}, {0x48, 0x331, 0}},
    {0x1e97, {0x54, 0x308, 0}, {0x54, 0x308, 0}},
    {0x1e98, {0x57, 0x30a, 0}, {0x57, 0x30a, 0}},
    {0x1e99, {0x59, 0x30a, 0}, {0x59, 0x30a, 0}},
    {0x1e9a, {0x41, 0x2be, 0}, {0x41, 0x2be, 0}},
    {0x1f50, {0x3a5, 0x313, 0}, {0x3a5, 0x313, 0}},
    {0x1f52, {0x3a5, 0x313, 0x300}, {0x3a5, 0x313, 0x300}},
    {0x1f54, {0x3a5, 0x313, 0x301}, {0x3a5, 0x313, 0x301}},
    {0x1f56, {0x3a5, 0x313, 0x342}, {0x3a5, 0x313, 0x342}},
    {0x1f80, {0x1f08, 0x399, 0}, {0x1f88, 0, 0}},
    {0x1f81, {0x1f09, 0x399, 0}, {0x1f89, 0, 0}},
    {0x1f82, {0x1f0a, 0x399, 0}, {0x1f8a, 0, 0}},
    {0x1f83, {0x1f0b, 0x399, 0}, {0x1f8b, 0, 0}},
    {0x1f84, {0x1f0c, 0x399, 0}, {0x1f8c, 0, 0}},
    {0x1f85, {0x1f0d, 0x399, 0}, {0x1f8d, 0, 0}},
    {0x1f86, {0x1f0e, 0x399, 0}, {0x1f8e, 0, 0}},
    {0x1f87, {0x1f0f, 0x399, 0}, {0x1f8f, 0, 0}},
    {0x1f88, {0x1f08, 0x399, 0}, {0x1f88, 0, 0}},
    {0x1f89, {0x1f09, 0x399, 0}, {0x1f89, 0, 0}},
    {0x1f8a, {0x1f0a, 0x399, 0}, {0x1f8a, 0, 0}},
    {0x1f8b, {0x1f0b, 0x399, 0}, {0x1f8b, 0, 0}},
    {0x1f8c, {0x1f0c, 0x399, 0}, {0x1f8c, 0, 0}},
    {0x1f8d, {0x1f0d, 0x399, 0}, {0x1f8d, 0, 0}},
    {0x1f8e, {0x1f0e, 0x399, 0}, {0x1f8e, 0, 0}},
    {0x1f8f, {0x1f0f, 0x399, 0}, {0x1f8f, 0, 0}},
    {0x1f90, {0x1f28, 0x399, 0}, {0x1f98, 0, 0}},
    {0x1f91, {0x1f29, 0x399, 0}, {0x1f99, 0, 0}},
    {0x1f92, {0x1f2a, 0x399, 0}, {0x1f9a, 0, 0}},
    {0x1f93, {0x1f2b, 0x399, 0}, {0x1f9b, 0, 0}},
    {0x1f94, {0x1f2c, 0x399, 0}, {0x1f9c, 0, 0}},
    {0x1f95, {0x1f2d, 0x399, 0}, {0x1f9d, 0, 0}},
    {0x1f96, {0x1f2e, 0x399, 0}, {0x1f9e, 0, 0}},
    {0x1f97, {0x1f2f, 0x399, 0}, {0x1f9f, 0, 0}},
    {0x1f98, {0x1f28, 0x399, 0}, {0x1f98, 0, 0}},
    {0x1f99, {0x1f29, 0x399, 0}, {0x1f99, 0, 0}},
    {0x1f9a, {0x1f2a, 0x399, 0}, {0x1f9a, 0, 0}},
    {0x1f9b, {0x1f2b, 0x399, 0}, {0x1f9b, 0, 0}},
    {0x1f9c, {0x1f2c, 0x399, 0}, {0x1f9c, 0, 0}},
    {0x1f9d, {0x1f2d, 0x399, 0}, {0x1f9d, 0, 0}},
    {0x1f9e, {0x1f2e, 0x399, 0}, {0x1f9e, 0, 0}},
    {0x1f9f, {0x1f2f, 0x399, 0}, {0x1f9f, 0, 0}},
    {0x1fa0, {0x1f68, 0x399, 0}, {0x1fa8, 0, 0}},
    {0x1fa1, {0x1f69, 0x399, 0}, {0x1fa9, 0, 0}},
    {0x1fa2, {0x1f6a, 0x399, 0}, {0x1faa, 0, 0}},
    {0x1fa3, {0x1f6b, 0x399, 0}, {0x1fab, 0, 0}},
    {0x1fa4, {0x1f6c, 0x399, 0}, {0x1fac, 0, 0}},
    {0x1fa5, {0x1f6d, 0x399, 0}, {0x1fad, 0, 0}},
    {0x1fa6, {0x1f6e, 0x399, 0}, {0x1fae, 0, 0}},
    {0x1fa7, {0x1f6f, 0x399, 0}, {0x1faf, 0, 0}},
    {0x1fa8, {0x1f68, 0x399, 0}, {0x1fa8, 0, 0}},
    {0x1fa9, {0x1f69, 0x399, 0}, {0x1fa9, 0, 0}},
    {0x1faa, {0x1f6a, 0x399, 0}, {0x1faa, 0, 0}},
    {0x1fab, {0x1f6b, 0x399, 0}, {0x1fab, 0, 0}},
    {0x1fac, {0x1f6c, 0x399, 0}, {0x1fac, 0, 0}},
    {0x1fad, {0x1f6d, 0x399, 0}, {0x1fad, 0, 0}},
    {0x1fae, {0x1f6e, 0x399, 0}, {0x1fae, 0, 0}},
    {0x1faf, {0x1f6f, 0x399, 0}, {0x1faf, 0, 0}},
    {0x1fb2, {0x1fba, 0x399, 0}, {0x1fba, 0x345, 0}},
    {0x1fb3, {0x391, 0x399, 0}, {0x1fbc, 0, 0}},
    {0x1fb4, {0x386, 0x399, 0}, {0x386, 0x345, 0}},
    {0x1fb6, {0x391, 0x342, 0}, {0x391, 0x342, 0}},
    {0x1fb7, {0x391, 0x342, 0x399}, {0x391, 0x342, 0x345}},
    {0x1fbc, {0x391, 0x399, 0}, {0x1fbc, 0, 0}},
    {0x1fc2, {0x1fca, 0x399, 0}, {0x1fca, 0x345, 0}},
    {0x1fc3, {0x397, 0x399, 0}, {0x1fcc, 0, 0}},
    {0x1fc4, {0x389, 0x399, 0}, {0x389, 0x345, 0}},
    {0x1fc6, {0x397, 0x342, 0}, {0x397, 0x342, 0}},
    {0x1fc7, {0x397, 0x342, 0x399}, {0x397, 0x342, 0x345}},
    {0x1fcc, {0x397, 0x399, 0}, {0x1fcc, 0, 0}},
    {0x1fd2, {0x399, 0x308, 0x300}, {0x399, 0x308, 0x300}},
    {0x1fd3, {0x399, 0x308, 0x301}, {0x399, 0x308, 0x301}},
    {0x1fd6, {0x399, 0x342, 0}, {0x399, 0x342, 0}},
    {0x1fd7, {0x399, 0x308, 0x342}, {0x399, 0x308, 0x342}},
    {0x1fe2, {0x3a5, 0x308, 0x300}, {0x3a5, 0x308, 0x300}},
    {0x1fe3, {0x3a5, 0x308, 0x301}, {0x3a5, 0x308, 0x301}},
    {0x1fe4, {0x3a1, 0x313, 0}, {0x3a1, 0x313, 0}},
    {0x1fe6, {0x3a5, 0x342, 0}, {0x3a5, 0x342, 0}},
    {0x1fe7, {0x3a5, 0x308, 0x342}, {0x3a5, 0x308, 0x342}},
    {0x1ff2, {0x1ffa, 0x399, 0}, {0x1ffa, 0x345, 0}},
    {0x1ff3, {0x3a9, 0x399, 0}, {0x1ffc, 0, 0}},
    {0x1ff4, {0x38f, 0x399, 0}, {0x38f, 0x345, 0}},
    {0x1ff6, {0x3a9, 0x342, 0}, {0x3a9, 0x342, 0}},
    {0x1ff7, {0x3a9, 0x342, 0x399}, {0x3a9, 0x342, 0x345}},
    {0x1ffc, {0x3a9, 0x399, 0}, {0x1ffc, 0, 0}},
    {0xfb00, {0x46, 0x46, 0}, {0x46, 0x66, 0}},
    {0xfb01, {0x46, 0x49, 0}, {0x46, 0x69, 0}},
    {0xfb02, {0x46, 0x4c, 0}, {0x46, 0x6c, 0}},
    {0xfb03, {0x46, 0x46, 0x49}, {0x46, 0x66, 0x69}},
    {0xfb04, {0x46, 0x46, 0x4c}, {0x46, 0x66, 0x6c}},
    {0xfb05, {0x53, 0x54, 0}, {0x53, 0x74, 0}},
    {0xfb06, {0x53, 0x54, 0}, {0x53, 0x74, 0}},
    {0xfb13, {0x544, 0x546, 0}, {0x544, 0x576, 0}},
    {0xfb14, {0x544, 0x535, 0}, {0x544, 0x565, 0}},
    {0xfb15, {0x544, 0x53b, 0}, {0x544, 0x56b, 0}},
    {0xfb16, {0x54e, 0x546, 0}, {0x54e, 0x576, 0}},
    {0xfb17, {0x544, 0x53d, 0}, {0x544, 0x56d, 0}},
    // clang-format on
};

static size_t put(const uint16_t *to, uint32_t out[3]) {
    size_t n = 0;
    while (n < 3 && to[n]) {
        out[n] = to[n];
        n++;
    }
    return n;
}

/* The capital (or title form) of cp as up to three characters. */
static size_t capital(uint32_t cp, bool title, uint32_t out[3]) {
    size_t lo = 0, hi = sizeof special / sizeof *special;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (special[mid].from < cp) lo = mid + 1;
        else hi = mid;
    }
    if (lo < sizeof special / sizeof *special && special[lo].from == cp)
        return put(title ? special[lo].title : special[lo].upper, out);
    out[0] =
        (uint32_t)(title ? utf8proc_totitle((utf8proc_int32_t)cp) : utf8proc_toupper((utf8proc_int32_t)cp));
    return 1;
}

static bool cased(uint32_t cp) {
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return c == UTF8PROC_CATEGORY_LU || c == UTF8PROC_CATEGORY_LL || c == UTF8PROC_CATEGORY_LT;
}

/* Characters that the rule of the final sigma looks through. */
static bool ignorable(uint32_t cp) {
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME || c == UTF8PROC_CATEGORY_CF ||
           c == UTF8PROC_CATEGORY_LM || c == UTF8PROC_CATEGORY_SK || cp == '\'' || cp == '.' || cp == ':' ||
           cp == 0xb7 || cp == 0x2019;
}

static uint32_t char_at(const jin_str *s, size_t i, size_t *len) {
    uint32_t cp = (unsigned char)s->s[i];
    int k = lem_utf8_decode(s->s + i, s->n - i, &cp);
    *len = k > 0 ? (size_t)k : 1;
    return k > 0 ? cp : 0xfffd;
}

/* Is the capital sigma at i the last letter of a word of s[lo..]? */
static bool final_sigma(const jin_str *s, size_t lo, size_t i) {
    size_t p = i, k;
    bool before = false;
    while (p > lo) {
        do p--;
        while (p > lo && ((unsigned char)s->s[p] & 0xc0) == 0x80);
        uint32_t cp = char_at(s, p, &k);
        if (ignorable(cp)) continue;
        before = cased(cp);
        break;
    }
    for (p = i + 2; before && p < s->n; p += k) {
        uint32_t cp = char_at(s, p, &k);
        if (!ignorable(cp)) return !cased(cp);
    }
    return before;
}

static size_t small(const jin_str *s, size_t lo, size_t i, uint32_t cp, uint32_t out[3]) {
    if (cp == 0x130) { /* I with a dot above */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    out[0] = cp == 0x3a3 && final_sigma(s, lo, i) ? 0x3c2 : (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
    return 1;
}

/* Where the filter title begins a word: after ( [ { < - and white space. */
static bool word_break(const jin_str *s, size_t i, uint32_t cp) {
    return cp == '-' || cp == '(' || cp == '{' || cp == '[' || cp == '<' ||
           lem_jin_space(s->s + i, s->n - i) > 0;
}

/* Letters and what Unicode counts as cased beside them: after these a title goes on in small letters. */
static bool cased_or_like(uint32_t cp) {
    return cased(cp) || cp == 0x345 || (cp >= 0x2160 && cp <= 0x217f) || (cp >= 0x24b6 && cp <= 0x24e9) ||
           cp == 0xaa || cp == 0xba;
}

/* Whether cp becomes a capital; start: it begins the text or a word. */
static bool wants_capital(int how, uint32_t cp, bool start) {
    switch (how) {
    case JIN_UPPER: return true;
    case JIN_LOWER: return false;
    case JIN_SWAPCASE: return utf8proc_category((utf8proc_int32_t)cp) == UTF8PROC_CATEGORY_LL;
    default: return start;
    }
}

/* Whether the character after cp, which is at i, begins a word. */
static bool starts_next(int how, const jin_str *s, size_t i, uint32_t cp) {
    if (how == JIN_TITLE) return !cased_or_like(cp);
    return how == JIN_FILTER_TITLE && word_break(s, i, cp);
}

static lem_status add_chars(jin *m, jin_sb *b, const uint32_t *cps, size_t n, uint8_t mark) {
    lem_status st = LEM_OK;
    for (size_t i = 0; i < n && st == LEM_OK; i++) {
        char text[4];
        int len = lem_utf8_encode(cps[i], text);
        st = lem_jin_sb_add(m, b, text, (size_t)len, mark);
    }
    return st;
}

lem_status lem_jin_case(jin *m, const jin_str *s, int how, jin_val *out) {
    jin_sb b = {0};
    bool start = true; /* of the text, or of a word */
    size_t lo = 0;     /* the filter title lowers the rest of a word by itself */
    lem_status st = LEM_OK;
    for (size_t i = 0, k; i < s->n; i += k) {
        uint32_t cp = char_at(s, i, &k), to[3] = {0};
        if (cp == 0xfffd) { /* also a byte that is not UTF-8 */
            LEM_TRY(lem_jin_sb_part(m, &b, s, i, i + k));
            start = how == JIN_TITLE;
            continue;
        }
        bool title = how == JIN_CAPITALIZE || how == JIN_TITLE;
        size_t n = wants_capital(how, cp, start) ? capital(cp, title, to) : small(s, lo, i, cp, to);
        LEM_TRY(add_chars(m, &b, to, n, lem_jin_mark_at(s, i)));
        if (how == JIN_FILTER_TITLE && start) lo = i + k;
        start = starts_next(how, s, i, cp);
    }
    LEM_TRY(lem_jin_sb_take(m, &b, out));
done:
    return st;
}
