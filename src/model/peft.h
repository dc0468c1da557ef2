/* model/peft.h - adapters as PEFT saves them: adapter_config.json and adapter_model.safetensors of a folder
 *
 * An adapter is W + scale B A in place of a matrix W (model/adapters.h).
 * What it says is understood and merged as PEFT's merge_and_unload does, or refused by name: another
 * peft_type than LORA, DoRA, and every setting that is not known here and not empty.
 * The file of tensors says which matrices have adapters; it is held against target_modules where these are
 * names.
 * Tensors that stand there whole (modules_to_save, biases) take the place of the base's.
 *
 * Source: PEFT 0.21.2, peft/tuners/lora/config.py, model.py (update_layer), utils/save_and_load.py. */
#ifndef LEM_MODEL_PEFT_H
#define LEM_MODEL_PEFT_H

#include "core/err.h"
#include "core/json.h"
#include "model/model.h"
#include "weights/shards.h"

#define LEM_PEFT_CONFIG "adapter_config.json"
enum { LEM_PEFT_RANK_MAX = 65536 };

typedef struct lem_peft_config { /* borrowed from the JSON */
    int rank;                    /* of modules that rank_pattern does not name */
    double alpha;                /* the same with alpha_pattern */
    bool stabilised;             /* scale = alpha / sqrt(rank), else alpha / rank */
    bool some_layers;            /* not every module of such a name is meant */
    const lem_json *ranks, *alphas;
    const lem_json *targets; /* a list of names; NULL: an expression, and the tensors alone tell */
    const char *base;        /* what base_model_name_or_path says; "" = nothing */
    const char *task;        /* task_type; "" = nothing */
} lem_peft_config;

/* LEM_EDATA that names the field. */
lem_status lem_peft_config_read(const lem_json *json, lem_peft_config *out, lem_err *err) LEM_MUST_CHECK;
/* Of a module, by its whole name: the rank and the scale that the configuration gives it. */
int lem_peft_rank(const lem_peft_config *c, const char *module);
double lem_peft_scale(const lem_peft_config *c, const char *module);

typedef struct lem_peft_pair { /* A [rank,in] and B [out,rank] */
    lem_stored a, b;
    int rank;
    double scale;
} lem_peft_pair;

typedef struct lem_peft lem_peft;
/* Reads the configuration and the table of tensors; no value is read. LEM_EDATA in one line. */
lem_status lem_peft_open(const char *dir, lem_peft **out, lem_err *err) LEM_MUST_CHECK;
void lem_peft_close(lem_peft *p);
const char *lem_peft_dir(const lem_peft *p);  /* as it was given to open */
const char *lem_peft_base(const lem_peft *p); /* what base_model_name_or_path says; "" = nothing */
/* What belongs to the base's tensor of that name ("….q_proj.weight"); NULL = nothing. Borrowed from p. */
const lem_peft_pair *lem_peft_pair_of(const lem_peft *p, const char *tensor);
const lem_stored *lem_peft_whole(const lem_peft *p, const char *tensor);
/* The reward head that stands there whole, of a base that has none; kind NONE: there is none. */
lem_status lem_peft_head(const lem_peft *p, lem_head_shape *out, lem_err *err) LEM_MUST_CHECK;
/* Everything belongs to a tensor of that table and has its shape, and what target_modules names is there. */
lem_status lem_peft_check(const lem_peft *p, const lem_model *table, lem_err *err) LEM_MUST_CHECK;
void lem_peft_count(const lem_peft *p, int *pairs, int *whole);
/* w += scale B A of elements from .. from + n of the matrix, in double and rounded once. Keeps the values of
 * the pair asked for last: one thread at a time. */
lem_status lem_peft_add(lem_peft *p, const lem_peft_pair *pair, size_t from, size_t n, float *w,
                        lem_err *err) LEM_MUST_CHECK;

/* The one line that refuses an adapter where a model is expected, with the command that merges it. */
lem_status lem_peft_refuse(const char *dir, const lem_json *config, bool beside, lem_err *err);

#endif
