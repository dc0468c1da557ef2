/* data/shots.h - demonstrations from a file, for prompts with worked examples */
#ifndef LEM_DATA_SHOTS_H
#define LEM_DATA_SHOTS_H

#include "core/err.h"
#include "core/log.h"
#include "prompt/style.h"

enum { LEM_SHOTS_ROWS_MAX = 1 << 16 };

/* k demonstrations for each prompt from the rows of a file of any kind, in its order. A row's question is
 * called as problems are (problem, question, prompt, query); its answer cot_content, rationale, solution,
 * answer, response or output, the first that is there, or answer first where the style wants a bare letter.
 * Choices (choices or options, a list of texts, or an object with a list "text") are laid out as the style
 * does, and a number then is the letter of a choice. Texts are of at most LEM_PROMPT_TEXT_MAX bytes.
 *
 * A style by subject may choose among all rows (subject or category), at most LEM_SHOTS_ROWS_MAX; another has
 * the first k. LEM_EDATA names file and line: no such field, no text, fewer rows than k. out is written on
 * success alone; style NULL = none. */
lem_status lem_shots_load(const char *path, int k, const lem_prompt_style *style, const lem_cancel *cancel,
                          lem_prompt_shots *out, lem_err *err) LEM_MUST_CHECK;

#endif
