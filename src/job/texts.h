/* job/texts.h - man pages, shell completion and the schema of recipes, made from the option tables */
#ifndef LEM_JOB_TEXTS_H
#define LEM_JOB_TEXTS_H

#include "core/buf.h"
#include "job/command.h"

/* A page in man(7) roff: of one command, or, with cmd NULL, of the program and all its commands. */
void lem_man_page(const lem_command *const *table, const lem_command *cmd, FILE *f);

/* A completion script for "bash", "zsh" or "fish"; false for any other shell. */
bool lem_completion(const lem_command *const *table, const char *shell, FILE *f);

/* The JSON schema (draft 2020-12) of a recipe: what `lemma run` accepts. The caller owns it; NULL when memory
 * ran out. */
lem_json *lem_recipe_schema(const lem_command *const *table);

/* Every command with its options, types, defaults, choices and effects: what tests and tools walk over. */
lem_json *lem_commands_json(const lem_command *const *table);

#endif
