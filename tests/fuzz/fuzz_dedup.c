/* fuzz_dedup.c - any bytes as rows, one a line, under every rule: a row is kept or left out for an earlier
 * kept one, empty ones stay, and a byte of memory gives what much memory gives. First byte: rule, parts,
 * shingles. */
#include "core/mem.h"
#include "curate/dedup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 512 };

typedef struct result {
    uint64_t kept[MOST];
    uint64_t n, left_out;
} result;

static void note(result *r, const lem_dedup_twin *t, const lem_dedup_opts *o) {
    if (t->row >= r->n || t->kept_row >= r->n || r->kept[t->row] != t->row || t->row == t->kept_row)
        __builtin_trap();
    if (o->keep == LEM_DEDUP_FIRST && t->kept_row > t->row) __builtin_trap();
    if (!(t->jaccard >= 0 && t->jaccard <= 1)) __builtin_trap();
    r->kept[t->row] = t->kept_row;
    r->left_out++;
}

/* One line as one part, or as two of equal length. */
static lem_dedup_row row_of(const uint8_t *p, size_t len, int parts, uint64_t place) {
    size_t first = parts == 2 ? len / 2 : len;
    return (lem_dedup_row){
        {(const char *)p, (const char *)p + first}, {first, len - first}, parts, place, len};
}

static void search(const uint8_t *data, size_t size, const lem_dedup_opts *o, int parts, result *r) {
    lem_err err = LEM_ERR_INIT;
    lem_dedup *d = NULL;
    lem_dedup_twin t;
    lem_dedup_answer answer;
    bool any = true;
    *r = (result){.n = 0};
    if (lem_dedup_new(o, &d, &err) != LEM_OK) abort();
    for (size_t at = 0; at < size && r->n < MOST;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end ? (size_t)(end - (data + at)) : size - at;
        lem_dedup_row row = row_of(data + at, len, parts, r->n + 1);
        r->kept[r->n] = r->n;
        r->n++;
        if (lem_dedup_add(d, &row, &answer, &t, &err) != LEM_OK) abort();
        if (answer == LEM_DEDUP_TWIN) note(r, &t, o);
        at += len + 1;
    }
    if (lem_dedup_find(d, &err) != LEM_OK) abort();
    while (lem_dedup_next(d, &t, &any, &err) == LEM_OK && any) note(r, &t, o);
    if (lem_dedup_stats_of(d).twins != r->left_out) __builtin_trap();
    for (uint64_t i = 0; i < r->n; i++)
        if (r->kept[r->kept[i]] != r->kept[i]) __builtin_trap(); /* the kept one stays */
    lem_dedup_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lem_err err = LEM_ERR_INIT;
    if (size == 0) return 0;
    lem_dedup_opts o = {.rule = (lem_dedup_rule)(data[0] % 5),
                        .keep = (lem_dedup_keep)(data[0] / 5 % 4),
                        .jaccard = 0.5,
                        .memory = 8 << 20,
                        .dir = "/tmp"};
    o.near.shingle = (lem_shingle_opts){1 + data[0] / 40 % 3, data[0] / 20 % 2 != 0};
    if (lem_minhash_plan(&o.near, o.jaccard, &err) != LEM_OK) abort();
    result *much = lem_alloc(2, sizeof *much, &err);
    if (!much) return 0;
    int parts = 1 + data[0] / 120 % 2;
    search(data + 1, size - 1, &o, parts, &much[0]);
    o.memory = 1;
    search(data + 1, size - 1, &o, parts, &much[1]);
    if (memcmp(&much[0], &much[1], sizeof *much) != 0) __builtin_trap();
    lem_free(much);
    return 0;
}
