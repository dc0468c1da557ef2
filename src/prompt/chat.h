/* prompt/chat.h - a conversation as token ids and the mask of what is trained, by the folder's own template,
 * else in ChatML
 *
 * Special tokens come from the template only: text of messages is plain, whatever it contains, unless
 * parse_special. Ids are those of Transformers' apply_chat_template, but for one cut: the text of a reply is
 * encoded apart from what comes before it, so that the ids of (conversation + generation prompt) are always a
 * prefix of the ids of (conversation + reply); that is what lets candidates share their prompt in the token
 * forest. (In byte-level vocabularies only a reply that begins with white space can differ from the ids of
 * the text as a whole.)
 *
 * What is trained is found by rendering prefixes: a reply begins where the rendering of the messages before
 * it with the generation prompt ends, and ends where the rendering of the messages up to it ends; white space
 * after its last special token is not trained. When a template writes earlier parts otherwise once later ones
 * are there, its {% generation %} marks are used, and without such marks the mask is refused with one line
 * that names the message. No mask asked for: such a conversation is encoded as one piece.
 *
 * Without a template in the folder: <|im_start|>role\ncontent<|im_end|>\n. */
#ifndef LEM_PROMPT_CHAT_H
#define LEM_PROMPT_CHAT_H

#include "core/err.h"
#include "core/json.h"
#include "token/chat_template.h"
#include "jinja/template.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_message {
    const char *role; /* "system", "user", "assistant", … ; NUL-terminated, borrowed */
    const char *content;
} lem_message;

/* Appends the ids of msgs to ids; with generation_prompt also the start of a reply. If mask is not NULL,
 * *mask becomes an array of ids->len bytes (owned by the caller, lem_free): 1 for the tokens of assistant
 * replies with the token that ends them, 0 elsewhere, and 0 for ids that were there before the call.
 * LEM_EDATA if the template refuses the conversation or cannot be read, if it writes the BOS token twice, if
 * the mask cannot be told, or, without a template, if the tokenizer lacks <|im_start|> or <|im_end|>; ids is
 * unchanged on failure. */
lem_status lem_chat_encode(const lem_tokenizer *t, const lem_message *msgs, size_t n, bool generation_prompt,
                           lem_ids *ids, uint8_t **mask, lem_err *err) LEM_MUST_CHECK;

/* The same in ChatML whatever the folder's template, with the start of a reply. */
lem_status lem_chat_encode_chatml(const lem_tokenizer *t, const lem_message *msgs, size_t n, lem_ids *ids,
                                  lem_err *err) LEM_MUST_CHECK;

/* system (may be NULL) and user, then the generation prompt. */
lem_status lem_chat_prompt(const lem_tokenizer *t, const char *system, const char *user, lem_ids *ids,
                           lem_err *err) LEM_MUST_CHECK;

/* The ids that go after a prompt of lem_chat_prompt when the reply is `reply` (len bytes): its text, and what
 * the template writes after it. */
lem_status lem_chat_reply(const lem_tokenizer *t, const char *reply, size_t len, lem_ids *ids,
                          lem_err *err) LEM_MUST_CHECK;

/* Messages as they stand in files: objects with role, content, tool_calls …; tools as in lem_template_input.
 * rendered (may be NULL) gets the text and its marks, where LEM_MARK_REPLY is what is trained. parse_special:
 * special tokens are recognised in messages too. */
typedef struct lem_chat_input {
    const lem_json *messages, *tools;
    bool generation_prompt, parse_special;
    lem_date date;
    /* [messages] replies that are not trained; NULL = all are. LEM_EDATA where the mask comes from the
     * template's marks alone, which do not tell one reply from another. Borrowed. */
    const bool *untrained;
} lem_chat_input;
lem_status lem_chat_encode_json(const lem_tokenizer *t, const lem_chat_input *in, lem_ids *ids,
                                uint8_t **mask, lem_rendered *rendered, lem_err *err) LEM_MUST_CHECK;

#endif
