/* cmd_prm_train.c - lemma prm train: a process reward model from solutions with labelled steps */
#include "cli/commands.h"
#include "cli/prm_train.h"
#include "cli/prompt_options.h"
#include "cli/train_options.h"
#include "cli/weights_options.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "prompt/carry.h"
#include "reward/recipe.h"

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "model folder; with --dry-run its config.json is enough"},
    {"data", LEM_OPT_INPUT, "FILE", NULL, "solutions with labelled steps (docs/prm.md)"},
    {"val", LEM_OPT_INPUT, "FILE", NULL, "validation rows of any format [problems of --data held back]"},
    {"val-share", LEM_OPT_NUM, "X", "0.05", "without --val: share of the problems that are held back", 0,
     0.5},
    {"format", LEM_OPT_ENUM, "NAME", NULL, "rows of --data [told from the columns]",
     .choices = LEM_STEPS_FORMATS},
    {"head", LEM_OPT_ENUM, "NAME", NULL,
     "scalar: one output at the end of each step; two-class: the same, saved as a token classifier; "
     "generative: the logits of '+' and '-' in a reply to each step [scalar; generative with --compat]",
     .choices = LEM_PRM_HEADS},
    {"compat", LEM_OPT_ENUM, "NAME", NULL,
     "rlhflow: its own template and mask, which also trains the blank line before each sign and the end of "
     "the turn (docs/prm.md)",
     .choices = "rlhflow"},
    {"labels", LEM_OPT_ENUM, "RULE", "hard",
     "hard: 1 where any continuation ended well; soft: their share; threshold: 1 from --threshold on",
     .choices = LEM_STEPS_RULES},
    {"threshold", LEM_OPT_NUM, "X", "0.5", "the share from which a step counts as right", 0, 1},
    {"neutral", LEM_OPT_ENUM, "HOW", "right", "PRM800K: what a rating of 0 is", .choices = LEM_STEPS_NEUTRAL},
    {"stop-after-error", LEM_OPT_FLAG, NULL, NULL, "do not train steps behind the first wrong one"},
    {"system", LEM_OPT_STR, "TEXT", NULL,
     "system prompt; '' for none [as --model was trained, else none; RLHFlow's with --compat]"},
    {"step-separator", LEM_OPT_STR, "TEXT", NULL,
     "text between steps, \\n for a new line [as --model was trained, else \\n; generative \\n\\n]"},
    {"step-token", LEM_OPT_STR, "TOKEN", NULL,
     "scalar, two-class: a token of the tokenizer, such as <extra_0>, that stands behind each step and is "
     "read "
     "[as --model was trained, else the separator]"},
    LEM_OPT_PROMPT_FROM,
    LEM_OPT_TEMPLATE_FILE,
    LEM_OPT_SET,
    {"max-len", LEM_OPT_INT, "N", NULL, "longer solutions are left out and counted [context]", 8, 1048576},
    {"epochs", LEM_OPT_NUM, "X", "1", "passes over the solutions", 0.0001, 10000},
    {"batch", LEM_OPT_INT, "N", "64", "solutions per optimizer step", 1, 65536},
    {"batch-tokens", LEM_OPT_INT, "N", "0",
     "in place of --batch: tokens per optimizer step; 32 packs of 8,192 are 262144", 0, 1e9},
    LEM_OPT_RESULT_DTYPE(""),
    LEM_OPT_BAD_ROWS,
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    const char *model_dir;
    lem_runtime rt;
    lem_model_config config, shape; /* of --model; of what is trained */
    lem_model *model;               /* NULL while --dry-run only plans */
    lem_weights *base;              /* of adapters, else NULL */
    lem_tokenizer *tok;
    lem_prompt_settings prompt;
    lem_prompt_recipe recipe; /* borrows from prompt */
    lem_carry carry;          /* of --model, for what is saved */
    bool bf16;                /* all of --model is stored as BF16 */
    lem_prm_how how;
    lem_prm_data data;
    lem_process *learn, *judge;
    long steps;
    lem_train_result result;
    double auc[2]; /* of validation: its interval */
} job;

