/* decontam.c - shared n-grams, then common subsequences, then the rule */
#include "curate/decontam.h"

#include "core/mem.h"
#include "curate/decontam_priv.h"

#include <stdlib.h>

/* What the default asks for beside the paper's rule; the header and docs/decontamination.md say why. */
#define WHOLE 0.5          /* of the longer text: a subsequence that needs no long run */
#define CONTAINED 0.85     /* of the test text, in the stretch around the shared run */
#define REWORDED 0.75      /* of the prose of the text that has more of it */
enum { LEAST_PROSE = 15 }; /* common words of prose */

struct lem_decontam_work {
    lem_word_ids now;
    uint32_t *prose[2]; /* [cap_prose[]] of the text at hand, and of a test text */
    size_t n_prose, cap_prose[2];
    bool prose_known; /* prose[0] is of the text at hand */
    uint64_t *mask;   /* [words + 1] zeros */
    uint8_t *carry;   /* [cap_carry] */
    size_t cap_carry;
    uint32_t *place;              /* [n_tests] where in match each test text is, + 1; 0 = not */
    lem_decontam_match *match;    /* [n] */
    uint32_t *last, *at, *length; /* [n] the run that ends at the last shared n-gram: its places, its words */
    size_t n, cap;
};

lem_status lem_decontam_work_new(const lem_decontam *d, lem_decontam_work **out, lem_err *err) {
    lem_decontam_work *w = lem_alloc_zero(1, sizeof *w, err);
    if (!w) return LEM_EMEM;
    w->mask = lem_alloc_zero((size_t)d->words.n + 1, sizeof *w->mask, err);
    w->place = lem_alloc_zero((size_t)d->n_tests + 1, sizeof *w->place, err);
    if (!w->mask || !w->place) {
        lem_decontam_work_free(w);
        return LEM_EMEM;
    }
    *out = w;
    return LEM_OK;
}

void lem_decontam_work_free(lem_decontam_work *w) {
    if (!w) return;
    lem_word_ids_release(&w->now);
    lem_free(w->prose[0]);
    lem_free(w->prose[1]);
    lem_free(w->mask);
    lem_free(w->carry);
    lem_free(w->place);
    lem_free(w->match);
    lem_free(w->last);
    lem_free(w->at);
    lem_free(w->length);
    lem_free(w);
}

const char *lem_decontam_rule_name(lem_decontam_rule r) {
    static const char *const names[LEM_DECONTAM_N_RULES] = {"none",      "exact",     "ngram",
                                                            "ngram+lcs", "contained", "reworded"};
    return r < LEM_DECONTAM_N_RULES ? names[r] : "none";
}

double lem_decontam_share(const lem_decontam_match *m, lem_decontam_length length) {
    uint32_t less = m->train_words < m->test_words ? m->train_words : m->test_words;
    uint32_t more = m->train_words < m->test_words ? m->test_words : m->train_words;
    const uint32_t of[] = {m->train_words, m->test_words, less, more};
    return of[length] ? (double)m->lcs / of[length] : 0;
}

static bool grow(void *list, size_t cap, size_t size) {
    void **at = list;
    void *p = lem_realloc(*at, cap, size, NULL);
    if (p) *at = p;
    return p != NULL;
}

/* The match with a test text, made when it is new; NULL = out of memory. */
static lem_decontam_match *match_of(lem_decontam_work *w, const lem_decontam *d, uint32_t test,
                                    lem_err *err) {
    if (w->place[test]) return &w->match[w->place[test] - 1];
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 32;
        if (!grow(&w->match, cap, sizeof *w->match) || !grow(&w->last, cap, sizeof *w->last) ||
            !grow(&w->at, cap, sizeof *w->at) || !grow(&w->length, cap, sizeof *w->length)) {
            (void)lem_fail(err, LEM_EMEM, "out of memory for %zu matches of one text", cap);
            return NULL;
        }
        w->cap = cap;
    }
    lem_decontam_match *m = &w->match[w->n++];
    *m = (lem_decontam_match){
        .test = test, .train_words = (uint32_t)w->now.n, .test_words = (uint32_t)lem_test_length(d, test)};
    w->length[w->n - 1] = 0;
    w->place[test] = (uint32_t)w->n;
    return m;
}

