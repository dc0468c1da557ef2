/* sft_model.c - the model of lemma sft: opened or made, its tokenizer, written again */
#include "cli/sft.h"
#include "cli/weights_options.h"

#include "core/choice.h"
#include "core/file.h"
#include "core/mem.h"
#include "job/digest.h"
#include "model/folder.h"
#include "model/model.h"
#include "model/weights_open.h"
#include "token/chat_template.h"
#include "token/tokenizer.h"

#include <string.h>

static lem_status feed_trainer(void *ctx, const char *text, size_t len, lem_err *err) {
    return lem_bpe_trainer_add(ctx, text, len, err);
}

/* What is wrong with a row is told when its stage reads it. */
static lem_status feed_stage(lem_sft_job *j, const lem_sft_stage *s, const bad_rows *silent,
                             lem_bpe_trainer *t, lem_err *err) {
    lem_sft_load how = lem_sft_how(j, s);
    const lem_json *files = lem_args_tree(&s->args, "data");
    lem_status st = LEM_OK;
    for (size_t k = 0; st == LEM_OK && k < lem_json_count(files); k++) {
        const char *path = lem_json_str(lem_json_at(files, k), "");
        st = lem_bad_rows_reader(silent, LEM_BAD_ANY, path, NULL, j->cli->cancel, &how.judge, err);
        if (st == LEM_OK) st = lem_texts_load(path, &how, feed_trainer, t, err);
    }
    return st == LEM_OK && how.system ? lem_bpe_trainer_add(t, how.system, strlen(how.system), err) : st;
}

static lem_status train_tokenizer(lem_sft_job *j, lem_err *err) {
    bad_rows silent = {.tally = NULL};
    lem_bpe_train_opts o = {
        .vocab = (int32_t)lem_args_int(j->args, "vocab"), .split_digits = true, .cancel = j->cli->cancel};
    lem_bpe_trainer *t = lem_bpe_trainer_new(&o, err);
    lem_status st = t ? lem_bad_rows_begin(j->args, &silent, err) : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < j->n; i++) st = feed_stage(j, &j->stages[i], &silent, t, err);
    if (st == LEM_OK) st = lem_bpe_trainer_finish(t, &j->tok, err);
    if (st == LEM_OK) lem_tokenizer_watch(j->tok, j->cli->cancel);
    if (st == LEM_OK)
        lem_info(j->cli->log, "tokenizer: %d byte-level BPE tokens trained on the data",
                 lem_tokenizer_vocab(j->tok));
    lem_bpe_trainer_free(t);
    lem_bad_rows_release(&silent);
    return st;
}

static lem_status get_tokenizer(lem_sft_job *j, lem_err *err) {
    const char *dir = lem_args_str(j->args, "tokenizer");
    return dir ? lem_runtime_tokenizer(j->cli, dir, &j->tok, err) : train_tokenizer(j, err);
}

/* The shape that the options ask for, with the vocabulary of the tokenizer. */
lem_status lem_sft_new_config(lem_sft_job *j, lem_err *err) {
    static const lem_arch families[] = {LEM_ARCH_LLAMA, LEM_ARCH_MISTRAL, LEM_ARCH_QWEN2, LEM_ARCH_QWEN3};
    const lem_args *a = j->args;
    lem_model_config c = {0};
    c.arch = families[lem_choice_find(LEM_SFT_ARCHS, lem_args_str(a, "arch"))];
    c.head = LEM_HEAD_LM;
    c.layers = (int)lem_args_int(a, "layers");
    c.width = (int)lem_args_int(a, "width");
    c.ffn = lem_args_has(a, "ffn") ? (int)lem_args_int(a, "ffn") : (c.width * 8 / 3 + 31) / 32 * 32;
    c.heads = (int)lem_args_int(a, "heads");
    c.kv_heads = lem_args_has(a, "kv-heads") ? (int)lem_args_int(a, "kv-heads") : c.heads;
    c.vocab = j->tok ? lem_tokenizer_vocab(j->tok) : (int32_t)lem_args_int(a, "vocab");
    c.max_positions = (int)lem_args_int(a, "context");
    c.rope_theta = (float)lem_args_num(a, "rope-theta");
    c.norm_eps = 1e-5f;
    c.tied = !lem_args_flag(a, "untied");
    c.qkv_bias = c.arch == LEM_ARCH_QWEN2;
    c.init_range = 0.02f;
    c.bos_id = c.pad_id = -1;
    c.eos_id = j->tok ? lem_tokenizer_eos(j->tok) : -1;
    lem_status st = lem_model_config_check(&c, err);
    if (st == LEM_OK) j->config = c;
    return st;
}

/* Config and tokenizer of a folder; its weights are read by open_weights. */
static lem_status open_folder(lem_sft_job *j, const char *dir, lem_err *err) {
    lem_tokenizer_free(j->tok);
    j->tok = NULL;
    lem_status st = lem_model_check(dir, LEM_HEAD_LM, &j->config, err);
    if (st == LEM_OK) st = lem_runtime_tokenizer(j->cli, dir, &j->tok, err);
    return st ? st : lem_train_check_tokenizer(dir, j->tok, j->config.vocab, err);
}

static lem_status open_adapted(lem_sft_job *j, const char *dir, const lem_trainable *t, lem_err *err) {
    lem_lora_model m;
    lem_status st = lem_lora_open(j->cli, dir, &j->config, t, j->rt.backend, &m, err);
    if (st) return st;
    j->model = m.model;
    j->base = m.base;
    return LEM_OK;
}

void lem_sft_release_model(lem_sft_job *j) {
    lem_lora_model m = {j->base, j->model};
    lem_lora_release(&m);
    j->model = NULL;
    j->base = NULL;
}

