/* token/chat_template.h - the chat template that came with a tokenizer's folder, and what rendering it needs
 *
 * Found by lem_tokenizer_load (chat_load.c); rendered by prompt/, where text becomes ids. */
#ifndef LEM_TOKEN_CHAT_TEMPLATE_H
#define LEM_TOKEN_CHAT_TEMPLATE_H

#include "core/err.h"
#include "core/json.h"
#include "jinja/template.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ChatML: the template of folders that we write, and of folders without one. */
extern const char lem_chatml[];

/* The folder has a template (which may be one that cannot be read). */
bool lem_chat_has_template(const lem_tokenizer *t);
/* *out is borrowed from t; NULL if the folder has no template. LEM_EDATA if it has one that cannot be read.
 */
lem_status lem_chat_template(const lem_tokenizer *t, const lem_template **out, lem_err *err) LEM_MUST_CHECK;
/* bos_token, eos_token ... as the template sees them; borrowed, may be NULL. */
const lem_json *lem_chat_tokens(const lem_tokenizer *t);
/* Does the tokenizer begin anew after this token, so that what follows is encoded as the start of a text? */
bool lem_chat_begins_anew(const lem_tokenizer *t, int32_t id);
/* For a folder's tokenizer just loaded and not yet shared: another template in place of its own, also where
 * it is saved (chat_template.jinja). */
lem_status lem_chat_use(lem_tokenizer *t, const char *source, size_t len, lem_err *err) LEM_MUST_CHECK;
/* The same: an object of further variables of every rendering (enable_thinking …), which win over all others.
 * It is copied; NULL = none. They are not saved: prompt/settings.h saves them. */
lem_status lem_chat_set(lem_tokenizer *t, const lem_json *variables, lem_err *err) LEM_MUST_CHECK;
const lem_json *lem_chat_variables(const lem_tokenizer *t); /* NULL = none; borrowed */

#endif
