/* prompt/prompt.h - problems to be answered and rows to be trained on, as token ids
 *
 * A system text of NULL or "" is none. */
#ifndef LEM_PROMPT_PROMPT_H
#define LEM_PROMPT_PROMPT_H

#include "core/buf.h"
#include "core/err.h"
#include "prompt/chat.h"
#include "prompt/settings.h"
#include "token/tokenizer.h"

#include <stddef.h>
#include <stdint.h>

/* The problem with the suffix on a line of its own. *out is problem itself if suffix is NULL or "", else the
 * text of b (zeroed by the caller, who releases it). */
lem_status lem_prompt_problem_text(const char *problem, const char *suffix, lem_buf *b, const char **out,
                                   lem_err *err) LEM_MUST_CHECK;

/* Appends a problem up to where its answer begins. By the chat template: system, the problem with its suffix,
 * the start of a reply. Plain: the system text and an empty line, the problem with its suffix. A style and
 * demonstrations in s: as prompt/style.h says. ids is unchanged on failure. */
lem_status lem_prompt_problem(const lem_tokenizer *t, const lem_prompt_settings *s, const char *problem,
                              lem_ids *ids, lem_err *err) LEM_MUST_CHECK;

/* The same with the subject of the row (NULL = none), for styles that tell subjects apart. */
lem_status lem_prompt_problem_of(const lem_tokenizer *t, const lem_prompt_settings *s, const char *problem,
                                 const char *subject, lem_ids *ids, lem_err *err) LEM_MUST_CHECK;

/* Appends the ids of a given text behind a prompt (ids, not empty), as log-probabilities read it: special
 * tokens that it spells out are text, and nothing is put in front of it that a tokenizer puts before a text
 * where the prompt goes on. ids is unchanged on failure. */
lem_status lem_prompt_behind(const lem_tokenizer *t, const char *text, size_t len, lem_ids *ids,
                             lem_err *err) LEM_MUST_CHECK;
/* Whether a text that was written for sampled tokens (n of them, the one that ended it left out) encodes to
 * them again behind its prompt, whose last id is `last`. Bytes that are no UTF-8 count as files hold them,
 * U+FFFD. cut: the text ends before a stop string, and tokens behind it do not count. */
lem_status lem_prompt_reencodes(const lem_tokenizer *t, int32_t last, const char *text, size_t len, bool cut,
                                const int32_t *sampled, size_t n, bool *out, lem_err *err) LEM_MUST_CHECK;

/* A conversation for training, by the chat template; system goes before messages that have none of their own.
 * ids and *mask as in lem_chat_encode. */
lem_status lem_prompt_conversation(const lem_tokenizer *t, const char *system, const lem_message *messages,
                                   size_t n, lem_ids *ids, uint8_t **mask, lem_err *err) LEM_MUST_CHECK;
/* A text for training, and the end-of-text token if there is one; all of it is trained. Appends; *mask is of
 * ids->len bytes and the caller's to free. */
lem_status lem_prompt_text(const lem_tokenizer *t, const char *text, lem_ids *ids, uint8_t **mask,
                           lem_err *err) LEM_MUST_CHECK;

#endif
