/* cli/prm_judge.h - a process reward model that says where it finds the first wrong step of solutions that
 * Monte Carlo has labelled; the labels of those for which both do not say the same are taken away
 *
 * The judge is what `lemma prm score --model DIR [--head NAME]` reads, without any other option; it is given
 * the steps that were labelled, whatever separators stand in them. */
#ifndef LEM_CLI_PRM_JUDGE_H
#define LEM_CLI_PRM_JUDGE_H

#include "annotate/consensus.h"
#include "cli/prm_rows.h"
#include "cli/score_model.h"

#define LEM_PRM_JUDGE_THRESHOLD 0.5

typedef struct lem_prm_judge_opts {
    const char *dir, *head, *dtype, *compute; /* head: NULL = as the folder says */
    double threshold;
} lem_prm_judge_opts;

enum { LEM_PRM_JUDGE_ROWS = 4096 }; /* tokens of its passes, at most */

typedef struct lem_prm_judge { /* zeroed = closed */
    score_model model;
    double threshold; /* a step of a lower score is wrong */
    lem_score_counts counts;
    lem_consensus_tally tally;
} lem_prm_judge;

/* Looks at the folder, not at its weights: LEM_EUSAGE if it gives one score a solution. out stays where it
 * is until it is closed. */
lem_status lem_prm_judge_open(lem_cli *cli, const lem_prm_judge_opts *o, lem_prm_judge *out,
                              lem_err *err) LEM_MUST_CHECK;
/* Before, its scorer only counts (for a plan of memory), and all scores are 0. */
lem_status lem_prm_judge_weights(lem_prm_judge *j, lem_backend *b, lem_err *err) LEM_MUST_CHECK;
/* The scores of all steps of a row's finished solutions: a list for each, null where it cannot be read. */
lem_status lem_prm_judge_row(lem_prm_judge *j, const lem_prm_rows *rows, size_t row, lem_json **scores,
                             lem_err *err) LEM_MUST_CHECK;
/* Adds to the row's finished solutions what the judge says of them, and to the tally; scores as above. */
lem_status lem_prm_judge_apply(lem_prm_judge *j, lem_prm_rows *rows, size_t row, const lem_json *scores,
                               lem_err *err) LEM_MUST_CHECK;
void lem_prm_judge_close(lem_prm_judge *j);

void lem_prm_judge_show(const lem_prm_judge *j, lem_log *log);
lem_json *lem_prm_judge_json(const lem_prm_judge *j); /* NULL = out of memory */

#endif
