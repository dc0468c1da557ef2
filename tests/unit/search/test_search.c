/* test_search.c - searches under an exact scorer: a planted path is found, tokens are those of the budget,
 * and what is pruned gives its pages back */
#include "../generate/tiny.h"

#include "core/hash.h"
#include "search/search.h"

#include <math.h>

enum { N = 12, WIDTH = 4, DEPTH = 6, STEP = 5, KEY = 77, TEXT = 160 };

static const int32_t ends[] = {0};
static const char prompt[] = "q: what is 1+1? a: ";

typedef struct bench {
    tiny t;
    lem_search_opts o;
    lem_search *s;
    int32_t ids[64];
    int n_ids;
    char planted[TEXT];
    size_t planted_len;
    int calls, texts, free_pages[64]; /* of the scorer; free pages when it is called */
    lem_cancel cancel;
    int cancel_at;
} bench;

static bench *set_up(int threads) {
    static bench b;
    memset(&b, 0, sizeof b);
    b.t = tiny_open(false, threads, LEM_ISA_GENERIC, LEM_DTYPE_F32);
    b.n_ids = (int)strlen(prompt);
    for (int i = 0; i < b.n_ids; i++) b.ids[i] = b.t.id_of[(unsigned char)prompt[i]];
    b.o = (lem_search_opts){.n = N,
                            .width = WIDTH,
                            .depth = DEPTH,
                            .separator = "e",
                            .step_tokens = STEP,
                            .max_tokens = DEPTH * STEP + 1,
                            .sample = {1.0f, 0, 1},
                            .end = ends,
                            .n_end = 1,
                            .seed = 11,
                            .slots = 16};
    return &b;
}

/* ---- scorers ---- */

static void note(bench *b, int n) {
    if (b->calls < 64) b->free_pages[b->calls] = lem_search_count(b->s).free_pages;
    b->texts += n;
    if (++b->calls == b->cancel_at) b->cancel.requested = 1;
}

/* Bytes in common with the planted path. */
static lem_status by_plant(void *ctx, lem_search_text *t, int n, lem_err *err) {
    bench *b = ctx;
    (void)err;
    note(b, n);
    for (int i = 0; i < n; i++) {
        size_t m = 0;
        assert_int_equal(t[i].text[t[i].len], 0);
        while (m < t[i].len && m < b->planted_len && t[i].text[m] == b->planted[m]) m++;
        t[i].score = (double)m;
    }
    return LEM_OK;
}

/* Something of every text, ties among them. */
static lem_status by_hash(void *ctx, lem_search_text *t, int n, lem_err *err) {
    (void)err;
    note(ctx, n);
    for (int i = 0; i < n; i++) t[i].score = (double)(lem_hash64(t[i].text, t[i].len, 0) % 50);
    return LEM_OK;
}

static lem_status try_search(bench *b, lem_search_scorer *scorer, lem_search_result *out, lem_err *err) {
    b->calls = b->texts = 0;
    b->cancel.requested = 0;
    lem_status st =
        lem_search_new(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &b->o, &b->s, err);
    if (st) return st;
    int pages = lem_search_count(b->s).free_pages;
    st = lem_search_run(b->s, 0, KEY, b->ids, b->n_ids, scorer, b, &b->cancel, out, err);
    if (st == LEM_OK) assert_int_equal(lem_search_count(b->s).free_pages, pages);
    lem_search_free(b->s);
    return st;
}

static lem_search_result search(bench *b, lem_search_scorer *scorer) {
    lem_err err = LEM_ERR_INIT;
    lem_search_result r = {0};
    need(try_search(b, scorer, &r, &err), &err);
    return r;
}

/* ---- each step as a prompt of its own ---- */

typedef struct drawn {
    int want, n;
    int32_t ids[TEXT];
} drawn;

static lem_status draw_sink(void *ctx, const lem_candidate *c, lem_err *err) {
    drawn *d = ctx;
    (void)err;
    if (c->index != d->want) return LEM_OK;
    d->n = c->tokens;
    memcpy(d->ids, c->ids, (size_t)c->tokens * sizeof *d->ids);
    return LEM_OK;
}

