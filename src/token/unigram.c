/* unigram.c - the Unigram model: the most probable way to cut a text into pieces (Kudo 2018,
 * arXiv:1804.10959), by Viterbi
 *
 * A character without a piece of its own costs ten more than the worst piece and becomes its bytes, where the
 * vocabulary has them, or the unknown token, one for several in a row. Time is linear in the text times the
 * longest piece. */
#include "core/mem.h"
#include "core/utf8.h"
#include "token/tokenizer_priv.h"

#include <string.h>

#define UNKNOWN_PENALTY 10.0

void lem_unigram_release(tok_unigram *u) {
    lem_trie_release(&u->trie);
    lem_free(u->score);
    *u = (tok_unigram){0};
}

static lem_status grow_best(tok_scratch *s, size_t n, lem_err *err) {
    if (n <= s->best_cap) return LEM_OK;
    size_t cap = s->best_cap ? s->best_cap : 256;
    while (cap < n) cap *= 2;
    tok_best *p = lem_realloc(s->best, cap, sizeof *p, err);
    if (!p) return LEM_EMEM;
    s->best = p;
    s->best_cap = cap;
    return LEM_OK;
}

static void offer(tok_best *b, int32_t start, int32_t id, double score) {
    if (b->start < 0 || score > b->score) *b = (tok_best){score, start, id};
}

/* Fills best[0..n]: how the best way to cut the text up to there ends. */
static lem_status forward(const lem_tokenizer *t, const char *s, size_t n, tok_best *best, lem_err *err) {
    const tok_unigram *u = &t->unigram;
    lem_status st = LEM_OK;
    for (size_t i = 0; i <= n && st == LEM_OK; i++) {
        best[i] = (tok_best){0, -1, -1};
        if (i % LEM_TOK_CHECK_EVERY == 0) st = lem_tok_check(t->cancel, err);
    }
    for (size_t i = 0, k, steps = 1; i < n && st == LEM_OK; i += k, steps++) {
        uint32_t cp;
        int len = lem_utf8_decode(s + i, n - i, &cp);
        k = len > 0 ? (size_t)len : 1;
        bool single = false;
        uint32_t node = 0;
        for (size_t e = i; e < n && lem_trie_step(&u->trie, &node, s[e]);) {
            int32_t id = u->trie.value[node];
            e++;
            if (id < 0) continue;
            offer(&best[e], (int32_t)i, id, best[i].score + u->score[id]);
            single = single || e - i == k;
        }
        if (!single) offer(&best[i + k], (int32_t)i, -1, best[i].score + u->min_score - UNKNOWN_PENALTY);
        if (steps % LEM_TOK_CHECK_EVERY == 0) st = lem_tok_check(t->cancel, err);
    }
    return st;
}

static lem_status push_unknown(const lem_tokenizer *t, const char *s, size_t n, lem_ids *out, lem_err *err) {
    const tok_unigram *u = &t->unigram;
    bool bytes = true;
    lem_status st = LEM_OK;
    for (size_t i = 0; i < n; i++) bytes = bytes && t->bpe.fallback_id[(unsigned char)s[i]] >= 0;
    for (size_t i = 0; bytes && i < n && st == LEM_OK; i++)
        st = lem_ids_push(out, t->bpe.fallback_id[(unsigned char)s[i]], err);
    if (bytes) return st;
    if (u->unk < 0)
        return lem_fail(err, LEM_EDATA, "the vocabulary has no token for a character and no unknown token");
    return lem_ids_push(out, u->unk, err);
}

/* Goes back along the best path and turns it round: from here on best[i] is where the piece that begins at i
 * ends, and its id. */
static void turn_round(tok_best *best, int32_t n) {
    int32_t at = n, next = -1, next_id = -1;
    while (at > 0) {
        int32_t start = best[at].start, id = best[at].id;
        best[at].start = next;
        best[at].id = next_id;
        next = at;
        next_id = id;
        at = start;
    }
    best[0].start = next;
    best[0].id = next_id;
}

lem_status lem_unigram_word(const lem_tokenizer *t, const char *s, size_t n, tok_scratch *scratch,
                            lem_ids *out, lem_err *err) {
    if (!n) return LEM_OK;
    if (n > LEM_TOK_MAX_TEXT) return lem_fail(err, LEM_EDATA, "a word is longer than 1 GiB");
    lem_status st = grow_best(scratch, n + 1, err);
    if (st != LEM_OK) return st;
    tok_best *best = scratch->best;
    st = forward(t, s, n, best, err);
    if (st != LEM_OK) return st;
    turn_round(best, (int32_t)n);
    for (int32_t i = 0; i < (int32_t)n && st == LEM_OK;) {
        int32_t end = best[i].start, id = best[i].id, from = i;
        while (id < 0 && end < (int32_t)n && best[end].id < 0)
            end = best[end].start; /* unknown characters in a row are one */
        st = id < 0 ? push_unknown(t, s + from, (size_t)(end - from), out, err) : lem_ids_push(out, id, err);
        i = end;
    }
    return st;
}
