/* test_annotate.c - counts of steps: against each prefix as a prompt of its own, with early stop, by search,
 * in several runs, and whatever else is in flight */
#include "../generate/tiny.h"

#include "annotate/annotate.h"
#include "annotate/outside.h"
#include "core/hash.h"

enum { PROBLEMS = 3, SOLUTIONS = 8, STEPS = 8, N = 5, MAX_POINTS = SOLUTIONS * STEPS, TEXT = 160 };

/* ---- problems: solutions with common beginnings ---- */

typedef struct texts {
    char prompt[PROBLEMS][16];
    int32_t ids[PROBLEMS][16];
    char solution[PROBLEMS][SOLUTIONS][TEXT];
    const char *at[PROBLEMS][SOLUTIONS];
    int8_t correct[PROBLEMS][SOLUTIONS];
} texts;

/* Solution i leaves the common way at step i; of problem p, wrong ones have an X in one step. */
static void write_texts(texts *x, const tiny *t) {
    memset(x, 0, sizeof *x);
    for (int p = 0; p < PROBLEMS; p++) {
        int len = snprintf(x->prompt[p], sizeof x->prompt[p], "q%d: %d+1? ", p, p * 7);
        for (int i = 0; i < len; i++) x->ids[p][i] = t->id_of[(unsigned char)x->prompt[p][i]];
        for (int i = 0; i < SOLUTIONS; i++) {
            size_t n = 0;
            char *s = x->solution[p][i];
            int wrong_at = i % 3 == 2 ? -1 : (5 * i + 3 * p) % STEPS;
            for (int k = 0; k < STEPS; k++)
                n += (size_t)snprintf(s + n, TEXT - n, "%s%d is %d, and%c%s", k ? " " : "", k,
                                      100 + k + (k >= i) * (30 * k + i), k == wrong_at ? 'X' : '.',
                                      k + 1 < STEPS ? "\n" : "");
            x->at[p][i] = s;
            x->correct[p][i] = wrong_at < 0;
        }
    }
}

/* ---- judges: functions of the text alone ---- */

static lem_grade_correct by_hash(const char *text, size_t len) {
    uint64_t h = lem_hash64(text, len, 3) % 8;
    if (h == 7) return LEM_GRADE_UNDECIDED;
    return h < 3 ? LEM_GRADE_RIGHT : LEM_GRADE_WRONG;
}

/* Exact and monotone: nothing comes right behind an X. */
static lem_grade_correct by_oracle(const char *text, size_t prefix) {
    return memchr(text, 'X', prefix) ? LEM_GRADE_WRONG : LEM_GRADE_RIGHT;
}

/* ---- a run: what was found, and its bytes ---- */

typedef struct found {
    int count[PROBLEMS][SOLUTIONS][STEPS][2];
    double label[PROBLEMS][SOLUTIONS][STEPS];
    int first_bad[PROBLEMS][SOLUTIONS];
    bool done[PROBLEMS][SOLUTIONS];
    bool there[PROBLEMS][MAX_POINTS][N]; /* recorded in this run or an earlier one */
    lem_rollout rollout[PROBLEMS][MAX_POINTS][N];
    uint64_t bytes[PROBLEMS][MAX_POINTS][N]; /* hash of the whole text */
    lem_annotate_stats stats;
} found;

typedef struct bench {
    tiny t;
    texts x;
    lem_annotate_opts o;
    bool oracle, backwards;
    int first, n_problems; /* which are given */
    int only;              /* that solution alone, or -1 */
    int next, records, cancel_after;
    lem_cancel cancel;
    found *out;
} bench;

