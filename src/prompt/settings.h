/* prompt/settings.h - what a model's prompts were made of in training, saved beside it as lemma.json
 *
 * `sft`, `rm train` and `prm train` write the file; they, `sample` and `rm score` read it, so that a model
 * reads in use what it read in training. A setting that is not told is the command's own default; one that is
 * told may be "none" (a system text of NULL). Folders without the file tell nothing.
 *
 *   {"format": 1,
 *    "prompt": {"template": "chat", "system": "Be brief.", "suffix": null, "variables":
 *               {"enable_thinking": false}, "read": "reply-end"}}
 *
 * Limits: the file 1 MiB, each text LEM_PROMPT_TEXT_MAX bytes. An unknown key, another format, a value of the
 * wrong kind is LEM_EDATA that names file and key: a setting that is not understood must not be ignored. */
#ifndef LEM_PROMPT_SETTINGS_H
#define LEM_PROMPT_SETTINGS_H

#include "core/err.h"
#include "core/json.h"
#include "token/tokenizer.h"

#include <stdbool.h>
#include <stddef.h>

#define LEM_PROMPT_SETTINGS_FILE "lemma.json"
enum { LEM_PROMPT_TEXT_MAX = 1 << 16 };

typedef enum lem_prompt_template {
    LEM_PROMPT_CHAT,   /* the folder's chat template, else ChatML */
    LEM_PROMPT_PLAIN,  /* the text as it is */
    LEM_PROMPT_CHATML, /* ChatML whatever the folder's template; of styles alone */
    LEM_PROMPT_TEXT    /* the text behind the BOS of tokenizers that put one before a text; of styles alone */
} lem_prompt_template;

/* How a solution is fed to a reward model, and where the score is read. */
typedef enum lem_prompt_form {
    LEM_PROMPT_LAST_TOKEN,   /* the conversation; its last token */
    LEM_PROMPT_REPLY_END,    /* the prompt and a reply behind it; the last token (models that we train) */
    LEM_PROMPT_END_OF_TEXT,  /* the conversation up to the end-of-text token; that token (OpenRLHF) */
    LEM_PROMPT_REWARD_TOKEN, /* the conversation and a reward token behind it; that token (InternLM2) */
    LEM_PROMPT_STEP_TOKEN,   /* the conversation, a token after each step; these tokens (Qwen PRM) */
    LEM_PROMPT_STEP_LINE,    /* problem, steps, a line end after each; these line ends (Skywork PRM) */
    LEM_PROMPT_STEP_TEXT,    /* problem, steps, the separator after each; its last token (TRL PRM) */
    LEM_PROMPT_STEP_TURNS,   /* a turn for each step, answered by '+'; before each '+' (RLHFlow PRM) */
    LEM_PROMPT_WHOLE_TURN,   /* one turn for the solution, answered by '+'; before it (RLHFlow ORM) */
    LEM_PROMPT_STEP_TAGS,    /* one text with a tag after each step; these tags (Math-Shepherd) */
    LEM_PROMPT_FORM_COUNT
} lem_prompt_form;
#define LEM_PROMPT_TEMPLATE_NAMES "chat|plain" /* what files and options may say */
#define LEM_PROMPT_FROM_NAMES "folder|options"
const char *lem_prompt_form_name(lem_prompt_form f); /* "last-token" */

/* STEP_TURNS: what stands behind the earlier steps when a step is read. */
typedef enum lem_prompt_signs {
    LEM_PROMPT_SIGNS_OWN, /* what the model said of them, as if it were true: trained on the true signs */
    LEM_PROMPT_SIGNS_PLUS /* '+' everywhere */
} lem_prompt_signs;

enum {
    LEM_PROMPT_TOLD_TEMPLATE = 1,
    LEM_PROMPT_TOLD_SYSTEM = 2,
    LEM_PROMPT_TOLD_SUFFIX = 4,
    LEM_PROMPT_TOLD_SEPARATOR = 8,
    LEM_PROMPT_TOLD_FORM = 16,
    LEM_PROMPT_TOLD_SIGNS = 32,
    LEM_PROMPT_TOLD_STEP_TOKEN = 64,
    LEM_PROMPT_TOLD_VARIABLES = 128
};

typedef struct lem_prompt_style lem_prompt_style; /* prompt/style.h */

