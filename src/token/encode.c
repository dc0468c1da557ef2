/* encode.c - text to ids: added tokens cut out, normalized, cut into pieces, each piece merged */
#include "core/mem.h"
#include "token/tokenizer_priv.h"

#include <string.h>

typedef struct encoder {
    const lem_tokenizer *t;
    bool parse_special;
    const uint8_t *data;      /* NULL, or for each byte of the text: not 0 where no special token may be */
    bool glued;               /* the text follows other text: nothing is put in front of it */
    const char *text, *plain; /* first byte of the text, and of the part now normalized */
    tok_scratch scratch;
    void *regex[LEM_TOK_MAX_STEPS];
    lem_ids *out;
    lem_err *err;
} encoder;

static lem_status encode_word(encoder *e, const char *s, size_t n) {
    lem_status st = lem_tok_check(e->t->cancel, e->err);
    if (st != LEM_OK) return st;
    if (e->t->unigram.on) return lem_unigram_word(e->t, s, n, &e->scratch, e->out, e->err);
    return lem_bpe_word(e->t, s, n, &e->scratch, e->out, e->err);
}

/* The common case: a single step that matches all text. */
static lem_status encode_scanned(encoder *e, tok_pre_kind kind, const char *s, size_t n) {
    lem_status st = LEM_OK;
    for (size_t pos = 0, end; pos < n && st == LEM_OK; pos = end) {
        end = lem_pretok_end(kind, s, n, pos);
        st = encode_word(e, s + pos, end - pos);
    }
    return st;
}

/* Cuts by pre-tokenizer step k and the steps after it; depth is bounded by LEM_TOK_MAX_STEPS. */
static lem_status encode_steps(encoder *e, size_t k, const char *s, size_t n) {
    const lem_tokenizer *t = e->t;
    if (k == t->n_pres) return encode_word(e, s, n);
    const tok_pre *p = &t->pres[k];
    if (k + 1 == t->n_pres && p->kind <= TOK_PRE_LLAMA3) return encode_scanned(e, p->kind, s, n);
    if (p->kind == TOK_PRE_REGEX && !e->regex[k]) e->regex[k] = lem_regex_scratch(p->regex, e->err);
    if (p->kind == TOK_PRE_REGEX && !e->regex[k]) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (size_t pos = 0, end = 0; pos < n && st == LEM_OK; pos = end) {
        bool drop = false;
        st = lem_pretok_cut(p, e->regex[k], s, n, pos, &end, &drop, e->err);
        if (st == LEM_OK && drop) st = lem_tok_check(t->cancel, e->err);
        else if (st == LEM_OK) st = encode_steps(e, k + 1, s + pos, end - pos);
    }
    return st;
}

static bool starts_with(const char *s, size_t n, const lem_buf *b) {
    return n >= b->len && memcmp(s, b->data, b->len) == 0;
}

static void write_metaspace(const tok_metaspace *m, const char *s, size_t n, bool first, bool glued,
                            lem_buf *out) {
    bool marked = glued || (n && (s[0] == ' ' || starts_with(s, n, &m->rep)));
    if (!marked && (m->prepend == TOK_PREPEND_ALWAYS || (m->prepend == TOK_PREPEND_FIRST && first)))
        lem_buf_add(out, m->rep.data, m->rep.len);
    for (const char *end = s + n, *p; s < end; s = p) {
        if (*s == ' ') {
            lem_buf_add(out, m->rep.data, m->rep.len);
            p = s + 1;
        } else {
            p = memchr(s, ' ', (size_t)(end - s));
            if (!p) p = end;
            lem_buf_add(out, s, (size_t)(p - s));
        }
    }
}

