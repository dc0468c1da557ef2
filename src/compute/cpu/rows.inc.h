/* cpu/rows.inc.h - operations on rows: norms, positions, activations, embeddings, token probabilities
 *
 * Sums along a row are 16 partial sums by index modulo 16 and one tree; sums over rows are chains over t
 * ascending, parallel over columns. */

typedef struct rows_job { /* one struct for all row operations; each uses the fields it names */
    int T, D, rows;       /* rows per task */
    float *y, *y2;
    const float *x, *x2, *w, *w2;
    const int32_t *ids;
    const int *pos;
    float eps;
    int H;
    bool flag;
} rows_job;

#define COLS_PER_TASK 64

SIMD void row_range(const rows_job *j, int task, int *t0, int *t1) {
    *t0 = task * j->rows;
    *t1 = min_int(*t0 + j->rows, j->T);
}

static void run_rows(lem_backend *b, rows_job *j, int floats_per_row, lem_pool_fn *fn) {
    if (j->T <= 0) return;
    j->rows = rows_per_task(j->T, floats_per_row);
    run_tasks(b, div_up(j->T, j->rows), fn, j);
}

/* Column sums: a chain over rows of dy, or of dy * (x / rms), for `vecs` vectors of columns at once; n is the
 * last one's valid lanes. */
SIMD void column_sums(const rows_job *j, int d, const int vecs, int n) {
    v16 sum[COLS_PER_TASK / 16];
    for (int v = 0; v < vecs; v++) sum[v] = v_load_tail(j->y + d + 16 * v, v == vecs - 1 ? n : 16);
    for (int t = 0; t < j->T; t++) {
        size_t at = (size_t)t * (size_t)j->D + (size_t)d;
        for (int v = 0; v < vecs; v++, at += 16) {
            int lanes = v == vecs - 1 ? n : 16;
            v16 x = v_load_tail(j->x + at, lanes);
            if (j->x2) sum[v] = v_fma(x, v_mul(v_load_tail(j->x2 + at, lanes), v_set1(j->w[t])), sum[v]);
            else sum[v] = v_add(sum[v], x);
        }
    }
    for (int v = 0; v < vecs; v++) v_store_tail(j->y + d + 16 * v, v == vecs - 1 ? n : 16, sum[v]);
}

static void column_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    (void)worker;
    int d = task * COLS_PER_TASK, end = min_int(d + COLS_PER_TASK, j->D);
    if (end - d == COLS_PER_TASK) {
        column_sums(j, d, COLS_PER_TASK / 16, 16);
        return;
    }
    for (; d < end; d += 16) column_sums(j, d, 1, min_int(16, end - d));
}

static void cpu_bias_grad(lem_backend *b, int T, int N, const float *dY, float *db) {
    rows_job j = {.T = T, .D = N, .x = dY, .y = db};
    run_tasks(b, div_up(N, COLS_PER_TASK), column_task, &j);
}

static void rmsnorm_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    int t0, t1, D = j->D;
    (void)worker;
    row_range(j, task, &t0, &t1);
    for (int t = t0; t < t1; t++) {
        const float *x = j->x + (size_t)t * (size_t)D;
        float *y = j->y + (size_t)t * (size_t)D;
        v16 sum = v_zero();
        for (int d = 0; d < D; d += 16) {
            v16 a = v_load_tail(x + d, D - d);
            sum = v_fma(a, a, sum);
        }
        float inv = 1.0f / sqrtf(v_sum(sum) / (float)D + j->eps);
        for (int d = 0; d < D; d += 16)
            v_store_tail(y + d, D - d,
                         v_mul(v_mul(v_load_tail(x + d, D - d), v_set1(inv)), v_load_tail(j->w + d, D - d)));
        if (j->y2) j->y2[t] = inv;
    }
}

