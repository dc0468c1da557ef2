/* cmd_sft.c - lemma sft: supervised fine-tuning, in stages, from a folder or from scratch */
#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"
#include "cli/train_options.h"

#include "core/choice.h"
#include "job/digest.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "model/folder.h"
#include "model/model.h"
#include "model/weights_open.h"
#include "prompt/settings.h"
#include "token/tokenizer.h"
#include "train/sft.h"

#include <string.h>

/* In the order of lem_arch's table below. */
#define ARCH_NAMES "llama|mistral|qwen2|qwen3"
#define ROW_KINDS "messages|sharegpt|prompt-completion|instruction|question-answer|text"

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "model folder to start from"},
    {"from-scratch", LEM_OPT_FLAG, NULL, NULL, "start from random weights of the shape below"},
    {"arch", LEM_OPT_ENUM, "NAME", "llama",
     "family (qwen2 adds q/k/v biases, qwen3 normalises queries and keys)", .choices = ARCH_NAMES},
    {"layers", LEM_OPT_INT, "N", "4", "decoder layers", 1, 256},
    {"width", LEM_OPT_INT, "N", "128", "hidden size", 8, 65536},
    {"ffn", LEM_OPT_INT, "N", NULL, "feed-forward size [8/3 of width, rounded up to 32]", 8, 262144},
    {"heads", LEM_OPT_INT, "N", "4", "attention heads", 1, 512},
    {"kv-heads", LEM_OPT_INT, "N", NULL, "key/value heads [heads]", 1, 512},
    {"context", LEM_OPT_INT, "N", "512", "longest sequence", 16, 1048576},
    {"rope-theta", LEM_OPT_NUM, "X", "10000", "base of the rotary positions", 1, 1e9},
    {"untied", LEM_OPT_FLAG, NULL, NULL, "separate output matrix"},
    {"vocab", LEM_OPT_INT, "N", "1024", "size of a tokenizer trained on the data", 260, 1048576},
    {"tokenizer", LEM_OPT_INPUT, "DIR", NULL, "use this tokenizer (with --from-scratch)"},
    {"data", LEM_OPT_INPUTS, "FILE", NULL,
     "training rows: a file (JSONL, JSON, CSV, Parquet, Arrow; .gz, .zst), a folder of them or a pattern; "
     "repeatable"},
    {"val", LEM_OPT_INPUT, "FILE", NULL, "validation rows"},
    {"format", LEM_OPT_ENUM, "KIND", NULL, "kind of the rows [detected]", .choices = ROW_KINDS},
    {"system", LEM_OPT_STR, "TEXT", NULL,
     "system prompt of rows that have none; '' for none [as --model was trained, else none]"},
    {"suffix", LEM_OPT_STR, "TEXT", NULL,
     "line added to the question of question-answer rows; '' for none [as --model was trained, else none]"},
    LEM_OPT_PROMPT_FROM,
    {"strip-marks", LEM_OPT_FLAG, NULL, NULL, "remove GSM8K's <<...>> calculator marks"},
    {"box-answer", LEM_OPT_FLAG, NULL, NULL, "turn a last line '#### x' into 'The answer is \\boxed{x}.'"},
    {"max-len", LEM_OPT_INT, "N", NULL, "longer rows are left out and counted [context]", 8, 1048576},
    {"epochs", LEM_OPT_NUM, "X", "1", "passes over the data", 0.0001, 10000},
    {"batch", LEM_OPT_INT, "N", "128", "sequences per optimizer step", 1, 65536, .when = "from-scratch",
     .standard_when = "16"},
    {"stages", LEM_OPT_TREE, "LIST", NULL, "stages, each a map of these options with a name (YAML)"},
};

/* Options of one stage: the stage's own value where it has one, the command's otherwise. */
typedef struct stage {
    lem_args args;
    const char *name;
    char *dir;                  /* where its model goes */
    lem_prompt_settings prompt; /* saved with the model */
    bool ran;                   /* now; not complete before */
    uint64_t examples;
    long steps;
    lem_train_result result;
} stage;

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    const char *out;
    stage *stages;
    int n;
    lem_runtime rt;
    lem_model_config config;
    lem_model *model; /* NULL while --dry-run only plans */
    lem_tokenizer *tok;
} job;

