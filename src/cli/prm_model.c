/* prm_model.c - the model of lemma prm train: opened under the head that is trained, saved under the one that
 * is read */
#include "cli/prm_train.h"

#include "cli/train_options.h"
#include "core/file.h"
#include "job/digest.h"
#include "model/folder.h"
#include "model/step_head.h"

#include <math.h>

/* Weights are there, in one file or several. */
static bool has_weights(const char *dir) {
    return lem_dir_has(dir, "model.safetensors") || lem_dir_has(dir, "model.safetensors.index.json");
}

lem_status lem_prm_config(const char *dir, bool plan_only, lem_model_config *out, bool *bf16, lem_err *err) {
    *bf16 = false;
    return plan_only && !has_weights(dir) ? lem_model_shape(dir, out, err)
                                          : lem_train_folder_config(dir, out, bf16, err);
}

static bool is_step_head(const lem_model_config *c) {
    return c->reward.kind == LEM_HEAD_KIND_SKYWORK_PRM || c->reward.kind == LEM_HEAD_KIND_TOKEN_CLASSIFIER;
}

lem_status lem_prm_shape(lem_prm_head head, lem_model_config *c, lem_err *err) {
    bool reward = c->head == LEM_HEAD_REWARD;
    if (head == LEM_PRM_GENERATIVE && c->head != LEM_HEAD_LM)
        return lem_fail(err, LEM_EDATA, "--head generative needs a language model, this is a %s",
                        lem_head_kind_name(c->reward.kind));
    if (reward && !is_step_head(c))
        return lem_fail(err, LEM_EDATA, "--model has a head that is only read (%s)",
                        lem_head_kind_name(c->reward.kind));
    if (head == LEM_PRM_GENERATIVE) return LEM_OK;
    c->head = LEM_HEAD_SCALAR;
    c->reward = (lem_head_shape){0};
    return lem_model_config_check(c, err);
}

/* The model under a scalar head. */
static lem_status under_scalar(const lem_cli *cli, const char *dir, lem_model *m, lem_model **out,
                               lem_err *err) {
    if (m->config.head == LEM_HEAD_REWARD) return lem_step_head_read(m, out, err);
    lem_info(cli->log, "%s has no reward head: a new one is drawn from seed %llu and trained", dir,
             (unsigned long long)cli->seed);
    return lem_model_with_head(m, LEM_HEAD_SCALAR, cli->seed, out, err);
}

lem_status lem_prm_open(const lem_cli *cli, const char *dir, lem_prm_head head, lem_model **out,
                        lem_err *err) {
    lem_model *m = NULL;
    lem_head_kind kind = LEM_HEAD_KIND_NONE;
    lem_status st = lem_model_open_any(dir, &m, err);
    if (st) return st;
    kind = m->config.reward.kind;
    if (head == LEM_PRM_GENERATIVE || m->config.head == LEM_HEAD_SCALAR) {
        *out = m;
        return LEM_OK;
    }
    st = under_scalar(cli, dir, m, out, err);
    lem_model_free(m);
    return st ? lem_err_context(err, "%s (%s)", dir, lem_head_kind_name(kind)) : LEM_OK;
}

lem_status lem_prm_under_scalar(lem_model **m, const char *dir, lem_err *err) {
    lem_model *made = NULL;
    if ((*m)->config.head != LEM_HEAD_REWARD) return LEM_OK;
    lem_status st = lem_step_head_read(*m, &made, err);
    if (st) return lem_err_context(err, "%s (%s)", dir, lem_head_kind_name((*m)->config.reward.kind));
    lem_model_free(*m);
    *m = made;
    return LEM_OK;
}

lem_status lem_prm_save(const lem_cli *cli, const lem_model *m, lem_prm_head head, const char *base,
                        lem_dtype dtype, const char *out, lem_err *err) {
    lem_model *saved = NULL;
    lem_status st = lem_digest_clear_model(out, err);
    if (st == LEM_OK && head != LEM_PRM_GENERATIVE)
        st = lem_step_head_write(m, lem_prm_kind(head), &saved, err);
    if (st == LEM_OK) st = lem_lora_save(cli, m, saved ? saved : m, base, out, dtype, err);
    lem_model_free(saved);
    return st;
}

/* ---- what validation says ---- */

void lem_prm_say(lem_log *log, const lem_process_stats *s, const double auc[2]) {
    double share = (double)s->right / (double)s->labels, most = share > 0.5 ? share : 1 - share;
    lem_buf b = {0};
    if (!isnan(s->auc)) lem_buf_printf(&b, "; AUC %.3f (%.3f to %.3f; 0.5 = chance)", s->auc, auc[0], auc[1]);
    if (!isnan(s->f1))
        lem_buf_printf(
            &b, "; first errors: F1 %.3f (found in %.3f of %llu with one, none claimed in %.3f of %llu)",
            s->f1, s->found, (unsigned long long)s->with_error, s->passed,
            (unsigned long long)s->without_error);
    lem_info(log, "validation: accuracy %.3f of %llu labels (always the same verdict: %.3f)%s", s->accuracy,
             (unsigned long long)s->labels, most, lem_buf_str(&b));
    lem_buf_release(&b);
}

void lem_prm_tell(lem_object *o, const lem_process_stats *s, const double auc[2]) {
    lem_object_int(o, "val_labels", s->labels);
    lem_object_int(o, "val_right", s->right);
    lem_object_num(o, "val_accuracy", s->accuracy);
    lem_object_num(o, "val_auc", s->auc);
    lem_object_num(o, "val_auc_low", auc[0]);
    lem_object_num(o, "val_auc_high", auc[1]);
    lem_object_num(o, "val_first_error_f1", s->f1);
    lem_object_num(o, "val_found", s->found);
    lem_object_num(o, "val_passed", s->passed);
}