/* Text without added tokens, normalized. */
static lem_status encode_plain(encoder *e, const char *s, size_t n) {
    const lem_tokenizer *t = e->t;
    bool glued = e->glued && s == e->plain;
    if (n == 0) return LEM_OK;
    if (!t->meta.on && (!t->add_prefix_space || s[0] == ' ' || glued)) return encode_steps(e, 0, s, n);
    lem_buf b = {0};
    if (t->meta.on) {
        write_metaspace(&t->meta, s, n, s == e->plain, glued, &b);
    } else {
        lem_buf_putc(&b, ' ');
        lem_buf_add(&b, s, n);
    }
    lem_status st = lem_buf_ok(&b, e->err);
    if (st == LEM_OK) st = encode_steps(e, 0, b.data, b.len);
    lem_buf_release(&b);
    return st;
}

typedef lem_status encode_fn(encoder *e, const char *s, size_t n);

/* Cuts out the added tokens of one trie; what lies between goes to rest. data as lem_added_next has it. */
static lem_status encode_around(encoder *e, const tok_trie *trie, const char *s, size_t n,
                                const uint8_t *data, encode_fn *rest) {
    size_t pos = 0, done = 0;
    while (done < n) {
        tok_match m = lem_added_next(e->t->added, trie, s, n, e->parse_special, data, done, &pos);
        lem_status st = lem_tok_check(e->t->cancel, e->err);
        if (st == LEM_OK && m.added == TOK_NOT_YET) continue;
        if (st == LEM_OK && m.start > done) st = rest(e, s + done, m.start - done);
        if (st == LEM_OK && m.added >= 0) st = lem_ids_push(e->out, e->t->added[m.added].id, e->err);
        if (st != LEM_OK) return st;
        done = m.end;
    }
    return LEM_OK;
}

/* The normalizer for text that follows other text: without what it would put in front. */
static lem_status normalize_glued(const lem_tokenizer *t, const char *s, size_t n, lem_buf *out, bool *same,
                                  lem_err *err) {
    tok_norm steps[LEM_TOK_MAX_STEPS];
    size_t k = 0;
    for (size_t i = 0; i < t->n_norms; i++)
        if (t->norms[i].kind != TOK_NORM_PREPEND) steps[k++] = t->norms[i];
    return k ? lem_tok_normalize(steps, k, s, n, out, same, t->cancel, err) : LEM_OK;
}

/* One part of s as the normalizer writes it within the whole. */
static lem_status normalize_part(const lem_tokenizer *t, const char *s, size_t n, bool first, lem_buf *out,
                                 bool *same, lem_err *err) {
    if (!first) return normalize_glued(t, s, n, out, same, err);
    return t->n_norms ? lem_tok_normalize(t->norms, t->n_norms, s, n, out, same, t->cancel, err) : LEM_OK;
}

/* Marks of text that the normalizer changed. The parts of one mark are normalized alone; where they make up
 * the whole, their marks are exact. Where not, one marked byte marks everything: a special token too few is
 * safer than one too many. */
static lem_status normal_marks(const lem_tokenizer *t, const char *s, size_t n, const uint8_t *data,
                               bool glued, const char *whole, size_t len, uint8_t *out, lem_err *err) {
    lem_buf b = {0};
    size_t at = 0;
    bool fits = true, any = false;
    lem_status st = LEM_OK;
    for (size_t i = 0, to; i < n; i = to) {
        bool mark = data[i], same = true;
        for (to = i; to < n && !data[to] == !mark;) to++;
        any = any || mark;
        if (!fits) continue;
        lem_buf_clear(&b);
        LEM_TRY(normalize_part(t, s + i, to - i, i == 0 && !glued, &b, &same, err));
        const char *part = same ? s + i : lem_buf_str(&b);
        size_t k = same ? to - i : b.len;
        fits = k <= len - at && memcmp(whole + at, part, k) == 0;
        if (fits) memset(out + at, mark, k);
        at += fits ? k : 0;
    }
    if (!fits || at != len) memset(out, any, len);
done:
    lem_buf_release(&b);
    return st;
}

