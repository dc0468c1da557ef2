/* weights_options.c - what --dtype and --compute mean */
#include "cli/weights_options.h"

lem_dtype lem_weights_dtype(const lem_args *args) {
    bool narrow = lem_args_is(args, "dtype", "bf16") || lem_args_is(args, "compute", "bf16");
    return narrow ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
}

const char *lem_weights_dtype_name(const lem_args *args) {
    return lem_weights_dtype(args) == LEM_DTYPE_BF16 ? "bf16" : "f32";
}

void lem_weights_compute(const lem_args *args, lem_backend *b) {
    if (lem_args_is(args, "compute", "bf16")) b->compute = LEM_COMPUTE_BF16;
}
