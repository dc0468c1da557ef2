/* prompt/solution.h - a problem and a solution as the tokens that a reward model reads, and where its score
 * is read; in training and in scoring
 *
 * Each form is the way the authors of such a model feed it (docs/reward-heads.md):
 *
 * - LAST_TOKEN: the conversation (system, user: problem, assistant: solution) by the chat template, read at
 *   the last token.
 * - REPLY_END: the prompt up to the reply, as sampling writes it, then the solution and what the template
 * puts behind a reply, read at the last token. Our own training shares prompts so; the ids are those of
 *   LAST_TOKEN unless the template writes a prompt otherwise once the reply is there (Mistral's drop the
 *   system text then).
 * - END_OF_TEXT: the conversation up to the end-of-text token that closes it, read at that token.
 * - REWARD_TOKEN: the conversation and reward_token_id behind it, read at that token.
 * - STEP_TOKEN: the same conversation, <extra_0> after each step, read there.
 * - STEP_LINE: bos, problem and "\n", then each step and "\n", encoded apart, read at each of these "\n".
 * - STEP_TEXT: bos, problem, then each step and the separator, encoded apart, read at the last token of each
 *   separator.
 * - STEP_TURNS, WHOLE_TURN: user: problem and first step (the whole solution), assistant: "+", user: second
 *   step, ...; read before each "+".
 * - STEP_TAGS: one text "problem Step 1: ... ки\nStep 2: ... ки", read at each tag.
 *
 * With step_token, STEP_LINE and STEP_TEXT have that token behind each step, and are read there.
 * Steps are those of prompt/steps.h; empty pieces are no steps unless keep_empty.
 * Special tokens in problem or solution are text. */
#ifndef LEM_PROMPT_SOLUTION_H
#define LEM_PROMPT_SOLUTION_H

#include "core/err.h"
#include "prompt/settings.h"
#include "prompt/steps.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct lem_prompt_recipe {
    lem_prompt_form form;
    const char *system, *suffix; /* NULL = none; borrowed, as is separator */
    const char *separator;       /* between steps in the solution */
    const char *step_token;      /* STEP_LINE, STEP_TEXT: behind each step; NULL = the separator */
    bool keep_empty;             /* empty pieces are steps too, as in the scripts of RLHFlow */
    int32_t bos, tag;            /* -1 = none */
    int32_t pad;                 /* LAST_TOKEN: read at the last token that is another; -1 = none */
    int32_t good, bad;           /* the signs '+' and '-' */
} lem_prompt_recipe;

bool lem_prompt_form_is_chat(lem_prompt_form form);   /* written by the chat template */
bool lem_prompt_form_has_steps(lem_prompt_form form); /* read once a step, not once a solution */
/* form, the texts and, for REWARD_TOKEN, tag are the caller's; finds the other ids. dir: the folder, whose
 * tokenizer_config.json names bos. LEM_EDATA if the tokenizer lacks a token that the form needs, LEM_EUSAGE
 * for an empty separator; r is unchanged on failure. */
lem_status lem_prompt_recipe_find(lem_prompt_recipe *r, const lem_tokenizer *t, const char *dir,
                                  lem_err *err) LEM_MUST_CHECK;

typedef struct lem_rendering { /* zeroed = empty; reused */
    lem_ids ids;
    int *at; /* [n_at] tokens to read: one for each step, or the one of the whole */
    int n_at, cap_at;
} lem_rendering;
void lem_rendering_release(lem_rendering *r);
lem_status lem_rendering_read_at(lem_rendering *r, size_t token, lem_err *err) LEM_MUST_CHECK; /* one more */
/* Of a solution of len bytes and a NUL behind them. A form with steps finds no token to read (n_at 0) in a
 * solution without steps. A byte of 0 inside is text in REPLY_END, where training reads it too; other forms
 * end at it. LEM_EDATA for more than LEM_PROMPT_STEPS_MAX steps. */
lem_status lem_prompt_solution(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                               const char *solution, size_t len, lem_rendering *out,
                               lem_err *err) LEM_MUST_CHECK;
/* Of a solution given as its steps, whatever separators stand inside them; forms with steps only
 * (LEM_EUSAGE). An empty problem of STEP_TURNS is none: the first turn is the first step. A step of white
 * space alone is no step, as above. */
lem_status lem_prompt_steps(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                            const lem_step *steps, int n, lem_rendering *out, lem_err *err) LEM_MUST_CHECK;
/* The two parts of REPLY_END, for training: what the solutions of a problem share, and what each adds. Both
 * append. */
lem_status lem_prompt_beginning(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                                lem_ids *ids, lem_err *err) LEM_MUST_CHECK;
lem_status lem_prompt_reply(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *solution,
                            size_t len, lem_ids *ids, lem_err *err) LEM_MUST_CHECK;

#endif
