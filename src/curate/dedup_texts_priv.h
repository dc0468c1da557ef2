/* dedup_texts_priv.h - texts put aside with the facts of their rows, and compared two at a time */
#ifndef LEM_CURATE_DEDUP_TEXTS_PRIV_H
#define LEM_CURATE_DEDUP_TEXTS_PRIV_H

#include "curate/dedup.h"

typedef struct lem_dedup_text_facts {
    uint64_t row, place, rank;
    uint64_t at, len; /* of the text; set by add */
} lem_dedup_text_facts;

typedef struct lem_dedup_texts lem_dedup_texts;
lem_status lem_dedup_texts_new(const lem_dedup_opts *o, lem_dedup_texts **out, lem_err *err) LEM_MUST_CHECK;
void lem_dedup_texts_free(lem_dedup_texts *t);
lem_status lem_dedup_texts_add(lem_dedup_texts *t, const lem_dedup_text_facts *facts, const char *text,
                               size_t len, lem_err *err) LEM_MUST_CHECK;
uint64_t lem_dedup_texts_count(const lem_dedup_texts *t);
uint64_t lem_dedup_texts_on_disk(const lem_dedup_texts *t);
lem_status lem_dedup_texts_facts(const lem_dedup_texts *t, uint64_t i, lem_dedup_text_facts *out,
                                 lem_err *err) LEM_MUST_CHECK;
/* Appends text i. */
lem_status lem_dedup_texts_get(const lem_dedup_texts *t, uint64_t i, lem_buf *out,
                               lem_err *err) LEM_MUST_CHECK;
/* The Jaccard coefficient of texts a and b; where the numbers of shingles alone show that it is below
 * `least`, 0. Text a is expected to come again at once. */
lem_status lem_dedup_texts_jaccard(lem_dedup_texts *t, uint64_t a, uint64_t b, double least, double *out,
                                   lem_err *err) LEM_MUST_CHECK;

#endif
