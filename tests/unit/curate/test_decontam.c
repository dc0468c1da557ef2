/* test_decontam - the three pairs that Qwen2.5-Math prints as contaminated, each bound of each rule on both
 * of its sides, and decisions by brute force */
#include "../checks.h"
#include "core/mem.h"
#include "curate/decontam.h"

#include <stdio.h>
#include <stdlib.h>

#define TRAIN LEM_DECONTAM_TRAIN
#define PROMPT LEM_DECONTAM_PROMPT
#define RESPONSE LEM_DECONTAM_RESPONSE

static const lem_decontam_opts paper = {13, 0.6, LEM_DECONTAM_TRAIN, 0, true};

static uint32_t add(lem_decontam *d, const char *text, lem_decontam_part part) {
    uint32_t test = 7777;
    OK(lem_decontam_add_test(d, text, strlen(text), part, &test, &err));
    return test;
}

static lem_decontam *index_of(const lem_decontam_opts *o, const char *const *tests, size_t n) {
    lem_decontam *d = NULL;
    OK(lem_decontam_new(o, &d, &err));
    for (size_t i = 0; i < n; i++) assert_int_equal(add(d, tests[i], PROMPT), i);
    OK(lem_decontam_seal(d, NULL, &err));
    return d;
}

/* The strongest match; test UINT32_MAX = none at all. */
static lem_decontam_match check_as(const lem_decontam *d, const char *text, lem_decontam_part part,
                                   bool math) {
    lem_decontam_work *w = NULL;
    lem_decontam_found f = {0};
    lem_decontam_match best = {.test = UINT32_MAX};
    OK(lem_decontam_work_new(d, &w, &err));
    for (int twice = 0; twice < 2; twice++) /* the second use of a work is as the first */
        OK(lem_decontam_check(d, w, text, strlen(text), part, math, NULL, &f, &err));
    for (size_t i = 0; i < f.n; i++)
        if (best.test == UINT32_MAX ||
            (best.rule == LEM_DECONTAM_NONE && f.match[i].rule != LEM_DECONTAM_NONE))
            best = f.match[i];
    lem_decontam_work_free(w);
    return best;
}

static lem_decontam_match check(const lem_decontam *d, const char *text) {
    return check_as(d, text, PROMPT, true);
}

static lem_decontam_rule rule_of(const lem_decontam_opts *o, const char *test, const char *train) {
    lem_decontam *d = index_of(o, &test, 1);
    lem_decontam_rule r = check(d, train).rule;
    lem_decontam_free(d);
    return r;
}

/* Qwen2.5-Math, table 1: a training and a test problem of MATH each, which differ in one number. */
static const char *const qwen[3][2] = {
    {"What is the remainder when $1 + 2 + 3 + 4 + ⋯ + 9 + 10$ is divided by 8?",
     "What is the remainder when $1 + 2 + 3 + 4 + ⋯ + 9 + 10$ is divided by 9?"},
    {"For how many integer values of $n$ between 1 and 1000 inclusive does the decimal representation of "
     "$\\frac{n}{1400}$ terminate?",
     "For how many integer values of $n$ between 1 and 1000 inclusive does the decimal representation of "
     "$\\frac{n}{1375}$ terminate?"},
    {"Krista put 1 cent into her new bank on a Sunday morning.  On Monday she put 2 cents into her bank.  On "
     "Tuesday she put 4 cents into her bank, and she continued to double the amount of money she put into "
     "her "
     "bank each day for two weeks.  On what day of the week did the total amount of money in her bank first "
     "exceed $\\$2$?",
     "Krista put 1 cent into her new bank on a Sunday morning.  On Monday she put 2 cents into her bank.  On "
     "Tuesday she put 4 cents into her bank, and she continued to double the amount of money she put into "
     "her "
     "bank each day for two weeks.  On what day of the week did the total amount of money in her bank first "
     "exceed $\\$5$?"},
};

