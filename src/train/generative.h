/* train/generative.h - RLHFlow's generative outcome reward: the language model's own head learns to reply '+'
 * or '-' after the whole solution
 *
 * A response ends at the token behind which the sign stands (prompt/solution.h, WHOLE_TURN), and that row
 * predicts the sign over the full vocabulary. A soft label y weighs '+' with y and '-' with 1-y. The loss is
 * the mean over the responses of the batch, by their weights. Source: RLHFlow/RLHF-Reward-Modeling math-rm
 * (recipe.md 5.3); the score is log p(+) - log p(-), whose sigmoid is what RLHFlow takes. */
#ifndef LEM_TRAIN_GENERATIVE_H
#define LEM_TRAIN_GENERATIVE_H

#include "train/list_loss.h"

typedef struct lem_generative lem_generative;
/* Borrows l. Metrics: loss, and those of list_metrics.h of the score. */
lem_status lem_generative_new(const lem_lists *l, int32_t good, int32_t bad, bool full_metrics,
                              lem_generative **out, lem_err *err) LEM_MUST_CHECK;
void lem_generative_free(lem_generative *x);
lem_objective lem_generative_objective(lem_generative *x);

#endif
