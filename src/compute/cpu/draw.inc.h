/* cpu/draw.inc.h - what host_sample.c does with each logit of a row. Each element by plain operations,
 * rounded one by one, and sums of whole numbers: every path gives the same bits. */

#include "compute/backend_priv.h"

#include <math.h>
#include <string.h>

typedef float dv __attribute__((vector_size(4 * VF_W)));
typedef int32_t di __attribute__((vector_size(4 * VF_W)));

SIMD dv dv_load(const float *x) {
    dv v;
    memcpy(&v, x, sizeof v);
    return v;
}
SIMD dv dv_where(di mask, dv a, dv b) { return (dv)((mask & (di)a) | (~mask & (di)b)); }

/* The largest of n numbers; *ok becomes false where one is NaN or +Inf. */
static float block_max(const float *x, int n, bool *ok) {
    float best = -INFINITY;
    dv most = (dv){0} - INFINITY;
    di good = most < INFINITY;
    int i = 0;
    for (; i + VF_W <= n; i += VF_W) {
        dv v = dv_load(x + i);
        good &= v < INFINITY; /* NaN compares false */
        most = dv_where(v > most, v, most);
    }
    for (int k = 0; k < VF_W; k++) {
        *ok = *ok && good[k];
        best = most[k] > best ? most[k] : best;
    }
    for (; i < n; i++) {
        *ok = *ok && x[i] < INFINITY;
        best = x[i] > best ? x[i] : best;
    }
    return best;
}

/* Index of the first maximum; -1 if the row has a NaN or +Inf, or nothing finite. */
static int32_t draw_best(const float *x, int V) {
    float best = -INFINITY;
    int32_t at = 0;
    bool ok = true;
    for (int i = 0; i < V; i += LEM_DRAW_BLOCK) {
        float m = block_max(x + i, min_int(LEM_DRAW_BLOCK, V - i), &ok);
        if (!(m > best)) continue;
        best = m;
        at = i;
    }
    if (!ok || best == -INFINITY) return -1;
    while (x[at] != best) at++;
    return at;
}

/* exp(x) for x <= 0 by the classical reduction x = n ln2 + r and a degree-6 polynomial; below -40 it is 0
 * (the weight would be 0 anyway). */
SIMD dv exp_negative(dv x) {
    di live = x > -40.0f;
    dv c = (dv)((di)x & live);            /* the others are 0 until the end */
    dv n = c * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest whole number */
    di e = (di)n;
    n -= 12582912.0f;
    dv r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    dv p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    e = (e - 0x4B400000 + 127) << 23;
    dv y = p * (dv)e, one = (dv){0} + 1.0f;
    y = dv_where(y > 1.0f, one, y);
    return (dv)((di)y & live);
}

/* p[i] = exp((logits[i] - max) * inverse) */
static void draw_weigh(const float *logits, int V, float max, float inverse, float *p) {
    float last[VF_W];
    int i = 0;
    for (; i + VF_W <= V; i += VF_W) {
        dv y = exp_negative((dv_load(logits + i) - max) * inverse);
        memcpy(p + i, &y, sizeof y);
    }
    for (int k = 0; k < VF_W; k++) last[k] = i + k < V ? logits[i + k] : max;
    dv y = exp_negative((dv_load(last) - max) * inverse);
    memcpy(last, &y, sizeof y);
    for (int k = 0; i + k < V; k++) p[i + k] = last[k];
}

/* Whole-number weights of n tokens together, and of each LEM_DRAW_BLOCK of them. */
static uint64_t draw_total(const float *p, int n, uint64_t *sums) {
    uint64_t total = 0;
    for (int at = 0; at < n; at += LEM_DRAW_BLOCK, sums++) {
        const int end = min_int(n, at + LEM_DRAW_BLOCK);
        int i = at;
        *sums = 0;
        for (; i + 16 <= end; i += 16) *sums += whole_sum(v_mul(v_load(p + i), v_set1(LEM_DRAW_ONE)));
        for (; i < end; i++) *sums += lem_draw_weight(p[i]);
        total += *sums;
    }
    return total;
}

static const lem_draw_rows draw_rows = {draw_best, draw_weigh, draw_total};
