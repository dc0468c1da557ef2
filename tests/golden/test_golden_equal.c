/* test_golden_equal - bit equality: forest = separate sequences, accumulation, threads, session = net; and
 * finite differences */
#include "core/rng.h"
#include "golden_util.h"

enum { MAX_ROWS = 400, MAX_SEQ = 16 };

static lem_rng rng;

static int below(int n) { return (int)lem_rng_next_below(&rng, (uint64_t)n); }

static void random_ids(int32_t *ids, int n, int vocab) {
    for (int i = 0; i < n; i++) ids[i] = 1 + below(vocab - 1);
}

enum { PLAIN = 4, MODELS = PLAIN + GOLDEN_ARCHS };

static const char *model_name(int i) {
    static const char *const plain[PLAIN] = {"llama", "qwen2", "llama_rm", "qwen2_rm"};
    return i < PLAIN ? plain[i] : golden_archs[i - PLAIN];
}

/* Runs check on every model and every cpu path (not ref: its sums are in double and promise closeness only),
 * with `threads`. */
static void for_each_path(int threads, void (*check)(const golden *, lem_backend *)) {
    lem_pool *pool = threads > 1 ? lem_pool_new(threads, &gerr) : NULL;
    for (int k = 0; k < MODELS; k++) {
        golden g = golden_open(model_name(k));
        for (int i = 1; i < GOLDEN_ISAS; i++) {
            lem_backend *b = NULL;
            if (!lem_isa_supported(golden_isas[i])) continue;
            rng = lem_rng_make(99, "equal", (uint64_t)k);
            OK(far_or_plain(golden_isas[i], pool, &b, &gerr));
            check(&g, b);
            far_or_plain_free(b);
        }
        golden_close(&g);
    }
    lem_pool_free(pool);
}

/* Random trees whose paths fit the smallest context, 128. */
typedef struct family {
    lem_forest f;
    int leaf[MAX_SEQ], n_leaves;
} family;

static void add_subtree(family *t, int parent, int depth, int vocab) {
    int32_t ids[80];
    int node, n = depth == 0 ? 1 + below(70) : below(20), children = depth >= 3 ? 0 : below(4);
    if (children == 0 && n == 0) n = 1;
    random_ids(ids, n, vocab);
    OK(lem_forest_add(&t->f, parent, ids, n, &node, &gerr));
    for (int i = 0; i < children && t->n_leaves < MAX_SEQ && t->f.n_rows < MAX_ROWS - 160; i++)
        add_subtree(t, node, depth + 1, vocab);
    if (t->f.n_nodes == node + 1 && t->n_leaves < MAX_SEQ) t->leaf[t->n_leaves++] = node;
}

static int path_rows(const lem_forest *f, int leaf, int32_t *ids, int *rows) {
    const lem_forest_node *x = &f->nodes[leaf];
    int end = x->pos0 + x->n;
    for (int i = leaf; i >= 0; i = f->nodes[i].parent) {
        for (int j = 0; j < f->nodes[i].n; j++) {
            rows[f->nodes[i].pos0 + j] = f->nodes[i].row0 + j;
            ids[f->nodes[i].pos0 + j] = f->ids[f->nodes[i].row0 + j];
        }
    }
    return end;
}

