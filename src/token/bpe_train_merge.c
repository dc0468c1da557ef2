/* bpe_train_merge.c - chooses the merges of a BPE vocabulary from counted words
 *
 * The count of every pair is kept up to date as words are merged; a heap with late updates yields the next
 * pair. The order (count descending, then bytes of left, then bytes of right) is total, so the result depends
 * on the multiset of words alone. */
#include "token/bpe_train_priv.h"

#include <string.h>

/* ---- the queue of pairs, best first */

static int compare_symbol(const lem_bpe_trainer *b, uint32_t x, uint32_t y) {
    uint32_t nx = b->sym_off[x + 1] - b->sym_off[x], ny = b->sym_off[y + 1] - b->sym_off[y];
    int c = memcmp(b->text.data + b->sym_off[x], b->text.data + b->sym_off[y], nx < ny ? nx : ny);
    return c ? c : (nx > ny) - (nx < ny);
}

static bool better(const lem_bpe_trainer *b, queue_item x, queue_item y) {
    if (x.count != y.count) return x.count > y.count;
    uint64_t kx = b->pairs[x.pair].key, ky = b->pairs[y.pair].key;
    int c = compare_symbol(b, (uint32_t)(kx >> 32), (uint32_t)(ky >> 32));
    return (c ? c : compare_symbol(b, (uint32_t)kx, (uint32_t)ky)) < 0;
}

static lem_status queue_pair(lem_bpe_trainer *b, uint32_t p, lem_err *err) {
    pair *q = &b->pairs[p];
    if (q->count < 2 || q->queued == q->count || q->merged) return LEM_OK;
    if (!train_grow((void **)&b->queue, b->n_queue, &b->cap_queue, sizeof *b->queue, err)) return LEM_EMEM;
    q->queued = q->count;
    queue_item item = {q->count, p};
    size_t i = b->n_queue++;
    for (; i > 0 && better(b, item, b->queue[(i - 1) / 2]); i = (i - 1) / 2)
        b->queue[i] = b->queue[(i - 1) / 2];
    b->queue[i] = item;
    return LEM_OK;
}

static queue_item pop_queue(lem_bpe_trainer *b) {
    queue_item top = b->queue[0], last = b->queue[--b->n_queue];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= b->n_queue) break;
        if (child + 1 < b->n_queue && better(b, b->queue[child + 1], b->queue[child])) child++;
        if (!better(b, b->queue[child], last)) break;
        b->queue[i] = b->queue[child];
        i = child;
    }
    b->queue[i] = last;
    return top;
}

/* ---- pairs */

static lem_status grow_pair_slots(lem_bpe_trainer *b, lem_err *err) {
    if (b->n_pair_slots && (size_t)b->n_pairs * 2 < b->n_pair_slots) return LEM_OK;
    size_t n = b->n_pair_slots ? b->n_pair_slots * 2 : 8192;
    uint32_t *slot = lem_alloc_zero(n, sizeof *slot, err);
    if (!slot) return LEM_EMEM;
    for (uint32_t p = 0; p < b->n_pairs; p++) {
        size_t i = (size_t)lem_tok_mix(b->pairs[p].key) & (n - 1);
        while (slot[i]) i = (i + 1) & (n - 1);
        slot[i] = p + 1;
    }
    lem_free(b->pair_slot);
    b->pair_slot = slot;
    b->n_pair_slots = n;
    return LEM_OK;
}

static lem_status need_pair(lem_bpe_trainer *b, uint32_t left, uint32_t right, uint32_t *out, lem_err *err) {
    lem_status st = grow_pair_slots(b, err);
    if (st != LEM_OK) return st;
    uint64_t key = (uint64_t)left << 32 | right;
    size_t i = (size_t)lem_tok_mix(key) & (b->n_pair_slots - 1);
    for (; b->pair_slot[i]; i = (i + 1) & (b->n_pair_slots - 1)) {
        if (b->pairs[b->pair_slot[i] - 1].key == key) {
            *out = b->pair_slot[i] - 1;
            return LEM_OK;
        }
    }
    size_t cap = b->cap_pairs;
    if (!train_grow((void **)&b->pairs, b->n_pairs, &cap, sizeof *b->pairs, err)) return LEM_EMEM;
    b->cap_pairs = (uint32_t)cap;
    b->pairs[b->n_pairs] = (pair){.key = key};
    b->pair_slot[i] = b->n_pairs + 1;
    *out = b->n_pairs++;
    return LEM_OK;
}

static lem_status note_word(pair *p, uint32_t w, lem_err *err) {
    if (p->n_words && p->words[p->n_words - 1] == w) return LEM_OK;
    if (p->n_words == p->cap_words) {
        uint32_t cap = p->cap_words ? p->cap_words * 2 : 4;
        uint32_t *q = lem_realloc(p->words, cap, sizeof *q, err);
        if (!q) return LEM_EMEM;
        p->words = q;
        p->cap_words = cap;
    }
    p->words[p->n_words++] = w;
    return LEM_OK;
}

/* Adds sign × the word's count to all its pairs. Where a pair gains, the word is noted with it (only pairs of
 * `fresh`, unless that is UINT32_MAX: the others have the word already) and the pair is queued by the caller.
 */
