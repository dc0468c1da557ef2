/* bench_shard.c - the sample stages of a run of benchmarks, in shards, and their shards in one file */
#include "cli/bench_shard.h"

#include "cli/bench_plan.h"
#include "cli/commands.h"
#include "core/buf.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "job/shard.h"

#include <string.h>

typedef lem_status on_stage(lem_cli *cli, const lem_json *stage, const char *path, const void *ctx,
                            lem_err *err);

/* act for each sample stage, with the path of its output. */
static lem_status each_sample(lem_cli *cli, const lem_json *tree, const char *out, on_stage *act,
                              const void *ctx, lem_err *err) {
    const lem_json *stages = lem_json_get(tree, "stages");
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(stages); i++) {
        const lem_json *stage = lem_json_at(stages, i);
        lem_buf path = {0};
        if (strcmp(lem_json_str(lem_json_get(stage, "command"), ""), "sample") != 0) continue;
        lem_bench_run_path(out, lem_json_str(lem_json_get(stage, "out"), ""), &path);
        st = lem_buf_ok(&path, err);
        if (st == LEM_OK) st = act(cli, stage, lem_buf_str(&path), ctx, err);
        if (st) lem_err_context(err, "stage %s", lem_json_str(lem_json_get(stage, "name"), "?"));
        lem_buf_release(&path);
    }
    return st;
}

static lem_status run_command(lem_cli *cli, const lem_command *cmd, lem_json *tree, lem_err *err) {
    lem_args args = {NULL};
    lem_status st = tree ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    lem_cli own = *cli;
    own.json = false;
    own.out = stderr; /* stdout is the table's */
    if (st == LEM_OK) st = lem_args_from_tree(cmd, tree, &own, &args, err);
    if (st == LEM_OK) st = cmd->run(&own, &args, err);
    lem_args_release(&args);
    lem_json_free(tree);
    return st;
}

static lem_status sample(lem_cli *cli, const lem_json *stage, const char *path, const void *shard,
                         lem_err *err) {
    lem_object o = lem_object_new();
    char *dir = lem_path_dir(path, err);
    lem_status st = dir ? lem_dir_make(dir, err) : LEM_EMEM;
    for (size_t i = 0; i < lem_json_count(stage); i++) {
        const char *key = lem_json_key_at(stage, i);
        bool own = strcmp(key, "name") == 0 || strcmp(key, "command") == 0 || strcmp(key, "out") == 0;
        if (!own) lem_object_json(&o, key, lem_json_copy(lem_json_value_at(stage, i)));
    }
    lem_object_str(&o, "out", path);
    lem_object_str(&o, "shard", shard);
    lem_json *tree = lem_object_done(&o);
    lem_free(dir);
    if (st == LEM_OK) return run_command(cli, &lem_cmd_sample, tree, err);
    lem_json_free(tree);
    return st;
}

lem_status lem_bench_shard_sample(lem_cli *cli, const char *shard, const lem_json *tree, const char *out,
                                  lem_err *err) {
    return each_sample(cli, tree, out, sample, shard, err);
}

static lem_status merge(lem_cli *cli, const lem_json *stage, const char *path, const void *ctx,
                        lem_err *err) {
    (void)stage;
    (void)ctx;
    lem_shard_files shards = {NULL, 0};
    if (lem_file_exists(path)) return LEM_OK;
    lem_status st = lem_shard_files_find(path, &shards, err);
    bool any = shards.n > 0;
    lem_shard_files_release(&shards);
    if (st || !any) return st;
    lem_json *words = lem_json_new_array();
    if (words && !lem_json_append(words, lem_json_new_str(path))) {
        lem_json_free(words);
        words = NULL;
    }
    lem_object o = lem_object_new();
    lem_object_json(&o, "_words", words);
    return run_command(cli, &lem_cmd_merge, lem_object_done(&o), err);
}

lem_status lem_bench_shard_merge(lem_cli *cli, const lem_json *tree, const char *out, lem_err *err) {
    return each_sample(cli, tree, out, merge, NULL, err);
}