/* The n-gram at word i of the text is at word `place` of the test text. */
static void lengthen_run(lem_decontam_work *w, lem_decontam_match *m, uint32_t i, uint32_t place, int ngram) {
    size_t k = (size_t)(m - w->match);
    bool goes_on = w->length[k] && w->last[k] + 1 == i && w->at[k] + 1 == place;
    w->length[k] = goes_on ? w->length[k] + 1 : (uint32_t)ngram;
    w->last[k] = i;
    w->at[k] = place;
    if (w->length[k] <= m->run) return;
    m->run = w->length[k];
    m->run_train = i + (uint32_t)ngram - m->run;
    m->run_test = place + (uint32_t)ngram - m->run;
}

/* Walks the n-grams of the text at hand that stand in the table. */
typedef struct walk {
    lem_decontam_work *w;
    const lem_decontam *d;
    lem_decontam_part part;
    const lem_cancel *cancel;
    uint32_t stock; /* places where a stock phrase begins */
} walk;

typedef lem_status walk_fn(walk *k, const lem_gram *g, uint32_t i, lem_err *err);

/* The n-gram at word i, whose finished hash is h. */
static inline lem_status visit(walk *k, const lem_gram_table *t, uint32_t i, uint64_t h, walk_fn *found,
                               lem_err *err) {
    uint32_t at = lem_gram_may_be(t, h) ? lem_gram_find(k->d, t, k->w->now.id + i, h) : 0;
    if (!at) return LEM_OK;
    lem_status st = found(k, &t->gram[at], i, err);
    return st == LEM_OK ? lem_cancel_check(k->cancel, err) : st;
}

/* n-grams whose place in the filter is on its way from memory. */
enum { AHEAD = 8 };

static lem_status walk_grams(walk *k, const lem_gram_table *t, walk_fn *found, lem_err *err) {
    const uint32_t *id = k->w->now.id;
    size_t gram = t->n, known = 0, n = 0; /* known: words without an unknown one, up to here */
    uint64_t h = 0, hash[AHEAD];
    uint32_t place[AHEAD];
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < k->w->now.n; i++) {
        h = h * LEM_ROLL + lem_roll_in(id[i]);
        if (i >= gram) h -= lem_roll_in(id[i - gram]) * t->lead;
        known = id[i] ? known + 1 : 0;
        if (known < gram) continue;
        size_t slot = n % AHEAD;
        if (n++ >= AHEAD) st = visit(k, t, place[slot], hash[slot], found, err);
        hash[slot] = lem_roll_end(h);
        place[slot] = (uint32_t)(i + 1 - gram);
        __builtin_prefetch(lem_filter_word(t, hash[slot]));
    }
    for (size_t x = n > AHEAD ? n - AHEAD : 0; st == LEM_OK && x < n; x++)
        st = visit(k, t, place[x % AHEAD], hash[x % AHEAD], found, err);
    return st;
}

/* A prompt is compared with prompts, a response with all. */
static bool compared(lem_decontam_part text, lem_decontam_part test) {
    return text == LEM_DECONTAM_RESPONSE || test == LEM_DECONTAM_PROMPT;
}

/* An n-gram at word i: a match with every test text that has it, or a stock phrase. */
static lem_status add_sharers(walk *k, const lem_gram *g, uint32_t i, lem_err *err) {
    bool counts[2], stock = false;
    for (int p = 0; p < 2; p++) {
        bool is_compared = compared(k->part, (lem_decontam_part)p);
        counts[p] = is_compared && lem_gram_counts(k->d, g, (lem_decontam_part)p);
        stock = stock || (is_compared && !counts[p]);
    }
    k->stock += stock;
    if (!counts[0] && !counts[1]) return LEM_OK;
    for (uint32_t x = g->first; x; x = k->d->grams.posting[x].next) {
        const lem_posting *p = &k->d->grams.posting[x];
        if (!counts[k->d->test[p->test].part]) continue;
        lem_decontam_match *m = match_of(k->w, k->d, p->test, err);
        if (!m) return LEM_EMEM;
        m->grams++;
        lengthen_run(k->w, m, i, p->place, k->d->o.ngram);
    }
    return LEM_OK;
}

