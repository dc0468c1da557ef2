/* reward/scorer.h - scores of responses by an outcome reward model, over one token forest
 *
 * Each problem is one node, its responses are children that share its keys and values; several problems run in one pass. The score is the scalar head
 * at the last token (recipe: the newline after <|im_end|>). A score never depends on what else is scored beside it. */
#ifndef LEM_REWARD_SCORER_H
#define LEM_REWARD_SCORER_H

#include "core/err.h"
#include "model/session.h"

typedef struct lem_score_item { /* borrowed for the call */
    const int32_t *prompt;
    int n_prompt;
    const int32_t *const *response; /* [n] */
    const int *n_response;          /* [n], each >= 1 */
    int n;
    float *score; /* [n] out */
} lem_score_item;

typedef struct lem_scorer lem_scorer;
/* max_rows tokens per pass (memory). w must have a scalar head. */
lem_status lem_scorer_new(const lem_model *m, const lem_weights *w, lem_backend *b, int max_rows, lem_scorer **out, lem_err *err) LEM_MUST_CHECK;
void lem_scorer_free(lem_scorer *s);
/* Scores all items. A prompt with a response that exceeds the context or max_rows is LEM_EDATA; check lengths first with lem_scorer_limit. */
lem_status lem_scorer_run(lem_scorer *s, const lem_score_item *items, int n, lem_err *err) LEM_MUST_CHECK;
int lem_scorer_limit(const lem_scorer *s);       /* most tokens of prompt + response */
uint64_t lem_scorer_tokens(const lem_scorer *s); /* tokens computed so far */

#endif
