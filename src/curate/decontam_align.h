/* curate/decontam_align.h - what two texts have in common, as places in both, for a person to look at */
#ifndef LEM_CURATE_DECONTAM_ALIGN_H
#define LEM_CURATE_DECONTAM_ALIGN_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes [begin, end) of a text that are shared: words of one longest common subsequence, neighbours joined;
 * strong: a run of at least `ngram` words that follow each other in both. */
typedef struct lem_shared {
    size_t begin, end;
    bool strong;
} lem_shared;

typedef struct lem_alignment {
    lem_shared *in[2]; /* [n[0]], [n[1]]: of the first and of the second text, in order */
    size_t n[2];
} lem_alignment;

/* Quadratic in words: of texts of over 3,000 words only the first 3,000 are looked at. Release also after an
 * error. */
lem_status lem_align_texts(const char *a, size_t a_len, const char *b, size_t b_len, int ngram,
                           lem_alignment *out, lem_err *err) LEM_MUST_CHECK;
void lem_alignment_release(lem_alignment *a);

#endif
