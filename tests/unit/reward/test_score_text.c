/* test_score_text - given texts as tokens: what is read, how they end, and the steps of random texts against
 * brute force */
#include "support.h"

#include "core/rng.h"
#include "prompt/prompt.h"
#include "reward/score_text.h"

enum { MOST = 400 };

static const lem_prompt_settings none;

/* The step of each byte of a text: pieces behind separators, white space alone to the step before. */
static int steps_of_bytes(const char *text, size_t n, const char *sep, int *of) {
    int step = -1;
    for (size_t from = 0, to; from < n; from = to) {
        bool blank = true;
        for (to = from; to < n; to++) {
            if (to >= from + strlen(sep) && memcmp(text + to - strlen(sep), sep, strlen(sep)) == 0) break;
            blank = blank && strchr(" \t\n\v\f\r", text[to]);
        }
        step += !blank;
        for (size_t i = from; i < to; i++) of[i] = step < 0 ? 0 : step;
    }
    return step + 1;
}

static void check_steps(const lem_text_recipe *how, const lem_tokenizer *t, const lem_rendering *r) {
    static int end[LEM_PROMPT_STEPS_MAX], of[8 * MOST];
    lem_buf text = {0};
    const int32_t *ids = r->ids.data + r->at[0] + 1;
    int n = 0, at = 0, texts = r->n_at - (how->end >= 0 && ids[r->n_at - 1] == how->end);
    OK(lem_tokenizer_decode(t, ids, (size_t)texts, false, &text, &err));
    int want = steps_of_bytes(lem_buf_str(&text), text.len, how->separator, of);
    OK(lem_text_steps(how, t, r, end, &n, &err));
    assert_int_equal(n, want);
    for (int k = 0; n > 0 && k < r->n_at; k++) {
        int step = k < texts && (size_t)at < text.len ? of[at] : n - 1;
        assert_true(k < end[step] && k >= (step ? end[step - 1] : 0));
        lem_buf one = {0};
        if (k < texts) OK(lem_tokenizer_decode(t, ids + k, 1, false, &one, &err));
        at += (int)one.len;
        lem_buf_release(&one);
    }
    if (n > 0) assert_int_equal(end[n - 1], r->n_at);
    lem_buf_release(&text);
}

static void steps_of_random_texts(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "\n\n", "\n", " ", "a", "b.", "42", "\xd0\xba\xd0\xb8\n", "\xcf\x80", "The answer", "\n\n\n"};
    static const char *const separators[] = {"\n\n", "\n", "a", "\xd0\xba\xd0\xb8\n"};
    lem_tokenizer *t = tokenizer_of("rlhflow_mixed");
    lem_rng rng = lem_rng_make(7, "texts", 0);
    lem_rendering r = {{0}, NULL, 0, 0};
    for (int trial = 0; trial < 600; trial++) {
        char text[8 * MOST] = "";
        for (int k = (int)lem_rng_next_below(&rng, 24); k > 0; k--)
            strcat(text, pieces[lem_rng_next_below(&rng, sizeof pieces / sizeof *pieces)]);
        lem_text_recipe how = {&none, trial % 3 ? 333 : -1, separators[trial % 4]};
        OK(lem_text_render(&how, t, "p", text, strlen(text), trial % 2, &r, &err));
        if (r.n_at) check_steps(&how, t, &r);
    }
    lem_rendering_release(&r);
    lem_tokenizer_free(t);
}

/* The prompt of `sample`, the text as it stands, the end where it is closed; read one before. */
static void tokens_of_a_text(void **state) {
    (void)state;
    lem_tokenizer *t = tokenizer_of("rlhflow_mixed");
    lem_prompt_settings s = {0};
    lem_rendering r = {{0}, NULL, 0, 0};
    lem_ids want = {0};
    static const char text[] = " 42 <|eot_id|> is\n\nthe end ";
    OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_SYSTEM, "Be brief.", &err));
    OK(lem_prompt_settings_tell(&s, LEM_PROMPT_TOLD_SUFFIX, "Now.", &err));
    for (int plain = 0; plain < 2; plain++)
        for (int closed = 0; closed < 2; closed++) {
            lem_text_recipe how = {&s, 333, "\n\n"};
            s.template = plain ? LEM_PROMPT_PLAIN : LEM_PROMPT_CHAT;
            want.len = 0;
            OK(lem_prompt_problem(t, &s, "1 + 41?", &want, &err));
            int from = (int)want.len;
            OK(lem_tokenizer_encode(t, text, strlen(text), false, &want,
                                    &err)); /* the special token is text */
            if (closed) OK(lem_ids_push(&want, 333, &err));
            OK(lem_text_render(&how, t, "1 + 41?", text, strlen(text), closed, &r, &err));
            assert_int_equal(r.ids.len, want.len);
            assert_memory_equal(r.ids.data, want.data, want.len * sizeof *want.data);
            assert_int_equal(r.n_at, (int)want.len - from);
            for (int k = 0; k < r.n_at; k++) assert_int_equal(r.at[k], from + k - 1);
        }
    lem_text_recipe plain = {&none, -1, "\n\n"}, bare = plain;
    lem_prompt_settings text_only = {.template = LEM_PROMPT_PLAIN};
    bare.prompt = &text_only;
    FAILS(lem_text_render(&bare, t, "", "x", 1, true, &r, &err), LEM_EDATA, "no tokens");
    OK(lem_text_render(&plain, t, "p", "", 0, true, &r, &err)); /* no end token is known */
    assert_int_equal(r.n_at, 0);
    lem_ids_release(&want);
    lem_prompt_settings_release(&s);
    lem_rendering_release(&r);
    lem_tokenizer_free(t);
}

static void too_many_steps(void **state) {
    (void)state;
    static int end[LEM_PROMPT_STEPS_MAX];
    lem_tokenizer *t = tokenizer_of("rlhflow_mixed");
    lem_rendering r = {{0}, NULL, 0, 0};
    lem_buf b = {0};
    lem_text_recipe how = {&none, 333, "\n\n"};
    int n = 0;
    for (int i = 0; i < LEM_PROMPT_STEPS_MAX; i++) lem_buf_puts(&b, "a\n\n");
    OK(lem_text_render(&how, t, "p", lem_buf_str(&b), b.len, true, &r, &err));
    OK(lem_text_steps(&how, t, &r, end, &n, &err));
    assert_int_equal(n, LEM_PROMPT_STEPS_MAX);
    lem_buf_puts(&b, "a");
    OK(lem_text_render(&how, t, "p", lem_buf_str(&b), b.len, true, &r, &err));
    FAILS(lem_text_steps(&how, t, &r, end, &n, &err), LEM_EDATA, "more than 4096 steps");
    lem_buf_release(&b);
    lem_rendering_release(&r);
    lem_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_of_random_texts),
                                       cmocka_unit_test(tokens_of_a_text), cmocka_unit_test(too_many_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
