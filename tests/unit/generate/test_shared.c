/* test_shared.c - what prompts share is computed once, and changes no candidate */
#include "tiny.h"

enum { N_PROMPTS = 7, N = 5 };
/* 70 and 40 characters, which are tokens */
#define FIRST "Q: 1+1? A: 2. Q: 2+2? A: 4. Q: 3*3? A: 9. Q: 4-4? A: 0. Q: 5+2? A: 7. "
#define SECOND "Of history. Q: who? A: he. Q: she? A: I."
static const char *const prompts[N_PROMPTS] = {
    FIRST "Q: 6+1?", FIRST "Q: 8?", FIRST "what", SECOND "Q: when?", SECOND "Q: where did it begin?", "x=",
    FIRST "Q: 2?"};
enum { P1 = sizeof FIRST - 1, P2 = sizeof SECOND - 1, PAGE = LEM_PAGE_KEYS };

static lem_generate_opts options(void) {
    static const int32_t end[] = {0};
    return (lem_generate_opts){.sample = {.temperature = 1.0f, .top_p = 1, .repetition_penalty = 1.2f},
                               .max_tokens = 30,
                               .end = end,
                               .n_end = 1,
                               .slots = 6,
                               .seed = 8};
}

static lem_generate_stats generate(const tiny *t, const lem_generate_opts *o, const int *shared,
                                   bool backwards, tiny_result *out) {
    lem_err err = LEM_ERR_INIT;
    lem_generate_stats stats;
    memset(out, 0, sizeof *out * N_PROMPTS * N);
    tiny_run r = {.t = t,
                  .prompt = prompts,
                  .n_prompts = N_PROMPTS,
                  .n = N,
                  .backwards = backwards,
                  .shared = shared,
                  .result = out};
    need(tiny_generate(&r, o, &stats, &err), &err);
    assert_int_equal(r.finished, N_PROMPTS * N);
    assert_int_equal(stats.prompts, N_PROMPTS);
    return stats;
}

static void assert_same(const tiny_result *a, const tiny_result *b) {
    for (int i = 0; i < N_PROMPTS * N; i++)
        if (!tiny_same(&a[i], &b[i])) fail_msg("candidate %d of prompt %d differs", i % N, i / N);
}

/* True, too long for the prompt, all of it, and false: prompts that do not begin alike share nothing. */
static const int told[][N_PROMPTS] = {{P1 + 3, P1 + 3, P1, P2, P2, 0, 0},
                                      {1000, 1000, 1000, 1000, 1000, 1000, 1000},
                                      {P1, P1, P1, P1, P1, P1, P1},
                                      {PAGE, PAGE, PAGE, PAGE, PAGE, PAGE, PAGE},
                                      {PAGE - 1, 1, 2, 3, -5, 0, 0}};

static void test_same_candidates(void **state) {
    (void)state;
    static tiny_result base[N_PROMPTS * N], got[N_PROMPTS * N];
    tiny t = tiny_open(true, 2, LEM_ISA_AUTO, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    (void)generate(&t, &o, NULL, false, base);
    for (size_t way = 0; way < sizeof told / sizeof *told; way++)
        for (int variant = 0; variant < 4; variant++) {
            o.slots = variant == 2 ? 1 : 6;
            o.kv_bytes = variant == 3 ? 1 : 0; /* room for one prompt and one candidate */
            (void)generate(&t, &o, told[way], variant == 1, got);
            assert_same(base, got);
        }
    tiny_close(&t);
}

/* Whole pages of what is shared are fed once: counted by hand. */
static void test_fed_once(void **state) {
    (void)state;
    static tiny_result got[N_PROMPTS * N];
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    uint64_t all = 0, saved = 2 * (P1 / PAGE * PAGE) + P2 / PAGE * PAGE;
    for (int i = 0; i < N_PROMPTS; i++) all += strlen(prompts[i]);
    assert_int_equal(generate(&t, &o, NULL, false, got).prompt_tokens, all);
    lem_generate_stats s = generate(&t, &o, told[0], false, got);
    assert_int_equal(s.shared_tokens, saved);
    assert_int_equal(s.prompt_tokens, all - saved);
    tiny_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_candidates),
                                       cmocka_unit_test(test_fed_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
