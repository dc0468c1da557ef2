/* cli/bench_plan.h - from the command line of `bench run` to its recipe */
#ifndef LEM_CLI_BENCH_PLAN_H
#define LEM_CLI_BENCH_PLAN_H

#include "bench/plan.h"
#include "bench/spec.h"
#include "bench/suite.h"
#include "bench/table.h"
#include "core/buf.h"
#include "job/command.h"

typedef struct bench_choice { /* zeroed but for cli and args */
    lem_cli *cli;
    const lem_args *args;
    const char *suite; /* the one suite that was named; NULL = none */
    const char *judge; /* of a benchmark of reward models: its kind; else NULL */
    char *judged;      /* the path of its rows */
    lem_suites suites;
    lem_bench_spec *specs; /* [n] */
    const char **files;    /* [n] the words or members that they were named by */
    int n, cap;
    lem_bench_reward rewards[LEM_BENCH_MAX_REWARDS];
    char reward_name[LEM_BENCH_MAX_REWARDS][64];
    int n_rewards;
    lem_json *options; /* by command: of lem_bench_plan */
} bench_choice;

/* Benchmarks and suites of the words, reward models, options for the stages. LEM_EUSAGE for an unknown name;
 * LEM_EDATA for a benchmark whose files are not here, unless --skip-absent, and where none is. */
lem_status lem_bench_run_choose(bench_choice *c, lem_err *err) LEM_MUST_CHECK;
/* *tree: for lem_run_recipe; the caller's. */
lem_status lem_bench_run_recipe(const bench_choice *c, lem_json **tree, lem_err *err) LEM_MUST_CHECK;
/* The options of `bench table` that give the table of the recipe, once it ran; NULL: out of memory. */
lem_json *lem_bench_run_table_words(const bench_choice *c, const lem_json *tree);
/* The options of `bench score` that tell what the i-th reward model is worth; NULL: out of memory. */
lem_json *lem_bench_run_score_words(const bench_choice *c, int i);
/* Appends what "${out}/x" of the recipe stands for. */
void lem_bench_run_path(const char *out, const char *path, lem_buf *to);
/* To the user: what will be run, under which licences. */
void lem_bench_run_tell(const bench_choice *c);
void lem_bench_run_choice_release(bench_choice *c);

#endif
