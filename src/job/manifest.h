/* job/manifest.h - manifest.json: what a result was made of, enough to make it again
 *
 * Holds the facts of the job (command, arguments, inputs), its identity, the version of the program, the
 * compute path, and the digest of the output once there is one.
 * It holds no time, host or thread count: two runs of one job write the same bytes. */
#ifndef LEM_JOB_MANIFEST_H
#define LEM_JOB_MANIFEST_H

#include "core/err.h"
#include "core/json.h"

typedef struct lem_manifest {
    lem_json *facts;       /* job/facts.h */
    lem_json *files;       /* of an output folder: name -> digest; NULL for a file */
    char identity[65];     /* sha256, hex */
    char compute_path[32]; /* "" = none was used */
    char output[65];       /* digest of the output; "" while it is not whole */
    const lem_json *shard; /* of a part of a job (job/job_shard.c), borrowed; NULL = the whole job. Loading
                              sets it within facts */
    lem_json
        *chosen; /* what the command chose by itself, for readers: name -> text; NULL = nothing. Not read */
    lem_json *rows; /* what became of the rows that were read (job/account.h); NULL = nothing. Not read */
} lem_manifest;

/* Replaces path at once. Borrows m. */
lem_status lem_manifest_write(const char *path, const lem_manifest *m, lem_err *err) LEM_MUST_CHECK;
/* LEM_EDATA naming the path if it is no manifest. *out is released by the caller. */
lem_status lem_manifest_load(const char *path, lem_manifest *out, lem_err *err) LEM_MUST_CHECK;
void lem_manifest_release(lem_manifest *m);

#endif
