/* cmd_rm_train.c - lemma rm train: an outcome reward model from response lists */
#include "cli/commands.h"
#include "cli/score_options.h"
#include "cli/prompt_options.h"
#include "cli/rm_train_goal.h"
#include "cli/rm_train_lists.h"
#include "cli/runtime.h"
#include "cli/train_options.h"
#include "cli/weights_options.h"

#include "core/file.h"
#include "job/digest.h"
#include "core/mem.h"
#include "core/object.h"
#include "model/model.h"
#include "prompt/carry.h"
#include "reward/recipe.h"
#include "token/tokenizer.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL,
     "fine-tuned model (a new reward head is drawn from the seed) or a reward model to train further"},
    {"lists", LEM_OPT_INPUTS, "FILE", NULL,
     "response lists (see 'lemma rm sample'), a file, folder or pattern; repeatable, read in the order "
     "given; --limit counts in each"},
    {"val", LEM_OPT_INPUT, "FILE", NULL, "validation lists"},
    {"system", LEM_OPT_STR, "TEXT", NULL,
     "system prompt; '' for none [as --model was trained, else AceMath's: " LEM_REWARD_SYSTEM "]"},
    LEM_OPT_PROMPT_FROM,
    LEM_OPT_TEMPLATE_FILE,
    LEM_OPT_SET,
    {"val-share", LEM_OPT_NUM, "X", "0.05",
     "without --val: share of the problems that is split off for validation, whole problems by seed and "
     "text; "
     "0 = none. Fewer than 20 problems are not split",
     0, 0.9},
    {"head", LEM_OPT_ENUM, "NAME", "scalar",
     "what judges: a scalar at the end of the reply, or the language model's own next token, '+' or '-', "
     "after "
     "the whole solution (RLHFlow), learned by cross-entropy",
     .choices = LEM_RM_HEAD_NAMES},
    {"loss", LEM_OPT_ENUM, "NAME", "bt",
     "of a list: bt (listwise) over all pairs, pair (pairwise) over the first right and the first wrong one, "
     "margin (hinge) over all pairs, ce (bce), mse, mse-sigmoid for each response; implicit: no head, ce of "
     "the "
     "language model's gain in log-probability on where it began; dpo: bt of that",
     .choices = LEM_RM_LOSS_NAMES},
    {"margin", LEM_OPT_NUM, "X", "1", "of --loss margin: by how much a right response is to score higher", 0,
     1000},
    {"beta", LEM_OPT_NUM, "B", LEM_IMPLICIT_BETA, "of --loss implicit and dpo: score for a nat gained", 1e-6,
     1000},
    {"lm-weight", LEM_OPT_NUM, "X", "0", "weight of a language-model loss on the right responses", 0, 100},
    {"value-weight", LEM_OPT_NUM, "X", "0", "weight of a value loss at every response token", 0, 100},
    {"value-labels", LEM_OPT_ENUM, "KIND", "outcome",
     "labels of the value loss: the response's own outcome, or the mean outcome of the list's responses that "
     "share the prefix",
     .choices = "outcome|prefix"},
    {"center", LEM_OPT_NUM, "X", "0", "weight that pulls the mean score of a list to zero", 0, 100},
    {"keep", LEM_OPT_ENUM, "WHICH", "last",
     "last: the parameters of the last step; best: of the best validation, ties to the earlier (--val-every "
     "0 "
     "then means ten times)",
     .choices = "last|best"},
    {"keep-by", LEM_OPT_ENUM, "METRIC", "accuracy",
     "of --keep best: loss, accuracy of pairs, margin, auc over all responses, best_right (the best-scored "
     "of "
     "a list is right), ece (calibration; ce, mse and generative only)",
     .choices = LEM_RM_KEEP_NAMES},
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
    LEM_OPT_RESULT_DTYPE(""),
    LEM_OPT_BAD_ROWS,
};