static void qwen_pairs(void **state) {
    (void)state;
    static const double share[] = {14.0 / 15, 20.0 / 21, 66.0 / 67}; /* recipe.md 1.4: .933 .952 .985 */
    static const uint32_t grams[] = {2, 7, 54};
    const char *const tests[] = {qwen[0][1], qwen[1][1], qwen[2][1]};
    for (int k = 0; k < 2; k++) {
        lem_decontam *d = index_of(k ? NULL : &paper, tests, 3);
        for (uint32_t i = 0; i < 3; i++) {
            lem_decontam_match m = check(d, qwen[i][0]);
            assert_int_equal(m.rule, LEM_DECONTAM_LCS);
            assert_int_equal(m.test, i);
            assert_int_equal(m.grams, grams[i]);
            assert_float_equal(lem_decontam_share(&m, TRAIN), share[i], 1e-12);
            assert_int_equal(m.run, grams[i] + 12);
        }
        lem_decontam_free(d);
    }
}

/* ---- bounds ---- */

/* "w1 w2 … wn" with another letter for other words. */
static char *words(char letter, int from, int n) {
    lem_buf b = {0};
    for (int i = 0; i < n; i++) lem_buf_printf(&b, "%s%c%d", i ? " " : "", letter, from + i);
    return lem_buf_take(&b);
}

static char *joined(char *a, char *b) { /* takes both */
    lem_buf out = {0};
    lem_buf_printf(&out, "%s%s%s", a, *a && *b ? " " : "", b);
    lem_free(a);
    lem_free(b);
    return lem_buf_take(&out);
}

static lem_decontam_rule rule_and_free(const lem_decontam_opts *o, char *test, char *train, bool math) {
    const char *t = test;
    lem_decontam *d = index_of(o, &t, 1);
    lem_decontam_rule r = check_as(d, train, PROMPT, math).rule;
    lem_decontam_free(d);
    lem_free(test);
    lem_free(train);
    return r;
}

/* n words in a row are an n-gram, n - 1 are not. */
static void length_of_ngrams(void **state) {
    (void)state;
    for (int n = 1; n <= 64; n += n < 15 ? 1 : 7) {
        lem_decontam_opts o = {n, 0.6, TRAIN, 0, true};
        for (int shared = n - 1; shared <= n; shared++) {
            char *train = joined(joined(words('x', 0, 5), words('w', 3, shared)), words('y', 0, 5));
            assert_int_equal(rule_and_free(&o, words('w', 0, 80), train, false),
                             shared == n ? LEM_DECONTAM_NGRAM : LEM_DECONTAM_NONE);
        }
    }
    lem_decontam *d = NULL;
    const lem_decontam_opts bad = {65, 0.6, TRAIN, 0, true};
    FAILS(lem_decontam_new(&bad, &d, &err), LEM_EUSAGE, "64 words");
}

/* 15 of 25 words are 60 % and not over it; 16 are. */
static void share_must_exceed(void **state) {
    (void)state;
    for (int common = 14; common <= 16; common++) {
        char *train = joined(words('w', 0, common), words('x', 0, 25 - common));
        assert_int_equal(rule_and_free(&paper, words('w', 0, 30), train, true),
                         common > 15 ? LEM_DECONTAM_LCS : LEM_DECONTAM_NONE);
    }
}

/* 16 common words of 20 in one text and 40 in the other, both ways round. */
static void denominators(void **state) {
    (void)state;
    static const struct {
        lem_decontam_length length;
        bool train_short, train_long; /* contaminated where the training text is the shorter, the longer */
    } cases[] = {{LEM_DECONTAM_TRAIN, true, false},
                 {LEM_DECONTAM_TEST, false, true},
                 {LEM_DECONTAM_MIN, true, true},
                 {LEM_DECONTAM_MAX, false, false}};
    for (int i = 0; i < 4; i++) {
        lem_decontam_opts o = {13, 0.6, cases[i].length, 0, true};
        lem_decontam_rule a = rule_and_free(&o, joined(words('w', 0, 16), words('x', 0, 24)),
                                            joined(words('w', 0, 16), words('y', 0, 4)), true);
        lem_decontam_rule b = rule_and_free(&o, joined(words('w', 0, 16), words('y', 0, 4)),
                                            joined(words('w', 0, 16), words('x', 0, 24)), true);
        assert_int_equal(a, cases[i].train_short ? LEM_DECONTAM_LCS : LEM_DECONTAM_NONE);
        assert_int_equal(b, cases[i].train_long ? LEM_DECONTAM_LCS : LEM_DECONTAM_NONE);
    }
}

