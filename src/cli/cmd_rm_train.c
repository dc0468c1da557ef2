/* cmd_rm_train.c - lemma rm train: an outcome reward model from response lists */
#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/runtime.h"
#include "cli/train_options.h"

#include "core/file.h"
#include "job/digest.h"
#include "core/mem.h"
#include "core/object.h"
#include "data/dataset.h"
#include "model/model.h"
#include "reward/recipe.h"
#include "token/tokenizer.h"
#include "train/orm.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL,
     "fine-tuned model (a new reward head is drawn from the seed) or a reward model to train further"},
    {"lists", LEM_OPT_INPUT, "FILE", NULL, "response lists (see 'lemma rm sample')"},
    {"val", LEM_OPT_INPUT, "FILE", NULL, "validation lists"},
    {"system", LEM_OPT_STR, "TEXT", NULL,
     "system prompt; '' for none [as --model was trained, else AceMath's: " LEM_REWARD_SYSTEM "]"},
    LEM_OPT_PROMPT_FROM,
    {"loss", LEM_OPT_ENUM, "NAME", "bt", "bt is listwise Bradley-Terry", .choices = LEM_RANKING_NAMES},
    {"lm-weight", LEM_OPT_NUM, "X", "0", "weight of a language-model loss on the right responses", 0, 100},
    {"value-weight", LEM_OPT_NUM, "X", "0", "weight of a value loss at every response token", 0, 100},
    {"value-labels", LEM_OPT_ENUM, "KIND", "outcome",
     "labels of the value loss: the response's own outcome, or the mean outcome of the list's responses that "
     "share the prefix",
     .choices = "outcome|prefix"},
    {"center", LEM_OPT_NUM, "X", "0", "weight that pulls the mean score of a list to zero", 0, 100},
    {"add-layers", LEM_OPT_INT, "N", "0",
     "layers put on top of the model, without effect at first, that learn to judge what those below predict",
     0, 64},
    {"freeze-body", LEM_OPT_FLAG, NULL, NULL,
     "train only the added layers (of --add-layers, now or in an earlier run) and the head"},
    {"body-layers", LEM_OPT_INT, "N", NULL,
     "with --freeze-body: layers of the body [those of --model, without the added ones]", 1, 1024},
    {"max-len", LEM_OPT_INT, "N", NULL,
     "lists with longer prompt + response are left out and counted [context]", 8, 1048576},
    {"epochs", LEM_OPT_NUM, "X", "2", "passes over the lists", 0.0001, 10000},
    {"batch", LEM_OPT_INT, "N", "256", "lists per optimizer step", 1, 65536},
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    const char *model_dir;
    lem_runtime rt;
    lem_model_config config; /* of --model */
    lem_model *model;        /* NULL while --dry-run only plans */
    lem_tokenizer *tok;
    lem_prompt_settings prompt;
    lem_prompt_recipe recipe; /* borrows from prompt */
    lem_lists lists, val;
    lem_orm *rank, *vrank;
    lem_train_opts o;
    lem_model_config shape; /* of what is trained */
    long steps;
    lem_train_result result;
} job;

/* Replaces the model by one with more layers on top. */
static lem_status add_layers(job *j, int extra, lem_err *err) {
    lem_model *m = j->model;
    j->model = NULL;
    lem_status st = lem_model_with_layers(m, extra, j->cli->seed, &j->model, err);
    lem_model_free(m);
    return st;
}

static lem_status open_model(job *j, lem_err *err) {
    lem_model *m = NULL;
    int extra = (int)lem_args_int(j->args, "add-layers");
    lem_status st = lem_model_open_any(j->model_dir, &m, err);
    if (st) return st;
    if (m->config.head != LEM_HEAD_SCALAR) {
        st = lem_model_with_head(m, LEM_HEAD_SCALAR, j->cli->seed, &j->model, err);
        if (st == LEM_OK)
            lem_info(j->cli->log, "%s has no reward head: a new one is drawn from seed %llu and trained",
                     j->model_dir, (unsigned long long)j->cli->seed);
        lem_model_free(m);
    } else j->model = m;
    return st == LEM_OK && extra ? add_layers(j, extra, err) : st;
}

/* What the folder says of its prompts, and the options. */
static lem_status read_prompt(job *j, lem_err *err) {
    lem_prompt_options o = {.system = lem_args_str(j->args, "system"),
                            .from = lem_args_str(j->args, "prompt-from")};
    return lem_prompt_settings_open(j->model_dir, &o, &j->prompt, err);
}

