/* utf8 - strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF */
#include "core/utf8.h"

#include <string.h>

int lem_utf8_decode(const char *s, size_t n, uint32_t *cp) {
    const unsigned char *u = (const unsigned char *)s;
    unsigned char c = u[0];
    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    int len;
    uint32_t v, least;
    if (c >= 0xC2 && c <= 0xDF) {
        len = 2, v = c & 0x1Fu, least = 0x80;
    } else if ((c & 0xF0u) == 0xE0u) {
        len = 3, v = c & 0x0Fu, least = 0x800;
    } else if (c >= 0xF0 && c <= 0xF4) {
        len = 4, v = c & 0x07u, least = 0x10000;
    } else {
        return 0;
    }
    if (n < (size_t)len) return 0;
    for (int i = 1; i < len; i++) {
        if ((u[i] & 0xC0u) != 0x80u) return 0;
        v = v << 6 | (u[i] & 0x3Fu);
    }
    if (v < least || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF)) return 0;
    *cp = v;
    return len;
}

bool lem_utf8_valid(const char *s, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint64_t word;
        if (n - i >= sizeof word) {
            memcpy(&word, s + i, sizeof word);
            if (!(word & UINT64_C(0x8080808080808080))) {
                i += sizeof word;
                continue;
            }
        }
        uint32_t cp;
        int len = lem_utf8_decode(s + i, n - i, &cp);
        if (len == 0) return false;
        i += (size_t)len;
    }
    return true;
}

int lem_utf8_encode(uint32_t cp, char out[4]) {
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0u | cp >> 6);
        out[1] = (char)(0x80u | (cp & 0x3Fu));
        return 2;
    }
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) return 0;
    if (cp < 0x10000) {
        out[0] = (char)(0xE0u | cp >> 12);
        out[1] = (char)(0x80u | (cp >> 6 & 0x3Fu));
        out[2] = (char)(0x80u | (cp & 0x3Fu));
        return 3;
    }
    out[0] = (char)(0xF0u | cp >> 18);
    out[1] = (char)(0x80u | (cp >> 12 & 0x3Fu));
    out[2] = (char)(0x80u | (cp >> 6 & 0x3Fu));
    out[3] = (char)(0x80u | (cp & 0x3Fu));
    return 4;
}

/* Bytes at u, where no character begins, that one U+FFFD stands for: the longest beginning of a character
 * that they are, else one byte (Unicode 3.9, "substitution of maximal subparts"; Python and the tokenizers
 * package do so). */
static size_t bad_length(const unsigned char *u, size_t n) {
    unsigned char lo = 0x80, hi = 0xBF;
    size_t need = 0, i = 1;
    if (u[0] >= 0xC2 && u[0] <= 0xDF) need = 2;
    else if (u[0] >= 0xE0 && u[0] <= 0xEF) need = 3;
    else if (u[0] >= 0xF0 && u[0] <= 0xF4) need = 4;
    if (u[0] == 0xE0) lo = 0xA0;
    if (u[0] == 0xED) hi = 0x9F;
    if (u[0] == 0xF0) lo = 0x90;
    if (u[0] == 0xF4) hi = 0x8F;
    for (; i < need && i < n && u[i] >= lo && u[i] <= hi; i++) lo = 0x80, hi = 0xBF;
    return i;
}

void lem_utf8_mend(const char *s, size_t n, lem_buf *out) {
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int len = lem_utf8_decode(s + i, n - i, &cp);
        if (len) lem_buf_add(out, s + i, (size_t)len);
        else lem_buf_puts(out, "\xEF\xBF\xBD");
        i += len ? (size_t)len : bad_length((const unsigned char *)s + i, n - i);
    }
}
