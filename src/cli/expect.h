/* cli/expect.h - roughly what a stage of a recipe will compute and write, from the size of what it reads
 *
 * For stages whose data are not there yet. Sizes are bytes; a token is taken for three of them, an answer for
 * 150 tokens. What it comes to is corrected by the stages that have run (job/recipe_time.c). */
#ifndef LEM_CLI_EXPECT_H
#define LEM_CLI_EXPECT_H

#include "job/recipe.h"

/* A lem_recipe_spec.expect. */
void lem_expect(lem_cli *cli, lem_expected *x);

#endif
