/* test_far - the far backend: its operations are the inner backend's to the bit, want no less memory than
 * they use, and do nothing once the device has failed; its memory is poisoned, used again and limited */
#include "far_util.h"

/* ---- every operation ---- */

typedef struct shape {
    int T, N, K;
} shape;
typedef struct sizes { /* of a shape */
    size_t t, n, k, tn, tk, nk;
} sizes;

static sizes sizes_of(const shape *s) {
    size_t t = (size_t)s->T, n = (size_t)s->N, k = (size_t)s->K;
    return (sizes){t, n, k, t * n, t * k, n * k};
}

static void run_memory(bench *t, const shape *s) {
    sizes z = sizes_of(s);
    float *x = put_random(t, z.tk, 1), *y = room(t, z.tk * sizeof *y);
    t->b->ops->copy(t->b, y, x, z.tk * sizeof *y);
    t->b->ops->zero(t->b, x, (z.tk - 1) * sizeof *x);
    take_floats(t, x, z.tk);
    take_floats(t, y, z.tk);
    t->b->ops->zero(t->b, x + z.tk, 0);
}

static void linear_with(bench *t, const shape *s, lem_dtype dtype, bool bias, bool accumulate) {
    sizes z = sizes_of(s);
    size_t bytes = t->b->ops->packed_bytes(s->N, s->K, dtype);
    lem_packed w = {s->N, s->K, dtype, room(t, bytes)};
    t->b->ops->pack(t->b, put_random(t, z.nk, 2), &w);
    take(t, w.data, bytes);
    w.data = again(t, w.data, bytes);
    float *y = put_random(t, z.tn, 4), *add = bias ? put_random(t, z.n, 3) : NULL;
    t->b->ops->linear(t->b, s->T, put_random(t, z.tk, 1), &w, add, y, accumulate);
    take_floats(t, y, z.tn);
}
static void run_linear(bench *t, const shape *s) {
    linear_with(t, s, LEM_DTYPE_F32, false, false);
    linear_with(t, s, LEM_DTYPE_F32, true, true);
    linear_with(t, s, LEM_DTYPE_BF16, true, false);
    linear_with(t, s, LEM_DTYPE_I8, true, true);
}

static void pack_rows_as(bench *t, const shape *s, lem_dtype dtype) {
    size_t row = lem_pack_row_bytes(s->K, dtype), bytes = t->b->ops->packed_bytes(s->N, s->K, dtype);
    lem_packed w = {s->N, s->K, dtype, room(t, bytes)};
    unsigned char *host = (unsigned char *)filled((size_t)s->N * (row / sizeof(float) + 1), 5);
    for (int i = 0; i < s->N; i += LEM_PACK_ROWS) {
        int n = s->N - i < LEM_PACK_ROWS ? s->N - i : LEM_PACK_ROWS;
        t->b->ops->pack_rows(t->b, i, n, host + (size_t)i * row, &w);
    }
    take(t, w.data, bytes);
    free(host);
}
static void run_pack_rows(bench *t, const shape *s) {
    pack_rows_as(t, s, LEM_DTYPE_F32);
    pack_rows_as(t, s, LEM_DTYPE_BF16);
    pack_rows_as(t, s, LEM_DTYPE_I8);
}

static void run_linear_backward(bench *t, const shape *s) {
    sizes z = sizes_of(s);
    float *dy = put_random(t, z.tn, 5), *w = put_random(t, z.nk, 6), *x = put_random(t, z.tk, 7),
          *dx = put_random(t, z.tk, 8), *dw = put_random(t, z.nk, 9), *db = put_random(t, z.n, 10);
    t->b->ops->linear_dx(t->b, s->T, s->N, s->K, dy, w, LEM_DTYPE_F32, dx, true);
    take_floats(t, dx, z.tk);
    uint16_t *narrow = malloc(z.nk * sizeof *narrow);
    for (size_t i = 0; i < z.nk; i++) narrow[i] = lem_f32_to_bf16((float)(i % 29) - 14.0f);
    void *bf16 = put(t, narrow, z.nk * sizeof *narrow);
    free(narrow);
    t->b->ops->linear_dx(t->b, s->T, s->N, s->K, dy, bf16, LEM_DTYPE_BF16, dx, false);
    t->b->ops->linear_dw(t->b, s->T, s->N, s->K, more(t, dy, z.tn), x, dw);
    t->b->ops->bias_grad(t->b, s->T, s->N, more(t, dy, z.tn), db);
    take_floats(t, dx, z.tk);
    take_floats(t, dw, z.nk);
    take_floats(t, db, z.n);
}

