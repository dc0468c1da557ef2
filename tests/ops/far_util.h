/* ops/far_util.h - shared by the tests of the far backend: arrays of either backend and what is taken from
 * them, a backend and its far twin, children that must end by a signal */
#ifndef LEM_TEST_FAR_UTIL_H
#define LEM_TEST_FAR_UTIL_H

#include "ops_util.h"
#include "support/far.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { MIB = 1 << 20 };

/* ---- a bench: arrays of one backend, and the results that a case takes from them ---- */

typedef struct bench {
    lem_backend *b;
    void *held[64];
    size_t n_held;
    size_t short_at;    /* this one of the arrays (1 = first) lacks its last element, and nothing is taken */
    unsigned char *got; /* all that was taken, in order */
    size_t n_got;
} bench;

/* *bytes become those that there are. */
static inline void *room_for(bench *t, size_t *bytes) {
    lem_err err = LEM_ERR_INIT;
    void *p = NULL;
    assert_true(t->n_held < COUNT(t->held));
    if (t->n_held + 1 == t->short_at) *bytes -= sizeof(float);
    if (t->b->ops->alloc(t->b, *bytes, true, &p, &err) != LEM_OK) fail_msg("%s", err.text);
    t->held[t->n_held++] = p;
    return p;
}
static inline void *room(bench *t, size_t bytes) { return room_for(t, &bytes); }

static inline void *put(bench *t, const void *host, size_t bytes) {
    void *p = room_for(t, &bytes);
    t->b->ops->copy_in(t->b, p, host, bytes);
    return p;
}

/* An array of its own for another operation. */
static inline void *again(bench *t, const void *from, size_t bytes) {
    void *p = room_for(t, &bytes);
    t->b->ops->copy(t->b, p, from, bytes);
    return p;
}
static inline float *more(bench *t, const float *from, size_t n) { return again(t, from, n * sizeof *from); }

static inline float *put_random(bench *t, size_t n, uint32_t seed) {
    float *host = filled(n, seed), *p = put(t, host, n * sizeof *host);
    free(host);
    return p;
}

static inline float *put_positive(bench *t, size_t n, uint32_t seed) {
    float *host = filled(n, seed);
    for (size_t i = 0; i < n; i++) host[i] = 1.5f + host[i];
    float *p = put(t, host, n * sizeof *host);
    free(host);
    return p;
}

/* n numbers: i * factor modulo m */
static inline int32_t *put_numbers(bench *t, size_t n, size_t factor, size_t m) {
    int32_t *host = malloc(n * sizeof *host), *p;
    for (size_t i = 0; i < n; i++) host[i] = (int32_t)(i * factor % m);
    p = put(t, host, n * sizeof *host);
    free(host);
    return p;
}

static inline void take(bench *t, const void *from, size_t bytes) {
    if (t->short_at) return;
    t->got = realloc(t->got, t->n_got + bytes + 1);
    assert_non_null(t->got);
    t->b->ops->copy_out(t->b, t->got + t->n_got, from, bytes);
    t->n_got += bytes;
}
static inline void take_floats(bench *t, const float *from, size_t n) { take(t, from, n * sizeof *from); }
static inline void take_host(bench *t, double x) {
    t->got = realloc(t->got, t->n_got + sizeof x);
    memcpy(t->got + t->n_got, &x, sizeof x);
    t->n_got += sizeof x;
}

static inline void bench_clear(bench *t) {
    while (t->n_held > 0) t->b->ops->release(t->b, t->held[--t->n_held]);
    free(t->got);
    *t = (bench){.b = t->b};
}

/* One tree that is a line of `rows` rows, in pages of the second of two layers. */
typedef struct line {
    int rows, pages, layer, H, KH, E;
    size_t nq, nk;
    lem_attn_plan plan;
    lem_kv kv;
    int *page, *slot;
} line;

