/* model/describe.h - a model folder as facts: members of a JSON object for programs, lines of text for people
 *
 * Each function adds members to `facts`, an object of the caller's; on failure some of them may be there.
 * The texts are made from the facts alone and remember want of memory in the buffer. */
#ifndef LEM_MODEL_DESCRIBE_H
#define LEM_MODEL_DESCRIBE_H

#include "core/json.h"
#include "model/folder.h"
#include "model/head.h"

/* architecture, family (strings or null), shape (layers, width, ffn, heads, kv_heads, head_dim, vocab,
 * context, window, rope_theta, rope_scaling, tied, qkv_bias, qk_norm), parameters, dtypes (name -> number of
 * tensors), files ([{name, bytes, sha256}]). sha256 is null unless `hash`, which reads all the files. Errors
 * are those of reading. */
lem_status lem_model_describe(const char *dir, const lem_folder *f, bool hash, lem_json *facts,
                              lem_err *err) LEM_MUST_CHECK;

/* head: kind, tensors, outputs and note (why no score can be read, or null); of a reward head also position,
 * formula, system, step_separator and field (of the rows that hold its scores).
 * system and separator (NULL = none): how such a model is prompted, which is not the folder's to say. */
lem_status lem_model_describe_head(const lem_head_shape *shape, const char *system, const char *separator,
                                   lem_json *facts, lem_err *err) LEM_MUST_CHECK;

/* generation (generation_config.json, or null) and memory: bytes to run one sequence of `tokens` tokens
 * (run_bf16, run_f32) and to train in passes of so many with `sums` gradients beside the net's (train; null
 * where the head is only read). */
lem_status lem_model_describe_use(const char *dir, const lem_folder *f, int sums, lem_json *facts,
                                  lem_err *err) LEM_MUST_CHECK;

/* int8: of a folder of int8 (model/quant.h) "kept" (names) and "lost", what its file of that name says (null:
 * nothing was measured); null of others. */
#define LEM_INT8_LOST_NAME "int8.json"
lem_status lem_model_describe_int8(const char *dir, const lem_folder *f, lem_json *facts,
                                   lem_err *err) LEM_MUST_CHECK;
/* What was lost in words: "KL 0.0012 a token, …", or "nothing was measured". The object may be anyone's. */
void lem_model_lost_text(const lem_json *lost, lem_buf *out);
/* The lines of lem_model_describe_int8; none of other folders. */
void lem_model_describe_int8_text(const lem_json *facts, lem_buf *out);

/* What lem_model_describe and _head found; what lem_model_describe_use did. */
void lem_model_describe_text(const lem_json *facts, lem_buf *out);
void lem_model_describe_use_text(const lem_json *facts, lem_buf *out);

#endif
