/* cli/runtime.h - what model commands share: pool and backend from the common options, manifests */
#ifndef LEM_CLI_RUNTIME_H
#define LEM_CLI_RUNTIME_H

#include "cli/options.h"
#include "compute/backend.h"

typedef struct lem_runtime {
    lem_pool *pool;
    lem_backend *backend;
} lem_runtime;

/* Reads cli->threads and cli->isa. `manifest` (may be NULL) names a manifest.json of an earlier, interrupted
 * run: its compute path is used again, and if this CPU lacks it the run stops with LEM_EUSAGE. */
lem_status lem_runtime_open(lem_cli *cli, const char *manifest, lem_runtime *out,
                            lem_err *err) LEM_MUST_CHECK;
void lem_runtime_close(lem_runtime *r);

/* Identity of a job: sha256 over command name, the arguments that change the result (not threads, progress,
 * json…) and input file hashes. */
lem_status lem_job_identity(const lem_command *cmd, const lem_args *args, const char *const *inputs,
                            int n_inputs, const char *extra, char out[65], lem_err *err) LEM_MUST_CHECK;
/* Writes DIR/manifest.json or FILE.manifest.json: command, version, arguments, identity, compute path, input
 * hashes. Holds no time and no thread count, so that two runs are byte-identical. */
lem_status lem_manifest_write(const char *path, const lem_command *cmd, const lem_args *args,
                              const char *identity, const lem_runtime *rt, lem_err *err) LEM_MUST_CHECK;
/* Whether the manifest at path exists and is of this very job. */
bool lem_manifest_is_of(const char *path, const char *identity);

/* The one object of --json and a line end; o is taken, NULL means that it could not be made (LEM_EMEM).
 * indent as in lem_json_write. */
lem_status lem_print_json(FILE *f, lem_json *o, int indent, lem_err *err) LEM_MUST_CHECK;

#endif
