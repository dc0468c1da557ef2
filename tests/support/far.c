/* far.c - the far backend: memory that is mapped twice, and the inner backend's operations behind checks */
#include "support/far.h"

#include "core/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGN = 64, GAP = 64, POISON = 0xff };

typedef struct block { /* one allocation; the list is in order of `at` */
    struct block *next;
    size_t at, bytes;
} block;

typedef struct far_state {
    lem_backend base;
    lem_backend_ops ops;
    lem_backend *inner;
    bool owns_inner;
    unsigned char *outside, *inside; /* the same memory: the addresses handed out, and those that work */
    size_t capacity;
    pthread_mutex_t lock; /* of the list */
    block *live;
    atomic_long n_ops, fail_at; /* fail_at: number of the first operation that fails, 0 = none */
    atomic_size_t bytes_in, bytes_out;
} far_state;

static far_state *state_of(const lem_backend *b) { return (far_state *)(uintptr_t)b; }

_Noreturn static void die(const char *op, const char *arg, const char *fmt, ...) LEM_PRINTF(3, 4);
_Noreturn static void die(const char *op, const char *arg, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fflush(stdout);
    fprintf(stderr, "far: %s: %s %s\n", op, arg, text);
    abort();
}

/* ---- pointers of one call ---- */

typedef struct call {
    far_state *f;
    const char *op;
    bool alive; /* else nothing is done, and what the memory holds means nothing */
} call;

/* name: of the wrapper, "op_add" */
static call call_begin(lem_backend *b, const char *name) {
    far_state *f = state_of(b);
    long number = atomic_fetch_add(&f->n_ops, 1) + 1, fail_at = atomic_load(&f->fail_at);
    return (call){f, name + 3, fail_at == 0 || number < fail_at};
}

static bool meets(const void *p, size_t bytes, const void *region, size_t region_bytes) {
    uintptr_t a = (uintptr_t)p, r = (uintptr_t)region;
    return a < r + region_bytes && r < a + bytes;
}

/* The live allocation that offset lies in or at the end of; bytes SIZE_MAX when there is none. */
static block find_block(far_state *f, size_t offset) {
    block found = {NULL, 0, SIZE_MAX};
    pthread_mutex_lock(&f->lock);
    const block *k = f->live;
    while (k && k->at + k->bytes < offset) k = k->next;
    if (k && k->at <= offset) found = *k;
    pthread_mutex_unlock(&f->lock);
    return found;
}

/* Where the backend finds what it handed out as p. An array of no bytes may be NULL. */
static void *inside(const call *c, const char *arg, const void *p, size_t bytes) {
    far_state *f = c->f;
    if (!p && bytes == 0) return NULL;
    if (!p) die(c->op, arg, "is NULL, %zu bytes expected", bytes);
    if (!meets(p, 1, f->outside, f->capacity))
        die(c->op, arg, "(%p) is not of the backend's memory (the host's?)", p);
    size_t offset = (size_t)((const unsigned char *)p - f->outside);
    block k = find_block(f, offset);
    if (k.bytes == SIZE_MAX) die(c->op, arg, "(offset %zu) lies in no live allocation", offset);
    size_t from = offset - k.at;
    if (bytes > k.bytes - from)
        die(c->op, arg, "needs %zu bytes, but only %zu are left of the allocation of %zu", bytes,
            k.bytes - from, k.bytes);
    return f->inside + offset;
}

static void *inside_or_null(const call *c, const char *arg, const void *p, size_t bytes) {
    return p ? inside(c, arg, p, bytes) : NULL;
}

static void check_host(const call *c, const char *arg, const void *p, size_t bytes) {
    if (bytes > 0 && !p) die(c->op, arg, "is NULL, %zu bytes of the host's expected", bytes);
    if (meets(p, bytes, c->f->outside, c->f->capacity) || meets(p, bytes, c->f->inside, c->f->capacity))
        die(c->op, arg, "(%p) is of the backend's memory, the host's expected", p);
}

static void check_that(const call *c, const char *arg, bool ok, const char *wrong) {
    if (!ok) die(c->op, arg, "%s", wrong);
}

