/* model/model_priv.h - the flat layout of a model's parameters */
#ifndef LEM_MODEL_MODEL_PRIV_H
#define LEM_MODEL_MODEL_PRIV_H

#include "model/model.h"

/* lem_model_save with shards of at most that many bytes; 0 = 5 GB. */
lem_status lem_model_save_shards(const lem_model *m, const char *dir, lem_dtype dtype, uint64_t shard_bytes,
                                 lem_err *err) LEM_MUST_CHECK;

/* The table of roles (roles.c). Whether layers of that shape have such a tensor; where a layer keeps its
 * offset; its shape and its name (layer: -1 outside of layers). Reward heads are in head.c. */
bool lem_role_in_layer(lem_role r, const lem_model_config *c);
size_t *lem_role_field(lem_role r, lem_layer_weights *w);
void lem_role_shape(lem_role r, const lem_model_config *c, int *rank, int *rows, int *cols);
void lem_role_tensor(lem_role r, const lem_model_config *c, int layer, char out[96]);

/* Elements of an array of what learns alone, padding included; an untied language-model head is there. */
size_t lem_model_trainable_size(const lem_model_config *c, const lem_trainable *t);
/* The tensor table alone: params is NULL. */
lem_status lem_model_new_table(const lem_model_config *config, bool lm, lem_model **out,
                               lem_err *err) LEM_MUST_CHECK;

#endif
