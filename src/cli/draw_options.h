/* cli/draw_options.h - how tokens are drawn: options of commands that sample from a model folder */
#ifndef LEM_CLI_DRAW_OPTIONS_H
#define LEM_CLI_DRAW_OPTIONS_H

#include "generate/engine.h"
#include "job/job.h"

/* Beside --temperature, whose default each command has. */
#define LEM_OPTS_DRAW                                                                                        \
    {"top-k", LEM_OPT_INT, "K", "0", "draw among the K likeliest tokens; 0 = all", 0, 1e9},                  \
        {"top-p", LEM_OPT_NUM, "P", "1", "draw among the fewest tokens whose probability reaches P", 0, 1},  \
        {"min-p",                                                                                            \
         LEM_OPT_NUM,                                                                                        \
         "P",                                                                                                \
         "0",                                                                                                \
         "leave out tokens less than P times as likely as the likeliest; 0 = none",                          \
         0,                                                                                                  \
         1},                                                                                                 \
    {                                                                                                        \
        "repetition-penalty", LEM_OPT_NUM, "X", "1",                                                         \
            "divide the logit of each token that prompt or reply have already (multiply a negative one); "   \
            "1 = not. logprob stays the model's own",                                                        \
            0.01, 100                                                                                        \
    }

lem_sample_opts lem_draw_options(const lem_args *args);
/* What generation_config.json of a folder proposes for drawing, and that the options count: said once, and
 * chosen in the job's manifest. Before lem_job_start. */
lem_status lem_draw_proposed(const lem_cli *cli, lem_job *job, const char *dir, const lem_sample_opts *used,
                             lem_err *err) LEM_MUST_CHECK;

#endif
