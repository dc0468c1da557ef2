/* prompt_options.h - the options by which commands say what prompts are, beside what a model folder says */
#ifndef LEM_CLI_PROMPT_OPTIONS_H
#define LEM_CLI_PROMPT_OPTIONS_H

#include "job/command.h"
#include "prompt/settings.h"
#include "prompt/style.h"

#define LEM_OPT_PROMPT_FROM                                                                                  \
    {                                                                                                        \
        "prompt-from", LEM_OPT_ENUM, "WHERE", "folder",                                                      \
            "folder: prompts as the model's lemma.json says they were in training, and options that say "    \
            "otherwise "                                                                                     \
            "are refused; options: that file is not asked",                                                  \
            .choices = LEM_PROMPT_FROM_NAMES                                                                 \
    }

/* A chat template in place of the folder's, and its variables. */
#define LEM_OPT_TEMPLATE                                                                                     \
    {                                                                                                        \
        "template", LEM_OPT_INPUT, "NAME|FILE", NULL,                                                        \
            "chat is the folder's chat template, else ChatML; plain is the text as it is; else the "         \
            "file of a chat template (Jinja) in place of the folder's [as in training, else chat]",          \
            .choices = LEM_PROMPT_TEMPLATE_NAMES                                                             \
    }
#define LEM_OPT_SET                                                                                          \
    {                                                                                                        \
        "set", LEM_OPT_TEXTS, "NAME=VALUE", NULL,                                                            \
            "a variable of the chat template, such as enable_thinking=false: JSON, or else a text; "         \
            "repeatable"                                                                                     \
    }

/* Prompts by a style, with demonstrations: three rows. */
#define LEM_OPT_STYLE LEM_OPT_STYLES(LEM_PROMPT_STYLE_NAMES)
#define LEM_OPT_STYLES(names)                                                                                \
    {"style",                                                                                                \
     LEM_OPT_ENUM,                                                                                           \
     "NAME",                                                                                                 \
     NULL,                                                                                                   \
     "how a paper puts its problems: template, system line, text around the problem, further stop texts "    \
     "(docs/prompts.md)",                                                                                    \
     .choices = names},                                                                                      \
        {"shots",                                                                                            \
         LEM_OPT_INT,                                                                                        \
         "K",                                                                                                \
         NULL,                                                                                               \
         "worked examples before each problem, from --shots-from [of the style, else 5]",                    \
         0,                                                                                                  \
         LEM_PROMPT_SHOTS_MAX},                                                                              \
    {                                                                                                        \
        "shots-from", LEM_OPT_INPUT, "FILE", NULL,                                                           \
            "rows with question and answer: the first K, or for the styles of MMLU the first K of the "      \
            "problem's subject"                                                                              \
    }

/* The same where prompts are conversations. */
#define LEM_OPT_TEMPLATE_FILE                                                                                \
    {                                                                                                        \
        "template", LEM_OPT_INPUT, "FILE", NULL,                                                             \
            "chat template (Jinja) in place of the folder's; it is saved with the model"                     \
    }

/* The tokenizer of a folder with the chat template and variables of s, whose work ends with LEM_EINTR once
 * cli->cancel is set. LEM_EUSAGE for variables of an option that its template does not know. */
lem_status lem_prompt_options_tokenizer(const lem_cli *cli, const char *dir, const lem_prompt_settings *s,
                                        lem_tokenizer **out, lem_err *err) LEM_MUST_CHECK;
/* Reads the demonstrations that the three options ask for into s, whose style is known. LEM_EUSAGE for
 * options that do not go together. */
lem_status lem_prompt_options_shots(const lem_args *args, const lem_cancel *cancel, lem_prompt_settings *s,
                                    lem_err *err) LEM_MUST_CHECK;

#endif
