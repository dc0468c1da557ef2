/* job/merge_priv.h - a merge's parts: what the shards say, which rows they cover, what is missing */
#ifndef LEM_JOB_MERGE_PRIV_H
#define LEM_JOB_MERGE_PRIV_H

#include "core/file.h"
#include "job/manifest.h"
#include "job/merge.h"

typedef struct merge_shard {
    const char *path; /* borrowed */
    lem_shard shard;
    lem_manifest m;
    lem_lines *in;
    const char *runs; /* what is left of the manifest's "lines" */
    uint64_t lines_of_row, rows_left;
} merge_shard;

struct lem_merge {
    lem_cli *cli;
    const lem_command *cmd;
    const char *out;
    merge_shard *at; /* [n] */
    size_t n;
    uint32_t *of_row; /* [period] the shard of row r is of_row[r mod period]; UINT32_MAX: none */
    uint32_t period;
    lem_json *facts; /* of the whole job */
    uint64_t rows, lines;
    lem_job *job;
};

/* ---- merge_cover.c ---- */

/* Sets of_row and period. LEM_EUSAGE if two shards have a row in common. */
lem_status lem_merge_cover(lem_merge *m, lem_err *err) LEM_MUST_CHECK;
/* LEM_EUSAGE naming what is missing, if anything is. files: all that lies there, unfinished shards too. */
lem_status lem_merge_complete(const lem_merge *m, const lem_shard_files *files, lem_err *err) LEM_MUST_CHECK;

/* ---- merge_command.c ---- */

/* Appends "lemma sample --model m …" for facts: what differs from the defaults, words, inputs by their paths;
 * without --out. */
void lem_merge_put_command(const lem_command *cmd, const lem_json *facts, lem_buf *out);

#endif
