/* cmd_sft.c - lemma sft: supervised fine-tuning, in stages, from a folder or from scratch */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/train_options.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "model/model.h"
#include "token/tokenizer.h"
#include "train/sft.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_STR, "DIR", NULL, "model folder to start from", 0, 0},
    {"from-scratch", LEM_OPT_FLAG, NULL, NULL, "start from random weights of the shape below", 0, 0},
    {"arch", LEM_OPT_STR, "NAME", "llama",
     "llama, mistral, qwen2 (adds q/k/v biases) or qwen3 (normalises queries and keys)", 0, 0},
    {"layers", LEM_OPT_INT, "N", "4", "decoder layers", 1, 256},
    {"width", LEM_OPT_INT, "N", "128", "hidden size", 8, 65536},
    {"ffn", LEM_OPT_INT, "N", NULL, "feed-forward size [8/3 of width, rounded up to 32]", 8, 262144},
    {"heads", LEM_OPT_INT, "N", "4", "attention heads", 1, 512},
    {"kv-heads", LEM_OPT_INT, "N", NULL, "key/value heads [heads]", 1, 512},
    {"context", LEM_OPT_INT, "N", "512", "longest sequence", 16, 1048576},
    {"rope-theta", LEM_OPT_NUM, "X", "10000", "base of the rotary positions", 1, 1e9},
    {"untied", LEM_OPT_FLAG, NULL, NULL, "separate output matrix", 0, 0},
    {"vocab", LEM_OPT_INT, "N", "1024", "size of a tokenizer trained on the data", 260, 1048576},
    {"tokenizer", LEM_OPT_STR, "DIR", NULL, "use this tokenizer (with --from-scratch)", 0, 0},
    {"data", LEM_OPT_LIST, "FILE", NULL, "training rows (JSONL, JSON, .gz, .zst); repeatable", 0, 0},
    {"val", LEM_OPT_STR, "FILE", NULL, "validation rows", 0, 0},
    {"format", LEM_OPT_STR, "KIND", NULL,
     "messages, sharegpt, prompt-completion, instruction, question-answer or text [detected]", 0, 0},
    {"system", LEM_OPT_STR, "TEXT", NULL, "system prompt of rows that have none", 0, 0},
    {"suffix", LEM_OPT_STR, "TEXT", NULL, "line added to the question of question-answer rows", 0, 0},
    {"strip-marks", LEM_OPT_FLAG, NULL, NULL, "remove GSM8K's <<...>> calculator marks", 0, 0},
    {"box-answer", LEM_OPT_FLAG, NULL, NULL, "turn a last line '#### x' into 'The answer is \\boxed{x}.'", 0,
     0},
    {"max-len", LEM_OPT_INT, "N", NULL, "longer rows are left out and counted [context]", 8, 1048576},
    {"epochs", LEM_OPT_NUM, "X", "1", "passes over the data", 0.0001, 10000},
    {"batch", LEM_OPT_INT, "N", "128", "sequences per optimizer step", 1, 65536},
    {"stages", LEM_OPT_TREE, "LIST", NULL, "stages, each a map of these options with a name (YAML)", 0, 0},
};

/* Options of one stage: the stage's own value where it has one, the command's otherwise. */
typedef struct stage {
    lem_args args;
    const char *name;
    char *dir; /* where its model goes */
} stage;

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    const char *out;
    stage *stages;
    int n;
    lem_runtime rt;
    lem_model *model;
    lem_tokenizer *tok;
    char identity[65];
    char *manifest; /* OUT/manifest.json */
    char **inputs;
    int n_inputs;
} job;

