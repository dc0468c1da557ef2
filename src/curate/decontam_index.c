/* decontam_index.c - the test texts: their words, and which are of the same words */
#include "curate/decontam_priv.h"

#include "core/hash.h"
#include "core/mem.h"

#include <string.h>

static const uint32_t no_test = UINT32_MAX;

lem_status lem_decontam_new(const lem_decontam_opts *o, lem_decontam **out, lem_err *err) {
    lem_decontam_opts use = o ? *o : (lem_decontam_opts){13, 0.6, LEM_DECONTAM_TRAIN, 3};
    if (use.ngram == 0) use.ngram = 13;
    if (use.ngram < 1 || use.ngram > LEM_DECONTAM_MAX_NGRAM)
        return lem_fail(err, LEM_EUSAGE, "n-grams of 1 to %d words expected, found %d",
                        LEM_DECONTAM_MAX_NGRAM, use.ngram);
    lem_decontam *d = lem_alloc_zero(1, sizeof *d, err);
    if (!d) return LEM_EMEM;
    d->o = use;
    *out = d;
    return LEM_OK;
}

void lem_decontam_free(lem_decontam *d) {
    if (!d) return;
    lem_vocabulary_release(&d->words);
    lem_word_ids_release(&d->now);
    lem_free(d->word);
    lem_free(d->test);
    lem_free(d->by_hash);
    lem_grams_release(&d->grams);
    lem_grams_release(&d->brief);
    lem_free(d);
}

uint32_t lem_decontam_tests(const lem_decontam *d) { return d->n_tests; }

/* ---- whole texts ---- */

static uint64_t hash_of(const uint32_t *ids, size_t n) {
    uint64_t h = n;
    for (size_t i = 0; i < n; i++) h = h * LEM_ROLL + lem_roll_in(ids[i]);
    return lem_roll_end(h);
}

static bool is_text(const lem_decontam *d, uint32_t test, const uint32_t *ids, size_t n,
                    lem_decontam_part part) {
    return d->test[test].part == part && lem_test_length(d, test) == n &&
           memcmp(lem_test_words(d, test), ids, n * sizeof *ids) == 0;
}

uint32_t lem_test_find(const lem_decontam *d, const uint32_t *ids, size_t n, lem_decontam_part part) {
    if (!d->by_hash || n == 0) return no_test;
    size_t last = ((size_t)1 << d->hash_bits) - 1;
    uint64_t h = hash_of(ids, n);
    for (size_t i = (size_t)h & last; d->by_hash[i]; i = (i + 1) & last)
        if (d->test[d->by_hash[i] - 1].hash == h && is_text(d, d->by_hash[i] - 1, ids, n, part))
            return d->by_hash[i] - 1;
    return no_test;
}

static void put_hash(lem_decontam *d, uint32_t test) {
    size_t last = ((size_t)1 << d->hash_bits) - 1, i = (size_t)d->test[test].hash & last;
    while (d->by_hash[i]) i = (i + 1) & last;
    d->by_hash[i] = test + 1;
}

static lem_status room_for_test(lem_decontam *d, size_t words, lem_err *err) {
    if (d->n_words + words > d->cap_words) {
        size_t cap = d->cap_words ? d->cap_words : 4096;
        while (cap < d->n_words + words) cap *= 2;
        uint32_t *w = lem_realloc(d->word, cap, sizeof *w, err);
        if (!w) return LEM_EMEM;
        d->word = w;
        d->cap_words = cap;
    }
    if ((size_t)d->n_tests + 2 > d->cap_tests) {
        size_t cap = d->cap_tests ? 2 * d->cap_tests : 256;
        lem_test_text *t = lem_realloc(d->test, cap, sizeof *t, err);
        if (!t) return LEM_EMEM;
        d->test = t;
        d->cap_tests = cap;
        if (d->n_tests == 0) t[0] = (lem_test_text){0};
    }
    if (d->by_hash && (size_t)d->n_tests + 1 < ((size_t)1 << d->hash_bits) / 2) return LEM_OK;
    int bits = d->by_hash ? d->hash_bits + 1 : 8;
    uint32_t *slots = lem_alloc_zero((size_t)1 << bits, sizeof *slots, err);
    if (!slots) return LEM_EMEM;
    lem_free(d->by_hash);
    d->by_hash = slots;
    d->hash_bits = bits;
    for (uint32_t t = 0; t < d->n_tests; t++) put_hash(d, t);
    return LEM_OK;
}

lem_status lem_decontam_add_test(lem_decontam *d, const char *text, size_t len, lem_decontam_part part,
                                 uint32_t *test, lem_err *err) {
    lem_status st = lem_vocabulary_add(&d->words, text, len, &d->now, err);
    if (st) return st;
    *test = no_test;
    if (d->now.n == 0) return LEM_OK;
    *test = lem_test_find(d, d->now.id, d->now.n, part);
    if (*test != no_test) return LEM_OK;
    if (d->n_tests >= UINT32_MAX - 2 || d->n_words + d->now.n >= UINT32_MAX)
        return lem_fail(err, LEM_EDATA, "test texts of over 2^32 words");
    st = room_for_test(d, d->now.n, err);
    if (st) return st;
    memcpy(d->word + d->n_words, d->now.id, d->now.n * sizeof *d->word);
    d->n_words += d->now.n;
    *test = d->n_tests++;
    d->test[*test].hash = hash_of(d->now.id, d->now.n);
    d->test[*test].part = part;
    d->test[*test].prose = 0;
    for (size_t i = 0; i < d->now.n; i++)
        d->test[*test].prose += lem_vocabulary_prose(&d->words, d->now.id[i]);
    d->test[*test + 1] = (lem_test_text){.begin = d->n_words};
    put_hash(d, *test);
    return LEM_OK;
}

lem_status lem_decontam_seal(lem_decontam *d, const lem_cancel *cancel, lem_err *err) {
    if (d->sealed) return LEM_OK;
    size_t n = (size_t)d->o.ngram, half = (n + 1) / 2;
    lem_status st = lem_grams_make(d, &d->grams, n, cancel, err);
    if (st == LEM_OK && !d->o.paper && half < n) st = lem_grams_make(d, &d->brief, half, cancel, err);
    if (st == LEM_OK && d->brief.n) lem_grams_forget_stock(d, &d->brief, LEM_DECONTAM_PROMPT);
    d->sealed = st == LEM_OK;
    return st;
}