/* One more than the largest of n numbers that lie `stride` bytes apart, none below 0. first: inside. */
static size_t end_of(const call *c, const char *arg, const int *first, size_t n, size_t stride) {
    int end = 0;
    for (size_t i = 0; c->alive && i < n; i++) {
        int x = *(const int *)(const void *)((const char *)first + i * stride);
        if (x < 0) die(c->op, arg, "has %d at %zu", x, i);
        end = x >= end ? x + 1 : end;
    }
    return (size_t)end;
}

static size_t area(int rows, int columns) { return (size_t)rows * (size_t)columns; }
static size_t volume(int a, int b, int c) { return area(a, b) * (size_t)c; }

/* Of every wrapper, op_<name>: */
#define BEGIN const call c = call_begin(b, __func__)
#define BYTES(x, bytes) x = inside(&c, #x, x, bytes)
#define FLOATS(x, n) BYTES(x, (n) * sizeof(float))
#define NUMBERS(x, n) BYTES(x, (n) * sizeof(int32_t))
#define FLOATS_OR_NULL(x, n) x = inside_or_null(&c, #x, x, (n) * sizeof(float))
#define END_OF(x, n) end_of(&c, #x, x, n, sizeof *(x))
#define INNER(op, ...)                                                                                       \
    do {                                                                                                     \
        if (c.alive) c.f->inner->ops->op(c.f->inner, __VA_ARGS__);                                           \
    } while (0)

/* ---- memory ---- */

static size_t slot_of(size_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN + GAP; }

static void poison(far_state *f, const block *k) { memset(f->inside + k->at, POISON, slot_of(k->bytes)); }

/* First fit: the link before which there is room, and the offset of the room; NULL when there is none. */
static block **find_room(far_state *f, size_t bytes, size_t *at) {
    block **link = &f->live;
    *at = 0;
    if (bytes > f->capacity) return NULL;
    size_t slot = slot_of(bytes);
    for (; *link && (*link)->at - *at < slot; link = &(*link)->next)
        *at = (*link)->at + slot_of((*link)->bytes);
    return slot <= f->capacity - *at ? link : NULL;
}

/* The record comes from core/mem.h, so that tests that fail the n-th allocation fail these too. */
static lem_status far_alloc(lem_backend *b, size_t bytes, bool whole, void **out, lem_err *err) {
    far_state *f = state_of(b);
    size_t at;
    block *k = lem_alloc(1, sizeof *k, err);
    (void)whole;
    if (!k) return LEM_EMEM;
    pthread_mutex_lock(&f->lock);
    block **link = find_room(f, bytes, &at);
    if (link) {
        *k = (block){*link, at, bytes};
        *link = k;
        poison(f, k);
    }
    pthread_mutex_unlock(&f->lock);
    if (!link) {
        lem_free(k);
        return lem_fail(err, LEM_EMEM, "the device (test) of %zu bytes has no room for %zu bytes",
                        f->capacity, bytes);
    }
    *out = f->outside + at;
    return LEM_OK;
}

static void check_gap(const far_state *f, const block *k) {
    const unsigned char *from = f->inside + k->at;
    for (size_t i = k->bytes; i < slot_of(k->bytes); i++)
        if (from[i] != POISON)
            die("release", "p", "of %zu bytes: an operation wrote byte %zu behind it", k->bytes,
                i - k->bytes);
}

static void far_release(lem_backend *b, void *p) {
    far_state *f = state_of(b);
    if (!p) return;
    pthread_mutex_lock(&f->lock);
    block **link = &f->live;
    while (*link && f->outside + (*link)->at != p) link = &(*link)->next;
    block *k = *link;
    if (!k) die("release", "p", "(%p) is no live allocation", p);
    check_gap(f, k);
    poison(f, k);
    *link = k->next;
    pthread_mutex_unlock(&f->lock);
    lem_free(k);
}

static lem_status far_sync(lem_backend *b, lem_err *err) {
    far_state *f = state_of(b);
    long fail_at = atomic_load(&f->fail_at);
    if (fail_at && atomic_load(&f->n_ops) >= fail_at)
        return lem_fail(err, LEM_EIO, "the device has failed (test)");
    return f->inner->ops->sync(f->inner, err);
}

static void op_zero(lem_backend *b, void *p, size_t bytes) {
    BEGIN;
    BYTES(p, bytes);
    INNER(zero, p, bytes);
}