/* Step `index` of those that follow path [n], drawn from a whole prompt. */
static drawn draw(bench *b, const int32_t *path, int n, int subtree, int index) {
    lem_err err = LEM_ERR_INIT;
    const uint64_t where[3] = {KEY, 0, (uint64_t)subtree};
    drawn d = {.want = index};
    int32_t ids[2 * TEXT];
    memcpy(ids, b->ids, (size_t)b->n_ids * sizeof *ids);
    memcpy(ids + b->n_ids, path, (size_t)n * sizeof *ids);
    lem_engine *e = NULL;
    lem_engine_opts eo = {.slots = 8, .sink = draw_sink, .sink_ctx = &d};
    lem_request_opts ro = {.sample = b->o.sample,
                           .max_tokens = STEP,
                           .stop = &b->o.separator,
                           .n_stop = 1,
                           .end = ends,
                           .n_end = 1,
                           .seed = b->o.seed,
                           .key =
                               lem_hash64(path, (size_t)n * sizeof *path, lem_hash64(where, sizeof where, 0)),
                           .n = index + 1};
    lem_request r;
    need(lem_engine_open(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &eo, &e, &err), &err);
    need(lem_engine_submit(e, LEM_NO_REQUEST, ids, b->n_ids + n, &ro, &r, &err), &err);
    for (bool busy = true; busy;) need(lem_engine_step(e, &busy, &err), &err);
    lem_engine_close(e);
    return d;
}

/* Plants the path of steps `index`: its tokens, or 0 if it ends before its last step. */
static int plant(bench *b, int subtree, const int index[DEPTH], int32_t path[TEXT]) {
    lem_err err = LEM_ERR_INIT;
    int n = 0;
    for (int k = 0; k < DEPTH; k++) {
        drawn d = draw(b, path, n, subtree, index[k]);
        memcpy(path + n, d.ids, (size_t)d.n * sizeof *path);
        n += d.n;
        if (path[n - 1] == ends[0]) return 0;
    }
    lem_buf text = {0};
    need(lem_tokenizer_decode(b->t.tok, path, (size_t)n, true, &text, &err), &err);
    b->planted_len = text.len;
    memcpy(b->planted, lem_buf_str(&text), text.len);
    lem_buf_release(&text);
    return n;
}

/* The tokens of a step's path, from the first. */
static int path_of(const lem_search_result *r, int node, int32_t *ids) {
    int n = r->node[node].tokens;
    for (int at = node, end = n; at >= 0; at = r->node[at].parent) {
        end -= r->node[at].n_ids;
        memcpy(ids + end, r->node[at].ids, (size_t)r->node[at].n_ids * sizeof *ids);
    }
    return n;
}

static bool has_path(const lem_search_result *r, const int32_t *want, int n) {
    int32_t ids[2 * TEXT];
    for (int i = 0; i < r->n; i++)
        if (lem_search_is_solution(&r->node[i]) && r->node[i].tokens == n && path_of(r, i, ids) == n &&
            memcmp(ids, want, (size_t)n * sizeof *ids) == 0)
            return true;
    return false;
}

static void test_planted_path(void **state) {
    (void)state;
    bench *b = set_up(1);
    int found = 0;
    for (int trial = 0; trial < 8; trial++) {
        int32_t path[TEXT];
        int index[DEPTH], subtree = trial % 2 ? trial % (N / WIDTH) : 0;
        b->o.method = trial % 2 ? LEM_SEARCH_DVTS : LEM_SEARCH_BEAM;
        for (int k = 0; k < DEPTH; k++) index[k] = (3 * trial + 7 * k) % WIDTH;
        if (b->o.method == LEM_SEARCH_BEAM) index[0] = (5 * trial + 2) % N;
        int n = plant(b, subtree, index, path);
        if (!n) continue;
        lem_search_result r = search(b, by_plant);
        if (!has_path(&r, path, n)) fail_msg("trial %d: the planted path is not found", trial);
        lem_search_result_release(&r);
        found++;
        b->o.method = LEM_SEARCH_BEST_OF_N; /* what no search sees, it does not find */
        r = search(b, by_plant);
        assert_false(has_path(&r, path, n));
        lem_search_result_release(&r);
    }
    assert_true(found >= 5);
    tiny_close(&b->t);
}

