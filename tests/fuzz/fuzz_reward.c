/* fuzz_reward.c - any problem and solution as each kind of reward head is fed: reads are inside, ascending,
 * one a step, where the recipe puts them; and as texts whose log-probability is read */
#include "reward/recipe.h"
#include "reward/score_text.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* '+', '-' and the tag are tokens of their own, as Math-Shepherd needs. */
static lem_tokenizer *make(void) {
    static const char text[] = "the sum of 12 and 345 is 357.\n\nThe answer's \\boxed{357}; + - + - Step 1: "
                               "\xd0\xba\xd0\xb8 + - \xd0\xba\xd0\xb8 \xd0\xba\xd0\xb8\n";
    static const char *const special[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"};
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    lem_bpe_trainer *b =
        lem_bpe_trainer_new(&(lem_bpe_train_opts){.vocab = 320, .special = special, .n_special = 4}, &err);
    if (!b || lem_bpe_trainer_add(b, text, strlen(text), &err) != LEM_OK ||
        lem_bpe_trainer_finish(b, &t, &err) != LEM_OK)
        __builtin_trap();
    lem_bpe_trainer_free(b);
    return t;
}

static void recipe(const lem_tokenizer *t, lem_head_kind kind, const char *separator,
                   lem_prompt_settings *told, lem_prompt_recipe *how) {
    lem_err err = LEM_ERR_INIT;
    lem_head_shape shape = {.kind = kind};
    lem_status st = LEM_OK;
    if (separator) st = lem_prompt_settings_tell(told, LEM_PROMPT_TOLD_SEPARATOR, separator, &err);
    if (st == LEM_OK) st = lem_reward_recipe_make(&shape, t, "/nonexistent", told, how, &err);
    if (st != LEM_OK) __builtin_trap();
}

/* One place that is read: inside, behind the one before, and at the sign that the head is read at. */
static void check_read(const lem_prompt_recipe *how, lem_head_kind kind, const lem_rendering *r, int k) {
    int at = r->at[k];
    bool tagged = kind == LEM_HEAD_KIND_QWEN_PRM || kind == LEM_HEAD_KIND_SKYWORK_PRM ||
                  kind == LEM_HEAD_KIND_MATH_SHEPHERD;
    if (at < 0 || (size_t)at >= r->ids.len || (k && at <= r->at[k - 1])) __builtin_trap();
    if (tagged && r->ids.data[at] != how->tag) __builtin_trap();
    if (lem_head_is_tokens(kind) && !tagged && r->ids.data[at + 1] != how->good) __builtin_trap();
}

static void check_rendering(const lem_prompt_recipe *how, lem_head_kind kind, const lem_rendering *r) {
    int tags = 0; /* a text cannot bring marks of its own */
    if (!lem_head_is_process(kind) && r->n_at != 1) __builtin_trap();
    for (int k = 0; k < r->n_at; k++) check_read(how, kind, r, k);
    for (size_t i = 0; i < r->ids.len; i++) tags += r->ids.data[i] == how->tag;
    if (kind == LEM_HEAD_KIND_QWEN_PRM && tags != r->n_at) __builtin_trap();
}

static void check(const lem_tokenizer *t, lem_head_kind kind, const char *separator, const char *problem,
                  const char *solution) {
    lem_err err = LEM_ERR_INIT;
    lem_prompt_recipe how;
    lem_prompt_settings told = {0};
    lem_rendering r = {{0}, NULL, 0, 0};
    recipe(t, kind, separator, &told, &how);
    lem_status st = lem_prompt_solution(&how, t, problem, solution, strlen(solution), &r, &err);
    if (st != LEM_OK && (st != LEM_EDATA || !err.text[0])) __builtin_trap();
    if (st == LEM_OK) check_rendering(&how, kind, &r);
    lem_rendering_release(&r);
    lem_prompt_settings_release(&told);
}

/* Reads one behind the other up to the end; steps that cover them in order. */
static void check_reads(const lem_text_recipe *how, const lem_tokenizer *t, const lem_rendering *r) {
    static int end[LEM_PROMPT_STEPS_MAX];
    lem_err err = LEM_ERR_INIT;
    int n = 0;
    for (int k = 0; k < r->n_at; k++)
        if (r->at[k] < 0 || r->at[k] != (int)r->ids.len - r->n_at + k - 1) __builtin_trap();
    if (lem_text_steps(how, t, r, end, &n, &err) != LEM_OK) return;
    for (int i = 0; i < n; i++)
        if (end[i] < (i ? end[i - 1] : 0) || end[i] > r->n_at) __builtin_trap();
    if (n && end[n - 1] != r->n_at) __builtin_trap();
}

/* A text for its log-probability. */
static void check_text(const lem_tokenizer *t, bool closed, const char *separator, const char *problem,
                       const char *text) {
    lem_err err = LEM_ERR_INIT;
    lem_prompt_settings none = {0};
    lem_text_recipe how = {&none, 2, separator};
    lem_rendering r = {{0}, NULL, 0, 0};
    lem_status st = lem_text_render(&how, t, problem, text, strlen(text), closed, &r, &err);
    if (st != LEM_OK && (st != LEM_EDATA || !err.text[0])) __builtin_trap();
    if (st == LEM_OK) check_reads(&how, t, &r);
    lem_rendering_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lem_tokenizer *t;
    if (!t) t = make();
    if (size < 2) return 0;
    lem_head_kind kind = (lem_head_kind)(1 + data[0] % (LEM_HEAD_KIND_COUNT - 1));
    char *text = malloc(size + 1);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = text[size] = '\0';
    const char *solution = text + strlen(text);
    if (solution < text + size - 1) solution++;
    check(t, kind, NULL, text, solution);
    check(t, kind, data[0] & 128 ? "ab" : " ", text, solution);
    check_text(t, data[0] & 1, data[0] & 128 ? "ab" : "\n\n", text, solution);
    free(text);
    return 0;
}
