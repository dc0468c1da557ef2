/* test_speculate.c - drafts change no bit: every candidate beside that of an engine that never guesses */
#include "tiny.h"

#include <math.h>

enum { MAX_REQUESTS = 12, N = 6, MAX_TOKENS = 120 };

typedef struct got {
    tiny_result r;
    int32_t ids[MAX_TOKENS];
    float logprobs[MAX_TOKENS];
    lem_request node;
} got;

typedef struct bench {
    const tiny *t;
    lem_engine *e;
    lem_engine_counts counts;
    got got[MAX_REQUESTS][N]; /* by index of the request, then of the candidate */
    bool cancels;             /* the sink cancels candidates behind the first of each request that ends */
} bench;

static lem_status collect(void *ctx, const lem_candidate *c, lem_err *err) {
    bench *b = ctx;
    assert_true(c->prompt < MAX_REQUESTS && c->index < N && c->len < TINY_MAX_TEXT &&
                c->tokens <= MAX_TOKENS);
    got *g = &b->got[c->prompt][c->index];
    if (g->r.there) return lem_fail(err, LEM_EDATA, "candidate %d came twice", c->index);
    g->r = (tiny_result){
        .there = true, .len = c->len, .tokens = c->tokens, .logprob = c->logprob, .finish = c->finish};
    memcpy(g->r.text, c->text, c->len);
    memcpy(g->ids, c->ids, (size_t)c->tokens * sizeof *g->ids);
    memcpy(g->logprobs, c->logprobs, (size_t)c->tokens * sizeof *g->logprobs);
    g->node = c->node;
    if (b->cancels) lem_engine_cancel_from(b->e, c->request, 1);
    return LEM_OK;
}

static void assert_same(const bench *b, const bench *want, const char *name) {
    for (int i = 0; i < MAX_REQUESTS; i++)
        for (int k = 0; k < N; k++) {
            const got *x = &b->got[i][k], *y = &want->got[i][k];
            size_t n = (size_t)y->r.tokens;
            if (!tiny_same(&x->r, &y->r) || memcmp(x->ids, y->ids, n * sizeof *x->ids) != 0 ||
                memcmp(x->logprobs, y->logprobs, n * sizeof *x->logprobs) != 0)
                fail_msg("%s: candidate %d of request %d differs: %d/%d tokens, logprob %.17g/%.17g", name, k,
                         i, x->r.tokens, y->r.tokens, x->r.logprob, y->r.logprob);
        }
}

static lem_request submit(bench *b, lem_request parent, const char *text, const lem_request_opts *o) {
    lem_err err = LEM_ERR_INIT;
    int32_t ids[256];
    int n = 0;
    lem_request r = LEM_NO_REQUEST;
    for (; text[n]; n++) ids[n] = b->t->id_of[(unsigned char)text[n]];
    need(lem_engine_submit(b->e, parent, ids, n, o, &r, &err), &err);
    return r;
}

static void run_out(bench *b) {
    lem_err err = LEM_ERR_INIT;
    for (bool busy = true; busy;) need(lem_engine_step(b->e, &busy, &err), &err);
}

/* A model whose layers say little beside the last token: greedy texts go round, drawn ones nearly. */
static tiny open_tiny(int threads, lem_dtype dtype) {
    lem_err err = LEM_ERR_INIT;
    tiny t = tiny_open(false, threads, LEM_ISA_AUTO, dtype);
    for (int i = 0; i < t.model->n_tensors; i++) {
        const lem_tensor *x = &t.model->tensors[i];
        if (x->role != LEM_ROLE_O && x->role != LEM_ROLE_DOWN) continue;
        for (size_t k = 0; k < x->count; k++) t.model->params[x->offset + k] *= 0.01f;
    }
    lem_weights_free(t.weights);
    need(lem_weights_new(t.model, t.backend, dtype, &t.weights, &err), &err);
    return t;
}

/* ---- what is asked for: one after the other, so that few are in flight */

