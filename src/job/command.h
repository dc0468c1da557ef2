/* job/command.h - commands as rows of a table, their options, and parsed arguments
 *
 * A command is a row: name, purpose, options, function.
 * Its options stand in up to three tables: its own, one shared with other commands, and the common one.
 * lem_opt_at walks all three; everything that looks at options does so through it.
 * So parsing, YAML keys, --help, man pages, completion, the recipe schema, manifests and the identity of a
 * job know the same options.
 *
 * Arguments are one JSON object keyed by option name, so that a value may be nested where the table says so
 * (LEM_OPT_TREE, e.g. `stages` of sft). */
#ifndef LEM_JOB_COMMAND_H
#define LEM_JOB_COMMAND_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"

#include <stdio.h>

typedef enum lem_opt_type {
    LEM_OPT_FLAG,
    LEM_OPT_INT,
    LEM_OPT_NUM,
    LEM_OPT_STR,
    LEM_OPT_ENUM,   /* one of `choices` */
    LEM_OPT_LIST,   /* of strings; repeatable or a,b; numbers of a YAML list count as their text */
    LEM_OPT_TEXTS,  /* of strings; repeatable, never split: each is one text, commas and all */
    LEM_OPT_INPUT,  /* path of a file or folder that is read: its content counts, not its name */
    LEM_OPT_INPUTS, /* several of them; repeatable or a,b */
    LEM_OPT_SIZE,   /* of bytes, "64MiB": an integer in the arguments */
    LEM_OPT_TREE    /* a list of maps of the same command's options (YAML) */
} lem_opt_type;

/* Whether two runs that differ in an option are two jobs. */
typedef enum lem_opt_effect {
    LEM_OPT_CHANGES_RESULT,
    LEM_OPT_CHANGES_NOTHING /* how a job runs or where its result goes; tests run it under two values */
} lem_opt_effect;

typedef struct lem_opt {
    const char *name; /* "max-tokens"; in YAML also max_tokens */
    lem_opt_type type;
    const char *arg;      /* shown in help: "N", "FILE"; NULL for flags */
    const char *standard; /* default as text, or NULL = absent */
    const char *help;
    double min, max;     /* range of INT and NUM where min < max */
    const char *choices; /* ENUM: "a|b|c"; INPUT: words that are no paths */
    lem_opt_effect effect;
    const char *when, *standard_when; /* with the flag `when`, this default in place of `standard` */
} lem_opt;

/* A row for commands that have `budget`. */
#define LEM_OPT_BUDGET(option)                                                                               \
    {                                                                                                        \
        "budget", LEM_OPT_STR, "TIME", NULL,                                                                 \
            "lower --" option " so that it takes at most about that long here (45m, 8h): a short trial "     \
            "tells; what is chosen is the job's, as if it had been asked for",                               \
            .effect = LEM_OPT_CHANGES_NOTHING                                                                \
    }

typedef struct lem_args {
    lem_json *values;   /* object: option name -> value (defaults filled in), owned */
    const char **words; /* positional arguments, borrowed from values' "_words" */
    int n_words;
} lem_args;

typedef struct lem_command lem_command;

/* What every command gets. Commands return their exit status and put words into err; main prints them. */
typedef struct lem_cli {
    lem_log *log;
    FILE *out; /* stdout */
    bool json; /* --json */
    bool quiet;
    bool color; /* stdout is a terminal and NO_COLOR is not set */
    bool dry_run, fresh, overwrite;
    uint64_t seed;
    int64_t limit;                      /* -1 = none */
    int threads;                        /* 0 = default */
    const char *isa;                    /* LEMMA_CPU or "auto" */
    const char *data_dir;               /* LEMMA_DATA or ../shared/data */
    const char *cache_dir;              /* of content digests; NULL = none */
    const char *const *hub;             /* caches of the Hugging Face Hub, ended by NULL; NULL = none */
    lem_cancel *cancel;                 /* set by SIGINT/SIGTERM */
    const lem_command *const *commands; /* all of them, for those that run others */
    bool in_recipe;                     /* the command is a stage of a recipe */
    const char *const *made;            /* [n_made] outputs of stages of the same run that ran before it */
    int n_made;
    bool trial;         /* it runs for a moment, into a temporary place: no checkpoints */
    double work_tokens; /* set by a dry run: what the model will compute, at most; 0 = not known */
    double estimate, estimate_factor; /* seconds that a dry run told, below 0 = none; by what it may be off */
    double budget_value;              /* what --budget chose, 0 = nothing */
    bool job_done;                    /* set by lem_job_done: there is nothing to do */
    bool job_ran;                     /* set by lem_job_start: the last command did work */
    char job_identity[65];            /* set by lem_job_open */
} lem_cli;

typedef enum lem_output { LEM_OUTPUT_NONE, LEM_OUTPUT_FILE, LEM_OUTPUT_DIR } lem_output;

/* What positional arguments are to a job. */
typedef enum lem_word_role {
    LEM_WORDS_TEXT,        /* they count as they are written */
    LEM_WORDS_INPUT,       /* paths: the content counts */
    LEM_WORDS_NAMED_INPUT, /* paths whose names stand in the result too: both count */
    LEM_WORDS_OWN          /* the command tells its job about them itself */
} lem_word_role;

