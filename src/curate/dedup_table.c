/* dedup_table.c - the first row of each text, by its digest, in bounded memory */
#include "curate/dedup_priv.h"

#include "core/mem.h"

#include <string.h>

typedef struct entry {
    uint64_t digest[2];
    uint64_t row, place; /* place 0 = empty */
    uint64_t twins;
} entry;

struct lem_dedup_table {
    entry *at;
    size_t cap, n, most; /* cap is a power of 2 */
};

enum { FIRST_CAP = 256 };

/* Old and new table stand side by side while it grows: 3/2 of the new one. */
lem_status lem_dedup_table_new(size_t memory, lem_dedup_table **out, lem_err *err) {
    lem_dedup_table *t = lem_alloc_zero(1, sizeof *t, err);
    if (!t) return LEM_EMEM;
    t->most = FIRST_CAP;
    while (t->most <= memory / sizeof(entry) / 3) t->most *= 2;
    t->cap = FIRST_CAP;
    t->at = lem_alloc_zero(t->cap, sizeof *t->at, err);
    if (!t->at) {
        lem_dedup_table_free(t);
        return LEM_EMEM;
    }
    *out = t;
    return LEM_OK;
}

void lem_dedup_table_free(lem_dedup_table *t) {
    if (!t) return;
    lem_free(t->at);
    lem_free(t);
}

static entry *place_of(entry *at, size_t cap, const uint64_t digest[2]) {
    size_t i = (size_t)digest[0] & (cap - 1);
    while (at[i].place && memcmp(at[i].digest, digest, sizeof at[i].digest) != 0) i = (i + 1) & (cap - 1);
    return &at[i];
}

static lem_status grow(lem_dedup_table *t, lem_err *err) {
    size_t cap = 2 * t->cap;
    entry *at = lem_alloc_zero(cap, sizeof *at, err);
    if (!at) return LEM_EMEM;
    for (size_t i = 0; i < t->cap; i++)
        if (t->at[i].place) *place_of(at, cap, t->at[i].digest) = t->at[i];
    lem_free(t->at);
    t->at = at;
    t->cap = cap;
    return LEM_OK;
}

lem_status lem_dedup_table_add(lem_dedup_table *t, const uint64_t digest[2], lem_dedup_twin *twin, bool *seen,
                               bool *full, lem_err *err) {
    *full = false;
    entry *e = place_of(t->at, t->cap, digest);
    *seen = e->place != 0;
    if (*seen) {
        e->twins++;
        twin->kept_row = e->row;
        twin->kept_place = e->place;
        return LEM_OK;
    }
    if (t->n + 1 > t->cap / 4 * 3) {
        *full = 2 * t->cap > t->most;
        if (*full) return LEM_OK;
        lem_status st = grow(t, err);
        if (st) return st;
        e = place_of(t->at, t->cap, digest);
    }
    *e = (entry){{digest[0], digest[1]}, twin->row, twin->place, 0};
    t->n++;
    return LEM_OK;
}

lem_status lem_dedup_table_give(lem_dedup_table *t, lem_sorter *groups, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < t->cap; i++) {
        const entry *e = &t->at[i];
        const uint64_t record[2 + LEM_GROUP_WORDS] = {e->digest[0], e->digest[1], 0,
                                                      e->row,       e->place,     e->twins};
        if (e->place) st = lem_sorter_add(groups, record, err);
    }
    return st;
}

void lem_dedup_table_count(const lem_dedup_table *t, lem_dedup_stats *stats) {
    for (size_t i = 0; i < t->cap; i++) {
        uint64_t twins = t->at[i].twins;
        stats->clusters += twins > 0;
        if (twins && twins + 1 > stats->largest) stats->largest = twins + 1;
    }
}
