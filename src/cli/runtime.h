/* cli/runtime.h - what model commands share: pool and backend from the common options */
#ifndef LEM_CLI_RUNTIME_H
#define LEM_CLI_RUNTIME_H

#include "compute/backend.h"
#include "data/rows.h"
#include "job/job.h"
#include "token/tokenizer.h"

typedef struct lem_runtime {
    lem_pool *pool;
    lem_backend *backend;
} lem_runtime;

/* Reads cli->threads and cli->isa.
 * `earlier` (may be NULL) is the compute path of an unfinished run: it is used again; LEM_EUSAGE if this CPU
 * lacks it or LEMMA_CPU asks for another. */
lem_status lem_runtime_open(lem_cli *cli, const char *earlier, lem_runtime *out, lem_err *err) LEM_MUST_CHECK;
void lem_runtime_close(lem_runtime *r);
/* Operations a second that long passes reach here: half of what the processor can do in fp32, measured now; 0
 * = unknown. */
double lem_runtime_rate(lem_cli *cli);
/* The name of the path that lem_runtime_open would take (lem_recipe_spec.compute_path). */
lem_status lem_runtime_path(lem_cli *cli, const char *earlier, char out[32], lem_err *err) LEM_MUST_CHECK;

/* The tokenizer of a folder, whose work ends with LEM_EINTR once cli->cancel is set. */
lem_status lem_runtime_tokenizer(const lem_cli *cli, const char *dir, lem_tokenizer **out,
                                 lem_err *err) LEM_MUST_CHECK;
/* Where temporary files go: TMPDIR, else /tmp. */
const char *lem_temp_dir(void);

/* The one object of --json and a line end; o is taken, NULL means that it could not be made (LEM_EMEM).
 * indent as in lem_json_write. */
lem_status lem_print_json(FILE *f, lem_json *o, int indent, lem_err *err) LEM_MUST_CHECK;
/* With --json, of a dry run that has nothing more to tell; memory in bytes, 0 = unknown. */
lem_status lem_print_dry_run(lem_cli *cli, const char *command, const lem_args *args, double memory,
                             lem_err *err) LEM_MUST_CHECK;
/* What --json prints of a job that was complete before: command, out, identity, already_complete. */
lem_status lem_print_complete(lem_cli *cli, const char *command, const lem_job *job,
                              lem_err *err) LEM_MUST_CHECK;

#endif
