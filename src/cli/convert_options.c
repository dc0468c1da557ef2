/* convert_options.c - number type and largest weight file of a folder that is written tensor by tensor */
#include "cli/convert_options.h"

#include <stdlib.h>
#include <string.h>

/* "5GB": a number and a unit of Transformers (KB, MB, GB by thousands; KiB, MiB, GiB by 1024) or bytes. */
static lem_status shard_size(const char *text, uint64_t *out, lem_err *err) {
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1},     {"B", 1},        {"KB", 1e3},        {"MB", 1e6},
                 {"GB", 1e9}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};
    size_t digits = strspn(text, "0123456789.");
    char *end = NULL;
    double x = digits && digits < 16 ? strtod(text, &end) : 0;
    for (size_t i = 0; end == text + digits && i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + digits, units[i].name) != 0) continue;
        if (x * units[i].bytes < 1 || x * units[i].bytes > 1e15) break;
        *out = (uint64_t)(x * units[i].bytes);
        return LEM_OK;
    }
    return lem_fail(err, LEM_EUSAGE, "--shard-size '%s' is no size such as 5GB, 500MB or 2GiB", text);
}

lem_status lem_convert_options(const lem_args *a, lem_convert_opts *o, lem_err *err) {
    const char *dtype = lem_args_str(a, "dtype");
    o->set_dtype = dtype != NULL;
    o->dtype = LEM_DTYPE_F32;
    if (lem_args_is(a, "dtype", "f16")) o->dtype = LEM_DTYPE_F16;
    if (lem_args_is(a, "dtype", "bf16")) o->dtype = LEM_DTYPE_BF16;
    return shard_size(lem_args_str(a, "shard-size"), &o->shard_bytes, err);
}
