/* test_style.c - styles: the texts of recipe.md 4.2 byte for byte, demonstrations, who says otherwise, ids */
#include "support.h"

#include "prompt/ends.h"
#include "prompt/prompt.h"
#include "prompt/style.h"

static lem_tokenizer *t;
static char dir[] = "/tmp/lemma-style-XXXXXX";

static int setup(void **state) {
    (void)state;
    t = small_tokenizer();
    return mkdtemp(dir) ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    lem_tokenizer_free(t);
    return lem_dir_remove(dir, &err);
}

#define T(x) ((char *)(uintptr_t)(x)) /* the texts of demonstrations are owned elsewhere */
#define PUT "Please reason step by step, and put your final answer within \\boxed{}."

static lem_prompt_settings styled(const char *name, const lem_prompt_shot *shots, int n, int k) {
    lem_prompt_settings s;
    OK(lem_prompt_settings_open(NULL, &(lem_prompt_options){.style = name}, &s, &err));
    assert_string_equal(s.style->name, name);
    s.shots = (lem_prompt_shots){(lem_prompt_shot *)(uintptr_t)shots, (size_t)n, k};
    return s;
}

static void release(lem_prompt_settings *s) {
    s->shots = (lem_prompt_shots){0}; /* of the test */
    lem_prompt_settings_release(s);
}

/* The whole text of a style, and that its ids are those of that text with its special tokens. */
static void text_is(const char *style, const lem_prompt_shot *shots, int n, int k, const char *subject,
                    const char *problem, const char *want) {
    lem_prompt_settings s = styled(style, shots, n, k);
    lem_prompt_request r = {0};
    lem_ids ids = {0}, whole = {0};
    OK(lem_prompt_style_messages(&s, problem, subject, &r, &err));
    assert_non_null(r.text);
    assert_string_equal(r.text, want);
    OK(lem_prompt_problem_of(t, &s, problem, subject, &ids, &err));
    OK(lem_tokenizer_encode(t, want, strlen(want), true, &whole, &err));
    assert_int_equal(ids.len, whole.len);
    assert_memory_equal(ids.data, whole.data, ids.len * sizeof *ids.data);
    lem_ids_release(&ids);
    lem_ids_release(&whole);
    lem_prompt_request_release(&r);
    release(&s);
}

static void zero_shot(void **state) {
    (void)state;
    text_is("qwen25-math-cot", NULL, 0, 0, NULL, "What is 6*7?",
            "<|im_start|>system\nPlease reason step by step, and put your final answer within "
            "\\boxed{}.<|im_end|>\n<|im_start|>user\nWhat is 6*7?<|im_end|>\n<|im_start|>assistant\n");
    text_is("qwen-boxed", NULL, 0, 0, NULL, "What is 6*7?",
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat is 6*7?\n"
            "Please reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
            "<|im_start|>assistant\n");
    text_is("deepseek-math", NULL, 0, 0, NULL, "What is 6*7?",
            "User: What is 6*7?\nPlease reason step by step, and put your final answer within \\boxed{}."
            "\n\nAssistant:");
    text_is("mathstral", NULL, 0, 0, NULL, "What is 6*7?",
            "What is 6*7?\nPlease reason step by step, and put your final answer within \\boxed{}.");
    text_is("numina", NULL, 0, 0, NULL, "What is 6*7?", "### Problem: What is 6*7?\n### Solution:");
    text_is("plain", NULL, 0, 0, NULL, " What is 6*7?\n", " What is 6*7?\n");
    /* The evaluation strips problems. */
    text_is("numina", NULL, 0, 0, NULL, "\n What is\t6*7? \n", "### Problem: What is\t6*7?\n### Solution:");
}

static const lem_prompt_shot two[] = {
    {T("q1"), T("a1"), NULL}, {T(" q2 "), T("a2\n"), NULL}, {T("q3"), T("a3"), NULL}};

static void few_shot(void **state) {
    (void)state;
    text_is("qwen25-math-cot", two, 3, 2, NULL, "q",
            "<|im_start|>system\n" PUT
            "<|im_end|>\n<|im_start|>user\nq1\na1\n\nq2\na2\n\nq<|im_end|>\n<|im_start|>assistant\n");
    text_is("qwen-boxed", two, 3, 1, NULL, "q",
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nq1\n" PUT
            "<|im_end|>\n<|im_start|>assistant\na1<|im_end|>\n<|im_start|>user\nq\n" PUT
            "<|im_end|>\n<|im_start|>assistant\n");
    text_is("deepseek-math", two, 3, 2, NULL, "q",
            "User: q1\n" PUT "\n\nAssistant:a1\n\n\nUser: q2\n" PUT "\n\nAssistant:a2\n\n\nUser: q\n" PUT
            "\n\nAssistant:");
    text_is("mathstral", two, 3, 1, NULL, "q", "q1\n" PUT "a1\n\nq\n" PUT);
    text_is("numina", two, 3, 2, NULL, "q",
            "### Problem: q1\n### Solution: a1\n\n### Problem: q2\n### Solution: a2\n\n### Problem: q\n"
            "### Solution:");
    text_is("plain", two, 3, 2, NULL, "q", "q1\na1\n\n q2 \na2\n\n\nq");
}

