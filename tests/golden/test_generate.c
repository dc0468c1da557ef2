/* test_generate.c - the sampler's log-probability of each token is the trainer's, bit for bit: all models and
 * adapters, products of fp32 and of bf16, on every path
 *
 * The sampler is an engine over packed weights and cached pages, the trainer a net over packed forests.
 * `golden_test_generate TOKENS [FOLDER]` asks that many tokens of each kind of model, of a folder or of a
 * random one of 1.2 M parameters, on the path that this processor takes. */
#include "../unit/generate/tiny.h"
#include "core/rng.h"
#include "model/adapters.h"
#include "reward/scorer.h"

#include <math.h>
#include <stdlib.h>

enum { N = 16, MAX_TOKENS = 60, ROWS = 2048, MOST_PROMPT = 96 };

static lem_err err = LEM_ERR_INIT;

/* ---- models ---- */

typedef enum kind { PLAIN, MERGED, ADAPTED, SCORED, N_KINDS } kind;
static const char *const kind_name[] = {"plain", "adapters merged", "adapters apart", "with a reward head"};

static lem_model *random_model(bool large, bool qwen) {
    lem_model_config c = tiny_config(qwen);
    lem_model *m = NULL;
    if (large) {
        c.layers = 5;
        c.width = 128;
        c.ffn = 352;
        c.head_dim = 32;
        c.vocab = 1024;
        c.max_positions = 320;
        c.init_range = 0.1f;
    }
    need(lem_model_new(&c, &m, &err), &err);
    lem_model_init_random(m, 5);
    return m;
}

static bool is_b(lem_role role) {
    return role >= LEM_ROLE_Q_LORA_A && role <= LEM_ROLE_DOWN_LORA_B && (role - LEM_ROLE_Q_LORA_A) % 2 == 1;
}

/* Adapters that change something, as learned ones do. */
static void adapt(lem_model *m) {
    const lem_lora_opts o = {.rank = 4, .targets = "all"};
    lem_lora lora;
    need(lem_lora_make(&o, &m->config, &lora, &err), &err);
    need(lem_model_adapt(m, &lora, 3, &err), &err);
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        for (size_t k = 0; is_b(t->role) && k < t->count; k++)
            m->params[t->offset + k] = 0.1f * sinf((float)(k + 1) * 1.7f + (float)i);
    }
}

/* What is sampled from m, and what is trained: of a reward model the body with its language-model head is
 * sampled. Takes m. */
typedef struct models {
    lem_model *sampled, *trained;
} models;

static models models_of(lem_model *m, kind k) {
    models out = {m, m};
    if (k == MERGED || k == ADAPTED) adapt(m);
    if (k == MERGED) need(lem_model_merge(m, &err), &err);
    if (k == SCORED) need(lem_model_with_head(m, LEM_HEAD_SCALAR, 9, &out.trained, &err), &err);
    return out;
}

static void models_free(models *m) {
    if (m->trained != m->sampled) lem_model_free(m->trained);
    lem_model_free(m->sampled);
}

/* ---- the sampler ---- */

typedef struct said {
    int32_t ids[MAX_TOKENS];
    float logprob[MAX_TOKENS];
    int n;
} said;
typedef struct asked {
    int32_t ids[MOST_PROMPT];
    int n;
    said said[N];
} asked;

static lem_status take(void *ctx, const lem_candidate *c, lem_err *e) {
    said *s = &((asked *)ctx)[c->prompt].said[c->index];
    if (s->n || c->tokens > MAX_TOKENS || !c->logprobs)
        return lem_fail(e, LEM_EDATA, "a candidate came twice");
    s->n = c->tokens;
    memcpy(s->ids, c->ids, (size_t)c->tokens * sizeof *s->ids);
    memcpy(s->logprob, c->logprobs, (size_t)c->tokens * sizeof *s->logprob);
    return LEM_OK;
}

/* Every third prompt is cut into two requests. */
static void ask(lem_engine *e, asked *a, uint64_t index) {
    static const lem_sample_opts how[] = {{1, 0, 1, 0, 0}, {0.9f, 100, 0.98f, 0, 0}, {1, 0, 1, 0.02f, 1.2f}};
    static const int32_t end[] = {0, 2};
    lem_request_opts o = {.sample = how[index % 3], .max_tokens = MAX_TOKENS, .end = end, .n_end = 2};
    const int first = index % 3 ? 0 : a->n / 2;
    lem_request parent = LEM_NO_REQUEST, request;
    o.seed = 9;
    o.key = 1000 + index;
    o.index = index;
    if (first > 0) need(lem_engine_submit(e, LEM_NO_REQUEST, a->ids, first, &o, &parent, &err), &err);
    o.n = N;
    o.logprobs = true;
    need(lem_engine_submit(e, parent, a->ids + first, a->n - first, &o, &request, &err), &err);
    lem_engine_drop(e, request);
    if (first > 0) lem_engine_drop(e, parent);
}