static void op_copy(lem_backend *b, void *to, const void *from, size_t bytes) {
    BEGIN;
    if (meets(to, bytes, from, bytes)) die(c.op, "to", "overlaps from");
    BYTES(to, bytes);
    BYTES(from, bytes);
    INNER(copy, to, from, bytes);
}

static void op_copy_in(lem_backend *b, void *to, const void *host, size_t bytes) {
    BEGIN;
    BYTES(to, bytes);
    check_host(&c, "host", host, bytes);
    atomic_fetch_add(&c.f->bytes_in, bytes);
    INNER(copy_in, to, host, bytes);
}

static void op_copy_out(lem_backend *b, void *host, const void *from, size_t bytes) {
    BEGIN;
    BYTES(from, bytes);
    check_host(&c, "host", host, bytes);
    atomic_fetch_add(&c.f->bytes_out, bytes);
    INNER(copy_out, host, from, bytes);
    if (!c.alive && bytes > 0) memset(host, 0, bytes);
}

/* ---- products ---- */

static lem_packed packed_inside(const call *c, const char *arg, const lem_packed *w) {
    check_host(c, arg, w, sizeof *w);
    lem_packed p = *w;
    p.data = inside(c, arg, p.data, c->f->inner->ops->packed_bytes(p.N, p.K, p.dtype));
    return p;
}

static void op_pack(lem_backend *b, const float *W, lem_packed *dst) {
    BEGIN;
    lem_packed p = packed_inside(&c, "dst", dst);
    FLOATS(W, area(p.N, p.K));
    INNER(pack, W, &p);
}

static void op_pack_rows(lem_backend *b, int row0, int n, const void *rows, lem_packed *dst) {
    BEGIN;
    lem_packed p = packed_inside(&c, "dst", dst);
    bool last = row0 + n == p.N && n <= LEM_PACK_ROWS;
    check_that(&c, "row0", row0 >= 0 && row0 % LEM_PACK_ROWS == 0, "is no multiple of LEM_PACK_ROWS");
    check_that(&c, "n", n > 0 && row0 + n <= p.N && (n == LEM_PACK_ROWS || last), "is not LEM_PACK_ROWS");
    size_t bytes = (size_t)(n > 0 ? n : 0) * lem_pack_row_bytes(p.K, p.dtype);
    check_host(&c, "rows", rows, bytes);
    check_that(&c, "rows", (uintptr_t)rows % 2 == 0, "has an odd address");
    atomic_fetch_add(&c.f->bytes_in, bytes);
    INNER(pack_rows, row0, n, rows, &p);
}

static void op_linear(lem_backend *b, int T, const float *X, const lem_packed *W, const float *bias, float *Y,
                      bool accumulate) {
    BEGIN;
    lem_packed p = packed_inside(&c, "W", W);
    FLOATS(X, area(T, p.K));
    FLOATS_OR_NULL(bias, (size_t)p.N);
    FLOATS(Y, area(T, p.N));
    c.f->inner->compute = b->compute;
    INNER(linear, T, X, &p, bias, Y, accumulate);
}

static void op_linear_dx(lem_backend *b, int T, int N, int K, const float *dY, const void *W, lem_dtype dtype,
                         float *dX, bool accumulate) {
    BEGIN;
    FLOATS(dY, area(T, N));
    BYTES(W, area(N, K) * lem_dtype_size(dtype));
    FLOATS(dX, area(T, K));
    INNER(linear_dx, T, N, K, dY, W, dtype, dX, accumulate);
}

static void op_linear_dx_bf16(lem_backend *b, int T, int N, int K, const float *dY, const void *W,
                              lem_dtype dtype, float *dX, bool accumulate) {
    BEGIN;
    FLOATS(dY, area(T, N));
    BYTES(W, area(N, K) * lem_dtype_size(dtype));
    FLOATS(dX, area(T, K));
    INNER(linear_dx_bf16, T, N, K, dY, W, dtype, dX, accumulate);
}

static void op_linear_dx_packed(lem_backend *b, int T, const float *dY, const lem_packed *W, float *dX,
                                bool accumulate) {
    BEGIN;
    lem_packed p = packed_inside(&c, "W", W);
    FLOATS(dY, area(T, p.N));
    FLOATS(dX, area(T, p.K));
    c.f->inner->compute = b->compute;
    INNER(linear_dx_packed, T, dY, &p, dX, accumulate);
}

