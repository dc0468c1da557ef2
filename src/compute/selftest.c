/* selftest.c - every compute path of this CPU against the reference, on small odd shapes */
#include "compute/selftest.h"

#include "compute/backend.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>

enum { T_ROWS = 5, T_IN = 40, T_OUT = 37 };

typedef struct sums {
    float y[T_ROWS * T_OUT], norm[T_ROWS * T_IN], act[T_ROWS * T_IN], lp[T_ROWS];
} sums;

static lem_status compute_small(lem_backend *b, sums *out, lem_err *err) {
    float x[T_ROWS * T_IN], w[T_OUT * T_IN], g[T_IN];
    int32_t target[T_ROWS];
    lem_rng r = lem_rng_make(7, "doctor", 0);
    for (int i = 0; i < T_ROWS * T_IN; i++) x[i] = (float)(lem_rng_next_unit(&r) - 0.5);
    for (int i = 0; i < T_OUT * T_IN; i++) w[i] = (float)(lem_rng_next_unit(&r) - 0.5);
    for (int i = 0; i < T_IN; i++) g[i] = (float)(lem_rng_next_unit(&r) + 0.5);
    for (int i = 0; i < T_ROWS; i++) target[i] = (int32_t)lem_rng_next_below(&r, T_OUT);
    lem_packed p = {0};
    lem_status st = lem_packed_alloc(&p, b, T_OUT, T_IN, LEM_DTYPE_F32, err);
    if (st) return st;
    b->ops->pack(b, w, &p);
    b->ops->rmsnorm(b, T_ROWS, T_IN, x, g, 1e-6f, out->norm, NULL);
    b->ops->linear(b, T_ROWS, out->norm, &p, NULL, out->y, false);
    b->ops->swiglu(b, T_ROWS, T_IN, x, out->norm, out->act);
    b->ops->logprob(b, T_ROWS, T_OUT, out->y, target, out->lp, NULL);
    lem_packed_release(&p, b);
    return LEM_OK;
}

static double worst(const float *a, const float *b, int n) {
    double m = 0;
    for (int i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= m)) m = isnan(d) ? INFINITY : d;
    }
    return m;
}

static double worst_of(const sums *a, const sums *b) {
    return fmax(fmax(worst(a->y, b->y, T_ROWS * T_OUT), worst(a->norm, b->norm, T_ROWS * T_IN)),
                fmax(worst(a->act, b->act, T_ROWS * T_IN), worst(a->lp, b->lp, T_ROWS)));
}

/* The sums by one path, whose name goes to *name (static). */
static lem_status compute_by(lem_isa isa, lem_pool *pool, sums *out, const char **name, lem_err *err) {
    lem_backend *b = NULL;
    lem_status st = lem_backend_new(isa, pool, &b, err);
    if (st) return st;
    *name = b->ops->name;
    st = compute_small(b, out, err);
    lem_backend_free(b);
    return st;
}

static lem_status check_path(lem_isa isa, lem_pool *pool, const sums *want, lem_selftest *t, lem_err *err) {
    sums got;
    const char *path = NULL;
    char name[48];
    lem_status st = compute_by(isa, pool, &got, &path, err);
    if (st) return st;
    double d = worst_of(want, &got);
    snprintf(name, sizeof name, "compute path %s", path);
    lem_selftest_add(t, name, d < 1e-4, "largest difference from the reference %.1e", d);
    return LEM_OK;
}

lem_status lem_compute_selftest(lem_pool *pool, lem_selftest *t, lem_err *err) {
    static const lem_isa paths[] = {LEM_ISA_GENERIC, LEM_ISA_AVX2, LEM_ISA_AVX512, LEM_ISA_AVX512BF16};
    sums want;
    const char *name = NULL;
    lem_status st = compute_by(LEM_ISA_REF, pool, &want, &name, err);
    for (size_t i = 0; st == LEM_OK && i < sizeof paths / sizeof *paths; i++)
        if (lem_isa_supported(paths[i])) st = check_path(paths[i], pool, &want, t, err);
    return st;
}
