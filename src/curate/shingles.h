/* curate/shingles.h - a text as the set of its overlapping pieces, and how much two sets share
 *
 * The text is normalised (normalize.h): words stand apart by one space or line end. A shingle is n words in a
 * row with what is between them, or n code points; a text of fewer is one shingle, itself. */
#ifndef LEM_CURATE_SHINGLES_H
#define LEM_CURATE_SHINGLES_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_shingle_opts {
    int n;      /* at least 1 */
    bool chars; /* code points in place of words */
} lem_shingle_opts;

/* Walks the shingles of a text in order, repeats included. */
typedef struct lem_shingle_walk {
    const char *text; /* borrowed */
    size_t len;
    lem_shingle_opts o;
    size_t at, end; /* of the present one */
    bool begun;
} lem_shingle_walk;
lem_shingle_walk lem_shingle_start(const char *text, size_t len, const lem_shingle_opts *o);
bool lem_shingle_next(lem_shingle_walk *w); /* false behind the last; an empty text has none */
uint64_t lem_shingle_hash(const lem_shingle_walk *w);

/* The set of a text; zeroed = empty. */
typedef struct lem_shingles {
    lem_buf text; /* a copy */
    struct lem_shingle {
        uint64_t hash;
        uint32_t at, len; /* in text */
    } * item;             /* [n] different ones by hash, then by their bytes */
    size_t n, cap;
} lem_shingles;
/* Replaces what s held. Texts of up to 4 GiB; LEM_EDATA beyond. */
lem_status lem_shingles_set(lem_shingles *s, const char *text, size_t len, const lem_shingle_opts *o,
                            lem_err *err) LEM_MUST_CHECK;
void lem_shingles_release(lem_shingles *s);
/* Shared over all, by the bytes themselves; 1 for two empty sets. */
double lem_shingles_jaccard(const lem_shingles *a, const lem_shingles *b);

#endif
