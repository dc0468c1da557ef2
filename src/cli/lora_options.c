/* lora_options.c - adapters in training commands: asked for, put on, saved and merged */
#include "cli/lora_options.h"

#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "model/adapters.h"

lem_status lem_lora_options_read(const lem_args *args, bool bf16, lem_model_config *shape, lem_trainable *t,
                                 lem_err *err) {
    const lem_lora_opts o = {(int)lem_args_int(args, "lora-rank"),
                             lem_args_has(args, "lora-alpha") ? lem_args_num(args, "lora-alpha") : 0,
                             lem_args_str(args, "lora-targets"), lem_args_flag(args, "rslora"),
                             lem_args_num(args, "lora-dropout")};
    if (o.rank == 0) return LEM_OK;
    if (t->frozen_layers)
        return lem_fail(err, LEM_EUSAGE, "--freeze-body and --lora-rank: one of them says what learns");
    const bool products = t->bf16;
    *t = lem_lora_trainable();
    t->bf16 = products;
    if (bf16) t->frozen_dtype = LEM_DTYPE_BF16;
    return lem_lora_make(&o, shape, &shape->lora, err);
}

lem_status lem_lora_begin(lem_cli *cli, const lem_model_config *shape, lem_model *m, lem_err *err) {
    const lem_trainable t = lem_lora_trainable();
    if (shape->lora.rank == 0) return LEM_OK;
    lem_status st = lem_model_adapt(m, &shape->lora, cli->seed, err);
    if (st == LEM_OK)
        lem_info(cli->log, "adapters of rank %d: %zu of %zu parameters learn", shape->lora.rank,
                 lem_trainable_params(&t, &m->config), lem_model_config_params(&m->config));
    return st;
}

lem_status lem_lora_end(lem_model *m, const char *base, const char *out, lem_err *err) {
    if (m->config.lora.rank == 0) return LEM_OK;
    char *dir = lem_path_join(out, "adapter", err);
    lem_status st = dir ? lem_dir_make(out, err) : LEM_EMEM;
    if (st == LEM_OK) st = lem_model_save_adapters(m, base, dir, err);
    if (st == LEM_OK) st = lem_model_merge(m, err);
    lem_free(dir);
    return st;
}
