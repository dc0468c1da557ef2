/* test_step_examples.c - labelled solutions as tokens: a label where scoring reads, RLHFlow's true signs and
 * mask, problems held back whole, what is left out and counted */
#include "core/file.h"
#include "core/mem.h"
#include "data/bad_rows.h"
#include "data/step_examples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-step-examples-XXXXXX", path[64];
static lem_tokenizer *plain, *llama3;
static lem_err err;

static lem_tokenizer *make(const char *const *special, int n) {
    lem_tokenizer *t = NULL;
    lem_bpe_train_opts o = {.vocab = 270 + n, .special = special, .n_special = n};
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, &err);
    assert_non_null(b);
    assert_int_equal(lem_bpe_trainer_add(b, "user assistant system", 21, &err), LEM_OK);
    assert_int_equal(lem_bpe_trainer_finish(b, &t, &err), LEM_OK);
    lem_bpe_trainer_free(b);
    return t;
}

static int setup(void **state) {
    static const char *const chatml[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"},
                             *const marks[] = {"<|begin_of_text|>", "<|start_header_id|>",
                                               "<|end_header_id|>", "<|eot_id|>"};
    (void)state;
    if (!mkdtemp(dir)) return 1;
    snprintf(path, sizeof path, "%s/rows.jsonl", dir);
    plain = make(chatml, 3);
    llama3 = make(marks, 4);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lem_tokenizer_free(plain);
    lem_tokenizer_free(llama3);
    return lem_dir_remove(dir, &err);
}

static void rows(const char *text) {
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
}

static lem_prompt_recipe recipe_of(lem_prompt_form form, const lem_tokenizer *t) {
    lem_prompt_recipe r = {.form = form, .separator = "\n"};
    assert_int_equal(lem_prompt_recipe_find(&r, t, dir, &err), LEM_OK);
    return r;
}

static lem_step_counts load(lem_step_examples *e, lem_step_examples *held, const lem_tokenizer *t,
                            const lem_step_load *how) {
    lem_step_counts c = {0};
    err = (lem_err)LEM_ERR_INIT;
    if (lem_step_examples_load(e, held, path, t, how, &c, NULL, &err) != LEM_OK) fail_msg("%s", err.text);
    return c;
}

/* The ids as text, with [label] behind a token that has one, and {token} around what is trained besides. */
static char *shown(const lem_step_examples *e, uint64_t i, const lem_tokenizer *t) {
    lem_buf b = {0};
    for (uint64_t k = e->start[i]; k < e->start[i + 1]; k++) {
        if (e->also[k]) lem_buf_putc(&b, '{');
        assert_int_equal(lem_tokenizer_decode(t, e->ids + k, 1, false, &b, &err), LEM_OK);
        if (e->also[k]) lem_buf_putc(&b, '}');
        if (e->label[k] >= 0) lem_buf_printf(&b, "[%g]", (double)e->label[k]);
    }
    return lem_buf_take(&b);
}

static void is_shown(const lem_step_examples *e, uint64_t i, const lem_tokenizer *t, const char *want) {
    char *text = shown(e, i, t);
    assert_string_equal(text, want);
    lem_free(text);
}

static const char two_steps[] =
    "{\"prompt\":\"p\",\"completions\":[\"a\\nb\",\"c\",\"d\"],\"labels\":[1,0,-1]}\n";

/* A soft label counts as right from one half on. */
static void soft_labels(void **state) {
    (void)state;
    lem_step_examples e = {0};
    lem_prompt_recipe r = recipe_of(LEM_PROMPT_STEP_LINE, plain);
    rows("{\"prompt\":\"p\",\"completions\":[\"a\",\"b\",\"c\",\"d\"],\"labels\":[0.49,0.5,0,1]}\n");
    (void)load(
        &e, NULL, plain,
        &(lem_step_load){.rows = {.limit = -1, .rule = LEM_STEPS_SOFT}, .recipe = &r, .max_len = 1000});
    assert_int_equal(e.labels, 4);
    assert_int_equal(e.right, 2);
    lem_step_examples_release(&e);
}

static void labels_stand_where_scores_are_read(void **state) {
    (void)state;
    const lem_prompt_form forms[] = {LEM_PROMPT_STEP_LINE, LEM_PROMPT_STEP_TEXT, LEM_PROMPT_STEP_TURNS};
    const char *const want[] = {
        "p\na\nb\n[1]c\n[0]d\n", "pa\nb\n[1]c\n[0]d\n",
        "<|im_start|>user\np a\nb<|im_end|>\n<|im_start|>assistant\n[1]+<|im_end|>\n<|im_start|>user\nc"
        "<|im_end|>\n<|im_start|>assistant\n[0]+<|im_end|>\n<|im_start|>user\nd<|im_end|>\n<|im_start|>"
        "assistant\n+<|im_end|>\n"};
    rows(two_steps);
    for (int i = 0; i < 3; i++) {
        lem_step_examples e = {0};
        lem_prompt_recipe r = recipe_of(forms[i], plain);
        lem_step_counts c =
            load(&e, NULL, plain, &(lem_step_load){.rows = {.limit = -1}, .recipe = &r, .max_len = 1000});
        assert_int_equal(c.kept, 1);
        assert_int_equal(e.labels, 2);
        assert_int_equal(e.right, 1);
        is_shown(&e, 0, plain, want[i]);
        lem_step_examples_release(&e);
    }
}

/* True signs, and what RLHFlow trains besides them: in Llama 3's template (recipe.md 5.3), else the folder's.
 */
static void rlhflow(void **state) {
    (void)state;
    lem_step_examples e = {0};
    lem_prompt_recipe r = recipe_of(LEM_PROMPT_STEP_TURNS, llama3);
    lem_step_load how = {.rows = {.limit = -1}, .recipe = &r, .max_len = 1000, .rlhflow = true};
    r.system = "S";
    rows(two_steps);
    load(&e, NULL, llama3, &how);
    /* "\n\n" is one token here only if the tokenizer makes it one; this one has bytes, of which the last
     * counts */
    is_shown(&e, 0, llama3,
             "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
             "<|start_header_id|>user<|end_header_id|>\n\np a\nb<|eot_id|>"
             "<|start_header_id|>assistant<|end_header_id|>\n{\n}[1]+{<|eot_id|>}"
             "<|start_header_id|>user<|end_header_id|>\n\nc<|eot_id|>"
             "<|start_header_id|>assistant<|end_header_id|>\n{\n}[0]-{<|eot_id|>}"
             "<|start_header_id|>user<|end_header_id|>\n\nd<|eot_id|>"
             "<|start_header_id|>assistant<|end_header_id|>\n\n+<|eot_id|>");
    lem_step_examples_release(&e);
    r = recipe_of(LEM_PROMPT_STEP_TURNS, plain);
    load(&e, NULL, plain, &how);
    is_shown(
        &e, 0, plain,
        "<|im_start|>user\np a\nb<|im_end|>\n<|im_start|>assistant{\n}[1]+{<|im_end|>}\n<|im_start|>user\nc"
        "<|im_end|>\n<|im_start|>assistant{\n}[0]-{<|im_end|>}\n<|im_start|>user\nd<|im_end|>\n<|im_start|>"
        "assistant\n+<|im_end|>\n");
    lem_step_examples_release(&e);
    /* soft labels are no signs */
    lem_step_counts c = {0};
    how.rows.rule = LEM_STEPS_SOFT;
    rows("{\"prompt\":\"p\",\"completions\":[\"a\"],\"labels\":[0.5]}\n");
    assert_int_equal(lem_step_examples_load(&e, NULL, path, plain, &how, &c, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "signs of RLHFlow are hard"));
    lem_step_examples_release(&e);
}

static void what_is_left_out_is_counted(void **state) {
    (void)state;
    lem_step_examples e = {0};
    lem_prompt_recipe r = recipe_of(LEM_PROMPT_STEP_LINE, plain);
    rows("{\"prompt\":\"p\",\"completions\":[\"a\"],\"labels\":[1]}\n"
         "{\"prompt\":\"p\",\"completions\":[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"],\"labels\":[1]}\n"
         "{\"prompt\":\"p\",\"completions\":[\"a\"],\"labels\":[-1]}\n"
         "{\"prompt\":\"p\",\"completions\":[\" \",\"a\"],\"labels\":[1,0]}\n");
    lem_step_counts c =
        load(&e, NULL, plain, &(lem_step_load){.rows = {.limit = -1}, .recipe = &r, .max_len = 8});
    assert_int_equal(c.rows, 4);
    assert_int_equal(c.solutions, 4);
    assert_int_equal(c.kept, 2);
    assert_int_equal(c.too_long, 1);
    assert_int_equal(c.unlabelled, 1);
    assert_int_equal(c.empty_steps, 1);
    is_shown(&e, 1, plain, "p\na\n[0]");
    lem_step_examples_release(&e);
}

