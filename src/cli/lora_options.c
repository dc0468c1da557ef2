/* lora_options.c - adapters in training commands: asked for, put on, saved and merged */
#include "cli/lora_options.h"

#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "model/base.h"
#include "model/weights_open.h"

/* Nothing but adapters learns beside int8. */
static lem_status without_adapters(const lem_args *args, const lem_model_config *shape, lem_err *err) {
    if (!shape->int8) return LEM_OK;
    return lem_fail(
        err, LEM_EDATA,
        "%s: an int8 model (lemma model quantize) learns by adapters alone: give --lora-rank N, or "
        "take the model that it was made from",
        lem_args_str(args, "model"));
}

lem_status lem_lora_options_read(const lem_args *args, bool bf16, lem_model_config *shape, lem_trainable *t,
                                 lem_err *err) {
    const lem_lora_opts o = {(int)lem_args_int(args, "lora-rank"),
                             lem_args_has(args, "lora-alpha") ? lem_args_num(args, "lora-alpha") : 0,
                             lem_args_str(args, "lora-targets"), lem_args_flag(args, "rslora"),
                             lem_args_num(args, "lora-dropout")};
    if (o.rank == 0) return without_adapters(args, shape, err);
    if (t->frozen_layers)
        return lem_fail(err, LEM_EUSAGE, "--freeze-body and --lora-rank: one of them says what learns");
    const lem_trainable asked = *t;
    *t = lem_lora_trainable();
    t->bf16 = asked.bf16;
    t->recompute = asked.recompute;
    t->based = true;
    if (bf16) t->frozen_dtype = LEM_DTYPE_BF16;
    if (shape->int8) t->frozen_dtype = LEM_DTYPE_I8;
    return lem_lora_make(&o, shape, &shape->lora, err);
}

lem_status lem_lora_open(lem_cli *cli, const char *dir, const lem_model_config *shape, const lem_trainable *t,
                         lem_backend *b, lem_lora_model *out, lem_err *err) {
    const lem_head lm = LEM_HEAD_LM, *need = shape->head == LEM_HEAD_LM ? &lm : NULL;
    lem_lora_model made = {NULL, NULL};
    lem_status st = lem_weights_open_base(dir, need, b, lem_trainable_base(t), &made.base, err);
    if (st == LEM_OK) st = lem_model_open_over(dir, made.base, shape, cli->seed, &made.model, err);
    if (st) {
        lem_lora_release(&made);
        return st;
    }
    if (shape->head == LEM_HEAD_SCALAR && lem_weights_config(made.base)->head == LEM_HEAD_LM)
        lem_info(cli->log, "%s has no reward head: a new one is drawn from seed %llu and trained", dir,
                 (unsigned long long)cli->seed);
    lem_info(cli->log, "adapters of rank %d: %zu of %zu parameters learn, the others stay %s",
             shape->lora.rank, lem_trainable_params(t, shape), lem_model_config_params(shape),
             lem_dtype_name(lem_trainable_base(t)));
    *out = made;
    return LEM_OK;
}

void lem_lora_release(lem_lora_model *m) {
    lem_model_free(m->model);
    if (m->base) lem_weights_free(m->base);
    *m = (lem_lora_model){NULL, NULL};
}

lem_status lem_lora_save(const lem_cli *cli, const lem_model *m, const lem_model *whole, const char *base,
                         const char *out, lem_dtype dtype, lem_err *err) {
    if (!m->base) return lem_model_save(whole, out, dtype, err);
    char *dir = lem_path_join(out, "adapter", err);
    lem_status st = dir ? lem_dir_make(out, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_model_save_adapters(m, base, dir, err);
    if (st == LEM_OK) st = lem_model_save_merged(whole, base, out, dtype, cli->cancel, err);
    lem_free(dir);
    return st;
}
