/* prompt_options.h - the option by which commands go past what a model folder says of its prompts */
#ifndef LEM_CLI_PROMPT_OPTIONS_H
#define LEM_CLI_PROMPT_OPTIONS_H

#include "prompt/settings.h"

#define LEM_OPT_PROMPT_FROM                                                                                  \
    {                                                                                                        \
        "prompt-from", LEM_OPT_ENUM, "WHERE", "folder",                                                      \
            "folder: prompts as the model's lemma.json says they were in training, and options that say "    \
            "otherwise "                                                                                     \
            "are refused; options: that file is not asked",                                                  \
            .choices = LEM_PROMPT_FROM_NAMES                                                                 \
    }

#endif
