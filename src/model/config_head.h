/* model/config_head.h - what a model computes from its hidden states: the second half of an architecture's
 * name
 *
 * "Qwen2ForSequenceClassification" is a family's prefix (config.c) and a head's suffix (head.c); the two are
 * read apart, so that any head may sit on any body. Three sorts matter to the rest: language models, the
 * trainable scalar head, and all other reward heads, which are only read. */
#ifndef LEM_MODEL_CONFIG_HEAD_H
#define LEM_MODEL_CONFIG_HEAD_H

#include "core/err.h"
#include "core/json.h"
#include "model/head.h"

#include <stddef.h>

/* SCALAR: score.weight [1,D] on the last token, num_labels 1. REWARD: every other head of head.h; its tensors
 * are read, never trained. */
typedef enum lem_head { LEM_HEAD_LM, LEM_HEAD_SCALAR, LEM_HEAD_REWARD } lem_head;

/* From the suffix ("ForCausalLM"; the whole name for "RewardModel") of the architecture `name` and the fields
 * of config.json that belong to the head. LEM_EDATA names what is wrong. */
lem_status lem_config_head_read(const char *suffix, const char *name, const lem_json *json, lem_head *out,
                                lem_head_shape *shape, lem_err *err) LEM_MUST_CHECK;
/* Architectures without a family's name, whose body model_type tells (OpenRLHF). */
bool lem_config_head_alone(const char *name);
/* Brings head and shape into agreement: code that builds a config may set the head alone. LEM_EDATA if they
 * contradict each other. */
lem_status lem_config_head_check(lem_head *head, lem_head_shape *shape, lem_err *err) LEM_MUST_CHECK;
/* Which sort a shape is. */
lem_head lem_config_head_sort(const lem_head_shape *shape);
/* The architecture's name for a family's prefix. */
void lem_config_head_name(const lem_head_shape *shape, const char *prefix, char out[80]);
/* Adds the head's own fields to a config.json; false on no memory. */
bool lem_config_head_write(const lem_head_shape *shape, lem_json *json) LEM_MUST_CHECK;

#endif
