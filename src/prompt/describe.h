/* prompt/describe.h - what a model folder says of its prompts, as facts for people and programs */
#ifndef LEM_PROMPT_DESCRIBE_H
#define LEM_PROMPT_DESCRIBE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "prompt/settings.h"

/* Sets facts.prompt: what dir/lemma.json tells, null without the file. */
lem_status lem_prompt_describe(const char *dir, lem_json *facts, lem_err *err) LEM_MUST_CHECK;
/* Appends lines for people, one for each setting and its texts as JSON, so that they stay on their line; none
 * without the file. */
void lem_prompt_describe_text(const lem_json *facts, lem_buf *out);

#endif
