/* ref - the reference backend: scalar loops with double accumulation, the truth that tests compare with */
#include "compute/backend_priv.h"
#include "compute/ref/ref_priv.h"

#include <math.h>
#include <string.h>

static void ref_pack(lem_backend *b, const float *W, lem_packed *dst) {
    (void)b;
    size_t K = (size_t)dst->K, panels = ((size_t)dst->N + LEM_PANEL - 1) / LEM_PANEL;
    for (size_t p = 0; dst->dtype == LEM_DTYPE_I8 && p < panels; p++)
        lem_host_pack_int8((int)p, W + p * LEM_PANEL * K, dst);
    if (dst->dtype == LEM_DTYPE_I8) return;
    memset(dst->data, 0, lem_host_packed_bytes(dst->N, dst->K, dst->dtype));
    for (size_t p = 0; p < panels; p++) {
        for (size_t j = 0; j < LEM_PANEL && p * LEM_PANEL + j < (size_t)dst->N; j++) {
            const float *w = W + (p * LEM_PANEL + j) * K;
            for (size_t k = 0; k < K; k++) {
                if (dst->dtype == LEM_DTYPE_F32) {
                    ((float *)dst->data)[(p * K + k) * LEM_PANEL + j] = w[k];
                } else {
                    uint32_t *pair = (uint32_t *)dst->data + (p * ((K + 1) / 2) + k / 2) * LEM_PANEL + j;
                    *pair |= (uint32_t)lem_f32_to_bf16(w[k]) << (k % 2 * 16);
                }
            }
        }
    }
}

static float packed_at(const lem_packed *W, size_t n, size_t k) {
    size_t p = n / LEM_PANEL, j = n % LEM_PANEL, K = (size_t)W->K;
    if (W->dtype == LEM_DTYPE_F32) return ((const float *)W->data)[(p * K + k) * LEM_PANEL + j];
    if (W->dtype == LEM_DTYPE_I8) {
        const lem_int8_panel *g =
            (const lem_int8_panel *)W->data + p * lem_int8_groups(K) + k / LEM_INT8_GROUP;
        uint32_t four = g->fours[k % LEM_INT8_GROUP / 4][j];
        return (float)(int8_t)(four >> (8 * (k % 4))) * g->scale[j];
    }
    uint32_t pair = ((const uint32_t *)W->data)[(p * ((K + 1) / 2) + k / 2) * LEM_PANEL + j];
    return lem_bf16_to_f32((uint16_t)(pair >> (k % 2 * 16)));
}

/* Groups in double: as they are rounded, and no further. */
static double int8_sum(const float *x, const lem_packed *W, size_t n) {
    const size_t K = (size_t)W->K, groups = lem_int8_groups(K), j = n % LEM_PANEL;
    const lem_int8_panel *panel = (const lem_int8_panel *)W->data + n / LEM_PANEL * groups;
    double s = 0;
    for (size_t k = 0; k < K; k += LEM_INT8_GROUP, panel++) {
        lem_int8_block row;
        double sum = 0;
        lem_int8_round_row(x + k, K - k < LEM_INT8_GROUP ? K - k : LEM_INT8_GROUP, &row);
        for (size_t i = 0; i < LEM_INT8_GROUP; i++)
            sum += row.q[i] * (double)(int8_t)(panel->fours[i / 4][j] >> (8 * (i % 4)));
        s += sum * (double)row.scale * (double)panel->scale[j];
    }
    return s;
}

static float as_bf16(float x) { return lem_bf16_to_f32(lem_f32_to_bf16(x)); }

static float rounded(bool bf16, float x) { return bf16 ? as_bf16(x) : x; }

/* Whether products by that weight are of bf16, which a wide I8 one can be. */
static bool in_bf16(const lem_backend *b, const lem_packed *W) {
    return b->compute == LEM_COMPUTE_BF16 && (W->dtype == LEM_DTYPE_BF16 || W->dtype == LEM_DTYPE_I8);
}

