/* score_remote.h - scores from servers in place of a model folder: `rm score` and `prm score` with --endpoint
 *
 * The ledger is the job's journal: which API the servers answer ("api"), then the records of teach/teach.h,
 * an item being a request; the rows are written from it alone. The requests that find the API, at most one
 * for each, are sent before the job starts, so that a wrong option leaves nothing behind. */
#ifndef LEM_CLI_SCORE_REMOTE_H
#define LEM_CLI_SCORE_REMOTE_H

#include "job/command.h"

/* As lem_score_run, for a command line with --endpoint. LEM_EREMOTE: no server answers any API, or what one
 * says cannot be read; LEM_EPARTIAL: a budget is reached, or more candidates have no score than --max-failed.
 */
lem_status lem_score_remote(lem_cli *cli, const lem_command *cmd, const lem_args *args, bool process_only,
                            lem_err *err) LEM_MUST_CHECK;
/* LEM_EUSAGE for an option of servers where there is no --endpoint. */
lem_status lem_score_not_remote(const lem_args *args, lem_err *err) LEM_MUST_CHECK;

#endif
