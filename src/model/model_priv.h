/* model/model_priv.h - the flat layout of a model's parameters */
#ifndef LEM_MODEL_MODEL_PRIV_H
#define LEM_MODEL_MODEL_PRIV_H

#include "model/model.h"

/* lem_model_save with shards of at most that many bytes; 0 = 5 GB. */
lem_status lem_model_save_shards(const lem_model *m, const char *dir, lem_dtype dtype, uint64_t shard_bytes,
                                 lem_err *err) LEM_MUST_CHECK;

/* Elements of the flat array of that shape, padding included; lm: an untied language-model head is there. */
size_t lem_model_flat_size(const lem_model_config *c, bool lm);
/* The tensor table alone: params is NULL. */
lem_status lem_model_new_table(const lem_model_config *config, bool lm, lem_model **out,
                               lem_err *err) LEM_MUST_CHECK;

#endif
