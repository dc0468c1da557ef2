/* score_beside.h - a reward model that a command has beside its own model, opened as the scoring commands
 * open it */
#ifndef LEM_CLI_SCORE_BESIDE_H
#define LEM_CLI_SCORE_BESIDE_H

#include "cli/score_model.h"

/* A folder that a command has beside its own model; NULL and 0 = what the scoring commands take by default.
 */
typedef struct score_model_opts {
    const char *dir, *head, *output, *separator, *dtype, *compute;
    bool process_only; /* as `lemma prm score`, else as `lemma rm score` */
    int max_rows;
} score_model_opts;

/* lem_score_model_options and _prepare under the options of that scoring command; of the weights
 * nothing is looked at. out, which stays where it is until it is closed, is to be closed after an error too.
 */
lem_status lem_score_model_open(lem_cli *cli, lem_backend *b, const score_model_opts *o, score_model *out,
                                lem_err *err) LEM_MUST_CHECK;

#endif
