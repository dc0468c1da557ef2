/* cli/bench_shard.h - `bench run` in shards: what takes long, the sampling, is divided */
#ifndef LEM_CLI_BENCH_SHARD_H
#define LEM_CLI_BENCH_SHARD_H

#include "job/command.h"

/* tree: the recipe of lem_bench_run_recipe, whose files lie below `out`.
 * Runs its sample stages one after the other, each for the rows of --shard. */
lem_status lem_bench_shard_sample(lem_cli *cli, const char *shard, const lem_json *tree, const char *out,
                                  lem_err *err) LEM_MUST_CHECK;
/* Merges the shards of sample stages whose whole file is not there; nothing where there are none. LEM_EDATA
 * or LEM_EUSAGE, naming what is missing, where they are not all there. */
lem_status lem_bench_shard_merge(lem_cli *cli, const lem_json *tree, const char *out,
                                 lem_err *err) LEM_MUST_CHECK;

#endif