static void run_rmsnorm(bench *t, const shape *s) {
    sizes z = sizes_of(s);
    float *x = put_random(t, z.tk, 11), *w = put_random(t, z.k, 12), *y = room(t, z.tk * sizeof *y),
          *inv = room(t, z.t * sizeof *inv), *dy = put_random(t, z.tk, 13), *dx = put_random(t, z.tk, 14),
          *dw = put_random(t, z.k, 15);
    t->b->ops->rmsnorm(t->b, s->T, s->K, x, w, 1e-5f, y, NULL);
    t->b->ops->rmsnorm(t->b, s->T, s->K, x, w, 1e-5f, y, inv);
    t->b->ops->rmsnorm_backward(t->b, s->T, s->K, dy, more(t, x, z.tk), more(t, w, z.k), more(t, inv, z.t),
                                dx, dw);
    take_floats(t, y, z.tk);
    take_floats(t, inv, z.t);
    take_floats(t, dx, z.tk);
    take_floats(t, dw, z.k);
}

static void run_rope(bench *t, const shape *s) {
    int H = 3, E = (s->K + 1) / 2 * 2;
    size_t n = (size_t)s->T * (size_t)(H * E);
    float *x = put_random(t, n, 16), *table = put_random(t, (size_t)(40 * E), 17);
    int *pos = put_numbers(t, (size_t)s->T, 7, 40);
    t->b->ops->rope(t->b, s->T, H, E, x, pos, table, false);
    take_floats(t, x, n);
    t->b->ops->rope(t->b, s->T, H, E, x, pos, table, true);
    take_floats(t, x, n);
}

static void run_swiglu(bench *t, const shape *s) {
    sizes z = sizes_of(s);
    float *gate = put_random(t, z.tk, 18), *up = put_random(t, z.tk, 19), *act = room(t, z.tk * sizeof *act),
          *dact = put_random(t, z.tk, 20), *dgate = room(t, z.tk * sizeof *dgate),
          *dup = room(t, z.tk * sizeof *dup);
    t->b->ops->swiglu(t->b, s->T, s->K, gate, up, act);
    t->b->ops->swiglu_backward(t->b, s->T, s->K, more(t, gate, z.tk), more(t, up, z.tk), dact, dgate, dup);
    take_floats(t, act, z.tk);
    take_floats(t, dgate, z.tk);
    take_floats(t, dup, z.tk);
}

static void run_whole(bench *t, const shape *s) {
    size_t n = sizes_of(s).tk;
    float *x = put_random(t, n, 21), *y = put_random(t, n, 22), bad = NAN;
    t->b->ops->add(t->b, n, x, y);
    take_floats(t, x, n);
    y = more(t, y, n);
    t->b->ops->scale(t->b, n, y, 0.3f);
    take_floats(t, y, n);
    take_host(t, t->b->ops->sumsq(t->b, n, more(t, x, n)));
    y = more(t, y, n);
    take_host(t, t->b->ops->all_finite(t->b, n, y));
    t->b->ops->copy_in(t->b, y + n / 2, &bad, sizeof bad);
    take_host(t, t->b->ops->all_finite(t->b, n, y));
    x = more(t, x, n);
    t->b->ops->relu(t->b, n, x);
    take_floats(t, x, n);
}