static lem_status next(void *ctx, lem_annotate_problem *out, bool *more, lem_err *err) {
    bench *b = ctx;
    (void)err;
    *more = b->next < b->n_problems;
    if (!*more) return LEM_OK;
    int p = b->first + (b->backwards ? b->n_problems - 1 - b->next : b->next), one = b->only >= 0;
    b->next++;
    *out = (lem_annotate_problem){.index = (uint64_t)p,
                                  .key = 1000 + (uint64_t)p,
                                  .prompt = b->x.ids[p],
                                  .n_prompt = (int)strlen(b->x.prompt[p]),
                                  .solution = b->x.at[p] + (one ? b->only : 0),
                                  .correct = b->x.correct[p] + (one ? b->only : 0),
                                  .n = one ? 1 : SOLUTIONS};
    return LEM_OK;
}

static bool known(void *ctx, uint64_t problem, int point, int candidate, lem_rollout *out) {
    bench *b = ctx;
    *out = b->out->rollout[problem][point][candidate];
    return b->out->there[problem][point][candidate];
}

static lem_status judge(void *ctx, const lem_annotate_text *t, lem_grade_correct *out, lem_err *err) {
    bench *b = ctx;
    (void)err;
    assert_int_equal(t->text[t->len], 0);
    b->out->bytes[t->problem][t->point][t->candidate] = lem_hash64(t->text, t->len, 0);
    *out = b->oracle ? by_oracle(t->text, t->prefix) : by_hash(t->text, t->len);
    return LEM_OK;
}

static lem_status record(void *ctx, uint64_t problem, int point, int candidate, const lem_rollout *r,
                         lem_err *err) {
    bench *b = ctx;
    if (b->out->there[problem][point][candidate])
        return lem_fail(err, LEM_EDATA, "rollout %d of point %d twice", candidate, point);
    b->out->there[problem][point][candidate] = true;
    b->out->rollout[problem][point][candidate] = *r;
    if (++b->records == b->cancel_after) b->cancel.requested = 1;
    return LEM_OK;
}

static lem_status done(void *ctx, uint64_t problem, int solution, const lem_annotated *a, lem_err *err) {
    bench *b = ctx;
    int s = b->only >= 0 ? b->only : solution;
    if (b->out->done[problem][s]) return lem_fail(err, LEM_EDATA, "a solution came twice");
    b->out->done[problem][s] = true;
    assert_int_equal(a->steps->n, STEPS);
    memcpy(b->out->count[problem][s], a->count, sizeof b->out->count[problem][s]);
    lem_annotate_labels(a, false, b->out->label[problem][s]);
    int first = 0;
    while (first < STEPS && b->out->label[problem][s][first] != 0) first++;
    b->out->first_bad[problem][s] = first;
    return LEM_OK;
}

static const int32_t ends[] = {0};