static void op_linear_dw_bf16(lem_backend *b, int T, int N, int K, const float *dY, const float *X,
                              int n_runs, const int *runs, float *dW) {
    BEGIN;
    FLOATS(dY, area(T, N));
    FLOATS(X, area(T, K));
    check_host(&c, "runs", runs, (size_t)n_runs * sizeof *runs);
    FLOATS(dW, area(N, K));
    INNER(linear_dw_bf16, T, N, K, dY, X, n_runs, runs, dW);
}

static void op_linear_dw(lem_backend *b, int T, int N, int K, const float *dY, const float *X, float *dW) {
    BEGIN;
    FLOATS(dY, area(T, N));
    FLOATS(X, area(T, K));
    FLOATS(dW, area(N, K));
    INNER(linear_dw, T, N, K, dY, X, dW);
}

static void op_bias_grad(lem_backend *b, int T, int N, const float *dY, float *db) {
    BEGIN;
    FLOATS(dY, area(T, N));
    FLOATS(db, (size_t)N);
    INNER(bias_grad, T, N, dY, db);
}

/* ---- norms, activations, positions ---- */

static void op_rmsnorm(lem_backend *b, int T, int D, const float *X, const float *w, float eps, float *Y,
                       float *inv_rms) {
    BEGIN;
    FLOATS(X, area(T, D));
    FLOATS(w, (size_t)D);
    FLOATS(Y, area(T, D));
    FLOATS_OR_NULL(inv_rms, (size_t)T);
    INNER(rmsnorm, T, D, X, w, eps, Y, inv_rms);
}

static void op_rmsnorm_backward(lem_backend *b, int T, int D, const float *dY, const float *X, const float *w,
                                const float *inv_rms, float *dX, float *dw) {
    BEGIN;
    FLOATS(dY, area(T, D));
    FLOATS(X, area(T, D));
    FLOATS(w, (size_t)D);
    FLOATS(inv_rms, (size_t)T);
    FLOATS(dX, area(T, D));
    FLOATS(dw, (size_t)D);
    INNER(rmsnorm_backward, T, D, dY, X, w, inv_rms, dX, dw);
}

static void op_rope(lem_backend *b, int T, int H, int E, float *X, const int *pos, const float *cos_sin,
                    bool inverse) {
    BEGIN;
    FLOATS(X, volume(T, H, E));
    NUMBERS(pos, (size_t)T);
    FLOATS(cos_sin, END_OF(pos, (size_t)T) * (size_t)E);
    INNER(rope, T, H, E, X, pos, cos_sin, inverse);
}

static void op_swiglu(lem_backend *b, int T, int F, const float *gate, const float *up, float *act) {
    BEGIN;
    FLOATS(gate, area(T, F));
    FLOATS(up, area(T, F));
    FLOATS(act, area(T, F));
    INNER(swiglu, T, F, gate, up, act);
}

static void op_swiglu_backward(lem_backend *b, int T, int F, const float *gate, const float *up,
                               const float *dact, float *dgate, float *dup) {
    BEGIN;
    FLOATS(gate, area(T, F));
    FLOATS(up, area(T, F));
    FLOATS(dact, area(T, F));
    FLOATS(dgate, area(T, F));
    FLOATS(dup, area(T, F));
    INNER(swiglu_backward, T, F, gate, up, dact, dgate, dup);
}

static void op_add(lem_backend *b, size_t n, float *x, const float *y) {
    BEGIN;
    FLOATS(x, n);
    FLOATS(y, n);
    INNER(add, n, x, y);
}

static void op_relu(lem_backend *b, size_t n, float *x) {
    BEGIN;
    FLOATS(x, n);
    INNER(relu, n, x);
}

static void op_dropout(lem_backend *b, int T, int K, const lem_noise *noise, const float *X, float *Y,
                       bool accumulate) {
    BEGIN;
    lem_noise near = *noise;
    const int *row = (const int *)(const void *)noise->row;
    NUMBERS(row, 2 * (size_t)T);
    FLOATS(X, area(T, K));
    FLOATS(Y, area(T, K));
    near.row = (const uint64_t *)(const void *)row;
    INNER(dropout, T, K, &near, X, Y, accumulate);
}

static void op_round_bf16(lem_backend *b, size_t n, float *x) {
    BEGIN;
    FLOATS(x, n);
    INNER(round_bf16, n, x);
}