static lem_status make_stage(job *j, const lem_json *tree, int index, stage *out, lem_err *err) {
    lem_json *merged = lem_json_copy(j->args->values);
    if (!merged) return lem_fail(err, LEM_EMEM, "out of memory");
    (void)lem_json_remove(merged, "stages");
    (void)lem_json_remove(merged, "_words");
    const char *name = "sft";
    lem_status st = LEM_OK;
    if (tree) {
        name = lem_json_str(lem_json_get(tree, "name"), NULL);
        if (!name || !*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(name))
            st = lem_fail(err, LEM_EUSAGE,
                          "stages[%d]: a name of lower-case letters, digits, '-' and '_' expected", index);
        for (size_t i = 0; st == LEM_OK && i < lem_json_count(tree); i++) {
            char key[64];
            snprintf(key, sizeof key, "%s", lem_json_key_at(tree, i));
            for (char *p = key; *p; p++)
                if (*p == '_') *p = '-';
            if (strcmp(key, "name") != 0 &&
                !lem_json_set(merged, key, lem_json_copy(lem_json_value_at(tree, i))))
                st = lem_fail(err, LEM_EMEM, "out of memory");
        }
    }
    lem_cli scratch = *j->cli;
    if (st == LEM_OK) st = lem_args_from_tree(&lem_cmd_sft, merged, &scratch, &out->args, err);
    if (st && tree) lem_err_context(err, "stage %s", name ? name : "?");
    lem_json_free(merged);
    if (st) return st;
    out->name = name;
    if (!tree) out->dir = lem_strdup(j->out, err);
    else {
        lem_buf b = {0};
        lem_buf_printf(&b, "%s/stages/%d-%s", j->out, index + 1, name);
        out->dir = lem_buf_take(&b);
    }
    if (!out->dir) return lem_fail(err, LEM_EMEM, "out of memory");
    if (lem_json_count(lem_args_tree(&out->args, "data")) == 0)
        return lem_fail(err, LEM_EUSAGE, "stage %s: --data names no file", name);
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

static lem_sft_load load_of(const stage *s) {
    const lem_args *a = &s->args;
    lem_sft_load how = {lem_args_str(a, "format"),
                        lem_args_str(a, "system"),
                        lem_args_str(a, "suffix"),
                        lem_args_flag(a, "strip-marks"),
                        lem_args_flag(a, "box-answer"),
                        (int)lem_args_int(a, "max-len"),
                        lem_args_has(a, "limit") ? lem_args_int(a, "limit") : -1};
    return how;
}

/* ---- the model to start from ---- */

static lem_status feed_trainer(void *ctx, const char *text, size_t len, lem_err *err) {
    return lem_bpe_trainer_add(ctx, text, len, err);
}

static lem_status train_tokenizer(job *j, lem_err *err) {
    lem_bpe_train_opts o = {.vocab = (int32_t)lem_args_int(j->args, "vocab"), .split_digits = true};
    lem_bpe_trainer *t = lem_bpe_trainer_new(&o, err);
    lem_status st = t ? LEM_OK : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < j->n; i++) {
        lem_sft_load how = load_of(&j->stages[i]);
        const lem_json *files = lem_args_tree(&j->stages[i].args, "data");
        for (size_t k = 0; st == LEM_OK && k < lem_json_count(files); k++)
            st = lem_texts_load(lem_json_str(lem_json_at(files, k), ""), &how, feed_trainer, t, err);
        if (st == LEM_OK && how.system) st = lem_bpe_trainer_add(t, how.system, strlen(how.system), err);
    }
    if (st == LEM_OK) st = lem_bpe_trainer_finish(t, &j->tok, err);
    if (st == LEM_OK)
        lem_info(j->cli->log, "tokenizer: %d byte-level BPE tokens trained on the data",
                 lem_tokenizer_vocab(j->tok));
    lem_bpe_trainer_free(t);
    return st;
}

