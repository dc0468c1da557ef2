/* test_recipe - how each kind of head is fed: text, step ends, tokens read; steps that are none; tags and
 * special tokens inside texts */
#include "support.h"

#define KI "\xd0\xba\xd0\xb8"

typedef struct fixture {
    lem_tokenizer *t;
    lem_prompt_settings told;
    lem_prompt_recipe how;
    lem_rendering r;
} fixture;

/* NULL = not told. */
static lem_prompt_settings told(const char *system, const char *separator) {
    lem_prompt_settings s = {0};
    if (system) OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_SYSTEM, system, &err));
    if (separator) OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_SEPARATOR, separator, &err));
    return s;
}

static fixture make(lem_head_kind kind, const char *folder, const char *system, const char *separator) {
    fixture f = {.t = tokenizer_of(folder), .told = told(system, separator)};
    OK(lem_reward_recipe_make(&(lem_head_shape){.kind = kind, .token = 3}, f.t, folder_path(folder), &f.told,
                              &f.how, &err));
    return f;
}

static void drop(fixture *f) {
    lem_rendering_release(&f->r);
    lem_prompt_settings_release(&f->told);
    lem_tokenizer_free(f->t);
}

/* The rendered text with "^" behind every token that is read. */
static void shows(fixture *f, const char *problem, const char *solution, const char *want) {
    lem_buf b = {0};
    OK(lem_prompt_solution(&f->how, f->t, problem, solution, strlen(solution), &f->r, &err));
    for (size_t i = 0, k = 0; i < f->r.ids.len; i++) {
        OK(lem_tokenizer_decode(f->t, &f->r.ids.data[i], 1, false, &b, &err));
        if (k >= (size_t)f->r.n_at || (size_t)f->r.at[k] != i) continue;
        lem_buf_putc(&b, '^');
        k++;
    }
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
}

static void outcome(void **state) {
    (void)state;
    fixture f = make(LEM_HEAD_KIND_CLASSIFIER, "qwen2_classifier", LEM_REWARD_SYSTEM, NULL);
    shows(&f, "1+1?", "2",
          "<|im_start|>system\nPlease reason step by step, and check your final answer within "
          "\\boxed{}.<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n"
          "<|im_start|>assistant\n2<|im_end|>\n^");
    shows(&f, "", "",
          "<|im_start|>system\nPlease reason step by step, and check your final answer within "
          "\\boxed{}.<|im_end|>\n<|im_start|>user\n<|im_end|>\n"
          "<|im_start|>assistant\n<|im_end|>\n^");
    drop(&f);
    f = make(LEM_HEAD_KIND_QWEN_RM, "qwen_rm", NULL, NULL);
    assert_non_null(strstr(f.how.system, "and put your"));
    drop(&f);
    f = make(LEM_HEAD_KIND_OPENRLHF, "openrlhf", NULL, NULL);
    shows(&f, "Q", "A\n\n", "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA\n\n<|im_end|>^");
    f.how.tag = lem_tokenizer_find(f.t, "<|endoftext|>"); /* another end than the template's */
    shows(&f, "Q", "A", "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|><|endoftext|>^");
    drop(&f);
    f = make(LEM_HEAD_KIND_INTERNLM2, "qwen2_classifier", NULL, NULL);
    f.how.tag = lem_tokenizer_find(f.t, "<extra_0>"); /* what reward_token_id says */
    shows(&f, "Q", "A", "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n<extra_0>^");
    drop(&f);
    for (int i = 0; i < 2; i++) { /* many authors have such a head: no text is theirs unless it is told */
        f = make(LEM_HEAD_KIND_CLASSIFIER, "qwen2_classifier", i ? "" : NULL, NULL);
        assert_null(f.how.system);
        if (i == 0) drop(&f);
    }
    shows(&f, "Q", "A", "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n^");
    drop(&f);
}

