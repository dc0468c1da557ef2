/* reward/score_text.h - a problem and a given text as the tokens whose log-probabilities are read
 *
 * The prompt is the one of `sample`; the text is encoded as it stands, special tokens that it spells out are
 * text. A text that is closed ends with the end token that the chat template writes after a reply, else the
 * end of text, as a candidate of `sample` does that did not run into its limit. */
#ifndef LEM_REWARD_SCORE_TEXT_H
#define LEM_REWARD_SCORE_TEXT_H

#include "core/err.h"
#include "prompt/settings.h"
#include "prompt/solution.h"
#include "token/tokenizer.h"

typedef struct lem_text_recipe { /* all borrowed */
    const lem_prompt_settings *prompt;
    int32_t end;           /* -1 = none */
    const char *separator; /* between the steps of a text; not empty */
} lem_text_recipe;

/* out->at are the tokens before each token of the text and its end (a scorer without a head reads there).
 * An empty text that is not closed has none. */
lem_status lem_text_render(const lem_text_recipe *how, const lem_tokenizer *t, const char *problem,
                           const char *text, size_t len, bool closed, lem_rendering *out,
                           lem_err *err) LEM_MUST_CHECK;
/* Where the steps of a rendered text end: end[i] of out->at's indices is behind the last token of step i, and
 * the last is n_at. A step ends with the separator behind it, and a token belongs to the step in which it
 * begins; white space alone is no step and belongs to the step before it. Separators are sought in what the
 * tokens spell. end has room for LEM_PROMPT_STEPS_MAX; LEM_EDATA for more steps. *n is 0 for a text of white
 * space. */
lem_status lem_text_steps(const lem_text_recipe *how, const lem_tokenizer *t, const lem_rendering *r,
                          int *end, int *n, lem_err *err) LEM_MUST_CHECK;

#endif
