/* decontam_grams.c - tables of all n-grams of the test texts, and which of them are stock phrases */
#include "core/mem.h"
#include "curate/decontam_priv.h"

#include <string.h>

enum { GRAMS_EACH_WORD = 4 }; /* of the filter, at most */

void lem_grams_release(lem_gram_table *t) {
    lem_free(t->gram);
    lem_free(t->posting);
    lem_free(t->slots);
    lem_free(t->filter);
    *t = (lem_gram_table){0};
}

/* The slot that the n-gram has or would have. */
static size_t slot_of(const lem_decontam *d, const lem_gram_table *t, const uint32_t *ids, uint64_t h) {
    size_t last = ((size_t)1 << t->slot_bits) - 1, i = (size_t)(h >> 32) & last;
    for (; t->slots[i].gram; i = (i + 1) & last)
        if (t->slots[i].tag == (uint32_t)h &&
            memcmp(d->word + t->gram[t->slots[i].gram].at, ids, t->n * sizeof *ids) == 0)
            break;
    return i;
}

uint32_t lem_gram_find(const lem_decontam *d, const lem_gram_table *t, const uint32_t *ids, uint64_t h) {
    if (!lem_gram_may_be(t, h)) return 0;
    return t->slots[slot_of(d, t, ids, h)].gram;
}

bool lem_gram_counts(const lem_decontam *d, const lem_gram *g, lem_decontam_part part) {
    return d->o.stock == 0 || g->tests[part] < (uint32_t)d->o.stock;
}

/* One more place of an n-gram: its gram, made when it is new, and a posting when the test text is new to it.
 */
static void put_gram(const lem_decontam *d, lem_gram_table *t, uint32_t test, uint32_t place, uint64_t h) {
    size_t at = d->test[test].begin + place, slot = slot_of(d, t, d->word + at, h);
    if (!t->slots[slot].gram) {
        t->slots[slot] = (lem_gram_slot){(uint32_t)h, ++t->n_grams};
        t->gram[t->n_grams] = (lem_gram){.at = at};
        *lem_filter_word(t, h) |= lem_filter_bits(h);
    }
    lem_gram *g = &t->gram[t->slots[slot].gram];
    if (g->last && t->posting[g->last].test == test) return;
    t->posting[++t->n_postings] = (lem_posting){test, place, 0};
    if (g->last) t->posting[g->last].next = t->n_postings;
    else g->first = t->n_postings;
    g->last = t->n_postings;
    g->tests[d->test[test].part]++;
}

static void put_text(const lem_decontam *d, lem_gram_table *t, uint32_t test) {
    const uint32_t *w = lem_test_words(d, test);
    size_t n = lem_test_length(d, test);
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++) {
        h = h * LEM_ROLL + lem_roll_in(w[i]);
        if (i >= t->n) h -= lem_roll_in(w[i - t->n]) * t->lead;
        if (i + 1 >= t->n) put_gram(d, t, test, (uint32_t)(i + 1 - t->n), lem_roll_end(h));
    }
}

static lem_status make_room(const lem_decontam *d, lem_gram_table *t, lem_err *err) {
    size_t places = 0;
    for (uint32_t k = 0; k < d->n_tests; k++) {
        size_t n = lem_test_length(d, k);
        if (n >= t->n) places += n + 1 - t->n;
    }
    for (t->slot_bits = 10; ((size_t)1 << t->slot_bits) < 2 * places; t->slot_bits++) continue;
    for (t->filter_bits = 8; GRAMS_EACH_WORD * ((size_t)1 << t->filter_bits) < places; t->filter_bits++)
        continue;
    t->gram = lem_alloc(places + 1, sizeof *t->gram, err);
    t->posting = lem_alloc(places + 1, sizeof *t->posting, err);
    t->slots = lem_alloc_zero((size_t)1 << t->slot_bits, sizeof *t->slots, err);
    t->filter = lem_alloc_zero((size_t)1 << t->filter_bits, sizeof *t->filter, err);
    return t->gram && t->posting && t->slots && t->filter ? LEM_OK : LEM_EMEM;
}

lem_status lem_grams_make(const lem_decontam *d, lem_gram_table *t, size_t n, const lem_cancel *cancel,
                          lem_err *err) {
    t->n = n;
    t->lead = 1;
    for (size_t i = 0; i < n; i++) t->lead *= LEM_ROLL;
    lem_status st = make_room(d, t, err);
    for (uint32_t k = 0; st == LEM_OK && k < d->n_tests; k++) {
        put_text(d, t, k);
        st = lem_cancel_check(cancel, err);
    }
    return st;
}

void lem_grams_forget_stock(const lem_decontam *d, lem_gram_table *t, lem_decontam_part part) {
    memset(t->filter, 0, ((size_t)1 << t->filter_bits) * sizeof *t->filter);
    for (uint32_t k = 1; k <= t->n_grams; k++) {
        const lem_gram *g = &t->gram[k];
        uint64_t h = 0;
        if (!g->tests[part] || !lem_gram_counts(d, g, part)) continue;
        for (size_t i = 0; i < t->n; i++) h = h * LEM_ROLL + lem_roll_in(d->word[g->at + i]);
        h = lem_roll_end(h);
        *lem_filter_word(t, h) |= lem_filter_bits(h);
    }
}
