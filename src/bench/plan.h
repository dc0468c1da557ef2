/* bench/plan.h - the recipe of `lemma bench run`: for each benchmark sample, grade, score and select, then
 * one table and one page
 *
 * It is a recipe like any other (job/recipe.h), so it resumes, refuses and is told like one.
 * Below the output folder each benchmark has a folder of its own:
 *   NAME/candidates.jsonl, NAME/graded.jsonl, NAME/select.json,
 *   NAME/scored-REWARD.jsonl and NAME/select-REWARD.json for each reward model,
 * and beside them stand table.json, table.md, table.csv and report.html. */
#ifndef LEM_BENCH_PLAN_H
#define LEM_BENCH_PLAN_H

#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct lem_bench_item {
    const char *name;      /* of the benchmark */
    const char *file;      /* --benchmark of its stages: the name, or a YAML file of the user's own */
    const char *const *by; /* [n_by] columns that results are told apart by */
    int n_by;
    bool macro; /* its average counts the values of the first column alike */
} lem_bench_item;

typedef struct lem_bench_reward {
    const char *name;  /* of its files and columns; letters, digits, '.', '_' and '-' */
    const char *where; /* a model folder, or the URLs of servers */
    bool endpoint;     /* it is the latter */
    bool process;      /* prm score in place of rm score */
} lem_bench_reward;

typedef struct lem_bench_plan { /* all borrowed */
    const char *out;
    const char *suite; /* what the table averages over and is called after; NULL = the benchmarks given */
    const lem_bench_item *items;
    int n_items;
    const lem_bench_reward *rewards;
    int n_rewards;
    /* {"sample": {…}, "grade": {…}, "score": {…}, "select": {…}}: options that all stages of that command
     * get; each may be absent. */
    const lem_json *options;
} lem_bench_plan;

/* *out: the tree for lem_recipe_run; the caller owns it. LEM_EUSAGE for a name that stands twice. */
lem_status lem_bench_plan_recipe(const lem_bench_plan *p, lem_json **out, lem_err *err) LEM_MUST_CHECK;

/* The same for the rows of one benchmark of reward models, at the path `rows`: each reward model scores them
 * (REWARD/scored.jsonl), and `bench score --kind JUDGE` tells (REWARD/score.json); p has no items. */
lem_status lem_bench_plan_judge(const lem_bench_plan *p, const char *judge, const char *rows, lem_json **out,
                                lem_err *err) LEM_MUST_CHECK;

/* A name for files from a model folder or URL: its last part that tells something, other bytes than letters,
 * digits, '.', '_' and '-' replaced by '-'. size: of out, at least 8. */
void lem_bench_short_name(const char *where, char *out, size_t size);

#endif
