/* cpu/flat.inc.h - operations on flat arrays: activations, optimizer, whole-array checks
 *
 * Every element stands alone, so chunks may be handed to any thread; sums take fixed blocks of 4096 added in
 * order. */

#define CHUNK 16384
#define SUM_BLOCK 4096

typedef struct flat_job {
    size_t n;
    float *y, *y2, *y3;
    const float *x, *x2, *x3;
    float s;
    const lem_adamw *adamw;
    double *sums;
    size_t first_block;
    bool *bad;
} flat_job;

static void run_flat(lem_backend *b, flat_job *j, lem_pool_fn *fn) {
    run_tasks(b, (int)((j->n + CHUNK - 1) / CHUNK), fn, j);
}

/* v is the index of each vector of the task, n its valid lanes. */
#define EACH_VECTOR(job, task)                                                                               \
    for (size_t v = (size_t)(task)*CHUNK, end = v + CHUNK < (job)->n ? v + CHUNK : (job)->n; v < end;        \
         v += 16)                                                                                            \
        for (int n = end - v < 16 ? (int)(end - v) : 16; n; n = 0)

SIMD v16 v_sigmoid(v16 x) { return v_div(v_set1(1.0f), v_add(v_set1(1.0f), v_exp(v_sub(v_zero(), x)))); }

static void swiglu_task(void *ctx, int task, int worker) {
    const flat_job *j = ctx;
    (void)worker;
    EACH_VECTOR(j, task) {
        v16 g = v_load_tail(j->x + v, n);
        v_store_tail(j->y + v, n, v_mul(v_mul(g, v_sigmoid(g)), v_load_tail(j->x2 + v, n)));
    }
}

static void cpu_swiglu(lem_backend *b, int T, int F, const float *gate, const float *up, float *act) {
    flat_job j = {.n = (size_t)T * (size_t)F, .x = gate, .x2 = up, .y = act};
    run_flat(b, &j, swiglu_task);
}

static void swiglu_backward_task(void *ctx, int task, int worker) {
    const flat_job *j = ctx;
    (void)worker;
    EACH_VECTOR(j, task) {
        v16 g = v_load_tail(j->x + v, n), u = v_load_tail(j->x2 + v, n), da = v_load_tail(j->x3 + v, n);
        v16 sig = v_sigmoid(g), one = v_set1(1.0f);
        v16 dgate = v_mul(v_mul(v_mul(da, u), sig), v_fma(g, v_sub(one, sig), one));
        v_store_tail(j->y2 + v, n, v_mul(da, v_mul(g, sig)));
        v_store_tail(j->y + v, n, dgate);
    }
}

static void cpu_swiglu_backward(lem_backend *b, int T, int F, const float *gate, const float *up,
                                const float *dact, float *dgate, float *dup) {
    flat_job j = {.n = (size_t)T * (size_t)F, .x = gate, .x2 = up, .x3 = dact, .y = dgate, .y2 = dup};
    run_flat(b, &j, swiglu_backward_task);
}

static void add_task(void *ctx, int task, int worker) {
    const flat_job *j = ctx;
    (void)worker;
    EACH_VECTOR(j, task) v_store_tail(j->y + v, n, v_add(v_load_tail(j->y + v, n), v_load_tail(j->x + v, n)));
}

static void cpu_add(lem_backend *b, size_t n, float *x, const float *y) {
    flat_job j = {.n = n, .y = x, .x = y};
    run_flat(b, &j, add_task);
}

static void scale_task(void *ctx, int task, int worker) {
    const flat_job *j = ctx;
    (void)worker;
    EACH_VECTOR(j, task) v_store_tail(j->y + v, n, v_mul(v_load_tail(j->y + v, n), v_set1(j->s)));
}

static void cpu_scale(lem_backend *b, size_t n, float *x, float s) {
    flat_job j = {.n = n, .y = x, .s = s};
    run_flat(b, &j, scale_task);
}

