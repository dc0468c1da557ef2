/* decontam_priv.h - the parts of decontamination: words by number, the index of test texts, common
 * subsequences */
#ifndef LEM_CURATE_DECONTAM_PRIV_H
#define LEM_CURATE_DECONTAM_PRIV_H

#include "curate/decontam.h"

/* ---- words by number (decontam_words.c) ---- */

/* A word of at most 8 bytes is its own key; of a longer one the key is a hash, and the bytes are compared. */
typedef struct lem_word_slot {
    uint64_t key;
    uint32_t id;    /* from 1; 0 = an empty slot */
    uint32_t whole; /* the key is the word */
} lem_word_slot;

/* Numbers of all words of the test texts; zeroed = empty. */
typedef struct lem_vocabulary {
    lem_word_slot *slots; /* [1 << bits], open addressing */
    int bits;
    uint32_t n;    /* words; their numbers are 1..n */
    lem_buf text;  /* the words' bytes */
    size_t *begin; /* [n + 2] of word i in text: [begin[i], begin[i + 1]) */
    size_t cap;
} lem_vocabulary;
void lem_vocabulary_release(lem_vocabulary *v);

/* Numbers of the words of a text, in order; zeroed = empty. */
typedef struct lem_word_ids {
    lem_buf normal; /* of the text */
    uint32_t *id;   /* [n]; 0 = a word that no test text has */
    size_t n, cap;
} lem_word_ids;
void lem_word_ids_release(lem_word_ids *w);
/* Of a text whose words are added to v. */
lem_status lem_vocabulary_add(lem_vocabulary *v, const char *text, size_t len, lem_word_ids *out,
                              lem_err *err) LEM_MUST_CHECK;
/* Of any text. */
lem_status lem_vocabulary_find(const lem_vocabulary *v, const char *text, size_t len, lem_word_ids *out,
                               lem_err *err) LEM_MUST_CHECK;

/* The numbers of those words of the text at hand that are prose (three bytes or more, no ASCII digit; a Han
 * character is one), in order, into out [w->n]; returns how many. */
size_t lem_prose_of(const lem_word_ids *w, uint32_t *out);
bool lem_vocabulary_prose(const lem_vocabulary *v, uint32_t id);

/* ---- common subsequences (decontam_lcs.c) ---- */

/* Length of the longest common subsequence of a[n] and b[m]; numbers in b are not 0. Bit-parallel, n * m / 64
 * steps. mask is [largest number in a or b + 1] zeros, and is so afterwards; carry is [n]. LEM_EINTR once
 * cancel says so. */
lem_status lem_lcs_length(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint64_t *mask,
                          uint8_t *carry, const lem_cancel *cancel, uint32_t *out,
                          lem_err *err) LEM_MUST_CHECK;

/* ---- the index (decontam_grams.c, decontam_index.c) ---- */

typedef struct lem_gram { /* an n-gram of the test texts */
    size_t at;            /* where it stands first, in words */
    uint32_t first, last; /* of its postings: one for each test text that has it */
    uint32_t tests[2];    /* how many of them, by part */
} lem_gram;
typedef struct lem_posting {
    uint32_t test, place,
        next; /* place: word of the test text where the n-gram stands first; next: 0 = none */
} lem_posting;
typedef struct lem_gram_slot {
    uint32_t tag, gram; /* gram: from 1; 0 = an empty slot */
} lem_gram_slot;

/* All n-grams of one n. */
typedef struct lem_gram_table {
    size_t n;
    uint64_t lead;        /* multiplier ^ n, for rolling */
    lem_gram *gram;       /* [n_grams + 1], from 1 */
    lem_posting *posting; /* [n_postings + 1], from 1 */
    uint32_t n_grams, n_postings;
    lem_gram_slot *slots; /* [1 << slot_bits] */
    int slot_bits;
    uint64_t *filter; /* [1 << filter_bits] words: lem_gram_may_be */
    int filter_bits;
} lem_gram_table;

typedef struct lem_test_text {
    size_t begin; /* in words; it ends where the next begins */
    uint64_t hash;
    lem_decontam_part part;
    uint32_t prose; /* words of prose */
} lem_test_text;

struct lem_decontam {
    lem_decontam_opts o;
    lem_vocabulary words;
    lem_word_ids now; /* of the text at hand */
    uint32_t *word;   /* [n_words] of all test texts */
    size_t n_words, cap_words;
    lem_test_text *test; /* [n_tests + 1] */
    uint32_t n_tests;
    size_t cap_tests;
    uint32_t *by_hash; /* [1 << hash_bits] test text + 1 by the hash of all its words; 0 = empty */
    int hash_bits;
    bool sealed;
    lem_gram_table grams; /* once sealed; of the n that was asked for */
    lem_gram_table brief; /* of half of it, for reworded texts; n 0 = none */
};

static inline size_t lem_test_length(const lem_decontam *d, uint32_t test) {
    return d->test[test + 1].begin - d->test[test].begin;
}
static inline const uint32_t *lem_test_words(const lem_decontam *d, uint32_t test) {
    return d->word + d->test[test].begin;
}

/* The rolling hash of n-grams: h' = h * LEM_ROLL + lem_roll_in(id), less lem_roll_in(id that leaves) * lead.
 * Its high bits are good after lem_roll_end. */
#define LEM_ROLL UINT64_C(0x9E3779B97F4A7C15)
static inline uint64_t lem_roll_in(uint32_t id) { return id * UINT64_C(0xD6E8FEB86659FD93); }
static inline uint64_t lem_roll_end(uint64_t h) {
    h ^= h >> 32;
    h *= UINT64_C(0xBF58476D1CE4E5B9);
    return h ^ h >> 29;
}

/* Fills the table with the n-grams of all test texts. */
lem_status lem_grams_make(const lem_decontam *d, lem_gram_table *t, size_t n, const lem_cancel *cancel,
                          lem_err *err) LEM_MUST_CHECK;
void lem_grams_release(lem_gram_table *t);
/* From now on only n-grams that count for that part are found, but for a few by chance. */
void lem_grams_forget_stock(const lem_decontam *d, lem_gram_table *t, lem_decontam_part part);
/* The filter: three bits of one word for each n-gram (a Bloom filter of one word's width), so that most
 * n-grams that no test text has cost one access to memory. */
static inline uint64_t lem_filter_bits(uint64_t h) {
    return UINT64_C(1) << (h & 63) | UINT64_C(1) << (h >> 6 & 63) | UINT64_C(1) << (h >> 12 & 63);
}
static inline uint64_t *lem_filter_word(const lem_gram_table *t, uint64_t h) {
    return &t->filter[h >> (64 - t->filter_bits)];
}
/* Whether the filter lets a finished rolling hash through. */
static inline bool lem_gram_may_be(const lem_gram_table *t, uint64_t h) {
    return (*lem_filter_word(t, h) & lem_filter_bits(h)) == lem_filter_bits(h);
}
/* The n-gram of these words, whose finished rolling hash is h; 0 = none of the test texts has it. */
uint32_t lem_gram_find(const lem_decontam *d, const lem_gram_table *t, const uint32_t *ids, uint64_t h);
/* Whether the n-gram counts for test texts of that part. */
bool lem_gram_counts(const lem_decontam *d, const lem_gram *g, lem_decontam_part part);
/* The test text of these words and part; UINT32_MAX = none. */
uint32_t lem_test_find(const lem_decontam *d, const uint32_t *ids, size_t n, lem_decontam_part part);

#endif
