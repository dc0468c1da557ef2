/* curate/minhash.h - MinHash signatures and their bands: texts that share many shingles share a band
 *
 * Broder 1997; bands as in Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4. A
 * signature is, for each of bands * rows hash functions, the least hash of the text's shingles; two texts of
 * Jaccard coefficient J agree in each with a chance of J. They are candidates when all `rows` values of one
 * of the bands agree: a chance of 1 - (1 - J^rows)^bands. */
#ifndef LEM_CURATE_MINHASH_H
#define LEM_CURATE_MINHASH_H

#include "curate/shingles.h"

enum { LEM_MINHASH_MOST = 4096 }; /* bands * rows */

typedef struct lem_minhash_opts {
    lem_shingle_opts shingle;
    int bands, rows;
    uint64_t seed; /* of the hash functions */
} lem_minhash_opts;

/* Fills in bands and rows where they are 0, for a threshold in (0, 1].
 * Both: of at most 128 functions, the most rows (the fewest false candidates) with which at most 1 % of the
 * pairs at the threshold are missed. One: the other, likewise. LEM_EUSAGE over LEM_MINHASH_MOST. */
lem_status lem_minhash_plan(lem_minhash_opts *o, double threshold, lem_err *err) LEM_MUST_CHECK;
/* The chance that a pair of Jaccard coefficient j becomes a candidate. */
double lem_minhash_recall(const lem_minhash_opts *o, double j);

typedef struct lem_minhash lem_minhash;
lem_status lem_minhash_new(const lem_minhash_opts *o, lem_minhash **out, lem_err *err) LEM_MUST_CHECK;
void lem_minhash_free(lem_minhash *m); /* NULL allowed */
/* key[bands]: one number of each band; the same for texts that agree in it, and others hardly ever.
 * scratch[bands * rows]. Thread-safe. */
void lem_minhash_keys(const lem_minhash *m, const char *text, size_t len, uint64_t *scratch, uint64_t *key);

#endif
