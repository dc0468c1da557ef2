/* model/quant.h - matrices stored and multiplied as int8 (compute/int8.h): which, under which names, how read
 *
 * A folder of int8 says so in config.json: "quantization_config": {"quant_method": "lemma-int8", "format": 1,
 * "group_size": 128, "keep": ["down_proj", "lm_head"]}. The matrices of its layers and an untied lm_head are
 * I8 tensors NAME [N,K] beside F32 tensors NAME_scale [N, K/128 rounded up]; what `keep` names and the
 * embedding are ordinary tensors and are used as bf16, norms, biases and reward heads as fp32. A tied head is
 * the embedding, rounded to int8 when it is opened. */
#ifndef LEM_MODEL_QUANT_H
#define LEM_MODEL_QUANT_H

#include "compute/int8.h"
#include "model/model.h"
#include "weights/shards.h"

/* The value of quantization_config into c->int8 and c->int8_kept. LEM_EDATA names what is not understood. */
lem_status lem_quant_from_json(const lem_json *q, lem_model_config *c, lem_err *err) LEM_MUST_CHECK;
lem_json *lem_quant_to_json(uint64_t kept); /* NULL = no memory */
/* A matrix by the name it has in `keep`: sets its bit 1 << role. LEM_EUSAGE names those there are. */
lem_status lem_quant_keep(const char *name, uint64_t *kept, lem_err *err) LEM_MUST_CHECK;
/* Whether that matrix is int8 where the model is and those are kept; a tied head counts as LM_HEAD. */
bool lem_quant_has(uint64_t kept, lem_role role);
void lem_quant_scale_name(const char *tensor, char out[112]);

/* Rows row0 .. row0 + n of an I8 tensor with K columns and its scales. bytes: n * K of scratch, scales: n *
 * groups. LEM_EDATA for -128 and for scales that are negative or not finite. */
lem_status lem_quant_read_rows(const lem_stored *q, const lem_stored *scale, size_t row0, size_t n, size_t K,
                               int8_t *bytes, float *scales, lem_int8_block *out,
                               lem_err *err) LEM_MUST_CHECK;

#endif
