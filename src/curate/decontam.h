/* curate/decontam.h - is a training text too close to a test text?
 *
 * The rule of AceMath (arXiv 2412.15084, section 3.2.3) and Qwen2.5-Math (arXiv 2409.12122, section 4): after
 * normalisation (curate/normalize.h), a text of mathematics is contaminated if it shares an n-gram of words
 * (n = 13) with a test text and their longest common subsequence exceeds 60 % of the training text's own
 * length; any other text, if it shares an n-gram. Under every rule here
 *   - a prompt whose words are those of a test prompt is contaminated, however short; a text without words
 *     matches nothing;
 *   - Han and Kana are written without spaces: each character is a word;
 *   - words are compared, not their hashes: nothing is found by a collision.
 * The default differs from the paper's rule (`paper`) in four things; docs/decontamination.md has the figures
 * that they rest on:
 *   stock      An n-gram that `stock` or more different test texts share is a stock phrase ("where m and n
 * are relatively prime positive integers ...") and does not count. ngram+lcs  The subsequence must also
 * exceed half of the longer text, or a run of 1.5 n words be shared. contained  In mathematics: shares an
 * n-gram, and 85 % of the test text's words stand, in order, in the stretch of the training text around it: a
 * test question with words before or behind it. reworded   In mathematics: shares an n-gram of half the
 * length; of the words of prose (three letters or more), at least 15 are common in order, and over 75 % of
 * those of the text that has more: a test question with other numbers and names. Prompts only.
 *
 * Use: new, add the test texts, seal, then check from any number of threads, each with a work of its own. */
#ifndef LEM_CURATE_DECONTAM_H
#define LEM_CURATE_DECONTAM_H

#include "core/buf.h"
#include "core/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_decontam lem_decontam;

/* Which length the common subsequence is a share of. */
typedef enum lem_decontam_length {
    LEM_DECONTAM_TRAIN,
    LEM_DECONTAM_TEST,
    LEM_DECONTAM_MIN, /* the shorter of both */
    LEM_DECONTAM_MAX  /* the longer */
} lem_decontam_length;

typedef enum lem_decontam_part { LEM_DECONTAM_PROMPT, LEM_DECONTAM_RESPONSE } lem_decontam_part;

typedef struct lem_decontam_opts {
    int ngram;  /* words, 1..LEM_DECONTAM_MAX_NGRAM; 0 = 13 */
    double lcs; /* the share that must be exceeded, 0..1 */
    lem_decontam_length length;
    int stock;  /* test texts that make an n-gram a stock phrase; 0 = nothing is one */
    bool paper; /* the paper's rule, but for stock */
} lem_decontam_opts;
enum { LEM_DECONTAM_MAX_NGRAM = 64 };

/* o NULL: 13, 0.6, TRAIN, 3, not the paper's. LEM_EUSAGE for what is out of range. */
lem_status lem_decontam_new(const lem_decontam_opts *o, lem_decontam **out, lem_err *err) LEM_MUST_CHECK;
void lem_decontam_free(lem_decontam *d); /* NULL allowed */

/* Adds a test text. *test is its index, from 0; a text of the same words and part has the index of the first.
 * UINT32_MAX for a text without words, which is not added. */
lem_status lem_decontam_add_test(lem_decontam *d, const char *text, size_t len, lem_decontam_part part,
                                 uint32_t *test, lem_err *err) LEM_MUST_CHECK;
/* Makes the index; nothing can be added afterwards. */
lem_status lem_decontam_seal(lem_decontam *d, const lem_cancel *cancel, lem_err *err) LEM_MUST_CHECK;
uint32_t lem_decontam_tests(const lem_decontam *d); /* different test texts */

typedef enum lem_decontam_rule {
    LEM_DECONTAM_NONE,      /* shares an n-gram, and that is not enough */
    LEM_DECONTAM_EXACT,     /* the same words */
    LEM_DECONTAM_NGRAM,     /* shares an n-gram, and is no mathematics */
    LEM_DECONTAM_LCS,       /* shares an n-gram, and the common subsequence is long enough */
    LEM_DECONTAM_CONTAINED, /* the test text stands in it */
    LEM_DECONTAM_REWORDED,  /* the same prose; grams may be 0 */
    LEM_DECONTAM_N_RULES
} lem_decontam_rule;
const char *lem_decontam_rule_name(lem_decontam_rule r);

/* A test text that shares something with the text at hand. Lengths and places are in words. */
typedef struct lem_decontam_match {
    uint32_t test;
    lem_decontam_rule rule;
    uint32_t grams; /* places of the training text where an n-gram begins that the test text has and counts */
    uint32_t train_words, test_words, lcs;
    uint32_t run_train, run_test, run; /* the longest run of shared n-grams: where it begins, its length */
    uint32_t prose;                    /* words of prose that are common in order, where that was looked at */
} lem_decontam_match;
/* The share that the rule looks at. */
double lem_decontam_share(const lem_decontam_match *m, lem_decontam_length length);

/* What a thread needs for checking, and what the last check found. */
typedef struct lem_decontam_work lem_decontam_work;
lem_status lem_decontam_work_new(const lem_decontam *d, lem_decontam_work **out, lem_err *err) LEM_MUST_CHECK;
void lem_decontam_work_free(lem_decontam_work *w); /* NULL allowed */

typedef struct lem_decontam_found {
    const lem_decontam_match *match; /* [n] by index of the test text; borrowed until the next check */
    size_t n;
    uint32_t stock; /* places where a stock phrase begins */
} lem_decontam_found;
/* Linear in the text; for each test text that shares an n-gram, n * m / 64 more.
 * A prompt is compared with test prompts, a response with all test texts. `math`: which of the two rules. */
lem_status lem_decontam_check(const lem_decontam *d, lem_decontam_work *w, const char *text, size_t len,
                              lem_decontam_part part, bool math, const lem_cancel *cancel,
                              lem_decontam_found *out, lem_err *err) LEM_MUST_CHECK;

/* The words of a test text from the from-th on, joined by spaces; fewer where it ends. */
void lem_decontam_words(const lem_decontam *d, uint32_t test, uint32_t from, uint32_t n, lem_buf *out);

/* Stock phrases: runs of words whose n-grams are all stock phrases, each once, in the order of the test
 * texts. */
typedef struct lem_decontam_phrase {
    uint32_t test, from, words; /* where it stands first: lem_decontam_words */
    uint32_t tests;             /* different test texts that share its rarest n-gram */
} lem_decontam_phrase;
/* *out is owned by the caller (lem_free); NULL where there are none. */
lem_status lem_decontam_phrases(const lem_decontam *d, lem_decontam_phrase **out, size_t *n,
                                lem_err *err) LEM_MUST_CHECK;

#endif