static uint64_t sample(const lem_weights *w, const lem_model_config *c, lem_backend *b, int slots,
                       const lem_tokenizer *tok, asked *a, int n_asked) {
    const lem_engine_opts o = {
        .slots = slots, .max_prompt = MOST_PROMPT, .max_tokens = MAX_TOKENS, .sink = take, .sink_ctx = a};
    lem_engine *e = NULL;
    bool busy = true;
    int next = 0;
    need(lem_engine_open(w, c, tok, b, &o, &e, &err), &err);
    while (busy || next < n_asked) {
        for (; next < n_asked && lem_engine_has_room(e); next++) ask(e, &a[next], (uint64_t)next);
        need(lem_engine_step(e, &busy, &err), &err);
    }
    const uint64_t tokens = lem_engine_count(e).generated;
    lem_engine_close(e);
    return tokens;
}

/* ---- the trainer ---- */

typedef struct batch {
    lem_net *net;
    lem_forest f;
    int n, rows[ROWS];
    int32_t target[ROWS];
    float want[ROWS];
    uint64_t compared;
    lem_scorer *scorer; /* of a model with a reward head, else NULL */
    int n_scores, score_rows[ROWS];
    float score[ROWS];
} batch;

static void compare_scores(batch *b, const char *what) {
    static float got[ROWS];
    if (b->n_scores == 0) return;
    need(lem_net_scores(b->net, b->n_scores, b->score_rows, got, &err), &err);
    if (memcmp(got, b->score, (size_t)b->n_scores * sizeof *got) != 0) fail_msg("%s: scores differ", what);
    b->n_scores = 0;
}

static void compare(batch *b, const char *what) {
    static float got[ROWS];
    if (b->n == 0) return;
    need(lem_net_forward(b->net, &b->f, &err), &err);
    need(lem_net_lm(b->net, b->n, b->rows, b->target, NULL, got, &err), &err);
    for (int i = 0; i < b->n; i++)
        if (memcmp(&got[i], &b->want[i], sizeof got[i]) != 0)
            fail_msg("%s: row %d of %d: sampler %.9g, trainer %.9g", what, b->rows[i], b->f.n_rows,
                     (double)b->want[i], (double)got[i]);
    compare_scores(b, what);
    b->compared += (uint64_t)b->n;
    b->n = 0;
    lem_forest_clear(&b->f);
}

/* Scores of the candidates, as `rm score` computes them. */
static void score(batch *b, const asked *a) {
    static int32_t ids[N][MOST_PROMPT + MAX_TOKENS];
    lem_score_item item[N];
    int at[N];
    for (int i = 0; i < N; i++) {
        const said *s = &a->said[i];
        memcpy(ids[i], a->ids, (size_t)a->n * sizeof(int32_t));
        memcpy(ids[i] + a->n, s->ids, (size_t)s->n * sizeof(int32_t));
        at[i] = a->n + s->n - 1;
        item[i] = (lem_score_item){ids[i], at[i] + 1, &at[i], 1, &b->score[b->n_scores++]};
    }
    need(lem_scorer_run(b->scorer, item, N, &err), &err);
}

/* A prompt and its candidates as one tree; several trees are one forest. */
static void add(batch *b, const asked *a, const char *what) {
    int rows = a->n, root;
    for (int i = 0; i < N; i++) rows += a->said[i].n;
    if (b->f.n_rows + rows > ROWS) compare(b, what);
    const int before = b->f.n_rows + a->n - 1, first_score = b->n_scores;
    if (b->scorer) score(b, a);
    need(lem_forest_add(&b->f, -1, a->ids, a->n, &root, &err), &err);
    for (int i = 0; i < N; i++) {
        const said *s = &a->said[i];
        const int row0 = b->f.n_rows;
        need(lem_forest_add(&b->f, root, s->ids, s->n, NULL, &err), &err);
        if (b->scorer) b->score_rows[first_score + i] = row0 + s->n - 1;
        for (int t = 0; t < s->n; t++, b->n++) {
            b->rows[b->n] = t ? row0 + t - 1 : before;
            b->target[b->n] = s->ids[t];
            b->want[b->n] = s->logprob[t];
        }
    }
}

/* ---- both ---- */

typedef struct setting {
    lem_isa isa;
    int threads, slots, first, prompts;
    bool bf16;
    const lem_tokenizer *tok;
} setting;

/* Half of them begin alike. */
static asked *prompts_of(int first, int n, int vocab) {
    asked *a = calloc((size_t)n, sizeof *a);
    assert_non_null(a);
    for (int i = 0; i < n; i++) {
        lem_rng r = lem_rng_make(7, "prompt", (uint64_t)(first + i)), same = lem_rng_make(7, "prompt", 1);
        a[i].n = 2 + i * 7 % (MOST_PROMPT - 1);
        for (int t = 0; t < a[i].n; t++)
            a[i].ids[t] = 3 + (int32_t)lem_rng_next_below(i % 2 && t < 20 ? &same : &r, (uint64_t)vocab - 3);
    }
    return a;
}

