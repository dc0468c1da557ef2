/* reward/scorer.h - values of tokens by a reward head, or log-probabilities, over one token forest
 *
 * Sequences are given whole; what they have in common at the beginning is found and computed once (sorted,
 * they make a tree), so candidates share their problem, and solutions that agree for some steps share those
 * steps. A value is a function of its own sequence up to the token read: what else is scored, in which order
 * and in how many passes, does not change a bit of it. */
#ifndef LEM_REWARD_SCORER_H
#define LEM_REWARD_SCORER_H

#include "core/err.h"
#include "model/head.h"
#include "model/session.h"

typedef struct lem_score_item { /* borrowed for the call */
    const int32_t *ids;
    int n;
    const int
        *at; /* [n_at] tokens whose outputs are read, ascending; for log-probabilities each before another */
    int n_at;
    float *value; /* [n_at] out */
} lem_score_item;

typedef struct lem_scorer lem_scorer;
/* max_rows tokens per step (memory): what is longer is fed in parts, beside keys and values of all its
 * tokens. Token heads read the logits of good and bad; other heads ignore both. how NULL: the value of a
 * token is log p of the token that follows it in its sequence, as `sample` counts it. LEM_EDATA if the
 * weights have no such head. */
lem_status lem_scorer_new(const lem_weights *w, lem_backend *b, const lem_head_reading *how, int32_t good,
                          int32_t bad, int max_rows, lem_scorer **out, lem_err *err) LEM_MUST_CHECK;
/* One without weights, for a plan of memory: it runs as any, computes nothing, and all values are 0. */
lem_status lem_scorer_plan(const lem_model_config *c, const lem_head_reading *how, int32_t good, int32_t bad,
                           int max_rows, lem_scorer **out, lem_err *err) LEM_MUST_CHECK;
/* Bytes that one with max_rows and a model of that shape takes beside the weights for the largest of what s
 * has run so far; where that is nothing, or s is NULL, for passes of max_rows. */
size_t lem_scorer_bytes(const lem_scorer *s, const lem_model_config *c, lem_dtype kv, int max_rows);
/* As if that had been the largest pass, for texts that are not there yet. */
void lem_scorer_expect(lem_scorer *s, int tokens, int nodes, int reads, int longest);
int lem_scorer_longest(const lem_scorer *s); /* tokens of the longest sequence so far; 0 = none */
int lem_scorer_widest(const lem_scorer *s);  /* and of the largest pass */
void lem_scorer_free(lem_scorer *s);
/* Scores all items. One that exceeds the model's context, reads outside itself, or has an id outside the
 * vocabulary is LEM_EDATA; a value that is not finite is LEM_ENUMERIC. */
lem_status lem_scorer_run(lem_scorer *s, const lem_score_item *items, int n, lem_err *err) LEM_MUST_CHECK;
int lem_scorer_limit(const lem_scorer *s);       /* most tokens of a sequence: the model's context */
uint64_t lem_scorer_tokens(const lem_scorer *s); /* tokens computed so far */

#endif
