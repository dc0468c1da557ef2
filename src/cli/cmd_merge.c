/* cmd_merge.c - lemma merge: the shards of a job into the output of the whole job */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "core/mem.h"
#include "core/object.h"
#include "job/merge.h"

#include <string.h>
#include <sys/resource.h>

/* All shards are open at once: as many files as the system lets us. */
static void raise_open_files(void) {
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return;
    r.rlim_cur = r.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &r);
}

/* What the shards were made with is theirs to say. */
static lem_status check_options(const lem_cli *cli, const lem_args *args, lem_err *err) {
    if (lem_args_has(args, "limit") || cli->seed != 1)
        return lem_fail(err, LEM_EUSAGE, "--%s: merging takes what the shards were made with; leave it away",
                        cli->seed != 1 ? "seed" : "limit");
    if (!lem_args_has(args, "out") && (args->n_words > 1 || lem_shard_is_pattern(args->words[0])))
        return lem_fail(err, LEM_EUSAGE, "--out FILE is missing: where the shards go");
    if (lem_args_is(args, "out", "-"))
        return lem_fail(err, LEM_EUSAGE, "--out - : a file is expected, for it gets a manifest");
    return LEM_OK;
}

/* Takes the members of found. */
static lem_status add(lem_shard_files *all, lem_shard_files *found, lem_err *err) {
    lem_shard_file *more = found->n ? lem_realloc(all->at, all->n + found->n, sizeof *more, err) : all->at;
    if (found->n && !more) {
        lem_shard_files_release(found);
        return LEM_EMEM;
    }
    all->at = more;
    for (size_t i = 0; i < found->n; i++) more[all->n++] = found->at[i];
    lem_free(found->at);
    *found = (lem_shard_files){NULL, 0};
    return LEM_OK;
}

static lem_status add_named(lem_shard_files *all, const char *path, lem_err *err) {
    lem_shard_files one = {lem_alloc_zero(1, sizeof *one.at, err), 1};
    if (!one.at || !(one.at->path = lem_strdup(path, err))) {
        lem_free(one.at);
        return LEM_EMEM;
    }
    return add(all, &one, err);
}

/* A word is a shard, or stands for all that lie beside it. */
static lem_status gather(const lem_args *args, lem_shard_files *all, bool *named, lem_err *err) {
    lem_status st = LEM_OK;
    bool whole = !lem_args_has(args, "out") || (args->n_words == 1 && !lem_file_exists(args->words[0]));
    for (int i = 0; st == LEM_OK && i < args->n_words; i++) {
        lem_shard_files found = {NULL, 0};
        bool many = whole || lem_shard_is_pattern(args->words[i]);
        if (many) st = lem_shard_files_find(args->words[i], &found, err);
        if (many && st == LEM_OK) st = add(all, &found, err);
        if (!many) st = add_named(all, args->words[i], err);
        *named = *named || !many;
    }
    return st;
}

static lem_status print_json(lem_cli *cli, const lem_merge *m, const char *out, bool complete, lem_err *err) {
    if (!cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "merge");
    lem_object_str(&o, "out", out);
    lem_object_str(&o, "identity", lem_job_identity(lem_merge_job(m)));
    lem_object_bool(&o, "already_complete", complete);
    lem_object_bool(&o, "dry_run", cli->dry_run);
    lem_object_int(&o, "shards", lem_merge_shards(m));
    lem_object_int(&o, "rows", lem_merge_rows(m));
    lem_object_int(&o, "lines", lem_merge_lines(m));
    return lem_print_json(cli->out, lem_object_done(&o), 0, err);
}

static lem_status merge(lem_cli *cli, lem_merge *m, const char *out, lem_err *err) {
    bool done = lem_merge_done(m);
    lem_status st = done || cli->dry_run ? LEM_OK : lem_merge_write(m, err);
    if (st) return st;
    if (!done)
        lem_info(cli->log, "%s: %llu rows of %zu shards%s", out, (unsigned long long)lem_merge_rows(m),
                 lem_merge_shards(m), cli->dry_run ? " would be in it" : "");
    return print_json(cli, m, out, done, err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *out = lem_args_has(args, "out") ? lem_args_str(args, "out") : args->words[0];
    lem_shard_files files = {NULL, 0};
    lem_merge *m = NULL;
    bool named = false;
    lem_status st = check_options(cli, args, err);
    if (st) return st;
    raise_open_files();
    LEM_TRY(gather(args, &files, &named, err));
    LEM_TRY(lem_merge_open(cli, &files, named, out, &m, err));
    LEM_TRY(merge(cli, m, out, err));
done:
    lem_merge_close(m);
    lem_shard_files_release(&files);
    return st;
}

const lem_command lem_cmd_merge = {
    .name = "merge",
    .purpose = "the shards of a job into one file, byte-equal to an unsharded run",
    .usage = "OUT  |  SHARD... --out OUT",
    .example = "lemma merge runs/candidates.jsonl\n"
               "lemma merge part/candidates.jsonl.shard-1-of-2 part/candidates.jsonl.shard-2-of-2 --out "
               "candidates.jsonl",
    .min_words = 1,
    .max_words = -1,
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_OWN,
};
