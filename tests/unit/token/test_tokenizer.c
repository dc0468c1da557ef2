/* test_tokenizer.c - tokenizers trained, saved, loaded, refused; ids against the `tokenizers` package */
#include "core/file.h"
#include "core/json.h"
#include "../../support/jsonl.h"
#include "core/mem.h"
#include "core/rng.h"
#include "token/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char story[] = "Natalia sold clips to 48 of her friends in April, and then she sold half as "
                            "many clips in May. How many clips did Natalia sell altogether "
                            "in April and May? Natalia sold 48/2 = 24 clips in May.\nNatalia sold 48+24 = 72 "
                            "clips altogether in April and May.\n\n#### 72\n"
                            "Weng earns $12 an hour for babysitting. Yesterday, she just did 50 minutes of "
                            "babysitting. How much did she earn? It's $10, isn't it?\n";

static lem_tokenizer *train(const lem_bpe_train_opts *opts) {
    lem_err err = LEM_ERR_INIT;
    lem_bpe_trainer *b = lem_bpe_trainer_new(opts, &err);
    assert_non_null(b);
    lem_tokenizer *t = NULL;
    for (int i = 0; i < 3; i++) assert_int_equal(lem_bpe_trainer_add(b, story, strlen(story), &err), LEM_OK);
    lem_status st = lem_bpe_trainer_finish(b, &t, &err);
    if (st != LEM_OK) fail_msg("%s", err.text);
    lem_bpe_trainer_free(b);
    return t;
}

static lem_ids encode(const lem_tokenizer *t, const char *s, size_t n, bool special) {
    lem_ids ids = {0};
    lem_err err = LEM_ERR_INIT;
    if (lem_tokenizer_encode(t, s, n, special, &ids, &err) != LEM_OK) fail_msg("%s", err.text);
    return ids;
}

static void assert_same_ids(const lem_ids *a, const lem_ids *b) {
    assert_int_equal(a->len, b->len);
    if (a->len) assert_memory_equal(a->data, b->data, a->len * sizeof *a->data);
}

static void assert_round_trip(const lem_tokenizer *t, const char *s, size_t n) {
    lem_ids ids = encode(t, s, n, false);
    lem_buf out = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_tokenizer_decode(t, ids.data, ids.len, false, &out, &err), LEM_OK);
    assert_int_equal(out.len, n);
    if (n) assert_memory_equal(out.data, s, n);
    lem_buf_release(&out);
    lem_ids_release(&ids);
}

static void test_train_layout(void **state) {
    (void)state;
    lem_tokenizer *t = train(&(lem_bpe_train_opts){.vocab = 300, .split_digits = true});
    assert_int_equal(lem_tokenizer_vocab(t), 300);
    assert_int_equal(lem_tokenizer_find(t, "<|endoftext|>"), 0);
    assert_int_equal(lem_tokenizer_find(t, "<|im_start|>"), 1);
    assert_int_equal(lem_tokenizer_find(t, "<|im_end|>"), 2);
    assert_int_equal(lem_tokenizer_find(t, "<|nothing|>"), -1);
    assert_int_equal(lem_tokenizer_eos(t), 2);
    assert_true(lem_tokenizer_is_special(t, 1));
    assert_false(lem_tokenizer_is_special(t, 3));
    assert_false(lem_tokenizer_is_special(t, -1));
    assert_false(lem_tokenizer_is_special(t, 300));
    size_t len = 0;
    const char *b = lem_tokenizer_token_bytes(t, 3 + 'A', &len);
    assert_int_equal(len, 1);
    assert_int_equal(b[0], 'A');
    assert_null(lem_tokenizer_token_bytes(t, 300, &len));
    assert_null(lem_tokenizer_token_bytes(t, -1, &len));
    lem_tokenizer_free(t);
}

