/* decontam_index.c - the index of all n-grams of the test texts, and which of them are stock phrases */
#include "curate/decontam_priv.h"

#include "core/hash.h"
#include "core/mem.h"

#include <string.h>

enum { FILTER_BITS_EACH = 16, MAX_COMPARED = 64 };
#define ALIKE 0.8 /* of the longer text's words: two test texts are one and the same */
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
    d->lead = 1;
    for (int i = 0; i < use.ngram; i++) d->lead *= LEM_ROLL;
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
    lem_free(d->gram);
    lem_free(d->posting);
    lem_free(d->slots);
    lem_free(d->filter);
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
           memcmp(d->word + d->test[test].begin, ids, n * sizeof *ids) == 0;
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
    d->test[*test].same = *test;
    d->test[*test + 1] = (lem_test_text){.begin = d->n_words};
    put_hash(d, *test);
    return LEM_OK;
}

/* ---- n-grams ---- */

static size_t slot_of(const lem_decontam *d, const uint32_t *ids, uint64_t h) {
    size_t last = ((size_t)1 << d->slot_bits) - 1, i = (size_t)(h >> 32) & last;
    size_t bytes = (size_t)d->o.ngram * sizeof *ids;
    for (; d->slots[i].gram; i = (i + 1) & last)
        if (d->slots[i].tag == (uint32_t)h && memcmp(d->word + d->gram[d->slots[i].gram].at, ids, bytes) == 0)
            break;
    return i;
}

uint32_t lem_gram_find(const lem_decontam *d, const uint32_t *ids, uint64_t h) {
    uint64_t bit = h >> (64 - d->filter_bits);
    if (!(d->filter[bit / 64] >> (bit % 64) & 1)) return 0;
    return d->slots[slot_of(d, ids, h)].gram;
}

bool lem_gram_counts(const lem_decontam *d, const lem_gram *g, lem_decontam_part part) {
    return d->o.stock == 0 || g->different[part] < (uint32_t)d->o.stock;
}

/* One more place of an n-gram: its gram, made when it is new, and a posting when the test text is new to it.
 */