static void run_rows(bench *t, const shape *s) {
    enum { ROWS = 11 };
    sizes z = sizes_of(s);
    float *table = put_random(t, ROWS * z.k, 23), *to = room(t, z.tk * sizeof *to);
    int32_t *rows = put_numbers(t, z.t, 5, ROWS);
    t->b->ops->gather(t->b, s->T, s->K, rows, table, LEM_DTYPE_F32, to);
    take_floats(t, to, z.tk);
    table = more(t, table, ROWS * z.k);
    t->b->ops->scatter_add(t->b, s->T, s->K, again(t, rows, z.t * sizeof *rows), more(t, to, z.tk), table);
    take_floats(t, table, ROWS * z.k);
    uint16_t *narrow = malloc(ROWS * z.k * sizeof *narrow);
    for (size_t i = 0; i < ROWS * z.k; i++) narrow[i] = lem_f32_to_bf16((float)i);
    t->b->ops->gather(t->b, s->T, s->K, rows, put(t, narrow, ROWS * z.k * sizeof *narrow), LEM_DTYPE_BF16,
                      to);
    take_floats(t, to, z.tk);
    free(narrow);
}

static void run_qkv(bench *t, const shape *s) {
    int H = 6, KH = 2, E = s->K;
    size_t nq = (size_t)s->T * (size_t)(H * E), nk = (size_t)s->T * (size_t)(KH * E), all = nq + 2 * nk;
    float *qkv = put_random(t, all, 24), *back = room(t, all * sizeof *back), *q = room(t, nq * sizeof *q),
          *k = room(t, nk * sizeof *k), *v = room(t, nk * sizeof *v);
    t->b->ops->split_qkv(t->b, s->T, H, KH, E, qkv, q, k, v);
    t->b->ops->merge_qkv(t->b, s->T, H, KH, E, more(t, q, nq), more(t, k, nk), more(t, v, nk), back);
    take_floats(t, q, nq);
    take_floats(t, k, nk);
    take_floats(t, v, nk);
    take_floats(t, back, all);
}

static void run_logprob(bench *t, const shape *s) {
    sizes z = sizes_of(s);
    float *logits = put_random(t, z.tk, 25), *lp = room(t, z.t * sizeof *lp),
          *lse = room(t, z.t * sizeof *lse), *weight = put_random(t, z.t, 26);
    int32_t *target = put_numbers(t, z.t, 31, z.k);
    t->b->ops->logprob(t->b, s->T, s->K, logits, target, lp, NULL);
    t->b->ops->logprob(t->b, s->T, s->K, logits, target, lp, lse);
    take_floats(t, lp, z.t);
    take_floats(t, lse, z.t);
    logits = more(t, logits, z.tk);
    target = again(t, target, z.t * sizeof *target);
    t->b->ops->softmax_xent_grad(t->b, s->T, s->K, logits, target, weight, more(t, lse, z.t));
    take_floats(t, logits, z.tk);
}

static void run_sample(bench *t, const shape *s) {
    enum { DRAWS = 40 };
    lem_draw draw[DRAWS];
    const int32_t seen[] = {0, s->K - 1, 0, s->K / 2};
    for (int i = 0; i < DRAWS; i++)
        draw[i] = (lem_draw){0.024 * i, 0.4f * (float)(i % 4), i % 2 ? 0.9f : 1.0f, i % 3 * 2, i % s->T};
    for (int i = 0; i < DRAWS; i += 2) draw[i].penalty = 1.5f, draw[i].n_seen = 4;
    float *logits = put_random(t, sizes_of(s).tk, 27);
    int32_t *token = room(t, DRAWS * sizeof *token);
    t->b->ops->sample(t->b, DRAWS, s->K, logits, put(t, draw, sizeof draw), put(t, seen, sizeof seen), token);
    take(t, token, DRAWS * sizeof *token);
}

static void run_adamw(bench *t, const shape *s) {
    size_t n = sizes_of(s).tk;
    float *param = put_random(t, n, 28), *grad = put_random(t, n, 29), *m = put_random(t, n, 30),
          *v = put_positive(t, n, 31);
    lem_adamw o = {1e-2f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.19f, 0.0975f, 0.5f};
    t->b->ops->adamw(t->b, n, param, grad, m, v, &o);
    take_floats(t, param, n);
    take_floats(t, m, n);
    take_floats(t, v, n);
}

