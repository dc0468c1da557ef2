/* reward/recipe.h - how each kind of reward head is fed: which form of prompt/solution.h, with which texts */
#ifndef LEM_REWARD_RECIPE_H
#define LEM_REWARD_RECIPE_H

#include "core/err.h"
#include "model/head.h"
#include "prompt/settings.h"
#include "prompt/solution.h"
#include "token/tokenizer.h"

/* AceMath-RM reads solutions under this system prompt ("check", where the policy's says "put"): model card of
 * arXiv 2412.15084. The default of training; of scoring where the folder is AceMath's (reward/known.h). */
#define LEM_REWARD_SYSTEM "Please reason step by step, and check your final answer within \\boxed{}."

/* The system prompt (NULL = none) and the text between steps: what s tells, else what the head's authors use;
 * classifiers are many authors', so theirs is none unless s tells it. Borrowed from s or static. */
const char *lem_reward_system(lem_head_kind kind, const lem_prompt_settings *s);
const char *lem_reward_separator(lem_head_kind kind, const lem_prompt_settings *s);
/* The name of the head (lem_head_from_name) by which a plain language model that was trained in this form is
 * read; NULL = it is no reward model, or one of several. */
const char *lem_reward_head_of_form(lem_prompt_form f);
/* For training: tells in s what is not told yet, so that it says the whole of how a model with this head was
 * trained. Conversations are read in the form REPLY_END. */
lem_status lem_reward_settings_complete(lem_head_kind kind, lem_prompt_settings *s,
                                        lem_err *err) LEM_MUST_CHECK;
/* The recipe of a head: what s tells, else the defaults. It borrows the texts of s. dir: the folder.
 * LEM_EDATA if the tokenizer lacks a token that the form needs, or if s tells a form that is not the head's.
 */
lem_status lem_reward_recipe_make(const lem_head_shape *head, const lem_tokenizer *t, const char *dir,
                                  const lem_prompt_settings *s, lem_prompt_recipe *out,
                                  lem_err *err) LEM_MUST_CHECK;

#endif
