/* lists_split.c - validation lists set apart by problem */
#include "core/mem.h"
#include "core/rng.h"
#include "data/dataset.h"

#include <stdlib.h>
#include <string.h>

lem_status lem_lists_split(lem_lists *l, double share, uint64_t seed, lem_lists *val, lem_err *err) {
    struct lem_list_item *apart = lem_alloc(l->n ? l->n : 1, sizeof *apart, err);
    uint64_t n = 0, m = 0;
    if (!apart) return LEM_EMEM;
    for (uint64_t i = 0; i < l->n; i++) {
        const lem_rng r = lem_rng_make(seed, "val-share", l->list[i].problem);
        if (lem_rng_unit_at(&r, 0) < share) apart[m++] = l->list[i];
        else l->list[n++] = l->list[i];
    }
    if (m) memcpy(l->list + n, apart, m * sizeof *apart);
    lem_free(apart);
    *val = *l;
    val->list = l->list + n;
    val->n = m;
    l->n = n;
    return LEM_OK;
}

static int by_hash(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

lem_status lem_lists_count_problems(const lem_lists *l, uint64_t *out, lem_err *err) {
    uint64_t n = 0, *hash = lem_alloc(l->n ? l->n : 1, sizeof *hash, err);
    if (!hash) return LEM_EMEM;
    for (uint64_t i = 0; i < l->n; i++) hash[i] = l->list[i].problem;
    qsort(hash, l->n, sizeof *hash, by_hash);
    for (uint64_t i = 0; i < l->n; i++) n += i == 0 || hash[i] != hash[i - 1];
    lem_free(hash);
    *out = n;
    return LEM_OK;
}