static void run_attention(bench *t, const shape *s) {
    line l = put_line(t, 2 * s->T + 1, (s->K + 1) / 2 * 2);
    lem_backend *b = t->b;
    size_t pages = l.kv.page_stride * (size_t)l.pages;
    float *q = put_random(t, l.nq, 33), *k = put_random(t, l.nk, 34), *v = put_random(t, l.nk, 35),
          *dout = put_random(t, l.nq, 36), *out = room(t, l.nq * sizeof *out),
          *dq = room(t, l.nq * sizeof *dq), *dk = room(t, l.nk * sizeof *dk),
          *dv = room(t, l.nk * sizeof *dv), *lse = room(t, (size_t)(l.rows * l.H) * sizeof *lse);
    b->ops->kv_write(b, l.rows, l.KH, l.E, k, v, l.page, l.slot, l.layer, &l.kv);
    take_floats(t, l.kv.data, pages);
    l.kv.data = more(t, l.kv.data, pages);
    b->ops->attention(b, &l.plan, l.H, l.KH, l.E, 0.3f, q, l.layer, &l.kv, out, NULL);
    b->ops->attention(b, &l.plan, l.H, l.KH, l.E, 0.3f, q, l.layer, &l.kv, out, lse);
    take_floats(t, out, l.nq);
    take_floats(t, lse, (size_t)(l.rows * l.H));
    l.kv.data = more(t, l.kv.data, pages);
    q = more(t, q, l.nq);
    out = more(t, out, l.nq);
    lse = more(t, lse, (size_t)(l.rows * l.H));
    b->ops->attention_backward(b, &l.plan, l.H, l.KH, l.E, 0.3f, q, l.layer, &l.kv, out, lse, dout, dq, dk,
                               dv);
    take_floats(t, dq, l.nq);
    take_floats(t, dk, l.nk);
    take_floats(t, dv, l.nk);
}

static void run_dropout(bench *t, const shape *s) {
    size_t n = sizes_of(s).tk;
    float *x = put_random(t, n, 31), *y = put_random(t, n, 32);
    const void *row = put_numbers(t, 2 * (size_t)s->T, 23, 1 << 20); /* two of them as one id */
    const lem_noise noise = {{3, 4}, (uint64_t)5 << 40, row, 1u << 30, 4.0f / 3};
    t->b->ops->dropout(t->b, s->T, s->K, &noise, x, y, true);
    take_floats(t, y, n);
    t->b->ops->dropout(t->b, s->T, s->K, &noise, more(t, x, n), y, false);
    take_floats(t, y, n);
}

static const struct {
    const char *name;
    void (*run)(bench *t, const shape *s);
} cases[] = {{"memory", run_memory},
             {"linear", run_linear},
             {"pack_rows", run_pack_rows},
             {"linear backward", run_linear_backward},
             {"rmsnorm", run_rmsnorm},
             {"rope", run_rope},
             {"swiglu", run_swiglu},
             {"whole arrays", run_whole},
             {"dropout", run_dropout},
             {"gather, scatter_add", run_rows},
             {"split_qkv, merge_qkv", run_qkv},
             {"logprob", run_logprob},
             {"sample", run_sample},
             {"adamw", run_adamw},
             {"attention", run_attention}};
static const shape shapes[] = {{1, 1, 2}, {3, 33, 7}, {13, 45, 96}, {37, 70, 33}};

static void check_case(const pair *p, size_t i, const shape *s) {
    bench near = {.b = p->inner}, far = {.b = p->far};
    cases[i].run(&near, s);
    cases[i].run(&far, s);
    assert_int_equal(near.n_got, far.n_got);
    for (size_t j = 0; j < near.n_got; j++)
        if (near.got[j] != far.got[j])
            fail_msg("%s %s T=%d N=%d K=%d: byte %zu of %zu differs", p->inner->ops->name, cases[i].name,
                     s->T, s->N, s->K, j, near.n_got);
    bench_clear(&near);
    bench_clear(&far);
}

static void check_isa(lem_isa isa) {
    pair p = pair_new(isa, 2, 64 * MIB);
    assert_false(p.far->ops->host_memory);
    assert_ptr_equal(p.far->pool, p.pool);
    assert_string_equal(p.far->ops->name, p.inner->ops->name);
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t j = 0; j < COUNT(shapes); j++) check_case(&p, i, &shapes[j]);
    assert_int_equal(far_live(p.far), 0);
    pair_free(&p);
}
static void test_same_bits(void **state) {
    (void)state;
    check_isa(LEM_ISA_REF);
    check_isa(LEM_ISA_GENERIC);
    check_isa(LEM_ISA_AUTO);
}