static bench *set_up(int threads) {
    static bench b;
    memset(&b, 0, sizeof b);
    b.t = tiny_open(false, threads, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    write_texts(&b.x, &b.t);
    b.o = (lem_annotate_opts){.n = N,
                              .sample = {1.0f, 0, 1},
                              .max_tokens = 6,
                              .end = ends,
                              .n_end = 1,
                              .seed = 11,
                              .separator = "\n",
                              .slots = 64};
    b.n_problems = PROBLEMS;
    b.only = -1;
    return &b;
}

static lem_status try_run(bench *b, found *out, lem_err *err) {
    const lem_annotate_host host = {b, next, known, judge, record, done};
    b->out = out;
    b->next = b->records = 0;
    b->cancel.requested = 0;
    memset(out->done, 0, sizeof out->done);
    return lem_annotate_run(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &b->o, &host,
                            &b->cancel, &out->stats, err);
}

static void run(bench *b, found *out) {
    lem_err err = LEM_ERR_INIT;
    memset(out, 0, sizeof *out);
    need(try_run(b, out, &err), &err);
}

static void assert_same_counts(const found *a, const found *b) {
    assert_memory_equal(a->count, b->count, sizeof a->count);
    assert_memory_equal(a->label, b->label, sizeof a->label);
}

/* Every rollout that both have is the same, bytes and all. */
static void assert_same_rollouts(const found *a, const found *b) {
    for (int p = 0; p < PROBLEMS; p++)
        for (int i = 0; i < MAX_POINTS; i++)
            for (int k = 0; k < N; k++) {
                if (!a->there[p][i][k] || !b->there[p][i][k]) continue;
                if (a->bytes[p][i][k] != b->bytes[p][i][k] ||
                    a->rollout[p][i][k].verdict != b->rollout[p][i][k].verdict)
                    fail_msg("problem %d, point %d, rollout %d differs", p, i, k);
            }
}

/* ---- each prefix as a prompt of its own ---- */

typedef struct brute {
    const bench *b;
    int right, n;
    const char *prefix;
    size_t len;
} brute;

static lem_status brute_sink(void *ctx, const lem_candidate *c, lem_err *err) {
    brute *x = ctx;
    char text[2 * TEXT];
    (void)err;
    memcpy(text, x->prefix, x->len);
    memcpy(text + x->len, c->text, c->len);
    x->n++;
    x->right += by_hash(text, x->len + c->len) == LEM_GRADE_RIGHT;
    return LEM_OK;
}

/* Returns the tokens that it computes. */
static uint64_t brute_prefix(bench *b, int p, int s, int k, int count[2]) {
    lem_err err = LEM_ERR_INIT;
    const char *text = b->x.solution[p][s], *end = text;
    for (int i = 0; i <= k; i++) end = strchr(end, '\n') + 1;
    brute x = {.b = b, .prefix = text, .len = (size_t)(end - text)};
    int32_t ids[2 * TEXT];
    int n = (int)strlen(b->x.prompt[p]);
    memcpy(ids, b->x.ids[p], (size_t)n * sizeof *ids);
    for (size_t i = 0; i < x.len; i++) ids[n++] = b->t.id_of[(unsigned char)text[i]];
    lem_engine *e = NULL;
    lem_engine_opts eo = {.slots = 8, .sink = brute_sink, .sink_ctx = &x};
    lem_request_opts ro = {.sample = b->o.sample,
                           .max_tokens = b->o.max_tokens,
                           .end = ends,
                           .n_end = 1,
                           .seed = b->o.seed,
                           .key = lem_hash64(ids, (size_t)n * sizeof *ids, 1000 + (uint64_t)p),
                           .n = N};
    lem_request r;
    need(lem_engine_open(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &eo, &e, &err), &err);
    need(lem_engine_submit(e, LEM_NO_REQUEST, ids, n, &ro, &r, &err), &err);
    for (bool busy = true; busy;) need(lem_engine_step(e, &busy, &err), &err);
    lem_engine_counts c = lem_engine_count(e);
    lem_engine_close(e);
    count[0] = x.right;
    count[1] = x.n;
    return c.prompt_fed + c.generated_fed;
}

static void test_brute_force(void **state) {
    (void)state;
    static found f;
    bench *b = set_up(1);
    uint64_t tokens = 0;
    run(b, &f);
    for (int p = 0; p < PROBLEMS; p++)
        for (int s = 0; s < SOLUTIONS; s++) {
            for (int k = 0; k + 1 < STEPS; k++) {
                int want[2];
                tokens += brute_prefix(b, p, s, k, want);
                assert_int_equal(f.count[p][s][k][0], want[0]);
                assert_int_equal(f.count[p][s][k][1], N);
                assert_true(f.label[p][s][k] == (want[0] > 0));
            }
            assert_int_equal(f.count[p][s][STEPS - 1][0], b->x.correct[p][s]);
            assert_int_equal(f.count[p][s][STEPS - 1][1], 1);
            assert_true(f.label[p][s][STEPS - 1] == b->x.correct[p][s]);
        }
    uint64_t mine = f.stats.prefix_fed + f.stats.generated_fed;
    print_message("%d step ends: %llu tokens computed, %llu as prompts of their own (%.2f times)\n",
                  PROBLEMS * SOLUTIONS * (STEPS - 1), (unsigned long long)mine, (unsigned long long)tokens,
                  (double)tokens / (double)mine);
    assert_true(tokens >= 3 * mine);
    assert_int_equal(f.stats.steps, PROBLEMS * SOLUTIONS * (STEPS - 1));
    assert_true(f.stats.points < f.stats.steps && f.stats.measured == f.stats.points);
    assert_int_equal(f.stats.rollouts, f.stats.points * N);
    assert_true(f.stats.right > 0 && f.stats.undecided > 0 && f.stats.truncated > 0);
    assert_true(f.stats.prefix_fed < f.stats.prefix_tokens / 5);
    assert_int_equal(f.stats.generated, f.stats.rollout_tokens);
    tiny_close(&b->t);
}

/* ---- what must not matter ---- */

static void test_invariance(void **state) {
    (void)state;
    static found base, f;
    static const int slots[] = {1, 3, 64};
    for (int threads = 1; threads <= 2; threads++) {
        bench *b = set_up(threads);
        if (threads == 1) run(b, &base);
        for (int i = 0; i < 3; i++)
            for (int tight = 0; tight < 2; tight++) {
                b->o.slots = slots[i];
                b->o.kv_bytes = tight ? 70 * 8192 : 0; /* the nodes of one problem, and little more */
                b->backwards = i == 1;
                run(b, &f);
                assert_same_counts(&f, &base);
                assert_same_rollouts(&f, &base);
            }
        tiny_close(&b->t);
    }
}

/* A solution alone has the counts that it has among others. */
static void test_alone(void **state) {
    (void)state;
    static found base, f;
    bench *b = set_up(1);
    run(b, &base);
    b->first = 1;
    b->n_problems = 1;
    for (b->only = 0; b->only < SOLUTIONS; b->only++) {
        run(b, &f);
        assert_memory_equal(f.count[1][b->only], base.count[1][b->only], sizeof f.count[1][b->only]);
    }
    tiny_close(&b->t);
}

/* Stopped after any number of rollouts, and gone on with: the same, and nothing is sampled twice. */
static void test_resume(void **state) {
    (void)state;
    static found base, f;
    bench *b = set_up(1);
    for (int mode = 0; mode < 3; mode++) {
        b->o.early_stop = mode == 1;
        b->o.binary = b->oracle = mode == 2;
        b->cancel_after = 0;
        run(b, &base);
        int stops = 0;
        for (int after = 1; after < 200; after = after * 2 + 3) {
            lem_err err = LEM_ERR_INIT;
            lem_status st;
            memset(&f, 0, sizeof f);
            b->cancel_after = after;
            b->o.slots = after % 2 ? 4 : 64;
            while ((st = try_run(b, &f, &err)) == LEM_EINTR) stops++;
            need(st, &err);
            assert_same_counts(&f, &base);
            assert_same_rollouts(&f, &base);
        }
        assert_true(stops > 20);
    }
    tiny_close(&b->t);
}

/* ---- early stop ---- */

static void test_early_stop(void **state) {
    (void)state;
    static found full, f, one;
    bench *b = set_up(1);
    run(b, &full);
    b->o.early_stop = true;
    run(b, &one);
    for (int slots = 1; slots <= 64; slots *= 8) {
        b->o.slots = slots;
        run(b, &f);
        assert_same_counts(&f, &one);
        assert_same_rollouts(&f, &full); /* what is left is what it was */
    }
    assert_memory_equal(one.label, full.label, sizeof one.label);
    int stopped = 0;
    for (int p = 0; p < PROBLEMS; p++)
        for (int s = 0; s < SOLUTIONS; s++)
            for (int k = 0; k + 1 < STEPS; k++) {
                const int *c = one.count[p][s][k];
                assert_int_equal(c[0], full.count[p][s][k][0] > 0);
                if (c[0] == 0) assert_int_equal(c[1], N);
                stopped += c[1] < N;
            }
    assert_true(stopped > 10);
    uint64_t sum = 0;
    for (int p = 0; p < PROBLEMS; p++) /* up to the first right one, in the order of indices */
        for (int i = 0; i < MAX_POINTS && full.there[p][i][0]; i++) {
            int first = 0;
            while (first < N - 1 && full.rollout[p][i][first].verdict != LEM_GRADE_RIGHT) first++;
            for (int k = 0; k <= first; k++) assert_true(one.there[p][i][k]);
            sum += (uint64_t)first + 1;
        }
    assert_int_equal(one.stats.rollouts, sum);
    b->o.slots = 1;
    run(b, &f);
    assert_true(f.stats.generated < full.stats.generated * 3 / 4);
    assert_int_equal(f.stats.generated, f.stats.rollout_tokens); /* one at a time: nothing is thrown away */
    print_message("early stop: %llu of %llu rollout tokens\n", (unsigned long long)f.stats.generated,
                  (unsigned long long)full.stats.generated);
    tiny_close(&b->t);
}

/* ---- binary search ---- */

static void test_search(void **state) {
    (void)state;
    static found full, f;
    bench *b = set_up(1);
    b->oracle = true;
    run(b, &full);
    b->o.binary = true;
    run(b, &f);
    assert_same_rollouts(&f, &full);
    for (int p = 0; p < PROBLEMS; p++)
        for (int s = 0; s < SOLUTIONS; s++) {
            const char *x = strchr(b->x.solution[p][s], 'X');
            int want = STEPS, measured = 0;
            if (x) want = 0;
            for (const char *c = b->x.solution[p][s]; x && c < x; c++) want += *c == '\n';
            assert_int_equal(full.first_bad[p][s], want);
            assert_int_equal(f.first_bad[p][s], want);
            assert_memory_equal(f.label[p][s], full.label[p][s], sizeof f.label[p][s]);
            for (int k = 0; k + 1 < STEPS; k++) measured += f.count[p][s][k][1] > 0;
            if (x) assert_in_range(measured, 2, 3); /* 7 steps: at most log2 8 */
            else assert_int_equal(measured, 0);
        }
    uint64_t all = full.stats.prefix_fed + full.stats.generated_fed,
             some = f.stats.prefix_fed + f.stats.generated_fed;
    print_message("binary search: %llu of %llu steps measured, %llu of %llu tokens\n",
                  (unsigned long long)f.stats.measured, (unsigned long long)full.stats.measured,
                  (unsigned long long)some, (unsigned long long)all);
    assert_true(2 * some < all);
    for (int slots = 1; slots <= 8; slots *= 8) { /* whatever is in flight; and with early stop */
        b->o.slots = slots;
        b->o.early_stop = slots == 8;
        run(b, &full);
        assert_memory_equal(f.label, full.label, sizeof f.label);
        assert_memory_equal(f.first_bad, full.first_bad, sizeof f.first_bad);
    }
    tiny_close(&b->t);
}

/* A search takes nothing from what others measured: alone it counts the same. */
static void test_search_alone(void **state) {
    (void)state;
    static found base, f;
    bench *b = set_up(1);
    b->o.binary = true;
    run(b, &base); /* judged by hash: labels are not monotone */
    b->first = 2;
    b->n_problems = 1;
    for (b->only = 0; b->only < SOLUTIONS; b->only++) {
        run(b, &f);
        assert_memory_equal(f.count[2][b->only], base.count[2][b->only], sizeof f.count[2][b->only]);
        assert_memory_equal(f.label[2][b->only], base.label[2][b->only], sizeof f.label[2][b->only]);
    }
    tiny_close(&b->t);
}

/* ---- the edges ---- */

/* Prefixes that do not fit the context have no rollouts, and no label. */
/* ---- rollouts from elsewhere: those of the engine, played again ---- */

typedef struct continuation {
    char text[TEXT];
    size_t len;
} continuation;

static continuation (*kept)[MAX_POINTS][N]; /* [PROBLEMS] of a full scan */

static lem_status judge_and_keep(void *ctx, const lem_annotate_text *t, lem_grade_correct *out,
                                 lem_err *err) {
    continuation *c = &kept[t->problem][t->point][t->candidate];
    c->len = t->len - t->prefix;
    assert_true(c->len <= sizeof c->text);
    memcpy(c->text, t->text + t->prefix, c->len);
    return judge(ctx, t, out, err);
}

typedef struct player {
    size_t wanted[PROBLEMS * MAX_POINTS * N], n, rounds;
} player;

static lem_status wanted(void *ctx, size_t rollout, lem_err *err) {
    player *p = ctx;
    (void)err;
    p->wanted[p->n++] = rollout;
    return LEM_OK;
}

static void play(bench *b, const lem_tokenizer *tok, found *out, player *p) {
    lem_err err = LEM_ERR_INIT;
    const lem_annotate_host host = {b, next, NULL, judge, NULL, done};
    lem_outside *a = NULL;
    memset(out, 0, sizeof *out);
    memset(p, 0, sizeof *p);
    b->out = out;
    b->next = 0;
    assert_int_equal(lem_outside_new(&b->o, tok, &host, NULL, &a, &err), LEM_OK);
    for (;; p->rounds++) {
        p->n = 0;
        assert_int_equal(lem_outside_wanted(a, 2, wanted, p, &err), LEM_OK);
        if (p->n == 0) break;
        for (size_t i = 0; i < p->n; i++) {
            lem_outside_prefix x = lem_outside_at(a, p->wanted[i]);
            uint64_t k = p->wanted[i] % N;
            assert_int_equal(lem_outside_find(a, x.problem, (uint64_t)x.point, k), p->wanted[i]);
            const continuation *c = &kept[x.problem][x.point][k];
            assert_int_equal(lem_outside_give(a, p->wanted[i], c->text, c->len, 1, false, &err), LEM_OK);
        }
    }
    assert_int_equal(lem_outside_find(a, PROBLEMS, 0, 0), SIZE_MAX);
    assert_int_equal(lem_outside_find(a, 0, MAX_POINTS + 1, 0), SIZE_MAX);
    assert_int_equal(lem_outside_find(a, 0, 0, N), SIZE_MAX);
    assert_int_equal(lem_outside_finish(a, &out->stats, &err), LEM_OK);
    lem_outside_free(a);
}

/* The same counts and labels as the engine's own run, in a full scan, with early stop, and by search. */
static void test_outside(void **state) {
    (void)state;
    static found ours, theirs;
    static player p;
    bench *b = set_up(1);
    const lem_annotate_host host = {b, next, known, judge_and_keep, record, done};
    kept = calloc(PROBLEMS, sizeof *kept);
    memset(&ours, 0, sizeof ours);
    b->out = &ours;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_annotate_run(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &b->o, &host,
                                      NULL, &ours.stats, &err),
                     LEM_OK);
    for (int mode = 0; mode < 3; mode++) {
        b->o.early_stop = mode == 1;
        b->o.binary = mode == 2;
        run(b, &ours);
        for (int bytes = 0; bytes < 2; bytes++) {
            play(b, bytes ? NULL : b->t.tok, &theirs, &p);
            assert_same_counts(&ours, &theirs);
            assert_int_equal(ours.stats.rollouts, theirs.stats.rollouts);
            assert_int_equal(ours.stats.measured, theirs.stats.measured);
            assert_true(mode == 0 ? p.rounds == 1 : p.rounds > 1);
        }
    }
    free(kept);
    tiny_close(&b->t);
}

