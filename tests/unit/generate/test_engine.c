/* test_engine.c - candidates against a plain loop, and their independence of slots, threads, order, memory
 * and interruption */
#include "tiny.h"

#include "core/rng.h"

#include <math.h>

enum { N_PROMPTS = 9, N = 7 };
static const char *const prompts[N_PROMPTS] = {
    "1+1=",
    "What is 12*12?",
    "x",
    "A long prompt that goes over one page of thirty-two tokens, and then over a second page of them too.",
    "solve 3x = 9",
    "exactly thirty-two tokens long..",
    "and this one has thirty-three ones",
    "q: 7-5 a:",
    "{\"a\":1}"};

static lem_generate_opts options(void) {
    static const int32_t end[] = {0};
    return (lem_generate_opts){.sample = {.temperature = 1.0f, .top_p = 1},
                               .max_tokens = 40,
                               .end = end,
                               .n_end = 1,
                               .slots = 7,
                               .seed = 42};
}

static tiny_run make_run(const tiny *t, tiny_result *result) {
    memset(result, 0, sizeof *result * N_PROMPTS * N);
    return (tiny_run){.t = t, .prompt = prompts, .n_prompts = N_PROMPTS, .n = N, .result = result};
}

static void assert_same(const tiny_result *a, const tiny_result *b) {
    for (int i = 0; i < N_PROMPTS * N; i++)
        if (!tiny_same(&a[i], &b[i]))
            fail_msg("candidate %d of prompt %d differs: %d/%d tokens, logprob %.17g/%.17g", i % N, i / N,
                     a[i].tokens, b[i].tokens, a[i].logprob, b[i].logprob);
}

/* One token by the operation alone. */
static int32_t draw(lem_backend *b, const float *logits, int V, const lem_sample_opts *o, double u) {
    const lem_draw how = {u, o->temperature, o->top_p, o->top_k, 0, o->min_p, 0, 0, 0};
    lem_err err = LEM_ERR_INIT;
    lem_buffer in, out;
    int32_t token = -1;
    need(lem_buffer_init(&in, b, sizeof how, true, &err), &err);
    need(lem_buffer_init(&out, b, sizeof token, true, &err), &err);
    b->ops->copy_in(b, in.at, &how, sizeof how);
    b->ops->sample(b, 1, V, logits, in.at, NULL, out.at);
    b->ops->copy_out(b, &token, out.at, sizeof token);
    lem_buffer_release(&in);
    lem_buffer_release(&out);
    return token;
}

/* Each token once, however often it stands in the path: from the path's own texts, not from the engine's
 * lists. */
static void penalise(lem_backend *b, const lem_buffer *logits, int V, const bool *seen, float penalty) {
    float x[512];
    if (!(penalty > 0)) return;
    b->ops->copy_out(b, x, logits->at, (size_t)V * sizeof *x);
    lem_err err = LEM_ERR_INIT;
    need(b->ops->sync(b, &err), &err);
    for (int i = 0; i < V; i++)
        if (seen[i]) x[i] = x[i] < 0 ? x[i] * penalty : x[i] / penalty;
    b->ops->copy_in(b, logits->at, x, (size_t)V * sizeof *x);
}

/* The same candidate by a session of one node, one token at a time. */
static void plain_loop(const tiny *t, const lem_generate_opts *o, int prompt, int index, tiny_result *out) {
    enum { V = 257 };
    lem_err err = LEM_ERR_INIT;
    lem_session *s = NULL;
    int32_t ids[256];
    lem_buffer logits;
    need(lem_buffer_init(&logits, t->backend, V * sizeof(float), true, &err), &err);
    int node, n = (int)strlen(prompts[prompt]);
    need(lem_session_new(t->weights, t->backend, 8, 256, &s, &err), &err);
    need(lem_session_node(s, -1, &node, &err), &err);
    bool seen[V] = {false};
    for (int i = 0; i < n; i++) ids[i] = t->id_of[(unsigned char)prompts[prompt][i]];
    for (int i = 0; i < n; i++) seen[ids[i]] = true;
    lem_rng r = lem_rng_make(o->seed, "sample", 1000 + (uint64_t)prompt);
    memset(out, 0, sizeof *out);
    out->there = true;
    out->finish = LEM_FINISH_LENGTH;
    while (out->tokens < o->max_tokens) {
        lem_feed feed = {node, ids, n};
        need(lem_session_step(s, &feed, 1, &err), &err);
        int row = lem_session_row(s, 0, n - 1);
        lem_session_logits(s, 1, &row, logits.at);
        penalise(t->backend, &logits, V, seen, o->sample.repetition_penalty);
        int32_t id = draw(t->backend, logits.at, V, &o->sample,
                          lem_rng_unit_at(&r, (uint64_t)index << 32 | (uint64_t)out->tokens));
        float lp;
        need(lem_session_logprobs(s, 1, &row, &id, &lp, &err), &err);
        out->logprob += (double)lp;
        out->tokens++;
        seen[id] = true;
        if (o->n_end && id == o->end[0]) {
            out->finish = LEM_FINISH_STOP;
            break;
        }
        size_t len;
        const char *bytes = lem_tokenizer_token_bytes(t->tok, id, &len);
        memcpy(out->text + out->len, bytes, len);
        out->len += len;
        ids[0] = id;
        n = 1;
    }
    lem_buffer_release(&logits);
    lem_session_free(s);
}

