/* cli/speculate_options.h - guessed tokens: options of commands that sample from a model folder */
#ifndef LEM_CLI_SPECULATE_OPTIONS_H
#define LEM_CLI_SPECULATE_OPTIONS_H

#include "core/object.h"
#include "generate/engine.h"
#include "job/job.h"

#define LEM_OPTS_SPECULATE                                                                                   \
    {"speculate",                                                                                            \
     LEM_OPT_ENUM,                                                                                           \
     "NAME",                                                                                                 \
     "off",                                                                                                  \
     "ngram: guess the next tokens where the text repeats itself, and check them in one step (never "        \
     "changes a result; pays with up to 5 candidates in flight, as with --n 1 and --slots 1)",               \
     .choices = "off|ngram",                                                                                 \
     .effect = LEM_OPT_CHANGES_NOTHING},                                                                     \
    {                                                                                                        \
        "draft-tokens", LEM_OPT_INT, "K", "4",                                                               \
            "most tokens guessed for a candidate in a step; those of all and the candidates are 10 rows at " \
            "most (never changes a result)",                                                                 \
            1, LEM_SPECULATE_ROWS - 1, .effect = LEM_OPT_CHANGES_NOTHING                                     \
    }

enum { LEM_N_SPECULATE_OPTIONS = 2 };

lem_speculate lem_speculate_options(const lem_args *args);
/* What came of it: "drafted", "accepted", "tokens_per_step". */
void lem_speculate_json(uint64_t drafted, uint64_t accepted, uint64_t generated, uint64_t steps,
                        lem_object *out);
/* The same in the log; nothing where nothing was guessed. */
void lem_speculate_tell(lem_log *log, uint64_t drafted, uint64_t accepted, uint64_t generated,
                        uint64_t steps);

#endif
