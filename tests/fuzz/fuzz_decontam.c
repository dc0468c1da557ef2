/* fuzz_decontam - any bytes as test and training texts: the normaliser keeps its word, and matches are what
 * their texts say
 *
 * The first byte chooses the options; line ends part the texts; every second one is a test text. */
#include "core/mem.h"
#include "curate/decontam.h"
#include "curate/decontam_align.h"
#include "curate/normalize.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXTS = 64 };
typedef struct piece {
    const char *s;
    size_t n;
} piece;

static void check(bool ok) {
    if (!ok) __builtin_trap();
}

static void normal_form(const piece *p) {
    lem_buf a = {0}, b = {0}, at = {0}, again = {0};
    lem_err err = LEM_ERR_INIT;
    check(lem_normalize(p->s, p->n, &a, &err) == LEM_OK);
    check(lem_normalize_traced(p->s, p->n, &b, &at, &err) == LEM_OK);
    check(a.len == b.len && at.len == a.len * sizeof(lem_normal_source));
    check(a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
    for (size_t i = 0; i < a.len; i++) {
        lem_normal_source s;
        memcpy(&s, at.data + i * sizeof s, sizeof s);
        check(s.begin <= s.end && s.end <= p->n);
        check(a.data[i] != ' ' || (i && i + 1 < a.len && a.data[i - 1] != ' '));
    }
    check(lem_normalize(lem_buf_str(&a), a.len, &again, &err) == LEM_OK);
    lem_buf_release(&a);
    lem_buf_release(&b);
    lem_buf_release(&at);
    lem_buf_release(&again);
}

static void alignment(const piece *a, const piece *b) {
    lem_alignment both;
    lem_err err = LEM_ERR_INIT;
    check(lem_align_texts(a->s, a->n, b->s, b->n, 3, &both, &err) == LEM_OK);
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < both.n[i]; k++) {
            const lem_shared *x = &both.in[i][k];
            check(x->begin <= x->end && x->end <= (i ? b->n : a->n));
            check(k == 0 || x->begin >= both.in[i][k - 1].end);
        }
    lem_alignment_release(&both);
}

static void one(const lem_decontam *d, lem_decontam_work *w, const piece *p, const piece *tests, bool math) {
    lem_decontam_found f;
    lem_err err = LEM_ERR_INIT;
    check(lem_decontam_check(d, w, p->s, p->n, LEM_DECONTAM_PROMPT, math, NULL, &f, &err) == LEM_OK);
    for (size_t i = 0; i < f.n; i++) {
        const lem_decontam_match *m = &f.match[i];
        uint32_t less = m->train_words < m->test_words ? m->train_words : m->test_words;
        check(m->test < lem_decontam_tests(d) && (i == 0 || m->test > f.match[i - 1].test));
        check(m->lcs <= less && m->run <= less && m->lcs >= m->run);
        check(m->run_train + m->run <= m->train_words && m->run_test + m->run <= m->test_words);
        check(m->grams <= m->train_words && (m->grams > 0) == (m->run > 0));
        check(m->rule != LEM_DECONTAM_EXACT || (m->lcs == m->train_words && m->lcs == m->test_words));
        check(m->grams || m->rule == LEM_DECONTAM_EXACT || m->rule == LEM_DECONTAM_REWORDED);
        check(math || m->rule <= LEM_DECONTAM_NGRAM);
    }
    alignment(p, &tests[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    piece tests[MAX_TEXTS], trains[MAX_TEXTS];
    size_t n[2] = {0, 0};
    if (size < 2) return 0;
    const lem_decontam_opts o = {1 + data[0] % 8, 0.6, (lem_decontam_length)(data[0] / 8 % 4),
                                 data[0] / 32 % 4, data[0] / 128};
    const char *s = (const char *)data + 1, *end = (const char *)data + size;
    for (int k = 0; s < end && n[k % 2] < MAX_TEXTS; k++) {
        const char *to = memchr(s, '\n', (size_t)(end - s));
        piece p = {s, (size_t)((to ? to : end) - s)};
        if (k % 2) trains[n[1]++] = p;
        else tests[n[0]++] = p;
        normal_form(&p);
        s += p.n + 1;
    }
    lem_decontam *d = NULL;
    lem_decontam_work *w = NULL;
    lem_decontam_phrase *phrases = NULL;
    size_t n_phrases = 0;
    lem_err err = LEM_ERR_INIT;
    check(lem_decontam_new(&o, &d, &err) == LEM_OK);
    for (size_t i = 0; i < n[0]; i++) {
        uint32_t test = 0;
        check(lem_decontam_add_test(d, tests[i].s, tests[i].n, LEM_DECONTAM_PROMPT, &test, &err) == LEM_OK);
    }
    check(lem_decontam_seal(d, NULL, &err) == LEM_OK);
    check(lem_decontam_phrases(d, &phrases, &n_phrases, &err) == LEM_OK);
    check(lem_decontam_work_new(d, &w, &err) == LEM_OK);
    for (size_t i = 0; i < n[1]; i++) {
        one(d, w, &trains[i], tests, true);
        one(d, w, &trains[i], tests, false);
    }
    for (size_t i = 0; i < n[0]; i++) one(d, w, &tests[i], tests, true);
    lem_free(phrases);
    lem_decontam_work_free(w);
    lem_decontam_free(d);
    return 0;
}