static lem_status new_model(job *j, lem_err *err) {
    const lem_args *a = j->args;
    const char *dir = lem_args_str(a, "tokenizer"), *arch = lem_args_str(a, "arch");
    lem_status st = dir ? lem_tokenizer_load(dir, &j->tok, err) : train_tokenizer(j, err);
    if (st) return st;
    lem_model_config c = {0};
    static const struct {
        const char *name;
        lem_arch arch;
    } families[] = {{"llama", LEM_ARCH_LLAMA},
                    {"mistral", LEM_ARCH_MISTRAL},
                    {"qwen2", LEM_ARCH_QWEN2},
                    {"qwen3", LEM_ARCH_QWEN3}};
    size_t f = 0;
    while (f < sizeof families / sizeof *families && strcmp(families[f].name, arch) != 0) f++;
    if (f == sizeof families / sizeof *families)
        return lem_fail(err, LEM_EUSAGE, "--arch '%s' is none of llama, mistral, qwen2, qwen3", arch);
    c.arch = families[f].arch;
    c.head = LEM_HEAD_LM;
    c.layers = (int)lem_args_int(a, "layers");
    c.width = (int)lem_args_int(a, "width");
    c.ffn = lem_args_has(a, "ffn") ? (int)lem_args_int(a, "ffn") : (c.width * 8 / 3 + 31) / 32 * 32;
    c.heads = (int)lem_args_int(a, "heads");
    c.kv_heads = lem_args_has(a, "kv-heads") ? (int)lem_args_int(a, "kv-heads") : c.heads;
    c.vocab = lem_tokenizer_vocab(j->tok);
    c.max_positions = (int)lem_args_int(a, "context");
    c.rope_theta = (float)lem_args_num(a, "rope-theta");
    c.norm_eps = 1e-5f;
    c.tied = !lem_args_flag(a, "untied");
    c.qkv_bias = c.arch == LEM_ARCH_QWEN2;
    c.init_range = 0.02f;
    c.bos_id = c.pad_id = -1;
    c.eos_id = lem_tokenizer_eos(j->tok);
    if ((st = lem_model_config_check(&c, err)) || (st = lem_model_new(&c, &j->model, err))) return st;
    lem_model_init_random(j->model, j->cli->seed);
    return LEM_OK;
}

static lem_status open_model(job *j, const char *dir, lem_err *err) {
    lem_model_free(j->model);
    lem_tokenizer_free(j->tok);
    j->model = NULL;
    j->tok = NULL;
    lem_status st = lem_model_open(dir, LEM_HEAD_LM, &j->model, err);
    if (st == LEM_OK) st = lem_tokenizer_load(dir, &j->tok, err);
    return st;
}

static lem_status save_model(job *j, const char *dir, const lem_buf *telemetry, lem_err *err) {
    lem_status st = lem_model_save(j->model, dir, LEM_DTYPE_F32, err);
    if (st == LEM_OK) st = lem_tokenizer_save(j->tok, dir, err);
    char *path = lem_path_join(dir, "telemetry.jsonl", err);
    if (st == LEM_OK)
        st = path ? lem_file_write_atomic(path, lem_buf_str(telemetry), telemetry->len, err) : LEM_EMEM;
    lem_free(path);
    path = lem_path_join(dir, "manifest.json", err); /* last: its presence says that the folder is whole */
    if (st == LEM_OK)
        st = path ? lem_manifest_write(path, &lem_cmd_sft, j->args, j->identity, &j->rt, err) : LEM_EMEM;
    lem_free(path);
    return st;
}

/* Whether the manifest dir/name is of this very job. */
static bool is_ours(const job *j, const char *dir, const char *name) {
    char *path = lem_path_join(dir, name, NULL);
    bool same = path && lem_manifest_is_of(path, j->identity);
    lem_free(path);
    return same;
}

/* Whether dir holds the finished result: its manifest is written last. */
static bool is_done(const job *j, const char *dir) { return is_ours(j, dir, "manifest.json"); }

/* ---- running ---- */

static lem_status load_stage(job *j, const stage *s, lem_examples *train, lem_examples *val, lem_err *err) {
    lem_sft_load how = load_of(s);
    if (!how.max_len) how.max_len = j->model->config.max_positions;
    const lem_json *files = lem_args_tree(&s->args, "data");
    lem_drop_counts d = {0};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < lem_json_count(files); i++)
        st = lem_examples_load(train, lem_json_str(lem_json_at(files, i), ""), j->tok, &how, &d, j->cli->log,
                               err);
    if (st) return st;
    lem_info(j->cli->log, "stage %s: %llu rows, %llu kept, %llu left out as too long; %llu tokens", s->name,
             (unsigned long long)d.rows, (unsigned long long)d.kept, (unsigned long long)d.too_long,
             (unsigned long long)(train->n ? train->start[train->n] : 0));
    const char *v = lem_args_str(&s->args, "val");
    lem_drop_counts vd = {0};
    return v ? lem_examples_load(val, v, j->tok, &how, &vd, j->cli->log, err) : LEM_OK;
}

