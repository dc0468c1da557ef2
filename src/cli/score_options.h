/* score_options.h - the options that `rm score` and `prm score` have in common, a macro a row */
#ifndef LEM_CLI_SCORE_OPTIONS_H
#define LEM_CLI_SCORE_OPTIONS_H

#include "eval/aggregate.h"
#include "cli/endpoint_options.h"
#include "job/command.h"
#include "net/reward.h"

/* Implicit rewards, in training and scoring: arXiv 2412.01981. (DPO is often run with 0.1.) */
#define LEM_IMPLICIT_BETA "0.05"

/* Heads that a server does not tell and a folder does. */
#define LEM_SERVED_HEAD_NAMES "classifier|qwen-rm|qwen-prm|openrlhf"

#define LEM_SCORE_OUTPUT_NAMES "0|1|logit-difference|raw|normalized|sigmoid"
#define LEM_OPT_SCORE_OUTPUT                                                                                 \
    {                                                                                                        \
        "head-output", LEM_OPT_ENUM, "NAME", NULL,                                                           \
            "two outputs: 0, 1 (softmax) or logit-difference; one: raw, normalized or sigmoid (default: "    \
            "the "                                                                                           \
            "head's own; two labels have none)",                                                             \
            .choices = LEM_SCORE_OUTPUT_NAMES                                                                \
    }
#define LEM_OPT_SCORE_SYSTEM                                                                                 \
    {                                                                                                        \
        "system", LEM_OPT_STR, "TEXT", NULL,                                                                 \
            "system prompt; '' for none (default: as in training, else the head's own, see model info)"      \
    }
#define LEM_OPT_SCORE_SUFFIX                                                                                 \
    {                                                                                                        \
        "suffix", LEM_OPT_STR, "TEXT", NULL,                                                                 \
            "line added to each problem; '' for none (default: as in training, else none)"                   \
    }
#define LEM_OPT_SCORE_SEPARATOR                                                                              \
    {                                                                                                        \
        "step-separator", LEM_OPT_STR, "TEXT", NULL,                                                         \
            "text between steps, \\n for a new line (process models; default \\n\\n, for Skywork and token " \
            "classifiers \\n)"                                                                               \
    }
#define LEM_OPT_SCORE_COMPAT                                                                                 \
    {                                                                                                        \
        "compat", LEM_OPT_ENUM, "NAME", NULL,                                                                \
            "rlhflow: steps are read as the script of RLHFlow does, behind '+' everywhere and empty steps "  \
            "too "                                                                                           \
            "(default: behind the signs that the model itself gave, empty pieces are no steps)",             \
            .choices = "rlhflow"                                                                             \
    }
#define LEM_OPT_SCORE_AGGREGATE(otherwise)                                                                   \
    {                                                                                                        \
        "aggregate", LEM_OPT_ENUM, "NAME", NULL,                                                             \
            "steps to rm_score (default min; mean for rlhflow" otherwise ")",                                \
            .choices = LEM_EVAL_AGGREGATOR_NAMES                                                             \
    }
#define LEM_STANDARD_ROWS "4096" /* less where less memory is free (memory_plan.h) */
#define LEM_OPT_SCORE_ROWS                                                                                   \
    {                                                                                                        \
        "max-rows", LEM_OPT_INT, "N", LEM_STANDARD_ROWS,                                                     \
            "tokens per forward pass (memory; never changes a score)", 16, 1048576,                          \
            .effect = LEM_OPT_CHANGES_NOTHING                                                                \
    }

/* Scores from servers in place of a model folder. A text that is scored twice costs nothing but time, so that
 * a request of unknown end is sent again. */
#define LEM_OPTS_SCORE_REMOTE                                                                                \
    LEM_OPTS_ENDPOINT_RESENT("3"), LEM_OPT_SERVED_MODEL,                                                     \
        {"reward-api",                                                                                       \
         LEM_OPT_ENUM,                                                                                       \
         "NAME",                                                                                             \
         NULL,                                                                                               \
         "what the endpoints are asked by (default auto: the first of these that answers, kept for the "     \
         "job)",                                                                                             \
         .choices = "auto|" LEM_REWARD_API_NAMES},                                                           \
        {"tokenizer", LEM_OPT_INPUT, "DIR", NULL,                                                            \
         "endpoints: render here, by this folder's tokenizer and template, and send tokens (text for "       \
         "get_reward); default: the server renders messages"},                                               \
        {"batch",                                                                                            \
         LEM_OPT_INT,                                                                                        \
         "N",                                                                                                \
         "16",                                                                                               \
         "endpoints: candidates of a problem in one request (messages go one by one)",                       \
         1,                                                                                                  \
         1024},                                                                                              \
        {"body", LEM_OPT_STR, "JSON", NULL,                                                                  \
         "endpoints: an object of members to set in each request; null takes one out"},                      \
        LEM_OPT_MAX_FAILED("0.05")

#endif