/* An n-gram of half the length: test prompts that may be the same, reworded. */
static lem_status add_candidates(walk *k, const lem_gram *g, uint32_t i, lem_err *err) {
    (void)i;
    if (!lem_gram_counts(k->d, g, LEM_DECONTAM_PROMPT)) return LEM_OK;
    for (uint32_t x = g->first; x; x = k->d->brief.posting[x].next) {
        uint32_t test = k->d->brief.posting[x].test;
        if (k->d->test[test].part == LEM_DECONTAM_PROMPT && !match_of(k->w, k->d, test, err)) return LEM_EMEM;
    }
    return LEM_OK;
}

/* ---- the rule ---- */

static lem_status common(lem_decontam_work *w, const uint32_t *a, size_t n, const uint32_t *b, size_t m,
                         const walk *k, uint32_t *out, lem_err *err) {
    return lem_lcs_length(a, n, b, m, w->mask, w->carry, k->cancel, out, err);
}

static bool is_whole(const lem_decontam *d, const lem_decontam_match *m) {
    return lem_decontam_share(m, LEM_DECONTAM_MAX) > WHOLE ||
           2 * (uint64_t)m->run >= 3 * (uint64_t)d->o.ngram;
}

/* In the stretch of the training text that the test text would take, and a quarter of it on both sides. */
static lem_status is_contained(walk *k, const lem_decontam_match *m, bool *out, lem_err *err) {
    size_t n = m->train_words, words = m->test_words, side = words / 4;
    size_t before = m->run_test + side, begin = m->run_train > before ? m->run_train - before : 0;
    size_t end = m->run_train + words - m->run_test + side;
    uint32_t lcs = 0;
    if (end > n) end = n;
    lem_status st =
        common(k->w, k->w->now.id + begin, end - begin, lem_test_words(k->d, m->test), words, k, &lcs, err);
    *out = (double)lcs > CONTAINED * (double)words;
    return st;
}

static lem_status make_room(uint32_t **list, size_t *cap, size_t n, lem_err *err) {
    if (n <= *cap) return LEM_OK;
    uint32_t *p = lem_realloc(*list, n + n / 2, sizeof *p, err);
    if (!p) return LEM_EMEM;
    *list = p;
    *cap = n + n / 2;
    return LEM_OK;
}

/* The words of prose of the text at hand, once. */
static lem_status find_prose(lem_decontam_work *w, lem_err *err) {
    if (w->prose_known) return LEM_OK;
    lem_status st = make_room(&w->prose[0], &w->cap_prose[0], w->now.n, err);
    if (st) return st;
    w->n_prose = lem_prose_of(&w->now, w->prose[0]);
    w->prose_known = true;
    return LEM_OK;
}

static lem_status is_reworded(walk *k, lem_decontam_match *m, bool *out, lem_err *err) {
    lem_decontam_work *w = k->w;
    const uint32_t *words = lem_test_words(k->d, m->test);
    size_t n = k->d->test[m->test].prose, at = 0;
    *out = false;
    lem_status st = find_prose(w, err);
    if (st) return st;
    size_t more = w->n_prose > n ? w->n_prose : n, less = w->n_prose + n - more;
    if (less < LEAST_PROSE || (double)less <= REWORDED * (double)more) return LEM_OK;
    st = make_room(&w->prose[1], &w->cap_prose[1], n, err);
    for (size_t i = 0; st == LEM_OK && at < n; i++)
        if (lem_vocabulary_prose(&k->d->words, words[i])) w->prose[1][at++] = words[i];
    if (st == LEM_OK) st = common(w, w->prose[0], w->n_prose, w->prose[1], n, k, &m->prose, err);
    *out = m->prose >= LEAST_PROSE && (double)m->prose > REWORDED * (double)more;
    return st;
}

