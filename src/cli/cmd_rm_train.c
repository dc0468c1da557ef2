/* cmd_rm_train.c - lemma rm train: an outcome reward model from response lists */
#include "cli/commands.h"
#include "cli/runtime.h"
#include "cli/train_options.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/dataset.h"
#include "model/model.h"
#include "token/tokenizer.h"
#include "train/orm.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_STR, "DIR", NULL,
     "fine-tuned model (a new reward head is drawn from the seed) or a reward model to train further", 0, 0},
    {"lists", LEM_OPT_STR, "FILE", NULL, "response lists (see 'lemma rm sample')", 0, 0},
    {"val", LEM_OPT_STR, "FILE", NULL, "validation lists", 0, 0},
    {"system", LEM_OPT_STR, "TEXT", LEM_REWARD_SYSTEM, "system prompt; '' for none", 0, 0},
    {"loss", LEM_OPT_STR, "NAME", "bt", "bt (listwise Bradley-Terry), pair, ce, mse or mse-sigmoid", 0, 0},
    {"lm-weight", LEM_OPT_NUM, "X", "0", "weight of a language-model loss on the right responses", 0, 100},
    {"value-weight", LEM_OPT_NUM, "X", "0", "weight of a value loss at every response token", 0, 100},
    {"value-labels", LEM_OPT_STR, "KIND", "outcome",
     "labels of the value loss: outcome (the response's own) or prefix (mean outcome of the list's responses "
     "that share the prefix)",
     0, 0},
    {"center", LEM_OPT_NUM, "X", "0", "weight that pulls the mean score of a list to zero", 0, 100},
    {"add-layers", LEM_OPT_INT, "N", "0",
     "layers put on top of the model, without effect at first, that learn to judge what those below predict",
     0, 64},
    {"freeze-body", LEM_OPT_FLAG, NULL, NULL,
     "train only the added layers (of --add-layers, now or in an earlier run) and the head", 0, 0},
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
    const char *out, *model_dir;
    lem_runtime rt;
    lem_model *model;
    lem_tokenizer *tok;
    lem_lists lists, val;
    lem_orm *rank, *vrank;
    int body_layers;
    char identity[65];
    char *run_manifest, *manifest, *checkpoints;
} job;

static lem_status identify(job *j, lem_err *err) {
    char *weights = lem_path_join(j->model_dir, "model.safetensors", err),
         *tok = lem_path_join(j->model_dir, "tokenizer.json", err);
    const char *val = lem_args_str(j->args, "val"), *inputs[4];
    int n = 0;
    lem_status st = weights && tok ? LEM_OK : LEM_EMEM;
    inputs[n++] = weights;
    inputs[n++] = tok;
    inputs[n++] = lem_args_str(j->args, "lists");
    if (val) inputs[n++] = val;
    if (st == LEM_OK)
        st = lem_job_identity(&lem_cmd_rm_train, j->args, inputs, n, j->rt.backend->ops->name, j->identity,
                              err);
    lem_free(weights);
    lem_free(tok);
    return st;
}

static lem_status open_model(job *j, lem_err *err) {
    lem_model *m = NULL;
    lem_status st = lem_model_open_any(j->model_dir, &m, err);
    if (st == LEM_OK) st = lem_tokenizer_load(j->model_dir, &j->tok, err);
    if (st == LEM_OK && m->config.head != LEM_HEAD_SCALAR) {
        st = lem_model_with_head(m, LEM_HEAD_SCALAR, j->cli->seed, &j->model, err);
        if (st == LEM_OK)
            lem_info(j->cli->log, "%s has no reward head: a new one is drawn from seed %llu and trained",
                     j->model_dir, (unsigned long long)j->cli->seed);
    } else if (st == LEM_OK) {
        j->model = m;
        m = NULL;
    }
    lem_model_free(m);
    int extra = (int)lem_args_int(j->args, "add-layers");
    j->body_layers = lem_args_has(j->args, "body-layers") ? (int)lem_args_int(j->args, "body-layers")
                     : st == LEM_OK                       ? j->model->config.layers
                                                          : 0;
    if (st == LEM_OK && extra) {
        m = j->model;
        j->model = NULL;
        st = lem_model_with_layers(m, extra, j->cli->seed, &j->model, err);
        lem_model_free(m);
    }
    return st;
}

static lem_status load_lists(job *j, const char *path, lem_lists *out, lem_err *err) {
    int max_len = (int)lem_args_int(j->args, "max-len");
    if (max_len == 0 || max_len > j->model->config.max_positions) max_len = j->model->config.max_positions;
    lem_drop_counts d = {0};
    lem_status st = lem_lists_load(out, path, j->tok, lem_args_str(j->args, "system"), max_len, j->cli->limit,
                                   &d, j->cli->log, err);
    if (st == LEM_OK)
        lem_info(j->cli->log,
                 "%s: %llu lists, %llu kept (%llu responses, %llu tokens); left out: %llu too long, %llu "
                 "without both classes",
                 path, (unsigned long long)d.rows, (unsigned long long)d.kept,
                 (unsigned long long)out->n_responses, (unsigned long long)out->n_ids,
                 (unsigned long long)d.too_long, (unsigned long long)d.filtered);
    return st;
}

