/* dedup_joined_priv.h - which numbers are joined into one set (union by least number) */
#ifndef LEM_CURATE_DEDUP_JOINED_PRIV_H
#define LEM_CURATE_DEDUP_JOINED_PRIV_H

#include "core/scratch.h"

#define LEM_JOINED_MOST 0x7fffffffu
#define LEM_JOINED_FLAG 0x80000000u

/* Four bytes a number; beyond `memory` they lie in a mapped file. */
typedef struct lem_joined {
    lem_scratch_array
        parent; /* uint32_t: the parent; of a root itself, with the flag if others are below it */
} lem_joined;

static inline lem_status lem_joined_new(const char *dir, uint64_t n, size_t memory, lem_joined *out,
                                        lem_err *err) {
    lem_status st = lem_scratch_array_new(dir, (size_t)n * sizeof(uint32_t), memory, &out->parent, err);
    for (uint64_t i = 0; st == LEM_OK && i < n; i++) ((uint32_t *)out->parent.p)[i] = (uint32_t)i;
    return st;
}

static inline void lem_joined_release(lem_joined *j) { lem_scratch_array_release(&j->parent); }

/* The least number of the set. */
static inline uint32_t lem_joined_find(const lem_joined *j, uint32_t i) {
    uint32_t *p = j->parent.p;
    for (uint32_t up; (up = p[i] & LEM_JOINED_MOST) != i; i = up) {
        uint32_t higher = p[up] & LEM_JOINED_MOST;
        if (higher != up) p[i] = higher; /* halves the path */
    }
    return i;
}

static inline bool lem_joined_has_others(const lem_joined *j, uint32_t root) {
    return (((const uint32_t *)j->parent.p)[root] & LEM_JOINED_FLAG) != 0;
}

static inline void lem_joined_unite(lem_joined *j, uint32_t a, uint32_t b) {
    uint32_t *p = j->parent.p, low = lem_joined_find(j, a), high = lem_joined_find(j, b);
    if (low == high) return;
    if (low > high) {
        uint32_t t = low;
        low = high;
        high = t;
    }
    p[high] = low;
    p[low] |= LEM_JOINED_FLAG;
}

#endif
