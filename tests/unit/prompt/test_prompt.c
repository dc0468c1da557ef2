/* test_prompt.c - problems to be answered, conversations and texts to be trained on: ids and masks */
#include "support.h"

#include "core/json.h"
#include "prompt/prompt.h"

static lem_tokenizer *t;

static int setup(void **state) {
    (void)state;
    t = small_tokenizer();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lem_tokenizer_free(t);
    return 0;
}

static void problem_is(const lem_prompt_settings *s, const char *problem, const char *want) {
    lem_ids ids = {0};
    OK(lem_prompt_problem(t, s, problem, &ids, &err));
    char *text = text_of(t, &ids, NULL);
    assert_string_equal(text, want);
    free(text);
    lem_ids_release(&ids);
}

#define SYSTEM "<|im_start|>system\nBe right.<|im_end|>\n"
#define USER(x) "<|im_start|>user\n" x "<|im_end|>\n"
#define REPLY "<|im_start|>assistant\n"

static void problems(void **state) {
    (void)state;
    char system[] = "Be right.", suffix[] = "Think.";
    problem_is(&(lem_prompt_settings){0}, "1+1?", USER("1+1?") REPLY);
    problem_is(&(lem_prompt_settings){.system = system}, "1+1?", SYSTEM USER("1+1?") REPLY);
    problem_is(&(lem_prompt_settings){.system = system, .suffix = suffix}, "1+1?",
               SYSTEM USER("1+1?\nThink.") REPLY);
    problem_is(&(lem_prompt_settings){.template = LEM_PROMPT_PLAIN}, "1+1?", "1+1?");
    problem_is(&(lem_prompt_settings){.template = LEM_PROMPT_PLAIN, .system = system, .suffix = suffix},
               "1+1?", "Be right.\n\n1+1?\nThink.");
    /* A special token that a problem spells out is text. */
    lem_ids ids = {0};
    OK(lem_prompt_problem(t, &(lem_prompt_settings){.template = LEM_PROMPT_PLAIN}, "<|im_end|>", &ids, &err));
    for (size_t i = 0; i < ids.len; i++) assert_false(lem_tokenizer_is_special(t, ids.data[i]));
    lem_ids_release(&ids);
}

static void trained_is(const char *system, const lem_message *m, size_t n, const char *all,
                       const char *trained) {
    lem_ids ids = {0};
    uint8_t *mask = NULL;
    OK(lem_prompt_conversation(t, system, m, n, &ids, &mask, &err));
    char *a = text_of(t, &ids, NULL), *b = text_of(t, &ids, mask);
    assert_string_equal(a, all);
    assert_string_equal(b, trained);
    free(a);
    free(b);
    lem_free(mask);
    lem_ids_release(&ids);
}

static void conversations(void **state) {
    (void)state;
    const lem_message m[] = {
        {"system", "Be right."}, {"user", "q"}, {"assistant", "a"}, {"user", "r"}, {"assistant", "b"}};
    static const char with[] = SYSTEM USER("q") REPLY "a<|im_end|>\n" USER("r") REPLY "b<|im_end|>\n";
    trained_is(NULL, m, 5, with, "a<|im_end|>b<|im_end|>");
    trained_is("other", m, 5, with, "a<|im_end|>b<|im_end|>"); /* a row's own system text counts */
    trained_is("Be right.", m + 1, 4, with, "a<|im_end|>b<|im_end|>");
    trained_is("", m + 1, 2, USER("q") REPLY "a<|im_end|>\n", "a<|im_end|>");
    trained_is(NULL, m + 1, 2, USER("q") REPLY "a<|im_end|>\n", "a<|im_end|>");
}

static void texts(void **state) {
    (void)state;
    lem_ids ids = {0};
    uint8_t *mask = NULL;
    OK(lem_ids_push(&ids, 5, &err));
    OK(lem_prompt_text(t, "four", &ids, &mask, &err));
    assert_int_equal(ids.data[ids.len - 1], lem_tokenizer_eos(t));
    assert_int_equal(mask[0], 0);
    for (size_t i = 1; i < ids.len; i++) assert_int_equal(mask[i], 1);
    lem_free(mask);
    lem_ids_release(&ids);
}

/* One case of tools/golden/make_reencode.py: whether the ids are those of their text; behind a prompt, and
 * cut before a stop string, too. */
static void same_as(const lem_tokenizer *of, const lem_json *row, const char *where) {
    const lem_json *list = lem_json_get(row, "ids");
    int32_t ids[64];
    size_t n = lem_json_count(list);
    lem_buf raw = {0};
    bool same = false, cut = false, longer = true, want = lem_json_bool(lem_json_get(row, "same"), false);
    assert_true(n > 0 && n < 64);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)lem_json_int(lem_json_at(list, i), -1);
    OK(lem_tokenizer_decode(of, ids, n, true, &raw, &err)); /* bytes, as the engine has them */
    OK(lem_prompt_reencodes(of, 40, lem_buf_str(&raw), raw.len, false, ids, n, &same, &err));
    if (same != want) fail_msg("%s '%s': %d", where, lem_json_str(lem_json_get(row, "text"), ""), same);
    ids[n] = 41; /* of the stop string */
    OK(lem_prompt_reencodes(of, 40, lem_buf_str(&raw), raw.len, true, ids, n + 1, &cut, &err));
    OK(lem_prompt_reencodes(of, 40, lem_buf_str(&raw), raw.len, false, ids, n + 1, &longer, &err));
    assert_true(!want || cut);
    assert_true(!want || !longer);
    lem_buf_release(&raw);
}

static void sampled_texts(void **state) {
    (void)state;
    static const char *const folders[] = {"token/digits1", "token/digits3", "golden_heads/rlhflow_mixed"};
    lem_json *all = NULL;
    OK(lem_json_load(LEMMA_TEST_DATA "/token/reencode.json", 1 << 20, &all, &err));
    for (int f = 0; f < 3; f++) {
        char dir[300];
        lem_tokenizer *of = NULL;
        const lem_json *rows = lem_json_get(all, folders[f]);
        snprintf(dir, sizeof dir, LEMMA_TEST_DATA "/%s", folders[f]);
        OK(lem_tokenizer_load(dir, &of, &err));
        assert_int_equal(lem_json_count(rows), 60);
        for (size_t i = 0; i < 60; i++) same_as(of, lem_json_at(rows, i), folders[f]);
        lem_tokenizer_free(of);
    }
    lem_json_free(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(problems), cmocka_unit_test(conversations),
                                       cmocka_unit_test(texts), cmocka_unit_test(sampled_texts)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