/* Two test prompts that share a phrase do not make it stock, three do; equal prompts are one. */
static void stock_phrases(void **state) {
    (void)state;
    for (int stock = 2; stock <= 4; stock++)
        for (int tests = 1; tests <= 5; tests++) {
            lem_decontam_opts o = {13, 0.6, TRAIN, stock, true};
            lem_decontam *d = NULL;
            lem_decontam_phrase *p = NULL;
            size_t n = 0;
            OK(lem_decontam_new(&o, &d, &err));
            for (int i = 0; i < tests; i++)
                for (int twice = 0; twice < 2; twice++) {
                    char *t = joined(words((char)('a' + i), 0, 20), words('w', 0, 14));
                    assert_int_equal(add(d, t, PROMPT), i);
                    lem_free(t);
                }
            OK(lem_decontam_seal(d, NULL, &err));
            char *train = joined(words('w', 0, 14), words('x', 0, 3));
            lem_decontam_work *w = NULL;
            lem_decontam_found f;
            OK(lem_decontam_work_new(d, &w, &err));
            OK(lem_decontam_check(d, w, train, strlen(train), PROMPT, true, NULL, &f, &err));
            assert_int_equal(f.n, tests < stock ? tests : 0);
            assert_int_equal(f.stock, tests < stock ? 0 : 2);
            OK(lem_decontam_phrases(d, &p, &n, &err));
            assert_int_equal(n, tests >= stock);
            if (n) {
                lem_buf text = {0};
                lem_decontam_words(d, p->test, p->from, p->words, &text);
                assert_string_equal(lem_buf_str(&text), "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13");
                assert_int_equal(p->tests, tests);
                lem_buf_release(&text);
            }
            lem_free(p);
            lem_free(train);
            lem_decontam_work_free(w);
            lem_decontam_free(d);
        }
}

static void equal_texts(void **state) {
    (void)state;
    const char *const tests[] = {"2+2?", "What is 7 times 8?"};
    lem_decontam *d = index_of(NULL, tests, 2);
    uint32_t test = 0;
    assert_int_equal(check(d, "2 + 2 ?").rule, LEM_DECONTAM_EXACT); /* shorter than any n-gram */
    assert_int_equal(check_as(d, "2\t2", PROMPT, false).rule, LEM_DECONTAM_EXACT);
    assert_int_equal(check(d, "WHAT is 7 times $8$").test, 1);
    assert_int_equal(check(d, "2 + 3 ?").test, UINT32_MAX);
    assert_int_equal(check(d, "2 + 2 + 2").test, UINT32_MAX);
    assert_int_equal(check(d, "").test, UINT32_MAX);
    assert_int_equal(check(d, "?!").test, UINT32_MAX);
    lem_decontam_free(d);
    OK(lem_decontam_new(NULL, &d, &err)); /* an empty test prompt is none, and matches nothing */
    OK(lem_decontam_add_test(d, " $ ", 3, PROMPT, &test, &err));
    assert_int_equal(test, UINT32_MAX);
    assert_int_equal(lem_decontam_tests(d), 0);
    OK(lem_decontam_seal(d, NULL, &err));
    assert_int_equal(check(d, "").test, UINT32_MAX);
    assert_int_equal(check(d, "one two").test, UINT32_MAX);
    lem_decontam_free(d);
}

/* ---- the default's own conditions ---- */

