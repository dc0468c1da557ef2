/* cmd_prm_score.c - lemma prm score: scores of steps by a process reward model, and what they make of a
 * solution */
#include "cli/candidate_options.h"
#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/bad_rows_options.h"
#include "cli/score_options.h"
#include "cli/weights_options.h"
#include "cli/score_run.h"
#include "job/shard.h"

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "process reward model folder (a missing head tensor is an error)"},
    {"head", LEM_OPT_ENUM, "NAME", NULL,
     "how a plain language model is read (other heads are found); what an endpoint serves (default qwen-prm)",
     .choices = "rlhflow|math-shepherd|qwen-prm"},
    LEM_OPT_CANDIDATE_MAP,
    LEM_OPT_CANDIDATE_FILTER,
    LEM_OPT_SCORE_OUTPUT,
    LEM_OPT_SCORE_SYSTEM,
    LEM_OPT_SCORE_SUFFIX,
    LEM_OPT_TEMPLATE,
    LEM_OPT_SET,
    LEM_OPT_SCORE_SEPARATOR,
    LEM_OPT_PROMPT_FROM,
    LEM_OPT_SCORE_COMPAT,
    LEM_OPT_SCORE_AGGREGATE(""),
    {"field", LEM_OPT_STR, "NAME", "rm_score",
     "field that receives the aggregated scores (steps: step_scores)"},
    LEM_OPTS_WEIGHTS(""),
    LEM_OPT_SCORE_ROWS,
    LEM_OPTS_SCORE_REMOTE,
    LEM_OPT_SHARD,
    LEM_OPT_BAD_ROWS,
};

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    return lem_score_run(cli, &lem_cmd_prm_score, args, true, err);
}

const lem_command lem_cmd_prm_score = {
    .name = "prm score",
    .purpose = "score the steps of candidates with a process reward model",
    .usage = "FILE... (--model DIR | --endpoint URL[,URL...]) --out SCORED [options]",
    .example =
        "lemma prm score graded.jsonl --model Qwen2.5-Math-PRM-7B --aggregate prod --out scored.jsonl\n"
        "lemma prm score graded.jsonl --model Llama3.1-8B-PRM --head rlhflow --compat rlhflow --out "
        "scored.jsonl\n"
        "lemma prm score graded.jsonl --endpoint http://127.0.0.1:8000 --served-model Qwen2.5-Math-PRM-7B "
        "--out "
        "scored.jsonl",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .plan = lem_score_plan,
    .timed = true,
    .output = LEM_OUTPUT_FILE,
    .out_required = true,
    .required = "model,endpoint",
    .words = LEM_WORDS_INPUT,
};
