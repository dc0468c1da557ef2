/* job/merge.h - the shards of one job made into the output that the job makes unsharded
 *
 * By the manifests it is checked that all are of one whole job, made by one version on one compute path, that
 * every row is in one of them and in no two, and that the files have the digests that were written down.
 * Then lines are copied row by row, so that memory does not grow with the files; their manifests are in it,
 * a few bytes for each row that becomes another number of lines than the row before it.
 * The manifest of the result is the one that the unsharded job writes, so the same command without --shard
 * finds it complete. */
#ifndef LEM_JOB_MERGE_H
#define LEM_JOB_MERGE_H

#include "job/job.h"
#include "job/shard.h"

typedef struct lem_merge lem_merge;

/* files: as found beside out, or named by the user: then each must be finished. Borrowed until close.
 * LEM_EUSAGE for shards that do not belong together, or do not hold all rows; those that are missing are told
 * in the log, each with the command that makes it. */
lem_status lem_merge_open(lem_cli *cli, const lem_shard_files *files, bool named, const char *out,
                          lem_merge **merge, lem_err *err) LEM_MUST_CHECK;
/* Whether out is there and is the result already. */
bool lem_merge_done(lem_merge *m);
lem_status lem_merge_write(lem_merge *m, lem_err *err) LEM_MUST_CHECK;
const lem_job *lem_merge_job(const lem_merge *m);
uint64_t lem_merge_rows(const lem_merge *m);
uint64_t lem_merge_lines(const lem_merge *m); /* written */
size_t lem_merge_shards(const lem_merge *m);
void lem_merge_close(lem_merge *m); /* NULL allowed */

#endif
