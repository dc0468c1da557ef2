/* cli/speculate_options.h - guessed tokens: options of commands that sample from a model folder */
#ifndef LEM_CLI_SPECULATE_OPTIONS_H
#define LEM_CLI_SPECULATE_OPTIONS_H

#include "core/object.h"
#include "generate/engine.h"
#include "job/job.h"
#include "token/tokenizer.h"

#define LEM_OPTS_SPECULATE                                                                                   \
    {"speculate",                                                                                            \
     LEM_OPT_ENUM,                                                                                           \
     "NAME",                                                                                                 \
     "off",                                                                                                  \
     "ngram: guess the next tokens where the text repeats itself, and check them in one step (never "        \
     "changes "                                                                                              \
     "a result; pays with up to 5 candidates in flight, as with --n 1 and --slots 1)",                       \
     .choices = "off|ngram",                                                                                 \
     .effect = LEM_OPT_CHANGES_NOTHING},                                                                     \
        {"draft",                                                                                            \
         LEM_OPT_INPUT,                                                                                      \
         "DIR",                                                                                              \
         NULL,                                                                                               \
         "folder of a small model with the same tokenizer: guess what it goes on with, where --speculate "   \
         "ngram "                                                                                            \
         "finds nothing or is off (never changes a result)",                                                 \
         .effect = LEM_OPT_CHANGES_NOTHING},                                                                 \
    {                                                                                                        \
        "draft-tokens", LEM_OPT_INT, "K", "4",                                                               \
            "most tokens guessed for a candidate in a step; those of all and the candidates are 10 rows at " \
            "most "                                                                                          \
            "(never changes a result)",                                                                      \
            1, LEM_SPECULATE_ROWS - 1, .effect = LEM_OPT_CHANGES_NOTHING                                     \
    }

enum { LEM_N_SPECULATE_OPTIONS = 3 };

lem_speculate lem_speculate_options(const lem_args *args);
/* The model of --draft; zeroed = none. Where it lies it stays: *s points to it. */
typedef struct lem_draft_model {
    lem_model_config config;
    lem_weights *weights;
} lem_draft_model;

/* Its shape, once the tokenizer of the model that samples is known: the memory of guessing is planned by *s
 * then. LEM_EDATA where it has another tokenizer. */
lem_status lem_draft_check(const lem_cli *cli, const lem_args *args, const char *model,
                           const lem_tokenizer *tok, lem_draft_model *m, lem_speculate *s,
                           lem_err *err) LEM_MUST_CHECK;
size_t lem_draft_bytes(const lem_draft_model *m, lem_dtype dtype); /* of its weights */
lem_status lem_draft_open(const lem_args *args, lem_backend *b, lem_draft_model *m, lem_speculate *s,
                          lem_err *err) LEM_MUST_CHECK;
void lem_draft_close(lem_draft_model *m);

/* What came of it: "drafted", "accepted", "tokens_per_step". */
void lem_speculate_json(uint64_t drafted, uint64_t accepted, uint64_t generated, uint64_t steps,
                        lem_object *out);
/* The same in the log; nothing where nothing was guessed. */
void lem_speculate_tell(lem_log *log, uint64_t drafted, uint64_t accepted, uint64_t generated,
                        uint64_t steps);

#endif