static lem_status encode_raw(encoder *e, const char *s, size_t n) {
    const lem_tokenizer *t = e->t;
    const uint8_t *data = e->data ? e->data + (s - e->text) : NULL;
    uint8_t *own = NULL;
    lem_buf b = {0};
    bool same = true;
    lem_status st = LEM_OK;
    if (e->glued && s == e->text) LEM_TRY(normalize_glued(t, s, n, &b, &same, e->err));
    else if (t->n_norms) LEM_TRY(lem_tok_normalize(t->norms, t->n_norms, s, n, &b, &same, t->cancel, e->err));
    const char *plain = same ? s : lem_buf_str(&b);
    size_t len = same ? n : b.len;
    e->plain = s == e->text ? plain : NULL;
    if (data && !same) {
        if (!(own = lem_alloc(len + 1, 1, e->err))) {
            st = LEM_EMEM;
            goto done;
        }
        LEM_TRY(normal_marks(t, s, n, data, e->glued && s == e->text, plain, len, own, e->err));
        data = own;
    }
    st = encode_around(e, &t->norm, plain, len, data, encode_plain);
done:
    lem_free(own);
    lem_buf_release(&b);
    return st;
}

static lem_status encode_text(encoder *e, size_t len) {
    if (len > LEM_TOK_MAX_TEXT)
        return lem_fail(e->err, LEM_EDATA, "a text of %zu bytes is longer than 1 GiB", len);
    size_t before = e->out->len;
    lem_status st = lem_tok_check(e->t->cancel, e->err);
    if (st == LEM_OK) st = encode_around(e, &e->t->raw, e->text, len, e->data, encode_raw);
    lem_scratch_release(&e->scratch);
    for (size_t i = 0; i < e->t->n_pres; i++) lem_regex_scratch_free(e->regex[i]);
    if (st != LEM_OK) e->out->len = before;
    return st;
}

lem_status lem_tokenizer_encode(const lem_tokenizer *t, const char *text, size_t len, bool parse_special,
                                lem_ids *out, lem_err *err) {
    encoder e = {.t = t, .parse_special = parse_special, .text = text, .out = out, .err = err};
    return encode_text(&e, len);
}

lem_status lem_tokenizer_encode_marked(const lem_tokenizer *t, const char *text, const uint8_t *data,
                                       size_t len, bool glued, lem_ids *out, lem_err *err) {
    encoder e = {
        .t = t, .parse_special = true, .data = data, .glued = glued, .text = text, .out = out, .err = err};
    return encode_text(&e, len);
}

lem_status lem_tokenizer_encode_single(const lem_tokenizer *t, const char *text, size_t len,
                                       bool parse_special, lem_ids *out, lem_err *err) {
    size_t before = out->len;
    lem_status st = LEM_OK;
    if (t->post_unknown)
        return lem_fail(err, LEM_EDATA, "the post-processor of the tokenizer is not supported");
    for (size_t i = 0; i < t->prefix.len; i++) LEM_TRY(lem_ids_push(out, t->prefix.data[i], err));
    LEM_TRY(lem_tokenizer_encode(t, text, len, parse_special, out, err));
    for (size_t i = 0; i < t->suffix.len; i++) LEM_TRY(lem_ids_push(out, t->suffix.data[i], err));
done:
    if (st != LEM_OK) out->len = before;
    return st;
}

lem_status lem_tokenizer_encode_start(const lem_tokenizer *t, const char *text, size_t len,
                                      bool parse_special, lem_ids *out, lem_err *err) {
    size_t before = out->len;
    lem_status st = LEM_OK;
    if (t->post_unknown)
        return lem_fail(err, LEM_EDATA, "the post-processor of the tokenizer is not supported");
    if (t->adds_bos && !t->prefix.len) LEM_TRY(lem_ids_push(out, t->bos, err));
    for (size_t i = 0; i < t->prefix.len; i++) LEM_TRY(lem_ids_push(out, t->prefix.data[i], err));
    LEM_TRY(lem_tokenizer_encode(t, text, len, parse_special, out, err));
done:
    if (st != LEM_OK) out->len = before;
    return st;
}
