/* cpu/common.inc.h - exp, tail helpers and the thread helper shared by the kernels; included after a vector
 * layer */

#include "compute/backend_priv.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* e^x within about 1 ulp: 0 below -87.3, clamped at 88; the polynomial is Cephes' expf. NaN stays NaN. */
SIMD v16 v_exp(v16 x) {
    v16 y = v_min(v_set1(88.0f), x),
        magic = v_set1(12582912.0f); /* 1.5 * 2^23: the sum's low bits are the rounded integer */
    v16 t = v_add(v_mul(y, v_set1(1.44269504088896341f)), magic);
    v16 n = v_sub(t, magic);
    v16 r = v_fma(n, v_set1(-0.693359375f), y);
    r = v_fma(n, v_set1(2.12194440e-4f), r);
    v16 p = v_set1(1.9875691500e-4f);
    p = v_fma(p, r, v_set1(1.3981999507e-3f));
    p = v_fma(p, r, v_set1(8.3334519073e-3f));
    p = v_fma(p, r, v_set1(4.1665795894e-2f));
    p = v_fma(p, r, v_set1(1.6666665459e-1f));
    p = v_fma(p, r, v_set1(5.0000001201e-1f));
    p = v_fma(v_mul(r, r), p, v_add(r, v_set1(1.0f)));
    return v_zero_below(v_add_exponent(p, t), x, -87.3f);
}

SIMD int min_int(int a, int b) { return a < b ? a : b; }
SIMD int max_int(int a, int b) { return a > b ? a : b; }
SIMD int div_up(int a, int b) { return (a + b - 1) / b; }
SIMD v16 v_load_tail(const float *p, int n) { return n >= 16 ? v_load(p) : v_load_n(p, n); }
SIMD void v_store_tail(float *p, int n, v16 a) {
    if (n >= 16) v_store(p, a);
    else v_store_n(p, n, a);
}

static int threads_of(const lem_backend *b) { return ((const lem_cpu_priv *)b->priv)->threads; }

static float *scratch_of(const lem_backend *b, int worker) {
    return ((const lem_cpu_priv *)b->priv)->scratch + (size_t)worker * LEM_SCRATCH_PART;
}

static void run_tasks(lem_backend *b, int n, lem_pool_fn *fn, void *ctx) {
    if (n == 1) fn(ctx, 0, 0);
    else if (n > 1) lem_pool_run(b->pool, n, fn, ctx);
}

/* Rows of one task so that a task touches about 16 Ki floats. */
static int rows_per_task(int T, int floats_per_row) {
    int rows = 16384 / max_int(floats_per_row, 1);
    return max_int(1, min_int(T, rows));
}
