/* token/conversation.h - a conversation from a file, and as it was rendered: for people and for programs */
#ifndef LEM_TOKEN_CONVERSATION_H
#define LEM_TOKEN_CONVERSATION_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "jinja/template.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stdint.h>

/* A JSON file that is an array of messages, or an object with `messages` and perhaps `tools`.
 * Every message is an object with a role. *messages and *tools (NULL where there are none) are the caller's.
 * LEM_EDATA names the file and the message. */
lem_status lem_conversation_load(const char *path, lem_json **messages, lem_json **tools,
                                 lem_err *err) LEM_MUST_CHECK;

typedef struct lem_conversation_view { /* all borrowed */
    const char *source;                /* which template */
    const lem_rendered *text;          /* LEM_MARK_REPLY is what is trained */
    const lem_ids *ids;
    const uint8_t *mask; /* [ids->len] 1 = trained; NULL: it cannot be told, and why_not says why */
    const char *why_not;
} lem_conversation_view;

/* template, text, ids, trained (the mask, or null), tokens, trained_tokens, mask_error (without a mask).
 * The caller owns it; NULL on want of memory. */
lem_json *lem_conversation_json(const lem_conversation_view *v);

/* The text with what is trained marked, the ids in lines of at most 120 columns, and counts.
 * color: marks are green, otherwise [[ ]] and * behind an id.
 * terminal: control characters are shown as \xNN, so that no message can command a terminal; otherwise every
 * byte of the text is as it was. */
void lem_conversation_text(const lem_conversation_view *v, bool color, bool terminal, lem_buf *out);

#endif
