/* test_attention - attention over forests: against ref, a forest against its separate sequences, calls split
 * in two, threads and paths */
#include "compute/backend_priv.h"
#include "ops_util.h"

/* A forest described by parents and lengths; nodes are in depth-first order. */
typedef struct node {
    int parent, n;
} node;
typedef struct forest {
    int n_nodes, T, n_segs, n_trees, n_pages;
    int row0[64], start[64]; /* of each node: first row, position of its first token */
    int pos[2048], page[2048], slot[2048], node_of[2048];
    lem_attn_seg segs[512];
    lem_attn_tree trees[64];
} forest;

/* Every node starts a page of its own, as the model lays them out. */
static void build(forest *f, const node *nodes, int n_nodes) {
    memset(f, 0, sizeof *f);
    f->n_nodes = n_nodes;
    for (int i = 0; i < n_nodes; i++) {
        int parent = nodes[i].parent, end = i + 1;
        f->row0[i] = f->T;
        f->start[i] = parent < 0 ? 0 : f->start[parent] + nodes[parent].n;
        int rows = nodes[i].n;
        for (; end < n_nodes; end++) { /* the subtree: nodes after i whose ancestors include i */
            int a = end;
            while (a > i) a = nodes[a].parent;
            if (a != i) break;
            rows += nodes[end].n;
        }
        if (parent < 0) f->trees[f->n_trees++] = (lem_attn_tree){f->T, f->T + rows, f->n_segs, 0, 0};
        lem_attn_tree *tree = &f->trees[f->n_trees - 1];
        for (int j = 0; j < nodes[i].n; j += LEM_PAGE_KEYS) {
            int keys = nodes[i].n - j < LEM_PAGE_KEYS ? nodes[i].n - j : LEM_PAGE_KEYS;
            f->segs[f->n_segs++] =
                (lem_attn_seg){f->T, f->T + rows, f->n_pages, keys, f->start[i] + j, f->T + j};
            for (int k = 0; k < keys; k++) {
                f->pos[f->T + j + k] = f->start[i] + j + k;
                f->page[f->T + j + k] = f->n_pages;
                f->slot[f->T + j + k] = k;
                f->node_of[f->T + j + k] = i;
            }
            f->n_pages++;
        }
        f->T += nodes[i].n;
        tree->seg1 = f->n_segs;
        int len = f->start[i] + nodes[i].n;
        tree->max_len = len > tree->max_len ? len : tree->max_len;
    }
}

typedef struct heads {
    int H, KH, E;
} heads;
typedef struct tensors { /* inputs by row, results, pages */
    float *q, *k, *v, *dout, *out, *lse, *dq, *dk, *dv;
    size_t nq, nk;
    lem_kv kv;
} tensors;

#define LAYER 1 /* of two: layer strides matter */

static lem_dtype kv_dtype; /* of every kv */
#define ONE_ROUNDED 0.004

static lem_kv kv_of(int KH, int E, int layers) {
    lem_kv kv = {.head_stride = lem_kv_head_floats(E, kv_dtype), .dtype = kv_dtype};
    kv.layer_stride = kv.head_stride * (size_t)KH;
    kv.page_stride = kv.layer_stride * (size_t)layers;
    return kv;
}

static void tensors_new(tensors *x, const forest *f, const heads *h) {
    x->nq = (size_t)f->T * (size_t)h->H * (size_t)h->E;
    x->nk = (size_t)f->T * (size_t)h->KH * (size_t)h->E;
    x->q = filled(x->nq, 1);
    x->k = filled(x->nk, 2);
    x->v = filled(x->nk, 3);
    x->dout = filled(x->nq, 4);
    x->out = guarded(x->nq);
    x->lse = guarded((size_t)f->T * (size_t)h->H);
    x->dq = guarded(x->nq);
    x->dk = guarded(x->nk);
    x->dv = guarded(x->nk);
    x->kv = kv_of(h->KH, h->E, 2);
    size_t floats = x->kv.page_stride * (size_t)f->n_pages;
    x->kv.data = guarded(floats);
    memset(x->kv.data, 0xff, floats * sizeof(float)); /* empty slots hold NaN: they must not be seen */
}

