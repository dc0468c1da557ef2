/* cmd_model_quantize.c - lemma model quantize: a model folder with its matrices as int8, and what that lost
 */
#include "cli/commands.h"
#include "cli/quantize_measure.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "model/describe.h"
#include "model/folder.h"
#include "model/quant.h"
#include "model/quantize.h"
#include "model/session.h"

#include <string.h>

static const lem_opt opts[] = {
    {"keep", LEM_OPT_LIST, "NAME", NULL,
     "matrices that stay bf16: q_proj, k_proj, v_proj, wqkv, o_proj, gate_proj, up_proj, down_proj, "
     "lm_head; repeatable or a,b [none]"},
    {"prompts", LEM_OPT_INPUT, "FILE", NULL,
     "rows on which to measure what was lost: problems of a language model, candidates of a reward model "
     "[nothing is measured]"},
    {"n", LEM_OPT_INT, "N", "1", "answers to each problem, before and after, for pass@1", 1, 100000},
    {"temperature", LEM_OPT_NUM, "X", NULL, "of these; 0 is greedy [0 for one answer, else 0.7]", 0, 1000},
    {"max-tokens", LEM_OPT_INT, "N", "1024", "tokens of an answer", 1, 1e9},
};

typedef struct quantize_job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    const char *dir;
    char *out, *partial; /* owned */
    uint64_t kept;
    lem_runtime rt; /* open where something is measured */
    lem_quantize_report report;
    lem_json *lost; /* NULL = nothing was measured */
} quantize_job;

static lem_status read_keep(quantize_job *j, lem_err *err) {
    const lem_json *list = lem_args_tree(j->args, "keep");
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(list); i++)
        st = lem_quant_keep(lem_json_str(lem_json_at(list, i), ""), &j->kept, err);
    return st ? lem_err_context(err, "--keep") : LEM_OK;
}

/* ---- the work ---- */

static lem_status measure(quantize_job *j, lem_err *err) {
    lem_quantize_measure m = {j->cli, j->args, j->job, j->rt.backend, j->dir, j->partial};
    lem_status st = lem_quantize_measured(&m, &j->lost, err);
    if (st == LEM_EINTR) return st;
    return st ? lem_err_context(err, "measuring what int8 lost") : LEM_OK;
}

static lem_status write_lost(const quantize_job *j, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_int(&o, "format", 1);
    lem_object_json(&o, "lost", j->lost ? lem_json_share(j->lost) : lem_json_new_null());
    lem_json *made = lem_object_done(&o);
    lem_status st = lem_json_save_in(j->partial, LEM_INT8_LOST_NAME, made, 2, err);
    lem_json_free(made);
    return st;
}

static lem_status build(quantize_job *j, lem_err *err) {
    const lem_cancel *cancel = j->cli->cancel;
    lem_status st = LEM_OK;
    LEM_TRY(lem_model_quantize(j->dir, j->partial, j->kept, cancel, &j->report, err));
    if (lem_args_str(j->args, "prompts")) LEM_TRY(measure(j, err));
    LEM_TRY(write_lost(j, err));
    LEM_TRY(lem_dir_replace(j->partial, j->out, err));
    st = lem_job_finish(j->job, err);
done:
    return st;
}

static lem_status show(const quantize_job *j, lem_err *err) {
    const lem_quantize_report *r = &j->report;
    lem_buf lost = {0};
    lem_model_lost_text(j->lost, &lost);
    lem_status st = lem_buf_ok(&lost, err);
    if (st == LEM_OK)
        lem_info(j->cli->log, "%s: %d matrices of int8, %d other tensors, %.3f GB in place of %.3f GB; %s",
                 j->out, r->int8, r->other, (double)r->bytes / 1e9, (double)r->bytes_before / 1e9,
                 lem_buf_str(&lost));
    lem_buf_release(&lost);
    if (st || !j->cli->json) return st;
    lem_object o = lem_object_new();
    lem_object_int(&o, "int8", (uint64_t)r->int8);
    lem_object_int(&o, "other", (uint64_t)r->other);
    lem_object_int(&o, "bytes", r->bytes);
    lem_object_int(&o, "bytes_before", r->bytes_before);
    lem_object_int(&o, "files", (uint64_t)r->shards);
    lem_object_json(&o, "lost", j->lost ? lem_json_share(j->lost) : lem_json_new_null());
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static lem_status check_source(const quantize_job *j, double *memory, lem_err *err) {
    lem_folder f = {NULL, NULL};
    lem_status st = lem_folder_open(j->dir, NULL, &f, err);
    if (st) return st;
    st = lem_folder_refuse_int8(&f, j->dir, err);
    const lem_dtype source = lem_folder_is_bf16(&f) ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
    const lem_model_config *c = &f.table->config;
    if (lem_args_str(j->args, "prompts"))
        *memory = (double)lem_weights_bytes(c, source) + (double)lem_weights_bytes(c, LEM_DTYPE_I8);
    lem_folder_release(&f);
    return st;
}

static lem_status quantize(quantize_job *j, lem_err *err) {
    double memory = 0;
    lem_status st = LEM_OK;
    LEM_TRY(read_keep(j, err));
    LEM_TRY(check_source(j, &memory, err));
    if (j->cli->dry_run) return lem_print_dry_run(j->cli, "model quantize", j->args, memory, err);
    LEM_TRY(lem_dir_beside(lem_job_out(j->job), &j->out, &j->partial, err));
    if (lem_args_str(j->args, "prompts"))
        LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->job), &j->rt, err));
    LEM_TRY(lem_job_start(j->job, j->rt.backend ? j->rt.backend->ops->name : NULL, err));
    st = build(j, err);
    if (st) (void)!lem_dir_remove(j->partial, NULL);
    else st = show(j, err);
done:
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    quantize_job j = {.cli = cli, .args = args, .dir = args->words[0]};
    lem_status st = lem_job_open(cli, &lem_cmd_model_quantize, args, NULL, &j.job, err);
    if (st == LEM_OK && lem_job_done(j.job)) st = lem_print_complete(cli, "model quantize", j.job, err);
    else if (st == LEM_OK) st = quantize(&j, err);
    lem_json_free(j.lost);
    lem_free(j.out);
    lem_free(j.partial);
    lem_runtime_close(&j.rt);
    lem_job_close(j.job);
    return st;
}

const lem_command lem_cmd_model_quantize = {
    .name = "model quantize",
    .purpose = "write a model folder with weights of int8, and measure what that loses",
    .usage = "DIR --out DIR2 [options]",
    .example =
        "lemma model quantize Qwen2.5-Math-1.5B-Instruct --out qwen-int8 --prompts test.jsonl --limit 50\n"
        "lemma model quantize reward-model --out reward-int8 --keep down_proj --prompts graded.jsonl",
    .min_words = 1,
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .words = LEM_WORDS_INPUT,
};
