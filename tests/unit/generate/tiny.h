/* tiny.h - a random model with a tokenizer of single bytes, for tests of generation: text and ids are the
 * same thing */
#ifndef TESTS_TINY_H
#define TESTS_TINY_H

#include "core/mem.h"
#include "generate/run.h"
#include "model/net.h"
#include "support/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct tiny {
    lem_pool *pool;
    lem_backend *backend;
    lem_model *model;
    lem_weights *weights;
    lem_tokenizer *tok;
    int32_t id_of[256]; /* byte -> id */
} tiny;

static inline void need(lem_status st, const lem_err *err) {
    if (st != LEM_OK) fail_msg("%s", err->text);
}

static inline lem_model_config tiny_config(bool qwen) {
    lem_model_config c = {.arch = qwen ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA,
                          .head = LEM_HEAD_LM,
                          .layers = 2,
                          .width = 32,
                          .ffn = 64,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_dim = 8,
                          .vocab = 257,
                          .max_positions = 160,
                          .rope_theta = 10000,
                          .norm_eps = 1e-6f,
                          .tied = qwen,
                          .qkv_bias = qwen,
                          .init_range = 0.4f,
                          .bos_id = -1,
                          .eos_id = 0,
                          .pad_id = -1};
    return c;
}

static inline lem_tokenizer *tiny_tokenizer(void) {
    static const char *const special[] = {"<|endoftext|>"};
    lem_bpe_train_opts o = {.vocab = 257, .special = special, .n_special = 1};
    lem_err err = LEM_ERR_INIT;
    lem_tokenizer *t = NULL;
    lem_bpe_trainer *b = lem_bpe_trainer_new(&o, &err);
    assert_non_null(b);
    need(lem_bpe_trainer_add(b, "ab", 2, &err), &err);
    need(lem_bpe_trainer_finish(b, &t, &err), &err);
    lem_bpe_trainer_free(b);
    return t;
}

static inline tiny tiny_open(bool qwen, int threads, lem_isa isa, lem_dtype dtype) {
    lem_err err = LEM_ERR_INIT;
    tiny t = {.pool = lem_pool_new(threads, &err)};
    lem_model_config c = tiny_config(qwen);
    assert_non_null(t.pool);
    need(far_or_plain(isa, t.pool, &t.backend, &err), &err);
    need(lem_model_new(&c, &t.model, &err), &err);
    lem_model_init_random(t.model, 5);
    need(lem_weights_new(t.model, t.backend, dtype, &t.weights, &err), &err);
    t.tok = tiny_tokenizer();
    for (int32_t id = 0; id < lem_tokenizer_vocab(t.tok); id++) {
        size_t n;
        const char *s = lem_tokenizer_token_bytes(t.tok, id, &n);
        if (s && n == 1) t.id_of[(unsigned char)s[0]] = id;
    }
    return t;
}

static inline void tiny_close(tiny *t) {
    lem_tokenizer_free(t->tok);
    lem_weights_free(t->weights);
    lem_model_free(t->model);
    far_or_plain_free(t->backend);
    lem_pool_free(t->pool);
}

/* ---- prompts from a table, results into a table */

enum { TINY_MAX_TEXT = 256 };

typedef struct tiny_result {
    bool there;
    char text[TINY_MAX_TEXT];
    size_t len;
    int tokens;
    double logprob;
    lem_finish finish;
} tiny_result;

typedef struct tiny_run {
    const tiny *t;
    const char *const *prompt;
    int n_prompts, n; /* candidates each */
    bool backwards;
    const bool *skip;  /* [n_prompts, n] or NULL */
    const int *shared; /* [n_prompts] n_shared, or NULL */
    int next;
    int32_t ids[512];
    int cand[256];
    tiny_result *result;        /* [n_prompts, n] */
    int finished, cancel_after; /* 0 = never */
    lem_cancel cancel;
} tiny_run;

static inline lem_status tiny_source(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    (void)err;
    tiny_run *r = ctx;
    *more = r->next < r->n_prompts;
    if (!*more) return LEM_OK;
    int at = r->backwards ? r->n_prompts - 1 - r->next : r->next, n = 0;
    r->next++;
    size_t len = strlen(r->prompt[at]);
    for (size_t i = 0; i < len; i++) r->ids[i] = r->t->id_of[(unsigned char)r->prompt[at][i]];
    for (int i = 0; i < r->n; i++)
        if (!r->skip || !r->skip[at * r->n + i]) r->cand[n++] = i;
    *out = (lem_prompt){
        (uint64_t)at, 1000 + (uint64_t)at, r->ids, (int)len, r->cand, n, r->shared ? r->shared[at] : 0};
    return LEM_OK;
}

static inline lem_status tiny_sink(void *ctx, const lem_candidate *c, lem_err *err) {
    tiny_run *r = ctx;
    tiny_result *x = &r->result[c->prompt * (uint64_t)r->n + (uint64_t)c->index];
    if (x->there || c->len >= TINY_MAX_TEXT)
        return lem_fail(err, LEM_EDATA, "candidate %d came twice or is too long", c->index);
    *x = (tiny_result){
        .there = true, .len = c->len, .tokens = c->tokens, .logprob = c->logprob, .finish = c->finish};
    memcpy(x->text, c->text, c->len);
    if (++r->finished == r->cancel_after) r->cancel.requested = 1;
    return LEM_OK;
}

static inline lem_status tiny_generate(tiny_run *r, const lem_generate_opts *o, lem_generate_stats *stats,
                                       lem_err *err) {
    return lem_generate_run(r->t->weights, &r->t->model->config, r->t->tok, r->t->backend, o, tiny_source, r,
                            tiny_sink, r, &r->cancel, stats, err);
}

static inline bool tiny_same(const tiny_result *a, const tiny_result *b) {
    return a->there == b->there && a->len == b->len && memcmp(a->text, b->text, a->len) == 0 &&
           a->tokens == b->tokens && memcmp(&a->logprob, &b->logprob, sizeof a->logprob) == 0 &&
           a->finish == b->finish;
}

#endif
