/* bpe_train_priv.h - the state of learning a BPE vocabulary: counted words, then pairs and the queue of pairs
 *
 * bpe_train.c counts words, bpe_train_merge.c chooses merges, bpe_train_write.c writes the tokenizer.json. */
#ifndef LEM_TOKEN_BPE_TRAIN_PRIV_H
#define LEM_TOKEN_BPE_TRAIN_PRIV_H

#include "core/mem.h"
#include "token/tokenizer_priv.h"

typedef struct word {
    uint32_t off, len; /* in blob while counting; in syms while merging */
    int64_t count;
} word;
typedef struct pair {
    uint64_t key; /* left << 32 | right */
    int64_t count, queued;
    uint32_t *words; /* that contain it, or did */
    uint32_t n_words, cap_words;
    bool merged, gained; /* gained: it is in the list of that name */
} pair;
typedef struct queue_item {
    int64_t count;
    uint32_t pair;
} queue_item;

struct lem_bpe_trainer {
    int32_t vocab;
    tok_pre_kind pattern;
    int64_t max_length;
    const lem_cancel *cancel;
    tok_added *special;
    size_t n_special;
    tok_trie trie;
    lem_buf blob; /* bytes of the words */
    word *words;
    uint32_t *slot; /* word index + 1; 0 = free */
    size_t n_words, cap_words, n_slots;
    /* merging */
    uint32_t *syms; /* symbol numbers: 0..255 bytes, then merges */
    lem_buf text;   /* bytes of all symbols */
    uint32_t *sym_off;
    uint32_t n_syms;
    pair *pairs;
    uint32_t n_pairs, cap_pairs;
    uint32_t *pair_slot; /* pair index + 1 */
    size_t n_pair_slots;
    uint32_t *gained; /* pairs that a merge added to: to be queued after it */
    size_t n_gained, cap_gained;
    queue_item *queue;
    size_t n_queue, cap_queue;
    uint64_t *merges; /* pair keys in order */
    size_t n_merges, cap_merges;
    tok_vocab known; /* bytes of a symbol -> its number */
};

/* Doubles an array when it is full. */
static inline bool train_grow(void **p, size_t n, size_t *cap, size_t size, lem_err *err) {
    if (n < *cap) return true;
    size_t c = *cap ? *cap * 2 : 256;
    void *q = lem_realloc(*p, c, size, err);
    if (!q) return false;
    *p = q;
    *cap = c;
    return true;
}

/* Learns merges until there are as many symbols as wanted, or no pair occurs twice. */
lem_status lem_bpe_trainer_merge(lem_bpe_trainer *b, lem_err *err) LEM_MUST_CHECK;
/* Appends the text of a tokenizer.json with what was learned. */
lem_status lem_bpe_trainer_write(const lem_bpe_trainer *b, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

#endif