/* No entry of the table was forgotten: here or in the interface. */
static void test_whole_table(void **state) {
    (void)state;
    pair p = pair_new(LEM_ISA_GENERIC, 0, MIB);
    typedef void (*entry)(void);
    const size_t first = offsetof(lem_backend_ops, alloc),
                 n = (sizeof(lem_backend_ops) - first) / sizeof(entry);
    for (size_t i = 0; i < n; i++) {
        entry ours, theirs;
        size_t at = first + i * sizeof(entry);
        memcpy(&ours, (const char *)p.far->ops + at, sizeof ours);
        memcpy(&theirs, (const char *)p.inner->ops + at, sizeof theirs);
        if (!ours) fail_msg("entry %zu of the table is missing", i);
        if (ours == theirs && at != offsetof(lem_backend_ops, packed_bytes))
            fail_msg("entry %zu is the inner one", i);
    }
    pair_free(&p);
}

/* ---- memory ---- */

static void check_poison(lem_backend *b, const void *p, size_t bytes) {
    unsigned char *host = malloc(bytes);
    assert_non_null(host);
    b->ops->copy_out(b, host, p, bytes);
    for (size_t i = 0; i < bytes; i++) assert_int_equal(host[i], 0xff);
    free(host);
}

static void test_poison(void **state) {
    (void)state;
    pair p = pair_new(LEM_ISA_GENERIC, 0, MIB);
    bench t = {.b = p.far};
    float *x = room(&t, 101 * sizeof *x), *host;
    check_poison(p.far, x, 101 * sizeof *x);
    host = far_read(p.far, x, 101);
    assert_true(isnan(host[0]) && isnan(host[100]));
    free(host);
    p.far->ops->zero(p.far, x, 101 * sizeof *x);
    host = far_read(p.far, x, 101);
    assert_true(host[0] == 0 && host[100] == 0);
    free(host);
    bench_clear(&t);
    assert_ptr_equal(room(&t, 101 * sizeof *x), x);
    check_poison(p.far, x, 101 * sizeof *x);
    bench_clear(&t);
    pair_free(&p);
}

static void test_free_list(void **state) {
    (void)state;
    static const size_t bytes[] = {1, 64, 1000, 65, 0};
    pair p = pair_new(LEM_ISA_GENERIC, 0, MIB);
    bench t = {.b = p.far};
    void *at[COUNT(bytes)], *again, *later;
    for (size_t i = 0; i < COUNT(bytes); i++) {
        at[i] = room(&t, bytes[i]);
        assert_int_equal((uintptr_t)at[i] % 64, 0);
        if (i > 0) assert_true(distance(at[i - 1], at[i]) >= bytes[i - 1] + 64);
    }
    assert_int_equal(far_live(p.far), COUNT(bytes));
    p.far->ops->release(p.far, at[2]);
    t.held[2] = NULL; /* which may be released too */
    later = room(&t, 1100);
    assert_true(distance(at[4], later) < MIB / 2); /* it did not fit into the hole */
    again = room(&t, 960);
    assert_ptr_equal(again, at[2]);
    bench_clear(&t);
    assert_int_equal(far_live(p.far), 0);
    pair_free(&p);
}

static void test_capacity(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    pair p = pair_new(LEM_ISA_GENERIC, 0, 4096);
    void *x = NULL, *y = NULL;
    assert_int_equal(p.far->ops->alloc(p.far, 4097, false, &x, &err), LEM_EMEM);
    assert_non_null(strstr(err.text, "4097 bytes"));
    assert_int_equal(p.far->ops->alloc(p.far, SIZE_MAX, false, &x, &err), LEM_EMEM);
    assert_null(x);
    assert_int_equal(p.far->ops->alloc(p.far, 4096 - 64, false, &x, &err), LEM_OK);
    assert_int_equal(p.far->ops->alloc(p.far, 0, false, &y, &err), LEM_EMEM);
    p.far->ops->release(p.far, x);
    lem_mem_fail_after(1, false); /* the host's memory can end too */
    assert_int_equal(p.far->ops->alloc(p.far, 64, false, &y, &err), LEM_EMEM);
    lem_mem_fail_after(0, false);
    assert_int_equal(far_live(p.far), 0);
    pair_free(&p);
}