/* How the lists are read, which is how the model will be scored. */
static lem_status make_recipe(job *j, lem_err *err) {
    const lem_head_shape head = {.kind = LEM_HEAD_KIND_CLASSIFIER}; /* the one that is trained */
    lem_status st = lem_reward_settings_complete(head.kind, &j->prompt, err);
    if (st) return st;
    st = lem_reward_recipe_make(&head, j->tok, j->model_dir, &j->prompt, &j->recipe, err);
    return st ? lem_err_context(err, "%s", j->model_dir) : LEM_OK;
}

/* The shape of the model that is trained, from that of --model (stored as BF16 or not), and what of it
 * learns. */
static void make_shape(const lem_args *args, bool bf16, lem_model_config *c, lem_trainable *t) {
    int body = lem_args_has(args, "body-layers") ? (int)lem_args_int(args, "body-layers") : c->layers;
    t->frozen_layers = lem_args_flag(args, "freeze-body") ? body : 0;
    if (bf16 && t->frozen_layers > 0 && t->frozen_layers <= c->layers) t->frozen_dtype = LEM_DTYPE_BF16;
    c->layers += (int)lem_args_int(args, "add-layers");
    if (c->head == LEM_HEAD_SCALAR) return;
    c->head = LEM_HEAD_SCALAR;
    c->reward = (lem_head_shape){0};
}

/* The options, with what learns, and the shape. */
static lem_status read_options(const lem_args *args, bool bf16, lem_model_config *c, lem_train_opts *o,
                               lem_err *err) {
    lem_status st = lem_train_options_read(args, o, err);
    if (st == LEM_OK) make_shape(args, bf16, c, &o->trainable);
    return st == LEM_OK ? lem_model_config_check(c, err) : st;
}

static lem_status load_lists(job *j, const char *path, lem_lists *out, lem_err *err) {
    int max_len = (int)lem_args_int(j->args, "max-len");
    if (max_len == 0 || max_len > j->config.max_positions) max_len = j->config.max_positions;
    lem_drop_counts d = {0};
    lem_lists_how how = {&j->recipe, max_len, j->cli->limit, j->cli->cancel};
    lem_status st = lem_lists_load(out, path, j->tok, &how, &d, j->cli->log, err);
    if (st == LEM_OK) st = lem_train_need_rows(path, d.rows, err);
    if (st == LEM_OK)
        lem_info(j->cli->log,
                 "%s: %llu lists, %llu kept (%llu responses, %llu tokens); left out: %llu too long, %llu "
                 "without both classes",
                 path, (unsigned long long)d.rows, (unsigned long long)d.kept,
                 (unsigned long long)out->n_responses, (unsigned long long)out->n_ids,
                 (unsigned long long)d.too_long, (unsigned long long)d.filtered);
    return st;
}

static lem_status make_objectives(job *j, lem_err *err) {
    const lem_args *a = j->args;
    lem_orm_opts o = {.lm_weight = lem_args_num(a, "lm-weight"),
                      .value_weight = lem_args_num(a, "value-weight"),
                      .list = {.center = lem_args_num(a, "center")},
                      .prefix_values = lem_args_is(a, "value-labels", "prefix")};
    lem_status st = LEM_OK;
    LEM_TRY(lem_ranking_parse(lem_args_str(a, "loss"), &o.list.kind, err));
    LEM_TRY(load_lists(j, lem_args_str(a, "lists"), &j->lists, err));
    if (lem_args_str(a, "val")) LEM_TRY(load_lists(j, lem_args_str(a, "val"), &j->val, err));
    LEM_TRY(lem_orm_new(&j->lists, &o, &j->rank, err));
    LEM_TRY(lem_orm_new(&j->val, &o, &j->vrank, err));
done:
    return st;
}