static lem_status count_pairs(lem_bpe_trainer *b, uint32_t w, int sign, uint32_t fresh, lem_err *err) {
    const word *x = &b->words[w];
    for (uint32_t i = 0; i + 1 < x->len; i++) {
        uint32_t left = b->syms[x->off + i], right = b->syms[x->off + i + 1], p;
        lem_status st = need_pair(b, left, right, &p, err);
        if (st != LEM_OK) return st;
        b->pairs[p].count += sign * x->count;
        if (sign > 0 && (fresh == UINT32_MAX || left == fresh || right == fresh))
            st = note_word(&b->pairs[p], w, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static lem_status queue_word_pairs(lem_bpe_trainer *b, uint32_t w, uint32_t fresh, lem_err *err) {
    const word *x = &b->words[w];
    for (uint32_t i = 0; i + 1 < x->len; i++) {
        uint32_t left = b->syms[x->off + i], right = b->syms[x->off + i + 1], p;
        if (left != fresh && right != fresh) continue;
        lem_status st = need_pair(b, left, right, &p, err);
        if (st == LEM_OK) st = queue_pair(b, p, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

static bool has_pair(const lem_bpe_trainer *b, const word *x, uint32_t left, uint32_t right) {
    for (uint32_t i = 0; i + 1 < x->len; i++)
        if (b->syms[x->off + i] == left && b->syms[x->off + i + 1] == right) return true;
    return false;
}

static void merge_in_word(lem_bpe_trainer *b, word *x, uint32_t left, uint32_t right, uint32_t made) {
    uint32_t *s = b->syms + x->off, n = 0;
    for (uint32_t i = 0; i < x->len; n++) {
        if (i + 1 < x->len && s[i] == left && s[i + 1] == right) {
            s[n] = made;
            i += 2;
        } else {
            s[n] = s[i++];
        }
    }
    x->len = n;
}

/* ---- merging */

static lem_status add_symbol(lem_bpe_trainer *b, const char *bytes, size_t n, lem_err *err) {
    lem_status st = lem_vocab_put(&b->known, b->n_syms, bytes, n, true, err);
    if (st != LEM_OK) return st;
    lem_buf_add(&b->text, bytes, n);
    b->sym_off[++b->n_syms] = (uint32_t)b->text.len;
    return lem_buf_ok(&b->text, err);
}

static lem_status start_merging(lem_bpe_trainer *b, lem_err *err) {
    b->syms = lem_alloc(b->blob.len + 1, sizeof *b->syms, err);
    b->sym_off = lem_alloc_zero((size_t)b->vocab + 1, sizeof *b->sym_off, err);
    if (!b->syms || !b->sym_off) return LEM_EMEM;
    for (size_t i = 0; i < b->blob.len; i++) b->syms[i] = (unsigned char)b->blob.data[i];
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        lem_status st = add_symbol(b, &c, 1, err);
        if (st != LEM_OK) return st;
    }
    for (size_t w = 0; w < b->n_words; w++) {
        lem_status st = count_pairs(b, (uint32_t)w, 1, UINT32_MAX, err);
        if (st != LEM_OK) return st;
    }
    for (uint32_t p = 0; p < b->n_pairs; p++) {
        lem_status st = queue_pair(b, p, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

/* Number of the symbol left+right, made if it is new: two merges may give the same bytes. */
static lem_status join_symbols(lem_bpe_trainer *b, uint32_t left, uint32_t right, uint32_t *made,
                               lem_err *err) {
    lem_buf t = {0};
    lem_buf_add(&t, b->text.data + b->sym_off[left], b->sym_off[left + 1] - b->sym_off[left]);
    lem_buf_add(&t, b->text.data + b->sym_off[right], b->sym_off[right + 1] - b->sym_off[right]);
    lem_status st = lem_buf_ok(&t, err);
    int32_t old = st == LEM_OK ? lem_vocab_find(&b->known, t.data, t.len) : -1;
    *made = old >= 0 ? (uint32_t)old : b->n_syms;
    if (st == LEM_OK && old < 0) st = add_symbol(b, t.data, t.len, err);
    lem_buf_release(&t);
    return st;
}

static lem_status merge_pair(lem_bpe_trainer *b, uint32_t p, lem_err *err) {
    uint64_t key = b->pairs[p].key;
    uint32_t left = (uint32_t)(key >> 32), right = (uint32_t)key, made;
    lem_status st = join_symbols(b, left, right, &made, err);
    if (st != LEM_OK) return st;
    if (!train_grow((void **)&b->merges, b->n_merges, &b->cap_merges, sizeof *b->merges, err))
        return LEM_EMEM;
    b->merges[b->n_merges++] = key;
    uint32_t *words = b->pairs[p].words, n = b->pairs[p].n_words; /* ours now: counting may move b->pairs */
    b->pairs[p].words = NULL;
    b->pairs[p].n_words = b->pairs[p].cap_words = 0;
    b->pairs[p].merged = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!has_pair(b, &b->words[words[i]], left, right)) continue;
        LEM_TRY(count_pairs(b, words[i], -1, 0, err));
        merge_in_word(b, &b->words[words[i]], left, right, made);
        LEM_TRY(count_pairs(b, words[i], 1, made, err));
    }
    for (uint32_t i = 0; i < n; i++) LEM_TRY(queue_word_pairs(b, words[i], made, err));
done:
    lem_free(words);
    return st;
}

static lem_status run_merges(lem_bpe_trainer *b, lem_err *err) {
    uint32_t wanted = (uint32_t)b->vocab - (uint32_t)b->n_special;
    while (b->n_syms < wanted && b->n_queue) {
        queue_item it = pop_queue(b);
        pair *p = &b->pairs[it.pair];
        if (p->merged) continue;
        if (p->count != it.count) {
            if (p->queued != it.count) continue; /* a later item for the pair is in the queue */
            p->queued = 0;
            lem_status st = queue_pair(b, it.pair, err);
            if (st != LEM_OK) return st;
            continue;
        }
        lem_status st = merge_pair(b, it.pair, err);
        if (st != LEM_OK) return st;
    }
    return LEM_OK;
}

lem_status lem_bpe_trainer_merge(lem_bpe_trainer *b, lem_err *err) {
    lem_status st = start_merging(b, err);
    return st == LEM_OK ? run_merges(b, err) : st;
}