static void op_gather(lem_backend *b, int R, int D, const int32_t *rows, const void *from, lem_dtype dtype,
                      float *to) {
    BEGIN;
    NUMBERS(rows, (size_t)R);
    BYTES(from, END_OF(rows, (size_t)R) * (size_t)D * lem_dtype_size(dtype));
    FLOATS(to, area(R, D));
    INNER(gather, R, D, rows, from, dtype, to);
}

static void op_scatter_add(lem_backend *b, int R, int D, const int32_t *rows, const float *from, float *to) {
    BEGIN;
    NUMBERS(rows, (size_t)R);
    FLOATS(from, area(R, D));
    FLOATS(to, END_OF(rows, (size_t)R) * (size_t)D);
    INNER(scatter_add, R, D, rows, from, to);
}

static size_t qkv_floats(int T, int H, int KH, int E) { return volume(T, KH, E) * (size_t)(H / KH + 2); }

static void op_split_qkv(lem_backend *b, int T, int H, int KH, int E, const float *qkv, float *q, float *k,
                         float *v) {
    BEGIN;
    FLOATS(qkv, qkv_floats(T, H, KH, E));
    FLOATS(q, volume(T, H, E));
    FLOATS(k, volume(T, KH, E));
    FLOATS(v, volume(T, KH, E));
    INNER(split_qkv, T, H, KH, E, qkv, q, k, v);
}

static void op_merge_qkv(lem_backend *b, int T, int H, int KH, int E, const float *q, const float *k,
                         const float *v, float *qkv) {
    BEGIN;
    FLOATS(q, volume(T, H, E));
    FLOATS(k, volume(T, KH, E));
    FLOATS(v, volume(T, KH, E));
    FLOATS(qkv, qkv_floats(T, H, KH, E));
    INNER(merge_qkv, T, H, KH, E, q, k, v, qkv);
}

/* ---- attention ---- */

/* The kv with its data inside, as far as the last of `pages` pages is used. */
static lem_kv kv_inside(const call *c, const lem_kv *kv, size_t pages, int layer, int KH, int E) {
    check_host(c, "kv", kv, sizeof *kv);
    lem_kv p = *kv;
    size_t floats = pages == 0 ? 0
                               : (pages - 1) * p.page_stride + (size_t)layer * p.layer_stride +
                                     (size_t)(KH - 1) * p.head_stride + lem_kv_head_floats(E, p.dtype);
    p.data = inside(c, "kv->data", p.data, floats * sizeof(float));
    return p;
}

static void op_kv_write(lem_backend *b, int T, int KH, int E, const float *k, const float *v, const int *page,
                        const int *slot, int layer, const lem_kv *kv) {
    BEGIN;
    FLOATS(k, volume(T, KH, E));
    FLOATS(v, volume(T, KH, E));
    NUMBERS(page, (size_t)T);
    NUMBERS(slot, (size_t)T);
    check_that(&c, "slot", END_OF(slot, (size_t)T) <= LEM_PAGE_KEYS, "is past the end of a page");
    lem_kv p = kv_inside(&c, kv, END_OF(page, (size_t)T), layer, KH, E);
    INNER(kv_write, T, KH, E, k, v, page, slot, layer, &p);
}

/* The segments that trees name; what trees say is in range. */
static size_t check_trees(const call *c, const lem_attn_plan *p) {
    int n_segs = 0;
    for (int i = 0; c->alive && i < p->n_trees; i++) {
        const lem_attn_tree *t = &p->trees[i];
        check_that(c, "plan->trees", t->row0 >= 0 && t->row0 <= t->row1 && t->row1 <= p->n_rows,
                   "has wrong rows");
        check_that(c, "plan->trees", t->seg0 >= 0 && t->seg0 <= t->seg1, "has wrong segments");
        n_segs = t->seg1 > n_segs ? t->seg1 : n_segs;
    }
    return (size_t)n_segs;
}