static void adamw_task(void *ctx, int task, int worker) {
    const flat_job *j = ctx;
    const lem_adamw *o = j->adamw;
    (void)worker;
    v16 b1 = v_set1(o->beta1), b2 = v_set1(o->beta2), rest1 = v_set1(1.0f - o->beta1),
        rest2 = v_set1(1.0f - o->beta2);
    v16 keep = v_set1(1.0f - o->lr * o->weight_decay), step = v_set1(-o->lr / o->bias1),
        root = v_set1(1.0f / sqrtf(o->bias2));
    v16 eps = v_set1(o->eps), gs = v_set1(o->grad_scale);
    EACH_VECTOR(j, task) {
        v16 g = v_mul(v_load_tail(j->x + v, n), gs);
        v16 m1 = v_fma(b1, v_load_tail(j->y2 + v, n), v_mul(rest1, g));
        v16 m2 = v_fma(b2, v_load_tail(j->y3 + v, n), v_mul(rest2, v_mul(g, g)));
        v16 p = v_mul(v_load_tail(j->y + v, n), keep);
        v16 denominator = v_fma(v_sqrt(m2), root, eps);
        v_store_tail(j->y + v, n, v_fma(step, v_div(m1, denominator), p));
        v_store_tail(j->y2 + v, n, m1);
        v_store_tail(j->y3 + v, n, m2);
    }
}

static void cpu_adamw(lem_backend *b, size_t n, float *param, const float *grad, float *m, float *v,
                      const lem_adamw *o) {
    flat_job j = {.n = n, .y = param, .x = grad, .y2 = m, .y3 = v, .adamw = o};
    run_flat(b, &j, adamw_task);
}

/* Sum of squares of one block: 16 partial sums in float would lose digits, so lanes are squared in float and
 * added in double by halves. */
static double block_sumsq(size_t n, const float *x) {
    double s[16] = {0};
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t l = 0; l < 16; l++) s[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t l = 0; i + l < n; l++) s[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t step = 8; step > 0; step /= 2)
        for (size_t l = 0; l < step; l++) s[l] += s[l + step];
    return s[0];
}

#define SUMS_AT_ONCE 1024
static void sumsq_task(void *ctx, int task, int worker) {
    const flat_job *j = ctx;
    (void)worker;
    size_t at = (j->first_block + (size_t)task) * SUM_BLOCK;
    j->sums[task] = block_sumsq(j->n - at < SUM_BLOCK ? j->n - at : SUM_BLOCK, j->x + at);
}

static double cpu_sumsq(lem_backend *b, size_t n, const float *x) {
    double sums[SUMS_AT_ONCE], total = 0;
    size_t blocks = (n + SUM_BLOCK - 1) / SUM_BLOCK;
    for (size_t first = 0; first < blocks; first += SUMS_AT_ONCE) {
        int now = (int)(blocks - first < SUMS_AT_ONCE ? blocks - first : SUMS_AT_ONCE);
        flat_job j = {.n = n, .x = x, .sums = sums, .first_block = first};
        run_tasks(b, now, sumsq_task, &j);
        for (int i = 0; i < now; i++) total += sums[i];
    }
    return total;
}

static void finite_task(void *ctx, int task, int worker) {
    const flat_job *j = ctx;
    (void)worker;
    v16 sum = v_zero();
    EACH_VECTOR(j, task)
    sum = v_fma(v_load_tail(j->x + v, n), v_zero(), sum); /* 0*x is 0 for finite x, else NaN */
    if (!isfinite(v_sum(sum))) __atomic_store_n(j->bad, true, __ATOMIC_RELAXED);
}

static bool cpu_all_finite(lem_backend *b, size_t n, const float *x) {
    bool bad = false;
    flat_job j = {.n = n, .x = x, .bad = &bad};
    run_flat(b, &j, finite_task);
    return !bad;
}
