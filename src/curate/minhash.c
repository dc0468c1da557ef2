/* minhash.c - least hashes under many functions, band by band */
#include "curate/minhash.h"

#include "core/hash.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <string.h>

enum { FUNCTIONS = 128 };
static const double missed = 0.01;

struct lem_minhash {
    lem_minhash_opts o;
    int n;
    uint64_t *a, *b; /* [n] function i maps h to a[i] * h + b[i] modulo 2^64; a is odd */
};

double lem_minhash_recall(const lem_minhash_opts *o, double j) {
    return 1 - pow(1 - pow(j, o->rows), o->bands);
}

static bool suffices(int bands, int rows, double threshold) {
    const lem_minhash_opts o = {.bands = bands, .rows = rows};
    return 1 - lem_minhash_recall(&o, threshold) <= missed;
}

/* The most rows that suffice; bands 0: as many as there are functions for. At least 1. */
static int most_rows(int bands, double threshold) {
    int most = bands ? LEM_MINHASH_MOST / bands : FUNCTIONS, rows = 1;
    for (int r = 1; r <= most && r <= FUNCTIONS; r++)
        if (suffices(bands ? bands : FUNCTIONS / r, r, threshold)) rows = r;
    return rows;
}

lem_status lem_minhash_plan(lem_minhash_opts *o, double threshold, lem_err *err) {
    if (o->rows == 0) {
        o->rows = most_rows(o->bands, threshold);
        if (o->bands == 0) o->bands = FUNCTIONS / o->rows;
    }
    if (o->bands == 0)
        for (o->bands = 1; o->bands * o->rows <= LEM_MINHASH_MOST; o->bands++)
            if (suffices(o->bands, o->rows, threshold)) break;
    if ((int64_t)o->bands * o->rows <= LEM_MINHASH_MOST) return LEM_OK;
    return lem_fail(err, LEM_EUSAGE,
                    "%d bands of %d rows are more than %d hash functions; give fewer --rows or --bands",
                    o->bands, o->rows, LEM_MINHASH_MOST);
}

lem_status lem_minhash_new(const lem_minhash_opts *o, lem_minhash **out, lem_err *err) {
    lem_minhash *m = lem_alloc_zero(1, sizeof *m, err);
    if (!m) return LEM_EMEM;
    m->o = *o;
    m->n = o->bands * o->rows;
    m->a = lem_alloc((size_t)m->n, sizeof *m->a, err);
    m->b = lem_alloc((size_t)m->n, sizeof *m->b, err);
    if (!m->a || !m->b) {
        lem_minhash_free(m);
        return LEM_EMEM;
    }
    for (int i = 0; i < m->n; i++) {
        lem_rng r = lem_rng_make(o->seed, "minhash", (uint64_t)i);
        m->a[i] = lem_rng_next(&r) | 1;
        m->b[i] = lem_rng_next(&r);
    }
    *out = m;
    return LEM_OK;
}

void lem_minhash_free(lem_minhash *m) {
    if (!m) return;
    lem_free(m->a);
    lem_free(m->b);
    lem_free(m);
}

void lem_minhash_keys(const lem_minhash *m, const char *text, size_t len, uint64_t *least, uint64_t *key) {
    lem_shingle_walk w = lem_shingle_start(text, len, &m->o.shingle);
    memset(least, 0xff, (size_t)m->n * sizeof *least);
    while (lem_shingle_next(&w)) {
        uint64_t h = lem_shingle_hash(&w);
        for (int i = 0; i < m->n; i++) {
            uint64_t v = m->a[i] * h + m->b[i];
            if (v < least[i]) least[i] = v;
        }
    }
    for (int i = 0; i < m->o.bands; i++)
        key[i] = lem_hash64(least + (size_t)i * (size_t)m->o.rows, (size_t)m->o.rows * sizeof *least,
                            (uint64_t)i + 1);
}
