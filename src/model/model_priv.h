/* model/model_priv.h - the flat layout of a model's parameters */
#ifndef LEM_MODEL_MODEL_PRIV_H
#define LEM_MODEL_MODEL_PRIV_H

#include "model/model.h"

/* lem_model_save with shards of at most that many bytes; 0 = 5 GB. */
lem_status lem_model_save_shards(const lem_model *m, const char *dir, lem_dtype dtype, uint64_t shard_bytes,
                                 lem_err *err) LEM_MUST_CHECK;

/* config.json of a model whose weights are of that type. */
lem_status lem_model_save_config(const lem_model_config *c, const char *dir, lem_dtype dtype,
                                 lem_err *err) LEM_MUST_CHECK;

/* The table of roles (roles.c). The k-th place of the flat array, in its order; false past the last. A model
 * may have no tensor there (lem_role_shape). */
bool lem_role_at(const lem_model_config *c, long k, lem_role *role, int *layer);
/* Matrices whose outputs are added to the residual stream. */
bool lem_role_is_residual(lem_role role);
/* The name in files of a tensor that is there (layer: -1 outside of layers). */
void lem_role_name(const lem_model_config *c, lem_role role, int layer, char out[96]);

/* A model of that shape: tensors of m's names have its values, the others their first ones, drawn from seed.
 * A language-model head is there where m has one. */
lem_status lem_model_reshaped(const lem_model *m, const lem_model_config *config, uint64_t seed,
                              lem_model **out, lem_err *err) LEM_MUST_CHECK;

/* A model of that shape whose values are zero; over the same base as m, if that has one, without a
 * language-model head if not. */
lem_status lem_model_new_like(const lem_model *m, const lem_model_config *config, lem_model **out,
                              lem_err *err) LEM_MUST_CHECK;

/* Over a base: its first values, drawn from seed. */
lem_status lem_model_new_over(const lem_model_config *config, const struct lem_weights *base, uint64_t seed,
                              lem_model **out, lem_err *err) LEM_MUST_CHECK;

/* Elements of an array of what learns alone, padding included; an untied language-model head is there. */
size_t lem_model_trainable_size(const lem_model_config *c, const lem_trainable *t);

#endif