typedef struct job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    const char *model_dir;
    lem_runtime rt;
    lem_model_config config; /* of --model */
    lem_model *model;        /* NULL while --dry-run only plans */
    lem_weights *base;       /* of adapters, else NULL */
    lem_tokenizer *tok;
    lem_prompt_settings prompt;
    lem_prompt_recipe recipe; /* borrows from prompt */
    lem_carry carry;          /* of --model, for what is saved */
    bool bf16;                /* all of --model is stored as BF16 */
    lem_rm_goal goal;
    lem_rm_lists lists;
    lem_rm_judge judge, vjudge;
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

static lem_status open_adapted(job *j, lem_err *err) {
    lem_lora_model m;
    lem_status st = lem_lora_open(j->cli, j->model_dir, &j->shape, &j->o.trainable, j->rt.backend, &m, err);
    if (st) return st;
    j->model = m.model;
    j->base = m.base;
    return LEM_OK;
}

static lem_status open_model(job *j, lem_err *err) {
    lem_model *m = NULL;
    int extra = (int)lem_args_int(j->args, "add-layers");
    if (j->shape.lora.rank) return open_adapted(j, err);
    lem_status st = lem_model_open_any(j->model_dir, &m, err);
    if (st) return st;
    if (j->goal.kind == LEM_RM_SCALAR && m->config.head != LEM_HEAD_SCALAR) {
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
    lem_prompt_options o = {.template = lem_args_str(j->args, "template"),
                            .set = lem_args_tree(j->args, "set"),
                            .system = lem_args_str(j->args, "system"),
                            .from = lem_args_str(j->args, "prompt-from")};
    return lem_prompt_settings_open(j->model_dir, &o, &j->prompt, err);
}

/* How the lists are read, which is how the model will be scored. */
static lem_status make_recipe(job *j, lem_err *err) {
    const lem_head_shape head = {.kind = lem_rm_goal_head(&j->goal)}; /* the one that is trained */
    lem_status st = lem_reward_settings_complete(head.kind, &j->prompt, err);
    if (st) return st;
    st = lem_reward_recipe_make(&head, j->tok, j->model_dir, &j->prompt, &j->recipe, err);
    return st ? lem_err_context(err, "%s", j->model_dir) : LEM_OK;
}

/* The shape of the model that is trained, from that of --model (stored as BF16 or not), and what of it
 * learns. */
static void make_shape(const lem_args *args, bool bf16, bool scalar, lem_model_config *c, lem_trainable *t) {
    int body = lem_args_has(args, "body-layers") ? (int)lem_args_int(args, "body-layers") : c->layers;
    t->frozen_layers = lem_args_flag(args, "freeze-body") ? body : 0;
    if (bf16 && t->frozen_layers > 0 && t->frozen_layers <= c->layers) t->frozen_dtype = LEM_DTYPE_BF16;
    c->layers += (int)lem_args_int(args, "add-layers");
    if (!scalar || c->head == LEM_HEAD_SCALAR) return;
    c->head = LEM_HEAD_SCALAR;
    c->reward = (lem_head_shape){0};
}

/* The options, with what learns, and the shape. */
static lem_status read_options(const lem_args *args, bool bf16, lem_model_config *c, lem_rm_goal *g,
                               lem_train_opts *o, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_train_options_read(args, o, err));
    LEM_TRY(lem_rm_goal_read(args, g, err));
    if (g->kind != LEM_RM_SCALAR && c->head != LEM_HEAD_LM)
        LEM_TRY(lem_fail(err, LEM_EUSAGE,
                         "%s is no language model, which --head generative and --loss implicit and dpo need",
                         lem_args_str(args, "model")));
    if (lem_args_int(args, "add-layers") && lem_args_int(args, "lora-rank"))
        LEM_TRY(lem_fail(err, LEM_EUSAGE,
                         "--add-layers and --lora-rank: adapters are beside layers that are there"));
    make_shape(args, bf16, g->kind == LEM_RM_SCALAR, c, &o->trainable);
    LEM_TRY(lem_model_config_check(c, err));
    st = lem_lora_options_read(args, bf16, c, &o->trainable, err);
done:
    return st;
}