/* A long test text of which the training text has a part: no match, but for a run of 1.5 n words. */
static void whole_or_long_run(void **state) {
    (void)state;
    char *half = joined(words('w', 0, 17), words('x', 0, 17)),
         *most = joined(words('w', 0, 17), words('y', 0, 5));
    assert_int_equal(rule_and_free(NULL, half, most, true),
                     LEM_DECONTAM_NONE);   /* half of 34, and not over it */
    for (int run = 18; run <= 20; run++) { /* 1.5 * 13 is 19.5 */
        char *test = joined(words('w', 0, run), words('x', 0, 60));
        char *train = joined(words('w', 0, run), words('y', 0, 5));
        assert_int_equal(rule_and_free(NULL, test, train, true),
                         run > 19 ? LEM_DECONTAM_LCS : LEM_DECONTAM_NONE);
        test = joined(words('w', 0, run), words('x', 0, 60));
        train = joined(words('w', 0, run), words('y', 0, 5));
        assert_int_equal(rule_and_free(&paper, test, train, true), LEM_DECONTAM_LCS);
    }
    for (int common = 17; common <= 18; common++) { /* half of 35 is 17.5 */
        char *test = joined(words('w', 0, common), words('x', 0, 35 - common));
        assert_int_equal(rule_and_free(NULL, test, joined(words('w', 0, common), words('y', 0, 5)), true),
                         common > 17 ? LEM_DECONTAM_LCS : LEM_DECONTAM_NONE);
    }
}

/* A test question of 40 words inside 400: 34 of them are 85 %, 35 are over it. */
static void contained(void **state) {
    (void)state;
    for (int common = 34; common <= 35; common++) {
        char *test = joined(words('w', 0, common), words('x', 0, 40 - common));
        char *train = joined(joined(words('y', 0, 180), words('w', 0, common)), words('z', 0, 180));
        assert_int_equal(rule_and_free(NULL, test, train, true),
                         common > 34 ? LEM_DECONTAM_CONTAINED : LEM_DECONTAM_NONE);
    }
    /* the shared run at the end of the test text: what is before it counts, too */
    char *late = joined(joined(words('w', 0, 12), words('y', 0, 2)), words('w', 14, 26));
    assert_int_equal(rule_and_free(NULL, words('w', 0, 40), joined(words('z', 0, 99), late), true),
                     LEM_DECONTAM_CONTAINED);
    /* the same words, strewn over a long text */
    char *test = words('w', 0, 40), *train = words('w', 0, 13);
    for (int i = 13; i < 40; i++) train = joined(train, joined(words('y', 10 * i, 9), words('w', i, 1)));
    assert_int_equal(rule_and_free(NULL, test, train, true), LEM_DECONTAM_NONE);
}

static void reworded(void **state) {
    (void)state;
    static const char *const test =
        "Toula went to the bakery and bought 3 dozen donuts which cost $68 per dozen, 2 dozen mini cupcakes "
        "which "
        "cost $80 per dozen, and 6 dozen mini cheesecakes for $55 per dozen. How much was the total cost?";
    static const char *const train =
        "Hassan went to the bakery and bought 7 dozen donuts which cost $61 per dozen, 8 dozen mini cupcakes "
        "which "
        "cost $12 per dozen, and 4 dozen mini cheesecakes for $99 per dozen. How much was the total cost?";
    assert_int_equal(rule_of(&paper, test, train), LEM_DECONTAM_NONE);
    assert_int_equal(rule_of(NULL, test, train), LEM_DECONTAM_REWORDED);
    lem_decontam *d = index_of(NULL, &test, 1);
    assert_int_equal(check_as(d, train, PROMPT, false).test, UINT32_MAX); /* mathematics only */
    assert_int_equal(check_as(d, train, RESPONSE, true).test, UINT32_MAX);
    lem_decontam_free(d);
}

/* Words of prose in rows of seven, with numbers between them that differ. */
static char *prose(char letter, int n, int number) {
    lem_buf b = {0};
    for (int i = 0; i < n; i++) {
        if (i && i % 7 == 0) lem_buf_printf(&b, "%d ", number + i);
        lem_buf_printf(&b, "%c%c%c ", letter, 'a' + i / 26, 'a' + i % 26);
    }
    return lem_buf_take(&b);
}

