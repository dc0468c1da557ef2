/* prompt/rlhflow.h - a labelled solution as RLHFlow trains on it: its template and its mask, with their flaws
 *
 * Differences to how such a model is read (solution.h, STEP_TURNS), both from spec: axolotl's llama3 template
 * at the commit that RLHFlow pins, recipe.md 5.3 and 5.4:
 *   - each reply is the step's true sign; when scores are read all earlier signs are '+'
 *   - what is trained is not the sign alone: the blank line before it and the end of the turn are, too
 * Where the tokenizer has Llama 3's marks the ids are those of that template (begin, system, turns; no dates
 * as in the template of Llama 3.1); else the folder's own template is used, with the same mask. */
#ifndef LEM_PROMPT_RLHFLOW_H
#define LEM_PROMPT_RLHFLOW_H

#include "prompt/solution.h"

/* The system text of that template. */
#define LEM_PROMPT_RLHFLOW_SYSTEM "You are a helpful assistant."

/* how: of form STEP_TURNS; sign [n] is '+' or '-'. at [n] of out are the tokens before the signs, as in
 * lem_prompt_steps. *trained, of out->ids.len bytes and the caller's to free, is 1 at every token that the
 * recipe trains: blank line, sign, end of turn. LEM_EDATA if a sign is not one token. */
lem_status lem_prompt_rlhflow(const lem_prompt_recipe *how, const lem_tokenizer *t, const char *problem,
                              const lem_step *steps, const char *sign, int n, lem_rendering *out,
                              uint8_t **trained, lem_err *err) LEM_MUST_CHECK;

#endif