static inline line put_line(bench *t, int rows, int E) {
    line l = {.rows = rows,
              .pages = (rows + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS,
              .layer = 1,
              .H = 4,
              .KH = 2,
              .E = E};
    lem_attn_seg segs[8];
    int page[8 * LEM_PAGE_KEYS], slot[8 * LEM_PAGE_KEYS];
    assert_true(l.pages <= 8);
    for (int p = 0; p < l.pages; p++) {
        int first = p * LEM_PAGE_KEYS, n = rows - first < LEM_PAGE_KEYS ? rows - first : LEM_PAGE_KEYS;
        segs[p] = (lem_attn_seg){0, rows, p, n, first, first};
    }
    for (int r = 0; r < rows; r++) {
        page[r] = r / LEM_PAGE_KEYS;
        slot[r] = r % LEM_PAGE_KEYS;
    }
    lem_attn_tree tree = {0, rows, 0, l.pages, rows};
    l.nq = (size_t)(rows * l.H * E);
    l.nk = (size_t)(rows * l.KH * E);
    l.page = put(t, page, (size_t)rows * sizeof *page);
    l.slot = put(t, slot, (size_t)rows * sizeof *slot);
    l.plan = (lem_attn_plan){rows,
                             1,
                             put_numbers(t, (size_t)rows, 1, (size_t)rows),
                             put(t, &tree, sizeof tree),
                             put(t, segs, (size_t)l.pages * sizeof *segs),
                             0};
    l.kv.head_stride = (size_t)(2 * LEM_PAGE_KEYS * E);
    l.kv.layer_stride = l.kv.head_stride * (size_t)l.KH;
    l.kv.page_stride = 2 * l.kv.layer_stride;
    l.kv.data = put_random(t, l.kv.page_stride * (size_t)l.pages, 32);
    return l;
}

/* A backend and its far twin. */
typedef struct pair {
    lem_pool *pool;
    lem_backend *inner, *far;
} pair;

static inline pair pair_new(lem_isa isa, int threads, size_t capacity) {
    pair p = {0};
    lem_err err = LEM_ERR_INIT;
    if (threads > 0 && !(p.pool = lem_pool_new(threads, &err))) fail_msg("%s", err.text);
    if (lem_backend_new(isa, p.pool, &p.inner, &err) != LEM_OK) fail_msg("%s", err.text);
    if (far_backend_new(p.inner, capacity, &p.far, &err) != LEM_OK) fail_msg("%s", err.text);
    return p;
}

static inline void pair_free(pair *p) {
    assert_int_equal(far_backend_free(p->far), 0);
    lem_backend_free(p->inner);
    lem_pool_free(p->pool);
}

static inline size_t distance(const void *from, const void *to) {
    return (size_t)((uintptr_t)to - (uintptr_t)from);
}

/* ---- children that must end by a signal ---- */

enum { N = 100 };
typedef struct misuse {
    lem_backend *b;
    bench *t;
    float *x, *y;             /* [N] inside */
    float *host;              /* [N] */
    size_t of_case, short_at; /* test_far.c: the array of a case that is too short */
} misuse;

/* Without threads: a misuse that is not found out then ends the child in good order. */
static inline void child_runs(void (*run)(misuse *m), misuse m, int to) {
    float host[N] = {0};
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
    dup2(to, STDERR_FILENO);
    pair p = pair_new(LEM_ISA_GENERIC, 0, 64 * MIB);
    bench t = {.b = p.far};
    m.b = p.far;
    m.t = &t;
    m.host = host;
    m.x = put_random(&t, N, 1);
    m.y = put_random(&t, N, 2);
    run(&m);
    _exit(0);
}

/* The signal that ended the child, 0 for none; text: the beginning of what it said. */
static inline int signal_of(void (*run)(misuse *m), misuse m, char *text, size_t size) {
    int ends[2], status = 0;
    size_t n = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) child_runs(run, m, ends[1]);
    close(ends[1]);
    for (ssize_t got; n + 1 < size && (got = read(ends[0], text + n, size - 1 - n)) > 0;) n += (size_t)got;
    text[n] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#endif