/* Hidden states and log-probabilities of each path alone are those of the forest. */
static void forest_is_separate(const golden *g, lem_backend *b) {
    lem_net *net = NULL, *alone = NULL;
    int D = g->m->config.width;
    OK(lem_net_new(g->m, b, MAX_ROWS, false, &net, &gerr));
    OK(lem_net_new(g->m, b, MAX_ROWS, false, &alone, &gerr));
    for (int round = 0; round < 4; round++) {
        family t = {0};
        while (t.f.n_rows < 100) add_subtree(&t, -1, 0, g->m->config.vocab);
        OK(lem_net_forward(net, &t.f, &gerr));
        for (int i = 0; i < t.n_leaves; i++) {
            int32_t ids[MAX_ROWS];
            int rows[MAX_ROWS], line[MAX_ROWS], n = path_rows(&t.f, t.leaf[i], ids, rows);
            float lp[MAX_ROWS], lp_alone[MAX_ROWS];
            lem_forest one = {0};
            OK(lem_forest_add(&one, -1, ids, n, NULL, &gerr));
            OK(lem_net_forward(alone, &one, &gerr));
            for (int r = 0; r < n; r++) {
                line[r] = r;
                assert_true(host_same_there(b, lem_net_hidden(net) + (size_t)rows[r] * (size_t)D,
                                            lem_net_hidden(alone) + (size_t)r * (size_t)D,
                                            (size_t)D * sizeof(float)));
            }
            if (lem_model_at(g->m, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX && n > 1) {
                OK(lem_net_lm(net, n - 1, rows, ids + 1, NULL, lp, &gerr));
                OK(lem_net_lm(alone, n - 1, line, ids + 1, NULL, lp_alone, &gerr));
                assert_memory_equal(lp, lp_alone, (size_t)(n - 1) * sizeof *lp);
            }
            lem_forest_release(&one);
        }
        lem_forest_release(&t.f);
    }
    lem_net_free(net);
    lem_net_free(alone);
}

/* Adds a loss on every row: the language-model head where there is one, else the scalar head. */
static void run_all_rows(lem_net *net, const lem_model *m, const lem_forest *f) {
    int rows[MAX_ROWS];
    int32_t target[MAX_ROWS];
    float weight[MAX_ROWS];
    OK(lem_net_forward(net, f, &gerr));
    for (int r = 0; r < f->n_rows; r++) {
        rows[r] = r;
        target[r] = (f->ids[r] * 7 + f->pos[r]) % m->config.vocab;
        weight[r] = 0.01f * (float)(1 + f->ids[r] % 5);
    }
    if (lem_model_at(m, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX)
        OK(lem_net_lm(net, f->n_rows, rows, target, weight, NULL, &gerr));
    if (lem_model_at(m, LEM_ROLE_SCORE, -1) != SIZE_MAX)
        OK(lem_net_scores_grad(net, f->n_rows, rows, weight, &gerr));
    lem_net_backward(net);
}

/* Two forests one after the other give the gradient of one forest of both, bit for bit. */
static void accumulation(const golden *g, lem_backend *b) {
    lem_net *net = NULL;
    lem_forest both = {0}, part[2] = {{0}, {0}};
    int32_t ids[100];
    OK(lem_net_new(g->m, b, MAX_ROWS, true, &net, &gerr));
    for (int i = 0; i < 4; i++) {
        int n = 1 + below(90), k = 1 + below(9), root;
        random_ids(ids, n + k, g->m->config.vocab);
        lem_forest *to[2] = {&both, &part[i >= 1]};
        for (int j = 0; j < 2; j++) {
            OK(lem_forest_add(to[j], -1, ids, n, &root, &gerr));
            OK(lem_forest_add(to[j], root, ids + n, k, NULL, &gerr));
            OK(lem_forest_add(to[j], root, ids, 1, NULL, &gerr));
        }
    }
    size_t n = g->m->n_params;
    float *want = malloc(n * sizeof *want);
    run_all_rows(net, g->m, &both);
    host_get(b, want, lem_net_grads(net), n * sizeof *want);
    lem_net_zero_grads(net);
    run_all_rows(net, g->m, &part[0]);
    run_all_rows(net, g->m, &part[1]);
    assert_true(host_same(b, want, lem_net_grads(net), n * sizeof *want));
    free(want);
    lem_net_free(net);
    lem_forest_release(&both);
    lem_forest_release(&part[0]);
    lem_forest_release(&part[1]);
}

/* Gradients of a forest against separate sequences: the shared prompt's rows are summed once instead of per
 * response, so only up to rounding. */
static void forest_gradient(const golden *g, lem_backend *b) {
    lem_net *net = NULL;
    int32_t ids[60], tail[4][20];
    int root, last[4];
    float dscore[4] = {0.5f, -0.25f, -0.5f, 0.25f};
    lem_forest f = {0}, s = {0};
    if (lem_model_at(g->m, LEM_ROLE_SCORE, -1) == SIZE_MAX) return;
    OK(lem_net_new(g->m, b, MAX_ROWS, true, &net, &gerr));
    random_ids(ids, 50, g->m->config.vocab);
    OK(lem_forest_add(&f, -1, ids, 50, &root, &gerr));
    for (int i = 0; i < 4; i++) {
        random_ids(tail[i], 5 * i + 3, g->m->config.vocab);
        OK(lem_forest_add(&f, root, tail[i], 5 * i + 3, NULL, &gerr));
        last[i] = f.n_rows - 1;
    }
    OK(lem_net_forward(net, &f, &gerr));
    OK(lem_net_scores_grad(net, 4, last, dscore, &gerr));
    lem_net_backward(net);
    float *want = malloc(g->m->n_params * sizeof *want);
    host_get(b, want, lem_net_grads(net), g->m->n_params * sizeof *want);
    lem_net_zero_grads(net);
    for (int i = 0; i < 4; i++) {
        OK(lem_forest_add(&s, -1, ids, 50, &root, &gerr));
        OK(lem_forest_add(&s, root, tail[i], 5 * i + 3, NULL, &gerr));
        last[i] = s.n_rows - 1;
    }
    OK(lem_net_forward(net, &s, &gerr));
    OK(lem_net_scores_grad(net, 4, last, dscore, &gerr));
    lem_net_backward(net);
    float *got = far_read(b, lem_net_grads(net), g->m->n_params);
    for (int i = 0; i < g->m->n_tensors; i++) {
        const lem_tensor *t = &g->m->tensors[i];
        assert_true(golden_gap(want + t->offset, got + t->offset, t->count) <= 3e-5);
    }
    free(got);
    free(want);
    lem_net_free(net);
    lem_forest_release(&f);
    lem_forest_release(&s);
}

/* A training step's bytes, for comparison over thread counts. */
enum { THREAD_CAP = 1 << 22 };
static float *thread_result;
static size_t thread_offset;

static void record_step(const golden *g, lem_backend *b) {
    lem_net *net = NULL;
    family t = {0};
    while (t.f.n_rows < 150) add_subtree(&t, -1, 0, g->m->config.vocab);
    OK(lem_net_new(g->m, b, MAX_ROWS, true, &net, &gerr));
    run_all_rows(net, g->m, &t.f);
    assert_true(thread_offset + g->m->n_params + (size_t)t.f.n_rows * (size_t)g->m->config.width <
                THREAD_CAP);
    host_get(b, thread_result + thread_offset, lem_net_grads(net), g->m->n_params * sizeof(float));
    thread_offset += g->m->n_params;
    size_t n = (size_t)t.f.n_rows * (size_t)g->m->config.width;
    host_get(b, thread_result + thread_offset, lem_net_hidden(net), n * sizeof(float));
    thread_offset += n;
    lem_net_free(net);
    lem_forest_release(&t.f);
}

static void threads_change_nothing(void **state) {
    (void)state;
    float *want = calloc(THREAD_CAP, sizeof *want), *got = calloc(THREAD_CAP, sizeof *got);
    thread_result = want;
    thread_offset = 0;
    for_each_path(1, record_step);
    size_t n = thread_offset;
    assert_true(n > 100000);
    for (int threads = 2; threads <= 4; threads += 2) {
        thread_result = got;
        thread_offset = 0;
        for_each_path(threads, record_step);
        assert_int_equal(thread_offset, n);
        assert_memory_equal(want, got, n * sizeof *want);
    }
    free(want);
    free(got);
}

/* ---- session ---- */

typedef struct growth { /* a forest node on its way into the session */
    int node, fed;
} growth;

/* Picks a random set of nodes that may grow, with a random number of their next tokens, in random order. */
static int pick_feeds(const lem_forest *f, growth *grow, lem_session *s, lem_feed *feeds, int *which,
                      int max) {
    int n = 0, order[64];
    for (int i = 0; i < f->n_nodes; i++) order[i] = i;
    for (int i = f->n_nodes - 1; i > 0; i--) {
        int j = below(i + 1), x = order[i];
        order[i] = order[j];
        order[j] = x;
    }
    bool whole[64];
    for (int i = 0; i < f->n_nodes; i++) whole[i] = grow[i].fed == f->nodes[i].n;
    /* Parents before children decide, so that a child can start in the step in which its parent ends. */
    int take[64] = {0};
    for (int i = 0; i < f->n_nodes; i++) {
        const lem_forest_node *x = &f->nodes[i];
        if (x->parent >= 0 && !whole[x->parent]) {
            whole[i] = false;
            continue;
        }
        if (grow[i].node < 0)
            OK(lem_session_node(s, x->parent < 0 ? -1 : grow[x->parent].node, &grow[i].node, &gerr));
        int left = x->n - grow[i].fed;
        if (left == 0 || below(3) == 0 || max < 1) continue;
        take[i] = below(2) ? left : 1 + below(left);
        take[i] = take[i] > max ? max : take[i];
        max -= take[i];
        whole[i] = take[i] == left;
    }
    for (int k = 0; k < f->n_nodes; k++) {
        int i = order[k];
        if (take[i] == 0) continue;
        which[n] = i;
        feeds[n++] = (lem_feed){grow[i].node, f->ids + f->nodes[i].row0 + grow[i].fed, take[i]};
    }
    return n;
}

static void check_step(const golden *g, lem_backend *b, lem_session *s, lem_net *net, const lem_forest *f,
                       const growth *grow, const lem_feed *feeds, const int *which, int n) {
    size_t D = (size_t)g->m->config.width;
    for (int k = 0; k < n; k++) {
        int row0 = f->nodes[which[k]].row0 + grow[which[k]].fed, here[MAX_ROWS], there[MAX_ROWS];
        float a[MAX_ROWS], c[MAX_ROWS];
        for (int j = 0; j < feeds[k].n; j++) {
            here[j] = lem_session_row(s, k, j);
            there[j] = row0 + j;
            assert_true(host_same_there(b, lem_session_hidden(s) + (size_t)here[j] * D,
                                        lem_net_hidden(net) + (size_t)there[j] * D, D * sizeof(float)));
        }
        if (lem_model_at(g->m, LEM_ROLE_SCORE, -1) != SIZE_MAX) {
            OK(lem_session_scores(s, feeds[k].n, here, a, &gerr));
            OK(lem_net_scores(net, feeds[k].n, there, c, &gerr));
            assert_memory_equal(a, c, (size_t)feeds[k].n * sizeof *a);
        }
        if (lem_model_at(g->m, LEM_ROLE_LM_HEAD, -1) == SIZE_MAX) continue;
        OK(lem_session_logprobs(s, feeds[k].n, here, feeds[k].ids, a, &gerr));
        OK(lem_net_lm(net, feeds[k].n, there, feeds[k].ids, NULL, c, &gerr));
        assert_memory_equal(a, c, (size_t)feeds[k].n * sizeof *a);
    }
}

static void session_is_net(const golden *g, lem_backend *b) {
    lem_net *net = NULL;
    lem_weights *w = NULL;
    lem_session *s = NULL;
    enum { PAGES = 60, STEP_ROWS = 90 };
    OK(lem_net_new(g->m, b, MAX_ROWS, false, &net, &gerr));
    OK(lem_weights_new(g->m, b, LEM_DTYPE_F32, &w, &gerr));
    OK(lem_session_new(w, b, PAGES, STEP_ROWS, &s, &gerr));
    for (int round = 0; round < 6; round++) {
        family t = {0};
        growth grow[64];
        lem_feed feeds[64];
        int which[64], done = 0;
        while (t.f.n_rows < 100) add_subtree(&t, -1, 0, g->m->config.vocab);
        assert_true(t.f.n_nodes <= 64);
        OK(lem_net_forward(net, &t.f, &gerr));
        for (int i = 0; i < t.f.n_nodes; i++) grow[i] = (growth){-1, 0};
        while (done < t.f.n_rows) {
            int n = pick_feeds(&t.f, grow, s, feeds, which, STEP_ROWS);
            if (n == 0) continue;
            OK(lem_session_step(s, feeds, n, &gerr));
            check_step(g, b, s, net, &t.f, grow, feeds, which, n);
            for (int k = 0; k < n; k++) {
                grow[which[k]].fed += feeds[k].n;
                done += feeds[k].n;
            }
        }
        for (int i = 0; i < t.f.n_nodes; i++) /* parents first: they must wait for their children */
            if (grow[i].node >= 0) lem_session_drop(s, grow[i].node);
        assert_int_equal(lem_session_free_pages(s), PAGES);
        lem_forest_release(&t.f);
    }
    lem_session_free(s);
    lem_weights_free(w);
    lem_net_free(net);
}

/* Weights that are bf16 values already give the same bits from bf16 panels. */
static void bf16_weights(const golden *g, lem_backend *b) {
    lem_model *m = NULL;
    lem_net *net = NULL;
    lem_weights *w = NULL;
    lem_session *s = NULL;
    int32_t ids[70];
    int node, rows[70], line[70];
    float a[70], c[70];
    OK(lem_model_with_head(g->m, g->m->config.head, 0, &m, &gerr));
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        if (t->rank != 2 || t->offset == lem_model_at(m, LEM_ROLE_SCORE, -1)) continue;
        for (size_t k = 0; k < t->count; k++)
            m->params[t->offset + k] = lem_bf16_to_f32(lem_f32_to_bf16(m->params[t->offset + k]));
    }
    lem_forest f = {0};
    random_ids(ids, 70, m->config.vocab);
    OK(lem_forest_add(&f, -1, ids, 70, NULL, &gerr));
    OK(lem_net_new(m, b, 70, false, &net, &gerr));
    OK(lem_net_forward(net, &f, &gerr));
    OK(lem_weights_new(m, b, LEM_DTYPE_BF16, &w, &gerr));
    OK(lem_session_new(w, b, 4, 70, &s, &gerr));
    OK(lem_session_node(s, -1, &node, &gerr));
    lem_feed feed = {node, ids, 70};
    OK(lem_session_step(s, &feed, 1, &gerr));
    for (int t = 0; t < 70; t++) {
        rows[t] = lem_session_row(s, 0, t);
        line[t] = t;
    }
    assert_true(host_same_there(b, lem_session_hidden(s), lem_net_hidden(net),
                                (size_t)(70 * m->config.width) * sizeof(float)));
    if (lem_model_at(m, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX) {
        OK(lem_session_logprobs(s, 70, rows, ids, a, &gerr));
        OK(lem_net_lm(net, 70, line, ids, NULL, c, &gerr));
        assert_memory_equal(a, c, sizeof a);
    }
    lem_session_free(s);
    lem_weights_free(w);
    lem_net_free(net);
    lem_model_free(m);
    lem_forest_release(&f);
}

/* ---- finite differences ---- */

static double loss_of(lem_net *net, const lem_model *m, const lem_forest *f, bool grad) {
    int rows[MAX_ROWS];
    int32_t target[MAX_ROWS];
    float weight[MAX_ROWS], out[MAX_ROWS];
    double loss = 0;
    OK(lem_net_forward(net, f, &gerr));
    for (int r = 0; r < f->n_rows; r++) {
        rows[r] = r;
        target[r] = (f->ids[r] * 5 + r) % m->config.vocab;
        weight[r] = 0.02f * (float)(1 + r % 3);
    }
    if (lem_model_at(m, LEM_ROLE_LM_HEAD, -1) != SIZE_MAX) {
        OK(lem_net_lm(net, f->n_rows, rows, target, grad ? weight : NULL, out, &gerr));
        for (int r = 0; r < f->n_rows; r++) loss -= (double)weight[r] * (double)out[r];
    }
    if (lem_model_at(m, LEM_ROLE_SCORE, -1) != SIZE_MAX) {
        OK(lem_net_scores(net, f->n_rows, rows, out, &gerr));
        if (grad) OK(lem_net_scores_grad(net, f->n_rows, rows, weight, &gerr));
        for (int r = 0; r < f->n_rows; r++) loss += (double)weight[r] * (double)out[r];
    }
    if (grad) lem_net_backward(net);
    return loss;
}

/* Along each tensor's own gradient d = g/|g| the slope is |g|. Activations are stored in fp32, so the loss
 * (about 10) carries errors near 1e-6; a step of 1e-2 gives 1e-4 of noise and as much from the third
 * derivative, against slopes of 0.05 and more: 2 %. */
static void finite_differences(void **state) {
    (void)state;
    for (int k = 0; k < MODELS; k++) {
        golden g = golden_open(model_name(k));
        lem_backend *b = NULL;
        lem_net *net = NULL;
        lem_forest f = {0};
        int32_t ids[64];
        int root;
        const double h = 1e-2;
        rng = lem_rng_make(5, "differences", (uint64_t)k);
        random_ids(ids, 64, g.m->config.vocab);
        OK(lem_forest_add(&f, -1, ids, 20, &root, &gerr));
        OK(lem_forest_add(&f, root, ids + 20, 7, NULL, &gerr));
        OK(lem_forest_add(&f, root, ids + 30, 4, NULL, &gerr));
        OK(lem_forest_add(&f, -1, ids + 40, 9, NULL, &gerr));
        OK(far_or_plain(LEM_ISA_REF, NULL, &b, &gerr));
        OK(lem_net_new(g.m, b, 64, true, &net, &gerr));
        loss_of(net, g.m, &f, true);
        float *grad = far_read(b, lem_net_grads(net), g.m->n_params);
        float *keep = malloc(g.m->n_params * sizeof *keep);
        memcpy(keep, g.m->params, g.m->n_params * sizeof *keep);
        for (int i = 0; i < g.m->n_tensors; i++) {
            const lem_tensor *t = &g.m->tensors[i];
            double norm = 0, slope = 0;
            for (size_t e = t->offset; e < t->offset + t->count; e++)
                norm += (double)grad[e] * (double)grad[e];
            norm = sqrt(norm);
            assert_true(norm > 0);
            for (int side = -1; side <= 1; side += 2) {
                for (size_t e = t->offset; e < t->offset + t->count; e++)
                    g.m->params[e] = (float)((double)keep[e] + side * h * (double)grad[e] / norm);
                OK(lem_net_load(net, &gerr));
                slope += side * loss_of(net, g.m, &f, false) / (2 * h);
            }
            memcpy(g.m->params, keep, g.m->n_params * sizeof *keep);
            if (!(fabs(slope - norm) <= 0.02 * norm + 2e-4))
                print_error("%s %s: %g, gradient %g\n", model_name(k), t->name, slope, norm);
            assert_true(fabs(slope - norm) <= 0.02 * norm + 2e-4);
        }
        free(keep);
        free(grad);
        lem_net_free(net);
        far_or_plain_free(b);
        lem_forest_release(&f);
        golden_close(&g);
    }
}

static void test_forest(void **s) {
    (void)s;
    for_each_path(1, forest_is_separate);
}
static void test_accumulation(void **s) {
    (void)s;
    for_each_path(1, accumulation);
}
static void test_forest_gradient(void **s) {
    (void)s;
    for_each_path(1, forest_gradient);
}
static void test_session(void **s) {
    (void)s;
    for_each_path(1, session_is_net);
}
static void test_session_threads(void **s) {
    (void)s;
    for_each_path(3, session_is_net);
}
static void test_bf16(void **s) {
    (void)s;
    for_each_path(1, bf16_weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forest),
                                       cmocka_unit_test(test_accumulation),
                                       cmocka_unit_test(test_forest_gradient),
                                       cmocka_unit_test(threads_change_nothing),
                                       cmocka_unit_test(test_session),
                                       cmocka_unit_test(test_session_threads),
                                       cmocka_unit_test(test_bf16),
                                       cmocka_unit_test(finite_differences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
