/* bpe.c - byte-pair merging of one word: a simple loop for short words; long ones go to bpe_long.c
 *
 * Always the pair of lowest rank is merged next, the leftmost of equal ones. Most words are tokens already:
 * where merging a token's bytes is known to give the token itself (TOK_DIRECT), one look-up replaces the
 * merging. */
#include "core/mem.h"
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

#include <string.h>

#define SHORT_WORD 48
#define MAX_DIRECT 256 /* longest token for which TOK_DIRECT is looked for */

void lem_bpe_release(tok_bpe *b) {
    lem_free(b->slot);
    b->slot = NULL;
    b->n_slots = b->n = b->n_ranks = 0;
}

lem_status lem_bpe_reserve(tok_bpe *b, size_t n_merges, lem_err *err) {
    size_t n = 16;
    while (n < n_merges + n_merges / 2 + 1) n *= 2;
    b->slot = lem_alloc(n, sizeof *b->slot, err);
    if (!b->slot) return LEM_EMEM;
    b->n_ranks = n_merges;
    for (size_t i = 0; i < n; i++) b->slot[i] = (tok_merge){UINT64_MAX, 0, 0};
    b->n_slots = n;
    return LEM_OK;
}

void lem_bpe_put(tok_bpe *b, int32_t left, int32_t right, int32_t rank, int32_t id) {
    uint64_t key = lem_bpe_key(left, right);
    size_t i = (size_t)lem_tok_mix(key) & (b->n_slots - 1);
    while (b->slot[i].key != UINT64_MAX && b->slot[i].key != key) i = (i + 1) & (b->n_slots - 1);
    if (b->slot[i].key != key) b->n++;
    b->slot[i] = (tok_merge){key, rank, id};
}

void lem_scratch_release(tok_scratch *s) {
    lem_free(s->best);
    lem_free(s->ids);
    lem_long_free(s->merger);
    *s = (tok_scratch){0};
}

static lem_status grow_ids(tok_scratch *s, size_t n, lem_err *err) {
    if (n <= s->cap) return LEM_OK;
    size_t cap = 1024;
    while (cap < n) cap *= 2;
    int32_t *p = lem_realloc(s->ids, cap, sizeof *p, err);
    if (!p) return LEM_EMEM;
    s->ids = p;
    s->cap = cap;
    return LEM_OK;
}

/* Merges ids[0..n), n <= SHORT_WORD, in place; returns the new length. */
static size_t merge_short(const tok_bpe *b, int32_t *ids, size_t n) {
    int32_t rank[SHORT_WORD], made[SHORT_WORD]; /* of the pair (i, i + 1) */
    for (size_t i = 0; i + 1 < n; i++) {
        const tok_merge *m = lem_bpe_find(b, ids[i], ids[i + 1]);
        rank[i] = m ? m->rank : INT32_MAX;
        made[i] = m ? m->id : -1;
    }
    for (;;) {
        size_t best = 0;
        int32_t lowest = INT32_MAX;
        for (size_t i = 0; i + 1 < n; i++) {
            if (rank[i] < lowest) {
                lowest = rank[i];
                best = i;
            }
        }
        if (lowest == INT32_MAX) return n;
        ids[best] = made[best];
        size_t tail = n - best - 2; /* symbols after the pair */
        memmove(ids + best + 1, ids + best + 2, tail * sizeof *ids);
        memmove(rank + best, rank + best + 1, tail * sizeof *rank);
        memmove(made + best, made + best + 1, tail * sizeof *made);
        n--;
        for (size_t i = best ? best - 1 : 0; i <= best && i + 1 < n; i++) {
            const tok_merge *m = lem_bpe_find(b, ids[i], ids[i + 1]);
            rank[i] = m ? m->rank : INT32_MAX;
            made[i] = m ? m->id : -1;
        }
    }
}

/* The symbols of a word made of bytes. */
static lem_status byte_symbols(const tok_bpe *b, const char *word, size_t len, int32_t *ids, lem_err *err) {
    for (size_t i = 0; i < len; i++) {
        ids[i] = b->byte_id[(unsigned char)word[i]];
        if (ids[i] < 0)
            return lem_fail(err, LEM_EDATA, "the vocabulary has no token for the byte 0x%02x",
                            (unsigned char)word[i]);
    }
    return LEM_OK;
}

static bool fallback_symbols(const tok_bpe *b, const char *s, size_t n, int32_t *ids) {
    for (size_t i = 0; i < n; i++) {
        ids[i] = b->fallback_id[(unsigned char)s[i]];
        if (ids[i] < 0) return false;
    }
    return true;
}

/* The symbols of a word made of characters: the character's token, else its bytes as <0xNN>, else the unknown
 * token, where several unknown characters in a row are one with fuse_unk. *n is at most len. */
static lem_status char_symbols(const lem_tokenizer *t, const char *word, size_t len, int32_t *ids, size_t *n,
                               lem_err *err) {
    const tok_bpe *b = &t->bpe;
    bool after_unk = false;
    *n = 0;
    for (size_t i = 0, k = 1, steps = 0; i < len; i += k, steps++) {
        if (steps % LEM_TOK_CHECK_EVERY == LEM_TOK_CHECK_EVERY - 1) {
            lem_status st = lem_tok_check(t->cancel, err);
            if (st != LEM_OK) return st;
        }
        uint32_t cp = (unsigned char)word[i];
        int decoded = cp < 0x80 ? 1 : lem_utf8_decode(word + i, len - i, &cp);
        k = decoded > 0 ? (size_t)decoded : 1;
        int32_t id = cp < 0x80 ? b->byte_id[cp] : lem_vocab_find(&t->vocab, word + i, k);
        if (id >= 0) {
            ids[(*n)++] = id;
            after_unk = false;
        } else if (fallback_symbols(b, word + i, k, ids + *n)) {
            *n += k;
        } else if (b->unk < 0) {
            return lem_fail(err, LEM_EDATA, "the vocabulary has no token for U+%04X and no unknown token",
                            (unsigned)cp);
        } else {
            if (!after_unk || !b->fuse_unk) ids[(*n)++] = b->unk;
            after_unk = true;
        }
    }
    return LEM_OK;
}

