/* train/sft.h - supervised fine-tuning objective: cross-entropy on response tokens, averaged over the trained
 * tokens of a batch
 *
 * Each example is one root of the forest, so examples of any length share a pass without padding and without
 * seeing each other. */
#ifndef LEM_TRAIN_SFT_H
#define LEM_TRAIN_SFT_H

#include "data/dataset.h"
#include "train/trainer.h"

typedef struct lem_sft lem_sft;
/* Borrows e. Metrics: loss (nats per trained token), tokens (trained in the batch); where rows name domains
 * also loss/DOMAIN and tokens/DOMAIN of each that is in the batch. Their names are s's. */
lem_status lem_sft_new(const lem_examples *e, lem_sft **out, lem_err *err) LEM_MUST_CHECK;
void lem_sft_free(lem_sft *s);
lem_objective lem_sft_objective(lem_sft *s);

#endif
