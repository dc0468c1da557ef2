/* model/folder.h - a model folder with all its checks done and no value read yet: config, tensor table, files
 *
 * lem_model_open reads it into fp32, lem_weights_open packs it, lem_model_convert writes it again. */
#ifndef LEM_MODEL_FOLDER_H
#define LEM_MODEL_FOLDER_H

#include "model/model.h"
#include "weights/shards.h"

typedef struct lem_folder {
    lem_model *table;   /* params is NULL; every tensor of it is in shards with the right shape */
    lem_shards *shards; /* besides: buffers of old exporters, a repeated lm_head.weight of a tied model */
} lem_folder;

/* The shape that config.json alone tells; the weights need not be there. */
lem_status lem_model_shape(const char *dir, lem_model_config *out, lem_err *err) LEM_MUST_CHECK;
/* need: the head that is asked for, or NULL for whatever there is. Missing, extra and mis-shaped tensors are
 * all named in one line. A tied model may repeat the embedding as lm_head.weight; other values there are
 * LEM_EDATA. */
lem_status lem_folder_open(const char *dir, const lem_head *need, lem_folder *out,
                           lem_err *err) LEM_MUST_CHECK;
void lem_folder_release(lem_folder *f);
/* Every tensor of the table is stored as BF16: nothing is lost when it is kept so. */
bool lem_folder_is_bf16(const lem_folder *f);
/* LEM_EDATA for a folder of int8: as a whole it is not trained, converted or merged. */
lem_status lem_folder_refuse_int8(const lem_folder *f, const char *dir, lem_err *err) LEM_MUST_CHECK;
/* The tensor of the table at that offset of the flat array. */
const lem_tensor *lem_model_tensor_at(const lem_model *m, size_t offset);

#endif
