/* host_dropout.c - values left out by counters: whole numbers and one product, so that every path of every
 * machine gives the same bits */
#include "compute/backend_priv.h"

#include "core/rng.h"

typedef struct dropout_job {
    int T, K, n_tasks;
    const lem_noise *noise;
    const float *X;
    float *Y;
    bool accumulate;
} dropout_job;

static void put(const dropout_job *j, size_t i, uint32_t bits) {
    float x = bits < j->noise->drop ? 0.0f : j->X[i] * j->noise->scale;
    j->Y[i] = j->accumulate ? j->Y[i] + x : x;
}

static void dropout_row(const dropout_job *j, int t) {
    const lem_noise *n = j->noise;
    const lem_rng r = {.key = {n->key[0], n->key[1]}, .hi = n->row[t]};
    size_t at = (size_t)t * (size_t)j->K;
    for (int k = 0; k < j->K; k += 2) {
        uint64_t bits = lem_rng_at(&r, n->first + (uint64_t)k / 2);
        put(j, at + (size_t)k, (uint32_t)bits);
        if (k + 1 < j->K) put(j, at + (size_t)k + 1, (uint32_t)(bits >> 32));
    }
}

static void dropout_task(void *ctx, int task, int worker) {
    const dropout_job *j = ctx;
    (void)worker;
    for (int t = task; t < j->T; t += j->n_tasks) dropout_row(j, t);
}

void lem_host_dropout(lem_backend *b, int T, int K, const lem_noise *noise, const float *X, float *Y,
                      bool accumulate) {
    int tasks = 2 * ((const lem_cpu_priv *)b->priv)->threads;
    dropout_job j = {T, K, T < tasks ? T : tasks, noise, X, Y, accumulate};
    if (T > 0) lem_pool_run(b->pool, j.n_tasks, dropout_task, &j);
}
