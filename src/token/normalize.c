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
    static const struct {
        uint32_t from, to;
    } range[] = {{0, 0x2ff},       {0x400, 0x482},   {0x48a, 0x52f},   {0x2010, 0x2027}, {0x2190, 0x22ff},
                 {0x3001, 0x3029}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xff01, 0xff5e}};
    enum { N = sizeof range / sizeof *range };
    size_t i = 0;
    while (i < N && cp > range[i].to) i++;
    return i < N && cp >= range[i].from;
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

/* One Unicode form of one text. */
typedef struct former {
    utf8proc_option_t options;
    bool keeps_stable; /* the form is NFC: stable characters end a span */
    cps c, tmp;
    lem_buf *out;
    const lem_cancel *cancel;
    lem_err *err;
} former;

static lem_status decompose(former *f, const char *s, size_t n) {
    int boundary = 0;
    lem_status st = LEM_OK;
    f->c.len = 0;
    for (size_t i = 0, steps = 1; i < n && st == LEM_OK; steps++) {
        uint32_t cp = 0;
        i += (size_t)lem_utf8_decode(s + i, n - i, &cp);
        st = grow_cps(&f->c, f->c.len + 32, f->err);
        if (st != LEM_OK) break;
        size_t room = f->c.cap - f->c.len;
        utf8proc_ssize_t k = utf8proc_decompose_char((utf8proc_int32_t)cp, f->c.data + f->c.len,
                                                     (utf8proc_ssize_t)room, f->options, &boundary);
        if (k < 0 || (size_t)k > room)
            return lem_fail(f->err, LEM_EDATA, "U+%04X cannot be decomposed", (unsigned)cp);
        f->c.len += (size_t)k;
        if (steps % LEM_TOK_CHECK_EVERY == 0) st = lem_tok_check(f->cancel, f->err);
    }
    return st;
}

static lem_status order_all(former *f) {
    cps *c = &f->c;
    for (size_t i = 0; i < c->len;) {
        if (!combining(c->data[i])) {
            i++;
            continue;
        }
        size_t end = i + 1;
        while (end < c->len && combining(c->data[end])) end++;
        lem_status st = grow_cps(&f->tmp, end - i, f->err);
        if (st != LEM_OK) return st;
        order_marks(c->data + i, end - i, f->tmp.data);
        i = end;
    }
    return LEM_OK;
}

/* Decomposes one span of valid UTF-8, orders it, and composes it again if asked to. */
static lem_status form_span(former *f, const char *s, size_t n) {
    lem_status st = decompose(f, s, n);
    if (st == LEM_OK) st = order_all(f);
    if (st == LEM_OK) st = lem_tok_check(f->cancel, f->err);
    if (st != LEM_OK) return st;
    utf8proc_ssize_t len = (utf8proc_ssize_t)f->c.len;
    if (f->options & UTF8PROC_COMPOSE) len = utf8proc_normalize_utf32(f->c.data, len, f->options);
    if (len < 0) return lem_fail(f->err, LEM_EDATA, "text cannot be normalized: %s", utf8proc_errmsg(len));
    for (utf8proc_ssize_t i = 0; i < len; i++) {
        char b[4];
        lem_buf_add(f->out, b, (size_t)lem_utf8_encode((uint32_t)f->c.data[i], b));
    }
    return lem_tok_check(f->cancel, f->err);
}

/* Whether a span ends before s[i]: at the end, at ASCII, at bytes that are no UTF-8 (*len 0), at a stable
 * character. *len: of what is there. */
static bool span_ends(const former *f, const char *s, size_t n, size_t i, int *len) {
    uint32_t cp = 0;
    *len = 1;
    if (i == n || (unsigned char)s[i] < 0x80) return true;
    *len = lem_utf8_decode(s + i, n - i, &cp);
    return *len <= 0 || (f->keeps_stable && stable(cp));
}

/* A span is a stable character and the unstable ones after it; a span without unstable ones is copied. */
static lem_status form_spans(former *f, const char *s, size_t n, bool *same) {
    size_t copied = 0, start = 0; /* s[0..copied) is in out; the current span begins at start */
    bool work = false;
    *same = true;
    for (size_t i = 0; i <= n;) {
        int len;
        bool ends = span_ends(f, s, n, i, &len);
        if (ends && work) {
            lem_buf_add(f->out, s + copied, start - copied);
            *same = false;
            lem_status st = form_span(f, s + start, i - start);
            if (st != LEM_OK) return st;
            copied = i;
        }
        work = !ends;
        if (ends) start = len > 0 ? i : i + 1; /* an invalid byte belongs to no span */
        i += len > 0 ? (size_t)len : 1;
    }
    if (!*same) lem_buf_add(f->out, s + copied, n - copied);
    return lem_buf_ok(f->out, f->err);
}

