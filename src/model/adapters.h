/* model/adapters.h - low-rank adapters: W + scale B A in place of a matrix W that stays (LoRA, Hu et al.,
 * arXiv 2106.09685)
 *
 * A [rank,in] and B [out,rank] are tensors of the model like all others (roles.h), so that passes, gradients,
 * moments, clipping and checkpoints cover them and need no words of their own. scale is alpha / rank, with
 * rank stabilisation alpha / sqrt(rank) (Kalajdzievski, arXiv 2312.03732). B begins at zero, A as PEFT's does
 * (uniform within 1 / sqrt(in)), keyed by seed and tensor name. With dropout the adapter of each matrix gets
 * its input with values left out in training, the others divided by the share that stays, as PEFT's does
 * (model/net.h). */
#ifndef LEM_MODEL_ADAPTERS_H
#define LEM_MODEL_ADAPTERS_H

#include "model/model.h"

enum { LEM_LORA_RANK_MAX = 1024 };

typedef struct lem_lora_opts {
    int rank;
    double alpha;        /* 0 = twice the rank */
    const char *targets; /* "all", or names of matrices as in files, with or without "_proj": "q,v,down" */
    bool stabilised;
    double dropout; /* of what reaches A, in training: [0,1); 0 = none */
} lem_lora_opts;

/* LEM_EUSAGE for a target that models of that shape have not, for a rank and a dropout out of
 * range. */
lem_status lem_lora_make(const lem_lora_opts *o, const lem_model_config *c, lem_lora *out,
                         lem_err *err) LEM_MUST_CHECK;
/* Adapters learn, and a reward head; nothing else. */
lem_trainable lem_lora_trainable(void);

/* The model gets adapters, which change nothing at first. It is left as it was on failure. */
lem_status lem_model_adapt(lem_model *m, const lem_lora *lora, uint64_t seed, lem_err *err) LEM_MUST_CHECK;
/* A part of one row of a product: scale times b [rank] times A [rank,in], from the column at a on. */
typedef struct lem_lora_row {
    const float *b, *a;
    size_t rank, in;
    double scale;
} lem_lora_row;
/* Adds n columns of it to w, summed in double over rising ranks and rounded once; sum: [n]. */
void lem_lora_add(const lem_lora_row *r, size_t n, double *sum, float *w);
/* Each product goes into its matrix, in double and rounded once; the adapters go. */
lem_status lem_model_merge(lem_model *m, lem_err *err) LEM_MUST_CHECK;
/* The adapters as PEFT reads them: adapter_config.json and adapter_model.safetensors (fp32), in a folder made
 * if absent. base: the folder or name of the model that they belong to. A reward head is in the merged model
 * alone. */
lem_status lem_model_save_adapters(const lem_model *m, const char *base, const char *dir,
                                   lem_err *err) LEM_MUST_CHECK;

#endif