static lem_status make_objectives(job *j, lem_err *err) {
    int max_len = (int)lem_args_int(j->args, "max-len");
    if (max_len == 0 || max_len > j->config.max_positions) max_len = j->config.max_positions;
    const lem_lists_how how = {
        &j->recipe, max_len, j->cli->limit, j->cli->cancel, j->goal.kind == LEM_RM_GENERATIVE, NULL};
    lem_status st = LEM_OK;
    LEM_TRY(lem_rm_lists_load(j->cli, j->args, j->job, j->tok, &how, &j->lists, err));
    if (lem_args_is(j->args, "keep", "best") && j->lists.val.n == 0)
        LEM_TRY(lem_fail(err, LEM_EUSAGE, "--keep best needs validation lists: --val, or --val-share"));
    LEM_TRY(lem_rm_judge_new(&j->goal, &j->lists.train, &j->recipe, false, &j->judge, err));
    LEM_TRY(lem_rm_judge_new(&j->goal, &j->lists.val, &j->recipe, true, &j->vjudge, err));
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
    lem_train_tell(&o, j->lists.train.n, j->steps, r);
    lem_rm_lists_tell(&o, &j->lists, r);
    if (r && r->n_val) lem_object_num(&o, "val_accuracy", r->val[1]);
    return lem_print_json(j->cli->out, lem_object_done(&o), 0, err);
}

/* What implicit rewards are measured from: the model as it is. Computed anew when a run goes on, to the same
 * bits. */
static lem_status make_reference(job *j, lem_err *err) {
    lem_rm_judge *const both[] = {&j->judge, &j->vjudge};
    lem_status st = LEM_OK;
    if (j->goal.kind != LEM_RM_IMPLICIT) return LEM_OK;
    lem_info(j->cli->log, "log-probabilities of %llu lists under the model as it is, the reference",
             (unsigned long long)(j->lists.train.n + j->lists.val.n));
    for (int i = 0; st == LEM_OK && i < 2; i++)
        st = lem_implicit_reference(both[i]->implicit, j->model, j->rt.backend, j->o.max_rows, j->cli->cancel,
                                    err);
    return st;
}

static lem_status train_model(job *j, lem_train_opts *o, lem_buf *telemetry, lem_err *err) {
    const lem_objective obj = lem_rm_judge_objective(&j->judge), vobj = lem_rm_judge_objective(&j->vjudge);
    char *checkpoints = lem_job_work_path(j->job, "checkpoints", err);
    char *best = checkpoints ? lem_path_join(checkpoints, "best", err) : NULL;
    char *live = lem_job_work_path(j->job, LEM_JOB_TELEMETRY, err);
    lem_status st = best && live ? make_reference(j, err) : LEM_EMEM;
    o->stage = "rm";
    o->checkpoint_dir = j->cli->trial ? NULL : checkpoints;
    o->live_path = live;
    o->identity = lem_job_identity(j->job);
    if (lem_args_is(j->args, "keep", "best")) {
        o->best_by = lem_args_str(j->args, "keep-by");
        o->best_dir = best;
        if (o->val_every == 0) o->val_every = (int)((j->steps + 9) / 10);
    }
    if (st == LEM_OK)
        st = lem_train_run(j->model, j->rt.backend, &obj, j->lists.val.n ? &vobj : NULL, o, telemetry,
                           j->cli->log, j->cli->cancel, &j->result, err);
    if (st == LEM_OK) lem_rm_lists_judge(j->cli, &j->lists, &j->result);
    if (st == LEM_OK && !j->cli->trial)
        lem_train_doubts(o->stage, telemetry, &j->result, j->lists.counts.kept, j->lists.counts.rows,
                         j->cli->log);
    lem_free(checkpoints);
    lem_free(best);
    lem_free(live);
    return st;
}

