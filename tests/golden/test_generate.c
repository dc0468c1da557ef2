/* test_generate.c - the sampler's log-probability of a token is the trainer's, bit for bit */
#include "../unit/generate/tiny.h"

enum { N_PROMPTS = 20, N = 16 };

/* Sum of the trainer's log-probabilities of a candidate: one forest node, the language-model loss on its
 * tokens. */
static double trainer_logprob(lem_net *net, const tiny *t, const char *prompt, const tiny_result *c) {
    lem_err err = LEM_ERR_INIT;
    int32_t ids[512], target[256];
    int rows[256], n = 0, p = (int)strlen(prompt);
    float lp[256];
    for (int i = 0; i < p; i++) ids[n++] = t->id_of[(unsigned char)prompt[i]];
    for (int i = 0; i < c->tokens; i++) {
        bool eos = (size_t)i == c->len;
        target[i] = eos ? 0 : t->id_of[(unsigned char)c->text[i]];
        rows[i] = p - 1 + i;
        ids[n++] = target[i];
    }
    lem_forest f;
    memset(&f, 0, sizeof f);
    need(lem_forest_add(&f, -1, ids, n, NULL, &err), &err);
    need(lem_net_forward(net, &f, &err), &err);
    need(lem_net_lm(net, c->tokens, rows, target, NULL, lp, &err), &err);
    lem_forest_release(&f);
    double sum = 0;
    for (int i = 0; i < c->tokens; i++) sum += (double)lp[i];
    return sum;
}

static void parity(bool qwen, lem_isa isa, int threads, int slots) {
    static tiny_result got[N_PROMPTS * N];
    static char text[N_PROMPTS][80];
    const char *prompts[N_PROMPTS];
    for (int i = 0; i < N_PROMPTS; i++) {
        snprintf(text[i], sizeof text[i], "%.*sproblem %d: %d + %d = ", i % 5 * 8,
                 "..............................................", i, i * 7, i * i);
        prompts[i] = text[i];
    }
    memset(got, 0, sizeof got);
    lem_err err = LEM_ERR_INIT;
    tiny t = tiny_open(qwen, threads, isa, LEM_DTYPE_F32);
    static const int32_t end[] = {0};
    lem_generate_opts o = {
        .sample = {0.9f, 100, 0.98f}, .max_tokens = 60, .end = end, .n_end = 1, .slots = slots, .seed = 9};
    tiny_run r = {.t = &t, .prompt = prompts, .n_prompts = N_PROMPTS, .n = N, .result = got};
    lem_generate_stats stats;
    need(tiny_generate(&r, &o, &stats, &err), &err);
    lem_net *net = NULL;
    need(lem_net_new(t.model, t.backend, 256, false, &net, &err), &err);
    for (int i = 0; i < N_PROMPTS * N; i++) {
        double want = trainer_logprob(net, &t, prompts[i / N], &got[i]);
        if (memcmp(&want, &got[i].logprob, sizeof want) != 0)
            fail_msg("%s, path %s: candidate %d: sampler %.17g, trainer %.17g", qwen ? "qwen2" : "llama",
                     t.backend->ops->name, i, got[i].logprob, want);
    }
    print_message("%s %s: %llu tokens equal\n", qwen ? "qwen2" : "llama", t.backend->ops->name,
                  (unsigned long long)stats.generated_tokens);
    lem_net_free(net);
    tiny_close(&t);
}

static void test_parity(void **state) {
    (void)state;
    static const lem_isa paths[] = {LEM_ISA_GENERIC, LEM_ISA_AVX2, LEM_ISA_AVX512};
    for (int qwen = 0; qwen < 2; qwen++)
        for (size_t i = 0; i < 3; i++)
            if (lem_isa_supported(paths[i])) parity(qwen, paths[i], i == 0 ? 1 : 2, i == 1 ? 5 : 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parity)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
