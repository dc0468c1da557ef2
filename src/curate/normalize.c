/* normalize.c - NFKC, case folding, words alone */
#include "curate/normalize.h"

#include "core/utf8.h"

#include <utf8proc.h>

#include <stdlib.h>

/* Adds a word's character, or remembers a gap. */
typedef struct joiner {
    lem_buf *out;
    size_t start;
    bool gap;
} joiner;

static void put(joiner *j, uint32_t cp) {
    char b[4];
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    bool word = (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) ||
                (c >= UTF8PROC_CATEGORY_MN && c <= UTF8PROC_CATEGORY_NO);
    if (!word) {
        j->gap = true;
        return;
    }
    if (j->gap && j->out->len > j->start) lem_buf_putc(j->out, ' ');
    j->gap = false;
    lem_buf_add(j->out, b, (size_t)lem_utf8_encode(cp, b));
}

static void put_ascii(joiner *j, char c) {
    bool upper = c >= 'A' && c <= 'Z';
    if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
        j->gap = true;
        return;
    }
    if (j->gap && j->out->len > j->start) lem_buf_putc(j->out, ' ');
    j->gap = false;
    lem_buf_putc(j->out, (char)(upper ? c + 32 : c));
}

/* A run with a code point beyond ASCII, whole, so that marks compose with what they stand on. */
static lem_status put_run(joiner *j, const char *s, size_t n, lem_err *err) {
    utf8proc_uint8_t *folded = NULL;
    const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
    utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &folded, how);
    if (len < 0) return lem_fail(err, LEM_EMEM, "out of memory");
    for (utf8proc_ssize_t i = 0; i < len;) {
        uint32_t cp = 0;
        int k = lem_utf8_decode((const char *)folded + i, (size_t)(len - i), &cp);
        if (k <= 0) break;
        put(j, cp);
        i += k;
    }
    free(folded);
    return LEM_OK;
}

/* The end of the run of valid UTF-8 at s[i] that begins with an ASCII letter or a code point beyond ASCII. */
static size_t run_end(const char *s, size_t n, size_t i) {
    uint32_t cp;
    while (i < n && (s[i] & 0x80)) {
        int k = lem_utf8_decode(s + i, n - i, &cp);
        if (k == 0) break;
        i += (size_t)k;
    }
    return i;
}

lem_status lem_normalize(const char *s, size_t n, lem_buf *out, lem_err *err) {
    joiner j = {out, out->len, false};
    for (size_t i = 0; i < n;) {
        bool next_wide = i + 1 < n && (s[i + 1] & 0x80);
        if (!(s[i] & 0x80) && !next_wide) {
            put_ascii(&j, s[i++]);
            continue;
        }
        size_t end = run_end(s, n, i + !(s[i] & 0x80));
        if (end == i || (end == i + 1 && !(s[i] & 0x80))) { /* a bad byte here or next */
            if (s[i] & 0x80) j.gap = true;
            else put_ascii(&j, s[i]);
            i++;
            continue;
        }
        lem_status st = put_run(&j, s + i, end - i, err);
        if (st) return st;
        i = end;
    }
    return lem_buf_ok(out, err);
}
