/* train.c - training and scoring speed on random weights, as shares of the measured matrix limit
 *
 * usage: bench_train [threads] [large]. SFT: examples of mixed length as roots of one forest, half of each
 * trained, in products of fp32 and of bf16. Ranking: lists of six responses under one prompt (P = R = 64)
 * against the same six as separate sequences. Scoring: 64 solutions of 250 tokens of one problem of 150,
 * computed tokens P + N*R. Work counted: 6 (training) or 2 (scoring) floating-point operations per parameter
 * and computed token; attention is not counted, so shares are lower bounds. */
#include "core/log.h"
#include "core/mem.h"
#include "core/rng.h"
#include "model/session.h"
#include "reward/scorer.h"
#include "train/orm.h"
#include "train/sft.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct shape {
    const char *name;
    int layers, width, ffn, heads, vocab, steps;
} shape;
static const shape shapes[] = {{"1M", 5, 128, 352, 4, 1024, 12},
                               {"15M", 6, 384, 1024, 6, 8192, 4},
                               {"110M", 12, 768, 2048, 12, 32000, 1}};

static lem_model *make_model(const shape *s, lem_head head, lem_err *err) {
    lem_model_config c = {.arch = LEM_ARCH_LLAMA,
                          .head = head,
                          .layers = s->layers,
                          .width = s->width,
                          .ffn = s->ffn,
                          .heads = s->heads,
                          .vocab = s->vocab,
                          .max_positions = 1024,
                          .tied = true,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_model *m = NULL;
    if (lem_model_config_check(&c, err) || lem_model_new(&c, &m, err)) return NULL;
    lem_model_init_random(m, 1);
    return m;
}

static lem_status make_examples(const shape *s, lem_examples *e, lem_err *err) {
    lem_rng r = lem_rng_make(1, "bench", 0);
    int32_t ids[512];
    uint8_t mask[512];
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < 256; i++) {
        int n = 24 + (int)(lem_rng_next_unit(&r) * lem_rng_next_unit(&r) * 360);
        for (int t = 0; t < n; t++) {
            ids[t] = (int32_t)lem_rng_next_below(&r, (uint64_t)s->vocab);
            mask[t] = t >= n / 2;
        }
        st = lem_examples_add(e, ids, mask, (size_t)n, err);
    }
    return st;
}

static lem_status train(const char *what, const shape *s, const lem_objective *obj, lem_model *m,
                        lem_backend *b, const lem_limits *l, int batch, int items_per_row, lem_err *err) {
    lem_train_opts o = {.lr = 1e-4,
                        .beta1 = 0.9,
                        .beta2 = 0.95,
                        .eps = 1e-8,
                        .clip = 1,
                        .epochs = 1,
                        .max_steps = s->steps,
                        .batch = batch,
                        .max_rows = 4096,
                        .trainable = {.bf16 = b->compute == LEM_COMPUTE_BF16},
                        .seed = 1,
                        .stage = what,
                        .identity = ""};
    lem_buf telemetry = {0};
    lem_train_result res;
    lem_status st = lem_train_run(m, b, obj, NULL, &o, &telemetry, NULL, NULL, &res, err);
    lem_buf_release(&telemetry);
    if (st) return st;
    double rate = (double)res.rows / res.seconds, params = (double)lem_model_config_params(&m->config);
    printf("%-10s %-5s %9.0f tokens/s  %8.1f items/s  %6.1f GFLOP/s  %4.0f %% of the limit\n", what, s->name,
           rate, (double)(s->steps * batch * items_per_row) / res.seconds, 6 * params * rate * 1e-9,
           100 * 6 * params * rate * 1e-9 / l->fma_gflops_all);
    return LEM_OK;
}

/* n lists of six responses sharing a prompt; unshared: each response alone with its own copy of the prompt.
 */
static lem_status make_lists(const shape *s, lem_lists *l, int n, bool shared, lem_err *err) {
    enum { P = 64, R = 64, K = 6 };
    size_t lists = (size_t)n * (shared ? 1 : K);
    l->ids = lem_alloc((size_t)n * K * (P + R), sizeof *l->ids, err);
    l->list = lem_alloc_zero(lists, sizeof *l->list, err);
    l->response = lem_alloc_zero((size_t)n * K, sizeof *l->response, err);
    if (!l->ids || !l->list || !l->response) return LEM_EMEM;
    lem_rng r = lem_rng_make(2, "bench", 0);
    for (size_t i = 0; i < lists; i++) {
        l->list[i].at = l->n_ids;
        l->list[i].prompt = P;
        l->list[i].first = (int)l->n_responses;
        l->list[i].n = shared ? K : 1;
        l->n_ids += P;
        for (int k = 0; k < l->list[i].n; k++) {
            l->response[l->n_responses].at = l->n_ids;
            l->response[l->n_responses].len = R;
            l->response[l->n_responses].weight = 1;
            l->response[l->n_responses].label = (uint8_t)(l->n_responses % 2);
            l->n_responses++;
            l->n_ids += R;
        }
    }
    l->n = lists;
    for (uint64_t i = 0; i < l->n_ids; i++) l->ids[i] = (int32_t)lem_rng_next_below(&r, (uint64_t)s->vocab);
    return LEM_OK;
}

