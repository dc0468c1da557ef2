/* flat - FlatBuffers, as far as Arrow's metadata is written in it (flatbuffers.dev, "Internals") */
#include "rows/flat_priv.h"

static uint64_t little(const unsigned char *p, size_t size) {
    uint64_t v = 0;
    for (size_t i = size; i > 0; i--) v = v << 8 | p[i - 1];
    return v;
}

/* Whether p[at..at+size) lies inside. */
static bool inside(size_t n, size_t at, size_t size) { return at <= n && size <= n - at; }

static bool table_at(const unsigned char *p, size_t n, size_t at, lem_flat *out) {
    if (!inside(n, at, 4)) return false;
    int64_t vtable = (int64_t)at - (int32_t)(uint32_t)little(p + at, 4);
    if (vtable < 0 || !inside(n, (size_t)vtable, 4)) return false;
    size_t v_size = (size_t)little(p + vtable, 2), size = (size_t)little(p + vtable + 2, 2);
    if (v_size < 4 || v_size % 2 || !inside(n, (size_t)vtable, v_size) || !inside(n, at, size)) return false;
    *out = (lem_flat){p, n, at, (size_t)vtable, (v_size - 4) / 2, size};
    return true;
}

bool lem_flat_root(const unsigned char *p, size_t n, lem_flat *out) {
    return inside(n, 0, 4) && table_at(p, n, (size_t)little(p, 4), out);
}

/* Where the slot's bytes lie; 0 where absent or not inside the table. */
static size_t place(const lem_flat *t, unsigned slot, size_t size) {
    if (slot >= t->n_slots) return 0;
    size_t offset = (size_t)little(t->p + t->vtable + 4 + 2 * (size_t)slot, 2);
    return offset >= 4 && inside(t->size, offset, size) ? t->table + offset : 0;
}

bool lem_flat_has(const lem_flat *t, unsigned slot) { return place(t, slot, 1) != 0; }

int64_t lem_flat_int(const lem_flat *t, unsigned slot, size_t size, int64_t otherwise) {
    size_t at = place(t, slot, size);
    if (!at) return otherwise;
    unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(little(t->p + at, size) << unused) >> unused;
}

/* What the offset in a slot points to; 0 where there is none. */
static size_t target(const lem_flat *t, unsigned slot) {
    size_t at = place(t, slot, 4);
    if (!at) return 0;
    size_t to = at + (size_t)little(t->p + at, 4);
    return inside(t->n, to, 4) ? to : 0;
}

bool lem_flat_table(const lem_flat *t, unsigned slot, lem_flat *out) {
    size_t to = target(t, slot);
    return to && table_at(t->p, t->n, to, out);
}

bool lem_flat_string(const lem_flat *t, unsigned slot, const char **s, size_t *n) {
    lem_flat_vector v;
    if (!lem_flat_vector_of(t, slot, 1, &v)) return false;
    *s = v.count ? (const char *)v.p + v.at : "";
    *n = v.count;
    return true;
}

bool lem_flat_vector_of(const lem_flat *t, unsigned slot, size_t each, lem_flat_vector *out) {
    *out = (lem_flat_vector){t->p, t->n, 0, 0};
    if (!lem_flat_has(t, slot)) return true;
    size_t to = target(t, slot);
    if (!to) return false;
    out->at = to + 4;
    out->count = (size_t)little(t->p + to, 4);
    return out->count <= (t->n - out->at) / each;
}

bool lem_flat_vector_table(const lem_flat_vector *v, size_t i, lem_flat *out) {
    size_t at = v->at + 4 * i;
    return table_at(v->p, v->n, at + (size_t)little(v->p + at, 4), out);
}

int64_t lem_flat_vector_int64(const lem_flat_vector *v, size_t at) {
    return (int64_t)little(v->p + v->at + at, 8);
}
