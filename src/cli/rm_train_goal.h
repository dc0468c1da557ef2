/* rm_train_goal.h - what `rm train` learns: by which head and loss lists are judged */
#ifndef LEM_CLI_RM_TRAIN_GOAL_H
#define LEM_CLI_RM_TRAIN_GOAL_H

#include "job/command.h"
#include "model/head.h"
#include "prompt/solution.h"
#include "train/generative.h"
#include "train/implicit.h"
#include "train/orm.h"

#define LEM_RM_LOSS_NAMES LEM_RANKING_NAMES "|implicit|dpo"
#define LEM_RM_HEAD_NAMES "scalar|generative"
#define LEM_RM_KEEP_NAMES "loss|accuracy|margin|auc|best_right|ece"

typedef enum lem_rm_goal_kind {
    LEM_RM_SCALAR,     /* the scalar head at the end of a reply */
    LEM_RM_GENERATIVE, /* the language model's next token after the solution: '+' or '-' */
    LEM_RM_IMPLICIT    /* what the language model's log-probability gains on where it began */
} lem_rm_goal_kind;

typedef struct lem_rm_goal {
    lem_rm_goal_kind kind;
    lem_orm_opts orm;
    double beta;
} lem_rm_goal;

/* LEM_EUSAGE for options that do not go together. */
lem_status lem_rm_goal_read(const lem_args *a, lem_rm_goal *out, lem_err *err) LEM_MUST_CHECK;
/* The head as whose training prompts and solutions are rendered. */
lem_head_kind lem_rm_goal_head(const lem_rm_goal *g);

/* One objective over lists. */
typedef struct lem_rm_judge { /* zeroed = none */
    lem_orm *orm;
    lem_generative *generative;
    lem_implicit *implicit;
} lem_rm_judge;
/* validation: with all metrics. Borrows lists. */
lem_status lem_rm_judge_new(const lem_rm_goal *g, const lem_lists *lists, const lem_prompt_recipe *recipe,
                            bool validation, lem_rm_judge *out, lem_err *err) LEM_MUST_CHECK;
void lem_rm_judge_free(lem_rm_judge *j);
lem_objective lem_rm_judge_objective(const lem_rm_judge *j);

#endif
