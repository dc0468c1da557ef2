/* dedup_text.c - the text that rows are compared by, and which row of a cluster comes first */
#include "curate/dedup_priv.h"

#include "core/utf8.h"
#include "curate/normalize.h"

#include <utf8proc.h>

#include <string.h>

/* The end of the run of ASCII at i, appended in lower case. */
static size_t lower_run(const char *s, size_t n, size_t i, lem_buf *out) {
    size_t end = i;
    while (end < n && !(s[end] & 0x80)) end++;
    if (!lem_buf_reserve(out, end - i)) return n;
    for (char *to = out->data + out->len; i < end; i++)
        *to++ = (char)(s[i] + (s[i] >= 'A' && s[i] <= 'Z' ? 32 : 0)), out->len++;
    out->data[out->len] = '\0';
    return end;
}

static void add_lower(const char *s, size_t n, lem_buf *out) {
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        char b[4];
        i = lower_run(s, n, i, out);
        if (i == n) return;
        int k = lem_utf8_decode(s + i, n - i, &cp);
        if (k == 0) lem_buf_putc(out, s[i++]);
        else lem_buf_add(out, b, (size_t)lem_utf8_encode((uint32_t)utf8proc_tolower((int32_t)cp), b));
        i += (size_t)k;
    }
}

/* The normaliser of decontamination as published programs have it: [^a-z0-9] is a space, no two in a row. */
static void add_ascii(const char *s, size_t n, lem_buf *out) {
    size_t start = out->len;
    bool gap = false;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (word && gap && out->len > start) lem_buf_putc(out, ' ');
        if (word) lem_buf_putc(out, c);
        gap = !word;
    }
}

static lem_status add_part(lem_dedup_rule rule, const char *s, size_t n, lem_buf *out, lem_err *err) {
    if (rule == LEM_DEDUP_EXACT) lem_buf_add(out, s, n);
    else if (rule == LEM_DEDUP_LOWER) add_lower(s, n, out);
    else if (rule == LEM_DEDUP_ASCII) add_ascii(s, n, out);
    else return lem_normalize(s, n, out, err);
    return lem_buf_ok(out, err);
}

/* Of two parts the first one's length goes before them, so that "ab", "c" is not "a", "bc"; words have a line
 * end between the parts instead, which no word holds. */
lem_status lem_dedup_text(lem_dedup_rule rule, const lem_dedup_row *row, lem_buf *out, lem_err *err) {
    bool words = rule != LEM_DEDUP_EXACT && rule != LEM_DEDUP_LOWER;
    size_t start = out->len, head = 0, text = 0;
    if (row->parts == 2 && !words) {
        uint64_t n = row->len[0];
        head = sizeof n;
        lem_buf_add(out, &n, head);
    }
    for (int i = 0; i < row->parts; i++) {
        if (i && words) lem_buf_putc(out, '\n'), head++;
        size_t before = out->len;
        lem_status st = add_part(rule, row->part[i], row->len[i], out, err);
        if (st) return st;
        text += out->len - before;
    }
    lem_status st = lem_buf_ok(out, err);
    if (st == LEM_OK && text == 0 && out->data) out->len = start;
    return st;
}

uint64_t lem_dedup_rank(lem_dedup_keep keep, uint64_t row, uint64_t size) {
    switch (keep) {
    case LEM_DEDUP_LAST: return ~row;
    case LEM_DEDUP_LONGEST: return ~size;
    case LEM_DEDUP_SHORTEST: return size;
    default: return 0;
    }
}
