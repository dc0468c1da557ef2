/* reward/recipe.h - a problem and a solution as the tokens that a reward model expects, and where its head is
 * read
 *
 * Each kind of head comes with the way its authors feed it (formats.md section 4, recipe.md section 5):
 *
 *   last-token heads     the conversation (system, user: problem, assistant: solution) by the chat template
 *                        read at the last token
 *   OpenRLHF             the conversation up to the end-of-text token that closes it; read at that token
 *   InternLM2            the conversation and reward_token_id behind it; read at that token
 *   Qwen2.5-Math PRM     the same conversation; <extra_0> after each step, read there
 *   Skywork PRM          bos, problem and "\n", then each step and "\n", encoded apart
 *                        read at each of these "\n"
 *   TRL PRM              bos, problem, then each step and the separator, encoded apart
 *                        read at the last token of each separator
 *   RLHFlow PRM, ORM     user: problem + " " + first step (the whole solution), assistant: "+",
 *                        user: second step, ...; read before each "+"
 *   Math-Shepherd        one text "problem Step 1: ... ки\nStep 2: ... ки"; read at each tag
 *
 * Steps are the pieces between separators, without white space around them; empty pieces are no steps.
 * Special tokens in problem or solution are text. */
#ifndef LEM_REWARD_RECIPE_H
#define LEM_REWARD_RECIPE_H

#include "core/err.h"
#include "model/head.h"
#include "token/tokenizer.h"

enum { LEM_REWARD_STEPS_MAX = 4096 };

typedef struct lem_reward_recipe {
    lem_head_kind kind;
    const char *system;    /* NULL = none; borrowed, as is separator */
    const char *separator; /* between steps in the solution */
    int32_t bos, tag;      /* -1 = none */
    int32_t good, bad;     /* signs of token heads */
} lem_reward_recipe;

/* What the authors use: the system prompt (NULL = none), the text between steps. */
const char *lem_reward_default_system(lem_head_kind kind);
const char *lem_reward_default_separator(lem_head_kind kind);
/* system and separator NULL = the default; system "" = none. dir: the folder, whose tokenizer_config.json
 * names bos. LEM_EDATA if the tokenizer lacks a token that the recipe needs. */
lem_status lem_reward_recipe_make(const lem_head_shape *head, const lem_tokenizer *t, const char *dir,
                                  const char *system, const char *separator, lem_reward_recipe *out,
                                  lem_err *err) LEM_MUST_CHECK;

typedef struct lem_rendering { /* zeroed = empty; reused */
    lem_ids ids;
    int *at; /* [n_at] tokens to read: one for each step, or the one of the whole */
    int n_at, cap_at;
} lem_rendering;
void lem_rendering_release(lem_rendering *r);
/* A process head finds no token to read (n_at 0) in a solution without steps. LEM_EDATA for more than
 * LEM_REWARD_STEPS_MAX steps. */
lem_status lem_reward_render(const lem_reward_recipe *how, const lem_tokenizer *t, const char *problem,
                             const char *solution, lem_rendering *out, lem_err *err) LEM_MUST_CHECK;

#endif