/* By the n-gram, and in mathematics by the common subsequence. */
static lem_status decide_by_grams(walk *k, lem_decontam_match *m, bool math, lem_err *err) {
    const lem_decontam *d = k->d;
    bool enough = lem_decontam_share(m, d->o.length) > d->o.lcs, contained = false;
    lem_status st = LEM_OK;
    if (!math) m->rule = LEM_DECONTAM_NGRAM;
    else if (enough && (d->o.paper || is_whole(d, m))) m->rule = LEM_DECONTAM_LCS;
    else if (!d->o.paper) st = is_contained(k, m, &contained, err);
    if (contained) m->rule = LEM_DECONTAM_CONTAINED;
    return st;
}

static lem_status decide(walk *k, lem_decontam_match *m, bool math, lem_err *err) {
    lem_decontam_work *w = k->w;
    bool reworded = false, candidate = math && !k->d->o.paper && k->part == LEM_DECONTAM_PROMPT;
    lem_status st = LEM_OK;
    if (m->grams == 0 && m->rule == LEM_DECONTAM_NONE) {
        st = is_reworded(k, m, &reworded, err);
        if (st || !reworded) return st;
        m->rule = LEM_DECONTAM_REWORDED;
    }
    st = common(w, w->now.id, w->now.n, lem_test_words(k->d, m->test), m->test_words, k, &m->lcs, err);
    if (st == LEM_OK && m->rule == LEM_DECONTAM_NONE) st = decide_by_grams(k, m, math, err);
    if (st == LEM_OK && m->rule == LEM_DECONTAM_NONE && candidate) st = is_reworded(k, m, &reworded, err);
    if (reworded) m->rule = LEM_DECONTAM_REWORDED;
    return st;
}

/* Leaves out candidates that came to nothing. */
static void settle(lem_decontam_work *w) {
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++) {
        w->place[w->match[i].test] = 0;
        if (w->match[i].grams || w->match[i].rule != LEM_DECONTAM_NONE) w->match[n++] = w->match[i];
    }
    w->n = n;
}

static int by_test(const void *a, const void *b) {
    const lem_decontam_match *x = a, *y = b;
    return (x->test > y->test) - (x->test < y->test);
}

/* The test text of the same words. That two short responses are alike ("5") says nothing. */
static lem_status same_text(lem_decontam_work *w, const lem_decontam *d, lem_decontam_part part,
                            lem_err *err) {
    if (part == LEM_DECONTAM_RESPONSE && w->now.n < (size_t)d->o.ngram) return LEM_OK;
    for (size_t i = 0; i < w->now.n; i++)
        if (!w->now.id[i]) return LEM_OK;
    uint32_t test = lem_test_find(d, w->now.id, w->now.n, part);
    if (test == UINT32_MAX) return LEM_OK;
    lem_decontam_match *m = match_of(w, d, test, err);
    if (!m) return LEM_EMEM;
    m->rule = LEM_DECONTAM_EXACT;
    return LEM_OK;
}

static lem_status room_for_carry(lem_decontam_work *w, lem_err *err) {
    if (w->now.n <= w->cap_carry) return LEM_OK;
    size_t cap = w->now.n + w->now.n / 2;
    uint8_t *carry = lem_realloc(w->carry, cap, 1, err);
    if (!carry) return LEM_EMEM;
    w->carry = carry;
    w->cap_carry = cap;
    return LEM_OK;
}

static void begin(lem_decontam_work *w) {
    for (size_t i = 0; i < w->n; i++) w->place[w->match[i].test] = 0; /* of a check that failed */
    w->n = 0;
    w->prose_known = false;
}