static void ref_linear(lem_backend *b, int T, const float *X, const lem_packed *W, const float *bias,
                       float *Y, bool accumulate) {
    size_t N = (size_t)W->N, K = (size_t)W->K;
    const bool bf16 = in_bf16(b, W), int8 = W->dtype == LEM_DTYPE_I8 && !W->wide;
    for (size_t t = 0; t < (size_t)T; t++) {
        for (size_t n = 0; n < N; n++) {
            double s = accumulate ? (double)Y[t * N + n] : 0;
            if (int8) s += int8_sum(X + t * K, W, n);
            for (size_t k = 0; !int8 && k < K; k++)
                s += (double)rounded(bf16, X[t * K + k]) * (double)rounded(bf16, packed_at(W, n, k));
            Y[t * N + n] = (float)(bias ? s + (double)bias[n] : s);
        }
    }
}

/* Element i of an array of that type. */
static float stored_at(const void *x, lem_dtype dtype, size_t i) {
    return dtype == LEM_DTYPE_F32 ? ((const float *)x)[i] : lem_bf16_to_f32(((const uint16_t *)x)[i]);
}

static void ref_linear_dx(lem_backend *b, int T, int N, int K, const float *dY, const void *W,
                          lem_dtype dtype, float *dX, bool accumulate) {
    (void)b;
    for (size_t t = 0; t < (size_t)T; t++) {
        for (size_t k = 0; k < (size_t)K; k++) {
            double s = accumulate ? (double)dX[t * (size_t)K + k] : 0;
            for (size_t n = 0; n < (size_t)N; n++)
                s += (double)dY[t * (size_t)N + n] * (double)stored_at(W, dtype, n * (size_t)K + k);
            dX[t * (size_t)K + k] = (float)s;
        }
    }
}

static void ref_linear_dx_packed(lem_backend *b, int T, const float *dY, const lem_packed *W, float *dX,
                                 bool accumulate) {
    const size_t N = (size_t)W->N, K = (size_t)W->K;
    const bool bf16 = in_bf16(b, W);
    for (size_t t = 0; t < (size_t)T; t++)
        for (size_t k = 0; k < K; k++) {
            double s = accumulate ? (double)dX[t * K + k] : 0;
            for (size_t n = 0; n < N; n++)
                s += (double)rounded(bf16, dY[t * N + n]) * (double)rounded(bf16, packed_at(W, n, k));
            dX[t * K + k] = (float)s;
        }
}

static void ref_linear_dw(lem_backend *b, int T, int N, int K, const float *dY, const float *X, float *dW) {
    (void)b;
    for (size_t n = 0; n < (size_t)N; n++) {
        for (size_t k = 0; k < (size_t)K; k++) {
            double s = (double)dW[n * (size_t)K + k];
            for (size_t t = 0; t < (size_t)T; t++)
                s += (double)dY[t * (size_t)N + n] * (double)X[t * (size_t)K + k];
            dW[n * (size_t)K + k] = (float)s;
        }
    }
}

static void ref_linear_dx_bf16(lem_backend *b, int T, int N, int K, const float *dY, const void *W,
                               lem_dtype dtype, float *dX, bool accumulate) {
    (void)b;
    for (size_t t = 0; t < (size_t)T; t++)
        for (size_t k = 0; k < (size_t)K; k++) {
            double s = accumulate ? (double)dX[t * (size_t)K + k] : 0;
            for (size_t n = 0; n < (size_t)N; n++)
                s += (double)as_bf16(dY[t * (size_t)N + n]) *
                     (double)as_bf16(stored_at(W, dtype, n * (size_t)K + k));
            dX[t * (size_t)K + k] = (float)s;
        }
}

static void ref_linear_dw_bf16(lem_backend *b, int T, int N, int K, const float *dY, const float *X,
                               int n_runs, const int *runs, float *dW) {
    (void)b, (void)n_runs, (void)runs; /* an order of summation */
    for (size_t n = 0; n < (size_t)N; n++)
        for (size_t k = 0; k < (size_t)K; k++) {
            double s = (double)dW[n * (size_t)K + k];
            for (size_t t = 0; t < (size_t)T; t++)
                s += (double)as_bf16(dY[t * (size_t)N + n]) * (double)as_bf16(X[t * (size_t)K + k]);
            dW[n * (size_t)K + k] = (float)s;
        }
}

