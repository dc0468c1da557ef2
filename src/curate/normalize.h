/* curate/normalize.h - text as the words that duplicates and contamination are judged by
 *
 * The normaliser of AceMath's and Qwen2.5-Math's decontamination (recipe: arXiv 2412.15084 §3.2.3, 2409.12122
 * §4), beyond ASCII: NFKC, full case folding, every code point that is no letter, mark or number becomes a
 * space, runs of spaces become one, none at the ends. Bytes that are not UTF-8 count as spaces. */
#ifndef LEM_CURATE_NORMALIZE_H
#define LEM_CURATE_NORMALIZE_H

#include "core/buf.h"

/* Appends to out (not cleared). Linear in len. */
lem_status lem_normalize(const char *text, size_t len, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

/* The bytes [begin, end) of the text that a byte of the output was made of; empty for a space. */
typedef struct lem_normal_source {
    size_t begin, end;
} lem_normal_source;
/* The same, and appends to sources one lem_normal_source for each byte that it appends to out. */
lem_status lem_normalize_traced(const char *text, size_t len, lem_buf *out, lem_buf *sources,
                                lem_err *err) LEM_MUST_CHECK;

#endif