static void cpu_rmsnorm(lem_backend *b, int T, int D, const float *X, const float *w, float eps, float *Y,
                        float *inv_rms) {
    rows_job j = {.T = T, .D = D, .x = X, .w = w, .eps = eps, .y = Y, .y2 = inv_rms};
    run_rows(b, &j, 2 * D, rmsnorm_task);
}

static void rmsnorm_backward_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    int t0, t1, D = j->D;
    (void)worker;
    row_range(j, task, &t0, &t1);
    for (int t = t0; t < t1; t++) {
        size_t at = (size_t)t * (size_t)D;
        v16 sum = v_zero();
        for (int d = 0; d < D; d += 16) {
            v16 g = v_mul(v_load_tail(j->x + at + d, D - d), v_load_tail(j->w2 + d, D - d));
            sum = v_fma(g, v_load_tail(j->x2 + at + d, D - d), sum);
        }
        float inv = j->w[t];
        v16 vinv = v_set1(inv), along = v_set1(-(v_sum(sum) / (float)D * inv * inv * inv));
        for (int d = 0; d < D; d += 16) {
            v16 g = v_mul(v_load_tail(j->x + at + d, D - d), v_load_tail(j->w2 + d, D - d));
            v16 dx = v_fma(v_load_tail(j->x2 + at + d, D - d), along, v_mul(g, vinv));
            v_store_tail(j->y + at + d, D - d, v_add(v_load_tail(j->y + at + d, D - d), dx));
        }
    }
}

static void cpu_rmsnorm_backward(lem_backend *b, int T, int D, const float *dY, const float *X,
                                 const float *w, const float *inv_rms, float *dX, float *dw) {
    rows_job rows = {.T = T, .D = D, .x = dY, .x2 = X, .w = inv_rms, .w2 = w, .y = dX};
    run_rows(b, &rows, 4 * D, rmsnorm_backward_task);
    rows_job columns = {.T = T, .D = D, .x = dY, .x2 = X, .w = inv_rms, .y = dw};
    run_tasks(b, div_up(D, COLS_PER_TASK), column_task, &columns);
}

static void rope_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    int t0, t1, E = j->D, half = E / 2;
    (void)worker;
    row_range(j, task, &t0, &t1);
    for (int t = t0; t < t1; t++) {
        const float *c = j->w + (size_t)j->pos[t] * (size_t)E, *s = c + half;
        for (int h = 0; h < j->H; h++) {
            float *x = j->y + ((size_t)t * (size_t)j->H + (size_t)h) * (size_t)E;
            for (int i = 0; i < half; i += 16) {
                int n = min_int(16, half - i);
                v16 a = v_load_tail(x + i, n), z = v_load_tail(x + half + i, n),
                    cosine = v_load_tail(c + i, n);
                v16 sine = v_load_tail(s + i, n);
                if (j->flag) sine = v_sub(v_zero(), sine);
                v_store_tail(x + i, n, v_sub(v_mul(a, cosine), v_mul(z, sine)));
                v_store_tail(x + half + i, n, v_add(v_mul(z, cosine), v_mul(a, sine)));
            }
        }
    }
}

static void cpu_rope(lem_backend *b, int T, int H, int E, float *X, const int *pos, const float *cos_sin,
                     bool inverse) {
    rows_job j = {.T = T, .D = E, .H = H, .y = X, .pos = pos, .w = cos_sin, .flag = inverse};
    run_rows(b, &j, 2 * H * E, rope_task);
}

static void gather_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    int t0, t1;
    size_t D = (size_t)j->D;
    (void)worker;
    row_range(j, task, &t0, &t1);
    for (int t = t0; t < t1; t++)
        memcpy(j->y + (size_t)t * D, j->x + (size_t)j->ids[t] * D, D * sizeof(float));
}

static void gather_bf16_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    int t0, t1;
    size_t D = (size_t)j->D;
    (void)worker;
    row_range(j, task, &t0, &t1);
    for (int t = t0; t < t1; t++) {
        const uint16_t *from = (const uint16_t *)(const void *)j->x + (size_t)j->ids[t] * D;
        for (size_t d = 0; d < D; d++) j->y[(size_t)t * D + d] = lem_bf16_to_f32(from[d]);
    }
}

