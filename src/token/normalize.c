/* normalize.c - Unicode normalization before pre-tokenization
 *
 * utf8proc decomposes and composes; the canonical ordering between the two is ours, because utf8proc's takes
 * quadratic time on a long run of combining marks. Text is cut where normalization cannot reach across, so
 * that only the parts that need it are touched. Bytes that are no UTF-8 are copied as they are. Unicode
 * Standard Annex #15. */
#include "core/mem.h"
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

#include <string.h>
#include <utf8proc.h>

typedef struct cps {
    utf8proc_int32_t *data;
    size_t len, cap;
} cps;

/* Characters that are their own NFC, of combining class 0, and never compose with what is before them
 * (checked against Unicode data in the tests). Not complete: the frequent ones. */
static bool stable(uint32_t cp) {
    return cp < 0x300 || (cp >= 0x400 && cp <= 0x482) || (cp >= 0x48a && cp <= 0x52f) ||
           (cp >= 0x2010 && cp <= 0x2027) || (cp >= 0x2190 && cp <= 0x22ff) ||
           (cp >= 0x3001 && cp <= 0x3029) || (cp >= 0x3400 && cp <= 0x4dbf) ||
           (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0xff01 && cp <= 0xff5e);
}

static lem_status grow_cps(cps *c, size_t need, lem_err *err) {
    if (need <= c->cap) return LEM_OK;
    size_t cap = c->cap ? c->cap : 64;
    while (cap < need) cap *= 2;
    utf8proc_int32_t *p = lem_realloc(c->data, cap, sizeof *p, err);
    if (!p) return LEM_EMEM;
    c->data = p;
    c->cap = cap;
    return LEM_OK;
}

static int combining(utf8proc_int32_t cp) { return utf8proc_get_property(cp)->combining_class; }

/* Stable sort of c[0..n) by combining class: by insertion where short, else by counting into tmp. */
static void order_marks(utf8proc_int32_t *c, size_t n, utf8proc_int32_t *tmp) {
    if (n <= 16) {
        for (size_t i = 1; i < n; i++) {
            utf8proc_int32_t x = c[i];
            size_t k = i;
            for (; k > 0 && combining(c[k - 1]) > combining(x); k--) c[k] = c[k - 1];
            c[k] = x;
        }
        return;
    }
    size_t at[257] = {0};
    for (size_t i = 0; i < n; i++) at[combining(c[i]) + 1]++;
    for (int k = 0; k < 256; k++) at[k + 1] += at[k];
    for (size_t i = 0; i < n; i++) tmp[at[combining(c[i])]++] = c[i];
    memcpy(c, tmp, n * sizeof *c);
}

static lem_status order_all(cps *c, cps *tmp, lem_err *err) {
    for (size_t i = 0; i < c->len;) {
        if (!combining(c->data[i])) {
            i++;
            continue;
        }
        size_t end = i + 1;
        while (end < c->len && combining(c->data[end])) end++;
        lem_status st = grow_cps(tmp, end - i, err);
        if (st != LEM_OK) return st;
        order_marks(c->data + i, end - i, tmp->data);
        i = end;
    }
    return LEM_OK;
}

