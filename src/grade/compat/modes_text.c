/* modes_text.c - texts of the compatibility modes: search, cut, replace */
#include "grade/compat/modes_text_priv.h"

mode_text lem_mode_text(const char *s, size_t n) { return (mode_text){s ? s : "", s ? n : 0}; }

mode_text lem_mode_text_cut(mode_text t, size_t from, size_t to) {
    if (to > t.n) to = t.n;
    if (from > to) from = to;
    return (mode_text){t.s + from, to - from};
}

bool lem_mode_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); }
bool lem_mode_is_digit(char c) { return c >= '0' && c <= '9'; }
bool lem_mode_is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Bytes of the white space at i, Unicode's included; 0 when there is none. */
static size_t space_at(mode_text t, size_t i) {
    static const char *const wide[] = {"\u00a0", "\xc2\x85", "\u3000", "\u1680", "\u2000", "\u2001", "\u2002",
                                       "\u2003", "\u2004",   "\u2005", "\u2006", "\u2007", "\u2008", "\u2009",
                                       "\u200a", "\u2028",   "\u2029", "\u202f", "\u205f"};
    if (i < t.n && lem_mode_is_space(t.s[i])) return 1;
    for (size_t k = 0; i < t.n && (t.s[i] & 0x80) && k < sizeof wide / sizeof *wide; k++)
        if (lem_mode_text_at(t, i, wide[k])) return strlen(wide[k]);
    return 0;
}

mode_text lem_mode_text_strip(mode_text t) {
    for (size_t n = space_at(t, 0); n; n = space_at(t, 0)) t.s += n, t.n -= n;
    while (t.n) {
        size_t k = t.n - 1;
        while (k && ((unsigned char)t.s[k] & 0xc0) == 0x80) k--;
        if (k + space_at(t, k) != t.n) break;
        t.n = k;
    }
    return t;
}

bool lem_mode_text_equal(mode_text a, mode_text b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}
bool lem_mode_text_is(mode_text t, const char *s) {
    return lem_mode_text_equal(t, (mode_text){s, strlen(s)});
}

bool lem_mode_text_at(mode_text t, size_t i, const char *s) {
    size_t n = strlen(s);
    return i <= t.n && n <= t.n - i && memcmp(t.s + i, s, n) == 0;
}

ptrdiff_t lem_mode_text_find(mode_text t, size_t from, const char *s) {
    size_t n = strlen(s);
    while (n && from < t.n && n <= t.n - from) {
        const char *p = memchr(t.s + from, s[0], t.n - from - n + 1);
        if (!p) return MODE_NONE;
        from = (size_t)(p - t.s);
        if (memcmp(p, s, n) == 0) return (ptrdiff_t)from;
        from++;
    }
    return MODE_NONE;
}

ptrdiff_t lem_mode_text_rfind(mode_text t, const char *s) {
    size_t n = strlen(s);
    for (size_t i = t.n + 1 > n ? t.n + 1 - n : 0; i-- > 0;)
        if (memcmp(t.s + i, s, n) == 0) return (ptrdiff_t)i;
    return MODE_NONE;
}

size_t lem_mode_text_count(mode_text t, const char *s) {
    size_t k = 0;
    for (ptrdiff_t i = lem_mode_text_find(t, 0, s); i >= 0;
         i = lem_mode_text_find(t, (size_t)i + strlen(s), s))
        k++;
    return k;
}

size_t lem_mode_text_char(mode_text t, size_t i) {
    if (i >= t.n) return 0;
    size_t k = 1;
    while (k < 4 && i + k < t.n && ((unsigned char)t.s[i + k] & 0xc0) == 0x80)
        k++; /* bytes that are no UTF-8 too */
    return k;
}

size_t lem_mode_text_chars(mode_text t, size_t most) {
    size_t k = 0;
    for (size_t i = 0; i < t.n && k < most; i += lem_mode_text_char(t, i)) k++;
    return k;
}

mode_text lem_mode_text_of(lem_work *w, const lem_buf *b) {
    char *s = b->failed ? NULL : lem_work_strndup(w, lem_buf_str(b), b->len);
    if (!s) {
        w->limit = true;
        return (mode_text){"", 0};
    }
    return (mode_text){s, b->len};
}

mode_text lem_mode_text_own(lem_work *w, lem_buf *b) {
    mode_text t = lem_mode_text_of(w, b);
    lem_buf_release(b);
    return t;
}

mode_text lem_mode_text_replace(lem_work *w, mode_text t, const char *from, const char *to) {
    size_t hits = lem_mode_text_count(t, from), a = strlen(from), b = strlen(to);
    if (!lem_work_spend(w, (int64_t)t.n / 16 + 1) || !hits) return t;
    char *s = lem_work_alloc(w, t.n + hits * b - hits * a + 1, 1);
    if (!s) return t;
    size_t k = 0, i = 0;
    for (ptrdiff_t at = lem_mode_text_find(t, 0, from); at >= 0; at = lem_mode_text_find(t, i, from)) {
        memcpy(s + k, t.s + i, (size_t)at - i);
        k += (size_t)at - i;
        memcpy(s + k, to, b);
        k += b;
        i = (size_t)at + a;
    }
    memcpy(s + k, t.s + i, t.n - i);
    return (mode_text){s, k + t.n - i};
}

bool lem_mode_last_box(mode_text t, mode_text *out) {
    ptrdiff_t at = lem_mode_text_rfind(t, "\\boxed");
    if (at < 0 || !lem_mode_text_at(t, (size_t)at, "\\boxed{"))
        return false; /* \fbox is found by the original, then refused */
    size_t depth = 0, from = (size_t)at + 7;
    for (size_t i = from - 1; i < t.n; i++) {
        if (t.s[i] == '{') depth++;
        else if (t.s[i] == '}' && --depth == 0) {
            *out = lem_mode_text_cut(t, from, i);
            return true;
        }
    }
    return false;
}