static void test_plain_loop(void **state) {
    (void)state;
    static tiny_result got[N_PROMPTS * N], want;
    for (int way = 0; way < 4; way++) {
        int qwen = way & 1;
        tiny t = tiny_open(qwen, 2, LEM_ISA_AUTO, qwen ? LEM_DTYPE_BF16 : LEM_DTYPE_F32);
        lem_generate_opts o = options();
        if (qwen) o.sample = (lem_sample_opts){0.8f, 40, 0.95f, 0, 0};
        if (way >= 2) o.sample.min_p = 0.02f, o.sample.repetition_penalty = 1.4f;
        tiny_run r = make_run(&t, got);
        lem_err err = LEM_ERR_INIT;
        lem_generate_stats stats;
        need(tiny_generate(&r, &o, &stats, &err), &err);
        uint64_t tokens = 0, prompt_tokens = 0;
        for (int i = 0; i < N_PROMPTS * N; i++) {
            plain_loop(&t, &o, i / N, i % N, &want);
            if (!tiny_same(&got[i], &want))
                fail_msg("candidate %d of prompt %d: %d tokens, logprob %.17g; the plain loop has %d, %.17g",
                         i % N, i / N, got[i].tokens, got[i].logprob, want.tokens, want.logprob);
            tokens += (uint64_t)want.tokens;
        }
        for (int i = 0; i < N_PROMPTS; i++) prompt_tokens += strlen(prompts[i]);
        assert_int_equal(stats.generated_tokens, tokens);
        assert_int_equal(stats.prompt_tokens, prompt_tokens); /* each prompt is computed once */
        assert_int_equal(stats.candidates, N_PROMPTS * N);
        assert_int_equal(stats.prompts, N_PROMPTS);
        tiny_close(&t);
    }
}

static void test_invariance(void **state) {
    (void)state;
    static tiny_result base[N_PROMPTS * N], got[N_PROMPTS * N];
    static const int slots[] = {1, 3, 7, 64, 256}, threads[] = {1, 2, 4};
    lem_err err = LEM_ERR_INIT;
    bool first = true;
    for (size_t th = 0; th < 3; th++) {
        tiny t = tiny_open(false, threads[th], LEM_ISA_GENERIC, LEM_DTYPE_F32);
        for (size_t s = 0; s < 5; s++)
            for (int variant = 0; variant < 3; variant++) {
                lem_generate_opts o = options();
                o.sample.min_p = 0.01f;
                o.sample.repetition_penalty = 1.3f;
                o.slots = slots[s];
                if (variant == 2) o.kv_bytes = 1; /* room for hardly more than one candidate */
                tiny_run r = make_run(&t, first ? base : got);
                r.backwards = variant == 1;
                need(tiny_generate(&r, &o, NULL, &err), &err);
                if (!first) assert_same(base, got);
                first = false;
            }
        tiny_close(&t);
    }
}

static void test_resume(void **state) {
    (void)state;
    static tiny_result base[N_PROMPTS * N], got[N_PROMPTS * N];
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    lem_err err = LEM_ERR_INIT;
    tiny_run all = make_run(&t, base);
    need(tiny_generate(&all, &o, NULL, &err), &err);
    for (int stop = 1; stop < N_PROMPTS * N; stop += 7) {
        tiny_run part = make_run(&t, got);
        part.cancel_after = stop;
        assert_int_equal(tiny_generate(&part, &o, NULL, &err), LEM_EINTR);
        bool skip[N_PROMPTS * N];
        int there = 0;
        for (int i = 0; i < N_PROMPTS * N; i++) there += skip[i] = got[i].there;
        assert_true(there >= stop && there < N_PROMPTS * N);
        tiny_run rest = {
            .t = &t, .prompt = prompts, .n_prompts = N_PROMPTS, .n = N, .result = got, .skip = skip};
        need(tiny_generate(&rest, &o, NULL, &err), &err);
        assert_int_equal(rest.finished, N_PROMPTS * N - there);
        assert_same(base, got);
    }
    tiny_close(&t);
}