typedef struct ask {
    const char *name;
    lem_sample_opts sample;
    int max_tokens, end; /* end: a byte that ends a candidate, 0 = the tokenizer's own end */
    const char *stop;
    bool cancels;
} ask;

static const ask asks[] = {
    {"greedy", {.temperature = 0}, 60, 0, NULL, false},
    {"drawn", {.temperature = 0.15f, .top_k = 9}, 60, 0, NULL, false},
    {"penalty", {.temperature = 0.3f, .repetition_penalty = 1.02f}, 60, 0, NULL, false},
    {"greedy with a penalty", {.temperature = 0, .repetition_penalty = 1.02f}, 60, 0, NULL, false},
    {"min-p and top-p", {.temperature = 1, .top_p = 0.9f, .min_p = 0.01f}, 60, 0, NULL, false},
    {"cancelled", {.temperature = 0.15f}, 40, 0, NULL, true},
    {"of one token", {.temperature = 0}, 1, 0, NULL, false},
    {"of two tokens", {.temperature = 0}, 2, 0, NULL, false},
    {"of three tokens", {.temperature = 0}, 3, 0, NULL, false},
    {"up to the context", {.temperature = 0.1f}, MAX_TOKENS, 0, NULL, false},
};
enum { ASKS = sizeof asks / sizeof *asks };

static lem_request_opts request(const ask *a, int index, int n, const int32_t *end) {
    return (lem_request_opts){.sample = a->sample,
                              .max_tokens = a->max_tokens,
                              .stop = a->stop ? &a->stop : NULL,
                              .n_stop = a->stop != NULL,
                              .end = end,
                              .n_end = 1,
                              .seed = 11,
                              .key = 500 + (uint64_t)index,
                              .index = (uint64_t)index,
                              .n = n,
                              .logprobs = true};
}

/* Prompts that repeat themselves and one that does not; then steps below kept candidates, as a search takes
 * them. */
static void make(bench *b, const ask *a, const lem_engine_opts *engine) {
    static const char *const prompts[] = {
        "abcabcabcab", "q: 12*12 a: q: 12*12 a", "xyz",
        "a prompt longer than a page: a prompt longer than a page: a prompt "
        "longer than a page"};
    lem_err err = LEM_ERR_INIT;
    lem_engine_opts o = *engine;
    const int32_t end[] = {a->end ? b->t->id_of[a->end] : 0};
    memset(b->got, 0, sizeof b->got);
    b->cancels = a->cancels;
    o.sink = collect;
    o.sink_ctx = b;
    need(lem_engine_open(b->t->weights, &b->t->model->config, b->t->tok, b->t->backend, &o, &b->e, &err),
         &err);
    int pages = lem_engine_count(b->e).free_pages, used = 0;
    for (int i = 0; i < 4; i++) {
        lem_request_opts r = request(a, used, 3, end);
        lem_request top;
        r.keep = i != 3;
        top = submit(b, LEM_NO_REQUEST, prompts[i], &r);
        run_out(b);
        const got *first = &b->got[used++][0];
        if (r.keep && first->r.tokens > 1 && !a->cancels) { /* the kept one misses its last token */
            lem_request_opts below = request(a, used, 2, end);
            char last[2] = "?";
            below.max_tokens = 20;
            lem_engine_drop(b->e, submit(b, first->node, last, &below));
            used++;
            run_out(b);
        }
        for (int k = 0; k < N; k++) lem_engine_drop(b->e, b->got[used - 1][k].node);
        for (int k = 0; k < N; k++) lem_engine_drop(b->e, first[k].node);
        lem_engine_drop(b->e, top);
        run_out(b);
    }
    b->counts = lem_engine_count(b->e);
    assert_int_equal(b->counts.free_pages, pages);
    lem_engine_close(b->e);
}

static uint64_t drafted, accepted; /* of one test */

static lem_speculate with_tokens(const lem_speculate *how, int tokens) {
    lem_speculate s = *how;
    s.tokens = tokens;
    return s;
}