static lem_status train(job *j, lem_buf *telemetry, lem_err *err) {
    const lem_args *a = j->args;
    lem_status st = LEM_OK;
    lem_train_result res;
    lem_orm_opts ro = {.lm_weight = lem_args_num(a, "lm-weight"),
                       .value_weight = lem_args_num(a, "value-weight"),
                       .center = lem_args_num(a, "center")};
    lem_train_opts o;
    LEM_TRY(lem_train_options_read(a, &o, err));
    o.freeze_layers = lem_args_flag(a, "freeze-body") ? j->body_layers : 0;
    o.stage = "rm";
    o.checkpoint_dir = j->checkpoints;
    o.identity = j->identity;
    const char *labels = lem_args_str(a, "value-labels");
    if (strcmp(labels, "prefix") == 0) ro.prefix_values = true;
    else if (strcmp(labels, "outcome") != 0)
        return lem_fail(err, LEM_EUSAGE, "--value-labels '%s' is neither outcome nor prefix", labels);
    LEM_TRY(lem_ranking_parse(lem_args_str(a, "loss"), &ro.loss, err));
    LEM_TRY(load_lists(j, lem_args_str(a, "lists"), &j->lists, err));
    if (lem_args_str(a, "val")) LEM_TRY(load_lists(j, lem_args_str(a, "val"), &j->val, err));
    LEM_TRY(lem_orm_new(&j->lists, &ro, &j->rank, err));
    LEM_TRY(lem_orm_new(&j->val, &ro, &j->vrank, err));
    lem_objective obj = lem_orm_objective(j->rank), vobj = lem_orm_objective(j->vrank);
    lem_info(j->cli->log,
             "reward model: %ld steps of %d lists, %.1f MiB for activations, gradients and packed weights",
             lem_train_steps(&o, obj.n_items), o.batch,
             (double)lem_net_bytes(&j->model->config, o.max_rows, true) / 1048576);
    if (j->cli->dry_run) goto done;
    LEM_TRY(lem_train_run(j->model, j->rt.backend, &obj, j->val.n ? &vobj : NULL, &o, telemetry, j->cli->log,
                          j->cli->cancel, &res, err));
    if (j->cli->json)
        fprintf(j->cli->out, "{\"steps\":%ld,\"loss\":%.9g,\"val_loss\":%.9g,\"val_accuracy\":%.9g}\n",
                res.steps, res.loss, res.n_val ? res.val[0] : -1, res.n_val ? res.val[1] : -1);
done:
    return st;
}

/* Removes what only an unfinished run needs; a run killed between its result and this is swept when it is
 * found complete. */
static lem_status sweep(const job *j, lem_err *err) {
    lem_status st = lem_dir_remove(j->checkpoints, err);
    return st ? st : lem_file_remove(j->run_manifest, err);
}

static lem_status save(job *j, const lem_buf *telemetry, lem_err *err) {
    lem_status st = lem_model_save(j->model, j->out, LEM_DTYPE_F32, err);
    if (st == LEM_OK) st = lem_tokenizer_save(j->tok, j->out, err);
    char *path = lem_path_join(j->out, "telemetry.jsonl", err);
    if (st == LEM_OK)
        st = path ? lem_file_write_atomic(path, lem_buf_str(telemetry), telemetry->len, err) : LEM_EMEM;
    lem_free(path);
    if (st == LEM_OK)
        st = lem_manifest_write(j->manifest, &lem_cmd_rm_train, j->args, j->identity, &j->rt, err);
    if (st == LEM_OK) st = sweep(j, err);
    return st;
}

static void release(job *j) {
    lem_orm_free(j->rank);
    lem_orm_free(j->vrank);
    lem_lists_release(&j->lists);
    lem_lists_release(&j->val);
    lem_model_free(j->model);
    lem_tokenizer_free(j->tok);
    lem_runtime_close(&j->rt);
    lem_free(j->run_manifest);
    lem_free(j->manifest);
    lem_free(j->checkpoints);
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    job j = {
        .cli = cli, .args = args, .out = lem_args_str(args, "out"), .model_dir = lem_args_str(args, "model")};
    lem_lock *lock = NULL;
    lem_buf telemetry = {0};
    lem_status st = LEM_OK;
    if (!j.out || !j.model_dir || !lem_args_str(args, "lists"))
        return lem_fail(err, LEM_EUSAGE, "--model DIR, --lists FILE and --out DIR are all needed");
    LEM_TRY(lem_dir_make(j.out, err));
    j.run_manifest = lem_path_join(j.out, "run.manifest.json", err);
    j.manifest = lem_path_join(j.out, "manifest.json", err);
    j.checkpoints = lem_path_join(j.out, ".checkpoints", err);
    char *lock_path = lem_path_join(j.out, "run", err);
    if (!j.run_manifest || !j.manifest || !j.checkpoints || !lock_path) st = LEM_EMEM;
    else st = lem_lock_take(lock_path, &lock, err);
    lem_free(lock_path);
    LEM_TRY(st);
    bool anew = cli->fresh || cli->overwrite;
    LEM_TRY(lem_runtime_open(cli, anew ? NULL : j.run_manifest, &j.rt, err));
    LEM_TRY(identify(&j, err));
    if (!anew && lem_manifest_is_of(j.manifest, j.identity)) {
        lem_info(cli->log, "%s is already complete", j.out);
        st = sweep(&j, err);
        goto done;
    }
    if (!anew && lem_file_exists(j.manifest)) {
        st = lem_fail(err, LEM_EUSAGE,
                      "%s holds the result of another run; choose another --out or pass --overwrite", j.out);
        goto done;
    }
    if (anew) LEM_TRY(lem_dir_remove(j.checkpoints, err));
    if (!cli->dry_run)
        LEM_TRY(lem_manifest_write(j.run_manifest, &lem_cmd_rm_train, args, j.identity, &j.rt, err));
    LEM_TRY(open_model(&j, err));
    LEM_TRY(train(&j, &telemetry, err));
    if (!cli->dry_run) LEM_TRY(save(&j, &telemetry, err));
done:
    release(&j);
    lem_buf_release(&telemetry);
    lem_lock_release(lock);
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
    .resumes = true,
};
