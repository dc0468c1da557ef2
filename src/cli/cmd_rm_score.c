/* cmd_rm_score.c - lemma rm score: scores of candidates by any reward model, or by their log-probability */
#include "cli/candidate_options.h"
#include "cli/commands.h"
#include "cli/prompt_options.h"
#include "cli/bad_rows_options.h"
#include "cli/score_options.h"
#include "cli/weights_options.h"
#include "cli/score_run.h"
#include "job/shard.h"
#include "model/head.h"

static const lem_opt opts[] = {
    {"model", LEM_OPT_INPUT, "DIR", NULL, "model folder (a missing head tensor is an error)"},
    {"head", LEM_OPT_ENUM, "NAME", NULL,
     "how a plain language model is read (other heads are found): a generative reward model, logprob (of "
     "each "
     "text) or implicit (log-ratio to --reference); what an endpoint serves (default classifier)",
     .choices = LEM_HEAD_NAMES "|logprob|implicit|" LEM_SERVED_HEAD_NAMES},
    LEM_OPT_CANDIDATE_MAP,
    LEM_OPT_CANDIDATE_FILTER,
    LEM_OPT_SCORE_OUTPUT,
    {"reference", LEM_OPT_INPUT, "DIR", NULL, "implicit: the model that training began with"},
    {"beta", LEM_OPT_NUM, "B", LEM_IMPLICIT_BETA, "implicit: times the log-ratio", 1e-9, 1e9},
    {"tokens", LEM_OPT_FLAG, NULL, NULL, "logprob: also logprob_tokens[][], one number a token"},
    {"add-logprob", LEM_OPT_NUM, "W", "0",
     "heads of a language model, or of a folder whose embedding is tied to one: add W times the mean "
     "log-probability of "
     "the text under the same network",
     -1e9, 1e9},
    LEM_OPT_SCORE_SYSTEM,
    LEM_OPT_SCORE_SUFFIX,
    LEM_OPT_TEMPLATE,
    LEM_OPT_SET,
    LEM_OPT_SCORE_SEPARATOR,
    LEM_OPT_PROMPT_FROM,
    LEM_OPT_SCORE_COMPAT,
    LEM_OPT_SCORE_AGGREGATE("; sum for implicit"),
    {"field", LEM_OPT_STR, "NAME", NULL,
     "field that receives the scores (default rm_score, of logprob logprob; steps: step_scores)"},
    LEM_OPTS_WEIGHTS(""),
    LEM_OPT_SCORE_ROWS,
    LEM_OPTS_SCORE_REMOTE,
    LEM_OPT_SHARD,
    LEM_OPT_BAD_ROWS,
};

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    return lem_score_run(cli, &lem_cmd_rm_score, args, false, err);
}

const lem_command lem_cmd_rm_score = {
    .name = "rm score",
    .purpose = "score candidates with a reward model, or by their log-probability",
    .usage = "FILE... (--model DIR | --endpoint URL[,URL...]) --out SCORED [options]",
    .example =
        "lemma rm score graded.jsonl --model reward-model --out scored.jsonl\n"
        "lemma rm score graded.jsonl --model policy --head logprob --out scored.jsonl\n"
        "lemma rm score graded.jsonl --model tuned --head implicit --reference base --out scored.jsonl\n"
        "lemma rm score graded.jsonl --endpoint http://127.0.0.1:8000 --served-model AceMath-7B-RM --out "
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