/* The number of pages. Backward, the keys of each segment are rows of the plan. */
static size_t check_segs(const call *c, const lem_attn_plan *p, size_t n_segs, bool backward) {
    const char *arg = "plan->segs";
    for (size_t i = 0; i < n_segs; i++) {
        const lem_attn_seg *s = &p->segs[i];
        int first = s->key_row0;
        check_that(c, arg, s->row0 >= 0 && s->row0 <= s->row1 && s->row1 <= p->n_rows, "has wrong rows");
        check_that(c, arg, s->n_keys >= 1 && s->n_keys <= LEM_PAGE_KEYS, "has a wrong number of keys");
        check_that(c, arg, s->pos0 >= 0, "has a position below 0");
        check_that(c, arg, first >= (backward ? 0 : -1), "has keys of no row");
        check_that(c, arg, first < 0 || first + s->n_keys <= p->n_rows, "has keys past the last row");
    }
    return n_segs ? end_of(c, "plan->segs page", &p->segs[0].page, n_segs, sizeof *p->segs) : 0;
}

/* The plan with its arrays inside, and the number of pages that it reads. */
static lem_attn_plan plan_inside(const call *c, const lem_attn_plan *plan, bool backward, size_t *pages) {
    check_host(c, "plan", plan, sizeof *plan);
    lem_attn_plan p = *plan;
    p.pos = inside(c, "plan->pos", p.pos, (size_t)p.n_rows * sizeof *p.pos);
    p.trees = inside(c, "plan->trees", p.trees, (size_t)p.n_trees * sizeof *p.trees);
    size_t n_segs = check_trees(c, &p);
    p.segs = inside(c, "plan->segs", p.segs, n_segs * sizeof *p.segs);
    *pages = check_segs(c, &p, n_segs, backward);
    return p;
}

static void op_attention(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E, float scale,
                         const float *q, int layer, const lem_kv *kv, float *out, float *lse) {
    BEGIN;
    size_t pages;
    lem_attn_plan p = plan_inside(&c, plan, false, &pages);
    lem_kv cache = kv_inside(&c, kv, pages, layer, KH, E);
    FLOATS(q, volume(p.n_rows, H, E));
    FLOATS(out, volume(p.n_rows, H, E));
    FLOATS_OR_NULL(lse, area(p.n_rows, H));
    INNER(attention, &p, H, KH, E, scale, q, layer, &cache, out, lse);
}

static void op_attention_backward(lem_backend *b, const lem_attn_plan *plan, int H, int KH, int E,
                                  float scale, const float *q, int layer, const lem_kv *kv, const float *out,
                                  const float *lse, const float *dout, float *dq, float *dk, float *dv) {
    BEGIN;
    size_t pages;
    lem_attn_plan p = plan_inside(&c, plan, true, &pages);
    lem_kv cache = kv_inside(&c, kv, pages, layer, KH, E);
    size_t nq = volume(p.n_rows, H, E), nk = volume(p.n_rows, KH, E);
    FLOATS(q, nq);
    FLOATS(out, nq);
    FLOATS(lse, area(p.n_rows, H));
    FLOATS(dout, nq);
    FLOATS(dq, nq);
    FLOATS(dk, nk);
    FLOATS(dv, nk);
    INNER(attention_backward, &p, H, KH, E, scale, q, layer, &cache, out, lse, dout, dq, dk, dv);
}

/* ---- heads and losses ---- */

static void op_logprob(lem_backend *b, int R, int V, const float *logits, const int32_t *target,
                       float *logprob, float *lse) {
    BEGIN;
    FLOATS(logits, area(R, V));
    NUMBERS(target, (size_t)R);
    check_that(&c, "target", END_OF(target, (size_t)R) <= (size_t)V, "is past the vocabulary");
    FLOATS(logprob, (size_t)R);
    FLOATS_OR_NULL(lse, (size_t)R);
    INNER(logprob, R, V, logits, target, logprob, lse);
}

static void op_sample(lem_backend *b, int n, int V, const float *logits, const lem_draw *draw,
                      const int32_t *seen, int32_t *token) {
    BEGIN;
    BYTES(draw, (size_t)n * sizeof *draw);
    size_t rows = n > 0 ? end_of(&c, "draw row", &draw->row, (size_t)n, sizeof *draw) : 0;
    FLOATS(logits, rows * (size_t)V);
    size_t read = 0;
    for (int i = 0; c.alive && seen && i < n; i++) {
        size_t end = draw[i].n_seen > 0 ? (size_t)draw[i].seen + (size_t)draw[i].n_seen : 0;
        read = read < end ? end : read;
    }
    if (read) {
        NUMBERS(seen, read);
        check_that(&c, "seen", END_OF(seen, read) <= (size_t)V, "is past the vocabulary");
    }
    NUMBERS(token, (size_t)n);
    INNER(sample, n, V, logits, draw, seen, token);
}

