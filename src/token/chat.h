/* token/chat.h - a conversation as token ids, in ChatML: <|im_start|>role\ncontent<|im_end|>\n
 *
 * Special tokens come from the template only: role and content are encoded as plain text, whatever they contain. The text of an assistant
 * reply is encoded apart from the "assistant\n" before it, so that the ids of (conversation + generation prompt) are always a prefix of
 * the ids of (conversation + reply); that is what lets candidates share their prompt in the token forest. (Only a reply that begins with
 * white space can differ from the ids of the rendered text as a whole.) */
#ifndef LEM_TOKEN_CHAT_H
#define LEM_TOKEN_CHAT_H

#include "core/err.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_message {
    const char *role; /* "system", "user", "assistant", … ; NUL-terminated, borrowed */
    const char *content;
} lem_message;

/* Appends the ids of msgs to ids; with generation_prompt also "<|im_start|>assistant\n". If mask is not NULL, *mask becomes an array of
 * ids->len bytes (owned by the caller, lem_free): 1 for the tokens of assistant replies with their <|im_end|>, 0 elsewhere, and 0 for ids
 * that were there before the call. LEM_EDATA if the tokenizer lacks <|im_start|> or <|im_end|>; ids is unchanged on failure. */
lem_status lem_chat_encode(const lem_tokenizer *t, const lem_message *msgs, size_t n, bool generation_prompt, lem_ids *ids, uint8_t **mask,
                           lem_err *err) LEM_MUST_CHECK;

/* system (may be NULL) and user, then the generation prompt. */
lem_status lem_chat_prompt(const lem_tokenizer *t, const char *system, const char *user, lem_ids *ids, lem_err *err) LEM_MUST_CHECK;

#endif