static void tensors_free(tensors *x) {
    float *const owned[] = {x->q, x->k, x->v, x->dout, x->out, x->lse, x->dq, x->dk, x->dv, x->kv.data};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

static int window; /* of every plan */

static lem_attn_plan plan_of(const forest *f) {
    return (lem_attn_plan){f->T, f->n_trees, f->pos, f->trees, f->segs, window};
}

static float scale = 0.3f;

static void forward(lem_backend *b, const forest *f, const heads *h, tensors *x) {
    lem_attn_plan plan = plan_of(f);
    b->ops->kv_write(b, f->T, h->KH, h->E, x->k, x->v, f->page, f->slot, LAYER, &x->kv);
    b->ops->attention(b, &plan, h->H, h->KH, h->E, scale, x->q, LAYER, &x->kv, x->out, x->lse);
    check_guard(x->out, x->nq, "attention out");
    check_guard(x->lse, (size_t)f->T * (size_t)h->H, "attention lse");
}

/* of: whose outputs */
static void backward(lem_backend *b, const forest *f, const heads *h, tensors *x, const tensors *of) {
    lem_attn_plan plan = plan_of(f);
    b->ops->attention_backward(b, &plan, h->H, h->KH, h->E, scale, x->q, LAYER, &x->kv, of->out, of->lse,
                               x->dout, x->dq, x->dk, x->dv);
    check_guard(x->dq, x->nq, "dq");
    check_guard(x->dk, x->nk, "dk");
    check_guard(x->dv, x->nk, "dv");
}

static const node single[] = {{-1, 1}};
static const node line[] = {{-1, 150}};
static const node star[] = {{-1, 37}, {0, 5}, {0, 33}, {0, 1}, {0, 64}};
static const node deep[] = {{-1, 3}, {0, 40},  {1, 2}, {2, 7}, {2, 31}, {1, 32}, {0, 9},
                            {6, 6},  {-1, 20}, {8, 1}, {8, 2}, {-1, 1}, {-1, 33}};
static const node bushy[] = {{-1, 70}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1},
                             {0, 1},   {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1},
                             {0, 1},   {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}};
static const struct {
    const char *name;
    const node *nodes;
    int n;
} forests[] = {
    {"single", single, 1}, {"line", line, 1}, {"star", star, 5}, {"deep", deep, 13}, {"bushy", bushy, 25}};
static const heads head_shapes[] = {{1, 1, 32},  {4, 2, 64}, {3, 3, 16}, {8, 1, 40},
                                    {6, 2, 128}, {2, 1, 2},  {130, 1, 6}};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static machines all;
static forest shape;

/* Scores are sums of E products and outputs weighted means; exp turns an absolute error of a score into a
 * relative one of p. */
static double tol_forward(const heads *h) {
    return 4 * (double)EPS * (h->E + 40) * (scale > 1 ? (double)scale : 1);
}
/* With probabilities in bf16 one of them may round the other way. */
static double tol_out(const heads *h) {
    return tol_forward(h) + (kv_dtype == LEM_DTYPE_BF16 ? ONE_ROUNDED : 0);
}
static double tol_backward(const heads *h, const forest *f) {
    return 2 * tol_forward(h) * (1 + sqrt((double)f->T * h->H));
}

