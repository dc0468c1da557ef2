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

static lem_status add_pair(lem_bpe_trainer *b, uint32_t w, uint32_t left, uint32_t right, uint32_t *p,
                           lem_err *err) {
    lem_status st = need_pair(b, left, right, p, err);
    if (st != LEM_OK) return st;
    b->pairs[*p].count += b->words[w].count;
    return note_word(&b->pairs[*p], w, err);
}

static lem_status count_word_pairs(lem_bpe_trainer *b, uint32_t w, lem_err *err) {
    const word *x = &b->words[w];
    const uint32_t *s = b->syms + x->off;
    lem_status st = LEM_OK;
    for (uint32_t i = 0, p; i + 1 < x->len && st == LEM_OK; i++) st = add_pair(b, w, s[i], s[i + 1], &p, err);
    return st;
}

/* ---- one merge in one word; only the pairs beside the merged symbols change */

typedef struct merge {
    uint32_t left, right, made;
} merge;

/* A pair of the word that was (left, right) is now (new_left, new_right). */
static lem_status replace_pair(lem_bpe_trainer *b, uint32_t w, uint32_t left, uint32_t right,
                               uint32_t new_left, uint32_t new_right, lem_err *err) {
    uint32_t p;
    lem_status st = need_pair(b, left, right, &p, err);
    if (st != LEM_OK) return st;
    b->pairs[p].count -= b->words[w].count;
    st = add_pair(b, w, new_left, new_right, &p, err);
    if (st != LEM_OK || b->pairs[p].gained) return st;
    if (!train_grow((void **)&b->gained, b->n_gained, &b->cap_gained, sizeof *b->gained, err))
        return LEM_EMEM;
    b->gained[b->n_gained++] = p;
    b->pairs[p].gained = true;
    return LEM_OK;
}

/* Place of the next (left, right) in s[i..n), or n. */
static uint32_t find_pair(const uint32_t *s, uint32_t i, uint32_t n, const merge *m) {
    const uint32_t both[2] = {m->left, m->right};
    while (i + 1 < n && memcmp(s + i, both, sizeof both) != 0) i++;
    return i + 1 < n ? i : n;
}

/* Replaces m->left, m->right by m->made. p is the number of that pair. */
static lem_status merge_in_word(lem_bpe_trainer *b, uint32_t w, uint32_t p, const merge *m, lem_err *err) {
    word *x = &b->words[w];
    uint32_t *s = b->syms + x->off, len = x->len, i = find_pair(s, 0, len, m), n = i;
    bool after = false; /* s[n - 1] was made just now; s[i - 1] was m->right */
    lem_status st = LEM_OK;
    for (uint32_t next = i; i < len; next = find_pair(s, i, len, m)) {
        if (next > i) {
            if (after) LEM_TRY(replace_pair(b, w, m->right, s[i], m->made, s[i], err));
            memmove(s + n, s + i, (next - i) * sizeof *s);
            n += next - i;
            i = next;
            after = false;
            continue;
        }
        if (n) LEM_TRY(replace_pair(b, w, after ? m->right : s[n - 1], m->left, s[n - 1], m->made, err));
        b->pairs[p].count -= x->count;
        s[n++] = m->made;
        i += 2;
        after = true;
    }
    x->len = n;
done:
    return st;
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
        lem_status st = lem_tok_check(b->cancel, err);
        if (st == LEM_OK) st = count_word_pairs(b, (uint32_t)w, err);
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

static lem_status queue_gained(lem_bpe_trainer *b, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; i < b->n_gained && st == LEM_OK; i++) {
        b->pairs[b->gained[i]].gained = false;
        st = queue_pair(b, b->gained[i], err);
    }
    b->n_gained = 0;
    return st;
}

static lem_status merge_pair(lem_bpe_trainer *b, uint32_t p, lem_err *err) {
    uint64_t key = b->pairs[p].key;
    merge m = {.left = (uint32_t)(key >> 32), .right = (uint32_t)key};
    lem_status st = join_symbols(b, m.left, m.right, &m.made, err);
    if (st != LEM_OK) return st;
    if (!train_grow((void **)&b->merges, b->n_merges, &b->cap_merges, sizeof *b->merges, err))
        return LEM_EMEM;
    b->merges[b->n_merges++] = key;
    uint32_t *words = b->pairs[p].words, n = b->pairs[p].n_words; /* ours now: counting may move b->pairs */
    b->pairs[p].words = NULL;
    b->pairs[p].n_words = b->pairs[p].cap_words = 0;
    b->pairs[p].merged = true;
    for (uint32_t i = 0; i < n; i++) {
        LEM_TRY(lem_tok_check(b->cancel, err));
        LEM_TRY(merge_in_word(b, words[i], p, &m, err));
    }
    st = queue_gained(b, err);
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
