/* model/model.h - weights: a folder opened or made from a seed, immutable while shared
 *
 * Master weights are one flat fp32 array; each tensor is a named slice of it, in safetensors (Hugging Face)
 * names and [out,in] layout. The optimizer and checkpoints see the flat array, everything else sees the
 * tensors. */
#ifndef LEM_MODEL_MODEL_H
#define LEM_MODEL_MODEL_H

#include "core/err.h"
#include "model/config.h"
#include "model/roles.h"

typedef struct lem_tensor {
    char name[96];
    lem_role role;
    int layer; /* -1 outside of layers */
    int rank;  /* 1 or 2 */
    int shape[2];
    size_t offset, count; /* in elements of the flat array; offsets are multiples of 16 */
    bool decay;           /* weight decay applies (matrices yes, norms and biases no) */
} lem_tensor;

typedef struct lem_model {
    lem_model_config config;
    const struct lem_weights *base; /* borrowed: holds what is not in the table (model/base.h); NULL = none */
    float *params;                  /* [n_params] flat, 64-byte aligned, owned; gaps are zero */
    size_t n_params;
    lem_tensor *tensors;
    int n_tensors;
    size_t *at; /* [L+1,LEM_ROLE_COUNT] of lem_model_at; row 0 is outside of layers */
} lem_model;

/* Where the values of that role begin in the flat array (layer: -1 outside of layers); SIZE_MAX = none. A
 * tied language-model head begins where the embedding does. */
static inline size_t lem_model_at(const lem_model *m, lem_role role, int layer) {
    return m->at[(size_t)(layer + 1) * LEM_ROLE_COUNT + role];
}

/* Zeroed weights of that shape; then lem_model_init_random draws N(0, init_range) (residual projections
 * scaled by 1/sqrt(2L), norms 1, biases 0, score head N(0, 1/sqrt(D+1))), keyed by seed and tensor name. */
lem_status lem_model_new(const lem_model_config *config, lem_model **out, lem_err *err) LEM_MUST_CHECK;
void lem_model_init_random(lem_model *m, uint64_t seed);
/* The tensor table alone: params is NULL. lm: there is a language-model head. */
lem_status lem_model_new_table(const lem_model_config *config, bool lm, lem_model **out,
                               lem_err *err) LEM_MUST_CHECK;
void lem_model_free(lem_model *m);
/* Opens DIR/config.json + model.safetensors (F32, F16, BF16 -> fp32). `need` SCALAR demands a reward head and
 * fails (LEM_EDATA) naming the missing tensor; LM demands a language-model head. Missing, extra and
 * mis-shaped tensors are all named in one line. */
lem_status lem_model_open(const char *dir, lem_head need, lem_model **out, lem_err *err) LEM_MUST_CHECK;
/* Opens whatever head the folder has. A reward model that Transformers saved has no lm_head.weight: LM_HEAD
 * is absent then. */
lem_status lem_model_open_any(const char *dir, lem_model **out, lem_err *err) LEM_MUST_CHECK;
/* Writes config.json and model.safetensors into dir (made if absent), each atomically; dtype F32 or BF16. The
 * tokenizer is saved by its owner. */
lem_status lem_model_save(const lem_model *m, const char *dir, lem_dtype dtype, lem_err *err) LEM_MUST_CHECK;
/* The same body under another head: SCALAR from LM adds score.weight drawn from seed (norms/body copied bit
 * for bit) and keeps lm_head (a reward model may train with a language-model loss beside the ranking loss; a
 * tied head costs nothing). */
lem_status lem_model_with_head(const lem_model *m, lem_head head, uint64_t seed, lem_model **out,
                               lem_err *err) LEM_MUST_CHECK;
/* The same model with `extra` layers on top whose residual branches begin at zero (o and down projections),
 * the rest drawn from seed: the function of the body is unchanged at first. Depth up-scaling in the manner of
 * SOLAR (arXiv 2312.15166), with zero branches in place of copies. */
lem_status lem_model_with_layers(const lem_model *m, int extra, uint64_t seed, lem_model **out,
                                 lem_err *err) LEM_MUST_CHECK;
void lem_model_hash(const lem_model *m, char out[65]); /* sha256 of config and weights */

#endif