static void op_softmax_xent_grad(lem_backend *b, int R, int V, float *logits, const int32_t *target,
                                 const float *weight, const float *lse) {
    BEGIN;
    FLOATS(logits, area(R, V));
    NUMBERS(target, (size_t)R);
    check_that(&c, "target", END_OF(target, (size_t)R) <= (size_t)V, "is past the vocabulary");
    FLOATS(weight, (size_t)R);
    FLOATS(lse, (size_t)R);
    INNER(softmax_xent_grad, R, V, logits, target, weight, lse);
}

/* ---- optimizer and whole arrays ---- */

static void op_adamw(lem_backend *b, size_t n, float *param, const float *grad, float *m, float *v,
                     const lem_adamw *o) {
    BEGIN;
    FLOATS(param, n);
    FLOATS(grad, n);
    FLOATS(m, n);
    FLOATS(v, n);
    check_host(&c, "o", o, sizeof *o);
    INNER(adamw, n, param, grad, m, v, o);
}

static void op_adamw_int8(lem_backend *b, size_t n, float *param, const float *grad, const lem_moments *s,
                          const lem_adamw *o) {
    BEGIN;
    check_host(&c, "s", s, sizeof *s);
    check_host(&c, "o", o, sizeof *o);
    lem_moments near = *s;
    uint8_t *m = s->m, *v = s->v;
    float *m_scale = s->m_scale, *v_scale = s->v_scale;
    const size_t blocks = (n + LEM_MOMENT_BLOCK - 1) / LEM_MOMENT_BLOCK;
    FLOATS(param, n);
    FLOATS(grad, n);
    BYTES(m, n);
    BYTES(v, n);
    FLOATS(m_scale, blocks);
    FLOATS(v_scale, blocks);
    near.m = m;
    near.v = v;
    near.m_scale = m_scale;
    near.v_scale = v_scale;
    INNER(adamw_int8, n, param, grad, &near, o);
}

static double op_sumsq(lem_backend *b, size_t n, const float *x) {
    BEGIN;
    FLOATS(x, n);
    return c.alive ? c.f->inner->ops->sumsq(c.f->inner, n, x) : 0;
}

static bool op_all_finite(lem_backend *b, size_t n, const float *x) {
    BEGIN;
    FLOATS(x, n);
    return !c.alive || c.f->inner->ops->all_finite(c.f->inner, n, x);
}

static void op_scale(lem_backend *b, size_t n, float *x, float s) {
    BEGIN;
    FLOATS(x, n);
    INNER(scale, n, x, s);
}

/* name and packed_bytes are the inner backend's. */
static const lem_backend_ops far_table = {
    .host_memory = false,
    .alloc = far_alloc,
    .release = far_release,
    .zero = op_zero,
    .copy = op_copy,
    .copy_in = op_copy_in,
    .copy_out = op_copy_out,
    .sync = far_sync,
    .pack = op_pack,
    .pack_rows = op_pack_rows,
    .linear = op_linear,
    .linear_dx = op_linear_dx,
    .linear_dw = op_linear_dw,
    .linear_dx_bf16 = op_linear_dx_bf16,
    .linear_dx_packed = op_linear_dx_packed,
    .linear_dw_bf16 = op_linear_dw_bf16,
    .bias_grad = op_bias_grad,
    .rmsnorm = op_rmsnorm,
    .rmsnorm_backward = op_rmsnorm_backward,
    .rope = op_rope,
    .swiglu = op_swiglu,
    .swiglu_backward = op_swiglu_backward,
    .add = op_add,
    .relu = op_relu,
    .dropout = op_dropout,
    .round_bf16 = op_round_bf16,
    .gather = op_gather,
    .scatter_add = op_scatter_add,
    .split_qkv = op_split_qkv,
    .merge_qkv = op_merge_qkv,
    .kv_write = op_kv_write,
    .attention = op_attention,
    .attention_backward = op_attention_backward,
    .logprob = op_logprob,
    .sample = op_sample,
    .softmax_xent_grad = op_softmax_xent_grad,
    .adamw = op_adamw,
    .adamw_int8 = op_adamw_int8,
    .sumsq = op_sumsq,
    .all_finite = op_all_finite,
    .scale = op_scale,
};

