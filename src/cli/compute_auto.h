/* cli/compute_auto.h - what --compute auto is on this processor, with this model */
#ifndef LEM_CLI_COMPUTE_AUTO_H
#define LEM_CLI_COMPUTE_AUTO_H

#include "job/command.h"

/* Where args ask for it: *values are all arguments with what was chosen, f32 or bf16, in its place (the
 * caller's to free), and the log says why; else *values stays as it is. What a run that is there chose is
 * chosen again; else bf16 where the processor multiplies it faster, and, for commands that do not train, the
 * model is stored as BF16. Never int8. The choice is the job's, as if it had been asked for. */
lem_status lem_compute_auto(const lem_cli *cli, const lem_command *cmd, const lem_args *args,
                            lem_json **values, lem_err *err) LEM_MUST_CHECK;

/* An argument of the run that is at --out, finished or not; NULL = there is none, or --fresh. Owned by the
 * caller. */
lem_json *lem_argument_before(const lem_cli *cli, const lem_args *args, const char *name);

#endif