static lem_status open_weights(lem_sft_job *j, const char *dir, const lem_trainable *t, lem_err *err) {
    if (t->based) return open_adapted(j, dir, t, err);
    if (dir) return lem_model_open(dir, LEM_HEAD_LM, &j->model, err);
    lem_status st = lem_model_new(&j->config, &j->model, err);
    if (st == LEM_OK) lem_model_init_random(j->model, j->cli->seed);
    return st;
}

lem_plan lem_sft_plan(const lem_args *args, const lem_model_config *c, const lem_train_opts *o) {
    lem_plan p = lem_train_plan(c, o);
    const lem_json *stages = lem_args_tree(args, "stages");
    double weights = 4 * p.parameters, more = stages ? (double)lem_json_count(stages) - 1 : 0;
    p.disk += more * weights;
    if (lem_args_is(args, "keep", "best")) p.disk += 3 * weights; /* two that were best, and one in writing */
    return p;
}

lem_status lem_sft_adapters(const lem_args *args, bool bf16, lem_model_config *c, lem_trainable *t,
                            lem_err *err) {
    bool asked = lem_args_int(args, "lora-rank") > 0;
    if (lem_args_is(args, "moments", "int8") && lem_args_is(args, "optimizer", "muon"))
        return lem_fail(err, LEM_EUSAGE,
                        "--moments int8 and --optimizer muon: Muon keeps its momentum in fp32");
    if (asked && lem_args_flag(args, "from-scratch"))
        return lem_fail(err, LEM_EUSAGE, "--lora-rank is for a model that is there: --model DIR");
    if (asked && lem_args_is(args, "optimizer", "muon"))
        return lem_fail(err, LEM_EUSAGE, "--optimizer muon and --lora-rank: adapters learn by AdamW");
    return lem_lora_options_read(args, bf16, c, t, err);
}

lem_status lem_sft_go_on(lem_sft_job *j, const lem_sft_stage *from, lem_err *err) {
    lem_trainable t = from->train.trainable;
    if (!j->base) return LEM_OK;
    lem_sft_release_model(j);
    t.frozen_dtype = LEM_DTYPE_F32; /* as stages are written */
    return open_adapted(j, from->dir, &t, err);
}

/* The options of the run as a whole, as far as memory and disk depend on them, and what learns first. */
static lem_status check_room(lem_sft_job *j, lem_trainable *first, lem_err *err) {
    lem_train_opts o;
    lem_status st = lem_train_options_read(j->args, &o, err);
    if (st) return st;
    o.muon = lem_args_is(j->args, "optimizer", "muon");
    st = lem_sft_adapters(j->args, j->bf16 && j->first == 0, &j->config, &o.trainable, err);
    if (st) return st;
    *first = o.trainable;
    if (j->n > 1) o.trainable.frozen_dtype = LEM_DTYPE_F32; /* of the stages behind the first */
    st = lem_train_memory_check(j->cli, &j->config, &o, false, err);
    if (st) return st;
    return lem_train_disk_check(j->cli, lem_job_out(j->job), lem_sft_plan(j->args, &j->config, &o).disk, err);
}

/* The model that the first stage to run starts from: --model, a stage that is complete, or a new one. */
lem_status lem_sft_get_model(lem_sft_job *j, const char *dir, lem_err *err) {
    lem_status st = LEM_OK;
    const char *source = lem_args_str(j->args, "model");
    lem_model_config ignored;
    lem_trainable t;
    if (source) LEM_TRY(lem_train_folder_config(source, &ignored, &j->bf16, err));
    if (dir) LEM_TRY(open_folder(j, dir, err));
    else LEM_TRY(get_tokenizer(j, err));
    if (!dir) LEM_TRY(lem_sft_new_config(j, err));
    LEM_TRY(lem_prompt_settings_apply(&j->stages[0].prompt, j->tok, err)); /* of the whole run */
    lem_carry_release(&j->carry);
    LEM_TRY(lem_carry_read(source, j->tok, j->config.vocab, true, &j->carry, err));
    LEM_TRY(check_room(j, &t, err));
    if (j->cli->dry_run) goto done;
    LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->job), &j->rt, err));
    lem_weights_compute(j->args, j->rt.backend);
    LEM_TRY(lem_job_start(j->job, j->rt.backend->ops->name, err));
    LEM_TRY(open_weights(j, dir, &t, err));
    lem_info(j->cli->log, "model: %zu parameters, compute path %s", lem_model_config_params(&j->config),
             j->rt.backend->ops->name);
done:
    return st;
}

lem_status lem_sft_save(lem_sft_job *j, const lem_sft_stage *s, const char *dir, bool whole,
                        const lem_buf *telemetry, lem_err *err) {
    /* A stage on the way is what the next one starts from: it must be the weights in memory, bit for bit. */
    lem_dtype dtype = whole ? lem_train_result_dtype(j->args, j->bf16) : LEM_DTYPE_F32;
    const char *base = s > j->stages ? s[-1].dir : lem_args_str(j->args, "model");
    lem_status st = lem_digest_clear_model(dir, err);
    if (st == LEM_OK) st = lem_lora_save(j->cli, j->model, j->model, base, dir, dtype, err);
    if (st == LEM_OK) st = lem_carry_write(&j->carry, dir, err);
    if (st == LEM_OK) st = lem_tokenizer_save(j->tok, dir, err);
    if (st == LEM_OK) st = lem_prompt_settings_save(&s->prompt, dir, err);
    return st == LEM_OK ? lem_train_save_telemetry(dir, telemetry, err) : st;
}