/* All candidates under way end in one step, at any number of prompts: those that are pulled last are made
 * too. */
static void test_all_end_at_once(void **state) {
    (void)state;
    enum { MOST = 150 };
    static tiny_result got[MOST];
    static const char *one[MOST];
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    lem_err err = LEM_ERR_INIT;
    o.max_tokens = 1;
    for (int i = 0; i < MOST; i++) one[i] = prompts[i % N_PROMPTS];
    for (int n = 1; n <= MOST; n++) {
        memset(got, 0, sizeof got);
        tiny_run r = {.t = &t, .prompt = one, .n_prompts = n, .n = 1, .result = got};
        need(tiny_generate(&r, &o, NULL, &err), &err);
        assert_int_equal(r.finished, n);
    }
    tiny_close(&t);
}

/* With a stop string each text is the unstopped one up to the first occurrence, and its tokens stop there. */
static void test_stops(void **state) {
    (void)state;
    static tiny_result base[N_PROMPTS * N], got[N_PROMPTS * N];
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    o.n_end = 0; /* ids 0 are special: no text, no end */
    lem_err err = LEM_ERR_INIT;
    tiny_run r = make_run(&t, base);
    need(tiny_generate(&r, &o, NULL, &err), &err);
    char text[3] = {base[3].text[7], base[3].text[8], 0}, other[2] = {base[10].text[3], 0};
    assert_true(text[0] && text[1] && other[0]);
    const char *stop[] = {text, other};
    o.stop = stop;
    o.n_stop = 2;
    tiny_run s = make_run(&t, got);
    need(tiny_generate(&s, &o, NULL, &err), &err);
    int stopped = 0;
    for (int i = 0; i < N_PROMPTS * N; i++) {
        assert_int_equal(base[i].finish, LEM_FINISH_LENGTH);
        size_t cut = base[i].len;
        for (size_t at = base[i].len; at-- > 0;)
            if ((at + 1 < base[i].len && memcmp(base[i].text + at, text, 2) == 0) ||
                base[i].text[at] == other[0])
                cut = at;
        assert_int_equal(got[i].len, cut);
        assert_memory_equal(got[i].text, base[i].text, cut);
        assert_int_equal(got[i].finish, cut < base[i].len ? LEM_FINISH_STOP : LEM_FINISH_LENGTH);
        stopped += got[i].finish == LEM_FINISH_STOP;
    }
    assert_true(stopped >= 2);
    tiny_close(&t);
}

/* Every token of the list ends a candidate, wherever it stands; one below 0 ends none. */
static void test_ends(void **state) {
    (void)state;
    static tiny_result base[N_PROMPTS * N], got[N_PROMPTS * N];
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    lem_err err = LEM_ERR_INIT;
    tiny_run r = make_run(&t, base);
    need(tiny_generate(&r, &o, NULL, &err), &err);
    static const int32_t end[] = {-1, 999999, 0};
    o.end = end;
    o.n_end = 3;
    tiny_run s = make_run(&t, got);
    need(tiny_generate(&s, &o, NULL, &err), &err);
    assert_same(base, got);
    int stopped = 0;
    for (int i = 0; i < N_PROMPTS * N; i++) stopped += got[i].finish == LEM_FINISH_STOP;
    assert_true(stopped > 0);
    tiny_close(&t);
}

static void test_context_end(void **state) {
    (void)state;
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    char text[161];
    memset(text, 'a', 160);
    text[160] = '\0';
    lem_generate_opts o = options();
    o.n_end = 0;
    o.max_tokens = 1000;
    static tiny_result got[2];
    const char *one[] = {text};
    lem_err err = LEM_ERR_INIT;
    for (int len = 1; len < 160; len += 79) { /* 1, 80, 159 of a context of 160 */
        text[len] = '\0';
        memset(got, 0, sizeof got);
        tiny_run r = {.t = &t, .prompt = one, .n_prompts = 1, .n = 2, .result = got};
        need(tiny_generate(&r, &o, NULL, &err), &err);
        assert_int_equal(got[0].tokens, 160 - len);
        assert_int_equal(got[1].finish, LEM_FINISH_LENGTH);
        text[len] = 'a';
    }
    tiny_run r = {
        .t = &t, .prompt = one, .n_prompts = 1, .n = 2, .result = got}; /* 160 tokens: one too many */
    assert_int_equal(tiny_generate(&r, &o, NULL, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "160 tokens"));
    tiny_close(&t);
}