/* "ab" occurs 4 times, "bc" and "cd" 2 each: ab first, then the pairs that remain, ties by bytes. */
static void test_train_order(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_bpe_trainer *b = lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 300}, &err);
    static const char text[] = "ab\nab\nab\nab\nzy\nzy\nxy\nxy\nonce";
    assert_int_equal(lem_bpe_trainer_add(b, text, strlen(text), &err), LEM_OK);
    lem_tokenizer *t = NULL;
    assert_int_equal(lem_bpe_trainer_finish(b, &t, &err), LEM_OK);
    lem_bpe_trainer_free(b);
    assert_int_equal(lem_tokenizer_vocab(t), 3 + 256 + 3);
    const char *const want[] = {"ab", "xy", "zy"};
    for (int i = 0; i < 3; i++) {
        size_t len = 0;
        const char *s = lem_tokenizer_token_bytes(t, 259 + i, &len);
        assert_int_equal(len, 2);
        assert_memory_equal(s, want[i], 2);
    }
    lem_tokenizer_free(t);
}

static void test_train_refuses(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    const char *const twice[] = {"<a>", "<a>"}, *const one[] = {"a"};
    assert_null(lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 200}, &err));
    assert_int_equal(err.status, LEM_EUSAGE);
    assert_null(lem_bpe_trainer_new(&(lem_bpe_train_opts){.special = twice, .n_special = 2}, &err));
    assert_int_equal(err.status, LEM_EUSAGE);
    lem_bpe_trainer *b = lem_bpe_trainer_new(&(lem_bpe_train_opts){.special = one, .n_special = 1}, &err);
    lem_tokenizer *t = NULL;
    assert_int_equal(lem_bpe_trainer_finish(b, &t, &err), LEM_EUSAGE);
    assert_null(t);
    lem_bpe_trainer_free(b);
}