static void test_wants_host_memory(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_backend *twice = NULL;
    pair p = pair_new(LEM_ISA_GENERIC, 0, 4096);
    assert_int_equal(far_backend_new(p.far, 4096, &twice, &err), LEM_EUSAGE);
    assert_null(twice);
    assert_int_equal(far_backend_free(NULL), 0);
    pair_free(&p);
}

/* Each array of each operation, when its last element is missing. */
static void one_short(misuse *m) {
    bench t = {.b = m->b, .short_at = m->short_at};
    cases[m->of_case].run(&t, &shapes[COUNT(shapes) - 1]);
}

static void check_short(size_t of_case, size_t n_arrays) {
    for (size_t k = 1; k <= n_arrays; k++) {
        char text[1024];
        int sig = signal_of(one_short, (misuse){.of_case = of_case, .short_at = k}, text, sizeof text);
        bool by_copy = strncmp(text, "far: copy", 9) == 0 && of_case > 0;
        if (sig != SIGABRT || by_copy || !strstr(text, " are left of the allocation of "))
            fail_msg("%s: array %zu of %zu was too short: signal %d; it said: %s", cases[of_case].name, k,
                     n_arrays, sig, text);
    }
}

static void test_one_short(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        pair p = pair_new(LEM_ISA_GENERIC, 0, 64 * MIB);
        bench t = {.b = p.far};
        cases[i].run(&t, &shapes[COUNT(shapes) - 1]);
        size_t n = t.n_held;
        bench_clear(&t);
        pair_free(&p);
        check_short(i, n);
    }
}

/* ---- a device that fails ---- */

/* Each operation of it changes x. */
static void run_steps(lem_backend *b, float *x, const float *host) {
    b->ops->copy_in(b, x, host, N * sizeof *x);
    b->ops->scale(b, N, x, 2);
    b->ops->relu(b, N, x);
    b->ops->add(b, N, x, x);
    b->ops->zero(b, x, 4);
}
enum { STEPS = 5 };

static void check_broken(lem_backend *b, float *x) {
    lem_err err = LEM_ERR_INIT;
    float *got = far_read(b, x, N);
    for (int i = 0; i < N; i++) assert_true(got[i] == 0);
    free(got);
    assert_true(b->ops->sumsq(b, N, x) == 0);
    assert_true(b->ops->all_finite(b, N, x));
    assert_int_equal(b->ops->sync(b, &err), LEM_EIO);
    assert_string_equal(err.text, "the device has failed (test)");
    assert_int_equal(b->ops->sync(b, &err), LEM_EIO);
}

/* What the memory holds after the first `done` steps. */
static void after_steps(lem_backend *plain, const float *host, int done, float *x) {
    memset(x, 0xff, N * sizeof *x);
    if (done > 0) plain->ops->copy_in(plain, x, host, N * sizeof *x);
    if (done > 1) plain->ops->scale(plain, N, x, 2);
    if (done > 2) plain->ops->relu(plain, N, x);
    if (done > 3) plain->ops->add(plain, N, x, x);
    if (done > 4) plain->ops->zero(plain, x, 4);
}

static void test_failure(void **state) {
    (void)state;
    pair p = pair_new(LEM_ISA_GENERIC, 0, MIB);
    float *host = filled(N, 3), want[N], *got;
    for (int n = 1; n <= STEPS + 1; n++) {
        lem_err err = LEM_ERR_INIT;
        bench t = {.b = p.far};
        float *x = room(&t, N * sizeof *x);
        long before = far_ops(p.far);
        far_fail_after(p.far, n);
        run_steps(p.far, x, host);
        assert_int_equal(far_ops(p.far), before + STEPS);
        assert_int_equal(p.far->ops->sync(p.far, &err), n <= STEPS ? LEM_EIO : LEM_OK);
        check_broken(p.far, x);
        far_fail_after(p.far, 0);
        assert_int_equal(p.far->ops->sync(p.far, &err), LEM_OK);
        got = far_read(p.far, x, N);
        after_steps(p.inner, host, n - 1, want);
        check_same(got, want, N, "what was done before the failure");
        free(got);
        bench_clear(&t);
    }
    free(host);
    pair_free(&p);
}

