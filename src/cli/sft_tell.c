/* sft_tell.c - what lemma sft says of a stage when it is over, and its object of --json */
#include "cli/sft.h"

#include "core/data_files.h"
#include "core/file.h"

#include <math.h>
#include <string.h>

void lem_sft_say(const lem_sft_job *j, const lem_sft_stage *s) {
    const lem_train_result *r = &s->result;
    const lem_train_metrics *a = &r->answers;
    if (r->has_first && r->n_val)
        lem_info(j->cli->log, "stage %s: validation loss %.4f before the first step, %.4f of step %ld",
                 s->name, r->first_val, r->val[0], r->kept_step);
    if (r->has_first && r->n_val && r->val[0] >= r->first_val)
        lem_warn(j->cli->log,
                 "stage %s: the validation loss did not fall (%.4f, now %.4f): lower --lr, or stop earlier "
                 "(--keep "
                 "best --patience 3)",
                 s->name, r->first_val, r->val[0]);
    if (a->n)
        lem_info(j->cli->log,
                 "stage %s: %.1f %% of %.0f answers are right, %.1f %% were cut at --eval-tokens", s->name,
                 100 * a->at[0].value, a->at[2].value, 100 * a->at[1].value);
}

/* Bytes of the stage's rows times its epochs; 1 where they cannot be told. */
static double size_of(const lem_sft_stage *s) {
    const lem_json *list = lem_args_tree(&s->args, "data");
    double bytes = 0, epochs = lem_args_num(&s->args, "epochs");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const char *path = lem_json_str(lem_json_at(list, i), "");
        lem_data_files f = {NULL, 0};
        uint64_t size = 0;
        if (lem_data_files_find(&path, 1, &f, NULL) == LEM_OK)
            for (size_t k = 0; k < f.n; k++)
                if (lem_file_size(f.path[k], &size, NULL) == LEM_OK) bytes += (double)size;
        lem_data_files_release(&f);
    }
    return bytes > 0 && epochs > 0 ? bytes * epochs : 1;
}

void lem_sft_part(const lem_sft_job *j, int first, int i, double *from, double *to) {
    double before = 0, own = size_of(&j->stages[i]), all = 0;
    for (int k = first; k < j->n; k++) {
        double size = size_of(&j->stages[k]);
        all += size;
        if (k < i) before += size;
    }
    *from = before / all;
    *to = (before + own) / all;
}

/* ---- --json ---- */

static void put_chosen(lem_object *o, const lem_sft_stage *s) {
    lem_object why = lem_object_new();
    if (*s->chosen.lr) lem_object_str(&why, "lr", s->chosen.lr);
    if (*s->chosen.batch) lem_object_str(&why, "batch", s->chosen.batch);
    lem_object_json(o, "chosen", lem_object_done(&why));
}

static void put_plan(lem_object *o, const lem_sft_stage *s) {
    const lem_train_packing *p = &s->packing;
    lem_object_int(o, "rows", s->rows.rows);
    lem_object_int(o, "kept", s->rows.kept);
    lem_object_int(o, "too_long", s->rows.too_long);
    lem_object_int(o, "left_out_otherwise", s->rows.rows - s->rows.kept - s->rows.too_long);
    lem_object_int(o, "cut", s->rows.cut);
    lem_bad_rows_tell(&s->bad, o);
    lem_object_int(o, "tokens", s->rows.tokens);
    lem_object_int(o, "trained_tokens", s->rows.trained);
    if (s->domains) lem_object_json(o, "domains", lem_json_share(s->domains));
    lem_object_num(o, "lr", s->train.lr);
    lem_object_int(o, "warmup_steps", (uint64_t)lem_train_warmup(&s->train, p->steps));
    if (s->train.batch_tokens) lem_object_int(o, "batch_tokens", (uint64_t)s->train.batch_tokens);
    else lem_object_int(o, "batch", (uint64_t)s->train.batch);
    if (s->train.batch_tokens) lem_object_num(o, "batch_fill", p->batch_fill);
    lem_object_int(o, "max_rows", (uint64_t)s->train.max_rows);
    lem_object_num(o, "pass_fill", p->pass_fill);
    put_chosen(o, s);
    if (s->first) lem_object_json(o, "first_row", lem_json_share(s->first));
}

static lem_json *answers_json(const lem_train_metrics *m) {
    lem_object o = lem_object_new();
    for (int i = 0; i < m->n; i++) lem_object_num(&o, m->at[i].name, m->at[i].value);
    return lem_object_done(&o);
}

static void put_result(lem_object *o, const lem_train_result *r) {
    if (r->has_first) lem_object_num(o, "first_val_loss", r->first_val);
    lem_object_int(o, "kept_step", (uint64_t)r->kept_step);
    lem_object_bool(o, "stopped_early", r->stopped);
    if (r->answers.n) lem_object_json(o, "eval", answers_json(&r->answers));
}

static lem_json *stage_json(const lem_sft_job *j, const lem_sft_stage *s) {
    lem_object o = lem_object_new();
    bool done = s->ran && !j->cli->dry_run;
    long steps = done ? s->result.steps : s->packing.steps;
    lem_object_str(&o, "name", s->name);
    lem_object_bool(&o, "already_complete", !s->ran);
    if (s->ran) {
        lem_train_tell(&o, s->rows.kept, steps, done ? &s->result : NULL);
        put_plan(&o, s);
    }
    if (done) put_result(&o, &s->result);
    return lem_object_done(&o);
}

static lem_json *stages_json(const lem_sft_job *j) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < j->n; i++) ok = lem_json_append(list, stage_json(j, &j->stages[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

lem_status lem_sft_print(const lem_sft_job *j, lem_err *err) {
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