static void cpu_gather(lem_backend *b, int R, int D, const int32_t *rows, const void *from, lem_dtype dtype,
                       float *to) {
    rows_job j = {.T = R, .D = D, .ids = rows, .x = from, .y = to};
    run_rows(b, &j, D, dtype == LEM_DTYPE_F32 ? gather_task : gather_bf16_task);
}

static void scatter_add_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    (void)worker;
    int d0 = task * COLS_PER_TASK, d1 = min_int(d0 + COLS_PER_TASK, j->D);
    for (int t = 0; t < j->T; t++) {
        float *to = j->y + (size_t)j->ids[t] * (size_t)j->D;
        const float *x = j->x + (size_t)t * (size_t)j->D;
        for (int d = d0; d < d1; d += 16)
            v_store_tail(to + d, d1 - d, v_add(v_load_tail(to + d, d1 - d), v_load_tail(x + d, d1 - d)));
    }
}

static void cpu_scatter_add(lem_backend *b, int R, int D, const int32_t *rows, const float *from, float *to) {
    rows_job j = {.T = R, .D = D, .ids = rows, .x = from, .y = to};
    run_tasks(b, div_up(D, COLS_PER_TASK), scatter_add_task, &j);
}

/* ---- token probabilities ---- */

static void logprob_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    int t0, t1, V = j->D;
    (void)worker;
    row_range(j, task, &t0, &t1);
    for (int t = t0; t < t1; t++) {
        const float *x = j->x + (size_t)t * (size_t)V;
        v16 low = v_set1(-INFINITY), max = low, sum = v_zero();
        for (int v = 0; v < V; v += 16) {
            v16 a = v_load_tail(x + v, V - v);
            max = v_max(V - v < 16 ? v_first_n(a, V - v, low) : a, max);
        }
        float m = v_hmax(max);
        for (int v = 0; v < V; v += 16) {
            v16 a = v_sub(v_load_tail(x + v, V - v), v_set1(m));
            sum = v_add(sum, v_exp(V - v < 16 ? v_first_n(a, V - v, low) : a));
        }
        double lse = (double)m + log((double)v_sum(sum));
        j->y[t] = (float)((double)x[j->ids[t]] - lse);
        if (j->y2) j->y2[t] = (float)lse;
    }
}

static void cpu_logprob(lem_backend *b, int R, int V, const float *logits, const int32_t *target,
                        float *logprob, float *lse) {
    rows_job j = {.T = R, .D = V, .x = logits, .ids = target, .y = logprob, .y2 = lse};
    run_rows(b, &j, 4 * V, logprob_task);
}

static void xent_task(void *ctx, int task, int worker) {
    const rows_job *j = ctx;
    int t0, t1, V = j->D;
    (void)worker;
    row_range(j, task, &t0, &t1);
    for (int t = t0; t < t1; t++) {
        float *x = j->y + (size_t)t * (size_t)V, weight = j->w[t], lse = j->x[t];
        float hot[16]; /* the target's probability by the same exp as every other */
        v_store(hot, v_exp(v_sub(v_set1(x[j->ids[t]]), v_set1(lse))));
        for (int v = 0; v < V; v += 16)
            v_store_tail(x + v, V - v,
                         v_mul(v_set1(weight), v_exp(v_sub(v_load_tail(x + v, V - v), v_set1(lse)))));
        x[j->ids[t]] = weight * (hot[0] - 1.0f);
    }
}

static void cpu_softmax_xent_grad(lem_backend *b, int R, int V, float *logits, const int32_t *target,
                                  const float *weight, const float *lse) {
    rows_job j = {.T = R, .D = V, .y = logits, .ids = target, .w = weight, .x = lse};
    run_rows(b, &j, 4 * V, xent_task);
}
