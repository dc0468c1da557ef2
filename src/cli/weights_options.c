/* weights_options.c - what --dtype and --compute mean */
#include "cli/weights_options.h"

#include "model/folder.h"

lem_dtype lem_weights_dtype(const lem_args *args) {
    if (lem_args_is(args, "compute", "int8")) return LEM_DTYPE_I8;
    bool narrow = lem_args_is(args, "dtype", "bf16") || lem_args_is(args, "compute", "bf16");
    return narrow ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
}

const char *lem_weights_dtype_name(const lem_args *args) {
    return lem_weights_dtype(args) == LEM_DTYPE_BF16 ? "bf16" : "f32";
}

const char *lem_weights_compute_name(const lem_args *args) {
    return lem_args_is(args, "compute", "int8") ? "int8" : "f32";
}

lem_compute lem_weights_products(const lem_args *args) {
    return lem_args_is(args, "compute", "bf16") ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
}

void lem_weights_compute(const lem_args *args, lem_backend *b) {
    if (lem_weights_products(args) == LEM_COMPUTE_BF16) b->compute = LEM_COMPUTE_BF16;
}

lem_status lem_weights_implied(const lem_cli *cli, lem_job *job, const lem_args *args, const char *dir,
                               const char *name, lem_err *err) {
    lem_model_config c;
    lem_status st = lem_model_shape(dir, &c, err);
    if (st || !c.int8) return st;
    if (lem_args_is(args, "compute", "bf16"))
        return lem_fail(err, LEM_EUSAGE,
                        "%s: an int8 model (lemma model quantize) cannot be multiplied as --compute bf16; "
                        "leave --compute away",
                        dir);
    lem_info(cli->log,
             "%s: an int8 model, weights and activations are int8 (lemma model info tells what was "
             "lost)",
             dir);
    return lem_job_choose(job, name, "int8", err);
}