/* Whether it fits, and its steps. */
static lem_status plan_training(job *j, lem_err *err) {
    const lem_objective obj = lem_rm_judge_objective(&j->judge), vobj = lem_rm_judge_objective(&j->vjudge);
    lem_train_packing p = {0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_train_fit(j->cli, NULL, &j->shape, &j->o, &obj, j->lists.val.n ? &vobj : NULL, &p, err));
    j->steps = p.steps;
    if (j->cli->dry_run) j->cli->work_tokens = lem_train_packing_tokens(&p);
    lem_info(j->cli->log,
             "reward model: %ld steps of %d lists, %.1f MiB for activations, gradients and packed weights",
             j->steps, j->o.batch, (double)lem_net_part_bytes(&j->shape, p.pass, &j->o.trainable) / 1048576);
done:
    return st;
}

static lem_status save(job *j, const lem_buf *telemetry, lem_err *err) {
    const char *out;
    lem_status st = lem_job_folder_begin(j->job, NULL, &out, err);
    if (st == LEM_OK) st = lem_digest_clear_model(out, err);
    if (st == LEM_OK)
        st = lem_lora_save(j->cli, j->model, j->model, j->model_dir, out,
                           lem_train_result_dtype(j->args, j->bf16), err);
    if (st == LEM_OK) st = lem_carry_write(&j->carry, out, err);
    if (st == LEM_OK) st = lem_tokenizer_save(j->tok, out, err);
    if (st == LEM_OK) st = lem_prompt_settings_save(&j->prompt, out, err);
    if (st == LEM_OK) st = lem_train_save_telemetry(out, telemetry, err);
    if (st == LEM_OK) st = lem_rm_lists_account(j->job, &j->lists, err);
    if (st == LEM_OK) st = lem_job_folder_put(j->job, err);
    return st == LEM_OK ? lem_job_finish(j->job, err) : st;
}

static lem_status train_and_save(job *j, lem_err *err) {
    lem_buf telemetry = {0};
    lem_status st = LEM_OK;
    LEM_TRY(read_prompt(j, err));
    LEM_TRY(lem_train_folder_config(j->model_dir, &j->config, &j->bf16, err));
    LEM_TRY(lem_prompt_options_tokenizer(j->cli, j->model_dir, &j->prompt, &j->tok, err));
    LEM_TRY(lem_train_check_tokenizer(j->model_dir, j->tok, j->config.vocab, err));
    LEM_TRY(lem_carry_read(j->model_dir, j->tok, j->config.vocab, true, &j->carry, err));
    j->shape = j->config;
    LEM_TRY(read_options(j->args, j->bf16, &j->shape, &j->goal, &j->o, err));
    LEM_TRY(make_recipe(j, err));
    LEM_TRY(lem_train_memory_check(j->cli, &j->shape, &j->o, false, err));
    LEM_TRY(make_objectives(j, err));
    LEM_TRY(plan_training(j, err));
    if (!j->cli->dry_run) {
        LEM_TRY(lem_runtime_open(j->cli, lem_job_compute_path(j->job), &j->rt, err));
        lem_weights_compute(j->args, j->rt.backend);
        LEM_TRY(lem_job_start(j->job, j->rt.backend->ops->name, err));
        LEM_TRY(open_model(j, err));
    }
    if (!j->cli->dry_run) {
        lem_train_opts o = j->o;
        LEM_TRY(train_model(j, &o, &telemetry, err));
        LEM_TRY(save(j, &telemetry, err));
    }
    st = print_result(j, err);
done:
    lem_buf_release(&telemetry);
    return st;
}

static void release(job *j) {
    lem_rm_judge_free(&j->judge);
    lem_rm_judge_free(&j->vjudge);
    lem_rm_lists_release(&j->lists);
    lem_lora_release(&(lem_lora_model){j->base, j->model});
    lem_tokenizer_free(j->tok);
    lem_carry_release(&j->carry);
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
    lem_status st = lem_train_plan_config(lem_args_str(args, "model"), out, &c, &bf16, err);
    lem_train_opts o;
    lem_rm_goal g;
    if (st == LEM_OK) st = read_options(args, bf16, &c, &g, &o, err);
    if (st == LEM_OK) *out = lem_train_plan(&c, &o);
    return st;
}

const lem_command lem_cmd_rm_train = {
    .name = "rm train",
    .purpose = "train an outcome reward model on response lists",
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
    .timed = true,
    .budget = "epochs",
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .required = "model|lists",
};
