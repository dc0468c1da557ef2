/* prompt/variables.h - variables of a chat template, as options and files tell them (enable_thinking=false)
 *
 * A value is JSON, or else a text; what looks like JSON or like Python and is neither is refused, never taken
 * for a text. Names that a rendering sets itself (messages, tools, …) are refused.
 * Limits: 64 variables, names of 64 characters, LEM_PROMPT_TEXT_MAX bytes of JSON. */
#ifndef LEM_PROMPT_VARIABLES_H
#define LEM_PROMPT_VARIABLES_H

#include "core/err.h"
#include "core/json.h"
#include "token/tokenizer.h"

/* list: an array of texts NAME=VALUE; none (also NULL) gives *out NULL. The caller owns *out, an object in
 * the order of the list. LEM_EUSAGE names the text, or a name that is given twice. */
lem_status lem_prompt_variables_parse(const lem_json *list, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* A copy of an object with at least one member, checked as above; LEM_EDATA. Replaces *out. */
lem_status lem_prompt_variables_of(const lem_json *v, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* LEM_EUSAGE names a variable that t's chat template does not mention. */
lem_status lem_prompt_variables_check(const lem_json *variables, const lem_tokenizer *t,
                                      lem_err *err) LEM_MUST_CHECK;

#endif