static lem_status bench_rank(const shape *s, lem_backend *b, const lem_limits *l, bool shared, lem_err *err) {
    lem_lists lists = {0};
    lem_orm *rank = NULL;
    lem_orm_opts o = {.list = {.kind = shared ? LEM_RANKING_BT : LEM_RANKING_CE}};
    lem_model *m = make_model(s, LEM_HEAD_SCALAR, err);
    lem_status st = m ? make_lists(s, &lists, 32, shared, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_orm_new(&lists, &o, &rank, err);
    if (st == LEM_OK) {
        lem_objective obj = lem_orm_objective(rank);
        st = train(shared ? "rm forest" : "rm apart", s, &obj, m, b, l, shared ? 8 : 48, shared ? 6 : 1, err);
    }
    lem_orm_free(rank);
    lem_lists_release(&lists);
    lem_model_free(m);
    return st;
}

static lem_status bench_sft(const shape *s, lem_backend *b, const lem_limits *l, lem_err *err) {
    lem_examples e = {0};
    lem_sft *sft = NULL;
    lem_model *m = make_model(s, LEM_HEAD_LM, err);
    lem_status st = m ? make_examples(s, &e, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_sft_new(&e, &sft, err);
    if (st == LEM_OK) {
        lem_objective obj = lem_sft_objective(sft);
        st = train(b->compute == LEM_COMPUTE_BF16 ? "sft bf16" : "sft", s, &obj, m, b, l, 32, 1, err);
    }
    lem_sft_free(sft);
    lem_examples_release(&e);
    lem_model_free(m);
    return st;
}

static lem_status bench_score(const shape *s, lem_backend *b, const lem_limits *l, lem_err *err) {
    enum { P = 150, R = 250, N = 64 };
    static int32_t ids[N][P + R]; /* one problem, N responses that differ from their first token on */
    const int last = P + R - 1;
    float score[N];
    lem_score_item items[N];
    lem_weights *w = NULL;
    lem_scorer *sc = NULL;
    lem_model *m = make_model(s, LEM_HEAD_SCALAR, err);
    lem_status st = m ? lem_weights_new(m, b, LEM_DTYPE_F32, &w, err) : LEM_EMEM;
    lem_head_reading how = {.kind = LEM_HEAD_KIND_CLASSIFIER, .formula = LEM_HEAD_RAW, .outputs = 1};
    if (st == LEM_OK) st = lem_scorer_new(w, b, &how, -1, -1, P + N * R, &sc, err);
    for (int n = 0; n < N; n++) {
        for (int i = 0; i < P + R; i++) ids[n][i] = (i < P ? i * 37 : i * 37 + n) % s->vocab;
        items[n] = (lem_score_item){ids[n], P + R, &last, 1, &score[n]};
    }
    if (st == LEM_OK) st = lem_scorer_run(sc, items, N, err); /* warm-up */
    uint64_t before = sc ? lem_scorer_tokens(sc) : 0;
    double start = lem_clock_seconds();
    for (int i = 0; st == LEM_OK && i < s->steps; i++) st = lem_scorer_run(sc, items, N, err);
    double seconds = lem_clock_seconds() - start;
    if (st == LEM_OK) {
        double rate = (double)(lem_scorer_tokens(sc) - before) / seconds,
               params = (double)lem_model_config_params(&m->config) - (double)s->vocab * s->width;
        printf("%-10s %-5s %9.0f tokens/s  %8.1f items/s  %6.1f GFLOP/s  %4.0f %% of the limit  (%llu tokens "
               "computed per problem = P + N*R)\n",
               "score 64", s->name, rate, N * s->steps / seconds, 2 * params * rate * 1e-9,
               100 * 2 * params * rate * 1e-9 / l->fma_gflops_all,
               (unsigned long long)((lem_scorer_tokens(sc) - before) / (uint64_t)s->steps));
    }
    lem_scorer_free(sc);
    lem_weights_free(w);
    lem_model_free(m);
    return st;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    lem_err err = LEM_ERR_INIT;
    lem_limits l;
    lem_backend *b = NULL;
    lem_pool *pool = lem_pool_new(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0, &err);
    lem_status st = pool ? lem_backend_new(LEM_ISA_AUTO, pool, &b, &err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_limits_measure(b, &l, &err);
    int n = argc > 2 && strcmp(argv[2], "large") == 0 ? 3 : 2;
    if (st == LEM_OK)
        printf("path %s, %d threads, matrix limit %.0f GFLOP/s\n", b->ops->name, l.threads, l.fma_gflops_all);
    for (int i = 0; st == LEM_OK && i < n; i++) {
        st = bench_sft(&shapes[i], b, &l, &err);
        b->compute = LEM_COMPUTE_BF16;
        if (st == LEM_OK) st = bench_sft(&shapes[i], b, &l, &err);
        b->compute = LEM_COMPUTE_F32;
        if (st == LEM_OK) st = bench_rank(&shapes[i], b, &l, true, &err);
        if (st == LEM_OK) st = bench_rank(&shapes[i], b, &l, false, &err);
        if (st == LEM_OK) st = bench_score(&shapes[i], b, &l, &err);
    }
    if (st) fprintf(stderr, "bench_train: %s\n", err.text);
    lem_backend_free(b);
    lem_pool_free(pool);
    return (int)st;
}