/* Worked examples that stand before a problem; from a file: data/shots.h. */
typedef struct lem_prompt_shot {
    char *question, *answer; /* owned, as is subject */
    char *subject;           /* or NULL */
} lem_prompt_shot;
typedef struct lem_prompt_shots {
    lem_prompt_shot *at; /* [n] to choose from; owned */
    size_t n, cap;
    int k; /* how many each prompt has; 0 = none */
} lem_prompt_shots;
/* Copies the texts; subject may be NULL. s is unchanged on failure. */
lem_status lem_prompt_shots_add(lem_prompt_shots *s, const char *question, const char *answer,
                                const char *subject, lem_err *err) LEM_MUST_CHECK;
void lem_prompt_shots_release(lem_prompt_shots *s);

/* Zeroed = nothing told. What is not told is zero. */
typedef struct lem_prompt_settings {
    unsigned told; /* which of the fields say something */
    lem_prompt_template template;
    char *system;     /* owned, as are the other texts; NULL = none; never "" */
    char *suffix;     /* a line added to each problem */
    char *separator;  /* text between the steps of a solution */
    char *step_token; /* what stands behind each step, where it is no separator (prompt/solution.h) */
    lem_prompt_form form;
    lem_prompt_signs signs;
    lem_json *variables;  /* of the chat template, an object; owned; NULL = none */
    bool variables_given; /* by an option: the template must know them; not in the file */
    char *chat_template;  /* the text of --template FILE; owned; NULL = the folder's; not in the file */
    const lem_prompt_style *style; /* --style, or NULL; never in the file, as is all below */
    bool trained_chat;      /* the folder tells chat and the style ChatML: its template must write the same */
    lem_prompt_shots shots; /* owned */
} lem_prompt_settings;
void lem_prompt_settings_release(lem_prompt_settings *s);
bool lem_prompt_settings_equal(const lem_prompt_settings *a, const lem_prompt_settings *b);
/* Tells a text, which is copied; NULL and "" are none. LEM_EUSAGE if it is too long. field: one of SYSTEM,
 * SUFFIX, SEPARATOR, STEP_TOKEN. */
lem_status lem_prompt_settings_tell(lem_prompt_settings *s, int field, const char *text,
                                    lem_err *err) LEM_MUST_CHECK;

/* out need not be initialised: it is written only on success. Errors of parse name the key, those of load the
 * file too. A folder without the file gives nothing told. */
lem_status lem_prompt_settings_parse(const char *text, size_t len, lem_prompt_settings *out,
                                     lem_err *err) LEM_MUST_CHECK;
lem_status lem_prompt_settings_load(const char *dir, lem_prompt_settings *out, lem_err *err) LEM_MUST_CHECK;
/* The object "prompt" of the file; the caller owns it, NULL = out of memory. */
lem_json *lem_prompt_settings_json(const lem_prompt_settings *s);
/* Writes dir/lemma.json, whole or not at all; equal settings give equal bytes. */
lem_status lem_prompt_settings_save(const lem_prompt_settings *s, const char *dir,
                                    lem_err *err) LEM_MUST_CHECK;

/* What the command line says; NULL = the option was not given. */
typedef struct lem_prompt_options {
    const char *template; /* "chat", "plain", or the file of a chat template */
    const lem_json *set;  /* NAME=VALUE: prompt/variables.h; NULL = none */
    const char *system, *suffix, *separator, *step_token;
    const char *from;  /* --prompt-from: "folder" (also NULL) or "options" */
    const char *style; /* --style: a name of prompt/style.h */
} lem_prompt_options;

/* The settings of a command: those of the folder (dir NULL = none), and the options where the folder tells
 * nothing. An option that says otherwise than the folder is LEM_EUSAGE that names both, unless from is
 * "options": then the folder is not asked. A style tells template, system and suffix; where folder or options
 * say otherwise than the style it is LEM_EUSAGE too. Demonstrations are the caller's to add.
 * A template's file that is the one saved in dir says nothing else. LEM_EDATA for one that cannot be read. */
lem_status lem_prompt_settings_open(const char *dir, const lem_prompt_options *o, lem_prompt_settings *out,
                                    lem_err *err) LEM_MUST_CHECK;

/* Hands template and variables over to the tokenizer that will write the prompts, just loaded and not yet
 * shared. LEM_EUSAGE for variables of an option that its template does not know. */
lem_status lem_prompt_settings_apply(const lem_prompt_settings *s, lem_tokenizer *t,
                                     lem_err *err) LEM_MUST_CHECK;

#endif