static void of_mmlu(void **state) {
    (void)state;
    static const lem_prompt_shot dev[] = {{T("1+1?\nA. 1\nB. 2"), T("B"), T("elementary_mathematics")},
                                          {T("Sky?\nA. blue\nB. red"), T("A"), T("astronomy")},
                                          {T("2+2?\nA. 4\nB. 5"), T("A"), T("elementary_mathematics")}};
    static const lem_prompt_shot cot[] = {
        {T("1+1?"), T("A: Let's think step by step. It is 2. The answer is (B)."), T("math")},
        {T("2+2?"), T("It is 4."), T("math")}};
    text_is("mmlu-5shot", dev, 3, 2, "elementary_mathematics", "3+3?\nA. 6\nB. 7",
            "The following are multiple choice questions (with answers) about elementary mathematics.\n\n"
            "1+1?\nA. 1\nB. 2\nAnswer: B\n\n2+2?\nA. 4\nB. 5\nAnswer: A\n\n3+3?\nA. 6\nB. 7\nAnswer:");
    text_is("mmlu-5shot", NULL, 0, 0, NULL, "q",
            "The following are multiple choice questions (with answers).\n\nq\nAnswer:");
    text_is(
        "mmlu-cot", cot, 2, 2, "math", "q\n(A) 1 (B) 2",
        "The following are multiple choice questions (with answers) about math.\n\nQ: 1+1?\nA: Let's think "
        "step by step. It is 2. The answer is (B).\n\nQ: 2+2?\nA: Let's think step by step. It is 4.\n\n"
        "Q: q\n(A) 1 (B) 2\nA: Let's think step by step.");
    text_is(
        "mmlu-pro-cot", cot, 2, 1, "math", "q\nOptions:\nA. 1\nB. 2",
        "The following are multiple choice questions (with answers) about math. Think step by step and then "
        "finish your answer with \"the answer is (X)\" where X is the correct letter choice.\n\n\n"
        "Question:\n1+1?\nAnswer: Let's think step by step. It is 2. The answer is (B).\n\n"
        "Question:\nq\nOptions:\nA. 1\nB. 2\nAnswer: Let's think step by step.");
    /* Other subjects do not stand in. */
    lem_prompt_settings s = styled("mmlu-5shot", dev, 3, 2);
    lem_prompt_request r = {0};
    FAILS(lem_prompt_style_messages(&s, "q", "astronomy", &r, &err), LEM_EDATA,
          "2 demonstrations of subject 'astronomy' asked for, 1 found");
    FAILS(lem_prompt_style_messages(&s, "q", NULL, &r, &err), LEM_EDATA, "a row without subject");
    release(&s);
}

static void choices(void **state) {
    (void)state;
    static const char *const c[] = {"1", "2", "3"};
    static const struct {
        const char *style, *want;
    } of[] = {{"qwen25-math-cot", "q\nAnswer Choices: (A) 1 (B) 2 (C) 3"},
              {"mmlu-5shot", "q\nA. 1\nB. 2\nC. 3"},
              {"mmlu-cot", "q\n(A) 1 (B) 2 (C) 3"},
              {"mmlu-pro-cot", "q\nOptions:\nA. 1\nB. 2\nC. 3"}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        lem_buf b = {0};
        lem_prompt_style_choices(lem_prompt_style_find(of[i].style), "q", c, 3, &b);
        assert_string_equal(lem_buf_str(&b), of[i].want);
        lem_buf_release(&b);
    }
}

static void message_is(const lem_message *m, const char *role, const char *content) {
    assert_string_equal(m->role, role);
    assert_string_equal(m->content, content);
}