static void check_results(const tensors *got, const tensors *want, const forest *f, const heads *h, bool same,
                          const char *what) {
    char name[160];
    const struct {
        const char *name;
        const float *got, *want;
        size_t n;
        double tol;
    } parts[] = {{"out", got->out, want->out, got->nq, tol_out(h)},
                 {"lse", got->lse, want->lse, (size_t)f->T * (size_t)h->H, tol_forward(h)},
                 {"dq", got->dq, want->dq, got->nq, tol_backward(h, f)},
                 {"dk", got->dk, want->dk, got->nk, tol_backward(h, f)},
                 {"dv", got->dv, want->dv, got->nk, tol_backward(h, f)}};
    for (size_t i = 0; i < COUNT(parts); i++) {
        snprintf(name, sizeof name, "%s: %s, H=%d KH=%d E=%d", what, parts[i].name, h->H, h->KH, h->E);
        if (same) check_same(parts[i].got, parts[i].want, parts[i].n, name);
        else check_close(parts[i].got, parts[i].want, parts[i].n, parts[i].tol, name);
    }
}

/* Without VDPBF16PS the same bits. */
static void check_spelled(lem_backend *b, const heads *h, const tensors *by_unit, const tensors *want) {
    lem_cpu_priv *p = b->priv;
    tensors got;
    if (!p->dot_unit) return;
    p->dot_unit = false;
    tensors_new(&got, &shape, h);
    forward(b, &shape, h, &got);
    backward(b, &shape, h, &got, want);
    check_results(&got, by_unit, &shape, h, true, "spelled out");
    tensors_free(&got);
    p->dot_unit = true;
}

static void check_shape(const char *name, const heads *h) {
    char what[128];
    tensors want, first[N_ISA], got;
    tensors_new(&want, &shape, h);
    forward(all.ref, &shape, h, &want);
    backward(all.ref, &shape, h, &want, &want);
    for (int i = 0; i < N_ISA; i++) {
        tensors_new(&first[i], &shape, h);
        if (!all.cpu[i][0]) continue;
        forward(all.cpu[i][0], &shape, h, &first[i]);
        backward(all.cpu[i][0], &shape, h, &first[i], &want);
        check_spelled(all.cpu[i][0], h, &first[i], &want);
        snprintf(what, sizeof what, "%s %s", name, all.cpu[i][0]->ops->name);
        check_results(&first[i], &want, &shape, h, false, what);
        for (int t = 1; t < N_THREADS; t++) {
            tensors_new(&got, &shape, h);
            forward(all.cpu[i][t], &shape, h, &got);
            backward(all.cpu[i][t], &shape, h, &got, &want);
            check_results(&got, &first[i], &shape, h, true, "threads");
            tensors_free(&got);
        }
    }
    if (all.cpu[1][0] && all.cpu[2][0]) check_results(&first[1], &first[2], &shape, h, true, "avx2 = avx512");
    for (int i = 0; i < N_ISA; i++) tensors_free(&first[i]);
    tensors_free(&want);
}

static void test_against_ref(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(forests); i++) {
        build(&shape, forests[i].nodes, forests[i].n);
        for (size_t j = 0; j < COUNT(head_shapes); j++) check_shape(forests[i].name, &head_shapes[j]);
    }
}

/* Scores in the hundreds: e^score overflows unless the row's largest is taken off first, and most
 * probabilities are 0. */
static void test_large_scores(void **state) {
    (void)state;
    build(&shape, star, 5);
    scale = 100.0f;
    check_shape("large scores", &(heads){4, 2, 64});
    scale = 0.3f;
}