static void problems_are_held_back_whole(void **state) {
    (void)state;
    lem_step_examples e = {0}, held = {0};
    lem_prompt_recipe r = recipe_of(LEM_PROMPT_STEP_LINE, plain);
    lem_buf b = {0};
    for (int i = 0; i < 600; i++)
        lem_buf_printf(&b, "{\"prompt\":\"%03d\",\"completions\":[\"a%d\"],\"labels\":[1]}\n", i % 200, i);
    rows(lem_buf_str(&b));
    lem_step_load how = {.rows = {.limit = -1}, .recipe = &r, .max_len = 64, .held_share = 0.25, .seed = 5};
    load(&e, &held, plain, &how);
    assert_int_equal(e.n + held.n, 600);
    assert_int_equal(held.n % 3, 0);
    assert_true(held.n > 90 && held.n < 210);
    for (uint64_t i = 0; i < held.n; i++)
        for (uint64_t k = 0; k < e.n; k++)
            assert_int_not_equal(memcmp(held.ids + held.start[i], e.ids + e.start[k], 3 * sizeof *e.ids), 0);
    lem_step_examples_release(&e);
    lem_step_examples_release(&held);
    lem_buf_release(&b);
}

/* A row is left out whole, its solutions that could be used and their labels too; what stands around it
 * stays. Its solutions are of one problem: held back or not. */
