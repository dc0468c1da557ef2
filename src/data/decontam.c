/* decontam.c - shared 13-grams, then longest common subsequence by bit-parallel rows */
#include "data/decontam.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 4096, MAX_COMPARED = 64 };

typedef struct gram {
    uint64_t hash;
    int test;
} gram;

struct lem_decontam {
    lem_decontam_opts o;
    uint64_t *words; /* of all test prompts, as hashes */
    size_t n_words, cap_words;
    size_t *start; /* [n_tests+1] */
    int n_tests, cap_tests;
    gram *grams; /* sorted when `sorted` */
    size_t n_grams, cap_grams;
    bool sorted;
    uint64_t *buf; /* [MAX_WORDS] words of the prompt at hand */
};

lem_status lem_decontam_new(const lem_decontam_opts *o, lem_decontam **out, lem_err *err) {
    lem_decontam *d = lem_alloc_zero(1, sizeof *d, err);
    if (!d) return LEM_EMEM;
    d->o = o ? *o : (lem_decontam_opts){0, 0};
    if (d->o.ngram <= 0) d->o.ngram = 13;
    if (d->o.lcs == 0) d->o.lcs = 0.6;
    d->buf = lem_alloc(MAX_WORDS, sizeof *d->buf, err);
    d->start = lem_alloc_zero(2, sizeof *d->start, err);
    d->cap_tests = 1;
    if (!d->buf || !d->start) {
        lem_decontam_free(d);
        return LEM_EMEM;
    }
    *out = d;
    return LEM_OK;
}

void lem_decontam_free(lem_decontam *d) {
    if (!d) return;
    lem_free(d->words);
    lem_free(d->start);
    lem_free(d->grams);
    lem_free(d->buf);
    lem_free(d);
}

/* ASCII letters and digits, and any other character above 127. */
static bool of_word(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c > 127;
}

static char lowered(unsigned char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

/* Words as hashes: ASCII letters lowered; punctuation separates. Words past MAX_WORDS are not looked at. */
static int split(const char *text, uint64_t *out) {
    int n = 0;
    char word[64];
    size_t len = 0;
    for (const unsigned char *p = (const unsigned char *)text;; p++) {
        bool in = of_word(*p);
        if (in && len < sizeof word) word[len++] = lowered(*p);
        if (!in && len) {
            if (n < MAX_WORDS) out[n++] = lem_hash64(word, len, 0);
            len = 0;
        }
        if (!*p) return n;
    }
}

static uint64_t gram_at(const uint64_t *w, int n) { return lem_hash64(w, (size_t)n * sizeof *w, 1); }

static lem_status add_gram(lem_decontam *d, uint64_t hash, int test, lem_err *err) {
    if (d->n_grams == d->cap_grams) {
        size_t cap = d->cap_grams ? d->cap_grams * 2 : 1024;
        gram *g = lem_realloc(d->grams, cap, sizeof *g, err);
        if (!g) return LEM_EMEM;
        d->grams = g;
        d->cap_grams = cap;
    }
    d->grams[d->n_grams++] = (gram){hash, test};
    d->sorted = false;
    return LEM_OK;
}

lem_status lem_decontam_add_test(lem_decontam *d, const char *prompt, lem_err *err) {
    int n = split(prompt, d->buf);
    if (d->n_words + (size_t)n > d->cap_words) {
        size_t cap = d->cap_words ? d->cap_words * 2 : 4096;
        while (cap < d->n_words + (size_t)n) cap *= 2;
        uint64_t *w = lem_realloc(d->words, cap, sizeof *w, err);
        if (!w) return LEM_EMEM;
        d->words = w;
        d->cap_words = cap;
    }
    if (d->n_tests == d->cap_tests) {
        size_t *s = lem_realloc(d->start, (size_t)d->cap_tests * 2 + 1, sizeof *s, err);
        if (!s) return LEM_EMEM;
        d->start = s;
        d->cap_tests *= 2;
    }
    if (n) memcpy(d->words + d->n_words, d->buf, (size_t)n * sizeof *d->buf);
    d->n_words += (size_t)n;
    d->start[d->n_tests + 1] = d->n_words;
    int test = d->n_tests++;
    lem_status st =
        add_gram(d, gram_at(d->buf, n), test, err); /* the whole prompt, for equal ones of any length */
    for (int i = 0; st == LEM_OK && i + d->o.ngram <= n; i++)
        st = add_gram(d, gram_at(d->buf + i, d->o.ngram), test, err);
    return st;
}

static int by_hash(const void *a, const void *b) {
    const gram *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->test > y->test) - (x->test < y->test);
}

