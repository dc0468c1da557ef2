/* cli/options.h - option tables, parsed arguments, and the one context that commands run in
 *
 * A command is a row of a table: name, purpose, options, function. The same table serves flags (--name value,
 * --name=value), YAML keys, k=v overrides, --help and the tests that compare help with behaviour. Arguments
 * are held as one JSON object keyed by option name, so that a value may be nested where the table says so
 * (LEM_OPT_TREE, e.g. `stages` of sft). */
#ifndef LEM_CLI_OPTIONS_H
#define LEM_CLI_OPTIONS_H

#include "core/err.h"
#include "core/json.h"
#include "core/log.h"
#include "core/pool.h"

#include <stdio.h>

typedef enum lem_opt_type {
    LEM_OPT_FLAG,
    LEM_OPT_INT,
    LEM_OPT_NUM,
    LEM_OPT_STR,
    LEM_OPT_LIST /* of strings; repeatable or a,b */,
    LEM_OPT_TREE
} lem_opt_type;

typedef struct lem_opt {
    const char *name; /* "max-tokens"; in YAML also max_tokens */
    lem_opt_type type;
    const char *arg;       /* shown in help: "N", "FILE" */
    const char *otherwise; /* default as text, or NULL = absent */
    const char *help;
    double min, max; /* range for INT and NUM when min < max */
} lem_opt;

typedef struct lem_args {
    lem_json *values;   /* object: option name -> value (defaults filled in) */
    const char **words; /* positional arguments, borrowed from values' "_words" */
    int n_words;
} lem_args;

/* What every command gets. Commands return their exit status as lem_status and put words into err; main
 * prints them. */
typedef struct lem_cli {
    lem_log *log;
    FILE *out; /* stdout */
    bool json; /* --json */
    bool quiet;
    bool color; /* stdout is a terminal */
    bool dry_run, fresh, overwrite;
    uint64_t seed;
    int64_t limit;        /* -1 = none */
    int threads;          /* 0 = default */
    const char *isa;      /* LEMMA_CPU or "auto" */
    const char *data_dir; /* LEMMA_DATA or ../shared/data */
    lem_cancel *cancel;   /* set by SIGINT/SIGTERM */
} lem_cli;

typedef struct lem_command {
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
    bool resumes;     /* goes on where an earlier run stopped; others write their output anew */
    bool assignments; /* words a=b are its own (recipe variables), not options */
} lem_command;

extern const lem_command *const lem_commands[]; /* commands.c, NULL-terminated */
const lem_command *lem_command_find(const char *name);

/* Common options that every command accepts (seed, limit, threads, out, json, dry-run, fresh, overwrite,
 * quiet, verbose, help, config). */
extern const lem_opt lem_common_opts[];
extern const int lem_n_common_opts;

/* argv without program and command words. --config FILE.yaml is read first, flags and a.b=c words override.
 * Unknown keys are LEM_EUSAGE with a suggestion. Applies the common options to cli. */
lem_status lem_args_parse(const lem_command *cmd, int argc, const char *const *argv, lem_cli *cli,
                          lem_args *out, lem_err *err) LEM_MUST_CHECK;
/* The same from a tree (a recipe stage). Takes no ownership of tree. */
lem_status lem_args_from_tree(const lem_command *cmd, const lem_json *tree, lem_cli *cli, lem_args *out,
                              lem_err *err) LEM_MUST_CHECK;
void lem_args_release(lem_args *a);

/* Getters; the option must be in the command's table or the common one. */
const char *lem_args_str(const lem_args *a, const char *name); /* NULL if absent */
int64_t lem_args_int(const lem_args *a, const char *name);     /* default applied; 0 if absent */
double lem_args_num(const lem_args *a, const char *name);
bool lem_args_flag(const lem_args *a, const char *name);
bool lem_args_has(const lem_args *a, const char *name);
const lem_json *lem_args_tree(const lem_args *a,
                              const char *name); /* NULL if absent; LIST: array of strings */

void lem_help_all(FILE *f);
void lem_help_command(const lem_command *cmd, FILE *f);

/* YAML (a bounded subset through libyaml: maps, lists, scalars; no anchors, no tags) -> JSON; duplicate keys
 * are errors with line numbers. */
lem_status lem_yaml_load(const char *path, lem_json **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_yaml_parse(const char *text, size_t len, const char *source, lem_json **out,
                          lem_err *err) LEM_MUST_CHECK;
/* Sets a.b.c=value (value is parsed as a YAML scalar) in a tree. */
lem_status lem_yaml_override(lem_json *tree, const char *assignment, lem_err *err) LEM_MUST_CHECK;
/* nearest name within edit distance 3, or NULL */
const char *lem_suggest(const char *word, const char *const *names, int n);

#endif
