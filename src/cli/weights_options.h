/* cli/weights_options.h - how weights lie in memory and how products are computed: options of commands that
 * infer */
#ifndef LEM_CLI_WEIGHTS_OPTIONS_H
#define LEM_CLI_WEIGHTS_OPTIONS_H

#include "compute/backend.h"
#include "job/command.h"

/* whose: "" or words about the models, appended to the help. */
#define LEM_OPTS_WEIGHTS(whose)                                                                              \
    {"dtype", LEM_OPT_ENUM, "NAME", "f32", "weights in memory" whose, .choices = "f32|bf16"}, {              \
        "compute", LEM_OPT_ENUM, "NAME", "f32",                                                              \
            "products: f32; or bf16, of weights and activations rounded to bf16 (the same bits on every "    \
            "processor, several times as fast on one with AMX; weights are bf16 then)",                      \
            .choices = "f32|bf16"                                                                            \
    }

/* BF16 with --dtype bf16 or --compute bf16. */
lem_dtype lem_weights_dtype(const lem_args *args);
const char *
lem_weights_dtype_name(const lem_args *args); /* "f32" or "bf16": for the --dtype of a model beside */
/* Sets how the backend multiplies. */
void lem_weights_compute(const lem_args *args, lem_backend *b);

#endif