/* ---- stages ---- */

static bool is_stage_name(const char *name) {
    return name && *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(name);
}

/* Options that shape the model or the run, not the training of one stage. */
static bool is_whole_run(const char *name) {
    static const char *const names[] = {
        "model",   "from-scratch", "arch",    "layers", "width",     "ffn",    "heads", "kv-heads",
        "context", "rope-theta",   "untied",  "vocab",  "tokenizer", "stages", "out",   "threads",
        "config",  "json",         "dry-run", "fresh",  "overwrite", "quiet",  "help",  "prompt-from"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* A stage's own options over the command's. */
static lem_status merge_options(lem_json *merged, const lem_json *tree, lem_err *err) {
    for (size_t i = 0; i < lem_json_count(tree); i++) {
        const char *key = lem_json_key_at(tree, i);
        const lem_opt *o = lem_opt_find(&lem_cmd_sft, key);
        if (strcmp(key, "name") == 0) continue;
        if (o && is_whole_run(o->name))
            return lem_fail(err, LEM_EUSAGE, "--%s is of the whole run; it cannot differ between stages",
                            o->name);
        if (!lem_json_set(merged, o ? o->name : key, lem_json_copy(lem_json_value_at(tree, i))))
            return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

static lem_status stage_args(job *j, const lem_json *tree, stage *out, lem_err *err) {
    lem_json *merged = lem_json_copy(j->args->values);
    lem_cli scratch = *j->cli;
    if (!merged) return lem_fail(err, LEM_EMEM, "out of memory");
    (void)lem_json_remove(merged, "stages");
    (void)lem_json_remove(merged, "_words");
    lem_status st = merge_options(merged, tree, err);
    if (st == LEM_OK) st = lem_args_from_tree(&lem_cmd_sft, merged, &scratch, &out->args, err);
    lem_json_free(merged);
    return st;
}

static char *stage_dir(const job *j, const lem_json *tree, int index, const char *name, lem_err *err) {
    lem_buf b = {0};
    if (!tree) return lem_strdup(j->out, err);
    lem_buf_printf(&b, "%s/stages/%d-%s", j->out, index + 1, name);
    char *dir = lem_buf_ok(&b, err) == LEM_OK ? lem_strdup(b.data, err) : NULL;
    lem_buf_release(&b);
    return dir;
}

static lem_status make_stage(job *j, const lem_json *tree, int index, stage *out, lem_err *err) {
    const char *name = tree ? lem_json_str(lem_json_get(tree, "name"), NULL) : "sft";
    if (!is_stage_name(name))
        return lem_fail(err, LEM_EUSAGE,
                        "stages[%d]: a name of lower-case letters, digits, '-' and '_' expected", index);
    lem_status st = stage_args(j, tree, out, err);
    if (st) return tree ? lem_err_context(err, "stage %s", name) : st;
    out->name = name;
    out->dir = stage_dir(j, tree, index, name, err);
    if (!out->dir) return LEM_EMEM;
    if (lem_json_count(lem_args_tree(&out->args, "data")) == 0)
        return lem_fail(err, LEM_EUSAGE, "stage %s: --data FILE is missing", name);
    return LEM_OK;
}

static lem_status make_stages(job *j, lem_err *err) {
    const lem_json *list = lem_args_tree(j->args, "stages");
    if (list && lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EUSAGE, "stages must be a list of maps");
    int n = list ? (int)lem_json_count(list) : 1;
    if (n == 0 || n > 64) return lem_fail(err, LEM_EUSAGE, "1 to 64 stages expected, found %d", n);
    j->stages = lem_alloc_zero((size_t)n, sizeof *j->stages, err);
    if (!j->stages) return LEM_EMEM;
    for (int i = 0; i < n; i++) {
        j->n = i + 1;
        lem_status st = make_stage(j, list ? lem_json_at(list, (size_t)i) : NULL, i, &j->stages[i], err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_sft_load load_of(const job *j, const stage *s) {
    const lem_args *a = &s->args;
    lem_sft_load how = {lem_args_str(a, "format"),
                        s->prompt.system,
                        s->prompt.suffix,
                        lem_args_flag(a, "strip-marks"),
                        lem_args_flag(a, "box-answer"),
                        (int)lem_args_int(a, "max-len"),
                        lem_args_has(a, "limit") ? lem_args_int(a, "limit") : -1,
                        j->cli->cancel};
    return how;
}

/* What the folder to start from says of its prompts, and the options of each stage. */
static lem_status read_prompts(job *j, lem_err *err) {
    for (int i = 0; i < j->n; i++) {
        stage *s = &j->stages[i];
        lem_prompt_options o = {.system = lem_args_str(&s->args, "system"),
                                .suffix = lem_args_str(&s->args, "suffix"),
                                .from = lem_args_str(&s->args, "prompt-from")};
        lem_status st = lem_prompt_settings_open(lem_args_str(j->args, "model"), &o, &s->prompt, err);
        if (st) return st;
    }
    return LEM_OK;
}

/* Rows of text alone say how prompts are written only if the model has never seen anything else. */
static void tell_template(const job *j, stage *s, bool conversations) {
    bool scratch = lem_args_flag(j->args, "from-scratch");
    if (!conversations && !(scratch && j->n == 1)) return;
    s->prompt.template = conversations ? LEM_PROMPT_CHAT : LEM_PROMPT_PLAIN;
    s->prompt.told |= LEM_PROMPT_TOLD_TEMPLATE;
}

/* An option that no row took was not trained on: lemma.json must not tell it. */
static lem_status forget(job *j, stage *s, int field, const char *option, uint64_t rows, lem_err *err) {
    if (!lem_args_str(&s->args, option) || !*lem_args_str(&s->args, option) || rows) return LEM_OK;
    lem_warn(j->cli->log, "stage %s: no row takes --%s; it is not trained on, and not saved with the model",
             s->name, option);
    lem_status st = lem_prompt_settings_tell(&s->prompt, field, NULL, err);
    s->prompt.told &= ~(unsigned)field;
    return st;
}

static lem_status keep_taken(job *j, stage *s, const lem_drop_counts *d, lem_err *err) {
    lem_status st = forget(j, s, LEM_PROMPT_TOLD_SUFFIX, "suffix", d->with_suffix, err);
    return st ? st : forget(j, s, LEM_PROMPT_TOLD_SYSTEM, "system", d->with_system, err);
}

/* ---- the model to start from ---- */

static lem_status feed_trainer(void *ctx, const char *text, size_t len, lem_err *err) {
    return lem_bpe_trainer_add(ctx, text, len, err);
}

static lem_status train_tokenizer(job *j, lem_err *err) {
    lem_bpe_train_opts o = {
        .vocab = (int32_t)lem_args_int(j->args, "vocab"), .split_digits = true, .cancel = j->cli->cancel};
    lem_bpe_trainer *t = lem_bpe_trainer_new(&o, err);
    lem_status st = t ? LEM_OK : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < j->n; i++) {
        lem_sft_load how = load_of(j, &j->stages[i]);
        const lem_json *files = lem_args_tree(&j->stages[i].args, "data");
        for (size_t k = 0; st == LEM_OK && k < lem_json_count(files); k++)
            st = lem_texts_load(lem_json_str(lem_json_at(files, k), ""), &how, feed_trainer, t, err);
        if (st == LEM_OK && how.system) st = lem_bpe_trainer_add(t, how.system, strlen(how.system), err);
    }
    if (st == LEM_OK) st = lem_bpe_trainer_finish(t, &j->tok, err);
    if (st == LEM_OK) lem_tokenizer_watch(j->tok, j->cli->cancel);
    if (st == LEM_OK)
        lem_info(j->cli->log, "tokenizer: %d byte-level BPE tokens trained on the data",
                 lem_tokenizer_vocab(j->tok));
    lem_bpe_trainer_free(t);
    return st;
}

static lem_status get_tokenizer(job *j, lem_err *err) {
    const char *dir = lem_args_str(j->args, "tokenizer");
    return dir ? lem_runtime_tokenizer(j->cli, dir, &j->tok, err) : train_tokenizer(j, err);
}

/* The shape that the options ask for, with the vocabulary of the tokenizer. */
static lem_status new_config(job *j, lem_err *err) {
    static const lem_arch families[] = {LEM_ARCH_LLAMA, LEM_ARCH_MISTRAL, LEM_ARCH_QWEN2, LEM_ARCH_QWEN3};
    const lem_args *a = j->args;
    lem_model_config c = {0};
    c.arch = families[lem_choice_find(ARCH_NAMES, lem_args_str(a, "arch"))];
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
static lem_status open_folder(job *j, const char *dir, lem_err *err) {
    lem_tokenizer_free(j->tok);
    j->tok = NULL;
    lem_status st = lem_model_check(dir, LEM_HEAD_LM, &j->config, err);
    return st ? st : lem_runtime_tokenizer(j->cli, dir, &j->tok, err);
}

static lem_status open_weights(job *j, const char *dir, lem_err *err) {
    if (dir) return lem_model_open(dir, LEM_HEAD_LM, &j->model, err);
    lem_status st = lem_model_new(&j->config, &j->model, err);
    if (st == LEM_OK) lem_model_init_random(j->model, j->cli->seed);
    return st;
}

/* The model that the first stage to run starts from: --model, a stage that is complete, or a new one. */
static lem_status get_model(job *j, const char *dir, lem_err *err) {
    lem_train_opts o;
    lem_status st = LEM_OK;
    LEM_TRY(lem_train_options_read(j->args, &o, err));
    if (dir) LEM_TRY(open_folder(j, dir, err));
    else LEM_TRY(get_tokenizer(j, err));
    if (!dir) LEM_TRY(new_config(j, err));
    LEM_TRY(lem_train_memory_check(j->cli, &j->config, &o, err));
    if (j->cli->dry_run) goto done;
    LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->job), &j->rt, err));
    LEM_TRY(lem_job_start(j->job, j->rt.backend->ops->name, err));
    LEM_TRY(open_weights(j, dir, err));
    lem_info(j->cli->log, "model: %zu parameters, compute path %s", lem_model_config_params(&j->config),
             j->rt.backend->ops->name);
done:
    return st;
}

static lem_status save_model(job *j, const stage *s, const char *dir, const lem_buf *telemetry,
                             lem_err *err) {
    lem_status st = lem_digest_clear_model(dir, err);
    if (st == LEM_OK) st = lem_model_save(j->model, dir, LEM_DTYPE_F32, err);
    if (st == LEM_OK) st = lem_tokenizer_save(j->tok, dir, err);
    if (st == LEM_OK) st = lem_prompt_settings_save(&s->prompt, dir, err);
    return st == LEM_OK ? lem_train_save_telemetry(dir, telemetry, err) : st;
}

/* ---- running ---- */

static lem_status load_stage(job *j, stage *s, lem_examples *train, lem_examples *val, lem_err *err) {
    lem_sft_load how = load_of(j, s);
    if (!how.max_len) how.max_len = j->config.max_positions;
    const lem_json *files = lem_args_tree(&s->args, "data");
    lem_drop_counts d = {0};
    for (size_t i = 0; i < lem_json_count(files); i++) {
        const char *path = lem_json_str(lem_json_at(files, i), "");
        uint64_t before = d.rows;
        lem_status st = lem_examples_load(train, path, j->tok, &how, &d, j->cli->log, err);
        if (st == LEM_OK) st = lem_train_need_rows(path, d.rows - before, err);
        if (st) return st;
    }
    tell_template(j, s, d.conversations > 0);
    lem_status taken = keep_taken(j, s, &d, err);
    if (taken) return taken;
    lem_info(j->cli->log, "stage %s: %llu rows, %llu kept, %llu left out as too long; %llu tokens", s->name,
             (unsigned long long)d.rows, (unsigned long long)d.kept, (unsigned long long)d.too_long,
             (unsigned long long)(train->n ? train->start[train->n] : 0));
    const char *v = lem_args_str(&s->args, "val");
    lem_drop_counts vd = {0};
    if (!v) return LEM_OK;
    lem_status st = lem_examples_load(val, v, j->tok, &how, &vd, j->cli->log, err);
    return st ? st : lem_train_need_rows(v, vd.rows, err);
}

/* WORK/checkpoints/NAME; NULL without error in a dry run. */
static char *checkpoint_dir(const job *j, const stage *s, lem_err *err) {
    char *all = lem_job_work_path(j->job, "checkpoints", err);
    char *dir = all ? lem_path_join(all, s->name, err) : NULL;
    lem_free(all);
    return dir;
}

static lem_status train_stage(job *j, stage *s, const lem_objective *obj, const lem_objective *val,
                              lem_buf *telemetry, lem_err *err) {
    lem_train_opts o;
    lem_status st = lem_train_options_read(&s->args, &o, err);
    if (st) return st;
    s->ran = true;
    s->examples = obj->n_items;
    s->steps = lem_train_steps(&o, obj->n_items);
    lem_info(j->cli->log,
             "stage %s: %ld steps of %d sequences, %.1f MiB for activations, gradients and packed weights",
             s->name, s->steps, o.batch, (double)lem_net_bytes(&j->config, o.max_rows, true) / 1048576);
    if (j->cli->dry_run) return LEM_OK;
    char *checkpoints = checkpoint_dir(j, s, err);
    if (!checkpoints) return LEM_EMEM;
    o.stage = s->name;
    o.checkpoint_dir = checkpoints;
    o.identity = lem_job_identity(j->job);
    st = lem_train_run(j->model, j->rt.backend, obj, val, &o, telemetry, j->cli->log, j->cli->cancel,
                       &s->result, err);
    lem_free(checkpoints);
    return st;
}

static lem_status run_stage(job *j, stage *s, lem_buf *telemetry, lem_err *err) {
    lem_examples train = {0}, val = {0};
    lem_sft *sft = NULL, *vsft = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(load_stage(j, s, &train, &val, err));
    LEM_TRY(lem_sft_new(&train, &sft, err));
    if (val.n) LEM_TRY(lem_sft_new(&val, &vsft, err));
    lem_objective obj = lem_sft_objective(sft), vobj = {0};
    if (val.n) vobj = lem_sft_objective(vsft);
    LEM_TRY(train_stage(j, s, &obj, val.n ? &vobj : NULL, telemetry, err));
done:
    lem_sft_free(sft);
    lem_sft_free(vsft);
    lem_examples_release(&train);
    lem_examples_release(&val);
    return st;
}

/* Telemetry of a stage that was complete before belongs to the whole run's. */
static lem_status add_telemetry(const stage *s, lem_buf *all, lem_err *err) {
    char *path = lem_path_join(s->dir, "telemetry.jsonl", err);
    lem_buf t = {0};
    lem_status st = path ? lem_file_read(path, 1u << 30, &t, err) : LEM_EMEM;
    if (st == LEM_OK) lem_buf_add(all, lem_buf_str(&t), t.len);
    lem_buf_release(&t);
    lem_free(path);
    return st;
}

/* Trains stage i and, if it is not the last, saves its model. */
static lem_status finish_stage(job *j, int i, lem_buf *all, lem_err *err) {
    lem_buf telemetry = {0};
    bool last = i + 1 == j->n;
    lem_status st = run_stage(j, &j->stages[i], &telemetry, err);
    lem_buf_add(all, lem_buf_str(&telemetry), telemetry.len);
    if (st == LEM_OK && !last && !j->cli->dry_run) {
        st = save_model(j, &j->stages[i], j->stages[i].dir, &telemetry, err);
        if (st == LEM_OK) st = lem_job_part_finish(j->job, j->stages[i].dir, err);
    }
    lem_buf_release(&telemetry);
    return st;
}

static lem_json *stage_json(const job *j, const stage *s) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", s->name);
    lem_object_bool(&o, "already_complete", !s->ran);
    if (s->ran) lem_train_tell(&o, s->examples, s->steps, j->cli->dry_run ? NULL : &s->result);
    return lem_object_done(&o);
}

static lem_json *stages_json(const job *j) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < j->n; i++) ok = lem_json_append(list, stage_json(j, &j->stages[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_status print_result(const job *j, lem_err *err) {
    if (!j->cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "sft");
    lem_object_bool(&o, "dry_run", j->cli->dry_run);
    lem_object_str(&o, "out", j->out);
    lem_object_str(&o, "identity", lem_job_identity(j->job));
    lem_object_int(&o, "parameters", lem_model_config_params(&j->config));
    lem_object_json(&o, "stages", stages_json(j));
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static lem_status run_stages(job *j, lem_err *err) {
    lem_buf all = {0};
    lem_status st = LEM_OK;
    const char *from = lem_args_str(j->args, "model");
    int first = 0;
    LEM_TRY(read_prompts(j, err));
    for (int i = 0; i + 1 < j->n && !j->cli->fresh; i++)
        if (lem_job_part_done(j->job, j->stages[i].dir)) first = i + 1;
    if (first) {
        lem_info(j->cli->log, "stages before '%s' are complete", j->stages[first].name);
        from = j->stages[first - 1].dir;
    }
    LEM_TRY(get_model(j, from, err));
    for (int i = 0; i < first; i++) LEM_TRY(add_telemetry(&j->stages[i], &all, err));
    for (int i = first; i < j->n; i++) LEM_TRY(finish_stage(j, i, &all, err));
    if (j->cli->dry_run) goto done;
    LEM_TRY(save_model(j, &j->stages[j->n - 1], j->out, &all, err));
    LEM_TRY(lem_job_finish(j->job, err));
done:
    if (st == LEM_OK) st = print_result(j, err);
    lem_buf_release(&all);
    return st;
}

static void release(job *j) {
    for (int i = 0; i < j->n; i++) {
        if (j->stages[i].args.values) lem_args_release(&j->stages[i].args);
        lem_free(j->stages[i].dir);
        lem_prompt_settings_release(&j->stages[i].prompt);
    }
    lem_free(j->stages);
    lem_model_free(j->model);
    lem_tokenizer_free(j->tok);
    lem_runtime_close(&j->rt);
    lem_job_close(j->job);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args, .out = lem_args_str(args, "out")};
    lem_status st = LEM_OK;
    LEM_TRY(lem_job_open(cli, &lem_cmd_sft, args, NULL, &j.job, err));
    if (lem_args_str(args, "model") && lem_args_flag(args, "from-scratch"))
        LEM_TRY(lem_fail(err, LEM_EUSAGE, "pass either --model DIR or --from-scratch"));
    LEM_TRY(make_stages(&j, err));
    if (lem_job_done(j.job)) st = lem_print_complete(cli, "sft", j.job, err);
    else st = run_stages(&j, err);
done:
    release(&j);
    return st;
}

/* What is known without reading data: a folder's shape, or that of the options with the asked vocabulary. */
static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    job j = {.cli = cli, .args = args};
    const char *dir = lem_args_str(args, "model"), *tok = lem_args_str(args, "tokenizer");
    lem_train_opts o;
    lem_status st = lem_train_options_read(args, &o, err);
    if (st) return st;
    if (out->shape) LEM_TRY(lem_model_shape(out->shape, &j.config, err));
    else if (dir) LEM_TRY(lem_model_check(dir, LEM_HEAD_LM, &j.config, err));
    if (!dir && tok) LEM_TRY(lem_tokenizer_load(tok, &j.tok, err));
    if (!dir) LEM_TRY(new_config(&j, err));
    *out = lem_train_plan(&j.config, &o);
done:
    lem_tokenizer_free(j.tok);
    return st;
}

const lem_command lem_cmd_sft = {
    .name = "sft",
    .purpose = "supervised fine-tuning, in one or more stages; builds a small model with --from-scratch",
    .usage = "--data FILE (--model DIR | --from-scratch) --out DIR [options]",
    .example = "lemma sft --from-scratch --layers 4 --width 128 --data rows.jsonl --lr 1e-3 --epochs 2 --out "
               "model\nlemma sft --config stages.yaml "
               "--out model",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_train_options,
    .n_shared = LEM_N_TRAIN_OPTIONS,
    .run = run,
    .plan = plan,
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .required = "model,from-scratch",
};
