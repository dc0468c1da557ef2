/* sampler.c - temperature, top-k, top-p and the inverse CDF over whole-number weights */
#include "generate/sampler.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { N_BUCKETS = 1024 };
#define WEIGHT_ONE 1099511627776.0f /* 2^40 */

static inline uint64_t weight_of(float p) { return (uint64_t)(int64_t)(p * WEIGHT_ONE); }

/* Index of the first maximum; -1 if the row has a NaN or +Inf, or nothing finite. */
static int32_t argmax_checked(const float *x, int V) {
    float best = -INFINITY;
    int32_t at = -1;
    float bad = 0;
    for (int i = 0; i < V; i++) {
        bad += x[i] < INFINITY ? 0.0f : 1.0f; /* NaN compares false */
        if (x[i] > best) {
            best = x[i];
            at = i;
        }
    }
    return bad > 0 ? -1 : at;
}

/* exp(x) for x <= 0 by the classical reduction x = n ln2 + r and a degree-6 polynomial; below -40 it is 0 (the weight would be 0 anyway).
 * Written without calls so that every machine gives the same bits. */
static inline float exp_negative(float x) {
    float c = x > -40.0f ? x : -40.0f;
    float n = c * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest whole number */
    int32_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= 12582912.0f;
    float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t e = (bits - 0x4B400000 + 127) << 23;
    float scale;
    memcpy(&scale, &e, sizeof scale);
    float y = p * scale;
    y = y < 1.0f ? y : 1.0f;
    return x > -40.0f ? y : 0.0f;
}

static void exp_row(const float *logits, int V, float max, float temperature, float *p) {
    int i = 0;
    for (; i + 16 <= V; i += 16)
        for (int j = 0; j < 16; j++) p[i + j] = exp_negative((logits[i + j] - max) / temperature);
    for (; i < V; i++) p[i] = exp_negative((logits[i] - max) / temperature);
}

/* a stands before b: larger logit, then lower id. */
static inline bool before(const float *logits, int32_t a, int32_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
}

static void sift_down(const float *logits, int32_t *heap, int n, int i) {
    int32_t v = heap[i];
    for (;;) {
        int c = 2 * i + 1;
        if (c >= n) break;
        if (c + 1 < n && before(logits, heap[c + 1], heap[c])) c++;
        if (!before(logits, heap[c], v)) break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = v;
}

/* Falls as the logit rises, so a bucket holds a run of the order `before`. 32 buckets for each factor e of weight. */
static inline int bucket_of(float logit, float max, float temperature) {
    float x = (max - logit) / temperature * 32.0f;
    return x < (float)(N_BUCKETS - 1) ? (int)x : N_BUCKETS - 1;
}

/* Keeps the shortest run of tokens, in the order of `before`, whose measure (count, or weight) reaches target; the weights of all others become 0.
 * Tokens whose weight is 0 already do not take part. */
static void keep_best(const float *logits, int V, float max, float temperature, bool count, uint64_t target, float *p, int32_t *order) {
    uint64_t sum[N_BUCKETS] = {0}, above = 0;
    for (int i = 0; i < V; i++)
        if (p[i] > 0) sum[bucket_of(logits[i], max, temperature)] += count ? 1 : weight_of(p[i]);
    int cut = 0;
    while (cut < N_BUCKETS - 1 && above + sum[cut] < target) above += sum[cut++];

    int n = 0;
    for (int i = 0; i < V; i++) {
        if (!(p[i] > 0)) continue;
        int b = bucket_of(logits[i], max, temperature);
        if (b == cut) order[n++] = i;
        else if (b > cut) p[i] = 0;
    }
    for (int i = n / 2 - 1; i >= 0; i--) sift_down(logits, order, n, i);
    while (n > 0 && above < target) {
        above += count ? 1 : weight_of(p[order[0]]);
        order[0] = order[--n];
        if (n) sift_down(logits, order, n, 0);
    }
    for (int i = 0; i < n; i++) p[order[i]] = 0;
}

static uint64_t total_weight(const float *p, int V) {
    uint64_t t = 0;
    for (int i = 0; i < V; i++) t += weight_of(p[i]);
    return t;
}

int32_t lem_sample_token(const float *logits, int V, const lem_sample_opts *o, double u, float *scratch, int32_t *order) {
    int32_t best = argmax_checked(logits, V);
    if (best < 0 || o->temperature <= 0 || o->top_k == 1) return best;
    float max = logits[best], *p = scratch;
    exp_row(logits, V, max, o->temperature, p);
    if (o->top_k > 0 && o->top_k < V) keep_best(logits, V, max, o->temperature, true, (uint64_t)o->top_k, p, order);
    uint64_t total = total_weight(p, V);
    if (o->top_p > 0 && o->top_p < 1) {
        uint64_t target = (uint64_t)ceil((double)o->top_p * (double)total);
        keep_best(logits, V, max, o->temperature, false, target ? target : 1, p, order);
        total = total_weight(p, V);
    }
    uint64_t want = (uint64_t)(u * (double)total), seen = 0; /* total <= 2^60, at least 2^40: the maximum weighs one */
    if (want >= total) want = total - 1;
    for (int i = 0; i < V; i++) {
        seen += weight_of(p[i]);
        if (seen > want) return i;
    }
    return best;
}
