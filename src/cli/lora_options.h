/* cli/lora_options.h - --lora-rank and what belongs to it, in every training command (model/adapters.h) */
#ifndef LEM_CLI_LORA_OPTIONS_H
#define LEM_CLI_LORA_OPTIONS_H

#include "job/command.h"
#include "compute/backend.h"
#include "model/model.h"
#include "model/session.h"

#define LEM_OPTS_LORA                                                                                        \
    {"lora-rank",                                                                                            \
     LEM_OPT_INT,                                                                                            \
     "N",                                                                                                    \
     "0",                                                                                                    \
     "train adapters of rank N beside the matrices of layers (LoRA) and a reward head, nothing else; the "   \
     "rest stays as it is stored, as int8 too; the result is the merged model, with PEFT's files in "        \
     "adapter/; 0 = train everything",                                                                       \
     0,                                                                                                      \
     1024},                                                                                                  \
        {"lora-alpha", LEM_OPT_NUM, "X", NULL, "of adapters: their product counts alpha / N times [2 N]",    \
         1e-6,         1e6},                                                                                 \
        {"lora-targets", LEM_OPT_STR, "LIST", "all",                                                         \
         "of adapters: which matrices, as q,v,down; all of a layer"},                                        \
        {"lora-dropout",                                                                                     \
         LEM_OPT_NUM,                                                                                        \
         "P",                                                                                                \
         "0",                                                                                                \
         "of adapters: share below 1 of their input values that is left out in training, by --seed",         \
         0,                                                                                                  \
         1},                                                                                                 \
    {                                                                                                        \
        "rslora", LEM_OPT_FLAG, NULL, NULL, "of adapters: alpha / sqrt(N) in place of alpha / N"             \
    }
enum { LEM_N_LORA_OPTIONS = 5 };

/* Where --lora-rank is given: the shape gets adapters, and *t is what learns then; the rest is kept as I8
 * where the shape is int8, as BF16 where --model is stored so (bf16). LEM_EUSAGE; LEM_EDATA for int8 without.
 */
lem_status lem_lora_options_read(const lem_args *args, bool bf16, lem_model_config *shape, lem_trainable *t,
                                 lem_err *err) LEM_MUST_CHECK;
/* What is trained then: the folder as a base, and over it a model of that shape (model/base.h). */
typedef struct lem_lora_model { /* zeroed = none */
    lem_weights *base;
    lem_model *model;
} lem_lora_model;
lem_status lem_lora_open(lem_cli *cli, const char *dir, const lem_model_config *shape, const lem_trainable *t,
                         lem_backend *b, lem_lora_model *out, lem_err *err) LEM_MUST_CHECK;
void lem_lora_release(lem_lora_model *m);
/* Writes what a training command has made of m, `whole`: m itself, or m under the head that is read. Over a
 * base, whose folder is `base`: merged with it, and m's adapters in OUT/adapter. */
lem_status lem_lora_save(const lem_cli *cli, const lem_model *m, const lem_model *whole, const char *base,
                         const char *out, lem_dtype dtype, lem_err *err) LEM_MUST_CHECK;

#endif
