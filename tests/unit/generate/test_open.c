/* test_open.c - an open engine: rollouts below any node, arrivals, cancels, drops, and options side by side
 */
#include "tiny.h"

#include <math.h>

enum { STEPS = 10, N = 16, KINDS = 6, MAX_REQUESTS = 16, MAX_TOKENS = 40, CONTEXT = 160 };

static const char *const solution[STEPS] = {
    "q: what is 12*12+1? a: ",           "12*12 is ", "12*10 + 12*2. ", "x",   "So 120 + 24", " = ",
    "144; a step of more than one page", "then + 1",  " gives ",        "145 "};

typedef struct got {
    tiny_result r;
    int32_t ids[MAX_TOKENS];
    float logprobs[MAX_TOKENS];
    bool has_logprobs;
    lem_request node;
} got;

typedef struct bench bench;
struct bench {
    tiny t;
    lem_engine *e;
    got got[MAX_REQUESTS][N]; /* by index of the request, then of the candidate */
    int finished;
    void (*react)(bench *b, const lem_candidate *c); /* from inside the sink, or NULL */
    lem_request other;
};

static lem_status collect(void *ctx, const lem_candidate *c, lem_err *err) {
    bench *b = ctx;
    assert_true(c->prompt < MAX_REQUESTS && c->index < N && c->len < TINY_MAX_TEXT);
    got *g = &b->got[c->prompt][c->index];
    if (g->r.there) return lem_fail(err, LEM_EDATA, "candidate %d came twice", c->index);
    g->r = (tiny_result){
        .there = true, .len = c->len, .tokens = c->tokens, .logprob = c->logprob, .finish = c->finish};
    memcpy(g->r.text, c->text, c->len);
    memcpy(g->ids, c->ids, (size_t)c->tokens * sizeof *g->ids);
    g->has_logprobs = c->logprobs != NULL;
    if (c->logprobs) memcpy(g->logprobs, c->logprobs, (size_t)c->tokens * sizeof *g->logprobs);
    g->node = c->node;
    b->finished++;
    if (b->react) b->react(b, c);
    return LEM_OK;
}

static void open_engine(bench *b, int slots, size_t kv_bytes) {
    lem_err err = LEM_ERR_INIT;
    lem_engine_opts o = {.slots = slots, .kv_bytes = kv_bytes, .sink = collect, .sink_ctx = b};
    memset(b->got, 0, sizeof b->got);
    b->finished = 0;
    b->react = NULL;
    need(lem_engine_open(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &o, &b->e, &err), &err);
}

static void close_engine(bench *b) { lem_engine_close(b->e); }