/* ---- the rules of choice, seen in what was found ---- */

static bool is_dup(const lem_search_result *r, int i) {
    const lem_search_node *x = &r->node[i];
    for (int k = 0; k < i; k++) {
        const lem_search_node *y = &r->node[k];
        if (y->parent == x->parent && y->round == x->round && y->level == x->level && y->n_ids == x->n_ids &&
            memcmp(y->ids, x->ids, (size_t)x->n_ids * sizeof *x->ids) == 0)
            return true;
    }
    return false;
}

static bool goes_on(const lem_search_node *x) {
    return x->state == LEM_SEARCH_KEPT || x->state == LEM_SEARCH_DEPTH;
}

/* No pruned step of a level is better than one that goes on; at most n/width do. */
static void check_beam(const lem_search_result *r) {
    for (int level = 0; level < DEPTH; level++) {
        double worst = INFINITY, best_pruned = -INFINITY;
        int kept = 0;
        for (int i = 0; i < r->n; i++) {
            const lem_search_node *x = &r->node[i];
            if (x->level != level) continue;
            if (goes_on(x)) {
                kept++;
                if (x->score < worst) worst = x->score;
            }
            if (x->state == LEM_SEARCH_PRUNED && !is_dup(r, i) && x->score > best_pruned)
                best_pruned = x->score;
        }
        assert_in_range(kept, 1, N / WIDTH);
        assert_true(best_pruned <= worst);
    }
}

/* In each subtree at most one goes on, none pruned or ended is better, and nobody shares a parent with
 * another subtree. */
static void check_subtrees(const lem_search_result *r) {
    for (int level = 0; level < DEPTH; level++)
        for (int t = 0; t < N / WIDTH; t++) {
            double best = -INFINITY, chosen = -INFINITY;
            int on = 0, n = 0;
            for (int i = 0; i < r->n; i++) {
                const lem_search_node *x = &r->node[i];
                if (x->level != level || x->subtree != t) continue;
                n++;
                if (x->score > best) best = x->score;
                if (goes_on(x)) on++, chosen = x->score;
                if (x->parent >= 0) assert_int_equal(r->node[x->parent].subtree, t);
            }
            assert_true(n == 0 || n == WIDTH);
            assert_true(on <= 1 && (on == 0 || chosen == best));
        }
}

static void test_choice(void **state) {
    (void)state;
    bench *b = set_up(1);
    for (int seed = 0; seed < 6; seed++) {
        b->o.seed = (uint64_t)seed;
        b->o.method = LEM_SEARCH_BEAM;
        lem_search_result r = search(b, by_hash);
        check_beam(&r);
        assert_int_equal(b->texts, r.n);
        assert_int_equal(r.rounds, 1);
        lem_search_result_release(&r);
        b->o.method = LEM_SEARCH_DVTS;
        r = search(b, by_hash);
        check_subtrees(&r);
        int differ = 0; /* subtrees draw apart from each other */
        for (int i = 0; i < WIDTH; i++)
            differ += memcmp(r.node[i].ids, r.node[WIDTH + i].ids, sizeof *r.node[i].ids) != 0;
        assert_true(differ > 0);
        lem_search_result_release(&r);
    }
    tiny_close(&b->t);
}

static bool same_ids(const lem_search_node *a, const lem_search_node *b) {
    return a->n_ids == b->n_ids && memcmp(a->ids, b->ids, (size_t)a->n_ids * sizeof *a->ids) == 0;
}

/* Whether the first steps under two nodes are the same, one by one. */
static bool same_children(const lem_search_result *r, int a, int b) {
    int i = a, k = b;
    for (int n = 0; n < WIDTH; n++) {
        for (i++; i < r->n && r->node[i].parent != a;) i++;
        for (k++; k < r->n && r->node[k].parent != b;) k++;
        if (i >= r->n || k >= r->n) return false;
        if (!same_ids(&r->node[i], &r->node[k])) return false;
    }
    return true;
}