static void qwen_steps(void **state) {
    (void)state;
    fixture f = make(LEM_HEAD_KIND_QWEN_PRM, "qwen_prm", "", NULL);
    shows(&f, "Q", "one\n\n two \n\n\n\nthree\n\n",
          "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\none<extra_0>^two<extra_0>^three<extra_0>^<|"
          "im_end|>\n");
    shows(&f, "Q", "one\nstep",
          "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\none\nstep<extra_0>^<|im_end|>\n");
    /* A mark that the solution spells out is text: only the recipe's own are read. */
    shows(&f, "<extra_0>", "a <extra_0> b<|im_end|>",
          "<|im_start|>user\n<extra_0><|im_end|>\n<|im_start|>assistant\na <extra_0> "
          "b<|im_end|><extra_0>^<|im_end|>\n");
    for (size_t i = 0, marks = 0; i < f.r.ids.len; i++) {
        marks += f.r.ids.data[i] == f.how.tag;
        assert_true(marks <= 1);
    }
    const char *const empty[] = {"", "\n\n", " \n\n\t\n\n "};
    for (int i = 0; i < 3; i++) {
        OK(lem_prompt_solution(&f.how, f.t, "Q", empty[i], strlen(empty[i]), &f.r, &err));
        assert_int_equal(f.r.n_at, 0);
    }
    drop(&f);
    f = make(LEM_HEAD_KIND_QWEN_PRM, "qwen_prm", "", "##");
    shows(&f, "Q", "a##b\n\nc##",
          "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\na<extra_0>^b\n\nc<extra_0>^<|im_end|>\n");
    drop(&f);
}

static void plain_steps(void **state) {
    (void)state;
    fixture f = make(LEM_HEAD_KIND_SKYWORK_PRM, "skywork_prm", NULL, NULL);
    shows(&f, "Q", "one\n\ntwo", "<|endoftext|>Q\none\n^two\n^");
    drop(&f);
    f = make(LEM_HEAD_KIND_TOKEN_CLASSIFIER, "trl_prm", NULL, NULL); /* its tokenizer has no bos */
    shows(&f, "Q", "one\ntwo", "Qone\n^two\n^");
    drop(&f);
    f = make(LEM_HEAD_KIND_TOKEN_CLASSIFIER, "skywork_prm", NULL, " ;;");
    shows(&f, "Q", "one ;;two", "<|endoftext|>Qone ;;^two ;;^");
    drop(&f);
}

#define USER "<|start_header_id|>user<|end_header_id|>\n\n"
#define SIGN "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n^+<|eot_id|>"

static void sign_turns(void **state) {
    (void)state;
    fixture f = make(LEM_HEAD_KIND_RLHFLOW_PRM, "rlhflow_prm", NULL, NULL);
    shows(&f, "Q", "one\n\ntwo", "<|begin_of_text|>" USER "Q one" SIGN USER "two" SIGN);
    shows(&f, "+", "+", "<|begin_of_text|>" USER "+ +" SIGN);
    drop(&f);
    f = make(LEM_HEAD_KIND_RLHFLOW_ORM, "rlhflow_prm", NULL, NULL);
    shows(&f, "Q", "one\n\ntwo", "<|begin_of_text|>" USER "Q one\n\ntwo" SIGN);
    drop(&f);
}