static lem_status run_stage(job *j, const stage *s, lem_buf *telemetry, lem_err *err) {
    lem_examples train = {0}, val = {0};
    lem_sft *sft = NULL, *vsft = NULL;
    lem_buf dir = {0};
    lem_status st = LEM_OK;
    lem_train_opts o;
    lem_train_result res;
    lem_buf_printf(&dir, "%s/.checkpoints/%s", j->out, s->name);
    LEM_TRY(lem_buf_ok(&dir, err));
    LEM_TRY(lem_train_options_read(&s->args, &o, err));
    o.stage = s->name;
    o.checkpoint_dir = dir.data;
    o.identity = j->identity;
    LEM_TRY(load_stage(j, s, &train, &val, err));
    LEM_TRY(lem_sft_new(&train, &sft, err));
    lem_objective obj = lem_sft_objective(sft), vobj = {0};
    if (val.n) {
        LEM_TRY(lem_sft_new(&val, &vsft, err));
        vobj = lem_sft_objective(vsft);
    }
    lem_info(j->cli->log,
             "stage %s: %ld steps of %d sequences, %.1f MiB for activations, gradients and packed weights",
             s->name, lem_train_steps(&o, obj.n_items), o.batch,
             (double)lem_net_bytes(&j->model->config, o.max_rows, true) / 1048576);
    if (j->cli->dry_run) goto done;
    LEM_TRY(lem_train_run(j->model, j->rt.backend, &obj, val.n ? &vobj : NULL, &o, telemetry, j->cli->log,
                          j->cli->cancel, &res, err));
done:
    lem_sft_free(sft);
    lem_sft_free(vsft);
    lem_examples_release(&train);
    lem_examples_release(&val);
    lem_buf_release(&dir);
    return st;
}

static lem_status run_stages(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf all = {0};
    int first = 0;
    for (int i = 0; i + 1 < j->n; i++)
        if (is_done(j, j->stages[i].dir)) first = i + 1;
    if (first) {
        lem_info(j->cli->log, "stages before '%s' are complete", j->stages[first].name);
        LEM_TRY(open_model(j, j->stages[first - 1].dir, err));
    }
    for (int i = 0; i < first; i++) { /* their telemetry belongs to the whole run's */
        char *path = lem_path_join(j->stages[i].dir, "telemetry.jsonl", err);
        lem_buf t = {0};
        st = path ? lem_file_read(path, 1u << 30, &t, err) : LEM_EMEM;
        lem_buf_add(&all, lem_buf_str(&t), t.len);
        lem_buf_release(&t);
        lem_free(path);
        if (st) goto done;
    }
    for (int i = first; i < j->n; i++) {
        lem_buf telemetry = {0};
        st = run_stage(j, &j->stages[i], &telemetry, err);
        lem_buf_add(&all, lem_buf_str(&telemetry), telemetry.len);
        if (st == LEM_OK && !j->cli->dry_run && i + 1 < j->n)
            st = save_model(j, j->stages[i].dir, &telemetry, err);
        lem_buf_release(&telemetry);
        if (st) goto done;
    }
    if (!j->cli->dry_run) LEM_TRY(save_model(j, j->out, &all, err));
done:
    lem_buf_release(&all);
    return st;
}

/* ---- set-up ---- */

static lem_status add_input(job *j, const char *path, lem_err *err) {
    char **p = lem_realloc(j->inputs, (size_t)j->n_inputs + 1, sizeof *p, err);
    if (!p) return LEM_EMEM;
    j->inputs = p;
    p[j->n_inputs] = lem_strdup(path, err);
    return p[j->n_inputs++] ? LEM_OK : LEM_EMEM;
}

static lem_status identify(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    const char *model = lem_args_str(j->args, "model"), *tok = lem_args_str(j->args, "tokenizer");
    for (int i = 0; st == LEM_OK && i < j->n; i++) {
        const lem_json *files = lem_args_tree(&j->stages[i].args, "data");
        for (size_t k = 0; st == LEM_OK && k < lem_json_count(files); k++)
            st = add_input(j, lem_json_str(lem_json_at(files, k), ""), err);
        const char *val = lem_args_str(&j->stages[i].args, "val");
        if (st == LEM_OK && val) st = add_input(j, val, err);
    }
    const char *const folders[] = {model, model, tok};
    const char *const names[] = {"model.safetensors", "tokenizer.json", "tokenizer.json"};
    for (int i = 0; st == LEM_OK && i < 3; i++) {
        if (!folders[i]) continue;
        char *p = lem_path_join(folders[i], names[i], err);
        st = p ? add_input(j, p, err) : LEM_EMEM;
        lem_free(p);
    }
    if (st) return st;
    return lem_job_identity(&lem_cmd_sft, j->args, (const char *const *)j->inputs, j->n_inputs,
                            j->rt.backend->ops->name, j->identity, err);
}

