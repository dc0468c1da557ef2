/* sample.c - sampling speed: 64 candidates of one 128-token prompt, random weights, as a share of the
 * measured matrix limit
 *
 * usage: bench_sample [threads [new tokens [shape [f32|bf16|bf16xbf16|int8]]]]. Work counted: 2
 * floating-point operations per parameter (embedding table once, as the output matrix) and generated token;
 * attention and prefill are not counted, so the share is a lower bound. */
#include "kinds.h"

#include "core/mem.h"
#include "generate/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PROMPT = 128, CANDIDATES = 64 };

typedef struct shape {
    const char *name;
    int layers, width, ffn, heads, vocab;
} shape;
static const shape shapes[] = {
    {"1M", 5, 128, 352, 4, 1024}, {"4M", 6, 224, 608, 7, 2048}, {"110M", 12, 768, 2048, 12, 32000}};

static lem_status one_prompt(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    static int32_t ids[PROMPT];
    int *left = ctx;
    (void)err;
    *more = (*left)-- > 0;
    for (int i = 0; i < PROMPT; i++) ids[i] = (i * 37 + 11) % 257;
    *out = (lem_prompt){(uint64_t)*left, 77, ids, PROMPT, NULL, CANDIDATES};
    return LEM_OK;
}

static lem_status ignore(void *ctx, const lem_candidate *c, lem_err *err) {
    (void)err;
    *(double *)ctx += c->logprob;
    return LEM_OK;
}

static lem_tokenizer *bytes_tokenizer(lem_err *err) {
    lem_bpe_train_opts o = {.vocab = 259};
    lem_tokenizer *t = NULL;
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, err);
    if (b && lem_bpe_trainer_add(b, "a", 1, err) == LEM_OK && lem_bpe_trainer_finish(b, &t, err) != LEM_OK)
        t = NULL;
    if (b) lem_bpe_trainer_free(b);
    return t;
}

static lem_status measure(const shape *s, const kind *k, lem_backend *b, const lem_tokenizer *t,
                          const lem_limits *l, int max_tokens, lem_err *err) {
    lem_model_config c = {.arch = LEM_ARCH_LLAMA,
                          .head = LEM_HEAD_LM,
                          .layers = s->layers,
                          .width = s->width,
                          .ffn = s->ffn,
                          .heads = s->heads,
                          .kv_heads = s->heads,
                          .vocab = s->vocab,
                          .max_positions = 1024,
                          .rope_theta = 10000,
                          .norm_eps = 1e-6f,
                          .tied = true,
                          .init_range = 0.02f,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_model *m = NULL;
    lem_weights *w = NULL;
    lem_status st = lem_model_config_check(&c, err);
    if (st == LEM_OK) st = lem_model_new(&c, &m, err);
    if (st) return st;
    lem_model_init_random(m, 1);
    st = lem_weights_new(m, b, k->dtype, &w, err);
    if (st == LEM_OK) {
        lem_generate_opts o = {.sample = {0.8f, 0, 1},
                               .max_tokens = max_tokens,
                               .slots = CANDIDATES,
                               .max_prompt = PROMPT,
                               .seed = 1};
        lem_generate_stats stats;
        int left = 1;
        double sum = 0;
        clock_t begin = clock();
        st = lem_generate_run(w, &c, t, b, &o, one_prompt, &left, ignore, &sum, NULL, &stats, err);
        double cpu = (double)(clock() - begin) / CLOCKS_PER_SEC + 1e-9;
        double params = (double)lem_model_config_params(&c),
               rate = st ? 0 : (double)stats.generated_tokens / stats.seconds;
        if (st == LEM_OK)
            printf("%-5s %-9s %9.2f M parameters  %8.0f tokens/s (%.0f per CPU second)  %6.1f GFLOP/s  %5.1f "
                   "%% of the matrix limit  (checksum %.6f)\n",
                   s->name, k->name, params / 1e6, rate, (double)stats.generated_tokens / cpu,
                   2 * params * rate / 1e9, 100 * 2 * params * rate / 1e9 / l->fma_gflops_all, sum);
        lem_weights_free(w);
    }
    lem_model_free(m);
    return st;
}

/* only: the kind that is measured; NULL = all */
static lem_status measure_kinds(const shape *s, const char *only, lem_backend *b, const lem_tokenizer *t,
                                const lem_limits *l, int max_tokens, lem_err *err) {
    lem_status st = LEM_OK;
    for (int k = 0; st == LEM_OK && k < N_KINDS; k++) {
        b->compute = kinds[k].compute;
        if (!only || strcmp(only, kinds[k].name) == 0) st = measure(s, &kinds[k], b, t, l, max_tokens, err);
    }
    return st;
}

int main(int argc, char **argv) {
    lem_err err = LEM_ERR_INIT;
    lem_limits l;
    lem_backend *b = NULL;
    int max_tokens = argc > 2 ? atoi(argv[2]) : 128;
    lem_pool *pool = lem_pool_new(argc > 1 ? atoi(argv[1]) : 0, &err);
    lem_tokenizer *t = bytes_tokenizer(&err);
    lem_status st = pool && t ? lem_backend_new(LEM_ISA_AUTO, pool, &b, &err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_limits_measure(b, &l, &err);
    if (st == LEM_OK)
        printf("path %s, %d threads, matrix limit %.0f GFLOP/s\n", b->ops->name, l.threads, l.fma_gflops_all);
    for (size_t i = 0; st == LEM_OK && i < sizeof shapes / sizeof *shapes; i++) {
        if (argc > 3 && strcmp(argv[3], shapes[i].name) != 0) continue;
        st = measure_kinds(&shapes[i], argc > 4 ? argv[4] : NULL, b, t, &l, max_tokens, &err);
        fflush(stdout);
    }
    if (st) fprintf(stderr, "bench_sample: %s\n", err.text);
    if (b) lem_backend_free(b);
    if (t) lem_tokenizer_free(t);
    lem_pool_free(pool);
    return (int)st;
}