/* Each node's path as a sequence of its own gives the same rows, bit for bit. */
static void check_paths(lem_backend *b, const node *nodes, const heads *h) {
    static forest path;
    tensors x, y;
    size_t q_row = (size_t)h->H * (size_t)h->E, k_row = (size_t)h->KH * (size_t)h->E;
    tensors_new(&x, &shape, h);
    forward(b, &shape, h, &x);
    for (int leaf = 0; leaf < shape.n_nodes; leaf++) {
        int rows[2048], n = shape.start[leaf] + nodes[leaf].n;
        for (int a = leaf; a >= 0; a = nodes[a].parent)
            for (int j = 0; j < nodes[a].n; j++) rows[shape.start[a] + j] = shape.row0[a] + j;
        build(&path, &(node){-1, n}, 1);
        tensors_new(&y, &path, h);
        for (int r = 0; r < n; r++) {
            memcpy(y.q + (size_t)r * q_row, x.q + (size_t)rows[r] * q_row, q_row * sizeof(float));
            memcpy(y.k + (size_t)r * k_row, x.k + (size_t)rows[r] * k_row, k_row * sizeof(float));
            memcpy(y.v + (size_t)r * k_row, x.v + (size_t)rows[r] * k_row, k_row * sizeof(float));
        }
        forward(b, &path, h, &y);
        for (int r = 0; r < n; r++) {
            check_same(y.out + (size_t)r * q_row, x.out + (size_t)rows[r] * q_row, q_row, "path alone: out");
            check_same(y.lse + r * h->H, x.lse + rows[r] * h->H, (size_t)h->H, "path alone: lse");
        }
        tensors_free(&y);
    }
    tensors_free(&x);
}

static void test_forest_equals_sequences(void **state) {
    (void)state;
    for (size_t f = 0; f < COUNT(forests); f++) {
        build(&shape, forests[f].nodes, forests[f].n);
        for (int i = 0; i < N_ISA; i++)
            for (size_t j = 0; j < 3 && all.cpu[i][1]; j++)
                check_paths(all.cpu[i][1], forests[f].nodes, &head_shapes[j]);
    }
}

/* A sequence fed in two calls (the second sees pages of the first, and fills the last of them) equals one
 * call. */
