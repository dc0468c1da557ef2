/* model/quantize.h - a model folder written again with its matrices as int8 (model/quant.h)
 *
 * Values are streamed row by row. Files that are no weights are copied, config.json says what the folder is.
 * What it computes has the bits of the source opened as I8 with the same matrices kept. */
#ifndef LEM_MODEL_QUANTIZE_H
#define LEM_MODEL_QUANTIZE_H

#include "core/log.h"
#include "model/model.h"

typedef struct lem_quantize_report {
    int int8, other, shards, side_files; /* matrices of int8, other tensors, files */
    uint64_t bytes, bytes_before;        /* of tensors */
} lem_quantize_report;

/* out: a folder to be made, or left by a run that was killed; its parent exists. kept: bits 1 << role (of
 * lem_quant_keep). Matrices that are no int8 become BF16, vectors and reward heads F32. LEM_EDATA for a
 * folder of int8 and for values that are not finite, LEM_EINTR when cancel says so. */
lem_status lem_model_quantize(const char *dir, const char *out, uint64_t kept, const lem_cancel *cancel,
                              lem_quantize_report *report, lem_err *err) LEM_MUST_CHECK;

#endif