static lem_status push_all(lem_ids *out, const int32_t *ids, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; i < n && st == LEM_OK; i++) st = lem_ids_push(out, ids[i], err);
    return st;
}

static lem_status merge_word(const lem_tokenizer *t, const char *word, size_t len, tok_scratch *s,
                             lem_ids *out, lem_err *err) {
    const tok_bpe *b = &t->bpe;
    int32_t small[SHORT_WORD], *ids = small;
    if (len > SHORT_WORD) {
        lem_status st = grow_ids(s, len, err);
        if (st != LEM_OK) return st;
        ids = s->ids;
    }
    size_t n = len;
    lem_status st =
        b->chars ? char_symbols(t, word, len, ids, &n, err) : byte_symbols(b, word, len, ids, err);
    if (st != LEM_OK) return st;
    if (n <= SHORT_WORD) return push_all(out, ids, merge_short(b, ids, n), err);
    st = lem_bpe_merge_long(b, &s->merger, ids, &n, t->cancel, err);
    return st == LEM_OK ? push_all(out, ids, n, err) : st;
}

static lem_status encode_word(const lem_tokenizer *t, const char *word, size_t len, tok_scratch *s,
                              lem_ids *out, lem_err *err) {
    int32_t id = lem_vocab_find(&t->vocab, word, len);
    if (id >= 0) {
        uint32_t flags = t->vocab.entry[id].flags;
        if (t->bpe.ignore_merges ? !(flags & TOK_SPECIAL) : flags & TOK_DIRECT)
            return lem_ids_push(out, id, err);
    }
    return merge_word(t, word, len, s, out, err);
}

static bool space_mark(const char *s) { return s[0] == '\xe2' && s[1] == '\x96' && s[2] == '\x81'; }

/* Where the next U+2581 begins that follows another character; n if there is none. */
static size_t next_cut(const char *s, size_t n, size_t pos) {
    bool after_mark = true;
    while (pos + 3 <= n) {
        if (space_mark(s + pos)) {
            if (!after_mark) return pos;
            pos += 3;
        } else {
            after_mark = false;
            const char *p = memchr(s + pos + 1, '\xe2', n - pos - 1);
            pos = p ? (size_t)(p - s) : n;
        }
    }
    return n;
}

lem_status lem_bpe_word(const lem_tokenizer *t, const char *word, size_t len, tok_scratch *s, lem_ids *out,
                        lem_err *err) {
    if (len > LEM_TOK_MAX_TEXT) return lem_fail(err, LEM_EDATA, "a word is longer than 1 GiB");
    lem_status st = LEM_OK;
    if (!t->bpe.cut_spaces || t->bpe.ignore_merges)
        return len ? encode_word(t, word, len, s, out, err) : LEM_OK;
    for (size_t pos = 0; pos < len && st == LEM_OK;) {
        size_t end = next_cut(word, len, pos);
        st = encode_word(t, word + pos, end - pos, s, out, err);
        pos = end;
    }
    return st;
}

/* Whether every token keeps its U+2581 in front: then no merge crosses such a cut. */
static bool spaces_lead(const tok_vocab *v) {
    if (lem_vocab_find(v, "\xe2\x96\x81", 3) < 0) return false;
    for (int32_t id = 0; id < v->n; id++) {
        const tok_entry *e = &v->entry[id];
        if ((e->flags & (TOK_USED | TOK_ADDED)) == TOK_USED &&
            next_cut(lem_buf_str(&v->blob) + e->off, e->len, 0) != e->len)
            return false;
    }
    return true;
}

/* Whether merging the token's own bytes may be tried: it is an ordinary token that is found by its bytes, and
 * each byte is a token. */
static bool may_be_direct(const lem_tokenizer *t, int32_t id) {
    const tok_entry *e = &t->vocab.entry[id];
    const char *bytes = lem_buf_str(&t->vocab.blob) + e->off;
    if ((e->flags & (TOK_USED | TOK_SPECIAL)) != TOK_USED || !e->len || e->len > MAX_DIRECT) return false;
    if (lem_vocab_find(&t->vocab, bytes, e->len) != id) return false;
    if (t->bpe.chars) return t->bpe.unk >= 0;
    for (uint32_t i = 0; i < e->len; i++)
        if (t->bpe.byte_id[(unsigned char)bytes[i]] < 0) return false;
    return true;
}

lem_status lem_bpe_mark_direct(lem_tokenizer *t, lem_err *err) {
    tok_scratch s = {0};
    lem_ids ids = {0};
    lem_status st = LEM_OK;
    t->bpe.cut_spaces = t->bpe.chars && spaces_lead(&t->vocab);
    for (int32_t id = 0; id < t->vocab.n; id++) {
        if (!may_be_direct(t, id)) continue;
        tok_entry *e = &t->vocab.entry[id];
        ids.len = 0;
        LEM_TRY(merge_word(t, lem_buf_str(&t->vocab.blob) + e->off, e->len, &s, &ids, err));
        if (ids.len == 1 && ids.data[0] == id) e->flags |= TOK_DIRECT;
    }
done:
    lem_scratch_release(&s);
    lem_ids_release(&ids);
    return st;
}