static void check_two_calls(lem_backend *b, const heads *h, int n, int split) {
    tensors x, y;
    size_t q_row = (size_t)h->H * (size_t)h->E, k_row = (size_t)h->KH * (size_t)h->E;
    build(&shape, &(node){-1, n}, 1);
    tensors_new(&x, &shape, h);
    tensors_new(&y, &shape, h);
    forward(b, &shape, h, &x);
    for (int part = 0; part < 2; part++) {
        int r0 = part ? split : 0, r1 = part ? n : split;
        lem_attn_seg segs[64];
        int n_segs = (r1 + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS;
        for (int s = 0; s < n_segs; s++) {
            int keys = r1 - s * LEM_PAGE_KEYS < LEM_PAGE_KEYS ? r1 - s * LEM_PAGE_KEYS : LEM_PAGE_KEYS;
            segs[s] = (lem_attn_seg){0, r1 - r0, s, keys, s * LEM_PAGE_KEYS, -1};
        }
        lem_attn_tree tree = {0, r1 - r0, 0, n_segs, r1};
        lem_attn_plan plan = {r1 - r0, 1, shape.pos + r0, &tree, segs, window};
        b->ops->kv_write(b, r1 - r0, h->KH, h->E, y.k + (size_t)r0 * k_row, y.v + (size_t)r0 * k_row,
                         shape.page + r0, shape.slot + r0, LAYER, &y.kv);
        b->ops->attention(b, &plan, h->H, h->KH, h->E, scale, y.q + (size_t)r0 * q_row, LAYER, &y.kv,
                          y.out + (size_t)r0 * q_row, NULL);
    }
    check_same(y.out, x.out, x.nq, "two calls");
    tensors_free(&x);
    tensors_free(&y);
}

static void test_split_calls(void **state) {
    (void)state;
    for (int i = 0; i < N_ISA; i++) {
        if (!all.cpu[i][1]) continue;
        check_two_calls(all.cpu[i][1], &(heads){4, 2, 64}, 90, 70);
        check_two_calls(all.cpu[i][1], &(heads){4, 2, 64}, 71, 70);
        check_two_calls(all.cpu[i][1], &(heads){4, 2, 64}, 90, 71);
        check_two_calls(all.cpu[i][1], &(heads){2, 1, 7}, 33, 1);
        check_two_calls(all.cpu[i][1], &(heads){3, 1, 16}, 64, 32);
    }
}

/* One row over more segments than are listed and more positions than 80 heads' scores have room for: the slow
 * ways must agree with ref. */
static void test_very_long_path(void **state) {
    enum { SEGS = 33000, HEADS = 80, WIDTH = 2 };
    (void)state;
    lem_attn_seg *segs = malloc(SEGS * sizeof *segs);
    float *q = filled(HEADS * WIDTH, 1), *want = guarded(HEADS * WIDTH);
    lem_kv kv = kv_of(1, WIDTH, 1);
    float *k = filled((size_t)SEGS * WIDTH, 2), *v = filled((size_t)SEGS * WIDTH, 3);
    int *page = malloc(2 * SEGS * sizeof *page), *slot = page + SEGS;
    int pos = SEGS - 1;
    lem_attn_tree tree = {0, 1, 0, SEGS, SEGS};
    lem_attn_plan plan = {1, 1, &pos, &tree, segs, window};
    assert_non_null(segs);
    for (int i = 0; i < SEGS; i++) segs[i] = (lem_attn_seg){0, 1, i, 1, i, -1};
    assert_non_null(page);
    for (int i = 0; i < SEGS; i++) {
        page[i] = i;
        slot[i] = 0;
    }
    kv.data = guarded((size_t)SEGS * kv.page_stride);
    all.ref->ops->kv_write(all.ref, SEGS, 1, WIDTH, k, v, page, slot, 0, &kv);
    all.ref->ops->attention(all.ref, &plan, HEADS, 1, WIDTH, 0.3f, q, 0, &kv, want, NULL);
    for (int i = 0; i < N_ISA; i++) {
        if (!all.cpu[i][0]) continue;
        float *out = guarded(HEADS * WIDTH);
        all.cpu[i][0]->ops->kv_write(all.cpu[i][0], SEGS, 1, WIDTH, k, v, page, slot, 0, &kv);
        all.cpu[i][0]->ops->attention(all.cpu[i][0], &plan, HEADS, 1, WIDTH, 0.3f, q, 0, &kv, out, NULL);
        check_guard(out, HEADS * WIDTH, "long path");
        check_close(out, want, HEADS * WIDTH, 4 * (double)EPS * 64,
                    "long path"); /* outputs of order 1/sqrt(SEGS) */
        free(out);
    }
    free(segs);
    free(q);
    free(k);
    free(v);
    free(page);
    free(want);
    free(kv.data);
}

/* Rows of several nodes in one call, slots behind each other but pages not: each row lands as if alone. */
static void check_writes(lem_backend *b) {
    enum { ROWS = 11, KH = 2, E = 40 };
    static const int page[ROWS] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1},
                     slot[ROWS] = {0, 1, 2, 3, 0, 1, 2, 3, 4, 4, 5};
    lem_kv one = kv_of(KH, E, 1), all_rows = one;
    const size_t floats = 2 * one.page_stride;
    float *k = filled(ROWS * KH * E, 1), *v = filled(ROWS * KH * E, 2);
    one.data = guarded(floats);
    all_rows.data = guarded(floats);
    for (int r = 0; r < ROWS; r++) {
        const size_t at = (size_t)r * KH * E;
        b->ops->kv_write(b, 1, KH, E, k + at, v + at, page + r, slot + r, 0, &one);
    }
    b->ops->kv_write(b, 9, KH, E, k, v, page, slot, 0, &all_rows);
    b->ops->kv_write(b, 2, KH, E, k + 9 * KH * E, v + 9 * KH * E, page + 9, slot + 9, 0, &all_rows);
    check_same(all_rows.data, one.data, floats, "rows written together");
    check_guard(all_rows.data, floats, "pages");
    free(k);
    free(v);
    free(one.data);
    free(all_rows.data);
}

static void test_writes(void **state) {
    (void)state;
    for (int i = 0; i < N_ISA; i++)
        for (int t = 0; t < N_THREADS; t++)
            if (all.cpu[i][t]) check_writes(all.cpu[i][t]);
}

static const int windows[] = {1, 5, 32, 33, 100};

