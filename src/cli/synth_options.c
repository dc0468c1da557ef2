/* synth_options.c - options of commands that ask a teacher */
#include "cli/prompt_options.h"
#include "cli/synth_run.h"
#include "cli/weights_options.h"

const lem_opt lem_synth_options[LEM_N_SYNTH_OPTIONS] = {
    {"map", LEM_OPT_LIST, "OURS=THEIRS", NULL,
     "names of fields: problem=, expected_answer=, id= (dotted paths)"},
    LEM_OPTS_ENDPOINT,
    LEM_OPTS_COMPLETION,
    {"teacher", LEM_OPT_STR, "NAME", NULL, "the model's name at the endpoint"},
    {"model", LEM_OPT_INPUT, "DIR", NULL,
     "a model folder in place of an endpoint: Lemma's own engine answers"},
    {"system", LEM_OPT_STR, "TEXT", NULL, "system prompt"},
    LEM_OPT_TEMPLATE,
    LEM_OPT_SET,
    {"top-p", LEM_OPT_NUM, "P", "1", "draw among the fewest tokens whose probability reaches P", 0, 1},
    LEM_OPT_MAX_FAILED("0.05"),
    LEM_OPT_BAD_ROWS,
    {"dead", LEM_OPT_STR, "FILE", NULL,
     "items without a reply, each with its reason and whether it was billed [OUT.dead.jsonl]",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"cache", LEM_OPT_STR, "FILE", NULL, "replies by request, kept for other jobs",
     .effect = LEM_OPT_CHANGES_NOTHING},
    LEM_OPTS_WEIGHTS(", of --model"),
    {"slots", LEM_OPT_INT, "N", "0", "with --model: candidates in flight, 0 = 256 (never changes a result)",
     0, 4096, .effect = LEM_OPT_CHANGES_NOTHING},
    LEM_OPTS_SPECULATE,
};
