/* cmd_model_convert.c - lemma model convert: a model folder with another number type, sharding, tying or
 * head, or one made from a GGUF file */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/convert_options.h"
#include "core/choice.h"
#include "core/object.h"
#include "gguf/folder.h"
#include "model/model_convert.h"

#include <string.h>

/* In the order of lem_convert_head. */
#define HEADS "keep|lm|score"

static const lem_opt opts[] = {
    LEM_OPT_STORED_AS("each keeps its own, those of a GGUF file become bf16"),
    LEM_OPT_SHARD_SIZE,
    {"tie", LEM_OPT_FLAG, NULL, NULL, "store no lm_head: it must equal the embedding in every bit"},
    {"untie", LEM_OPT_FLAG, NULL, NULL, "store lm_head on its own, a copy of the embedding"},
    {"head", LEM_OPT_ENUM, "HEAD", "keep",
     "lm: a language model, a reward head is dropped; score: a reward model to be trained, score.weight is "
     "drawn from --seed",
     .choices = HEADS},
};

static lem_convert_tie tie_of(const lem_args *a) {
    if (lem_args_flag(a, "tie")) return LEM_TIE_TIE;
    return lem_args_flag(a, "untie") ? LEM_TIE_UNTIE : LEM_TIE_KEEP;
}

static lem_status read_options(const lem_cli *cli, const lem_args *a, lem_convert_opts *o, lem_err *err) {
    if (lem_args_flag(a, "tie") && lem_args_flag(a, "untie"))
        return lem_fail(err, LEM_EUSAGE, "--tie and --untie exclude each other");
    *o = (lem_convert_opts){.seed = cli->seed, .overwrite = true, .tie = tie_of(a)};
    o->head = (lem_convert_head)lem_choice_find(HEADS, lem_args_str(a, "head"));
    lem_convert_options(a, o);
    return LEM_OK;
}

static lem_status show(lem_cli *cli, const char *out, const lem_convert_opts *o, const lem_convert_report *r,
                       lem_err *err) {
    lem_info(cli->log, "%s: %d tensors, %.3f GB in %d file%s, and %d other files", out, r->tensors,
             (double)r->bytes / 1e9, r->shards, r->shards == 1 ? "" : "s", r->side_files + 1);
    if (r->drew_head)
        lem_warn(cli->log, "score.weight was drawn at random (seed %llu): train it before it scores anything",
                 (unsigned long long)o->seed);
    if (!cli->json) return LEM_OK;
    lem_object j = lem_object_new();
    lem_object_int(&j, "tensors", (uint64_t)r->tensors);
    lem_object_int(&j, "bytes", r->bytes);
    lem_object_int(&j, "files", (uint64_t)r->shards);
    lem_object_int(&j, "other_files", (uint64_t)r->side_files + 1);
    lem_object_bool(&j, "random_head", r->drew_head);
    return lem_print_json(cli->out, lem_object_done(&j), 0, err);
}

static lem_status show_gguf(lem_cli *cli, const char *out, const lem_gguf_report *r, lem_err *err) {
    lem_info(cli->log, "%s: %d tensors, %.3f GB in %d file%s, tokenizer and chat template from the GGUF file",
             out, r->tensors, (double)r->bytes / 1e9, r->shards, r->shards == 1 ? "" : "s");
    if (r->unpacked)
        lem_warn(cli->log,
                 "%llu values stood in blocks of a few bits each: this model is not quite the one that was "
                 "quantised",
                 (unsigned long long)r->unpacked);
    if (!cli->json) return LEM_OK;
    lem_object j = lem_object_new();
    lem_object_int(&j, "tensors", (uint64_t)r->tensors);
    lem_object_int(&j, "bytes", r->bytes);
    lem_object_int(&j, "files", (uint64_t)r->shards);
    lem_object_int(&j, "unpacked", r->unpacked);
    return lem_print_json(cli->out, lem_object_done(&j), 0, err);
}

static lem_status convert_gguf(lem_cli *cli, const lem_args *args, lem_job *job, const lem_convert_opts *o,
                               lem_err *err) {
    lem_gguf_opts g = {.dtype = o->set_dtype ? o->dtype : LEM_DTYPE_BF16, .shard_bytes = o->shard_bytes};
    lem_gguf_report r = {0};
    if (o->tie != LEM_TIE_KEEP || o->head != LEM_RELABEL_KEEP)
        return lem_fail(err, LEM_EUSAGE,
                        "--tie, --untie and --head are for folders: convert the GGUF file first");
    lem_status st = lem_job_start(job, NULL, err);
    if (st == LEM_OK) st = lem_gguf_to_folder(args->words[0], lem_job_out(job), &g, &r, err);
    if (st == LEM_OK) st = lem_job_finish(job, err);
    return st ? st : show_gguf(cli, lem_job_out(job), &r, err);
}

static lem_status convert(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    lem_convert_opts o;
    lem_convert_report r;
    const char *out = lem_job_out(job);
    lem_status st = read_options(cli, args, &o, err);
    if (st) return st;
    if (cli->dry_run) return lem_print_dry_run(cli, "model convert", args, 0, err);
    if (lem_gguf_is(args->words[0])) return convert_gguf(cli, args, job, &o, err);
    st = lem_job_start(job, NULL, err);
    if (st == LEM_OK) st = lem_model_convert(args->words[0], out, &o, &r, err);
    if (st == LEM_OK) st = lem_job_finish(job, err);
    return st ? st : show(cli, out, &o, &r, err);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_job *job = NULL;
    lem_status st = lem_job_open(cli, &lem_cmd_model_convert, args, NULL, &job, err);
    if (st == LEM_OK && lem_job_done(job)) st = lem_print_complete(cli, "model convert", job, err);
    else if (st == LEM_OK) st = convert(cli, args, job, err);
    lem_job_close(job);
    return st;
}

const lem_command lem_cmd_model_convert = {
    .name = "model convert",
    .purpose = "write a model folder with another number type, sharding or head, or from a GGUF file",
    .usage = "DIR|FILE.gguf --out DIR2 [options]",
    .example = "lemma model convert SmolLM2-135M-Instruct.Q4_1.gguf --out smollm2\nlemma model convert "
               "Qwen2.5-Math-1.5B --out qwen-f32 --dtype f32 --shard-size 2GB",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .words = LEM_WORDS_INPUT,
};