static const lem_speculate look_up = {.ngram = true};

static void compare(const tiny *t, const ask *a, const lem_speculate *how) {
    static const int slots[] = {1, 64}, tokens[] = {1, 4, LEM_SPECULATE_ROWS - 1};
    static bench want, b;
    want.t = b.t = t;
    make(&want, a, &(lem_engine_opts){.slots = 3});
    assert_int_equal(want.counts.drafted, 0);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++) {
            make(&b, a, &(lem_engine_opts){.slots = slots[i], .speculate = with_tokens(how, tokens[k])});
            if (a->cancels) { /* which others ended before is of no matter */
                for (int r = 0; r < MAX_REQUESTS; r++)
                    for (int c = 1; c < N; c++) b.got[r][c] = want.got[r][c];
            } else {
                assert_int_equal(b.counts.generated, want.counts.generated);
                assert_int_equal(b.counts.generated_fed, want.counts.generated_fed);
            }
            assert_same(&b, &want, a->name);
            assert_true(b.counts.accepted <= b.counts.drafted);
            drafted += b.counts.drafted;
            accepted += b.counts.accepted;
        }
}

/* Guesses came true, and others did not. */
static void assert_both(const char *name) {
    if (accepted == 0 || accepted >= drafted)
        fail_msg("%s: %llu of %llu guesses came true", name, (unsigned long long)accepted,
                 (unsigned long long)drafted);
    drafted = accepted = 0;
}

static void same_bits(void **state) {
    (void)state;
    tiny t = open_tiny(2, LEM_DTYPE_F32);
    for (int i = 0; i < ASKS; i++) {
        compare(&t, &asks[i], &look_up);
        if (asks[i].max_tokens > 3) assert_both(asks[i].name);
        drafted = accepted = 0;
    }
    tiny_close(&t);
}

/* Ends that fall into a draft: a byte, and texts that are there only once greedy candidates go round. Kept
 * ones are gone on with. */
static void ends_within(void **state) {
    (void)state;
    static bench all;
    tiny t = open_tiny(1, LEM_DTYPE_F32);
    all.t = &t;
    make(&all, &asks[0], &(lem_engine_opts){.slots = 3});
    const got *g = &all.got[0][0];
    assert_true(g->r.tokens == 60 && g->r.len == 60);
    for (int at = 20; at < 50; at += 7) {
        char text[11] = "";
        ask stop = asks[0], end = asks[0];
        memcpy(text, g->r.text + at, 10);
        stop.name = stop.stop = text;
        end.name = "a byte";
        end.end = (unsigned char)text[0];
        compare(&t, &stop, &look_up);
        compare(&t, &end, &look_up);
    }
    assert_both("ends");
    tiny_close(&t);
}

/* No more pages than one candidate needs: a draft takes none beyond them. */
static void pages_are_enough(void **state) {
    (void)state;
    static const char *const prompt[] = {"abcabcabcabcabcabcabcabcabcabcab"}; /* a page */
    tiny_result want, have;
    lem_err err = LEM_ERR_INIT;
    tiny t = open_tiny(1, LEM_DTYPE_F32);
    for (int tokens = 32; tokens < 36; tokens++) {
        lem_generate_opts o = {
            .sample = {.temperature = 0}, .max_tokens = tokens, .slots = 1, .max_prompt = 32, .kv_bytes = 1};
        lem_generate_stats s;
        memset(&want, 0, sizeof want);
        memset(&have, 0, sizeof have);
        tiny_run r = {.t = &t, .prompt = prompt, .n_prompts = 1, .n = 1, .result = &want};
        need(tiny_generate(&r, &o, &s, &err), &err);
        o.speculate = (lem_speculate){9, true};
        r = (tiny_run){.t = &t, .prompt = prompt, .n_prompts = 1, .n = 1, .result = &have};
        need(tiny_generate(&r, &o, &s, &err), &err);
        assert_true(s.drafted > 0 && tiny_same(&want, &have));
    }
    tiny_close(&t);
}