/* ---- the backend as a whole ---- */

/* One of the two views; NULL when it cannot be had. */
static unsigned char *map_view(int fd, size_t bytes, int protection) {
    void *p = mmap(NULL, bytes, protection, MAP_SHARED | MAP_NORESERVE, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

static lem_status map_memory(far_state *f, lem_err *err) {
    int fd = memfd_create("far", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)f->capacity) == 0) {
        f->outside = map_view(fd, f->capacity, PROT_NONE);
        f->inside = map_view(fd, f->capacity, PROT_READ | PROT_WRITE);
    }
    int why = errno;
    if (fd >= 0) close(fd);
    errno = why;
    if (f->outside && f->inside) return LEM_OK;
    return lem_fail_errno(err, LEM_EMEM, "no memory of %zu bytes for a test device", f->capacity);
}

static void discard(far_state *f) {
    if (f->outside) munmap(f->outside, f->capacity);
    if (f->inside) munmap(f->inside, f->capacity);
    pthread_mutex_destroy(&f->lock);
    if (f->owns_inner) lem_backend_free(f->inner);
    lem_free(f);
}

lem_status far_backend_new(lem_backend *inner, size_t capacity, lem_backend **out, lem_err *err) {
    if (!inner->ops->host_memory || capacity == 0)
        return lem_fail(err, LEM_EUSAGE, "a far backend wants an inner one in the host's memory, and bytes");
    far_state *f = lem_alloc_zero(1, sizeof *f, err);
    if (!f) return LEM_EMEM;
    pthread_mutex_init(&f->lock, NULL);
    f->ops = far_table;
    f->ops.name = inner->ops->name;
    f->ops.packed_bytes = inner->ops->packed_bytes;
    f->base = (lem_backend){&f->ops, inner->pool, NULL};
    f->inner = inner;
    f->capacity = capacity;
    lem_status st = map_memory(f, err);
    if (st == LEM_OK) *out = &f->base;
    else discard(f);
    return st;
}

size_t far_backend_free(lem_backend *b) {
    if (!b) return 0;
    far_state *f = state_of(b);
    size_t n = 0;
    for (block *k = f->live; k; n++) {
        block *next = k->next;
        fprintf(stderr, "far: an allocation of %zu bytes was never released\n", k->bytes);
        lem_free(k);
        k = next;
    }
    discard(f);
    return n;
}

void far_fail_after(lem_backend *b, long n) {
    far_state *f = state_of(b);
    atomic_store(&f->fail_at, n < 1 ? 0 : atomic_load(&f->n_ops) + n);
}

long far_ops(const lem_backend *b) { return atomic_load(&state_of(b)->n_ops); }
size_t far_bytes_in(const lem_backend *b) { return atomic_load(&state_of(b)->bytes_in); }
size_t far_bytes_out(const lem_backend *b) { return atomic_load(&state_of(b)->bytes_out); }

size_t far_live(lem_backend *b) {
    far_state *f = state_of(b);
    size_t n = 0;
    pthread_mutex_lock(&f->lock);
    for (const block *k = f->live; k; k = k->next) n++;
    pthread_mutex_unlock(&f->lock);
    return n;
}

lem_status far_or_plain(lem_isa isa, lem_pool *pool, lem_backend **out, lem_err *err) {
    const char *far = getenv("LEMMA_FAR");
    lem_backend *inner = NULL;
    lem_status st = lem_backend_new(isa, pool, &inner, err);
    if (st != LEM_OK) return st;
    if (!far || strcmp(far, "1") != 0) {
        *out = inner;
        return LEM_OK;
    }
    st = far_backend_new(inner, (size_t)2 << 30, out, err);
    if (st == LEM_OK) state_of(*out)->owns_inner = true;
    else lem_backend_free(inner);
    return st;
}

void far_or_plain_free(lem_backend *b) {
    if (!b || b->ops->alloc != far_alloc) lem_backend_free(b);
    else if (far_backend_free(b) > 0) die("free", "b", "has allocations that were never released");
}

float *far_read(lem_backend *b, const void *at, size_t n_floats) {
    float *host = malloc(n_floats ? n_floats * sizeof *host : 1);
    if (!host) die("read", "host", "has no room for %zu floats", n_floats);
    b->ops->copy_out(b, host, at, n_floats * sizeof *host);
    return host;
}
