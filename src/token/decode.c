/* decode.c - what each token decodes to, worked out once when a tokenizer is opened, and decoding
 *
 * The decoders of a tokenizer.json work token by token, but for one that strips spaces off the start of the
 * whole text. */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <string.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0xNN of "<0xNN>", else -1. */
static int fallback_byte(const char *s, size_t n) {
    if (n != 6 || memcmp(s, "<0x", 3) != 0 || s[5] != '>') return -1;
    int hi = hex_digit(s[3]), lo = hex_digit(s[4]);
    return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

static void replace_all(const tok_dec *d, const char *s, size_t n, lem_buf *out) {
    const char *end = s + n;
    for (const char *p; d->a.len && (p = memmem(s, (size_t)(end - s), d->a.data, d->a.len));
         s = p + d->a.len) {
        lem_buf_add(out, s, (size_t)(p - s));
        lem_buf_add(out, lem_buf_str(&d->b), d->b.len);
    }
    lem_buf_add(out, s, (size_t)(end - s));
}

static lem_status prepare_token(lem_tokenizer *t, tok_entry *e, lem_buf *a, lem_buf *b, lem_err *err) {
    lem_buf_clear(a);
    lem_buf_add(a, lem_buf_str(&t->vocab.blob) + e->off, e->len);
    for (size_t i = 0; i < t->n_decs; i++) {
        int byte = t->decs[i].kind == TOK_DEC_BYTE_FALLBACK ? fallback_byte(lem_buf_str(a), a->len) : -1;
        lem_buf_clear(b);
        if (byte >= 0) lem_buf_putc(b, (char)byte);
        else if (t->decs[i].kind == TOK_DEC_REPLACE) replace_all(&t->decs[i], lem_buf_str(a), a->len, b);
        else continue;
        lem_buf swap = *a;
        *a = *b;
        *b = swap;
    }
    lem_status st = lem_buf_ok(a, err);
    if (st == LEM_OK) st = lem_buf_ok(b, err);
    if (st != LEM_OK) return st;
    if (a->len == e->len && (!a->len || memcmp(a->data, t->vocab.blob.data + e->off, a->len) == 0))
        return LEM_OK;
    if (a->len > UINT32_MAX - t->vocab.blob.len)
        return lem_fail(err, LEM_EDATA, "the decoded tokens take more than 4 GiB");
    e->out_off = (uint32_t)t->vocab.blob.len;
    e->out_len = (uint32_t)a->len;
    lem_buf_add(&t->vocab.blob, lem_buf_str(a), a->len);
    return lem_buf_ok(&t->vocab.blob, err);
}

lem_status lem_decode_prepare(lem_tokenizer *t, lem_err *err) {
    lem_buf a = {0}, b = {0};
    lem_status st = LEM_OK;
    for (int32_t id = 0; id < t->vocab.n && t->n_decs; id++) {
        tok_entry *e = &t->vocab.entry[id];
        if ((e->flags & (TOK_USED | TOK_ADDED)) == TOK_USED) LEM_TRY(prepare_token(t, e, &a, &b, err));
    }
done:
    lem_buf_release(&a);
    lem_buf_release(&b);
    return st;
}

lem_status lem_tokenizer_decode(const lem_tokenizer *t, const int32_t *ids, size_t n, bool skip_special,
                                lem_buf *out, lem_err *err) {
    size_t before = out->len, strip = t->strip_start;
    for (size_t i = 0; i < n; i++) {
        size_t len = 0;
        const char *s = lem_tokenizer_token_bytes(t, ids[i], &len);
        if (!s) {
            out->len = before;
            if (out->data) out->data[before] = '\0';
            return lem_fail(err, LEM_EDATA, "id %d is no token (the vocabulary has %d)", (int)ids[i],
                            (int)t->vocab.n);
        }
        if (skip_special && (t->vocab.entry[ids[i]].flags & TOK_SPECIAL)) continue;
        for (; strip && len && *s == ' '; strip--, s++) len--;
        if (len) strip = 0;
        lem_buf_add(out, s, len);
    }
    return lem_buf_ok(out, err);
}
