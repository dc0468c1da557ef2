/* clusters.c - rows to problems, and sums over them */
#include "eval/clusters.h"

#include "core/hash.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

uint64_t lem_eval_cluster_key(const char *problem) {
    return problem ? lem_hash64(problem, strlen(problem), 2) : 0;
}

static lem_status number(const uint64_t *keys, int rows, lem_map *seen, lem_eval_clusters *c, lem_err *err) {
    for (int i = 0; i < rows; i++) {
        int64_t at = c->n;
        uint64_t key = keys[i];
        bool there = false;
        lem_status st = LEM_OK;
        if (key) st = lem_map_add(seen, (const char *)&key, sizeof key, &at, &there, err);
        if (st) return st;
        c->n += !there;
        c->of[i] = (int)at;
    }
    return LEM_OK;
}

lem_status lem_eval_clusters_make(const lem_eval_problem *const *p, int rows, lem_eval_clusters *out,
                                  lem_err *err) {
    uint64_t *key = lem_alloc(rows ? (size_t)rows : 1, sizeof *key, err);
    if (!key) return LEM_EMEM;
    for (int i = 0; i < rows; i++) key[i] = p[i]->cluster;
    lem_status st = lem_eval_clusters_of_keys(key, rows, out, err);
    lem_free(key);
    return st;
}

lem_status lem_eval_clusters_of_keys(const uint64_t *key, int rows, lem_eval_clusters *out, lem_err *err) {
    lem_eval_clusters c = {.rows = rows};
    lem_map *seen = lem_map_new(err);
    lem_status st = seen ? LEM_OK : LEM_EMEM;
    size_t n = rows ? (size_t)rows : 1;
    if (st == LEM_OK && !(c.of = lem_alloc(n, sizeof *c.of, err))) st = LEM_EMEM;
    if (st == LEM_OK) st = number(key, rows, seen, &c, err);
    lem_map_free(seen);
    if (st == LEM_OK && c.n == rows) {
        lem_free(c.of);
        c.of = NULL;
    } else if (st == LEM_OK) {
        c.size = lem_alloc_zero(n, sizeof *c.size, err);
        c.a = lem_alloc(n, sizeof *c.a, err);
        c.b = lem_alloc(n, sizeof *c.b, err);
        if (!c.size || !c.a || !c.b) st = LEM_EMEM;
        for (int i = 0; st == LEM_OK && i < rows; i++) c.size[c.of[i]]++;
    }
    if (st == LEM_OK) *out = c;
    else lem_eval_clusters_release(&c);
    return st;
}

void lem_eval_clusters_release(lem_eval_clusters *c) {
    lem_free(c->of);
    lem_free(c->size);
    lem_free(c->a);
    lem_free(c->b);
    *c = (lem_eval_clusters){0};
}

static void add_up(const lem_eval_clusters *c, const double *v, double scale, double *sum) {
    memset(sum, 0, (size_t)c->n * sizeof *sum);
    for (int i = 0; i < c->rows; i++) sum[c->of[i]] += scale * v[i];
}

const double *lem_eval_clusters_sums(lem_eval_clusters *c, const double *v) {
    if (!c->of) return v;
    add_up(c, v, 1, c->a);
    return c->a;
}

lem_eval_interval lem_eval_clusters_mean(lem_eval_clusters *c, const double *v) {
    if (!c->of) return lem_eval_mean_interval(v, c->rows);
    return lem_eval_ratio_interval(lem_eval_clusters_sums(c, v), c->size, c->n);
}

lem_eval_pairs lem_eval_clusters_paired(lem_eval_clusters *c, const double *a, const double *b) {
    if (!c->of) return lem_eval_paired(a, b, c->rows);
    double scale = (double)c->n / c->rows;
    add_up(c, a, scale, c->a);
    add_up(c, b, scale, c->b);
    lem_eval_pairs out = lem_eval_paired(c->a, c->b, c->n);
    out.p = NAN;
    return out;
}