/* How solutions are rendered, which is how they will be scored. */
static lem_status make_recipe(job *j, lem_err *err) {
    const lem_head_shape head = {.kind = lem_prm_kind(j->how.head)};
    lem_status st = lem_reward_recipe_make(&head, j->tok, j->model_dir, &j->prompt, &j->recipe, err);
    if (st == LEM_OK && j->how.head == LEM_PRM_GENERATIVE && j->recipe.good == j->recipe.bad)
        st = lem_fail(err, LEM_EDATA, "the tokenizer has one token for '+' and '-'");
    return st ? lem_err_context(err, "%s", j->model_dir) : LEM_OK;
}

static lem_status print_result(const job *j, uint64_t examples, double tokens, lem_err *err) {
    const lem_train_result *r = j->cli->dry_run ? NULL : &j->result;
    const lem_process_stats *s = j->judge ? lem_process_last(j->judge) : NULL;
    if (!j->cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "prm train");
    lem_object_bool(&o, "dry_run", j->cli->dry_run);
    lem_object_str(&o, "out", lem_args_str(j->args, "out"));
    lem_object_str(&o, "identity", lem_job_identity(j->job));
    lem_object_int(&o, "parameters", lem_model_config_params(&j->shape));
    lem_object_num(&o, "tokens", tokens);
    lem_train_tell(&o, examples, j->steps, r);
    lem_bad_rows_tell(&j->data.bad, &o);
    if (r && s && s->labels) lem_prm_tell(&o, s, j->auc);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

static lem_status make_objectives(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_prm_load(j->cli, j->args, j->job, &j->how, j->tok, &j->recipe, j->config.max_positions,
                         &j->data, err));
    LEM_TRY(lem_process_new(&j->data.rows[0], &j->learn, err));
    LEM_TRY(lem_process_new(&j->data.rows[1], &j->judge, err));
    lem_objective obj = lem_process_objective(j->learn), vobj = lem_process_objective(j->judge);
    const lem_objective *val = j->data.val.n ? &vobj : NULL;
    lem_train_packing packing;
    LEM_TRY(lem_train_fit(j->cli, NULL, &j->shape, &j->how.train, &obj, val, &packing, err));
    j->steps = packing.steps;
done:
    return st;
}

static void tell_steps(const job *j, double tokens) {
    j->cli->work_tokens = tokens * j->how.train.epochs;
    const lem_train_opts *o = &j->how.train;
    char batch[64];
    if (o->batch_tokens) snprintf(batch, sizeof batch, "up to %lld tokens", (long long)o->batch_tokens);
    else snprintf(batch, sizeof batch, "%d solutions", o->batch);
    lem_info(j->cli->log, "process reward model: %ld steps of %s; %.3g tokens in an epoch, %.2g FLOP in all",
             j->steps, batch, tokens, 6 * (double)lem_model_config_params(&j->shape) * tokens * o->epochs);
}

static lem_status train(job *j, lem_buf *telemetry, lem_err *err) {
    lem_train_opts o = j->how.train;
    lem_objective obj = lem_process_objective(j->learn), vobj = lem_process_objective(j->judge);
    char *checkpoints = lem_job_work_path(j->job, "checkpoints", err);
    char *live = lem_job_work_path(j->job, LEM_JOB_TELEMETRY, err);
    lem_status st = checkpoints && live ? LEM_OK : LEM_EMEM;
    o.stage = "prm";
    o.checkpoint_dir = j->cli->trial ? NULL : checkpoints;
    o.live_path = live;
    o.identity = lem_job_identity(j->job);
    if (st == LEM_OK)
        st = lem_train_run(j->model, j->rt.backend, &obj, j->data.val.n ? &vobj : NULL, &o, telemetry,
                           j->cli->log, j->cli->cancel, &j->result, err);
    if (st == LEM_OK && !j->cli->trial)
        lem_train_doubts(o.stage, telemetry, &j->result, j->data.counts.kept, j->data.counts.solutions,
                         j->cli->log);
    lem_free(live);
    lem_free(checkpoints);
    return st;
}