static const gram *first_gram(const lem_decontam *d, uint64_t hash) {
    size_t lo = 0, hi = d->n_grams;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (d->grams[mid].hash < hash) lo = mid + 1;
        else hi = mid;
    }
    return lo < d->n_grams && d->grams[lo].hash == hash ? &d->grams[lo] : NULL;
}

/* Length of the longest common subsequence: one bit row over a, updated for each word of b (Hyyrö 2004,
 * "Bit-parallel LCS-length computation revisited"): V = (V + (V & M)) | (V & ~M), zeros of V counted. */
static int lcs_length(const uint64_t *a, int n, const uint64_t *b, int m) {
    uint64_t v[MAX_WORDS / 64];
    int words = (n + 63) / 64, zeros = 0;
    for (int i = 0; i < words; i++) v[i] = ~(uint64_t)0;
    for (int j = 0; j < m; j++) {
        unsigned carry = 0;
        for (int i = 0; i < words; i++) {
            uint64_t match = 0;
            int top = n - 64 * i < 64 ? n - 64 * i : 64;
            for (int k = 0; k < top; k++) match |= (uint64_t)(a[64 * i + k] == b[j]) << k;
            uint64_t u = v[i] & match, sum = v[i] + u, total = sum + carry;
            carry = (sum < v[i]) | (total < sum);
            v[i] = total | (v[i] & ~match);
        }
    }
    for (int i = 0; i < n; i++) zeros += !(v[i / 64] >> (i % 64) & 1);
    return zeros;
}

typedef struct check { /* of one prompt of n words in d->buf */
    const lem_decontam *d;
    int n, compared[MAX_COMPARED], n_compared;
    lem_decontam_hit hit;
} check;

static bool was_compared(const check *c, int test) {
    for (int i = 0; i < c->n_compared; i++)
        if (c->compared[i] == test) return true;
    return false;
}

static void compare(check *c, int test) {
    const lem_decontam *d = c->d;
    if (was_compared(c, test) || c->n_compared == MAX_COMPARED) return;
    c->compared[c->n_compared++] = test;
    const uint64_t *t = d->words + d->start[test];
    int words = (int)(d->start[test + 1] - d->start[test]);
    double ratio = c->n ? (double)lcs_length(d->buf, c->n, t, words) / c->n : 1;
    if (c->hit.test < 0 || ratio > c->hit.ratio) {
        c->hit.test = test;
        c->hit.ratio = ratio;
    }
    if (d->o.lcs < 0 || ratio > d->o.lcs) c->hit.contaminated = true;
}

/* With every test prompt that has this n-gram. */
static void compare_sharers(check *c, uint64_t hash) {
    const gram *end = c->d->grams + c->d->n_grams;
    for (const gram *g = first_gram(c->d, hash); g && g < end && g->hash == hash; g++) compare(c, g->test);
}

lem_status lem_decontam_check(lem_decontam *d, const char *prompt, lem_decontam_hit *out, lem_err *err) {
    (void)err;
    if (!d->sorted && d->n_grams) {
        qsort(d->grams, d->n_grams, sizeof *d->grams, by_hash);
        d->sorted = true;
    }
    check c = {.d = d, .n = split(prompt, d->buf), .hit = {false, -1, 0}};
    compare_sharers(&c, gram_at(d->buf, c.n)); /* the whole prompt first */
    for (int i = 0; i + d->o.ngram <= c.n; i++) compare_sharers(&c, gram_at(d->buf + i, d->o.ngram));
    *out = c.hit;
    return LEM_OK;
}