static void test_too_long(void **state) {
    (void)state;
    static found f;
    for (int binary = 0; binary < 2; binary++) {
        bench *b = set_up(1);
        b->o.binary = binary;
        b->oracle = true;
        b->t.model->config.max_positions = 100;
        run(b, &f);
        assert_true(f.stats.too_long > 0);
        for (int p = 0; p < PROBLEMS; p++)
            for (int s = 0; s < SOLUTIONS; s++) {
                size_t length = strlen(b->x.prompt[p]);
                const char *text = b->x.solution[p][s], *x = strchr(text, 'X');
                for (int k = 0; k + 1 < STEPS; k++) {
                    const char *end = strchr(text, '\n') + 1;
                    length += (size_t)(end - text);
                    text = end;
                    if (length < 100) continue;
                    assert_int_equal(f.count[p][s][k][1], 0);
                    /* only a search knows, and only where it found the error before, or none at all */
                    double want = -1;
                    if (binary && b->x.correct[p][s]) want = 1;
                    else if (binary && x && (size_t)(x - b->x.solution[p][s]) + strlen(b->x.prompt[p]) < 83)
                        want = 0;
                    if (want >= 0 || !binary) assert_true(f.label[p][s][k] == want);
                }
                assert_true(f.label[p][s][STEPS - 1] == b->x.correct[p][s]);
            }
        tiny_close(&b->t);
    }
}

