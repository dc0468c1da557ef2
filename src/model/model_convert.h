/* model/model_convert.h - a model folder written again with another number type, sharding, tying or head, or
 * with an adapter merged into it
 *
 * Values are streamed in pieces: memory does not grow with the model. Everything else in the folder that is
 * no weight file is copied byte for byte (tokenizer, chat template, generation_config.json, licence);
 * config.json too when nothing in it changes, otherwise only the fields concerned change. The new folder is
 * built beside its place, as OUT.lemma-partial, and renamed when complete. A folder that this program wrote
 * converts, without options, into the same bytes. */
#ifndef LEM_MODEL_MODEL_CONVERT_H
#define LEM_MODEL_MODEL_CONVERT_H

#include "model/model.h"
#include "model/peft.h"

typedef enum lem_convert_tie { LEM_TIE_KEEP, LEM_TIE_TIE, LEM_TIE_UNTIE } lem_convert_tie;
typedef enum lem_convert_head { LEM_RELABEL_KEEP, LEM_RELABEL_LM, LEM_RELABEL_SCORE } lem_convert_head;

typedef struct lem_convert_opts {
    bool set_dtype; /* false: every tensor keeps its type */
    lem_dtype dtype;
    uint64_t shard_bytes;  /* 0 = 5 GB */
    lem_convert_tie tie;   /* TIE fails unless lm_head equals the embedding in every bit; UNTIE writes the
                              embedding twice */
    lem_convert_head head; /* LM drops a reward head; SCORE adds score.weight as lem_model_with_head draws it,
                              to be trained */
    uint64_t seed;         /* of that */
    lem_peft *adapter;     /* is merged into the matrices, NULL = none; where its folder has a tokenizer, that
                              one is taken over in place of the base's. Its values are read meanwhile */
    bool overwrite;        /* replace OUT if it is there; an empty folder may be there anyway */
} lem_convert_opts;

typedef struct lem_convert_report {
    int tensors, shards, side_files;
    uint64_t bytes;       /* of tensors */
    int merged, replaced; /* of an adapter: matrices that it adds to, tensors that it has whole */
    bool drew_head;       /* the score head is random: not to be used before training */
} lem_convert_report;

/* Everything that can be wrong before the first value is read. */
lem_status lem_model_convert_check(const char *dir, const lem_convert_opts *o, lem_err *err) LEM_MUST_CHECK;
lem_status lem_model_convert(const char *dir, const char *out, const lem_convert_opts *o,
                             lem_convert_report *report, lem_err *err) LEM_MUST_CHECK;

#endif