static lem_weights *weights_of(const lem_model *m, lem_backend *b, bool bf16) {
    lem_weights *w = NULL;
    need(lem_weights_new(m, b, bf16 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, &w, &err), &err);
    return w;
}

static void train(const models *m, const setting *s, lem_backend *b, const asked *a, batch *out,
                  const char *what) {
    const lem_trainable t = {.bf16 = s->bf16};
    lem_head_reading raw;
    lem_weights *w = m->trained == m->sampled ? NULL : weights_of(m->trained, b, s->bf16);
    *out = (batch){.net = NULL};
    if (w) need(lem_head_read(&m->trained->config.reward, "raw", &raw, &err), &err);
    if (w) need(lem_scorer_new(w, b, &raw, 0, 0, ROWS, &out->scorer, &err), &err);
    need(lem_net_new_part(m->trained, b, (lem_net_size){ROWS, 0}, s->bf16 ? &t : NULL, &out->net, &err),
         &err);
    for (int i = 0; i < s->prompts; i++) add(out, &a[i], what);
    compare(out, what);
    lem_forest_release(&out->f);
    lem_net_free(out->net);
    lem_scorer_free(out->scorer);
    lem_weights_free(w);
}

static uint64_t parity(const models *m, const char *name, const setting *s) {
    static batch out;
    lem_pool *pool = lem_pool_new(s->threads, &err);
    lem_backend *b = NULL;
    char what[160];
    need(far_or_plain(s->isa, pool, &b, &err), &err);
    b->compute = s->bf16 ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
    snprintf(what, sizeof what, "%s, %s, %s", name, b->ops->name, s->bf16 ? "bf16" : "f32");
    lem_weights *w = weights_of(m->sampled, b, s->bf16);
    asked *a = prompts_of(s->first, s->prompts, m->sampled->config.vocab);
    const uint64_t tokens = sample(w, &m->sampled->config, b, s->slots, s->tok, a, s->prompts);
    train(m, s, b, a, &out, what);
    assert_int_equal(out.compared, tokens);
    print_message("%s: %llu tokens, all bits equal\n", what, (unsigned long long)tokens);
    free(a);
    lem_weights_free(w);
    far_or_plain_free(b);
    lem_pool_free(pool);
    return tokens;
}

static void test_parity(void **state) {
    (void)state;
    static const lem_isa paths[] = {LEM_ISA_GENERIC, LEM_ISA_AVX2, LEM_ISA_AVX512, LEM_ISA_AVX512BF16};
    static const int threads[] = {1, 2, 3, 2}, slots[] = {64, 5, 256, 17};
    lem_tokenizer *tok = tiny_tokenizer();
    for (kind k = PLAIN; k < N_KINDS; k++)
        for (int qwen = 0; qwen < 2; qwen++) {
            models m = models_of(random_model(false, qwen), k);
            for (int i = 0; i < 4; i++)
                for (int bf16 = 0; bf16 < 2 && lem_isa_supported(paths[i]); bf16++)
                    parity(&m, kind_name[k], &(setting){paths[i], threads[i], slots[i], 0, 3, bf16, tok});
            models_free(&m);
        }
    lem_tokenizer_free(tok);
}

/* ---- by hand ---- */

static uint64_t tokens_wanted;
static const char *folder;

static void test_many(void **state) {
    (void)state;
    lem_tokenizer *tok = NULL;
    if (folder) need(lem_tokenizer_load(folder, &tok, &err), &err);
    else tok = tiny_tokenizer();
    for (int bf16 = 0; bf16 < 2; bf16++) {
        uint64_t all = 0;
        for (kind k = PLAIN; k < N_KINDS; k++) {
            lem_model *m = NULL;
            if (folder) need(lem_model_open_any(folder, &m, &err), &err);
            else m = random_model(true, k % 2);
            models both = models_of(m, k);
            uint64_t n = 0;
            for (int first = 0; n < tokens_wanted; first += 500)
                n += parity(&both, kind_name[k], &(setting){LEM_ISA_AUTO, 2, 256, first, 500, bf16, tok});
            all += n;
            models_free(&both);
        }
        print_message("%s: %llu tokens\n", bf16 ? "bf16" : "f32", (unsigned long long)all);
    }
    lem_tokenizer_free(tok);
}

int main(int argc, char **argv) {
    const struct CMUnitTest few[] = {cmocka_unit_test(test_parity)}, many[] = {cmocka_unit_test(test_many)};
    if (argc < 2) return cmocka_run_group_tests(few, NULL, NULL);
    tokens_wanted = strtoull(argv[1], NULL, 10);
    folder = argc > 2 ? argv[2] : NULL;
    return cmocka_run_group_tests(many, NULL, NULL);
}