static void test_few_steps(void **state) {
    (void)state;
    static const char *const odd[] = {"", " \n \n", "one", "one\n\n\ntwo\n"};
    static const int want[] = {0, 0, 1, 2};
    lem_step_list s = {0};
    lem_err err = LEM_ERR_INIT;
    for (int i = 0; i < 4; i++) {
        need(lem_step_list_split(&s, odd[i], "\n", &err), &err);
        assert_int_equal(s.n, want[i]);
    }
    assert_int_equal(s.at[0].end, 4); /* behind the separator that ends it */
    assert_int_equal(s.at[1].end, 10);
    const int count[2][2] = {{0, 0}, {0, 1}};
    double label[2];
    lem_annotate_labels(&(lem_annotated){&s, count, 0, 2, 0}, false, label);
    assert_true(label[0] == -1 && label[1] == 0);
    const int soft[2][2] = {{3, 4}, {1, 1}};
    lem_annotate_labels(&(lem_annotated){&s, soft, 0, 2, 0}, true, label);
    assert_true(label[0] == 0.75 && label[1] == 1);
    lem_step_list_release(&s);
}

static void test_refuses(void **state) {
    (void)state;
    static found f;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    const lem_annotate_opts good = b->o;
    for (int i = 0; i < 5; i++) {
        b->o = good;
        if (i == 0) b->o.n = 0;
        if (i == 1) b->o.n = LEM_ANNOTATE_MAX_ROLLOUTS + 1;
        if (i == 2) b->o.separator = "";
        if (i == 3) b->o.max_tokens = 0;
        if (i == 4) b->o.slots = -1;
        assert_int_equal(try_run(b, &f, &err), LEM_EUSAGE);
    }
    tiny_close(&b->t);
}

/* Memory that runs out anywhere is an error, and leaves nothing behind. */
static void test_out_of_memory(void **state) {
    (void)state;
    static found f;
    bench *b = set_up(1);
    b->n_problems = 1;
    b->o.max_tokens = 2;
    int failed = 0;
    lem_status st = LEM_EMEM;
    for (uint64_t n = 1; st != LEM_OK && n < 100000; n += n < 400 ? 1 : n / 8) {
        lem_err err = LEM_ERR_INIT;
        memset(&f, 0, sizeof f);
        lem_mem_fail_after(n, true);
        st = try_run(b, &f, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        failed += st == LEM_EMEM;
    }
    assert_int_equal(st, LEM_OK);
    assert_true(failed > 100);
    tiny_close(&b->t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute_force),   cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_alone),         cmocka_unit_test(test_resume),
        cmocka_unit_test(test_early_stop),    cmocka_unit_test(test_search),
        cmocka_unit_test(test_search_alone),  cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_few_steps),     cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
