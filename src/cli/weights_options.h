/* cli/weights_options.h - how weights lie in memory and how products are computed: options of commands that
 * infer */
#ifndef LEM_CLI_WEIGHTS_OPTIONS_H
#define LEM_CLI_WEIGHTS_OPTIONS_H

#include "compute/backend.h"
#include "job/job.h"
#include "model/config.h"

/* whose: "" or words about the models, appended to the help. */
#define LEM_OPTS_WEIGHTS(whose)                                                                              \
    {"dtype", LEM_OPT_ENUM, "NAME", "f32", "weights in memory" whose, .choices = "f32|bf16"}, {              \
        "compute", LEM_OPT_ENUM, "NAME", "f32",                                                              \
            "products: f32; or bf16, of weights and activations rounded to bf16 (several times as fast "     \
            "with AMX, twice on Zen 4 and 5, which sum in an order of their own; weights are bf16 then); "   \
            "or int8, of both "                                                                              \
            "rounded to int8 in groups of 128, which changes results (model quantize tells how much); or "   \
            "auto: "                                                                                         \
            "bf16 for models stored as BF16 where it is faster",                                             \
            .choices = "f32|bf16|int8|auto"                                                                  \
    }

/* I8 with --compute int8, BF16 with --dtype bf16 or --compute bf16. A folder of int8 is I8 in any case. */
lem_dtype lem_weights_dtype(const lem_args *args);
/* For the options --dtype and --compute of a model beside: "f32" or "bf16", and "f32" or "int8" (bf16 is the
 * backend's). */
const char *lem_weights_dtype_name(const lem_args *args);
const char *lem_weights_compute_name(const lem_args *args);
/* What the folder of a model is, where it is int8: said in the log, and chosen in the job's manifest under
 * that name. LEM_EUSAGE for --compute bf16 then. Before lem_job_start. */
lem_status lem_weights_implied(const lem_cli *cli, lem_job *job, const lem_args *args, const char *dir,
                               const char *name, lem_err *err) LEM_MUST_CHECK;
/* How the backend multiplies, and where that is set. */
lem_compute lem_weights_products(const lem_args *args);
void lem_weights_compute(const lem_args *args, lem_backend *b);

#endif