static void test_save_load(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    char dir[] = "/tmp/lemma-token-XXXXXX";
    assert_non_null(mkdtemp(dir));
    lem_tokenizer *t = train(&(lem_bpe_train_opts){.vocab = 350, .max_length = 512}), *u = NULL;
    if (lem_tokenizer_save(t, dir, &err) != LEM_OK) fail_msg("%s", err.text);
    if (lem_tokenizer_load(dir, &u, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_int_equal(lem_tokenizer_vocab(u), lem_tokenizer_vocab(t));
    assert_int_equal(lem_tokenizer_eos(u), 2);
    assert_int_equal(lem_tokenizer_max_length(u), 512);
    lem_ids a = encode(t, story, strlen(story), false), b = encode(u, story, strlen(story), false);
    assert_same_ids(&a, &b);
    assert_true(a.len < strlen(story) * 3 / 4);
    /* saved again: the same bytes */
    char *one = lem_path_join(dir, "tokenizer_config.json", &err), *sub = lem_path_join(dir, "again", &err);
    char *two = lem_path_join(sub, "tokenizer_config.json", &err);
    assert_int_equal(lem_tokenizer_save(u, sub, &err), LEM_OK);
    lem_buf x = {0}, y = {0};
    assert_int_equal(lem_file_read(one, 1 << 20, &x, &err), LEM_OK);
    assert_int_equal(lem_file_read(two, 1 << 20, &y, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&x), lem_buf_str(&y));
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
    lem_buf_release(&x);
    lem_buf_release(&y);
    lem_free(one);
    lem_free(two);
    lem_free(sub);
    lem_ids_release(&a);
    lem_ids_release(&b);
    lem_tokenizer_free(t);
    lem_tokenizer_free(u);
}

static void test_round_trip(void **state) {
    (void)state;
    lem_tokenizer *t = train(&(lem_bpe_train_opts){.vocab = 400});
    lem_rng rng = lem_rng_make(7, "token test", 0);
    static const char *const bits[] = {" ",          "\n",          "\r\n",         "'s",
                                       "'LL",        "caf\xc3\xa9", "\xe6\x95\xb0", "\xf0\x9f\x98\x80",
                                       "12",         "sold",        "clips",        "!",
                                       "\xff",       "\xc3",        "\xe2\x82",     "\xed\xa0\x80",
                                       "\xc5\xbf",   "e\xcc\x81",   "\xc2\xa0",     "\xe3\x80\x80",
                                       "<|im_end|>", "\t"};
    assert_round_trip(t, "", 0);
    assert_round_trip(t, "a\0b", 3);
    for (int i = 0; i < 2000; i++) {
        lem_buf b = {0};
        size_t n = lem_rng_next_below(&rng, 30);
        for (size_t k = 0; k < n; k++) {
            if (i % 2) lem_buf_putc(&b, (char)lem_rng_next_below(&rng, 256));
            else lem_buf_puts(&b, bits[lem_rng_next_below(&rng, sizeof bits / sizeof *bits)]);
        }
        assert_round_trip(t, lem_buf_str(&b), b.len);
        lem_buf_release(&b);
    }
    lem_tokenizer_free(t);
}

/* A long word is merged by the heap, a short one by the loop: the ids of a long word of whole repetitions say
 * both agree. */
static void test_long_word(void **state) {
    (void)state;
    lem_tokenizer *t = train(&(lem_bpe_train_opts){.vocab = 400});
    size_t n = 1 << 20;
    char *s = malloc(n);
    for (size_t i = 0; i < n; i++) s[i] = "altogether"[i % 10];
    assert_round_trip(t, s, n);
    memset(s, 'a', n);
    assert_round_trip(t, s, n);
    memset(s, ' ', n);
    assert_round_trip(t, s, n);
    memset(s, '\n', n);
    assert_round_trip(t, s, n);
    free(s);
    lem_tokenizer_free(t);
}

static void test_special(void **state) {
    (void)state;
    lem_tokenizer *t = train(NULL);
    static const char text[] = "hi<|im_end|>";
    lem_ids plain = encode(t, text, strlen(text), false), special = encode(t, text, strlen(text), true);
    assert_int_equal(special.data[special.len - 1], 2);
    for (size_t i = 0; i < plain.len; i++) assert_false(lem_tokenizer_is_special(t, plain.data[i]));
    lem_err err = LEM_ERR_INIT;
    lem_buf out = {0};
    assert_int_equal(lem_tokenizer_decode(t, special.data, special.len, true, &out, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&out), "hi");
    lem_buf_clear(&out);
    assert_int_equal(lem_tokenizer_decode(t, special.data, special.len, false, &out, &err), LEM_OK);
    assert_string_equal(lem_buf_str(&out), text);
    int32_t bad[] = {5, 1 << 20};
    assert_int_equal(lem_tokenizer_decode(t, bad, 2, false, &out, &err), LEM_EDATA);
    assert_string_equal(lem_buf_str(&out), text); /* unchanged */
    lem_buf_release(&out);
    lem_ids_release(&plain);
    lem_ids_release(&special);
    lem_tokenizer_free(t);
}

/* Rows {"text","special","ids"} made by tools/golden/tokenizer.py for the tokenizer in the same folder. */
static void check_golden(const char *dir) {
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    if (lem_tokenizer_load(dir, &t, &err) != LEM_OK) fail_msg("%s", err.text);
    char *path = lem_path_join(dir, "golden.jsonl", &err);
    lem_lines *rows = NULL;
    assert_int_equal(lem_lines_open(path, 0, &rows, &err), LEM_OK);
    size_t n = 0;
    for (lem_json *row = NULL;; n++) {
        assert_int_equal(jsonl_next(rows, &row, &err), LEM_OK);
        if (!row) break;
        const lem_json *text = lem_json_get(row, "text"), *want = lem_json_get(row, "ids");
        lem_ids ids = encode(t, lem_json_str(text, ""), lem_json_str_len(text),
                             lem_json_bool(lem_json_get(row, "special"), false));
        bool same = ids.len == lem_json_count(want);
        for (size_t i = 0; same && i < ids.len; i++)
            same = ids.data[i] == lem_json_int(lem_json_at(want, i), -1);
        if (!same)
            fail_msg("%s:%d: \"%s\" has other ids", path, (int)lem_lines_number(rows),
                     lem_json_str(text, ""));
        lem_ids_release(&ids);
        lem_json_free(row);
    }
    assert_true(n > 100);
    lem_lines_close(rows);
    lem_free(path);
    lem_tokenizer_free(t);
}

static void test_golden(void **state) {
    (void)state;
    check_golden(LEMMA_TEST_DATA "/token/digits1");
    check_golden(LEMMA_TEST_DATA "/token/digits3");
    check_golden(LEMMA_TEST_DATA "/token/gpt2_nfc");
    check_golden(LEMMA_TEST_DATA "/token/regex");
    check_golden(LEMMA_TEST_DATA "/token/unigram");
    check_golden(LEMMA_TEST_DATA "/token/unigram_bytes");
    check_golden(LEMMA_TEST_DATA "/token/bpe_fallback");
    check_golden(LEMMA_TEST_DATA "/token/bpe_unk");
    check_golden(LEMMA_TEST_DATA "/token/spm_bpe");
    check_golden(LEMMA_TEST_DATA "/token/spm_unigram");
    check_golden(LEMMA_TEST_DATA "/token/ranks");
}

static void put(const char *dir, const char *name, const void *data, size_t len) {
    lem_err err = LEM_ERR_INIT;
    char *path = lem_path_join(dir, name, &err);
    if (lem_file_write_atomic(path, data, len, &err) != LEM_OK) fail_msg("%s", err.text);
    lem_free(path);
}

/* A SentencePiece folder as older releases wrote it: its added tokens stand in added_tokens.json, or in
 * tokenizer_config.json. */
static void test_added_beside_pieces(void **state) {
    (void)state;
    static const char *const names[] = {"added_tokens.json", "tokenizer_config.json"};
    static const char *const texts[] = {
        "{\"<pad>\": 900}",
        "{\"added_tokens_decoder\": {\"900\": {\"content\": \"<pad>\", \"special\": true}}}"};
    char dir[] = "/tmp/lemma-token-XXXXXX";
    lem_err err = LEM_ERR_INIT;
    lem_buf model = {0};
    lem_tokenizer *t = NULL;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(lem_file_read(LEMMA_TEST_DATA "/token/spm_bpe/tokenizer.model", 1 << 20, &model, &err),
                     LEM_OK);
    put(dir, "tokenizer.model", model.data, model.len);
    for (int k = 0; k < 2; k++) {
        put(dir, names[k], texts[k], strlen(texts[k]));
        if (lem_tokenizer_load(dir, &t, &err) != LEM_OK) fail_msg("%s", err.text);
        assert_int_equal(lem_tokenizer_find(t, "<pad>"), 900);
        assert_true(lem_tokenizer_is_special(t, 900));
        assert_int_equal(lem_tokenizer_vocab(t), 901);
        lem_ids ids = encode(t, "a<pad>", 6, true);
        assert_int_equal(ids.data[ids.len - 1], 900);
        lem_ids_release(&ids);
        lem_tokenizer_free(t);
        put(dir, "added_tokens.json", "{}", 2);
    }
    put(dir, "tokenizer_config.json", "{}", 2);
    put(dir, "added_tokens.json", "{\"<pad>\": -1}", 13);
    assert_int_equal(lem_tokenizer_load(dir, &t, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "added_tokens.json: the id of \"<pad>\""));
    lem_buf_release(&model);
    assert_int_equal(lem_dir_remove(dir, &err), LEM_OK);
}

static void test_shared_minimind(void **state) {
    (void)state;
    const char *data = getenv("LEMMA_DATA");
    lem_err err = LEM_ERR_INIT;
    char *dir = data ? lem_path_join(data, "tokenizers/minimind", &err) : NULL;
    if (!dir || !lem_file_is_dir(dir)) {
        lem_free(dir);
        skip();
    }
    lem_tokenizer *t = NULL;
    if (lem_tokenizer_load(dir, &t, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_int_equal(lem_tokenizer_vocab(t), 6400);
    assert_int_equal(lem_tokenizer_eos(t), 2);
    assert_round_trip(t, story, strlen(story));
    lem_tokenizer_free(t);
    lem_free(dir);
}

/* Everything from training to decoding with the k-th allocation failing, for each k: an error, never a crash;
 * the sanitizer looks for leaks. */
static lem_status whole_life(lem_err *err) {
    lem_tokenizer *t = NULL;
    lem_ids ids = {0};
    lem_buf out = {0};
    lem_status st = LEM_EMEM;
    lem_bpe_trainer *b = lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 270}, err);
    if (!b) goto done;
    LEM_TRY(lem_bpe_trainer_add(b, story, strlen(story), err));
    LEM_TRY(lem_bpe_trainer_finish(b, &t, err));
    LEM_TRY(lem_tokenizer_encode(t, story, strlen(story), true, &ids, err));
    LEM_TRY(lem_tokenizer_decode(t, ids.data, ids.len, true, &out, err));
    assert_string_equal(lem_buf_str(&out), story);
done:
    lem_bpe_trainer_free(b);
    lem_tokenizer_free(t);
    lem_ids_release(&ids);
    lem_buf_release(&out);
    return st;
}

static void test_no_memory(void **state) {
    (void)state;
    for (uint64_t k = 1;; k++) {
        lem_err err = LEM_ERR_INIT;
        lem_mem_fail_after(k, true);
        lem_status st = whole_life(&err);
        lem_mem_fail_after(0, false);
        if (st == LEM_OK) {
            assert_true(k > 20);
            return;
        }
        assert_int_equal(st, LEM_EMEM);
        assert_true(err.text[0]);
    }
}

static void expect_refused(const char *json, const char *words) {
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    assert_int_equal(lem_tokenizer_parse(json, strlen(json), &t, &err), LEM_EDATA);
    assert_null(t);
    if (!strstr(err.text, words)) fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

#define PIPE                                                                                                 \
    "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"decoder\":{\"type\":"           \
    "\"ByteLevel\"},"
#define SPLIT(p)                                                                                             \
    "{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" p "\"},\"behavior\":\"Isolated\"}}"

static void test_refused(void **state) {
    (void)state;
    expect_refused("", "empty");
    expect_refused("[]", "array");
    expect_refused("{" PIPE "\"model\":{\"type\":\"WordPiece\"}}", "WordPiece");
    expect_refused("{" PIPE "\"model\":{\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}}", "id 0");
    expect_refused("{" PIPE "\"model\":{\"vocab\":{\"a\":1048576},\"merges\":[]}}", "1048576");
    expect_refused("{" PIPE "\"model\":{\"vocab\":{\"a\":1},\"merges\":[\"a b\"]}}", "\"b\"");
    expect_refused("{" PIPE "\"model\":{\"vocab\":{\"a\":1},\"merges\":[\"a a\"]}}", "\"aa\"");
    expect_refused("{" PIPE "\"model\":{\"vocab\":{\"a\":1},\"merges\":[[\"a\"]]}}", "merges[0]");
    expect_refused(
        "{" PIPE
        "\"added_tokens\":[{\"id\":1,\"content\":\"b\"}],\"model\":{\"vocab\":{\"a\":1},\"merges\":[]}}",
        "added token");
    expect_refused("{" PIPE "\"added_tokens\":[{\"id\":2,\"content\":\"b\",\"special\":\"no\"}],\"model\":{"
                   "\"vocab\":{\"a\":1},\"merges\":[]}}",
                   "added_tokens[0].special must be true or false");
    expect_refused("{" PIPE "\"normalizer\":{\"type\":\"BertNormalizer\"}}", "BertNormalizer");
    expect_refused(SPLIT("([a-z]+"), "([a-z]+");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_train_layout),
        cmocka_unit_test(test_train_order),
        cmocka_unit_test(test_train_refuses),
        cmocka_unit_test(test_save_load),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_long_word),
        cmocka_unit_test(test_special),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_added_beside_pieces),
        cmocka_unit_test(test_shared_minimind),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