/* Operations whose numbers lie in memory do not look there once the device has failed. */
static void test_failed_cases(void **state) {
    (void)state;
    pair p = pair_new(LEM_ISA_GENERIC, 0, 64 * MIB);
    for (size_t i = 0; i < COUNT(cases); i++) {
        bench t = {.b = p.far};
        lem_err err = LEM_ERR_INIT;
        far_fail_after(p.far, 1);
        cases[i].run(&t, &shapes[1]);
        assert_int_equal(p.far->ops->sync(p.far, &err), LEM_EIO);
        far_fail_after(p.far, 0);
        bench_clear(&t);
    }
    pair_free(&p);
}

/* ---- threads, counters, either kind ---- */

typedef struct loading {
    lem_backend *b;
    lem_packed w;
    float *to;
    const float *host; /* [rows][K] */
} loading;

enum { TASKS = 64, LOAD_K = 33 };

static void load_part(void *ctx, int task, int worker) {
    loading *l = ctx;
    (void)worker;
    size_t part = (size_t)LEM_PACK_ROWS * LOAD_K;
    const float *from = l->host + (size_t)task * part;
    l->b->ops->copy_in(l->b, l->to + (size_t)task * part, from, part * sizeof *from);
    l->b->ops->pack_rows(l->b, task * LEM_PACK_ROWS, LEM_PACK_ROWS, from, &l->w);
}

static void test_threads(void **state) {
    (void)state;
    enum { ROWS = TASKS * LEM_PACK_ROWS };
    const size_t n = (size_t)ROWS * LOAD_K;
    lem_err err = LEM_ERR_INIT;
    pair p = pair_new(LEM_ISA_GENERIC, 4, 4 * MIB);
    bench t = {.b = p.far};
    float *host = filled(n, 4), *got, *want = malloc(n * sizeof *want);
    loading l = {p.far, {0}, room(&t, n * sizeof *host), host};
    lem_packed near = {ROWS, LOAD_K, LEM_DTYPE_F32, want};
    assert_int_equal(lem_packed_alloc(&l.w, p.far, ROWS, LOAD_K, LEM_DTYPE_F32, &err), LEM_OK);
    long before = far_ops(p.far);
    size_t in = far_bytes_in(p.far), out = far_bytes_out(p.far);
    lem_pool_run(p.pool, TASKS, load_part, &l);
    assert_int_equal(far_ops(p.far), before + 2 * TASKS);
    assert_int_equal(far_bytes_in(p.far), in + 2 * n * sizeof *host);
    got = far_read(p.far, l.to, n);
    assert_int_equal(far_bytes_out(p.far), out + n * sizeof *host);
    check_same(got, host, n, "copied in by threads");
    free(got);
    got = far_read(p.far, l.w.data, n);
    p.inner->ops->pack(p.inner, host, &near);
    check_same(got, want, n, "packed by threads");
    free(got);
    lem_packed_release(&l.w, p.far);
    free(want);
    free(host);
    bench_clear(&t);
    pair_free(&p);
}

static void check_kind(const char *value, bool host_memory) {
    lem_err err = LEM_ERR_INIT;
    lem_backend *b = NULL;
    if (value) setenv("LEMMA_FAR", value, 1);
    else unsetenv("LEMMA_FAR");
    if (far_or_plain(LEM_ISA_GENERIC, NULL, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_int_equal(b->ops->host_memory, host_memory);
    bench t = {.b = b};
    float *x = put_random(&t, 10, 6), *want = filled(10, 6), *got = far_read(b, x, 10);
    check_same(got, want, 10, "far_read");
    free(want);
    free(got);
    bench_clear(&t);
    far_or_plain_free(b);
}
static void test_either(void **state) {
    (void)state;
    const char *far = getenv("LEMMA_FAR");
    char *was = far ? strdup(far) : NULL;
    check_kind("1", false);
    check_kind("0", true);
    check_kind(NULL, true);
    far_or_plain_free(NULL);
    if (was) setenv("LEMMA_FAR", was, 1);
    free(was);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_whole_table),
        cmocka_unit_test(test_one_short),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_free_list),
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_wants_host_memory),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_failed_cases),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
