/* test_prompt.c - problems to be answered, conversations and texts to be trained on: ids and masks */
#include "support.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(problems), cmocka_unit_test(conversations),
                                       cmocka_unit_test(texts)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
