/* cli/remote_prompts.h - the prompts of rows as servers take them: messages, text, or token ids
 *
 * --api chat sends messages, which the server's own template writes. --api text sends the whole prompt: token
 * ids where --tokenizer DIR names a folder (its template and its tokens, as Lemma's own engine feeds them:
 * nothing that a server might put before a text), else the text of a plain template or of a style that is
 * text. */
#ifndef LEM_CLI_REMOTE_PROMPTS_H
#define LEM_CLI_REMOTE_PROMPTS_H

#include "cli/runtime.h"

#include "data/problems.h"

#define LEM_OPT_REMOTE_TOKENIZER                                                                             \
    {                                                                                                        \
        "tokenizer", LEM_OPT_INPUT, "DIR", NULL,                                                             \
            "with --api text: the served model's folder (tokenizer and template; no weights); prompts go "   \
            "as "                                                                                            \
            "token ids"                                                                                      \
    }

typedef struct lem_remote_prompts { /* zeroed = none; for row i one of turns, ids of rows, text */
    const lem_problems *rows;
    lem_tokenizer *tok; /* of --tokenizer, or NULL */
    lem_json **turns;   /* [rows->n] messages */
    char **text;        /* [rows->n] */
} lem_remote_prompts;

/* text: --api text. rows is borrowed, and gets the ids. LEM_EUSAGE for what does not go together. */
lem_status lem_remote_prompts_make(lem_remote_prompts *p, const lem_cli *cli, const lem_args *args, bool text,
                                   lem_problems *rows, const lem_prompt_settings *s,
                                   lem_err *err) LEM_MUST_CHECK;
void lem_remote_prompts_release(lem_remote_prompts *p);

#endif
