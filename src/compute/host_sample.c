/* host_sample.c - tokens from rows of logits: temperature, top-k, top-p and the inverse CDF over whole-number
 * weights. What is done with each logit is compiled for each path (cpu/draw.inc.h); all draw the same. */
#include "compute/backend_priv.h"

#include <math.h>
#include <string.h>

enum { N_BUCKETS = 1024 };
#define COLDEST 1e-20f /* below it a temperature is greedy */

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

static inline uint64_t measure_of(float p, bool count) { return count ? 1 : lem_draw_weight(p); }

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

/* First token at which the running weight exceeds want; block by block, then token by token. */
static int32_t pick(const float *p, int V, const uint64_t *sums, uint64_t want) {
    uint64_t seen = 0;
    int at = 0;
    for (; at + LEM_DRAW_BLOCK < V; at += LEM_DRAW_BLOCK, sums++) {
        if (seen + *sums > want) break;
        seen += *sums;
    }
    for (; at < V - 1; at++) {
        seen += lem_draw_weight(p[at]);
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

/* scratch: V floats; order: V numbers, whose place the sums of blocks take once they are used */
static int32_t draw_token(const lem_draw_rows *rows, const float *logits, int V, const lem_draw *o,
                          float *scratch, int32_t *order) {
    int32_t best = rows->best(logits, V);
    if (best < 0 || !(o->temperature >= COLDEST) || o->top_k == 1) return best;
    float max = logits[best], inverse = 1.0f / o->temperature, *p = scratch;
    uint64_t *sums = (uint64_t *)(void *)order;
    rows->weigh(logits, V, max, inverse, p);
    if (o->top_k > 0 && o->top_k < V) keep_best(logits, V, max, inverse, true, (uint64_t)o->top_k, p, order);
    uint64_t total = rows->total(p, V, sums);
    if (o->top_p > 0 && o->top_p < 1) {
        uint64_t target = (uint64_t)ceil((double)o->top_p * (double)total);
        keep_best(logits, V, max, inverse, false, target ? target : 1, p, order);
        total = rows->total(p, V, sums);
    }
    if (o->min_p > 0) {
        drop_unlikely(p, V, o->min_p);
        total = rows->total(p, V, sums);
    }
    uint64_t want =
        (uint64_t)(o->u * (double)total); /* total <= 2^60, at least 2^40: the maximum weighs one */
    return pick(p, V, sums, want < total ? want : total - 1);
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
    const lem_cpu_priv *priv = j->b->priv;
    float *scratch = priv->scratch + (size_t)worker * LEM_SCRATCH_PART, *copy = scratch + LEM_SCRATCH_FLOATS;
    int32_t *order = (int32_t *)(void *)(scratch + LEM_SCRATCH_FLOATS / 2);
    for (int i = task; i < j->n; i += j->n_tasks) {
        const float *row = j->logits + (size_t)j->draw[i].row * (size_t)j->V;
        row = penalised(row, j->V, &j->draw[i], j->seen, copy);
        j->token[i] = draw_token(priv->draw, row, j->V, &j->draw[i], scratch, order);
    }
}

void lem_host_sample(lem_backend *b, int n, int V, const float *logits, const lem_draw *draw,
                     const int32_t *seen, int32_t *token) {
    int tasks = 2 * ((const lem_cpu_priv *)b->priv)->threads;
    sample_job j = {b, n, V, n < tasks ? n : tasks, logits, draw, seen, token};
    if (n > 0) lem_pool_run(b->pool, j.n_tasks, sample_task, &j);
}
