/* prompt/ends.h - the tokens that end a candidate
 *
 * A candidate ends with any of: the token that the chat template writes after a reply (Llama 3's <|eot_id|>,
 * Mistral's </s>), the tokenizer's end of text, and eos_token_id of generation_config.json or, where that
 * says nothing, of config.json (as Transformers does). */
#ifndef LEM_PROMPT_ENDS_H
#define LEM_PROMPT_ENDS_H

#include "core/err.h"
#include "prompt/settings.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stdint.h>

enum { LEM_PROMPT_ENDS_MAX = 16 };

/* In the order of the list above, each once. n may be 0. */
typedef struct lem_prompt_end_list {
    int32_t id[LEM_PROMPT_ENDS_MAX];
    int n;
} lem_prompt_end_list;

/* dir: the model folder; vocab: ids of the model, [0, vocab). chat: replies are written by the chat template;
 * one that cannot be asked counts for nothing. LEM_EDATA if a file lists something else than ids, or too many
 * of them. */
lem_status lem_prompt_ends(const lem_tokenizer *t, const char *dir, int vocab, bool chat,
                           lem_prompt_end_list *out, lem_err *err) LEM_MUST_CHECK;
/* The special token that the template writes after a reply; -1 if it writes none, or cannot be asked. */
lem_status lem_prompt_turn_end(const lem_tokenizer *t, int32_t *out, lem_err *err) LEM_MUST_CHECK;
/* Adds the texts that end a reply in the style of s and are tokens of t. */
lem_status lem_prompt_ends_style(const lem_tokenizer *t, const lem_prompt_settings *s, const char *dir,
                                 lem_prompt_end_list *out, lem_err *err) LEM_MUST_CHECK;

#endif
