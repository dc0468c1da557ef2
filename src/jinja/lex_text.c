/* lex_text.c - white space as Python's str.isspace has it, and the escapes of Python's string literals */
#include "core/utf8.h"
#include "jinja/jinja_priv.h"

#include <stdio.h>
#include <string.h>

static bool space_char(uint32_t c) {
    static const struct {
        uint32_t from, to;
    } range[] = {{9, 13},          {28, 32},         {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
                 {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
    enum { N = sizeof range / sizeof *range };
    size_t i = 0;
    while (i < N && c > range[i].to) i++;
    return i < N && c >= range[i].from;
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
    if (c >= '0' && c <= '9') return c - '0';
    return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

void lem_jin_hex_escape(uint32_t cp, char out[12]) {
    char letter = 'U';
    int digits = 8;
    if (cp < 0x10000) {
        letter = 'u';
        digits = 4;
    }
    if (cp < 0x100) {
        letter = 'x';
        digits = 2;
    }
    snprintf(out, 12, "\\%c%0*x", letter, digits, (unsigned)cp);
}

static size_t put_char(uint32_t cp, char *out) {
    int k = lem_utf8_encode(cp, out);
    return k > 0 ? (size_t)k : SIZE_MAX;
}

/* xNN, uNNNN, UNNNNNNNN */
static size_t hex_char(const char *s, size_t n, size_t *used, char *out) {
    uint32_t cp = 0;
    size_t digits = 2;
    if (*s == 'u') digits = 4;
    if (*s == 'U') digits = 8;
    *used = 1 + digits;
    if (n < *used) return SIZE_MAX;
    for (size_t i = 1; i <= digits; i++) {
        int d = hex(s[i]);
        if (d < 0) return SIZE_MAX;
        cp = cp << 4 | (uint32_t)d;
    }
    return put_char(cp, out);
}

/* Up to three octal digits. */
static size_t octal_char(const char *s, size_t n, size_t *used, char *out) {
    uint32_t cp = 0;
    size_t i = 0;
    for (; i < 3 && i < n && s[i] >= '0' && s[i] <= '7'; i++) cp = cp << 3 | (uint32_t)(s[i] - '0');
    *used = i;
    return put_char(cp, out);
}

/* jinja2 writes other characters than ASCII as escapes before it reads escapes: a backslash in front of one
 * makes that text visible. */
static size_t visible_escape(const char *s, size_t n, size_t *used, char *out) {
    uint32_t cp = 0;
    int k = lem_utf8_decode(s, n, &cp);
    if (k <= 0) return SIZE_MAX;
    *used = (size_t)k;
    lem_jin_hex_escape(cp, out);
    return strlen(out);
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
    switch (*s) {
    case '\n': return 0;
    case 'x':
    case 'u':
    case 'U': return hex_char(s, n, used, out);
    case 'N': return SIZE_MAX;
    default: break;
    }
    if (*s >= '0' && *s <= '7') return octal_char(s, n, used, out);
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