static void ref_bias_grad(lem_backend *b, int T, int N, const float *dY, float *db) {
    (void)b;
    for (size_t n = 0; n < (size_t)N; n++) {
        double s = (double)db[n];
        for (size_t t = 0; t < (size_t)T; t++) s += (double)dY[t * (size_t)N + n];
        db[n] = (float)s;
    }
}

static void ref_rmsnorm(lem_backend *b, int T, int D, const float *X, const float *w, float eps, float *Y,
                        float *inv_rms) {
    (void)b;
    for (size_t t = 0; t < (size_t)T; t++) {
        const float *x = X + t * (size_t)D;
        double s = 0;
        for (int d = 0; d < D; d++) s += (double)x[d] * (double)x[d];
        double inv = 1 / sqrt(s / D + (double)eps);
        for (int d = 0; d < D; d++) Y[t * (size_t)D + (size_t)d] = (float)((double)x[d] * inv * (double)w[d]);
        if (inv_rms) inv_rms[t] = (float)inv;
    }
}

static void ref_rmsnorm_backward(lem_backend *b, int T, int D, const float *dY, const float *X,
                                 const float *w, const float *inv_rms, float *dX, float *dw) {
    (void)b;
    for (size_t t = 0; t < (size_t)T; t++) {
        const float *x = X + t * (size_t)D, *dy = dY + t * (size_t)D;
        double inv = (double)inv_rms[t], dot = 0;
        for (int d = 0; d < D; d++) dot += (double)dy[d] * (double)w[d] * (double)x[d];
        for (int d = 0; d < D; d++) {
            float *dx = dX + t * (size_t)D + (size_t)d;
            *dx = (float)((double)*dx +
                          inv * ((double)dy[d] * (double)w[d] - (double)x[d] * inv * inv * dot / D));
        }
    }
    for (int d = 0; d < D; d++) {
        double s = (double)dw[d];
        for (size_t t = 0; t < (size_t)T; t++)
            s += (double)dY[t * (size_t)D + (size_t)d] * (double)X[t * (size_t)D + (size_t)d] *
                 (double)inv_rms[t];
        dw[d] = (float)s;
    }
}

static void ref_rope(lem_backend *b, int T, int H, int E, float *X, const int *pos, const float *cos_sin,
                     bool inverse) {
    (void)b;
    int half = E / 2;
    for (size_t t = 0; t < (size_t)T; t++) {
        const float *c = cos_sin + (size_t)pos[t] * (size_t)E, *s = c + half;
        for (size_t h = 0; h < (size_t)H; h++) {
            float *x = X + (t * (size_t)H + h) * (size_t)E;
            for (int i = 0; i < half; i++) {
                double a = (double)x[i], z = (double)x[i + half], cosine = (double)c[i],
                       sine = inverse ? -(double)s[i] : (double)s[i];
                x[i] = (float)(a * cosine - z * sine);
                x[i + half] = (float)(z * cosine + a * sine);
            }
        }
    }
}

static void ref_swiglu(lem_backend *b, int T, int F, const float *gate, const float *up, float *act) {
    (void)b;
    for (size_t i = 0; i < (size_t)T * (size_t)F; i++) {
        double g = (double)gate[i];
        act[i] = (float)(g / (1 + exp(-g)) * (double)up[i]);
    }
}

static void ref_swiglu_backward(lem_backend *b, int T, int F, const float *gate, const float *up,
                                const float *dact, float *dgate, float *dup) {
    (void)b;
    for (size_t i = 0; i < (size_t)T * (size_t)F; i++) {
        double g = (double)gate[i], u = (double)up[i], da = (double)dact[i], sig = 1 / (1 + exp(-g));
        dup[i] = (float)(da * g * sig);
        dgate[i] = (float)(da * u * sig * (1 + g * (1 - sig)));
    }
}

static void ref_add(lem_backend *b, size_t n, float *x, const float *y) {
    (void)b;
    for (size_t i = 0; i < n; i++) x[i] += y[i];
}

static void ref_gather(lem_backend *b, int R, int D, const int32_t *rows, const void *from, lem_dtype dtype,
                       float *to) {
    (void)b;
    for (size_t r = 0; r < (size_t)R; r++)
        for (size_t d = 0; d < (size_t)D; d++)
            to[r * (size_t)D + d] = stored_at(from, dtype, (size_t)rows[r] * (size_t)D + d);
}

