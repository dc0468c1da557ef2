/* cli/convert_options.h - --shard-size and --dtype of commands that write a model folder tensor by tensor */
#ifndef LEM_CLI_CONVERT_OPTIONS_H
#define LEM_CLI_CONVERT_OPTIONS_H

#include "job/command.h"
#include "model/model_convert.h"

#define LEM_OPT_SHARD_SIZE                                                                                   \
    {                                                                                                        \
        "shard-size", LEM_OPT_SIZE, "SIZE", "5GB",                                                           \
            "largest weight file, as 5GB, 500MB or 2GiB; a larger model becomes several files with an "      \
            "index",                                                                                         \
            1, 1e15                                                                                          \
    }

#define LEM_OPT_STORED_AS(what)                                                                              \
    {                                                                                                        \
        "dtype", LEM_OPT_ENUM, "TYPE", NULL, "number type of all tensors; default: " what,                   \
            .choices = "f32|f16|bf16"                                                                        \
    }

/* Sets dtype and shard_bytes of *o. */
void lem_convert_options(const lem_args *a, lem_convert_opts *o);

#endif