/* What a command needs; 0 where it is nothing to speak of. */
typedef struct lem_plan {
    const char *shape;   /* asked: a folder whose config.json alone is to be read, in place of --model; NULL =
                            the model */
    double memory, disk; /* bytes */
    double parameters;
    double flops;  /* of one token */
    double passes; /* over its rows; 0 = one */
} lem_plan;

struct lem_command {
    const char *name;         /* "rm train" */
    const char *purpose;      /* one line */
    const char *usage;        /* "FILE [options]" */
    const char *example;      /* one or more lines, each a whole command */
    int min_words, max_words; /* positional arguments; max -1 = any */
    const lem_opt *opts;
    int n_opts;
    const lem_opt *shared; /* a table that several commands have, or NULL */
    int n_shared;
    lem_status (*run)(lem_cli *cli, const lem_args *args, lem_err *err);
    /* Memory and disk, known from options and the heads of model folders alone; NULL = little. */
    lem_status (*plan)(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *err);
    lem_output output;
    bool out_required;    /* --out must be given */
    const char *required; /* "model|lists": options that must be given; "a,b" means one of both */
    lem_word_role words;
    bool assignments; /* words a=b are its own (recipe variables), not options */
    bool timed; /* it computes with a model and writes to --out alone: a dry run tries how long it takes */
    const char *budget; /* the option that --budget chooses: its time grows with it; NULL = none */
};

/* The i-th option of a command, from 0: its own, the shared, the common ones; NULL behind the last. */
const lem_opt *lem_opt_at(const lem_command *cmd, int i);
/* The default as text under these arguments, or NULL. */
const char *lem_opt_standard(const lem_opt *o, const lem_json *values);
/* The option that --budget chooses with these arguments: that of cmd->budget, or max-steps where it is given.
 */
const lem_opt *lem_opt_of_budget(const lem_command *cmd, const lem_args *args);
/* By name, '-' and '_' alike; NULL if there is none. */
const lem_opt *lem_opt_find(const lem_command *cmd, const char *name);
/* nearest name within edit distance 3, or NULL */
const char *lem_suggest(const char *word, const char *const *names, int n);
/* The option that `name` probably means: near in spelling, or what other programs of the field call it
 * ("learning-rate" is lr). NULL if none. */
const lem_opt *lem_opt_suggest(const lem_command *cmd, const char *name);
/* The i-th of the choices of an ENUM, copied into out; false behind the last. */
bool lem_opt_choice(const lem_opt *o, int i, char out[32]);

/* Whether the value, a text, is a path that is read: of INPUT and INPUTS, what is none of the choices. */
bool lem_opt_reads(const lem_opt *o, const char *value);

/* A table of commands, NULL-terminated. */
const lem_command *lem_command_find(const lem_command *const *table, const char *name);

/* argv without program and command words.
 * --config FILE.yaml is read first; flags and a.b=c words override it.
 * Unknown keys are LEM_EUSAGE with a suggestion.
 * Applies the common options to cli. */
lem_status lem_args_parse(const lem_command *cmd, int argc, const char *const *argv, lem_cli *cli,
                          lem_args *out, lem_err *err) LEM_MUST_CHECK;
/* The same from a tree (a recipe stage). Takes no ownership of tree. */
lem_status lem_args_from_tree(const lem_command *cmd, const lem_json *tree, lem_cli *cli, lem_args *out,
                              lem_err *err) LEM_MUST_CHECK;
void lem_args_release(lem_args *a);

/* A value of the option's own type from a YAML or JSON value; checked against range and choices. */
lem_status lem_opt_value(const lem_opt *o, const lem_json *v, lem_json **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_opt_value_of_text(const lem_opt *o, const char *text, lem_json **out,
                                 lem_err *err) LEM_MUST_CHECK;

/* Getters; the option must be in one of the command's tables. */
const char *lem_args_str(const lem_args *a, const char *name); /* NULL if absent */
int64_t lem_args_int(const lem_args *a, const char *name);     /* default applied; 0 if absent */
double lem_args_num(const lem_args *a, const char *name);
bool lem_args_flag(const lem_args *a, const char *name);
bool lem_args_has(const lem_args *a, const char *name);
bool lem_args_is(const lem_args *a, const char *name, const char *value);
const lem_json *lem_args_tree(const lem_args *a, const char *name); /* NULL if absent; lists: array */

/* Texts made from the tables. */
void lem_help_all(const lem_command *const *table, FILE *f);
void lem_help_command(const lem_command *cmd, FILE *f);
/* Whether commands of two words begin with it ("rm"). */
bool lem_is_group(const lem_command *const *table, const char *word);
/* Subcommands of a group ("rm"); false if there are none. */
bool lem_help_group(const lem_command *const *table, const char *group, FILE *f);

/* YAML (a bounded subset through libyaml: maps, lists, scalars; no anchors, no tags) to JSON; duplicate keys
 * are errors with line numbers. */
lem_status lem_yaml_load(const char *path, lem_json **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_yaml_parse(const char *text, size_t len, const char *source, lem_json **out,
                          lem_err *err) LEM_MUST_CHECK;
/* Sets a.b.c=value (value is parsed as a YAML scalar) in a tree. */
lem_status lem_yaml_override(lem_json *tree, const char *assignment, lem_err *err) LEM_MUST_CHECK;

#endif