/* Equal steps that are not merged: the n/width best go on, equal ones beside each other, each with draws of
 * its own; merged, no two that go on are equal. */
static void test_equal_steps(void **state) {
    (void)state;
    bench *b = set_up(1);
    int twins[2] = {0}, differ = 0;
    b->o.method = LEM_SEARCH_BEAM;
    b->o.step_tokens = 1;
    for (int round = 0; round < 12; round++) {
        int keep = round % 2;
        b->o.keep_equal = keep;
        b->o.seed = (uint64_t)round / 2;
        lem_search_result r = search(b, by_hash);
        for (int i = 0; i < r.n; i++)
            for (int k = i + 1; k < r.n; k++) {
                const lem_search_node *x = &r.node[i], *y = &r.node[k];
                bool level = x->level == y->level && x->parent == y->parent;
                if (keep && x->level == y->level && goes_on(y) && x->state == LEM_SEARCH_PRUNED)
                    assert_true(x->score < y->score);
                if (!level || !goes_on(x) || !goes_on(y) || !same_ids(x, y)) continue;
                twins[keep]++;
                if (x->level + 1 < DEPTH) differ += !same_children(&r, i, k);
            }
        lem_search_result_release(&r);
    }
    assert_int_equal(twins[0], 0);
    assert_true(twins[1] > 3);
    assert_true(differ > 2);
    tiny_close(&b->t);
}

/* ---- texts ---- */

/* A step's text is that of its path, up to the separator that ended it; a solution that ended has all of it.
 */
static void test_texts(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    int separated = 0, ended = 0;
    b->o.budget = 3000;
    b->o.step_tokens = 20;
    b->o.max_tokens = 60;
    lem_search_result r = search(b, by_hash);
    for (int i = 0; i < r.n; i++) {
        const lem_search_node *x = &r.node[i];
        int32_t ids[2 * TEXT];
        lem_buf text = {0};
        int n = path_of(&r, i, ids), own = x->n_ids;
        need(lem_tokenizer_decode(b->t.tok, ids, (size_t)n, true, &text, &err), &err);
        assert_true(x->len <= text.len && memcmp(x->text, lem_buf_str(&text), x->len) == 0);
        assert_int_equal(x->cut, x->len < text.len);
        bool at_e = lem_buf_str(&text)[text.len - 1] == 'e' && ids[n - 1] != 0;
        if (at_e && own < 20 && x->state != LEM_SEARCH_BUDGET) {
            assert_int_equal(x->len, text.len - 1);
            separated++;
        } else assert_int_equal(x->len + (at_e ? text.len - x->len : 0), text.len);
        if (x->state == LEM_SEARCH_ENDED) {
            assert_int_equal(ids[n - 1], 0);
            ended++;
        }
        assert_true(x->tokens <= 60);
        lem_buf_release(&text);
    }
    assert_true(separated > 0 && ended > 0);
    lem_search_result_release(&r);
    tiny_close(&b->t);
}

/* ---- budget ---- */

static uint64_t drawn_tokens(const lem_search_result *r) {
    uint64_t n = 0;
    for (int i = 0; i < r->n; i++) n += (uint64_t)r->node[i].n_ids;
    return n;
}

static void test_budget(void **state) {
    (void)state;
    static const uint64_t budgets[] = {1, 7, 59, 60, 61, 400, 1500};
    bench *b = set_up(1);
    for (int m = 0; m < 3; m++)
        for (int i = 0; i < 7; i++) {
            b->o.method = (lem_search_method)m;
            b->o.budget = budgets[i];
            lem_search_result r = search(b, by_hash);
            assert_int_equal(r.spent, budgets[i]); /* for all methods the same, to the token */
            assert_int_equal(drawn_tokens(&r), r.spent);
            int solutions = 0;
            for (int k = 0; k < r.n; k++) solutions += lem_search_is_solution(&r.node[k]);
            assert_true(solutions > 0);
            if (budgets[i] == 1500) assert_true(r.rounds > 1);
            lem_search_result_release(&r);
        }
    tiny_close(&b->t);
}

/* Best-of-n under a budget against all solutions drawn at once: those that are paid for, in order, the last
 * cut; and nothing else is drawn, whatever is in flight. */