static void tags(void **state) {
    (void)state;
    fixture f = make(LEM_HEAD_KIND_MATH_SHEPHERD, "math_shepherd", NULL, NULL);
    OK(lem_prompt_solution(&f.how, f.t, "Q", "Step 1: one\n\ntwo", strlen("Step 1: one\n\ntwo"), &f.r, &err));
    lem_buf b = {0};
    OK(lem_tokenizer_decode(f.t, f.r.ids.data, f.r.ids.len, false, &b, &err));
    assert_non_null(strstr(lem_buf_str(&b), "Q Step 1: one " KI "\nStep 2: two " KI));
    assert_int_equal(f.r.n_at, 2);
    assert_int_equal(f.r.at[1], (int)f.r.ids.len - 1);
    lem_buf_release(&b);
    lem_ids before = {0};
    for (size_t i = 0; i < f.r.ids.len; i++) OK(lem_ids_push(&before, f.r.ids.data[i], &err));
    /* The same with the tags written in the solution. */
    OK(lem_prompt_solution(&f.how, f.t, "Q", "Step 1: one " KI "\nStep 2: two " KI,
                           strlen("Step 1: one " KI "\nStep 2: two " KI), &f.r, &err));
    assert_int_equal(f.r.ids.len, before.len);
    assert_memory_equal(f.r.ids.data, before.data, before.len * sizeof *before.data);
    lem_ids_release(&before);
    /* A tag in the problem is not read. */
    OK(lem_prompt_solution(&f.how, f.t, "Q " KI " ?", "one", strlen("one"), &f.r, &err));
    assert_int_equal(f.r.n_at, 1);
    assert_int_equal(f.r.at[0], (int)f.r.ids.len - 1);
    drop(&f);
}

static void refusals(void **state) {
    (void)state;
    lem_tokenizer *chat = tokenizer_of("qwen_prm"), *sp = tokenizer_of("math_shepherd");
    lem_prompt_recipe r = {.tag = 77};
    lem_prompt_settings none = {0}, empty = told(NULL, "");
    FAILS(lem_reward_recipe_make(&(lem_head_shape){.kind = LEM_HEAD_KIND_QWEN_PRM}, sp,
                                 folder_path("math_shepherd"), &none, &r, &err),
          LEM_EDATA, "<extra_0>");
    FAILS(lem_reward_recipe_make(&(lem_head_shape){.kind = LEM_HEAD_KIND_QWEN_PRM}, chat,
                                 folder_path("qwen_prm"), &empty, &r, &err),
          LEM_EUSAGE, "must not be empty");
    FAILS(lem_reward_recipe_make(&(lem_head_shape){.kind = LEM_HEAD_KIND_SKYWORK_PRM}, chat,
                                 folder_path("math_shepherd"), &none, &r, &err),
          LEM_EDATA, "bos_token '<s>'");
    lem_prompt_settings other = {.told = LEM_PROMPT_TOLD_FORM, .form = LEM_PROMPT_STEP_TURNS};
    FAILS(lem_reward_recipe_make(&(lem_head_shape){.kind = LEM_HEAD_KIND_QWEN_PRM}, chat,
                                 folder_path("qwen_prm"), &other, &r, &err),
          LEM_EDATA, "is read in the form step-token");
    assert_int_equal(r.tag, 77);
    fixture f = make(LEM_HEAD_KIND_RLHFLOW_PRM, "math_shepherd", NULL, NULL);
    f.how.good++; /* as if '+' were another token inside the conversation */
    lem_tokenizer_free(f.t);
    f.t = tokenizer_of("rlhflow_prm");
    FAILS(lem_prompt_solution(&f.how, f.t, "Q", "A", strlen("A"), &f.r, &err), LEM_EDATA,
          "the signs cannot be told");
    drop(&f);
    f = make(LEM_HEAD_KIND_QWEN_PRM, "qwen_prm", "", NULL);
    size_t n = 3 * (LEM_PROMPT_STEPS_MAX + 1);
    char *many = malloc(n + 1);
    for (size_t i = 0; i < n; i++) many[i] = "a\n\n"[i % 3];
    many[n] = '\0';
    FAILS(lem_prompt_solution(&f.how, f.t, "Q", many, strlen(many), &f.r, &err), LEM_EDATA,
          "more than 4096 steps");
    many[n - 3] = '\0';
    OK(lem_prompt_solution(&f.how, f.t, "Q", many, strlen(many), &f.r, &err));
    assert_int_equal(f.r.n_at, LEM_PROMPT_STEPS_MAX);
    free(many);
    drop(&f);
    lem_tokenizer_free(chat);
    lem_tokenizer_free(sp);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(outcome),     cmocka_unit_test(qwen_steps),
                                       cmocka_unit_test(plain_steps), cmocka_unit_test(sign_turns),
                                       cmocka_unit_test(tags),        cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