static void other_arithmetic(void **state) {
    (void)state;
    static const lem_dtype dtypes[] = {LEM_DTYPE_F32, LEM_DTYPE_BF16, LEM_DTYPE_I8};
    for (int i = 0; i < 3; i++)
        for (int threads = 1; threads < 4; threads += 2) {
            tiny t = open_tiny(threads, dtypes[i]);
            if (dtypes[i] == LEM_DTYPE_BF16) t.backend->compute = LEM_COMPUTE_BF16;
            for (int k = 0; k < 3; k++) compare(&t, &asks[k], &look_up);
            tiny_close(&t);
        }
    assert_both("arithmetic");
}

/* Beside more candidates than pay, nothing is guessed; a run over many prompts is the same in any case. */
static void few_streams_alone(void **state) {
    (void)state;
    enum { PROMPTS = 3, EACH = 6 };
    static const char *const prompts[PROMPTS] = {"abcabcab", "1+1=2, 1+1=2, 1+1", "zzzzzz"};
    static tiny_result want[PROMPTS * EACH], have[PROMPTS * EACH];
    lem_err err = LEM_ERR_INIT;
    tiny t = open_tiny(2, LEM_DTYPE_F32);
    lem_generate_opts o = {.sample = {.temperature = 0.2f}, .max_tokens = 50, .slots = 4, .seed = 3};
    lem_generate_stats plain, s;
    tiny_run r = {.t = &t, .prompt = prompts, .n_prompts = PROMPTS, .n = EACH, .result = want};
    need(tiny_generate(&r, &o, &plain, &err), &err);
    for (int slots = 1; slots <= 12; slots++) {
        memset(have, 0, sizeof have);
        o.slots = slots;
        o.speculate = (lem_speculate){3, true};
        r = (tiny_run){.t = &t, .prompt = prompts, .n_prompts = PROMPTS, .n = EACH, .result = have};
        need(tiny_generate(&r, &o, &s, &err), &err);
        for (int i = 0; i < PROMPTS * EACH; i++) assert_true(tiny_same(&want[i], &have[i]));
        assert_true(s.generated_tokens == plain.generated_tokens);
        if (slots <= LEM_SPECULATE_ROWS / 2) assert_true(s.accepted > 0);
    }
    o.slots = 64; /* all at once, of one length: they are never few */
    o.sample.temperature = 0;
    r = (tiny_run){.t = &t, .prompt = prompts, .n_prompts = PROMPTS, .n = EACH, .result = have};
    memset(have, 0, sizeof have);
    need(tiny_generate(&r, &o, &s, &err), &err);
    assert_int_equal(s.drafted, 0);
    o.speculate.tokens = LEM_SPECULATE_ROWS;
    assert_int_equal(lem_generate_check(&o, &err), LEM_EUSAGE);
    assert_string_equal(err.text, "tokens of a draft must lie in 0..9, found 10");
    tiny_close(&t);
}

/* ---- a draft model */

/* The model with its parameters turned a little: it often says the same. */
static lem_weights *like(const tiny *t, float by, lem_dtype dtype) {
    lem_err err = LEM_ERR_INIT;
    lem_weights *w = NULL;
    lem_model *m = NULL;
    lem_model_config c = t->model->config;
    need(lem_model_new(&c, &m, &err), &err);
    lem_model_init_random(m, 77);
    for (size_t i = 0; i < m->n_params; i++)
        m->params[i] = t->model->params[i] + by * (m->params[i] - t->model->params[i]);
    need(lem_weights_new(m, t->backend, dtype, &w, &err), &err);
    lem_model_free(m);
    return w;
}

