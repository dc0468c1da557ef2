/* cli/search_judge.h - a reward model folder as the scorer of a search, and of the rows that come out of it
 */
#ifndef LEM_CLI_SEARCH_JUDGE_H
#define LEM_CLI_SEARCH_JUDGE_H

#include "cli/runtime.h"
#include "eval/score_rows.h"
#include "search/search.h"

typedef struct lem_judge_opts { /* borrowed; NULL = the folder's own, or the head's */
    const char *dir, *head, *separator, *aggregate;
    lem_dtype dtype;
    int max_rows;
} lem_judge_opts;

typedef struct lem_judge { /* zeroed = empty */
    lem_tokenizer *tok;
    lem_weights *weights;
    lem_scorer *scorer;
    lem_head_reading how;
    lem_prompt_settings prompt;
    lem_prompt_recipe recipe;
    lem_score_how rows;  /* for lem_score_row */
    const char *problem; /* in work; borrowed */
    uint64_t scored;     /* texts */
    uint64_t without;    /* of these: too long, or without steps; they rank last */
} lem_judge;

/* Outcome models give one score; steps of process models become one by `aggregate` (default last). */
lem_status lem_judge_open(const lem_cli *cli, lem_backend *b, const lem_judge_opts *o, lem_judge *out,
                          lem_err *err) LEM_MUST_CHECK;
void lem_judge_release(lem_judge *j);
/* Scores solutions of j->problem, all in one forest. */
lem_search_scorer lem_judge_score;

#endif