static void bounds_of_rewording(void **state) {
    (void)state;
    for (int n = 14; n <= 15; n++)
        assert_int_equal(rule_and_free(NULL, prose('w', n, 100), prose('w', n, 500), true),
                         n >= 15 ? LEM_DECONTAM_REWORDED : LEM_DECONTAM_NONE);
    for (int common = 30; common <= 31; common++) { /* 75 % of 40 is 30 */
        char *test = joined(prose('w', common, 100), prose('x', 40 - common, 200));
        char *train = joined(prose('w', common, 500), prose('y', 40 - common, 600));
        assert_int_equal(rule_and_free(NULL, test, train, true),
                         common > 30 ? LEM_DECONTAM_REWORDED : LEM_DECONTAM_NONE);
    }
}

/* ---- parts ---- */

static void parts(void **state) {
    (void)state;
    char *prompt = words('p', 0, 30), *solution = words('s', 0, 30);
    lem_decontam *d = NULL;
    OK(lem_decontam_new(NULL, &d, &err));
    assert_int_equal(add(d, prompt, PROMPT), 0);
    assert_int_equal(add(d, solution, RESPONSE), 1);
    assert_int_equal(add(d, "5", RESPONSE), 2);
    OK(lem_decontam_seal(d, NULL, &err));
    assert_int_equal(check_as(d, solution, PROMPT, true).test, UINT32_MAX); /* a prompt: prompts only */
    assert_int_equal(check_as(d, solution, RESPONSE, true).rule, LEM_DECONTAM_EXACT);
    assert_int_equal(check_as(d, prompt, RESPONSE, true).test, 0);       /* a response: all */
    assert_int_equal(check_as(d, "5", RESPONSE, true).test, UINT32_MAX); /* equal short answers say nothing */
    lem_decontam_free(d);
    lem_free(prompt);
    lem_free(solution);
}

static void unicode(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"One two three four five six seven eight nine ten eleven twelve thirteen ÉTÉ",
         "one two\xc2\xa0three four\xe2\x80\xaf"
         "five six seven eight nine ten eleven twelve thirteen été"},
        {"“Find” Janet’s x², please", "\"find\" janet's x2 please"},
        {"Straße 12。", "STRASSE　１２"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_int_equal(rule_of(NULL, same[i][0], same[i][1]), LEM_DECONTAM_EXACT);
    /* Han without spaces: 15 characters, of which 13 in a row are shared */
    const lem_decontam_opts other = {13, 0.6, TRAIN, 0, true};
    const char *test = "一二三四五六七八九十百千万。億兆";
    lem_decontam *d = index_of(&other, &test, 1);
    assert_int_equal(check_as(d, "問題一二三四五六七八九十百千万です", PROMPT, false).rule,
                     LEM_DECONTAM_NGRAM);
    assert_int_equal(check_as(d, "問題一二三四五六七八九十百千です", PROMPT, false).test, UINT32_MAX);
    lem_decontam_free(d);
    test = "あいうえおかきくけこさしす";
    d = index_of(&other, &test, 1);
    assert_int_equal(check_as(d, "カナあいうえおかきくけこさしすカナ", PROMPT, false).rule,
                     LEM_DECONTAM_NGRAM);
    lem_decontam_free(d);
}

/* Two words of nine letters, found by search, whose keys in the table of words are the same. */
static void words_that_collide(void **state) {
    (void)state;
    assert_int_equal(rule_of(NULL, "a ckmvnhzaa b", "a ckmvnhzaa b"), LEM_DECONTAM_EXACT);
    assert_int_equal(rule_of(NULL, "a ckmvnhzaa b", "a cy7pml1qh b"), LEM_DECONTAM_NONE);
    const char *const both[] = {"ckmvnhzaa", "cy7pml1qh"};
    lem_decontam *d = index_of(NULL, both, 2);
    assert_int_equal(check(d, both[0]).test, 0);
    assert_int_equal(check(d, both[1]).test, 1);
    lem_decontam_free(d);
}

/* ---- by brute force ---- */