static void ref_scatter_add(lem_backend *b, int R, int D, const int32_t *rows, const float *from, float *to) {
    (void)b;
    for (size_t r = 0; r < (size_t)R; r++)
        for (size_t d = 0; d < (size_t)D; d++) to[(size_t)rows[r] * (size_t)D + d] += from[r * (size_t)D + d];
}

static void ref_logprob(lem_backend *b, int R, int V, const float *logits, const int32_t *target,
                        float *logprob, float *lse) {
    (void)b;
    for (size_t r = 0; r < (size_t)R; r++) {
        const float *x = logits + r * (size_t)V;
        double max = (double)x[0], sum = 0;
        for (int v = 1; v < V; v++) max = (double)x[v] > max ? (double)x[v] : max;
        for (int v = 0; v < V; v++) sum += exp((double)x[v] - max);
        double l = max + log(sum);
        logprob[r] = (float)((double)x[target[r]] - l);
        if (lse) lse[r] = (float)l;
    }
}

static void ref_softmax_xent_grad(lem_backend *b, int R, int V, float *logits, const int32_t *target,
                                  const float *weight, const float *lse) {
    (void)b;
    for (size_t r = 0; r < (size_t)R; r++) {
        float *x = logits + r * (size_t)V;
        for (int v = 0; v < V; v++)
            x[v] =
                (float)((double)weight[r] * (exp((double)x[v] - (double)lse[r]) - (v == target[r] ? 1 : 0)));
    }
}

static void ref_adamw(lem_backend *b, size_t n, float *param, const float *grad, float *m, float *v,
                      const lem_adamw *o) {
    (void)b;
    for (size_t i = 0; i < n; i++) {
        double g = (double)grad[i] * (double)o->grad_scale;
        double mi = (double)o->beta1 * (double)m[i] + (1 - (double)o->beta1) * g;
        double vi = (double)o->beta2 * (double)v[i] + (1 - (double)o->beta2) * g * g;
        double p = (double)param[i] - (double)o->lr * (double)o->weight_decay * (double)param[i];
        p -= (double)o->lr * (mi / (double)o->bias1) / (sqrt(vi / (double)o->bias2) + (double)o->eps);
        m[i] = (float)mi;
        v[i] = (float)vi;
        param[i] = (float)p;
    }
}

static double ref_sumsq(lem_backend *b, size_t n, const float *x) {
    (void)b;
    double s = 0;
    for (size_t i = 0; i < n; i++) s += (double)x[i] * (double)x[i];
    return s;
}

static bool ref_all_finite(lem_backend *b, size_t n, const float *x) {
    (void)b;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

static void ref_scale(lem_backend *b, size_t n, float *x, float s) {
    (void)b;
    for (size_t i = 0; i < n; i++) x[i] *= s;
}

const lem_backend_ops lem_ref_ops = {
    .name = "ref",
    LEM_HOST_OPS,
    .pack = ref_pack,
    .linear = ref_linear,
    .linear_dx = ref_linear_dx,
    .linear_dw = ref_linear_dw,
    .linear_dx_bf16 = ref_linear_dx_bf16,
    .linear_dx_packed = ref_linear_dx_packed,
    .linear_dw_bf16 = ref_linear_dw_bf16,
    .bias_grad = ref_bias_grad,
    .rmsnorm = ref_rmsnorm,
    .rmsnorm_backward = ref_rmsnorm_backward,
    .rope = ref_rope,
    .swiglu = ref_swiglu,
    .swiglu_backward = ref_swiglu_backward,
    .add = ref_add,
    .gather = ref_gather,
    .scatter_add = ref_scatter_add,
    .kv_write = lem_ref_kv_write,
    .attention = lem_ref_attention,
    .attention_backward = lem_ref_attention_backward,
    .logprob = ref_logprob,
    .softmax_xent_grad = ref_softmax_xent_grad,
    .adamw = ref_adamw,
    .sumsq = ref_sumsq,
    .all_finite = ref_all_finite,
    .scale = ref_scale,
};