static lem_status save(job *j, const lem_buf *telemetry, lem_err *err) {
    const char *out;
    lem_status st = lem_job_folder_begin(j->job, NULL, &out, err);
    if (st == LEM_OK)
        st = lem_prm_save(j->cli, j->model, j->how.head, j->model_dir,
                          lem_train_result_dtype(j->args, j->bf16), out, err);
    if (st == LEM_OK) st = lem_carry_write(&j->carry, out, err);
    if (st == LEM_OK) st = lem_tokenizer_save(j->tok, out, err);
    if (st == LEM_OK) st = lem_prompt_settings_save(&j->prompt, out, err);
    if (st == LEM_OK) st = lem_train_save_telemetry(out, telemetry, err);
    if (st == LEM_OK) st = lem_prm_account(j->job, &j->data, err);
    if (st == LEM_OK) st = lem_job_folder_put(j->job, err);
    return st == LEM_OK ? lem_job_finish(j->job, err) : st;
}

static lem_status judge(job *j, lem_err *err) {
    const lem_process_stats *s = lem_process_last(j->judge);
    if (!s->labels) return LEM_OK; /* no validation, or a run that was complete but for its files */
    lem_status st = lem_process_auc_interval(j->judge, j->cli->seed, j->auc, err);
    if (st == LEM_OK) lem_prm_say(j->cli->log, s, j->auc);
    return st;
}

static lem_status open_model(job *j, lem_err *err) {
    if (!j->shape.lora.rank) return lem_prm_open(j->cli, j->model_dir, j->how.head, &j->model, err);
    lem_lora_model m;
    lem_model_config shape = j->shape;
    if (j->config.head == LEM_HEAD_REWARD) { /* opened as it is */
        shape.head = j->config.head;
        shape.reward = j->config.reward;
    }
    lem_status st =
        lem_lora_open(j->cli, j->model_dir, &shape, &j->how.train.trainable, j->rt.backend, &m, err);
    if (st) return st;
    j->base = m.base;
    j->model = m.model;
    return lem_prm_under_scalar(&j->model, j->model_dir, err);
}

/* Data as tokens, then training. */
static lem_status with_tokenizer(job *j, lem_err *err) {
    lem_buf telemetry = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_prm_settings(j->args, &j->how, &j->prompt, err));
    LEM_TRY(lem_prompt_options_tokenizer(j->cli, j->model_dir, &j->prompt, &j->tok, err));
    LEM_TRY(lem_train_check_tokenizer(j->model_dir, j->tok, j->config.vocab, err));
    LEM_TRY(lem_carry_read(j->model_dir, j->tok, j->config.vocab, true, &j->carry, err));
    LEM_TRY(make_recipe(j, err));
    LEM_TRY(make_objectives(j, err));
    tell_steps(j, (double)j->data.train.n_ids);
    if (!j->cli->dry_run) {
        LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->job), &j->rt, err));
        lem_weights_compute(j->args, j->rt.backend);
        LEM_TRY(lem_job_start(j->job, j->rt.backend->ops->name, err));
        LEM_TRY(open_model(j, err));
        LEM_TRY(train(j, &telemetry, err));
        LEM_TRY(save(j, &telemetry, err));
        LEM_TRY(judge(j, err));
    }
    st = print_result(j, j->data.train.n, (double)j->data.train.n_ids, err);
done:
    lem_buf_release(&telemetry);
    return st;
}