static void test_bad_input(void **state) {
    (void)state;
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    static tiny_result got[N_PROMPTS * N];
    lem_err err = LEM_ERR_INIT;
    const char *empty[] = {""};
    lem_generate_opts o = options();
    tiny_run r = {.t = &t, .prompt = empty, .n_prompts = 1, .n = 1, .result = got};
    assert_int_equal(tiny_generate(&r, &o, NULL, &err), LEM_EDATA);
    o.max_prompt = 3; /* a promise that the prompts break: refused or served, never a hang */
    o.kv_bytes = 1;
    tiny_run broken = make_run(&t, got);
    assert_int_equal(tiny_generate(&broken, &o, NULL, &err), LEM_EMEM);
    const char *bad_stop[] = {""};
    const lem_generate_opts bad[] = {{.sample = {-1, 0, 1}, .max_tokens = 1},
                                     {.sample = {NAN, 0, 1}, .max_tokens = 1},
                                     {.sample = {1, -1, 1}, .max_tokens = 1},
                                     {.sample = {1, 0, 1.5f}, .max_tokens = 1},
                                     {.max_tokens = 0},
                                     {.max_tokens = 1, .slots = -1},
                                     {.max_tokens = 1, .stop = bad_stop, .n_stop = 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(lem_generate_check(&bad[i], &err), LEM_EUSAGE);
    t.model->params[lem_model_at(t.model, LEM_ROLE_FINAL_NORM, -1)] = NAN;
    lem_weights_free(t.weights);
    need(lem_weights_new(t.model, t.backend, LEM_DTYPE_F32, &t.weights, &err), &err);
    lem_generate_opts fine = options();
    tiny_run nan_run = make_run(&t, got);
    assert_int_equal(tiny_generate(&nan_run, &fine, NULL, &err), LEM_ENUMERIC);
    tiny_close(&t);
}

typedef struct counting {
    tiny_run run;
    int warm;
} counting;

static lem_status refuse_memory_when_warm(void *ctx, const lem_candidate *c, lem_err *err) {
    counting *k = ctx;
    if (k->run.finished == k->warm) lem_mem_fail_after(1, true);
    return tiny_sink(&k->run, c, err);
}

/* After the first prompts every allocation fails, and the run does not notice. */
static void test_steady_state_allocates_nothing(void **state) {
    (void)state;
    enum { P = 12 };
    static tiny_result got[P * N];
    static char text[P][16];
    const char *many[P];
    for (int i = 0; i < P; i++) {
        snprintf(text[i], sizeof text[i], "prompt %04u", (unsigned)i % 10000);
        many[i] = text[i];
    }
    memset(got, 0, sizeof got);
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    o.n_end = 0;
    lem_err err = LEM_ERR_INIT;
    counting k = {{.t = &t, .prompt = many, .n_prompts = P, .n = N, .result = got}, 4 * N};
    lem_status st = lem_generate_run(t.weights, &t.model->config, t.tok, t.backend, &o, tiny_source, &k.run,
                                     refuse_memory_when_warm, &k, NULL, NULL, &err);
    lem_mem_fail_after(0, false);
    need(st, &err);
    assert_int_equal(k.run.finished, P * N);
    tiny_close(&t);
}

/* The n-th allocation fails, for every n of set-up and start: a clean error each time. */
static void test_out_of_memory(void **state) {
    (void)state;
    static tiny_result got[N_PROMPTS * N];
    tiny t = tiny_open(false, 1, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    lem_generate_opts o = options();
    o.max_tokens = 6;
    int failures = 0;
    for (uint64_t n = 1; n < 200; n++) {
        lem_err err = LEM_ERR_INIT;
        tiny_run r = make_run(&t, got);
        lem_mem_fail_after(n, n % 2 == 0);
        lem_status st = tiny_generate(&r, &o, NULL, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        failures += st == LEM_EMEM;
        if (st == LEM_OK) break;
        assert_true(err.text[0] != '\0');
    }
    assert_true(failures > 15);
    tiny_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_loop),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_all_end_at_once),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_context_end),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_steady_state_allocates_nothing),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