static void a_draft_model(void **state) {
    (void)state;
    static const ask more[] = {
        {"the largest penalty", {.temperature = 0, .repetition_penalty = 90}, 40, 0, NULL, false},
        {"a penalty", {.temperature = 0.8f, .repetition_penalty = 2}, 40, 0, NULL, false}};
    tiny t = open_tiny(2, LEM_DTYPE_F32);
    const float by[] = {0, 0.25f, 1};
    for (int i = 0; i < 3; i++) {
        lem_weights *w = like(&t, by[i], LEM_DTYPE_F32);
        const lem_speculate alone = {.draft = w, .draft_config = &t.model->config},
                            both = {.ngram = true, .draft = w, .draft_config = &t.model->config};
        compare(&t, &asks[0], &alone);
        if (i == 0) assert_true(drafted > 0 && accepted == drafted); /* the same model is always right */
        for (int k = 1; k < ASKS; k += 2) compare(&t, &asks[k], &alone);
        if (i < 2) assert_both("a draft model");
        compare(&t, &asks[1], &both);
        if (i < 2) assert_both("look-up and a draft model");
        compare(&t, &more[0], &alone);
        compare(&t, &more[1], &alone);
        if (i < 2) assert_both("penalties");
        lem_weights_free(w);
    }
    tiny_close(&t);
}

/* Another vocabulary and a shorter context than those of the model that samples. */
static void another_shape(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    tiny t = open_tiny(1, LEM_DTYPE_F32);
    for (int i = 0; i < 2; i++) {
        lem_model_config c = tiny_config(true);
        lem_model *m = NULL;
        lem_weights *w = NULL;
        c.vocab = i ? 300 : 120; /* ids that the other does not have; without those of the prompts */
        c.layers = 1;
        c.max_positions = 48;
        need(lem_model_new(&c, &m, &err), &err);
        lem_model_init_random(m, 3);
        need(lem_weights_new(m, t.backend, LEM_DTYPE_F32, &w, &err), &err);
        const lem_speculate how = {.draft = w, .draft_config = &m->config};
        drafted = 0;
        compare(&t, &asks[1], &how);
        assert_true(drafted > 0);
        lem_weights_free(w);
        lem_model_free(m);
    }
    drafted = accepted = 0;
    tiny_close(&t);
}

/* Tokens that nobody draws and only a draft may say have no finite keys and values: they spoil no result. */
static void not_finite(void **state) {
    (void)state;
    static bench all;
    lem_err err = LEM_ERR_INIT;
    tiny t = open_tiny(1, LEM_DTYPE_F32);
    bool drawn[257] = {false};
    int poisoned = 0, width = t.model->config.width;
    lem_weights *w = like(&t, 0.3f, LEM_DTYPE_F32);
    all.t = &t;
    make(&all, &asks[1], &(lem_engine_opts){.slots = 3});
    for (int i = 0; i < 256; i++) drawn[t.id_of[i]] = strchr("abcq: 12*x?yzpromtlnge", i) != NULL;
    for (int i = 0; i < MAX_REQUESTS * N; i++)
        for (int k = 0; k < all.got[i / N][i % N].r.tokens; k++) drawn[all.got[i / N][i % N].ids[k]] = true;
    float *embed = t.model->params + lem_model_at(t.model, LEM_ROLE_EMBED, -1);
    for (int id = 0; id < 257; id++) {
        for (int d = 0; !drawn[id] && d < width; d++) embed[id * width + d] = id % 2 ? NAN : INFINITY;
        poisoned += !drawn[id];
    }
    assert_true(poisoned > 20);
    lem_weights_free(t.weights);
    need(lem_weights_new(t.model, t.backend, LEM_DTYPE_F32, &t.weights, &err), &err);
    const lem_speculate how = {.draft = w, .draft_config = &t.model->config};
    compare(&t, &asks[1], &how);
    assert_both("not finite");
    lem_weights_free(w);
    tiny_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits),         cmocka_unit_test(ends_within),
        cmocka_unit_test(pages_are_enough),  cmocka_unit_test(other_arithmetic),
        cmocka_unit_test(few_streams_alone), cmocka_unit_test(a_draft_model),
        cmocka_unit_test(another_shape),     cmocka_unit_test(not_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
