/* convert_options.c - number type and largest weight file of a folder that is written tensor by tensor */
#include "cli/convert_options.h"

void lem_convert_options(const lem_args *a, lem_convert_opts *o) {
    const char *dtype = lem_args_str(a, "dtype");
    o->set_dtype = dtype != NULL;
    o->dtype = LEM_DTYPE_F32;
    if (lem_args_is(a, "dtype", "f16")) o->dtype = LEM_DTYPE_F16;
    if (lem_args_is(a, "dtype", "bf16")) o->dtype = LEM_DTYPE_BF16;
    o->shard_bytes = (uint64_t)lem_args_int(a, "shard-size");
}