static lem_status print_result(const job *j, lem_err *err) {
    const lem_train_result *r = j->cli->dry_run ? NULL : &j->result;
    if (!j->cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "rm train");
    lem_object_bool(&o, "dry_run", j->cli->dry_run);
    lem_object_str(&o, "out", lem_args_str(j->args, "out"));
    lem_object_str(&o, "identity", lem_job_identity(j->job));
    lem_object_int(&o, "parameters", lem_model_config_params(&j->shape));
    lem_train_tell(&o, j->lists.n, j->steps, r);
    if (r && r->n_val) lem_object_num(&o, "val_accuracy", r->val[1]);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static lem_status train(job *j, lem_buf *telemetry, lem_err *err) {
    lem_train_opts o = j->o;
    lem_objective obj = lem_orm_objective(j->rank), vobj = lem_orm_objective(j->vrank);
    lem_status st = LEM_OK;
    j->steps = lem_train_steps(&o, obj.n_items);
    lem_info(j->cli->log,
             "reward model: %ld steps of %d lists, %.1f MiB for activations, gradients and packed weights",
             j->steps, o.batch, (double)lem_net_part_bytes(&j->shape, o.max_rows, &o.trainable) / 1048576);
    if (j->cli->dry_run) return LEM_OK;
    char *checkpoints = lem_job_work_path(j->job, "checkpoints", err);
    if (!checkpoints) return LEM_EMEM;
    o.stage = "rm";
    o.checkpoint_dir = checkpoints;
    o.identity = lem_job_identity(j->job);
    st = lem_train_run(j->model, j->rt.backend, &obj, j->val.n ? &vobj : NULL, &o, telemetry, j->cli->log,
                       j->cli->cancel, &j->result, err);
    lem_free(checkpoints);
    return st;
}

static lem_status save(job *j, const lem_buf *telemetry, lem_err *err) {
    const char *out = lem_job_out(j->job);
    lem_status st = lem_digest_clear_model(out, err);
    if (st == LEM_OK) st = lem_model_save(j->model, out, LEM_DTYPE_F32, err);
    if (st == LEM_OK) st = lem_tokenizer_save(j->tok, out, err);
    if (st == LEM_OK) st = lem_prompt_settings_save(&j->prompt, out, err);
    if (st == LEM_OK) st = lem_train_save_telemetry(out, telemetry, err);
    return st == LEM_OK ? lem_job_finish(j->job, err) : st;
}

static lem_status train_and_save(job *j, lem_err *err) {
    lem_buf telemetry = {0};
    lem_status st = LEM_OK;
    bool bf16 = false;
    LEM_TRY(read_prompt(j, err));
    LEM_TRY(lem_train_folder_config(j->model_dir, &j->config, &bf16, err));
    LEM_TRY(lem_runtime_tokenizer(j->cli, j->model_dir, &j->tok, err));
    LEM_TRY(make_recipe(j, err));
    j->shape = j->config;
    LEM_TRY(read_options(j->args, bf16, &j->shape, &j->o, err));
    LEM_TRY(lem_train_memory_check(j->cli, &j->shape, &j->o, err));
    LEM_TRY(make_objectives(j, err));
    if (!j->cli->dry_run) {
        LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->job), &j->rt, err));
        LEM_TRY(lem_job_start(j->job, j->rt.backend->ops->name, err));
        LEM_TRY(open_model(j, err));
    }
    LEM_TRY(train(j, &telemetry, err));
    if (!j->cli->dry_run) LEM_TRY(save(j, &telemetry, err));
    st = print_result(j, err);
done:
    lem_buf_release(&telemetry);
    return st;
}

static void release(job *j) {
    lem_orm_free(j->rank);
    lem_orm_free(j->vrank);
    lem_lists_release(&j->lists);
    lem_lists_release(&j->val);
    lem_model_free(j->model);
    lem_tokenizer_free(j->tok);
    lem_prompt_settings_release(&j->prompt);
    lem_runtime_close(&j->rt);
    lem_job_close(j->job);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args, .model_dir = lem_args_str(args, "model")};
    lem_status st = lem_job_open(cli, &lem_cmd_rm_train, args, NULL, &j.job, err);
    if (st == LEM_OK && lem_job_done(j.job)) st = lem_print_complete(cli, "rm train", j.job, err);
    else if (st == LEM_OK) st = train_and_save(&j, err);
    release(&j);
    return st;
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    lem_model_config c;
    bool bf16 = false;
    (void)cli;
    lem_status st = lem_train_folder_config(lem_args_str(args, "model"), &c, &bf16, err);
    lem_train_opts o;
    if (st == LEM_OK) st = read_options(args, bf16, &c, &o, err);
    if (st == LEM_OK) *out = lem_train_plan(&c, &o);
    return st;
}

const lem_command lem_cmd_rm_train = {
    .name = "rm train",
    .purpose = "train an outcome reward model (listwise Bradley-Terry) on response lists",
    .usage = "--model DIR --lists FILE --out DIR [options]",
    .example = "lemma rm train --model sft-model --lists lists.jsonl --lr 5e-6 --epochs 2 --out reward-model",
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
    .required = "model|lists",
};
