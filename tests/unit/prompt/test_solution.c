/* test_solution.c - what training reads (the prompt, then the reply) is what scoring reads, for ChatML and
 * the templates of published models; suffixes; the forms that a folder cannot feed */
#include "support.h"

#include "prompt/chat.h"
#include "prompt/solution.h"
#include "token/chat_template.h"

static lem_tokenizer *t;
static char dir_of_t[] = "/tmp/lemma-solution-XXXXXX";

/* A new one without template, which knows a bos token. */
static void new_tokenizer(void) {
    lem_tokenizer *fresh = small_tokenizer();
    OK(lem_tokenizer_save(fresh, dir_of_t, &err));
    put_file(dir_of_t, "tokenizer_config.json", "{\"eos_token\":\"<|im_end|>\"}");
    put_file(dir_of_t, "special_tokens_map.json",
             "{\"bos_token\":\"<|endoftext|>\",\"eos_token\":\"<|im_end|>\"}");
    lem_tokenizer_free(fresh);
    lem_tokenizer_free(t);
    OK(lem_tokenizer_load(dir_of_t, &t, &err));
}

static int setup(void **state) {
    (void)state;
    if (!mkdtemp(dir_of_t)) return 1;
    new_tokenizer();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lem_tokenizer_free(t);
    return lem_dir_remove(dir_of_t, &err);
}

static const char *const solutions[] = {
    "four", "", " 4 ", "\n\nThe answer is \\boxed{4}.\n", "a<|im_end|>b", "\xd0", "two\n\ntwo"};
enum { N_SOLUTIONS = (int)(sizeof solutions / sizeof *solutions) };

static bool same(const lem_ids *a, const lem_ids *b) {
    return a->len == b->len && memcmp(a->data, b->data, a->len * sizeof *a->data) == 0;
}

/* What training reads in two parts is what is scored in the form REPLY_END, or both are refused. Counts where
 * it is also the whole conversation, the form of published models. */
static void compare(const char *system, const char *solution, int *agree, int *apart) {
    lem_prompt_recipe how = {.form = LEM_PROMPT_REPLY_END, .system = system}, published = how;
    lem_rendering scored = {{0}, NULL, 0, 0}, whole = {{0}, NULL, 0, 0};
    lem_ids trained = {0}, prompt = {0};
    published.form = LEM_PROMPT_LAST_TOKEN;
    lem_status st = lem_prompt_beginning(&how, t, "two plus two?", &trained, &err);
    if (st == LEM_OK) st = lem_prompt_reply(&how, t, solution, strlen(solution), &trained, &err);
    assert_int_equal(lem_prompt_solution(&how, t, "two plus two?", solution, strlen(solution), &scored, &err),
                     st);
    if (st == LEM_OK) {
        assert_true(same(&trained, &scored.ids));
        assert_int_equal(scored.n_at, 1);
        assert_int_equal(scored.at[0], (int)scored.ids.len - 1);
        /* and begins as sampling's prompts do */
        OK(lem_chat_prompt(t, system, "two plus two?", &prompt, &err));
        assert_memory_equal(trained.data, prompt.data, prompt.len * sizeof *prompt.data);
    }
    bool rendered = lem_prompt_solution(&published, t, "two plus two?", solution, strlen(solution), &whole,
                                        &err) == LEM_OK;
    if (rendered && st == LEM_OK && same(&trained, &whole.ids)) ++*agree;
    else if (rendered) ++*apart;
    lem_rendering_release(&scored);
    lem_rendering_release(&whole);
    lem_ids_release(&trained);
    lem_ids_release(&prompt);
}

static void compare_all(int *agree, int *apart) {
    for (int i = 0; i < N_SOLUTIONS; i++) {
        compare(NULL, solutions[i], agree, apart);
        compare("Be right.", solutions[i], agree, apart);
    }
}

