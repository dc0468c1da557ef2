/* score_run.h - one run of scoring, whichever command asks for it */
#ifndef LEM_CLI_SCORE_RUN_H
#define LEM_CLI_SCORE_RUN_H

#include "job/command.h"

/* Scores args->words[0] into --out: lock, journal, rows in input order, manifest.
 * process_only: a model that does not score steps is LEM_EUSAGE.
 * An option that the command lacks counts as not given. */
lem_status lem_score_run(lem_cli *cli, const lem_command *cmd, const lem_args *args, bool process_only,
                         lem_err *err) LEM_MUST_CHECK;
/* Memory that a run takes: of two models the larger, since they are loaded one after the other. */
lem_status lem_score_plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) LEM_MUST_CHECK;

#endif