/* A plan where nobody can count tokens. */
static lem_status without_tokenizer(job *j, lem_err *err) {
    const lem_train_opts *o = &j->how.train;
    double tokens = 0;
    uint64_t solutions = 0;
    lem_status st = lem_prm_estimate(j->cli, j->args, &j->how, &tokens, &solutions, err);
    if (st) return st;
    double per_step = (double)o->batch;
    double all = o->batch_tokens ? tokens : (double)solutions;
    if (o->batch_tokens) per_step = (double)o->batch_tokens;
    double steps = all * o->epochs / per_step;
    j->steps = o->max_steps > 0 ? o->max_steps : (long)steps + 1;
    lem_info(j->cli->log, "%s has no tokenizer: tokens are estimated from bytes", j->model_dir);
    tell_steps(j, tokens);
    return print_result(j, solutions, tokens, err);
}

static bool has_tokenizer(const char *dir) {
    return lem_dir_has(dir, "tokenizer.json") || lem_dir_has(dir, "tokenizer.model");
}

static lem_status train_and_save(job *j, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_prm_options(j->args, &j->how, err));
    LEM_TRY(lem_prm_config(j->model_dir, j->cli->dry_run, &j->config, &j->bf16, err));
    j->shape = j->config;
    st = lem_prm_shape(j->how.head, &j->shape, err);
    if (st) {
        lem_err_context(err, "%s", j->model_dir);
        goto done;
    }
    LEM_TRY(lem_lora_options_read(j->args, j->bf16, &j->shape, &j->how.train.trainable, err));
    bool blind = j->cli->dry_run && !has_tokenizer(j->model_dir);
    LEM_TRY(lem_train_memory_check(j->cli, &j->shape, &j->how.train, blind, err));
    st = blind ? without_tokenizer(j, err) : with_tokenizer(j, err);
done:
    return st;
}

static void release(job *j) {
    lem_process_free(j->learn);
    lem_process_free(j->judge);
    lem_prm_data_release(&j->data);
    lem_lora_release(&(lem_lora_model){j->base, j->model});
    lem_tokenizer_free(j->tok);
    lem_carry_release(&j->carry);
    lem_prompt_settings_release(&j->prompt);
    lem_runtime_close(&j->rt);
    lem_job_close(j->job);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {.cli = cli, .args = args, .model_dir = lem_args_str(args, "model")};
    lem_status st = lem_job_open(cli, &lem_cmd_prm_train, args, NULL, &j.job, err);
    if (st == LEM_OK && lem_job_done(j.job)) st = lem_print_complete(cli, "prm train", j.job, err);
    else if (st == LEM_OK) st = train_and_save(&j, err);
    release(&j);
    return st;
}

static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err) {
    lem_model_config c;
    lem_prm_how how;
    bool bf16 = false;
    (void)cli;
    lem_status st = lem_prm_options(args, &how, err);
    if (st == LEM_OK) st = lem_train_plan_config(lem_args_str(args, "model"), out, &c, &bf16, err);
    if (st == LEM_OK) st = lem_prm_shape(how.head, &c, err);
    if (st == LEM_OK) st = lem_lora_options_read(args, bf16, &c, &how.train.trainable, err);
    if (st == LEM_OK) *out = lem_train_plan(&c, &how.train);
    return st;
}

const lem_command lem_cmd_prm_train = {
    .name = "prm train",
    .purpose = "train a process reward model on solutions with labelled steps",
    .usage = "--model DIR --data FILE --out DIR [options]",
    .example = "lemma prm train --model sft-model --data annotated.jsonl --lr 2e-6 --out prm\n"
               "lemma prm train --model Llama-3.1-8B-Instruct --data mistral-prm.jsonl --compat rlhflow "
               "--batch-tokens 262144 --lr 2e-6 --warmup 0.05 --out prm",
    .min_words = 0,
    .max_words = 0,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .shared = lem_train_options,
    .n_shared = LEM_N_TRAIN_OPTIONS,
    .run = run,
    .plan = plan,
    .timed = true,
    .budget = "epochs",
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .required = "model|data",
};