static void chatml_agrees(void **state) {
    (void)state;
    int agree = 0, apart = 0;
    compare_all(&agree, &apart);
    assert_int_equal(agree, 2 * N_SOLUTIONS);
    static const char own[] = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}"
                              "<|im_end|> \n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
    new_tokenizer();
    OK(lem_chat_use(t, own, strlen(own), &err));
    compare_all(&agree, &apart);
    assert_int_equal(agree, 4 * N_SOLUTIONS);
    assert_int_equal(apart, 0);
}

/* The 18 templates of published models and of other tools. */
static void published_templates_agree(void **state) {
    (void)state;
    const char *data = getenv("LEMMA_DATA");
    char *dir = data ? lem_path_join(data, "tokenizers/chat_templates", &err) : NULL;
    char **names = NULL;
    size_t n = 0;
    int agree = 0, apart = 0;
    if (!dir || !lem_file_is_dir(dir)) {
        print_message("no shared templates: skipped\n");
        lem_free(dir);
        skip();
    }
    OK(lem_dir_list(dir, &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        char *path = lem_path_join(dir, names[i], &err);
        lem_buf text = {0};
        new_tokenizer();
        OK(lem_file_read(path, 1 << 20, &text, &err));
        OK(lem_chat_use(t, lem_buf_str(&text), text.len, &err));
        compare_all(&agree, &apart);
        lem_buf_release(&text);
        lem_free(path);
        lem_free(names[i]);
    }
    /* Apart: the two of DeepSeek-R1 (their generation prompt goes on with <think>, so that training refuses
     * them), and Mistral's v2, v3 and Nemo where there is a system text, which they drop once the reply is
     * there. */
    assert_int_equal(agree, 15 * 14 - 2 * 7 + 14);
    assert_int_equal(apart, 2 * 14 + 2 * 7);
    lem_free(names);
    lem_free(dir);
}

static void suffix_in_every_form(void **state) {
    (void)state;
    lem_tokenizer *tags = NULL; /* its tag is a token of its own */
    OK(lem_tokenizer_load(LEMMA_TEST_DATA "/golden_heads/math_shepherd", &tags, &err));
    for (int f = 0; f < LEM_PROMPT_FORM_COUNT; f++) {
        lem_prompt_recipe how = {.form = (lem_prompt_form)f, .separator = "\n\n", .tag = 3},
                          with = {
                              .form = (lem_prompt_form)f, .separator = "\n\n", .tag = 3, .suffix = "Think."};
        lem_rendering a = {{0}, NULL, 0, 0}, b = {{0}, NULL, 0, 0};
        const lem_tokenizer *of = f == LEM_PROMPT_STEP_TAGS ? tags : t;
        OK(lem_prompt_recipe_find(&how, of, "/nonexistent", &err));
        OK(lem_prompt_recipe_find(&with, of, "/nonexistent", &err));
        OK(lem_prompt_solution(&how, of, "two?\nThink.", "one\n\ntwo", strlen("one\n\ntwo"), &a, &err));
        OK(lem_prompt_solution(&with, of, "two?", "one\n\ntwo", strlen("one\n\ntwo"), &b, &err));
        assert_int_equal(a.ids.len, b.ids.len);
        assert_memory_equal(a.ids.data, b.ids.data, a.ids.len * sizeof *a.ids.data);
        assert_int_equal(a.n_at, lem_prompt_form_has_steps(how.form) ? 2 : 1);
        assert_memory_equal(a.at, b.at, (size_t)a.n_at * sizeof *a.at);
        lem_rendering_release(&a);
        lem_rendering_release(&b);
    }
    lem_tokenizer_free(tags);
}

static void refusals(void **state) {
    (void)state;
    lem_prompt_recipe how = {.form = LEM_PROMPT_STEP_LINE, .separator = "", .tag = 77};
    FAILS(lem_prompt_recipe_find(&how, t, "/nonexistent", &err), LEM_EUSAGE, "must not be empty");
    assert_int_equal(how.tag, 77); /* untouched */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(suffix_in_every_form), cmocka_unit_test(refusals),
                                       cmocka_unit_test(chatml_agrees),
                                       cmocka_unit_test(published_templates_agree)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