/* The window cuts pages anywhere. */
static void test_windows(void **state) {
    for (size_t i = kv_dtype == LEM_DTYPE_F32 ? 0 : 3; i < COUNT(windows); i++) {
        window = windows[i];
        test_against_ref(state);
        test_forest_equals_sequences(state);
        test_split_calls(state);
    }
    window = 7;
    test_very_long_path(state);
    window = 0;
}

/* A path written out by hand: what row r of a line sees with window w is what the last row of the keys
 * r-w+1..r alone sees. */
static void test_window_is_a_cut(void **state) {
    enum { N = 100, W = 37 };
    static forest cut;
    const heads h = {4, 2, 64};
    tensors x, y;
    size_t q_row = (size_t)h.H * (size_t)h.E, k_row = (size_t)h.KH * (size_t)h.E;
    (void)state;
    build(&shape, &(node){-1, N}, 1);
    build(&cut, &(node){-1, W}, 1);
    tensors_new(&x, &shape, &h);
    tensors_new(&y, &cut, &h);
    window = W;
    forward(all.ref, &shape, &h, &x);
    window = 0;
    for (int r = W - 1; r < N; r++) {
        memcpy(y.q, x.q + (size_t)(r - W + 1) * q_row, W * q_row * sizeof(float));
        memcpy(y.k, x.k + (size_t)(r - W + 1) * k_row, W * k_row * sizeof(float));
        memcpy(y.v, x.v + (size_t)(r - W + 1) * k_row, W * k_row * sizeof(float));
        forward(all.ref, &cut, &h, &y);
        check_same(y.out + (W - 1) * q_row, x.out + (size_t)r * q_row, q_row, "window: out");
    }
    tensors_free(&x);
    tensors_free(&y);
}

/* What is rounded, said once more by hand: with one key the output is its value in bf16; with two keys of
 * equal scores each has the probability 1 of 2. */
static void test_what_is_rounded(void **state) {
    const heads h = {1, 1, 4};
    (void)state;
    build(&shape, &(node){-1, 2}, 1);
    for (int i = -1; i < N_ISA; i++) {
        lem_backend *b = i < 0 ? all.ref : all.cpu[i][0];
        tensors x;
        if (!b) continue;
        tensors_new(&x, &shape, &h);
        for (int e = 0; e < 4; e++) {
            x.k[e] = x.k[4 + e] = 1 + (float)e;
            x.v[e] = 1.0f / 3;
            x.v[4 + e] = 5.0f / 7;
        }
        forward(b, &shape, &h, &x);
        const float *out = x.out;
        float first = lem_bf16_to_f32(lem_f32_to_bf16(1.0f / 3)),
              second = lem_bf16_to_f32(lem_f32_to_bf16(5.0f / 7));
        for (int e = 0; e < 4; e++) {
            assert_true(out[e] == first);
            assert_true(out[4 + e] == (first + second) / 2);
        }
        tensors_free(&x);
    }
}

static int keys_in_bf16(void **state) {
    (void)state;
    kv_dtype = LEM_DTYPE_BF16;
    return 0;
}

static int open_all(void **state) {
    (void)state;
    machines_open(&all);
    return 0;
}
static int close_all(void **state) {
    (void)state;
    machines_close(&all);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_ref),
        cmocka_unit_test(test_large_scores),
        cmocka_unit_test(test_forest_equals_sequences),
        cmocka_unit_test(test_split_calls),
        cmocka_unit_test(test_very_long_path),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_window_is_a_cut),
        cmocka_unit_test(test_writes),
        cmocka_unit_test_setup(test_what_is_rounded, keys_in_bf16),
        cmocka_unit_test(test_against_ref),
        cmocka_unit_test(test_large_scores),
        cmocka_unit_test(test_forest_equals_sequences),
        cmocka_unit_test(test_split_calls),
        cmocka_unit_test(test_very_long_path),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_window_is_a_cut),
        cmocka_unit_test(test_writes),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
