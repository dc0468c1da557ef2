/* prompt_options.h - the option by which commands go past what a model folder says of its prompts */
#ifndef LEM_CLI_PROMPT_OPTIONS_H
#define LEM_CLI_PROMPT_OPTIONS_H

#define LEM_OPT_PROMPT_FROM                                                                                  \
    {                                                                                                        \
        "prompt-from", LEM_OPT_STR, "WHERE", "folder",                                                       \
            "folder: prompts as the model's lemma.json says they were in training, and options that say "    \
            "otherwise are refused; options: that file is not asked",                                        \
            0, 0                                                                                             \
    }

#endif