static unsigned seed;
static unsigned draw(unsigned n) { return (seed = seed * 1664525u + 1013904223u) / 65536 % n; }

enum { MOST = 200 };
typedef struct numbers {
    int n, at[MOST];
} numbers;

static numbers random_text(int most, unsigned alphabet) {
    numbers t = {.n = 1 + (int)draw((unsigned)most)};
    for (int i = 0; i < t.n; i++) t.at[i] = (int)draw(alphabet);
    return t;
}

static char *spelled(const numbers *t) {
    lem_buf b = {0};
    for (int i = 0; i < t->n; i++) lem_buf_printf(&b, "%d ", t->at[i]);
    return lem_buf_take(&b);
}

static int lcs_of(const numbers *a, const numbers *b) {
    int row[2][MOST + 1] = {{0}};
    for (int i = 1; i <= a->n; i++)
        for (int j = 1; j <= b->n; j++) {
            const int *up = row[(i - 1) % 2];
            int *now = row[i % 2];
            if (a->at[i - 1] == b->at[j - 1]) now[j] = up[j - 1] + 1;
            else now[j] = up[j] > now[j - 1] ? up[j] : now[j - 1];
        }
    return row[a->n % 2][b->n];
}

static bool gram_in(const numbers *t, const int *gram, int n) {
    for (int i = 0; i + n <= t->n; i++)
        if (memcmp(t->at + i, gram, (size_t)n * sizeof *gram) == 0) return true;
    return false;
}

static bool equal(const numbers *a, const numbers *b) {
    return a->n == b->n && memcmp(a->at, b->at, (size_t)a->n * sizeof *a->at) == 0;
}

/* Places of `text` whose n-gram `test` has and fewer than `stock` of the different tests have. */
static int grams_of(const numbers *text, const numbers *test, const numbers *tests, int n_tests, int n,
                    int stock) {
    int count = 0;
    for (int i = 0; i + n <= text->n; i++) {
        int have = 0;
        for (int t = 0; t < n_tests; t++) have += gram_in(&tests[t], text->at + i, n);
        count += gram_in(test, text->at + i, n) && (stock == 0 || have < stock);
    }
    return count;
}

enum { TESTS = 6 };
typedef struct trial {
    lem_decontam_opts o;
    unsigned alphabet;
    int longest;
    numbers test[TESTS]; /* [n] different ones */
    int n;
    lem_decontam *d;
    lem_decontam_work *w;
    int matches, contaminated;
} trial;

static void make_tests(trial *t) {
    t->n = 0;
    OK(lem_decontam_new(&t->o, &t->d, &err));
    for (int i = 0; i < TESTS; i++) {
        numbers *now = &t->test[t->n];
        *now = random_text(t->longest, t->alphabet);
        bool fresh = true;
        for (int k = 0; k < t->n; k++) fresh = fresh && !equal(&t->test[k], now);
        char *s = spelled(now);
        (void)add(t->d, s, PROMPT);
        lem_free(s);
        t->n += fresh;
    }
    OK(lem_decontam_seal(t->d, NULL, &err));
    OK(lem_decontam_work_new(t->d, &t->w, &err));
}

static lem_decontam_rule rule_by_hand(const trial *t, const numbers *train, const numbers *test, int grams,
                                      int lcs) {
    const int less = train->n < test->n ? train->n : test->n;
    const int of[] = {train->n, test->n, less, train->n + test->n - less};
    if (equal(train, test)) return LEM_DECONTAM_EXACT;
    return grams && (double)lcs / of[t->o.length] > t->o.lcs ? LEM_DECONTAM_LCS : LEM_DECONTAM_NONE;
}

