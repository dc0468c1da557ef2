/* score_pace.c - sizes of rows that are to be scored, and what of them is done */
#include "cli/score_pace.h"

#include "core/hash.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

typedef struct text {
    uint64_t hash;
    double bytes;
} text;

/* A text, or the steps of one. */
static text text_of(const lem_json *v) {
    text t = {0, 0};
    if (lem_json_kind(v) == LEM_JSON_STRING) {
        const char *s = lem_json_str(v, "");
        size_t n = strlen(s);
        return (text){lem_hash64(s, n, 0), (double)n};
    }
    for (size_t i = 0; lem_json_kind(v) == LEM_JSON_ARRAY && i < lem_json_count(v); i++) {
        const char *s = lem_json_str(lem_json_at(v, i), "");
        size_t n = strlen(s);
        t.hash = lem_hash64(s, n, t.hash + 1);
        t.bytes += (double)n;
    }
    return t;
}

static int by_hash(const void *a, const void *b) {
    const text *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Bytes of the different ones: identical texts are scored once. */
static lem_status bytes_of(const lem_json *list, double *sum, lem_err *err) {
    size_t n = lem_json_kind(list) == LEM_JSON_ARRAY ? lem_json_count(list) : 0;
    text *t = lem_alloc(n + 1, sizeof *t, err);
    if (!t) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) t[i] = text_of(lem_json_at(list, i));
    if (n > 1) qsort(t, n, sizeof *t, by_hash);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || t[i].hash != t[i - 1].hash) *sum += t[i].bytes;
    lem_free(t);
    return LEM_OK;
}

lem_status lem_score_pace_see(lem_score_pace *p, const lem_json *row, lem_err *err) {
    if (p->n == p->cap) {
        uint64_t cap = 2 * p->cap + 256;
        double *more = lem_realloc(p->bytes, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        p->bytes = more;
        p->cap = cap;
    }
    p->bytes[p->n] = text_of(lem_json_get(row, "problem")).bytes;
    return bytes_of(lem_json_get(row, "completions"), &p->bytes[p->n++], err);
}

void lem_score_pace_begin(lem_score_pace *p) { p->total = p->done = 0; }

void lem_score_pace_expect(lem_score_pace *p, uint64_t row) {
    if (row < p->n) p->total += p->bytes[row];
}

double lem_score_pace_done(lem_score_pace *p, uint64_t row) {
    if (row < p->n) p->done += p->bytes[row];
    return p->total > 0 ? p->done / p->total : -1;
}

void lem_score_pace_release(lem_score_pace *p) {
    lem_free(p->bytes);
    *p = (lem_score_pace){0};
}
