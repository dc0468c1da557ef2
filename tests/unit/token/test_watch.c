/* test_watch.c - encoding and training stop soon after they are asked to, in one enormous word too */
#include "core/log.h"
#include "core/rng.h"
#include "token/tokenizer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define WORD_BYTES ((size_t)20 << 20)
#define DELAY_MS 60
#define BOUND_SECONDS 3.0 /* promised is well under one; a busy machine and the sanitizers get more */

static char *word; /* letters, no spaces */

static int make_word(void **state) {
    (void)state;
    lem_rng rng = lem_rng_make(4, "word", 0);
    word = malloc(WORD_BYTES);
    for (size_t i = 0; i < WORD_BYTES; i++) word[i] = (char)('a' + lem_rng_at(&rng, i) % 26);
    return 0;
}

static int free_word(void **state) {
    (void)state;
    free(word);
    return 0;
}

typedef struct alarm_clock {
    lem_cancel cancel;
    double rang; /* when */
    pthread_t thread;
} alarm_clock;

static void *wait_and_ring(void *arg) {
    alarm_clock *c = arg;
    nanosleep(&(struct timespec){.tv_nsec = DELAY_MS * 1000000L}, NULL);
    c->rang = lem_clock_seconds();
    c->cancel.requested = 1;
    return NULL;
}

static void start_clock(alarm_clock *c) {
    c->cancel.requested = 0;
    assert_int_equal(pthread_create(&c->thread, NULL, wait_and_ring, c), 0);
}

/* The work that has just returned st must have been stopped by the clock, and soon. */
static void check_stopped(alarm_clock *c, lem_status st, const lem_err *err) {
    double now = lem_clock_seconds();
    pthread_join(c->thread, NULL);
    assert_int_equal(st, LEM_EINTR);
    assert_string_equal(err->text, "interrupted");
    assert_true(now - c->rang < BOUND_SECONDS);
}

static lem_bpe_trainer *new_trainer(const lem_cancel *cancel) {
    lem_err err = LEM_ERR_INIT;
    lem_bpe_trainer *b = lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 2000, .cancel = cancel}, &err);
    assert_non_null(b);
    return b;
}

static lem_tokenizer *train_small(void) {
    lem_err err = LEM_ERR_INIT;
    lem_bpe_trainer *b = new_trainer(NULL);
    lem_tokenizer *t = NULL;
    assert_int_equal(lem_bpe_trainer_add(b, word, 100000, &err), LEM_OK);
    assert_int_equal(lem_bpe_trainer_finish(b, &t, &err), LEM_OK);
    lem_bpe_trainer_free(b);
    return t;
}

static void test_encode_asked_before(void **state) {
    (void)state;
    static const char *const texts[] = {"", "<|im_end|>", "two words"};
    lem_tokenizer *t = train_small();
    lem_cancel cancel = {1};
    lem_ids ids = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_ids_push(&ids, 7, &err), LEM_OK);
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(texts[i]);
        lem_tokenizer_watch(t, &cancel);
        assert_int_equal(lem_tokenizer_encode(t, texts[i], n, true, &ids, &err), LEM_EINTR);
        assert_string_equal(err.text, "interrupted");
        assert_int_equal(lem_tokenizer_encode_single(t, texts[i], n, true, &ids, &err), LEM_EINTR);
        assert_int_equal(lem_tokenizer_encode_marked(t, texts[i], NULL, n, false, &ids, &err), LEM_EINTR);
        assert_int_equal(ids.len, 1);
        lem_tokenizer_watch(t, NULL);
        assert_int_equal(lem_tokenizer_encode(t, texts[i], n, true, &ids, &err), LEM_OK);
        ids.len = 1;
    }
    lem_ids_release(&ids);
    lem_tokenizer_free(t);
}

static void encode_and_stop(lem_tokenizer *t, const char *text, size_t n) {
    alarm_clock c = {0};
    lem_ids ids = {0};
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer_watch(t, &c.cancel);
    start_clock(&c);
    lem_status st = lem_tokenizer_encode(t, text, n, false, &ids, &err);
    check_stopped(&c, st, &err);
    assert_int_equal(ids.len, 0);
    lem_ids_release(&ids);
}

static void test_encode_bpe(void **state) {
    (void)state;
    lem_tokenizer *t = train_small();
    encode_and_stop(t, word, WORD_BYTES);
    lem_tokenizer_free(t);
}

static lem_tokenizer *load(const char *name) {
    char dir[512];
    snprintf(dir, sizeof dir, LEMMA_TEST_DATA "/token/%s", name);
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    if (lem_tokenizer_load(dir, &t, &err) != LEM_OK) fail_msg("%s", err.text);
    return t;
}

static void test_encode_unigram(void **state) {
    (void)state;
    lem_tokenizer *t = load("unigram");
    encode_and_stop(t, word, WORD_BYTES);
    lem_tokenizer_free(t);
}

/* Symbols that are characters, looked up one by one. */
static void test_encode_characters(void **state) {
    (void)state;
    lem_tokenizer *t = load("bpe_fallback");
    encode_and_stop(t, word, WORD_BYTES);
    lem_tokenizer_free(t);
}

/* The normalizer comes before any word: one span of Hangul and marks. */
static void test_encode_normalized(void **state) {
    (void)state;
    lem_tokenizer *t = load("gpt2_nfc");
    size_t n = WORD_BYTES / 5 * 5;
    char *text = malloc(n);
    for (size_t i = 0; i < n; i += 5) memcpy(text + i, "\xea\xb0\x80\xcc\x81", 5);
    encode_and_stop(t, text, n);
    free(text);
    lem_tokenizer_free(t);
}

static void test_train_asked_before(void **state) {
    (void)state;
    lem_cancel cancel = {1};
    lem_bpe_trainer *b = new_trainer(&cancel);
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_bpe_trainer_add(b, "a word", 6, &err), LEM_EINTR);
    assert_string_equal(err.text, "interrupted");
    cancel.requested = 0;
    assert_int_equal(lem_bpe_trainer_add(b, "a word", 6, &err), LEM_OK);
    cancel.requested = 1;
    assert_int_equal(lem_bpe_trainer_finish(b, &t, &err), LEM_EINTR);
    assert_null(t);
    lem_bpe_trainer_free(b);
}

static void test_train_one_word(void **state) {
    (void)state;
    alarm_clock c = {0};
    lem_bpe_trainer *b = new_trainer(&c.cancel);
    lem_tokenizer *t = NULL;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_bpe_trainer_add(b, word, WORD_BYTES, &err), LEM_OK);
    start_clock(&c);
    lem_status st = lem_bpe_trainer_finish(b, &t, &err);
    check_stopped(&c, st, &err);
    assert_null(t);
    lem_bpe_trainer_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_asked_before), cmocka_unit_test(test_encode_bpe),
        cmocka_unit_test(test_encode_unigram),      cmocka_unit_test(test_encode_characters),
        cmocka_unit_test(test_encode_normalized),   cmocka_unit_test(test_train_asked_before),
        cmocka_unit_test(test_train_one_word)};
    return cmocka_run_group_tests(tests, make_word, free_word);
}