static void put_gram(lem_decontam *d, uint32_t test, uint32_t place, uint64_t h) {
    size_t at = d->test[test].begin + place, slot = slot_of(d, d->word + at, h);
    uint64_t bit = h >> (64 - d->filter_bits);
    if (!d->slots[slot].gram) {
        d->slots[slot] = (lem_gram_slot){(uint32_t)h, ++d->n_grams};
        d->gram[d->n_grams] = (lem_gram){.at = at};
        d->filter[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
    lem_gram *g = &d->gram[d->slots[slot].gram];
    if (g->n && d->posting[g->last].test == test) return;
    d->posting[++d->n_postings] = (lem_posting){test, place, 0};
    if (g->n++) d->posting[g->last].next = d->n_postings;
    else g->first = d->n_postings;
    g->last = d->n_postings;
}

static void put_text(lem_decontam *d, uint32_t test) {
    const uint32_t *w = d->word + d->test[test].begin;
    size_t n = lem_test_length(d, test), gram = (size_t)d->o.ngram;
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++) {
        h = h * LEM_ROLL + lem_roll_in(w[i]);
        if (i >= gram) h -= lem_roll_in(w[i - gram]) * d->lead;
        if (i + 1 >= gram) put_gram(d, test, (uint32_t)(i + 1 - gram), lem_roll_end(h));
    }
}

static lem_status room_for_grams(lem_decontam *d, lem_err *err) {
    size_t places = 0, gram = (size_t)d->o.ngram;
    for (uint32_t t = 0; t < d->n_tests; t++) {
        size_t n = lem_test_length(d, t);
        if (n >= gram) places += n + 1 - gram;
    }
    for (d->slot_bits = 10; ((size_t)1 << d->slot_bits) < 2 * places; d->slot_bits++) continue;
    for (d->filter_bits = 13; ((size_t)1 << d->filter_bits) < FILTER_BITS_EACH * places; d->filter_bits++)
        continue;
    d->gram = lem_alloc(places + 1, sizeof *d->gram, err);
    d->posting = lem_alloc(places + 1, sizeof *d->posting, err);
    d->slots = lem_alloc_zero((size_t)1 << d->slot_bits, sizeof *d->slots, err);
    d->filter = lem_alloc_zero(((size_t)1 << d->filter_bits) / 64, sizeof *d->filter, err);
    return d->gram && d->posting && d->slots && d->filter ? LEM_OK : LEM_EMEM;
}

/* ---- test texts that are one and the same ---- */

/* What comparing test texts needs. */
typedef struct pairing {
    lem_decontam *d;
    uint64_t *mask;
    uint8_t *carry;
    uint32_t *compared; /* [n_tests] the last test text + 1 that each was compared with */
    const lem_cancel *cancel;
} pairing;

static uint32_t first_of(lem_decontam *d, uint32_t test) {
    while (d->test[test].same != test) {
        d->test[test].same = d->test[d->test[test].same].same;
        test = d->test[test].same;
    }
    return test;
}

static lem_status compare_tests(pairing *p, uint32_t a, uint32_t b, lem_err *err) {
    lem_decontam *d = p->d;
    size_t n = lem_test_length(d, a), m = lem_test_length(d, b);
    double least = ALIKE * (double)(n > m ? n : m);
    uint32_t lcs = 0, x = first_of(d, a), y = first_of(d, b);
    p->compared[b] = a + 1;
    if (x == y || d->test[a].part != d->test[b].part || (double)(n < m ? n : m) <= least) return LEM_OK;
    lem_status st = lem_lcs_length(d->word + d->test[a].begin, n, d->word + d->test[b].begin, m, p->mask,
                                   p->carry, p->cancel, &lcs, err);
    if (st == LEM_OK && (double)lcs > least) d->test[x < y ? y : x].same = x < y ? x : y;
    return st;
}

/* With all earlier test texts that share an n-gram, but for those that very many share. */
static lem_status compare_with_earlier(pairing *p, uint32_t test, lem_err *err) {
    lem_decontam *d = p->d;
    const uint32_t *w = d->word + d->test[test].begin;
    size_t n = lem_test_length(d, test), gram = (size_t)d->o.ngram;
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++) {
        h = h * LEM_ROLL + lem_roll_in(w[i]);
        if (i >= gram) h -= lem_roll_in(w[i - gram]) * d->lead;
        if (i + 1 < gram) continue;
        const lem_gram *g = &d->gram[lem_gram_find(d, w + i + 1 - gram, lem_roll_end(h))];
        if (g->n < 2 || g->n > MAX_COMPARED) continue;
        for (uint32_t k = g->first; k && d->posting[k].test < test; k = d->posting[k].next) {
            if (p->compared[d->posting[k].test] == test + 1) continue;
            lem_status st = compare_tests(p, test, d->posting[k].test, err);
            if (st) return st;
        }
    }
    return lem_cancel_check(p->cancel, err);
}

/* How many different test texts share each n-gram. seen: [n_tests] of another use, any values. */
static void count_different(lem_decontam *d, uint32_t *seen) {
    memset(seen, 0, d->n_tests * sizeof *seen);
    for (uint32_t k = 1; k <= d->n_grams; k++) {
        lem_gram *g = &d->gram[k];
        for (uint32_t i = g->first; i; i = d->posting[i].next) {
            uint32_t first = first_of(d, d->posting[i].test);
            if (seen[first] == k) continue;
            seen[first] = k;
            g->different[d->test[first].part]++;
        }
    }
}

static lem_status find_stock(lem_decontam *d, const lem_cancel *cancel, lem_err *err) {
    size_t longest = 0;
    lem_status st = LEM_OK;
    for (uint32_t t = 0; t < d->n_tests; t++)
        if (lem_test_length(d, t) > longest) longest = lem_test_length(d, t);
    pairing p = {d, lem_alloc_zero((size_t)d->words.n + 1, sizeof *p.mask, err),
                 lem_alloc(longest + 1, 1, err), lem_alloc_zero(d->n_tests, sizeof *p.compared, err), cancel};
    if (!p.mask || !p.carry || !p.compared) st = LEM_EMEM;
    for (uint32_t t = 0; st == LEM_OK && t < d->n_tests; t++) st = compare_with_earlier(&p, t, err);
    if (st == LEM_OK) count_different(d, p.compared);
    lem_free(p.mask);
    lem_free(p.carry);
    lem_free(p.compared);
    return st;
}

lem_status lem_decontam_seal(lem_decontam *d, const lem_cancel *cancel, lem_err *err) {
    if (d->sealed) return LEM_OK;
    lem_status st = room_for_grams(d, err);
    for (uint32_t t = 0; st == LEM_OK && t < d->n_tests; t++) {
        put_text(d, t);
        st = lem_cancel_check(cancel, err);
    }
    if (st == LEM_OK && d->o.stock && d->n_tests) st = find_stock(d, cancel, err);
    d->sealed = st == LEM_OK;
    return st;
}
