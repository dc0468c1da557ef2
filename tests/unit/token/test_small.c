/* test_small - tokenizers of a few tokens whose ids are those of Hugging Face tokenizers 0.23.3; special
 * tokens in a user's text; of pairs that stand as often, the one whose left sorts first */
#include "../checks.h"
#include "token/tokenizer.h"

#include <stdio.h>

static lem_tokenizer *open_text(const char *json) {
    lem_tokenizer *t = NULL;
    OK(lem_tokenizer_parse(json, strlen(json), &t, &err));
    return t;
}

/* want ends at -1 */
static void same(const lem_ids *ids, const int32_t *want) {
    for (size_t i = 0; i < ids->len; i++) assert_int_equal(ids->data[i], want[i]);
    assert_int_equal(want[ids->len], -1);
}

static void ids_are(const lem_tokenizer *t, const char *text, const int32_t *want) {
    lem_ids ids = {0};
    OK(lem_tokenizer_encode(t, text, strlen(text), true, &ids, &err));
    same(&ids, want);
    lem_ids_release(&ids);
}
#define IDS(t, text, ...) ids_are(t, text, (const int32_t[]){__VA_ARGS__, -1})

#define METASPACE "\"decoder\":{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\"},"

/* With ignore_merges a word that is a token is that token, though no merges lead there. */
static void ignore_merges(void **state) {
    (void)state;
    static const char file[] =
        "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":"
        "{\"Regex\":\" \"},\"behavior\":\"Removed\",\"invert\":false},{\"type\":\"ByteLevel\","
        "\"add_prefix_space\":false,\"use_regex\":false}]},\"decoder\":{\"type\":\"ByteLevel\"},\"model\":"
        "{\"type\":\"BPE\",\"ignore_merges\":%s,\"vocab\":{\"a\":0,\"b\":1,\"c\":2,\"ab\":3,\"abc\":4,"
        "\"bc\":5},\"merges\":[[\"a\",\"b\"]]}}";
    char json[sizeof file + 8];
    for (int on = 0; on < 2; on++) {
        snprintf(json, sizeof json, file, on ? "true" : "false");
        lem_tokenizer *t = open_text(json);
        if (on) IDS(t, "abc ab bc abcab", 4, 3, 5, 3, 2, 3);
        else IDS(t, "abc ab bc abcab", 3, 2, 3, 1, 2, 3, 2, 3);
        lem_tokenizer_free(t);
    }
}

/* A character without a piece costs ten more than the dearest piece. */
static void unknown_is_dear(void **state) {
    (void)state;
    lem_tokenizer *t = open_text(
        "{" METASPACE "\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"byte_fallback\":false,\"vocab\":"
        "[[\"<unk>\",0.0],[\"xy\",-10.0],[\"z\",-10.0],[\"yz\",-1.0]]}}");
    IDS(t, "xyz", 1, 2);
    IDS(t, "xz", 0, 2);
    lem_tokenizer_free(t);
}

/* The lower case of U+0130 is two characters. */
static void dotted_capital(void **state) {
    (void)state;
    lem_tokenizer *t = open_text(
        "{\"normalizer\":{\"type\":\"Lowercase\"}," METASPACE "\"model\":{\"type\":\"Unigram\",\"unk_id\":0,"
        "\"byte_fallback\":"
        "false,\"vocab\":[[\"<unk>\",0.0],[\"i\",-1.0],[\"\\u0307\",-1.0],[\"a\",-1.0]]}}");
    IDS(t,
        "\xc4\xb0"
        "A",
        1, 2, 3);
    IDS(t, "Ii", 1, 1);
    lem_tokenizer_free(t);
}

/* prepend_scheme "first": the mark comes before a text, not before what follows an added token. */
static void first_part(void **state) {
    (void)state;
    lem_tokenizer *t = open_text(
        "{\"added_tokens\":[{\"id\":5,\"content\":\"<s>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":"
        "false,"
        "\"normalized\":false,\"special\":true}],\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":"
        "\"\\u2581\",\"prepend_scheme\":\"first\",\"split\":true}," METASPACE
        "\"model\":{\"type\":\"Unigram\",\"unk_id\":"
        "0,"
        "\"byte_fallback\":false,\"vocab\":[[\"<unk>\",0.0],[\"\\u2581a\",-1.0],[\"a\",-1.0],[\"\\u2581b\",-"
        "1.0],"
        "[\"b\",-1.0]]}}");
    IDS(t, "a<s>b", 1, 5, 4);
    IDS(t, "a b<s>a", 1, 3, 5, 2);
    IDS(t, "<s>a", 5, 2);
    lem_tokenizer_free(t);
}

/* What a user wrote is text, also where it spells a special token, in part or whole. */
static void data_is_text(void **state) {
    (void)state;
    static const char text[] = "a<s>b";
    lem_tokenizer *t =
        open_text("{\"added_tokens\":[{\"id\":9,\"content\":\"<s>\",\"single_word\":false,"
                  "\"lstrip\":false,\"rstrip\":false,"
                  "\"normalized\":false,\"special\":true}]," METASPACE "\"model\":{\"type\":\"Unigram\","
                  "\"unk_id\":0,\"byte_fallback\":"
                  "false,\"vocab\":[[\"<unk>\",0.0],[\"a\",-1.0],[\"b\",-1.0],[\"<\",-1.0],["
                  "\"s\",-1.0],[\">\",-1.0]]}}");
    static const int32_t special[] = {1, 9, 2, -1}, plain[] = {1, 3, 4, 5, 2, -1};
    static const uint8_t marks[][5] = {{0, 0, 0, 0, 0}, {1, 0, 0, 0, 1}, {0, 1, 1, 1, 0}, {0, 0, 0, 1, 0}};
    for (int k = 0; k < 4; k++) {
        lem_ids ids = {0};
        OK(lem_tokenizer_encode_marked(t, text, marks[k], 5, false, &ids, &err));
        same(&ids, k < 2 ? special : plain);
        lem_ids_release(&ids);
    }
    lem_tokenizer_free(t);
}

/* Three times each: (a, z) comes before (ab, c), for a is the beginning of ab. */
static void shorter_left_first(void **state) {
    (void)state;
    static const char text[] = "ab\nab\nab\nabc\nabc\nabc\naz\naz\naz", *const want[] = {"ab", "az", "abc"};
    lem_bpe_trainer *b = lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 300}, &err);
    lem_tokenizer *t = NULL;
    OK(lem_bpe_trainer_add(b, text, strlen(text), &err));
    OK(lem_bpe_trainer_finish(b, &t, &err));
    lem_bpe_trainer_free(b);
    for (int i = 0; i < 3; i++) {
        size_t len = 0;
        const char *s = lem_tokenizer_token_bytes(t, 259 + i, &len);
        assert_int_equal(len, strlen(want[i]));
        assert_memory_equal(s, want[i], len);
    }
    lem_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ignore_merges),  cmocka_unit_test(unknown_is_dear),
        cmocka_unit_test(dotted_capital), cmocka_unit_test(first_part),
        cmocka_unit_test(data_is_text),   cmocka_unit_test(shorter_left_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
