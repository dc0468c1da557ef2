/* test_pool - every task once, results independent of the number of threads, short jobs back to back, long
 * and uneven ones */
#include "support.h"

#include "core/mem.h"
#include "core/pool.h"

#include <stdatomic.h>
#include <unistd.h>

typedef struct job {
    double *out;
    _Atomic int *runs;
    _Atomic int busy[16]; /* one worker number is never used by two threads at a time */
    int workers;
} job;

static void task(void *ctx, int i, int worker) {
    job *j = ctx;
    if (worker < 0 || worker >= j->workers || atomic_fetch_add(&j->busy[worker], 1) != 0) abort();
    double sum = 0;
    for (int k = 1; k < 50 + i % 7 * 100; k++) sum += 1.0 / (k + i);
    j->out[i] = sum;
    atomic_fetch_add(&j->runs[i], 1);
    atomic_fetch_sub(&j->busy[worker], 1);
}

static void same_results(void **state) {
    (void)state;
    enum { N = 500 };
    static double first[N], out[N];
    for (int threads = 0; threads <= 8; threads++) { /* 0 stands for no pool */
        lem_err err = LEM_ERR_INIT;
        lem_pool *p = threads ? lem_pool_new(threads, &err) : NULL;
        assert_int_equal(lem_pool_threads(p), threads ? threads : 1);
        for (int n = 0; n <= N; n = n * 3 + 1) {
            _Atomic int runs[N] = {0};
            job j = {.out = threads ? out : first, .runs = runs, .workers = threads ? threads : 1};
            lem_pool_run(p, n, task, &j);
            for (int i = 0; i < N; i++) assert_int_equal(runs[i], i < n);
            assert_memory_equal(first, j.out, sizeof *first * (size_t)n);
        }
        lem_pool_free(p);
    }
}

/* A job of some tasks; others are those of another job, taken by a worker that came late. */
typedef struct short_job {
    int n;
    _Atomic int runs[5];
    _Atomic int others;
} short_job;

static void count(void *ctx, int i, int worker) {
    short_job *j = ctx;
    (void)worker;
    if (i < j->n) atomic_fetch_add(&j->runs[i], 1);
    else atomic_fetch_add(&j->others, 1);
}

/* A decode step makes about a hundred tiny calls; a late worker must never run a task of the next call twice,
 * nor one that it has not. */
static void back_to_back(void **state) {
    (void)state;
    enum { RUNS = 20000 };
    static const int workers[] = {2, 3, 4, 16};
    for (int k = 0; k < 4; k++) {
        lem_err err = LEM_ERR_INIT;
        lem_pool *p = lem_pool_new(workers[k], &err);
        assert_non_null(p);
        for (int i = 0; i < RUNS; i++) {
            short_job j = {.n = i % 2 ? 2 : 5};
            lem_pool_run(p, j.n, count, &j);
            for (int t = 0; t < j.n; t++) assert_int_equal(j.runs[t], 1);
            assert_int_equal(j.others, 0);
            if (i % 2000 == 0) usleep(300); /* let the workers fall asleep */
        }
        lem_pool_free(p);
    }
}

static void nap(void *ctx, int i, int worker) {
    (void)worker;
    usleep(i == 0 ? 3000 : 100);
    atomic_fetch_add((_Atomic int *)ctx, 1);
}

/* The caller sleeps, not spins, behind a long task, and is woken. */
static void uneven(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_pool *p = lem_pool_new(3, &err);
    for (int i = 0; i < 20; i++) {
        _Atomic int done = 0;
        lem_pool_run(p, 4, nap, &done);
        assert_int_equal(done, 4);
    }
    lem_pool_free(p);
}

static void limits(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    assert_null(lem_pool_new(-1, &err));
    assert_int_equal(err.status, LEM_EUSAGE);
    assert_null(lem_pool_new(100000, &err));
    assert_true(lem_pool_default_threads() >= 1);
    lem_pool *p = lem_pool_new(0, &err);
    assert_int_equal(lem_pool_threads(p), lem_pool_default_threads());
    lem_pool_free(p);
    lem_pool_free(NULL);
}

static void lose(void *ctx, int i, int worker) {
    atomic_fetch_add((_Atomic int *)ctx, 1);
    while (atomic_load((_Atomic int *)ctx) < 2) usleep(10); /* each worker has one */
    lem_mem_fail_after(1, false);
    if (worker > 0) assert_null(lem_alloc(1, (size_t)i + 100, NULL));
    lem_mem_fail_after(0, false);
}

/* Whoever runs a pool answers for the memory that its workers lacked. */
static void lost_memory(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_pool *p = lem_pool_new(2, &err);
    uint64_t before = lem_mem_failures();
    for (int run = 1; run < 4; run++) {
        _Atomic int begun = 0;
        lem_pool_run(p, 2, lose, &begun);
        assert_int_equal(lem_mem_failures() - before, run);
        assert_true(lem_mem_wanted() >= 100);
        assert_int_equal(lem_mem_since(before, "it", &err), LEM_EMEM);
    }
    assert_int_equal(lem_mem_since(lem_mem_failures(), "it", &err), LEM_OK);
    lem_pool_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_results), cmocka_unit_test(back_to_back),
                                       cmocka_unit_test(uneven), cmocka_unit_test(limits),
                                       cmocka_unit_test(lost_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