static void check_paid(bench *b, const lem_search_result *all, uint64_t budget) {
    lem_err err = LEM_ERR_INIT;
    lem_search_result r = {0};
    uint64_t left = budget;
    b->calls = 0;
    b->o.budget = budget;
    need(lem_search_new(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &b->o, &b->s, &err), &err);
    need(lem_search_run(b->s, 0, KEY, b->ids, b->n_ids, by_hash, b, NULL, &r, &err), &err);
    lem_engine_counts c = lem_search_count(b->s);
    assert_int_equal(c.generated, budget);
    assert_int_equal(c.candidates, r.n);
    for (int i = 0; i < r.n; i++) {
        const lem_search_node *x = &r.node[i], *y = &all->node[i];
        bool cut = (uint64_t)y->n_ids > left;
        assert_true(left > 0);
        assert_int_equal(x->n_ids, cut ? (int)left : y->n_ids);
        assert_memory_equal(x->ids, y->ids, (size_t)x->n_ids * sizeof *x->ids);
        assert_int_equal(x->state, cut ? LEM_SEARCH_BUDGET : y->state);
        assert_true(cut ? isnan(x->logprob) : x->logprob == y->logprob);
        if (!cut) assert_string_equal(x->text, y->text);
        left -= (uint64_t)x->n_ids;
    }
    assert_int_equal(left, 0);
    lem_search_result_release(&r);
    lem_search_free(b->s);
}

/* With solutions that end by themselves, by their limit, and by the context. */
static void test_best_of_n_computes_its_budget(void **state) {
    (void)state;
    static const uint64_t budgets[] = {1, 30, 31, 32, 141, 142, 200, 333};
    static const int slots[] = {1, 3, 64}, longest[] = {DEPTH * STEP + 1, 1000};
    static const int32_t many_ends[] = {0, 1, 2, 3};
    bench *b = set_up(1);
    b->o.method = LEM_SEARCH_BEST_OF_N;
    b->o.end = many_ends;
    b->o.n_end = 4;
    b->o.n = 64;
    for (int m = 0; m < 2; m++) {
        int by_length = 0;
        b->o.max_tokens = longest[m];
        b->o.budget = 0;
        lem_search_result all = search(b, by_hash);
        for (int i = 0; i < all.n; i++) by_length += all.node[i].state == LEM_SEARCH_LENGTH;
        assert_in_range(by_length, 1, all.n - 1);
        for (int k = 0; k < 3; k++) {
            b->o.slots = slots[k];
            for (int i = 0; i < 8; i++) check_paid(b, &all, budgets[i]);
            check_paid(b, &all, (uint64_t)all.node[0].n_ids); /* ends where a solution does: cuts none */
        }
        lem_search_result_release(&all);
    }
    tiny_close(&b->t);
}

/* The steps that a smaller budget pays are those of a larger one. */
static void test_smaller_budget(void **state) {
    (void)state;
    bench *b = set_up(1);
    for (int m = 0; m < 3; m++) {
        b->o.method = (lem_search_method)m;
        b->o.budget = 700;
        lem_search_result large = search(b, by_hash);
        b->o.budget = 333;
        lem_search_result small = search(b, by_hash);
        assert_true(small.n < large.n);
        for (int i = 0; i + 1 < small.n; i++) {
            assert_int_equal(small.node[i].n_ids, large.node[i].n_ids);
            assert_memory_equal(small.node[i].ids, large.node[i].ids,
                                (size_t)small.node[i].n_ids * sizeof(int32_t));
        }
        lem_search_result_release(&large);
        lem_search_result_release(&small);
    }
    tiny_close(&b->t);
}

/* ---- what must not matter, and memory ---- */

static bool same(const lem_search_result *a, const lem_search_result *b) {
    bool ok = a->n == b->n && a->spent == b->spent && a->rounds == b->rounds;
    for (int i = 0; ok && i < a->n; i++) {
        const lem_search_node *x = &a->node[i], *y = &b->node[i];
        ok = x->parent == y->parent && x->state == y->state && x->n_ids == y->n_ids && x->len == y->len &&
             memcmp(x->ids, y->ids, (size_t)x->n_ids * sizeof *x->ids) == 0 &&
             memcmp(&x->score, &y->score, sizeof x->score) == 0 && memcmp(x->text, y->text, x->len) == 0 &&
             memcmp(&x->logprob, &y->logprob, sizeof x->logprob) == 0;
    }
    return ok;
}