lem_status lem_decontam_check(const lem_decontam *d, lem_decontam_work *w, const char *text, size_t len,
                              lem_decontam_part part, bool math, const lem_cancel *cancel,
                              lem_decontam_found *out, lem_err *err) {
    walk k = {w, d, part, cancel, 0};
    begin(w);
    lem_status st = lem_vocabulary_find(&d->words, text, len, &w->now, err);
    if (st) return st;
    if (w->now.n >= UINT32_MAX) return lem_fail(err, LEM_EDATA, "a text of over 2^32 words");
    st = walk_grams(&k, &d->grams, add_sharers, err);
    if (st == LEM_OK && math && d->brief.n && part == LEM_DECONTAM_PROMPT)
        st = walk_grams(&k, &d->brief, add_candidates, err);
    if (st == LEM_OK) st = same_text(w, d, part, err);
    if (st == LEM_OK && w->n) st = room_for_carry(w, err);
    for (size_t i = 0; st == LEM_OK && i < w->n; i++) st = decide(&k, &w->match[i], math, err);
    if (st) return st;
    settle(w);
    if (w->n > 1) qsort(w->match, w->n, sizeof *w->match, by_test);
    *out = (lem_decontam_found){w->match, w->n, k.stock};
    return LEM_OK;
}

/* ---- what stands in the test texts ---- */

void lem_decontam_words(const lem_decontam *d, uint32_t test, uint32_t from, uint32_t n, lem_buf *out) {
    size_t words = lem_test_length(d, test);
    for (size_t i = from; i < words && i - from < n; i++) {
        uint32_t id = d->word[d->test[test].begin + i];
        if (i > from) lem_buf_putc(out, ' ');
        lem_buf_add(out, d->words.text.data + d->words.begin[id],
                    d->words.begin[id + 1] - d->words.begin[id]);
    }
}

/* The number of different test texts that share the n-gram at a word, where that makes it a stock phrase; 0
 * otherwise. */
static uint32_t stock_at(const lem_decontam *d, uint32_t test, size_t place, uint32_t *gram) {
    const uint32_t *w = lem_test_words(d, test) + place;
    uint64_t h = 0;
    for (int i = 0; i < d->o.ngram; i++) h = h * LEM_ROLL + lem_roll_in(w[i]);
    *gram = lem_gram_find(d, &d->grams, w, lem_roll_end(h));
    const lem_gram *g = &d->grams.gram[*gram];
    return lem_gram_counts(d, g, d->test[test].part) ? 0 : g->tests[d->test[test].part];
}

typedef struct phrases {
    lem_decontam_phrase *at;
    size_t n, cap;
} phrases;

static lem_status add_phrase(phrases *p, lem_decontam_phrase x, lem_err *err) {
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 64;
        lem_decontam_phrase *at = lem_realloc(p->at, cap, sizeof *at, err);
        if (!at) return LEM_EMEM;
        p->at = at;
        p->cap = cap;
    }
    p->at[p->n++] = x;
    return LEM_OK;
}

/* The phrases of one test text in which an n-gram is that was not told yet. */
static lem_status phrases_of(const lem_decontam *d, uint32_t test, uint8_t *told, phrases *p, lem_err *err) {
    size_t n = lem_test_length(d, test), gram = (size_t)d->o.ngram;
    lem_decontam_phrase now = {.test = test};
    bool fresh = false;
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i + gram <= n; i++) {
        uint32_t k = 0, tests = stock_at(d, test, i, &k);
        if (tests) {
            if (!now.words) now = (lem_decontam_phrase){test, (uint32_t)i, (uint32_t)gram - 1, tests};
            now.words++;
            if (tests < now.tests) now.tests = tests;
            fresh = fresh || !told[k];
            told[k] = 1;
        }
        if (now.words && (!tests || i + gram == n)) {
            if (fresh) st = add_phrase(p, now, err);
            now.words = 0;
            fresh = false;
        }
    }
    return st;
}

lem_status lem_decontam_phrases(const lem_decontam *d, lem_decontam_phrase **out, size_t *n, lem_err *err) {
    phrases p = {0};
    lem_status st = LEM_OK;
    *out = NULL;
    *n = 0;
    if (!d->o.stock || !d->grams.n_grams) return LEM_OK;
    uint8_t *told = lem_alloc_zero((size_t)d->grams.n_grams + 1, 1, err);
    if (!told) return LEM_EMEM;
    for (uint32_t t = 0; st == LEM_OK && t < d->n_tests; t++) st = phrases_of(d, t, told, &p, err);
    lem_free(told);
    if (st) {
        lem_free(p.at);
        return st;
    }
    *out = p.at;
    *n = p.n;
    return LEM_OK;
}