/* Decomposes one span of valid UTF-8, orders it, and composes it again if asked to. */
static lem_status compose_span(const char *s, size_t n, utf8proc_option_t options, cps *c, cps *tmp,
                               lem_buf *out, lem_err *err) {
    c->len = 0;
    int boundary = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        i += (size_t)lem_utf8_decode(s + i, n - i, &cp);
        lem_status st = grow_cps(c, c->len + 32, err);
        if (st != LEM_OK) return st;
        utf8proc_ssize_t k = utf8proc_decompose_char((utf8proc_int32_t)cp, c->data + c->len,
                                                     (utf8proc_ssize_t)(c->cap - c->len), options, &boundary);
        if (k < 0 || (size_t)k > c->cap - c->len)
            return lem_fail(err, LEM_EDATA, "U+%04X cannot be decomposed", (unsigned)cp);
        c->len += (size_t)k;
    }
    lem_status st = order_all(c, tmp, err);
    if (st != LEM_OK) return st;
    utf8proc_ssize_t len = (utf8proc_ssize_t)c->len;
    if (options & UTF8PROC_COMPOSE) len = utf8proc_normalize_utf32(c->data, len, options);
    if (len < 0) return lem_fail(err, LEM_EDATA, "text cannot be normalized: %s", utf8proc_errmsg(len));
    for (utf8proc_ssize_t i = 0; i < len; i++) {
        char b[4];
        lem_buf_add(out, b, (size_t)lem_utf8_encode((uint32_t)c->data[i], b));
    }
    return LEM_OK;
}

/* A span is a stable character and the unstable ones after it; a span without unstable ones is copied. */
static lem_status unicode_form(tok_norm_kind form, const char *s, size_t n, lem_buf *out, bool *same,
                               lem_err *err) {
    utf8proc_option_t options = UTF8PROC_STABLE;
    options |= form == TOK_NORM_NFC || form == TOK_NORM_NFKC ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
    if (form == TOK_NORM_NFKC || form == TOK_NORM_NFKD) options |= UTF8PROC_COMPAT;
    cps c = {0}, tmp = {0};
    lem_status st = LEM_OK;
    size_t copied = 0, start = 0; /* s[0..copied) is in out; the current span begins at start */
    bool work = false;
    *same = true;
    for (size_t i = 0; i <= n;) {
        uint32_t cp = 0;
        int k = 1;
        bool edge = true; /* a span ends before s[i] */
        if (i < n && (unsigned char)s[i] >= 0x80) {
            k = lem_utf8_decode(s + i, n - i, &cp);
            edge = k <= 0 || (form == TOK_NORM_NFC && stable(cp));
        }
        if (!edge) work = true;
        if (edge && work) {
            lem_buf_add(out, s + copied, start - copied);
            *same = false;
            LEM_TRY(compose_span(s + start, i - start, options, &c, &tmp, out, err));
            copied = i;
            work = false;
        }
        if (edge) start = k > 0 ? i : i + 1; /* an invalid byte belongs to no span */
        i += k > 0 ? (size_t)k : 1;
    }
    if (!*same) lem_buf_add(out, s + copied, n - copied);
    st = lem_buf_ok(out, err);
done:
    lem_free(c.data);
    lem_free(tmp.data);
    return st;
}

/* ---- the other steps; each appends to out, or sets *same */

static lem_status lowercase(const char *s, size_t n, lem_buf *out, bool *same, lem_err *err) {
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        int k = lem_utf8_decode(s + i, n - i, &cp);
        char b[4];
        if (k <= 0) lem_buf_putc(out, s[i]);
        else if (cp == 0x130)
            lem_buf_puts(out, "i\xcc\x87"); /* the one letter whose lower case is two characters */
        else
            lem_buf_add(out, b, (size_t)lem_utf8_encode((uint32_t)utf8proc_tolower((utf8proc_int32_t)cp), b));
        i += k > 0 ? (size_t)k : 1;
    }
    *same = out->len == n && (n == 0 || memcmp(out->data, s, n) == 0);
    return lem_buf_ok(out, err);
}

static lem_status replace(const tok_norm *step, const char *s, size_t n, lem_buf *out, bool *same,
                          lem_err *err) {
    const char *end = s + n;
    size_t len = step->a.len;
    *same = true;
    for (const char *p; len && (p = memmem(s, (size_t)(end - s), step->a.data, len));) {
        lem_buf_add(out, s, (size_t)(p - s));
        lem_buf_add(out, lem_buf_str(&step->b), step->b.len);
        s = p + len;
        *same = false;
    }
    if (!*same) lem_buf_add(out, s, (size_t)(end - s));
    return lem_buf_ok(out, err);
}

