/* model/config_head.h - what a model computes from its hidden states: the second half of an architecture's name
 *
 * "Qwen2ForSequenceClassification" is a family's prefix (config.c) and a head's suffix (config_head.c); the two are read apart, so that any head may
 * sit on any body. */
#ifndef LEM_MODEL_CONFIG_HEAD_H
#define LEM_MODEL_CONFIG_HEAD_H

#include "core/err.h"
#include "core/json.h"

#include <stddef.h>

typedef enum lem_head { LEM_HEAD_LM, LEM_HEAD_SCALAR } lem_head; /* SCALAR: score.weight [1,D] on the last token, num_labels 1 */

/* From the suffix ("ForCausalLM") of the architecture `name` and the fields of config.json that belong to the head. LEM_EDATA names what is wrong. */
lem_status lem_config_head_read(const char *suffix, const char *name, const lem_json *json, lem_head *out, lem_err *err) LEM_MUST_CHECK;
bool lem_config_head_known(lem_head head);
const char *lem_config_head_suffix(lem_head head);
/* Adds the head's own fields to a config.json; false on no memory. */
bool lem_config_head_write(lem_head head, lem_json *json) LEM_MUST_CHECK;
/* Parameters of the head beyond the body and lm_head, for hidden states of that width. */
size_t lem_config_head_params(lem_head head, int width);

#endif
