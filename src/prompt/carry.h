/* prompt/carry.h - what a saved model takes over from the folder that it was trained from, so that it behaves
 * elsewhere as it does here
 *
 * Read before training, so that a file that cannot be read is told then; written once the model's own files
 * are there.
 * - eos_token_id of config.json and of generation_config.json: the source's ids (of generation_config.json,
 * or where that says nothing of config.json, as Transformers reads them), then the token that the chat
 * template writes after a reply, then the tokenizer's end of text; a number where there is one, else a list.
 *   Lemma's own `sample` ends a candidate at the same ones (prompt/ends.h).
 * - generation_config.json with all else that it says; a folder without one gets one with these ids.
 * - pad_token_id of a classifier is null where the chat template writes that token: Transformers reads the
 *   score at the last token that is no pad, training at the last token.
 * - numbers of config.json that mean the same as the source's are written as they were there (500000.0). */
#ifndef LEM_PROMPT_CARRY_H
#define LEM_PROMPT_CARRY_H

#include "core/err.h"
#include "core/json.h"
#include "prompt/ends.h"

typedef struct lem_carry {         /* zeroed = nothing */
    lem_json *config, *generation; /* of the source; NULL where it has none; owned */
    lem_prompt_end_list ends;
    bool pad_is_text; /* the chat template writes pad_token_id */
} lem_carry;
/* source: the folder that training starts from, NULL = none. vocab: ids of the model; ids of the source that
 * lie outside are left out, as in Transformers they are never made. chat: replies are written by the chat
 * template. out is written only on success. */
lem_status lem_carry_read(const char *source, const lem_tokenizer *t, int vocab, bool chat, lem_carry *out,
                          lem_err *err) LEM_MUST_CHECK;
/* Into dir, whose config.json is there already. */
lem_status lem_carry_write(const lem_carry *c, const char *dir, lem_err *err) LEM_MUST_CHECK;
void lem_carry_release(lem_carry *c);

#endif