/* Everything of one engine and model: opened with 64 slots. */
static bench *set_up(int threads) {
    static bench b;
    b.t = tiny_open(false, threads, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    open_engine(&b, 64, 0);
    return &b;
}

static void reopen(bench *b, int slots, size_t kv_bytes) {
    close_engine(b);
    open_engine(b, slots, kv_bytes);
}

static void finish_up(bench *b) {
    close_engine(b);
    tiny_close(&b->t);
}

static int encode(const bench *b, const char *text, int32_t *ids) {
    int n = 0;
    for (; text[n]; n++) ids[n] = b->t.id_of[(unsigned char)text[n]];
    return n;
}

static lem_status try_submit(bench *b, lem_request parent, const char *text, const lem_request_opts *o,
                             lem_request *out, lem_err *err) {
    int32_t ids[2 * CONTEXT];
    int n = encode(b, text, ids);
    return lem_engine_submit(b->e, parent, ids, n, o, out, err);
}

static lem_request submit(bench *b, lem_request parent, const char *text, const lem_request_opts *o) {
    lem_err err = LEM_ERR_INIT;
    lem_request r = LEM_NO_REQUEST;
    need(try_submit(b, parent, text, o, &r, &err), &err);
    return r;
}

static void run_out(bench *b) {
    lem_err err = LEM_ERR_INIT;
    for (bool busy = true; busy;) need(lem_engine_step(b->e, &busy, &err), &err);
}

static void steps(bench *b, int n) {
    lem_err err = LEM_ERR_INIT;
    bool busy;
    for (int i = 0; i < n; i++) need(lem_engine_step(b->e, &busy, &err), &err);
}

static lem_request_opts request(int index, int n) {
    static const int32_t end[] = {0};
    return (lem_request_opts){.sample = {.temperature = 1.0f, .top_p = 1, .repetition_penalty = 1.4f},
                              .max_tokens = 20,
                              .end = end,
                              .n_end = 1,
                              .seed = 11,
                              .key = 500 + (uint64_t)index,
                              .index = (uint64_t)index,
                              .n = n,
                              .logprobs = true};
}

static void assert_same_candidate(const got *a, const got *b, int request_index, int index) {
    size_t n = (size_t)a->r.tokens;
    if (!tiny_same(&a->r, &b->r) || memcmp(a->ids, b->ids, n * sizeof *a->ids) != 0 ||
        a->has_logprobs != b->has_logprobs || memcmp(a->logprobs, b->logprobs, n * sizeof *a->logprobs) != 0)
        fail_msg("candidate %d of request %d differs: %d/%d tokens, logprob %.17g/%.17g", index,
                 request_index, a->r.tokens, b->r.tokens, a->r.logprob, b->r.logprob);
}

static void assert_same(const bench *b, got (*want)[N], int first, int end) {
    for (int i = first; i < end; i++)
        for (int k = 0; k < N; k++) assert_same_candidate(&b->got[i][k], &want[i][k], i, k);
}

static int there(const bench *b, int i) {
    int n = 0;
    for (int k = 0; k < N; k++) n += b->got[i][k].r.there;
    return n;
}

static int free_pages(const bench *b) { return lem_engine_count(b->e).free_pages; }

/* ---- sharing */

/* Rollouts from every step: each step is one request under the one before. */
static void submit_chain(bench *b) {
    lem_request at = LEM_NO_REQUEST;
    for (int i = 0; i < STEPS; i++) {
        lem_request_opts o = request(i, N);
        lem_request below = submit(b, at, solution[i], &o);
        lem_engine_drop(b->e, at);
        at = below;
    }
    lem_engine_drop(b->e, at);
}

/* The same as whole prompts; returns how many tokens they are. */
static int submit_roots(bench *b) {
    char text[CONTEXT] = "";
    int sum = 0;
    for (int i = 0; i < STEPS; i++) {
        lem_request_opts o = request(i, N);
        strncat(text, solution[i], sizeof text - strlen(text) - 1);
        sum += (int)strlen(text);
        lem_engine_drop(b->e, submit(b, LEM_NO_REQUEST, text, &o));
    }
    return sum;
}

static int solution_tokens(void) {
    int n = 0;
    for (int i = 0; i < STEPS; i++) n += (int)strlen(solution[i]);
    return n;
}

static void test_rollouts(void **state) {
    (void)state;
    static got whole[MAX_REQUESTS][N];
    bench *b = set_up(1);
    int sum = submit_roots(b);
    run_out(b);
    assert_int_equal(b->finished, STEPS * N);
    assert_int_equal(lem_engine_count(b->e).prompt_fed, sum);
    lem_engine_counts roots = lem_engine_count(b->e);
    memcpy(whole, b->got, sizeof whole);

    reopen(b, 64, 0);
    submit_chain(b);
    run_out(b);
    lem_engine_counts c = lem_engine_count(b->e);
    assert_int_equal(c.prompt_fed, solution_tokens()); /* each token once, where the roots fed `sum` */
    assert_true(sum > 5 * solution_tokens());
    assert_int_equal(c.requests, STEPS);
    assert_int_equal(c.candidates, STEPS * N);
    assert_int_equal(c.generated, roots.generated);
    assert_int_equal(c.generated_fed, c.generated - c.candidates); /* the last token of each is never fed */
    assert_same(b, whole, 0, STEPS);
    finish_up(b);
}

/* The sum that is handed out is that of the tokens' own, in order. */
static void test_logprobs(void **state) {
    (void)state;
    bench *b = set_up(1);
    submit_chain(b);
    run_out(b);
    for (int i = 0; i < STEPS; i++)
        for (int k = 0; k < N; k++) {
            const got *g = &b->got[i][k];
            double sum = 0;
            assert_true(g->has_logprobs);
            for (int j = 0; j < g->r.tokens; j++) sum += (double)g->logprobs[j];
            assert_memory_equal(&sum, &g->r.logprob, sizeof sum);
            for (size_t j = 0; j < g->r.len; j++)
                assert_int_equal(g->ids[j], b->t.id_of[(unsigned char)g->r.text[j]]);
        }
    finish_up(b);
}

static void test_invariance(void **state) {
    (void)state;
    static got base[MAX_REQUESTS][N];
    static const int slots[] = {1, 2, 7, 33, 64};
    for (int threads = 1; threads <= 2; threads++) {
        bench *b = set_up(threads);
        for (int i = 0; i < 5; i++)
            for (int tight = 0; tight < 2; tight++) {
                reopen(b, slots[i], tight ? 24 * 2048 * 2 : 0); /* chains of 10 nodes take 11 pages */
                submit_chain(b);
                run_out(b);
                assert_int_equal(b->finished, STEPS * N);
                if (threads == 1 && i == 0 && !tight) memcpy(base, b->got, sizeof base);
                assert_same(b, base, 0, STEPS);
            }
        finish_up(b);
    }
}

/* ---- options of its own for each */

static const char *const prompts[KINDS] = {
    "1+1=", "What is 12*12?", "x", "A prompt that goes over one page of thirty-two tokens.", "1+1=", "q: "};

static lem_request_opts kind(int i) {
    static const char *const stop[] = {"e", "12"};
    static const int32_t ends[] = {-1, 7, 65, 100};
    lem_request_opts o = request(i, N - i);
    o.max_tokens = 7 + 6 * i;
    if (i == 1) o.sample = (lem_sample_opts){.top_p = 1};
    if (i == 2) o.sample = (lem_sample_opts){0.7f, 20, 0.9f, 0.01f, 1.5f};
    if (i == 3) o.stop = stop, o.n_stop = 2;
    if (i == 4) o.seed = 99, o.n_end = 0;
    if (i == 5) o.end = ends, o.n_end = 4, o.logprobs = false;
    return o;
}

static void submit_kind(bench *b, int i) {
    lem_request_opts o = kind(i);
    lem_engine_drop(b->e, submit(b, LEM_NO_REQUEST, prompts[i], &o));
}

/* Each alone in an engine of its own. */
static void alone(bench *b, got (*want)[N]) {
    for (int i = 0; i < KINDS; i++) {
        reopen(b, 5, 0);
        submit_kind(b, i);
        run_out(b);
        assert_int_equal(there(b, i), N - i);
        memcpy(want[i], b->got[i], sizeof want[i]);
    }
}

static void test_options(void **state) {
    (void)state;
    static got want[MAX_REQUESTS][N];
    bench *b = set_up(2);
    alone(b, want);
    int stopped = 0;
    for (int k = 0; k < N - 3; k++) stopped += want[3][k].r.finish == LEM_FINISH_STOP;
    assert_true(stopped > 0);
    assert_false(want[5][0].has_logprobs);
    static const int slots[] = {1, 6, 64};
    for (int s = 0; s < 3; s++) {
        reopen(b, slots[s], 0);
        for (int i = 0; i < KINDS; i++) submit_kind(b, i);
        run_out(b);
        assert_same(b, want, 0, KINDS);
    }
    finish_up(b);
}

/* ---- arrivals and cancels */

static void test_arrivals(void **state) {
    (void)state;
    static got want[MAX_REQUESTS][N];
    bench *b = set_up(1);
    alone(b, want);
    for (int gap = 1; gap < 14; gap += 3) { /* each comes `gap` steps after the one before, last first */
        reopen(b, 9, 0);
        for (int i = KINDS; i-- > 0;) {
            submit_kind(b, i);
            steps(b, gap);
        }
        run_out(b);
        assert_same(b, want, 0, KINDS);
    }
    finish_up(b);
}

static void test_cancel(void **state) {
    (void)state;
    static got want[MAX_REQUESTS][N];
    bench *b = set_up(1);
    alone(b, want);
    int partly = 0;
    for (int when = 0; when < 72; when += 3) {
        reopen(b, when % 2 ? 40 : 6, 0);
        int pages = free_pages(b);
        lem_request_opts o = request(KINDS, N), below = request(KINDS + 1, 3);
        submit_kind(b, 0);
        lem_request gone = submit(b, LEM_NO_REQUEST, "to be cancelled: ", &o);
        lem_request child = submit(b, gone, "but not this", &below);
        for (int i = 1; i < KINDS; i++) submit_kind(b, i);
        steps(b, when);
        lem_engine_cancel(b->e, gone);
        int had = there(b, KINDS);
        run_out(b);
        assert_int_equal(there(b, KINDS), had); /* none is handed out after the cancel */
        assert_int_equal(there(b, KINDS + 1), 3);
        assert_same(b, want, 0, KINDS);
        partly += had > 0 && had < N;
        lem_engine_drop(b->e, child);
        assert_true(free_pages(b) < pages); /* the cancelled node is still there */
        lem_engine_drop(b->e, gone);
        assert_int_equal(free_pages(b), pages);
    }
    assert_true(partly > 0);
    finish_up(b);
}

/* Candidates from an index on are cancelled: none of them comes after that, and the others are what they are
 * alone, in whatever state the cancel finds them. */
static void test_cancel_from(void **state) {
    (void)state;
    static got want[MAX_REQUESTS][N];
    bench *b = set_up(1);
    alone(b, want);
    int partly = 0;
    for (int when = 0; when < 40; when++) {
        size_t tight = when % 3 ? 0 : 24 * 2048 * 2;
        reopen(b, when % 2 ? 40 : 6, tight);
        int pages = free_pages(b), first = when % 5 + 1, above = 0;
        lem_request_opts o = kind(0);
        lem_request r = submit(b, LEM_NO_REQUEST, prompts[0], &o);
        for (int i = 1; i < KINDS; i++) submit_kind(b, i);
        steps(b, when);
        for (int k = first; k < N; k++) above += b->got[0][k].r.there;
        lem_engine_cancel_from(b->e, r, first);
        lem_engine_drop(b->e, r);
        run_out(b);
        assert_int_equal(there(b, 0), first + above);
        for (int k = 0; k < first; k++) assert_same_candidate(&b->got[0][k], &want[0][k], 0, k);
        assert_same(b, want, 1, KINDS);
        assert_int_equal(free_pages(b), pages);
        partly += above > 0 && above < N - first;
    }
    assert_true(partly > 0);
    finish_up(b);
}

/* Cancelled and dropped before it begins: not a token of it is fed. */
static void test_cancel_before_begin(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_request_opts o = request(0, N);
    int pages = free_pages(b);
    lem_request r = submit(b, LEM_NO_REQUEST, "nothing of this", &o);
    lem_engine_cancel(b->e, r);
    lem_engine_drop(b->e, r);
    run_out(b);
    assert_int_equal(lem_engine_count(b->e).prompt_fed, 0);
    assert_int_equal(lem_engine_count(b->e).steps, 0);
    assert_int_equal(b->finished, 0);
    assert_int_equal(free_pages(b), pages);
    finish_up(b);
}

/* The first candidate that ends cancels its siblings and asks for a further request. */
static void cancel_siblings(bench *b, const lem_candidate *c) {
    if (c->prompt == KINDS + 1) return;
    b->react = NULL;
    lem_engine_cancel(b->e, b->other);
    lem_engine_drop(b->e, b->other);
    lem_request_opts o = request(KINDS + 1, 2);
    lem_engine_drop(b->e,
                    submit(b, c->request == b->other ? LEM_NO_REQUEST : c->request, "from the sink", &o));
}

static void test_sink_may_submit_and_cancel(void **state) {
    (void)state;
    static got want[MAX_REQUESTS][N];
    bench *b = set_up(1);
    alone(b, want);
    for (int slots = 1; slots <= 64; slots *= 4) {
        reopen(b, slots, 0);
        lem_request_opts o = request(KINDS, N);
        o.max_tokens = 5;
        b->other = submit(b, LEM_NO_REQUEST, "first to end", &o);
        b->react = cancel_siblings;
        for (int i = 0; i < KINDS; i++) submit_kind(b, i);
        run_out(b);
        assert_in_range(there(b, KINDS), 1, N - 1);
        assert_int_equal(there(b, KINDS + 1), 2);
        assert_same(b, want, 0, KINDS);
    }
    finish_up(b);
}

/* ---- nodes */

static void test_drop(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    int pages = free_pages(b);
    lem_request_opts none = request(0, 0), some = request(1, 5);
    lem_request root = submit(b, LEM_NO_REQUEST, "a root that takes more than one page of tokens", &none);
    run_out(b);
    assert_int_equal(free_pages(b), pages - 2); /* 46 tokens, held until they are dropped */
    lem_request leaf = submit(b, root, "leaf", &some), refused = 77;
    lem_engine_drop(b->e, root);
    assert_int_equal(try_submit(b, root, "too late", &some, &refused, &err), LEM_EUSAGE);
    assert_non_null(strstr(err.text, "dropped"));
    assert_int_equal(refused, 77);
    lem_request_opts deeper = request(2, 4);
    lem_engine_drop(b->e, submit(b, leaf, "deeper", &deeper)); /* below what is not dropped */
    run_out(b);
    assert_int_equal(there(b, 1), 5);
    assert_int_equal(there(b, 2), 4);
    assert_int_equal(free_pages(b), pages - 3); /* leaf holds root */
    lem_engine_drop(b->e, leaf);
    assert_int_equal(free_pages(b), pages);
    lem_engine_drop(b->e, leaf); /* gone: nothing happens, and its name is never another's */
    lem_engine_cancel(b->e, leaf);
    lem_request again = submit(b, LEM_NO_REQUEST, "again", &none);
    assert_true(again != leaf && again != root);
    err = (lem_err)LEM_ERR_INIT;
    assert_int_equal(try_submit(b, leaf, "x", &some, &refused, &err), LEM_EUSAGE);
    assert_non_null(strstr(err.text, "no such request"));
    finish_up(b);
}

/* Candidate 1 of `kept: ` is kept and continued from its last token; returns the ids of that path. */
static int continue_kept(bench *b, int max_tokens, const lem_request_opts *more, int32_t *ids) {
    lem_err err = LEM_ERR_INIT;
    int pages = free_pages(b);
    lem_request_opts o = request(0, 3);
    o.keep = true;
    o.n_end = 0;
    o.max_tokens = max_tokens;
    lem_engine_drop(b->e, submit(b, LEM_NO_REQUEST, "kept: ", &o));
    run_out(b);
    for (int k = 0; k < 3; k++) assert_true(b->got[0][k].node != LEM_NO_REQUEST);
    lem_engine_drop(b->e, b->got[0][0].node);
    lem_engine_drop(b->e, b->got[0][2].node);
    const got *g = &b->got[0][1];
    uint64_t fed = lem_engine_count(b->e).prompt_fed;
    lem_request below;
    need(lem_engine_submit(b->e, g->node, &g->ids[g->r.tokens - 1], 1, more, &below, &err), &err);
    lem_engine_drop(b->e, g->node);
    lem_engine_drop(b->e, below);
    run_out(b);
    assert_int_equal(lem_engine_count(b->e).prompt_fed, fed + 1);
    assert_int_equal(free_pages(b), pages);
    int n = encode(b, "kept: ", ids);
    memcpy(ids + n, g->ids, (size_t)g->r.tokens * sizeof *ids);
    return n + g->r.tokens;
}

/* A kept candidate is a node: what continues it equals a root of the same ids, and nothing is fed again. */
static void test_keep(void **state) {
    (void)state;
    static got want[N];
    static const int lengths[] = {1, 2, 20, 34};
    bench *b = set_up(1);
    lem_request_opts more = request(1, N);
    for (int i = 0; i < 4; i++) {
        int32_t ids[CONTEXT];
        lem_err err = LEM_ERR_INIT;
        lem_request root;
        reopen(b, 64, 0);
        int n = continue_kept(b, lengths[i], &more, ids);
        assert_int_equal(there(b, 1), N);
        memcpy(want, b->got[1], sizeof want);
        reopen(b, 3, 0);
        need(lem_engine_submit(b->e, LEM_NO_REQUEST, ids, n, &more, &root, &err), &err);
        run_out(b);
        for (int k = 0; k < N; k++) assert_same_candidate(&b->got[1][k], &want[k], 1, k);
    }
    finish_up(b);
}

/* ---- memory */

/* Opens with room for `pages` pages. */
static void open_pages(bench *b, int pages) {
    lem_err err = LEM_ERR_INIT;
    lem_engine_opts o = {.slots = 4,
                         .max_prompt = 1,
                         .max_tokens = 2,
                         .kv_bytes = (size_t)pages * 2 * 2 * 2 * 32 * 8 * 4,
                         .sink = collect,
                         .sink_ctx = b};
    close_engine(b);
    memset(b->got, 0, sizeof b->got);
    b->finished = 0;
    need(lem_engine_open(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &o, &b->e, &err), &err);
    assert_int_equal(free_pages(b), pages);
}

static void test_budget(void **state) {
    (void)state;
    bench *b = set_up(1);
    open_pages(b, 4);
    lem_err err = LEM_ERR_INIT;
    lem_request refused = 77;
    const char *forty = "0123456789012345678901234567890123456789";
    lem_request_opts node = request(0, 0), big = request(1, 2), fits = request(2, 2);
    big.max_tokens = 70;
    lem_request root = submit(b, LEM_NO_REQUEST, forty, &node);
    assert_int_equal(try_submit(b, root, "x", &big, &refused, &err), LEM_EMEM); /* 2 + 1 + 3 pages */
    assert_non_null(strstr(err.text, "41 tokens"));
    assert_non_null(strstr(err.text, "70 new tokens"));
    assert_non_null(strstr(err.text, "6 pages"));
    assert_non_null(strstr(err.text, "4 were planned"));
    assert_int_equal(refused, 77);
    lem_engine_drop(b->e, submit(b, root, "x", &fits)); /* 2 + 1 + 1: nothing was changed by the refusal */
    run_out(b);
    assert_int_equal(there(b, 2), 2);
    finish_up(b);
}

/* What is kept takes the pages of who waits: an error that names both, and no harm. */
static void test_kept_pages(void **state) {
    (void)state;
    bench *b = set_up(1);
    open_pages(b, 4);
    lem_err err = LEM_ERR_INIT;
    bool busy = true;
    const char *forty = "0123456789012345678901234567890123456789";
    lem_request_opts node = request(0, 0), waits = request(1, 2);
    lem_request held = submit(b, LEM_NO_REQUEST, forty, &node);
    run_out(b);
    lem_engine_drop(b->e, submit(b, LEM_NO_REQUEST, forty, &waits)); /* 2 + 1 pages; 2 are free */
    for (int i = 0; i < 2; i++) {
        err = (lem_err)LEM_ERR_INIT;
        assert_int_equal(lem_engine_step(b->e, &busy, &err), LEM_EMEM);
        assert_non_null(strstr(err.text, "needs 3 pages"));
        assert_non_null(strstr(err.text, "2 free"));
    }
    lem_engine_drop(b->e, held);
    run_out(b);
    assert_int_equal(there(b, 1), 2);
    assert_int_equal(free_pages(b), 4);
    finish_up(b);
}

/* Kept candidates leave too little for their siblings: the same, and the rest comes once they are dropped. */
static void test_kept_candidates(void **state) {
    (void)state;
    bench *b = set_up(1);
    open_pages(b, 4);
    lem_err err = LEM_ERR_INIT;
    bool busy = true;
    lem_request_opts o = request(0, 5);
    o.keep = true;
    o.n_end = 0;
    lem_engine_drop(b->e, submit(b, LEM_NO_REQUEST, "many", &o));
    lem_status st = LEM_OK;
    while (busy && st == LEM_OK) st = lem_engine_step(b->e, &busy, &err);
    assert_int_equal(st, LEM_EMEM);
    assert_int_equal(there(b, 0), 3);
    for (int k = 0; k < 3; k++) lem_engine_drop(b->e, b->got[0][k].node);
    run_out(b);
    assert_int_equal(there(b, 0), 5);
    finish_up(b);
}

/* After the first round every allocation fails, and neither submits nor steps notice. */
static void test_steady_state_allocates_nothing(void **state) {
    (void)state;
    bench *b = set_up(1);
    for (int round = 0; round < 3; round++) {
        memset(b->got, 0, sizeof b->got);
        if (round) lem_mem_fail_after(1, true);
        submit_chain(b);
        run_out(b);
        lem_mem_fail_after(0, false);
        assert_int_equal(there(b, STEPS - 1), N);
    }
    finish_up(b);
}

/* A submit that finds no memory changes nothing: the same request goes in afterwards. */
static void test_submit_out_of_memory(void **state) {
    (void)state;
    static got want[MAX_REQUESTS][N];
    bench *b = set_up(1);
    alone(b, want);
    reopen(b, 8, 0);
    int refused = 0;
    for (int i = 0; i < KINDS; i++) {
        lem_request_opts o = kind(i);
        lem_request r = LEM_NO_REQUEST;
        for (uint64_t n = 1; r == LEM_NO_REQUEST; n++) {
            lem_err err = LEM_ERR_INIT;
            lem_mem_fail_after(n, false);
            lem_status st = try_submit(b, LEM_NO_REQUEST, prompts[i], &o, &r, &err);
            lem_mem_fail_after(0, false);
            assert_true(st == LEM_OK || st == LEM_EMEM);
            refused += st == LEM_EMEM;
        }
    }
    assert_true(refused > 2 * KINDS);
    assert_int_equal(lem_engine_count(b->e).requests, KINDS);
    run_out(b);
    assert_same(b, want, 0, KINDS);
    finish_up(b);
}

/* ---- refusals */

static void test_bad_input(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    lem_request out = 77;
    int pages = free_pages(b);
    char text[CONTEXT + 1];
    memset(text, 'a', CONTEXT);
    text[CONTEXT] = '\0';
    lem_request_opts o = request(0, 1), bad = o;
    assert_int_equal(try_submit(b, LEM_NO_REQUEST, "", &o, &out, &err), LEM_EDATA);
    assert_int_equal(try_submit(b, LEM_NO_REQUEST, text, &o, &out, &err), LEM_EDATA);
    lem_request_opts none = request(1, 0);
    lem_request root = submit(b, LEM_NO_REQUEST, text + 60, &none);
    assert_int_equal(try_submit(b, root, text + 100, &o, &out, &err), LEM_EDATA); /* 100 + 60 */
    assert_non_null(strstr(err.text, "160 tokens"));
    const int32_t outside[] = {3, 257}, negative = -1;
    assert_int_equal(lem_engine_submit(b->e, root, outside, 2, &o, &out, &err), LEM_EDATA);
    assert_int_equal(lem_engine_submit(b->e, root, &negative, 1, &o, &out, &err), LEM_EDATA);
    assert_int_equal(try_submit(b, 12345, "x", &o, &out, &err), LEM_EUSAGE);
    bad.max_tokens = 0;
    assert_int_equal(try_submit(b, root, "x", &bad, &out, &err), LEM_EUSAGE);
    bad = o;
    bad.candidates = &negative;
    assert_int_equal(try_submit(b, root, "x", &bad, &out, &err), LEM_EUSAGE);
    bad = o;
    bad.n = -1;
    assert_int_equal(try_submit(b, root, "x", &bad, &out, &err), LEM_EUSAGE);
    assert_int_equal(out, 77);
    lem_engine_cancel(b->e, root);
    lem_engine_drop(b->e, root);
    assert_int_equal(free_pages(b), pages);
    finish_up(b);
}

static void test_open_refuses(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    lem_engine *e = NULL;
    const lem_engine_opts bad[] = {
        {.slots = -1}, {.slots = 5000}, {.max_prompt = -1}, {.max_tokens = -1}, {.held = -1}};
    lem_model_config c = b->t.model->config;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(lem_engine_open(b->t.weights, &c, b->t.tok, b->t.backend, &bad[i], &e, &err),
                         LEM_EUSAGE);
    const lem_engine_opts fine = {.slots = 1};
    c.head = LEM_HEAD_REWARD;
    assert_int_equal(lem_engine_open(b->t.weights, &c, b->t.tok, b->t.backend, &fine, &e, &err), LEM_EDATA);
    assert_null(e);
    lem_engine_close(NULL);
    finish_up(b);
}

/* Room for nodes that are kept is planned, and has_room is false once a request waits for its pages. */
static void test_plan(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    lem_engine_opts o = {.slots = 2, .max_prompt = 40, .max_tokens = 9, .sink = collect, .sink_ctx = b};
    int pages[2];
    size_t bytes[2];
    for (int i = 0; i < 2; i++) {
        o.held = 10 * i;
        close_engine(b);
        need(lem_engine_open(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &o, &b->e, &err),
             &err);
        pages[i] = free_pages(b);
        bytes[i] = lem_engine_bytes(&b->t.model->config, &o);
    }
    assert_int_equal(pages[1], pages[0] + 20);
    assert_true(bytes[1] >= bytes[0] + (size_t)20 * 8192);
    open_pages(b, 4);
    lem_request_opts r = request(0, 9);
    int n = 0;
    for (; lem_engine_has_room(b->e); n++) submit(b, LEM_NO_REQUEST, "ab", &r);
    assert_in_range(n, 1, 3);
    finish_up(b);
}

/* Logits that are not finite stop the engine for good, and it still closes. */
static void test_failed_engine(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    bool busy = true;
    lem_request out;
    b->t.model->params[lem_model_at(b->t.model, LEM_ROLE_FINAL_NORM, -1)] = NAN;
    close_engine(b);
    lem_weights_free(b->t.weights);
    need(lem_weights_new(b->t.model, b->t.backend, LEM_DTYPE_F32, &b->t.weights, &err), &err);
    open_engine(b, 4, 0);
    lem_request_opts o = request(3, 2);
    submit(b, LEM_NO_REQUEST, "x", &o);
    assert_int_equal(lem_engine_step(b->e, &busy, &err), LEM_ENUMERIC);
    assert_non_null(strstr(err.text, "prompt 3"));
    assert_int_equal(lem_engine_step(b->e, &busy, &err), LEM_EUSAGE);
    assert_int_equal(try_submit(b, LEM_NO_REQUEST, "x", &o, &out, &err), LEM_EUSAGE);
    finish_up(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rollouts),
        cmocka_unit_test(test_logprobs),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_arrivals),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_from),
        cmocka_unit_test(test_cancel_before_begin),
        cmocka_unit_test(test_sink_may_submit_and_cancel),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_kept_pages),
        cmocka_unit_test(test_kept_candidates),
        cmocka_unit_test(test_steady_state_allocates_nothing),
        cmocka_unit_test(test_submit_out_of_memory),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_open_refuses),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_failed_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