static void a_row_goes_whole(void **state) {
    (void)state;
    static const char
        good[] = "{\"problem\":\"p\",\"responses\":[\"a\\nb\",\"c\"],\"step_labels\":[[1,0],[1]]}\n",
        bad[] = "{\"problem\":\"q\",\"responses\":[\"d\",\"eeee\",\"f\"],\"step_labels\":[[1],[0.5],[1]]}\n";
    lem_prompt_recipe r = recipe_of(LEM_PROMPT_STEP_TURNS, plain);
    lem_buf clean = {0}, dirty = {0};
    lem_buf_printf(&clean, "%s%s", good, good);
    lem_buf_printf(&dirty, "%s%s%s%s%s", bad, good, bad, good, bad);
    for (int k = 0; k < 2; k++) {
        lem_step_load how = {.rows = {.limit = -1, .separator = "\n", .rule = LEM_STEPS_SOFT},
                             .recipe = &r,
                             .max_len = 1000,
                             .rlhflow = true,
                             .held_share = k};
        lem_step_examples e = {0}, held = {0}, want = {0}, want_held = {0};
        lem_bad_rows *bad_ones = lem_bad_rows_new("/tmp", &err);
        assert_non_null(bad_ones);
        rows(lem_buf_str(&clean));
        lem_step_counts c = load(&want, &want_held, plain, &how);
        rows(lem_buf_str(&dirty));
        assert_int_equal(lem_bad_rows_judge(bad_ones, LEM_BAD_ANY, path, NULL, NULL, &how.rows.judge, &err),
                         LEM_OK);
        lem_step_counts d = load(&e, &held, plain, &how);
        assert_int_equal(lem_bad_rows_count(bad_ones), 3);
        assert_non_null(strstr(lem_bad_rows_shown(bad_ones, 1), ":3: a label of 0.5"));
        assert_memory_equal(&c, &d, sizeof c);
        const lem_step_examples *got[] = {&e, &held}, *both[] = {&want, &want_held};
        for (int i = 0; i < 2; i++) {
            assert_int_equal(got[i]->n, both[i]->n);
            assert_int_equal(got[i]->n_ids, both[i]->n_ids);
            assert_int_equal(got[i]->labels, both[i]->labels);
            assert_int_equal(got[i]->right, both[i]->right);
            assert_int_equal(got[i]->longest, both[i]->longest);
            if (got[i]->n_ids) assert_memory_equal(got[i]->ids, both[i]->ids, got[i]->n_ids * sizeof *e.ids);
            if (got[i]->n)
                assert_memory_equal(got[i]->start, both[i]->start, (got[i]->n + 1) * sizeof *e.start);
        }
        lem_step_examples_release(&e);
        lem_step_examples_release(&held);
        lem_step_examples_release(&want);
        lem_step_examples_release(&want_held);
        lem_bad_rows_free(bad_ones);
    }
    lem_buf_release(&clean);
    lem_buf_release(&dirty);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(soft_labels),
        cmocka_unit_test(labels_stand_where_scores_are_read),
        cmocka_unit_test(rlhflow),
        cmocka_unit_test(what_is_left_out_is_counted),
        cmocka_unit_test(problems_are_held_back_whole),
        cmocka_unit_test(a_row_goes_whole),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
