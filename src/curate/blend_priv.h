/* blend_priv.h - what the parts of a blend share */
#ifndef LEM_CURATE_BLEND_PRIV_H
#define LEM_CURATE_BLEND_PRIV_H

#include "curate/blend.h"
#include "curate/blend_spool.h"
#include "data/row_reader.h"

/* The place of row r of source i in the part that is drawn from; UINT64_MAX outside. */
uint64_t lem_blend_place(const lem_blend_opts *o, size_t i, const lem_blend_taken *taken, uint64_t r);

/* The prompt of a row taken, for duplicates. */
typedef struct blend_prompt {
    uint64_t hash;
    uint32_t source;
} blend_prompt;

struct lem_blend {
    const lem_blend_opts *o;
    lem_blend_taken *taken; /* [o->n] */
    uint64_t **at;          /* [o->n][taken.rows] places in the spool, by place in the part */
    lem_blend_domain *domain;
    size_t n_domains, cap_domains;
    blend_prompt *prompt;
    size_t n_prompts, cap_prompts;
    lem_blend_spool *spool; /* NULL: count only */
    lem_row_texts texts;
    lem_turns turns;
    lem_ids ids;
    lem_buf text;
    bool messages;
    uint32_t kinds; /* bit of each kind of row seen */
    lem_progress *progress;
    double read, all; /* bytes of the sources that were read in this pass, and of all of them */
};

/* blend_tally.c: counts a row that stands `times` times in the blend, under its domain. row has `domain`. */
lem_status lem_blend_tally(lem_blend *b, size_t source, const lem_json *row, uint64_t times,
                           lem_err *err) LEM_MUST_CHECK;
void lem_blend_tally_release(lem_blend *b);

#endif