static void release(job *j) {
    for (int i = 0; i < j->n; i++) {
        if (j->stages[i].args.values) lem_args_release(&j->stages[i].args);
        lem_free(j->stages[i].dir);
    }
    for (int i = 0; i < j->n_inputs; i++) lem_free(j->inputs[i]);
    lem_free(j->inputs);
    lem_free(j->stages);
    lem_free(j->manifest);
    lem_model_free(j->model);
    lem_tokenizer_free(j->tok);
    lem_runtime_close(&j->rt);
}

static lem_status check_out(job *j, lem_err *err) {
    char *model = lem_path_join(j->out, "config.json", err),
         *run = lem_path_join(j->out, "run.manifest.json", err);
    lem_status st = model && run ? LEM_OK : LEM_EMEM;
    j->manifest = run;
    if (st == LEM_OK && (j->cli->fresh || j->cli->overwrite)) {
        char *ck = lem_path_join(j->out, ".checkpoints", err), *stages = lem_path_join(j->out, "stages", err);
        st = ck && stages ? lem_dir_remove(ck, err) : LEM_EMEM;
        if (st == LEM_OK) st = lem_dir_remove(stages, err);
        if (st == LEM_OK) st = lem_file_remove(run, err);
        lem_free(ck);
        lem_free(stages);
    } else if (st == LEM_OK && lem_file_exists(model) && !is_done(j, j->out) &&
               !is_ours(j, j->out, "run.manifest.json"))
        st = lem_fail(err, LEM_EUSAGE,
                      "%s holds the result of another run; choose another --out or pass --overwrite", j->out);
    lem_free(model);
    return st;
}

/* Removes what only an unfinished run needs; a run killed between its result and this is swept when it is
 * found complete. */
static lem_status sweep(const job *j, lem_err *err) {
    char *ck = lem_path_join(j->out, ".checkpoints", err),
         *run = lem_path_join(j->out, "run.manifest.json", err);
    lem_status st = ck && run ? lem_dir_remove(ck, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_file_remove(run, err);
    lem_free(ck);
    lem_free(run);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args, .out = lem_args_str(args, "out")};
    const char *model = lem_args_str(args, "model");
    bool scratch = lem_args_flag(args, "from-scratch");
    lem_lock *lock = NULL;
    lem_status st = LEM_OK;
    if (!j.out) return lem_fail(err, LEM_EUSAGE, "--out DIR is missing");
    if (!model == !scratch) return lem_fail(err, LEM_EUSAGE, "pass either --model DIR or --from-scratch");
    LEM_TRY(make_stages(&j, err));
    LEM_TRY(lem_dir_make(j.out, err));
    char *lock_path = lem_path_join(j.out, "run", err);
    st = lock_path ? lem_lock_take(lock_path, &lock, err) : LEM_EMEM;
    lem_free(lock_path);
    LEM_TRY(st);
    char *earlier = lem_path_join(j.out, "run.manifest.json", err);
    st = earlier ? lem_runtime_open(cli, cli->fresh ? NULL : earlier, &j.rt, err) : LEM_EMEM;
    lem_free(earlier);
    LEM_TRY(st);
    LEM_TRY(identify(&j, err));
    if (!cli->fresh && !cli->overwrite && is_done(&j, j.out)) {
        lem_info(cli->log, "%s is already complete", j.out);
        st = sweep(&j, err);
        goto done;
    }
    LEM_TRY(check_out(&j, err));
    if (!cli->dry_run) LEM_TRY(lem_manifest_write(j.manifest, &lem_cmd_sft, args, j.identity, &j.rt, err));
    LEM_TRY(scratch ? new_model(&j, err) : open_model(&j, model, err));
    lem_info(cli->log, "model: %zu parameters, compute path %s", lem_model_config_params(&j.model->config),
             j.rt.backend->ops->name);
    LEM_TRY(run_stages(&j, err));
    if (!cli->dry_run) LEM_TRY(sweep(&j, err));
done:
    release(&j);
    lem_lock_release(lock);
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
    .resumes = true,
};