static void try_text(trial *t, const numbers *train) {
    lem_decontam_found f;
    size_t at = 0;
    char *s = spelled(train);
    OK(lem_decontam_check(t->d, t->w, s, strlen(s), PROMPT, true, NULL, &f, &err));
    for (int i = 0; i < t->n; i++) {
        int grams = grams_of(train, &t->test[i], t->test, t->n, t->o.ngram, t->o.stock);
        if (grams == 0 && !equal(train, &t->test[i])) continue;
        assert_true(at < f.n);
        const lem_decontam_match *m = &f.match[at++];
        const int lcs = lcs_of(train, &t->test[i]);
        const lem_decontam_rule want = rule_by_hand(t, train, &t->test[i], grams, lcs);
        assert_int_equal(m->test, i);
        assert_int_equal(m->grams, grams);
        assert_int_equal(m->lcs, lcs);
        assert_int_equal(m->rule, want);
        t->matches++;
        t->contaminated += want != LEM_DECONTAM_NONE;
    }
    assert_int_equal(at, f.n);
    lem_free(s);
}

static void by_brute_force(void **state) {
    (void)state;
    trial t = {.n = 0};
    for (int round = 0; round < 400; round++) {
        seed = (unsigned)round * 2654435761u + 1;
        t.alphabet = round % 5 ? 5 : 90; /* 90: of long texts, 64 words that hold none of the other's */
        t.longest = round % 3 ? 12 : MOST;
        const int n = 1 + (int)draw(4) * (round % 5 != 0), stock = (int)draw(4);
        t.o = (lem_decontam_opts){n, 0.3 + 0.1 * draw(6), (lem_decontam_length)draw(4), stock, true};
        make_tests(&t);
        for (int k = 0; k < 10; k++) {
            numbers train = random_text(t.longest, t.alphabet + 1);
            try_text(&t, &train);
        }
        lem_decontam_work_free(t.w);
        lem_decontam_free(t.d);
    }
    assert_true(t.matches > 3000 && t.contaminated > 500 && t.matches - t.contaminated > 500);
}

/* ---- want of memory, and the wish to stop ---- */

static lem_status use(lem_decontam_found *f, const lem_cancel *cancel) {
    lem_decontam *d = NULL;
    lem_decontam_work *w = NULL;
    lem_decontam_phrase *p = NULL;
    size_t n = 0;
    uint32_t test = 0;
    lem_status st = lem_decontam_new(NULL, &d, &err);
    for (int i = 0; st == LEM_OK && i < 3; i++)
        st = lem_decontam_add_test(d, qwen[i][1], strlen(qwen[i][1]), PROMPT, &test, &err);
    if (st == LEM_OK) st = lem_decontam_seal(d, cancel, &err);
    if (st == LEM_OK) st = lem_decontam_phrases(d, &p, &n, &err);
    if (st == LEM_OK) st = lem_decontam_work_new(d, &w, &err);
    if (st == LEM_OK)
        st = lem_decontam_check(d, w, qwen[2][0], strlen(qwen[2][0]), PROMPT, true, cancel, f, &err);
    lem_free(p);
    lem_decontam_work_free(w);
    lem_decontam_free(d);
    return st;
}

static void want_of_memory(void **state) {
    (void)state;
    lem_decontam_found f = {0};
    int failed = 0;
    lem_status st = LEM_EMEM;
    for (uint64_t k = 1; st != LEM_OK && k < 1000; k++, failed++) {
        lem_mem_fail_after(k, false);
        st = use(&f, NULL);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK) assert_int_equal(st, LEM_EMEM);
    }
    assert_true(failed > 20);
    assert_int_equal(f.n, 1);
    lem_cancel stop = {1};
    assert_int_equal(use(&f, &stop), LEM_EINTR);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(qwen_pairs),
                                       cmocka_unit_test(length_of_ngrams),
                                       cmocka_unit_test(share_must_exceed),
                                       cmocka_unit_test(denominators),
                                       cmocka_unit_test(stock_phrases),
                                       cmocka_unit_test(equal_texts),
                                       cmocka_unit_test(whole_or_long_run),
                                       cmocka_unit_test(contained),
                                       cmocka_unit_test(reworded),
                                       cmocka_unit_test(bounds_of_rewording),
                                       cmocka_unit_test(parts),
                                       cmocka_unit_test(words_that_collide),
                                       cmocka_unit_test(unicode),
                                       cmocka_unit_test(by_brute_force),
                                       cmocka_unit_test(want_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