static lem_status squeeze(const tok_norm *step, const char *s, size_t n, lem_buf *out, bool *same,
                          lem_err *err) {
    *same = !memmem(s, n, "  ", 2);
    for (size_t i = 0, k; i < n && !*same; i += k) {
        for (k = 0; i + k < n && s[i + k] == ' ';) k++;
        if (k >= 2) {
            lem_buf_add(out, lem_buf_str(&step->b), step->b.len);
        } else {
            const char *p = memchr(s + i + 1, ' ', n - i - 1);
            k = p ? (size_t)(p - (s + i)) : n - i;
            lem_buf_add(out, s + i, k);
        }
    }
    return lem_buf_ok(out, err);
}

static lem_status trim(const char *s, size_t n, lem_buf *out, bool *same, lem_err *err) {
    size_t from = 0, to = n;
    while (from < to && s[from] == ' ') from++;
    while (to > from && s[to - 1] == ' ') to--;
    *same = from == 0 && to == n;
    if (!*same) lem_buf_add(out, s + from, to - from);
    return lem_buf_ok(out, err);
}

static lem_status strip(const tok_norm *step, const char *s, size_t n, lem_buf *out, bool *same,
                        lem_err *err) {
    size_t from = 0, to = n, k = 0;
    while (step->left && from < to && (lem_char_class(s + from, n - from, &k) & CH_SPACE)) from += k;
    while (step->right && to > from) {
        size_t b = to - 1;
        while (b > from && to - b < 4 && ((unsigned char)s[b] & 0xc0) == 0x80) b--;
        if (!(lem_char_class(s + b, to - b, &k) & CH_SPACE) || b + k != to) break;
        to = b;
    }
    *same = from == 0 && to == n;
    if (!*same) lem_buf_add(out, s + from, to - from);
    return lem_buf_ok(out, err);
}

static lem_status apply(const tok_norm *step, const char *s, size_t n, lem_buf *out, bool *same,
                        lem_err *err) {
    switch (step->kind) {
    case TOK_NORM_NFC:
    case TOK_NORM_NFD:
    case TOK_NORM_NFKC:
    case TOK_NORM_NFKD: return unicode_form(step->kind, s, n, out, same, err);
    case TOK_NORM_LOWERCASE: return lowercase(s, n, out, same, err);
    case TOK_NORM_REPLACE: return replace(step, s, n, out, same, err);
    case TOK_NORM_TRIM: return trim(s, n, out, same, err);
    case TOK_NORM_SQUEEZE: return squeeze(step, s, n, out, same, err);
    case TOK_NORM_STRIP: return strip(step, s, n, out, same, err);
    case TOK_NORM_PREPEND:
        *same = n == 0;
        if (*same) return LEM_OK;
        lem_buf_add(out, lem_buf_str(&step->b), step->b.len);
        lem_buf_add(out, s, n);
        return lem_buf_ok(out, err);
    }
    return LEM_OK;
}

lem_status lem_normalize(const tok_norm *steps, size_t n_steps, const char *s, size_t n, lem_buf *out,
                         bool *same, lem_err *err) {
    lem_buf a = {0}, b = {0};
    const char *in = s;
    size_t in_len = n;
    lem_status st = LEM_OK;
    *same = true;
    for (size_t i = 0; i < n_steps; i++) {
        bool kept = true;
        lem_buf_clear(&b);
        LEM_TRY(apply(&steps[i], in, in_len, &b, &kept, err));
        if (kept) continue;
        lem_buf t = a;
        a = b;
        b = t;
        in = lem_buf_str(&a);
        in_len = a.len;
        *same = false;
    }
    if (!*same) {
        lem_buf_add(out, in, in_len);
        st = lem_buf_ok(out, err);
    }
done:
    lem_buf_release(&a);
    lem_buf_release(&b);
    return st;
}