static void messages(void **state) {
    (void)state;
    lem_prompt_request r = {0};
    lem_prompt_settings s = styled("acemath", two, 3, 2);
    OK(lem_prompt_style_messages(&s, "q", NULL, &r, &err));
    assert_true(r.chat && r.n == 2 && !r.text); /* the text is the folder's, or the server's, to write */
    message_is(&r.messages[0], "system", PUT);
    message_is(&r.messages[1], "user", "q1\na1\n\nq2\na2\n\nq");
    lem_prompt_request_release(&r);
    release(&s);
    s = styled("acemath-check", NULL, 0, 0);
    OK(lem_prompt_style_messages(&s, "q", NULL, &r, &err));
    message_is(&r.messages[0], "system",
               "Please reason step by step, and check your final answer within \\boxed{}.");
    lem_prompt_request_release(&r);
    release(&s);
    s = styled("qwen-boxed", two, 3, 2);
    OK(lem_prompt_style_messages(&s, "q", NULL, &r, &err));
    assert_int_equal(r.n, 6);
    message_is(&r.messages[3], "user", "q2\n" PUT);
    message_is(&r.messages[4], "assistant", "a2");
    lem_prompt_request_release(&r);
    release(&s);
    s = styled("numina", NULL, 0, 0);
    OK(lem_prompt_style_messages(&s, "q", NULL, &r, &err));
    assert_true(!r.chat && r.n == 0 && r.text);
    lem_prompt_request_release(&r);
    release(&s);
    /* Without a style: what the settings say, and demonstrations as turns. */
    s = (lem_prompt_settings){.system = (char[]){"S"}, .suffix = (char[]){"T"}};
    s.shots = (lem_prompt_shots){(lem_prompt_shot *)(uintptr_t)two, 3, 1};
    OK(lem_prompt_style_messages(&s, " q", NULL, &r, &err));
    assert_int_equal(r.n, 4);
    message_is(&r.messages[1], "user", "q1\nT");
    message_is(&r.messages[3], "user", " q\nT");
    lem_prompt_request_release(&r);
}

static void names(void **state) {
    (void)state;
    char all[512] = "";
    const lem_prompt_style *s;
    for (int i = 0; (s = lem_prompt_style_at(i)); i++) {
        assert_ptr_equal(lem_prompt_style_find(s->name), s);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? "|" : "", s->name);
        assert_true(strlen(s->purpose) > 10 && s->choices);
        if (s->layout != LEM_PROMPT_SHOTS_NONE && s->layout != LEM_PROMPT_SHOTS_TURNS)
            assert_true(s->answer && s->between);
    }
    assert_string_equal(all, LEM_PROMPT_STYLE_NAMES);
    assert_null(lem_prompt_style_find("qwen"));
    assert_null(lem_prompt_style_at(-1));
}

static void refused(const char *file, const lem_prompt_options *o, const char *words) {
    lem_prompt_settings s;
    put_file(dir, "lemma.json", file);
    FAILS(lem_prompt_settings_open(dir, o, &s, &err), LEM_EUSAGE, words);
}

static void says_otherwise(void **state) {
    (void)state;
    lem_prompt_settings s;
    static const char trained[] =
        "{\"format\":1,\"prompt\":{\"template\":\"chat\",\"system\":\""
        "Please reason step by step, and put your final answer within \\\\boxed{}.\","
        "\"suffix\":null}}";
    refused("{\"format\":1,\"prompt\":{\"system\":\"B\"}}", &(lem_prompt_options){.style = "acemath"},
            "--style acemath (system) 'Please reason");
    assert_non_null(strstr(err.text, "trained with 'B'"));
    refused("{\"format\":1,\"prompt\":{\"suffix\":\"B\"}}", &(lem_prompt_options){.style = "none"},
            "--style none (suffix) none conflicts with");
    refused(trained, &(lem_prompt_options){.style = "numina"}, "--style numina (template) 'text' conflicts");
    refused("{\"format\":1,\"prompt\":{}}", &(lem_prompt_options){.style = "numina", .system = "B"},
            "--system 'B' says otherwise than --style numina (none)");
    refused("{\"format\":1,\"prompt\":{}}", &(lem_prompt_options){.style = "acemath", .system = ""},
            "--system none says otherwise than --style acemath");
    refused("{\"format\":1,\"prompt\":{}}", &(lem_prompt_options){.style = "none", .suffix = "B"},
            "--suffix 'B' says otherwise than --style none");
    refused("{\"format\":1,\"prompt\":{}}", &(lem_prompt_options){.style = "none", .template = "plain"},
            "--template 'plain' says otherwise than --style none ('chat')");
    refused("{\"format\":1,\"prompt\":{}}", &(lem_prompt_options){.style = "cot"}, "one of none|plain|");
    /* What agrees is taken, and options may be asked instead. */
    put_file(dir, "lemma.json", trained);
    OK(lem_prompt_settings_open(dir, &(lem_prompt_options){.style = "acemath", .system = PUT}, &s, &err));
    assert_string_equal(s.system, PUT);
    lem_prompt_settings_release(&s);
    OK(lem_prompt_settings_open(dir, &(lem_prompt_options){.style = "numina", .from = "options"}, &s, &err));
    assert_int_equal(s.template, LEM_PROMPT_TEXT);
    lem_prompt_settings_release(&s);
}

