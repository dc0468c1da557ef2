/* chat_priv.h - conversations through a template; chat.c decides which */
#ifndef LEM_PROMPT_CHAT_PRIV_H
#define LEM_PROMPT_CHAT_PRIV_H

#include "prompt/chat.h"

lem_status lem_chat_through(const lem_tokenizer *t, const lem_template *template, const lem_chat_input *in,
                            lem_ids *ids, uint8_t **mask, lem_rendered *rendered,
                            lem_err *err) LEM_MUST_CHECK;
/* messages: a question and the reply; appends the ids of what comes after the generation prompt. */
lem_status lem_chat_reply_through(const lem_tokenizer *t, const lem_template *template,
                                  const lem_json *messages, lem_ids *ids, lem_err *err) LEM_MUST_CHECK;

#endif