static void test_invariance(void **state) {
    (void)state;
    static const int slots[] = {1, 5, 64};
    lem_search_result base[3] = {{0}};
    for (int threads = 1; threads <= 2; threads++) {
        bench *b = set_up(threads);
        b->o.budget = 500;
        for (int m = 0; m < 3; m++)
            for (int i = 0; i < 3; i++) {
                b->o.method = (lem_search_method)m;
                b->o.slots = slots[i];
                lem_search_result r = search(b, by_hash);
                if (base[m].n == 0) base[m] = r;
                else {
                    assert_true(same(&r, &base[m]));
                    lem_search_result_release(&r);
                }
            }
        tiny_close(&b->t);
    }
    for (int m = 0; m < 3; m++) lem_search_result_release(&base[m]);
}

/* While level l is scored there are the prompt, two nodes of a page for each step that went on, and this
 * level's own; what was pruned is not. */
static void test_pruned_pages(void **state) {
    (void)state;
    bench *b = set_up(1);
    b->o.end = NULL;
    b->o.n_end = 0;
    b->o.step_tokens = 20;
    b->o.max_tokens = DEPTH * 20 + 1;
    lem_err err = LEM_ERR_INIT;
    need(lem_search_new(b->t.weights, &b->t.model->config, b->t.tok, b->t.backend, &b->o, &b->s, &err), &err);
    int all = lem_search_count(b->s).free_pages, kept = N / WIDTH;
    lem_search_result r = {0};
    need(lem_search_run(b->s, 0, KEY, b->ids, b->n_ids, by_hash, b, NULL, &r, &err), &err);
    assert_int_equal(b->calls, DEPTH);
    for (int level = 0; level < DEPTH; level++) {
        int used = all - b->free_pages[level];
        assert_in_range(used, level + 1, 1 + 2 * kept * level + N + kept);
    }
    assert_int_equal(lem_search_count(b->s).free_pages, all);
    lem_search_result_release(&r);
    lem_search_free(b->s);
    tiny_close(&b->t);
}

static void test_failures(void **state) {
    (void)state;
    bench *b = set_up(1);
    lem_err err = LEM_ERR_INIT;
    lem_search_result r = {0};
    const lem_search_opts good = b->o;
    for (int i = 0; i < 7; i++) {
        b->o = good;
        if (i == 0) b->o.n = 0;
        if (i == 1) b->o.width = 5;
        if (i == 2) b->o.width = 0;
        if (i == 3) b->o.depth = 0;
        if (i == 4) b->o.step_tokens = 0;
        if (i == 5) b->o.separator = "";
        if (i == 6) b->o.max_tokens = 0;
        assert_int_equal(try_search(b, by_hash, &r, &err), LEM_EUSAGE);
    }
    b->o = good;
    for (b->cancel_at = 1; b->cancel_at < DEPTH; b->cancel_at++)
        assert_int_equal(try_search(b, by_hash, &r, &err), LEM_EINTR);
    b->cancel_at = 0;
    int failed = 0;
    lem_status st = LEM_EMEM;
    for (uint64_t n = 1; st != LEM_OK && n < 1000000; n += n < 600 ? 1 : n / 16) {
        err = (lem_err)LEM_ERR_INIT;
        lem_mem_fail_after(n, true);
        st = try_search(b, by_hash, &r, &err);
        lem_mem_fail_after(0, false);
        assert_true(st == LEM_OK || st == LEM_EMEM);
        failed += st == LEM_EMEM;
    }
    assert_int_equal(st, LEM_OK);
    assert_true(failed > 100);
    lem_search_result_release(&r);
    tiny_close(&b->t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted_path),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_best_of_n_computes_its_budget),
        cmocka_unit_test(test_equal_steps),
        cmocka_unit_test(test_smaller_budget),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_pruned_pages),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