static lem_status unicode_form(tok_norm_kind form, const char *s, size_t n, lem_buf *out, bool *same,
                               const lem_cancel *cancel, lem_err *err) {
    bool composed = form == TOK_NORM_NFC || form == TOK_NORM_NFKC;
    former f = {.keeps_stable = form == TOK_NORM_NFC, .out = out, .cancel = cancel, .err = err};
    f.options = UTF8PROC_STABLE;
    f.options |= composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
    if (form == TOK_NORM_NFKC || form == TOK_NORM_NFKD) f.options |= UTF8PROC_COMPAT;
    lem_status st = form_spans(&f, s, n, same);
    lem_free(f.c.data);
    lem_free(f.tmp.data);
    return st;
}

/* ---- the other steps; each appends to out, or sets *same */

static void add_lower(uint32_t cp, lem_buf *out) {
    char b[4];
    if (cp == 0x130) lem_buf_puts(out, "i\xcc\x87"); /* the one letter whose lower case is two characters */
    else lem_buf_add(out, b, (size_t)lem_utf8_encode((uint32_t)utf8proc_tolower((utf8proc_int32_t)cp), b));
}

static lem_status lowercase(const char *s, size_t n, lem_buf *out, bool *same, const lem_cancel *cancel,
                            lem_err *err) {
    for (size_t i = 0, steps = 1; i < n; steps++) {
        uint32_t cp = 0;
        int k = lem_utf8_decode(s + i, n - i, &cp);
        if (k > 0) add_lower(cp, out);
        else lem_buf_putc(out, s[i]);
        i += k > 0 ? (size_t)k : 1;
        if (steps % LEM_TOK_CHECK_EVERY == 0) {
            lem_status st = lem_tok_check(cancel, err);
            if (st != LEM_OK) return st;
        }
    }
    *same = out->len == n && (n == 0 || memcmp(out->data, s, n) == 0);
    return lem_buf_ok(out, err);
}

static lem_status replace(const tok_norm *step, const char *s, size_t n, lem_buf *out, bool *same,
                          const lem_cancel *cancel, lem_err *err) {
    const char *end = s + n;
    size_t len = step->a.len;
    *same = true;
    for (const char *p; len && (p = memmem(s, (size_t)(end - s), step->a.data, len));) {
        lem_buf_add(out, s, (size_t)(p - s));
        lem_buf_add(out, lem_buf_str(&step->b), step->b.len);
        s = p + len;
        *same = false;
        lem_status st = lem_tok_check(cancel, err);
        if (st != LEM_OK) return st;
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

/* Start of the white space character that ends at s[to] and begins at from or later; to if there is none. */
static size_t space_before(const char *s, size_t from, size_t to) {
    size_t b = to - 1, k = 0;
    while (b > from && to - b < 4 && ((unsigned char)s[b] & 0xc0) == 0x80) b--;
    return (lem_char_class(s + b, to - b, &k) & CH_SPACE) && b + k == to ? b : to;
}

static lem_status strip(const tok_norm *step, const char *s, size_t n, lem_buf *out, bool *same,
                        lem_err *err) {
    size_t from = 0, to = n, k = 0;
    while (step->left && from < to && (lem_char_class(s + from, n - from, &k) & CH_SPACE)) from += k;
    while (step->right && to > from) {
        size_t b = space_before(s, from, to);
        if (b == to) break;
        to = b;
    }
    *same = from == 0 && to == n;
    if (!*same) lem_buf_add(out, s + from, to - from);
    return lem_buf_ok(out, err);
}

static lem_status apply(const tok_norm *step, const char *s, size_t n, lem_buf *out, bool *same,
                        const lem_cancel *cancel, lem_err *err) {
    switch (step->kind) {
    case TOK_NORM_NFC:
    case TOK_NORM_NFD:
    case TOK_NORM_NFKC:
    case TOK_NORM_NFKD: return unicode_form(step->kind, s, n, out, same, cancel, err);
    case TOK_NORM_LOWERCASE: return lowercase(s, n, out, same, cancel, err);
    case TOK_NORM_REPLACE: return replace(step, s, n, out, same, cancel, err);
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

lem_status lem_tok_normalize(const tok_norm *steps, size_t n_steps, const char *s, size_t n, lem_buf *out,
                             bool *same, const lem_cancel *cancel, lem_err *err) {
    lem_buf a = {0}, b = {0};
    const char *in = s;
    size_t in_len = n;
    lem_status st = LEM_OK;
    *same = true;
    for (size_t i = 0; i < n_steps; i++) {
        bool kept = true;
        lem_buf_clear(&b);
        LEM_TRY(lem_tok_check(cancel, err));
        LEM_TRY(apply(&steps[i], in, in_len, &b, &kept, cancel, err));
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
