/* bytes.c - the printable alphabet in which byte-level vocabularies are written (GPT-2, Radford et al. 2019)
 *
 * Bytes that are printable in Latin-1 stand for themselves; the 68 others, in order, for U+0100 and on. */
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

static bool plain(unsigned b) { return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174; }

/* How many bytes below b are not plain. */
static unsigned moved_before(unsigned b) {
    if (b <= 33) return b;
    if (b <= 127) return 33;
    if (b <= 161) return 33 + (b - 127);
    return b <= 173 ? 67 : 68;
}

static uint32_t byte_to_char(unsigned byte) { return plain(byte) ? byte : 256 + moved_before(byte); }

/* -1 if cp is no character of the alphabet. */
static int char_to_byte(uint32_t cp) {
    if (cp < 256) return plain(cp) ? (int)cp : -1;
    uint32_t i = cp - 256;
    if (i < 33) return (int)i;
    if (i < 67) return (int)(127 + (i - 33));
    return i == 67 ? 173 : -1;
}

bool lem_bytes_from_text(const char *s, size_t n, lem_buf *out) {
    size_t before = out->len;
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        int len = lem_utf8_decode(s + i, n - i, &cp);
        int b = len > 0 ? char_to_byte(cp) : -1;
        if (b < 0) {
            out->len = before;
            if (out->data) out->data[before] = '\0';
            return false;
        }
        lem_buf_putc(out, (char)b);
        i += (size_t)len;
    }
    return true;
}

void lem_bytes_to_text(const char *s, size_t n, lem_buf *out) {
    for (size_t i = 0; i < n; i++) {
        char c[4];
        int len = lem_utf8_encode(byte_to_char((unsigned char)s[i]), c);
        lem_buf_add(out, c, (size_t)len);
    }
}
