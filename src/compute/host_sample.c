/* host_sample.c - tokens from rows of logits: temperature, top-k, top-p and the inverse CDF over whole-number
 * weights. Plain code, so that every path of every machine draws the same. */
#include "compute/backend_priv.h"

#include <math.h>
#include <string.h>

enum { N_BUCKETS = 1024, BLOCK = 256 };
#define WEIGHT_ONE 1099511627776.0f /* 2^40 */
#define COLDEST 1e-20f              /* below it a temperature is greedy */

typedef float v4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));

static inline uint64_t weight_of(float p) { return (uint64_t)(int64_t)(p * WEIGHT_ONE); }

static inline v4 load4(const float *x) {
    v4 v;
    memcpy(&v, x, sizeof v);
    return v;
}

/* Index of the first maximum; -1 if the row has a NaN or +Inf, or nothing finite. */
static int32_t argmax_checked(const float *x, int V) {
    v4 best4 = {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, top = {INFINITY, INFINITY, INFINITY, INFINITY};
    i4 good = {-1, -1, -1, -1};
    float best = -INFINITY;
    int i = 0;
    bool ok = true;
    for (; i + 4 <= V; i += 4) {
        v4 v = load4(x + i);
        good &= v < top; /* NaN compares false */
        i4 m = v > best4;
        best4 = (v4)(((i4)v & m) | ((i4)best4 & ~m));
    }
    for (; i < V; i++) {
        ok = ok && x[i] < INFINITY;
        best = x[i] > best ? x[i] : best;
    }
    for (int k = 0; k < 4; k++) {
        ok = ok && good[k];
        best = best4[k] > best ? best4[k] : best;
    }
    if (!ok || best == -INFINITY) return -1;
    for (i = 0; x[i] != best; i++) {}
    return i;
}

/* exp(x) for x <= 0 by the classical reduction x = n ln2 + r and a degree-6 polynomial; below -40 it is 0
 * (the weight would be 0 anyway). Plain operations on four lanes, so that every machine gives the same bits.
 */
static inline v4 exp_negative(v4 x) {
    i4 live = x > -40.0f;
    v4 c = (v4)((i4)x & live);            /* the others are 0 until the end */
    v4 n = c * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest whole number */
    i4 e = (i4)n;
    n -= 12582912.0f;
    v4 r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    v4 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    e = (e - 0x4B400000 + 127) << 23;
    v4 y = p * (v4)e;
    i4 over = y > 1.0f;
    v4 one = {1, 1, 1, 1};
    y = (v4)(((i4)y & ~over) | ((i4)one & over));
    return (v4)((i4)y & live);
}

static void exp_row(const float *logits, int V, float max, float inverse, float *p) {
    int i = 0;
    for (; i + 4 <= V; i += 4) {
        v4 y = exp_negative((load4(logits + i) - max) * inverse);
        memcpy(p + i, &y, sizeof y);
    }
    if (i == V) return;
    v4 last = {max, max, max, max};
    for (int k = 0; i + k < V; k++) last[k] = logits[i + k];
    last = exp_negative((last - max) * inverse);
    for (int k = 0; i + k < V; k++) p[i + k] = last[k];
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

/* Falls as the logit rises, so a bucket holds a run of the order `before`. 32 buckets for each factor e of
 * weight. */
static inline int bucket_of(float logit, float max, float inverse) {
    float x = (max - logit) * inverse * 32.0f;
    return x < (float)(N_BUCKETS - 1) ? (int)x : N_BUCKETS - 1;
}

static inline uint64_t measure_of(float p, bool count) { return count ? 1 : weight_of(p); }

/* The bucket in which the measure reaches target; *above: the measure of those before it. */
static int find_cut(const float *logits, int V, float max, float inverse, bool count, uint64_t target,
                    const float *p, uint64_t *above) {
    uint64_t sum[N_BUCKETS] = {0}, seen = 0;
    for (int i = 0; i < V; i++)
        if (p[i] > 0) sum[bucket_of(logits[i], max, inverse)] += measure_of(p[i], count);
    int cut = 0;
    while (cut < N_BUCKETS - 1 && seen + sum[cut] < target) seen += sum[cut++];
    *above = seen;
    return cut;
}

/* Keeps the shortest run of tokens, in the order of `before`, whose measure (count, or weight) reaches
 * target; the weights of all others become 0. Tokens whose weight is 0 already do not take part. */
static void keep_best(const float *logits, int V, float max, float inverse, bool count, uint64_t target,
                      float *p, int32_t *order) {
    uint64_t above;
    int cut = find_cut(logits, V, max, inverse, count, target, p, &above), n = 0;
    for (int i = 0; i < V; i++) {
        if (!(p[i] > 0)) continue;
        int b = bucket_of(logits[i], max, inverse);
        if (b == cut) order[n++] = i;
        else if (b > cut) p[i] = 0;
    }
    for (int i = n / 2 - 1; i >= 0; i--) sift_down(logits, order, n, i);
    while (n > 0 && above < target) {
        above += measure_of(p[order[0]], count);
        order[0] = order[--n];
        if (n) sift_down(logits, order, n, 0);
    }
    for (int i = 0; i < n; i++) p[order[i]] = 0;
}

static uint64_t total_weight(const float *p, int n) {
    uint64_t t = 0;
    for (int i = 0; i < n; i++) t += weight_of(p[i]);
    return t;
}

/* First token at which the running weight exceeds want; block by block, then token by token. */
static int32_t pick(const float *p, int V, uint64_t want) {
    uint64_t seen = 0;
    int at = 0;
    for (; at + BLOCK < V; at += BLOCK) {
        uint64_t w = total_weight(p + at, BLOCK);
        if (seen + w > want) break;
        seen += w;
    }
    for (; at < V - 1; at++) {
        seen += weight_of(p[at]);
        if (seen > want) break;
    }
    return at;
}

/* The logits under the repetition penalty: a copy, where there is one. */
static const float *penalised(const float *logits, int V, const lem_draw *o, const int32_t *seen,
                              float *copy) {
    if (!(o->penalty > 0) || o->penalty == 1 || o->n_seen <= 0) return logits;
    memcpy(copy, logits, (size_t)V * sizeof *copy);
    for (int i = o->seen; i < o->seen + o->n_seen; i++) {
        float x = logits[seen[i]];
        copy[seen[i]] = x < 0 ? x * o->penalty : x / o->penalty;
    }
    return copy;
}

/* The best token has weight 1, so that a weight is how likely a token is beside it. */
static void drop_unlikely(float *p, int V, float min_p) {
    for (int i = 0; i < V; i++)
        if (p[i] < min_p) p[i] = 0;
}

/* scratch: V floats; order: V numbers */
static int32_t draw_token(const float *logits, int V, const lem_draw *o, float *scratch, int32_t *order) {
    int32_t best = argmax_checked(logits, V);
    if (best < 0 || !(o->temperature >= COLDEST) || o->top_k == 1) return best;
    float max = logits[best], inverse = 1.0f / o->temperature, *p = scratch;
    exp_row(logits, V, max, inverse, p);
    if (o->top_k > 0 && o->top_k < V) keep_best(logits, V, max, inverse, true, (uint64_t)o->top_k, p, order);
    uint64_t total = total_weight(p, V);
    if (o->top_p > 0 && o->top_p < 1) {
        uint64_t target = (uint64_t)ceil((double)o->top_p * (double)total);
        keep_best(logits, V, max, inverse, false, target ? target : 1, p, order);
        total = total_weight(p, V);
    }
    if (o->min_p > 0) {
        drop_unlikely(p, V, o->min_p);
        total = total_weight(p, V);
    }
    uint64_t want =
        (uint64_t)(o->u * (double)total); /* total <= 2^60, at least 2^40: the maximum weighs one */
    return pick(p, V, want < total ? want : total - 1);
}

typedef struct sample_job {
    const lem_backend *b;
    int n, V, n_tasks;
    const float *logits;
    const lem_draw *draw;
    const int32_t *seen;
    int32_t *token;
} sample_job;

static void sample_task(void *ctx, int task, int worker) {
    const sample_job *j = ctx;
    float *scratch = ((const lem_cpu_priv *)j->b->priv)->scratch + (size_t)worker * LEM_SCRATCH_PART,
          *copy = scratch + LEM_SCRATCH_FLOATS;
    int32_t *order = (int32_t *)(void *)(scratch + LEM_SCRATCH_FLOATS / 2);
    for (int i = task; i < j->n; i += j->n_tasks) {
        const float *row = j->logits + (size_t)j->draw[i].row * (size_t)j->V;
        row = penalised(row, j->V, &j->draw[i], j->seen, copy);
        j->token[i] = draw_token(row, j->V, &j->draw[i], scratch, order);
    }
}

void lem_host_sample(lem_backend *b, int n, int V, const float *logits, const lem_draw *draw,
                     const int32_t *seen, int32_t *token) {
    int tasks = 2 * ((const lem_cpu_priv *)b->priv)->threads;
    sample_job j = {b, n, V, n < tasks ? n : tasks, logits, draw, seen, token};
    if (n > 0) lem_pool_run(b->pool, j.n_tasks, sample_task, &j);
}
