/* lex_text.c - white space as Python's str.isspace has it, and the escapes of Python's string literals */
#include "core/utf8.h"
#include "token/jinja/jinja_priv.h"

#include <stdio.h>
#include <string.h>

static bool space_char(uint32_t c) {
    return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

size_t lem_jin_space(const char *s, size_t n) {
    uint32_t cp = 0;
    if (n == 0) return 0;
    int k = lem_utf8_decode(s, n, &cp);
    return k > 0 && space_char(cp) ? (size_t)k : 0;
}

size_t lem_jin_space_before(const char *s, size_t n) {
    for (size_t k = 1; k <= 3 && k <= n; k++)
        if (lem_jin_space(s + n - k, k) == k) return k;
    return 0;
}

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static size_t put_char(uint32_t cp, char *out) {
    int k = lem_utf8_encode(cp, out);
    return k > 0 ? (size_t)k : SIZE_MAX;
}

/* \xNN, \uNNNN, \UNNNNNNNN with s at the first digit. */
static size_t hex_char(const char *s, size_t n, size_t digits, char *out) {
    uint32_t cp = 0;
    if (n < digits) return SIZE_MAX;
    for (size_t i = 0; i < digits; i++) {
        int d = hex(s[i]);
        if (d < 0) return SIZE_MAX;
        cp = cp << 4 | (uint32_t)d;
    }
    return put_char(cp, out);
}

/* jinja2 writes other characters than ASCII as escapes before it reads escapes: a backslash in front of one
 * makes that text visible. */
static size_t visible_escape(const char *s, size_t n, size_t *used, char *out) {
    uint32_t cp = 0;
    int k = lem_utf8_decode(s, n, &cp);
    if (k <= 0) return SIZE_MAX;
    *used = (size_t)k;
    int len = snprintf(out, 12, cp < 0x100 ? "\\x%02x" : cp < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)cp);
    return (size_t)len;
}

/* One escape; s is after the backslash, n >= 1. Sets how much of s it took; returns the bytes written,
 * SIZE_MAX if it cannot be read. */
static size_t escape(const char *s, size_t n, size_t *used, char *out) {
    static const char from[] = "nrtabfv\\'\"", to[] = "\n\r\t\a\b\f\v\\'\"";
    const char *p = *s ? strchr(from, *s) : NULL;
    *used = 1;
    if (p) {
        *out = to[p - from];
        return 1;
    }
    if (*s == '\n') return 0;
    if (*s == 'x' || *s == 'u' || *s == 'U') {
        size_t digits = *s == 'x' ? 2 : *s == 'u' ? 4 : 8;
        *used = 1 + digits;
        return hex_char(s + 1, n - 1, digits, out);
    }
    if (*s == 'N') return SIZE_MAX;
    if (*s >= '0' && *s <= '7') {
        uint32_t cp = 0;
        size_t i = 0;
        for (; i < 3 && i < n && s[i] >= '0' && s[i] <= '7'; i++) cp = cp << 3 | (uint32_t)(s[i] - '0');
        *used = i;
        return put_char(cp, out);
    }
    if ((unsigned char)*s >= 0x80) return visible_escape(s, n, used, out);
    out[0] = '\\';
    out[1] = *s;
    return 2;
}

void lem_jin_unescape(const char *s, size_t n, char *out, size_t *len) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '\\' || i + 1 == n) {
            out[k++] = s[i];
            continue;
        }
        size_t used = 0, wrote = escape(s + i + 1, n - i - 1, &used, out + k);
        if (wrote == SIZE_MAX) {
            *len = SIZE_MAX;
            return;
        }
        k += wrote;
        i += used;
    }
    *len = k;
}