/* A ChatML style on a folder that was trained by its own template: refused unless that writes the same. */
static void trained_by_a_template(void **state) {
    (void)state;
    static const char other[] = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}";
    lem_prompt_settings s;
    lem_ids ids = {0};
    lem_tokenizer *own = small_tokenizer();
    put_file(dir, "lemma.json", "{\"format\":1,\"prompt\":{\"template\":\"chat\"}}");
    OK(lem_prompt_settings_open(dir, &(lem_prompt_options){.style = "qwen25-math-cot"}, &s, &err));
    OK(lem_prompt_problem(own, &s, "q", &ids, &err));
    size_t before = ids.len;
    OK(lem_chat_use(own, other, strlen(other), &err));
    FAILS(lem_prompt_problem(own, &s, "q", &ids, &err), LEM_EUSAGE, "writes another prompt");
    assert_int_equal(ids.len, before);
    lem_prompt_settings_release(&s);
    /* A folder that tells nothing gets ChatML whatever its template. */
    s = styled("qwen25-math-cot", NULL, 0, 0);
    ids.len = 0;
    OK(lem_prompt_problem(own, &s, "q", &ids, &err));
    char *text = text_of(own, &ids, NULL);
    assert_string_equal(text, "<|im_start|>system\n" PUT "<|im_end|>\n<|im_start|>user\nq<|im_end|>\n"
                              "<|im_start|>assistant\n");
    free(text);
    lem_ids_release(&ids);
    lem_prompt_settings_release(&s);
    lem_tokenizer_free(own);
}

/* BOS: that of the tokenizer's own rule, once; plain has none, as in training. */
static void begins(const char *config, const char *style, int bos) {
    lem_tokenizer *own = NULL;
    lem_ids ids = {0};
    lem_prompt_settings s = styled(style, NULL, 0, 0);
    OK(lem_tokenizer_save(t, dir, &err));
    put_file(dir, "tokenizer_config.json", config);
    OK(lem_tokenizer_load(dir, &own, &err));
    OK(lem_prompt_problem(own, &s, "<|endoftext|>q", &ids, &err));
    int n = 0;
    for (size_t i = 0; i < ids.len; i++) n += ids.data[i] == lem_tokenizer_find(own, "<|endoftext|>");
    assert_int_equal(n, bos);
    if (bos) assert_int_equal(ids.data[0], lem_tokenizer_find(own, "<|endoftext|>"));
    lem_ids_release(&ids);
    lem_tokenizer_free(own);
    lem_prompt_settings_release(&s);
}

#define LLAMA "\"tokenizer_class\":\"LlamaTokenizerFast\",\"bos_token\":\"<|endoftext|>\""
static void bos(void **state) {
    (void)state;
    begins("{" LLAMA ",\"add_bos_token\":true}", "deepseek-math", 1);
    begins("{" LLAMA "}", "deepseek-math", 1);
    begins("{" LLAMA ",\"add_bos_token\":false}", "deepseek-math", 0);
    begins("{\"tokenizer_class\":\"Qwen2Tokenizer\",\"bos_token\":\"<|endoftext|>\"}", "deepseek-math", 0);
    begins("{" LLAMA "}", "plain", 0);
    begins("{" LLAMA "}", "qwen25-math-cot", 0);
}

static void stops(void **state) {
    (void)state;
    lem_prompt_settings s = styled("numina", NULL, 0, 0), none = {0};
    lem_prompt_end_list ends = {.n = 0};
    assert_string_equal(lem_prompt_style_stop(&s, 0), "</s>");
    assert_string_equal(lem_prompt_style_stop(&s, 3), "\n### Problem");
    assert_null(lem_prompt_style_stop(&s, 4));
    assert_null(lem_prompt_style_stop(&none, 0));
    OK(lem_prompt_ends_style(t, &s, dir, &ends, &err));
    assert_int_equal(ends.n, 2);
    assert_int_equal(ends.id[0], lem_tokenizer_find(t, "<|im_end|>"));
    assert_int_equal(ends.id[1], lem_tokenizer_find(t, "<|endoftext|>"));
    lem_prompt_settings_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(zero_shot),
                                       cmocka_unit_test(few_shot),
                                       cmocka_unit_test(of_mmlu),
                                       cmocka_unit_test(choices),
                                       cmocka_unit_test(messages),
                                       cmocka_unit_test(names),
                                       cmocka_unit_test(says_otherwise),
                                       cmocka_unit_test(trained_by_a_template),
                                       cmocka_unit_test(bos),
                                       cmocka_unit_test(stops)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
