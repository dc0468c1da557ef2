/* cmd_model_merge.c - lemma model merge: a base with a PEFT adapter merged into it, as a folder of its own */
#include "cli/commands.h"
#include "cli/convert_options.h"
#include "cli/runtime.h"
#include "core/file.h"
#include "core/object.h"
#include "model/model_convert.h"

#include <string.h>

static const lem_opt opts[] = {
    LEM_OPT_STORED_AS("each as the base has it"),
    LEM_OPT_SHARD_SIZE,
};

/* Another base than the one that the adapter names is no error: folders are moved. */
static void tell_base(const lem_cli *cli, const char *base, const lem_peft *adapter) {
    const char *named = lem_peft_base(adapter);
    const char *a = lem_path_base(base), *b = lem_path_base(named);
    if (*named && strcmp(a, b) != 0)
        lem_warn(cli->log, "the adapter was trained on '%.200s'; it is merged into %s as you say", named,
                 base);
}

static lem_status show(lem_cli *cli, const char *out, const lem_convert_report *r, lem_err *err) {
    lem_info(cli->log,
             "%s: %d matrices with the adapter's products, %d tensors taken from it whole; %d "
             "tensors, %.3f GB in %d file%s, and %d other files",
             out, r->merged, r->replaced, r->tensors, (double)r->bytes / 1e9, r->shards,
             r->shards == 1 ? "" : "s", r->side_files + 1);
    if (!cli->json) return LEM_OK;
    lem_object j = lem_object_new();
    lem_object_int(&j, "merged", (uint64_t)r->merged);
    lem_object_int(&j, "replaced", (uint64_t)r->replaced);
    lem_object_int(&j, "tensors", (uint64_t)r->tensors);
    lem_object_int(&j, "bytes", r->bytes);
    lem_object_int(&j, "files", (uint64_t)r->shards);
    return lem_print_json(cli->out, lem_object_done(&j), 0, err);
}

static lem_status merge(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    lem_peft *adapter = NULL;
    lem_convert_opts o = {.overwrite = true};
    lem_convert_report r;
    const char *base = args->words[0];
    lem_status st = LEM_OK;
    LEM_TRY(lem_peft_open(args->words[1], &adapter, err));
    lem_convert_options(args, &o);
    o.adapter = adapter;
    LEM_TRY(lem_model_convert_check(base, &o, err));
    tell_base(cli, base, adapter);
    if (cli->dry_run) {
        st = lem_print_dry_run(cli, "model merge", args, 0, err);
        goto done;
    }
    LEM_TRY(lem_job_start(job, NULL, err));
    LEM_TRY(lem_model_convert(base, lem_job_out(job), &o, &r, err));
    LEM_TRY(lem_job_finish(job, err));
    st = show(cli, lem_job_out(job), &r, err);
done:
    lem_peft_close(adapter);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_job *job = NULL;
    lem_status st = lem_job_open(cli, &lem_cmd_model_merge, args, NULL, &job, err);
    if (st == LEM_OK && lem_job_done(job)) st = lem_print_complete(cli, "model merge", job, err);
    else if (st == LEM_OK) st = merge(cli, args, job, err);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_model_merge = {
    .name = "model merge",
    .purpose = "merge a PEFT adapter (LoRA) into its base and write the model that comes of it",
    .usage = "BASE ADAPTER --out DIR [options]",
    .example = "lemma model merge Qwen2.5-Math-1.5B runs/adapter --out runs/merged",
    .min_words = 2,
    .max_words = 2,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .words = LEM_WORDS_INPUT,
};
