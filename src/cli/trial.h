/* cli/trial.h - how long a command will take here, found out by running it for a moment
 *
 * It runs as it would, but into a temporary folder, silently, without checkpoints, and for a few seconds;
 * what its progress says then is the estimate. Nothing of it can reach a result: where the work is, is gone
 * afterwards. A model that is large to load is not run: its time is told from operations alone. */
#ifndef LEM_CLI_TRIAL_H
#define LEM_CLI_TRIAL_H

#include "job/command.h"

typedef struct lem_trial {
    double seconds;    /* of a whole run from its beginning; below 0: not known */
    double setup;      /* of these, before the work begins (reading, loading) */
    double measured;   /* seconds of work that were measured; 0: told from operations */
    double share;      /* of the work that was done then; 1: it ran to its end */
    double factor;     /* by which it may be off */
    uint64_t total;    /* of the units of its progress (steps, candidates); 0 = not told */
    char why_not[200]; /* seconds below 0 */
} lem_trial;

/* cmd->timed; a dry run went before it, which set cli->work_tokens. At most about `seconds` of work, and a
 * minute in all. Ends at once when cli->cancel is set. */
void lem_trial_run(lem_cli *cli, const lem_command *cmd, const lem_args *args, double seconds,
                   lem_trial *out);
/* "about 3.2 minutes (…)" */
void lem_trial_words(const lem_trial *t, char out[320]);
/* {seconds, factor, measured_seconds, share} */
lem_json *lem_trial_json(const lem_trial *t);

/* Runs a command: a dry run is told how long it will take, and --budget is made into options before it
 * begins. */
lem_status lem_launch(lem_cli *cli, const lem_command *cmd, const lem_args *args,
                      lem_err *err) LEM_MUST_CHECK;

#endif
