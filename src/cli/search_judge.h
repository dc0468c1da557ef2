/* cli/search_judge.h - a reward model folder as the scorer of a search, and of the rows that come out of it
 *
 * It is what `lemma rm score` reads: a score of a search is the one that this command gives the text. */
#ifndef LEM_CLI_SEARCH_JUDGE_H
#define LEM_CLI_SEARCH_JUDGE_H

#include "cli/score_model.h"
#include "search/search.h"

typedef struct lem_judge_opts { /* borrowed; NULL = the folder's own, or the head's */
    const char *dir, *head, *output, *separator, *dtype, *compute;
    const char *aggregate; /* of process models */
    int max_rows;
} lem_judge_opts;

typedef struct lem_judge { /* zeroed = closed; stays where it is until it is closed */
    score_model model;
    const char *problem; /* in work; borrowed */
    lem_score_counts counts;
    uint64_t scored;  /* texts */
    uint64_t without; /* of these: too long, or without steps; they rank last */
} lem_judge;

/* LEM_EUSAGE for a folder that is no reward model. Until its weights are there, its scorer only counts. */
lem_status lem_judge_open(lem_cli *cli, const lem_judge_opts *o, lem_judge *out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_judge_weights(lem_judge *j, lem_backend *b, lem_err *err) LEM_MUST_CHECK;
void lem_judge_close(lem_judge *j);
/* Scores solutions of j->problem, all in one forest. */
lem_search_scorer lem_judge_score;

#endif
