/* once.c - a table of two hashes and a number a key, grown by half */
#include "core/once.h"

#include "core/hash.h"
#include "core/mem.h"

enum { FIRST_CAP = 64 };
__extension__ typedef unsigned __int128 wide;

struct lem_once_entry {
    uint64_t hash;
    uint32_t more;   /* of a second hash */
    uint32_t number; /* and one; 0 = free */
};

/* The high bits of the hash choose the place, so that any capacity will do. */
static size_t place_of(uint64_t hash, size_t cap) { return (size_t)((wide)hash * cap >> 64); }

static lem_once_entry *find(lem_once_entry *at, size_t cap, uint64_t hash, uint32_t more) {
    size_t i = place_of(hash, cap);
    while (at[i].number && (at[i].hash != hash || at[i].more != more)) i = i + 1 < cap ? i + 1 : 0;
    return &at[i];
}

static lem_status grow(lem_once *o, lem_err *err) {
    size_t cap = o->cap ? o->cap + o->cap / 2 : FIRST_CAP;
    lem_once_entry *grown = lem_alloc_zero(cap, sizeof *grown, err);
    if (!grown) return LEM_EMEM;
    for (size_t i = 0; i < o->cap; i++)
        if (o->at[i].number) *find(grown, cap, o->at[i].hash, o->at[i].more) = o->at[i];
    lem_free(o->at);
    o->at = grown;
    o->cap = cap;
    return LEM_OK;
}

lem_status lem_once_add(lem_once *o, const void *key, size_t len, uint64_t number, bool *there,
                        uint64_t *before, lem_err *err) {
    uint64_t hash = lem_hash64(key, len, 1);
    uint32_t more = (uint32_t)lem_hash64(key, len, 2);
    if (o->n + o->n / 4 >= o->cap) {
        lem_status st = grow(o, err);
        if (st) return st;
    }
    lem_once_entry *e = find(o->at, o->cap, hash, more);
    *there = e->number > 0;
    if (*there) *before = e->number - 1;
    if (*there) return LEM_OK;
    *e = (lem_once_entry){hash, more, number < UINT32_MAX - 1 ? (uint32_t)number + 1 : UINT32_MAX};
    o->n++;
    return LEM_OK;
}

void lem_once_release(lem_once *o) {
    lem_free(o->at);
    *o = (lem_once){.n = 0};
}
