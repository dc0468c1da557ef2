/* cmd_bench_run.c - lemma bench run: benchmarks end to end, as a recipe made of their names */
#include "cli/commands.h"
#include "cli/bench_plan.h"
#include "cli/bench_shard.h"
#include "cli/run_recipe.h"
#include "cli/runtime.h"

#include "core/mem.h"
#include "core/object.h"
#include "job/shard.h"

#include <string.h>

static const lem_opt opts[] = {
    {"model", LEM_OPT_STR, "DIR", NULL, "folder of the model that answers"},
    {"endpoint", LEM_OPT_LIST, "URL", NULL, "OpenAI-compatible servers in its place, up to and with /v1"},
    {"served-model", LEM_OPT_STR, "NAME", NULL, "the model's name at the endpoints"},
    {"key-env", LEM_OPT_STR, "NAME", NULL, "environment variable that holds the endpoints' key"},
    {"rm", LEM_OPT_LIST, "[NAME=]DIR|URL", NULL,
     "outcome reward models, folders or servers: best-of-n by each; repeatable"},
    {"prm", LEM_OPT_LIST, "[NAME=]DIR|URL", NULL, "process reward models likewise"},
    {"n", LEM_OPT_INT, "N", "1", "candidates per problem", 1, 100000},
    {"temperature", LEM_OPT_NUM, "X", NULL, "0 is greedy [0 for one candidate, else 0.7]", 0, 1000},
    {"top-p", LEM_OPT_NUM, "P", "1", "draw among the fewest tokens whose probability reaches P", 0, 1},
    {"max-tokens", LEM_OPT_INT, "N", "2048", "tokens per candidate", 1, 1e9},
    {"style", LEM_OPT_STR, "NAME", NULL,
     "prompt style of all benchmarks; published: each one's own, with its examples [the model's template]"},
    {"rows", LEM_OPT_INT, "N", NULL, "only the first N problems of each benchmark: a trial run", 1, 1e9},
    {"skip-absent", LEM_OPT_FLAG, NULL, NULL,
     "leave out benchmarks whose files are not here; the table says so [stop]"},
    LEM_OPT_SHARD,
    {"all", LEM_OPT_FLAG, NULL, NULL,
     "below the table print each benchmark at every k by every protocol (exact, first-k, seeds)",
     .effect = LEM_OPT_CHANGES_NOTHING},
    {"print-recipe", LEM_OPT_FLAG, NULL, NULL, "print the recipe (JSON, which lemma run reads too) and stop",
     .effect = LEM_OPT_CHANGES_NOTHING},
};

/* What the stages print is in their files; the table is what was asked for. */
static lem_status run_stages(lem_cli *cli, const lem_args *args, lem_json *tree, lem_err *err) {
    if (cli->dry_run) return lem_run_recipe(cli, args, tree, "bench run", args->n_words, err);
    lem_cli silent = *cli;
    silent.json = false;
    silent.out = fopen("/dev/null", "w");
    if (!silent.out) return lem_fail_errno(err, LEM_EIO, "opening /dev/null");
    lem_status st = lem_run_recipe(&silent, args, tree, "bench run", args->n_words, err);
    fclose(silent.out);
    return st;
}

static lem_status print_table(lem_cli *cli, const lem_args *args, lem_json *table, lem_err *err) {
    lem_args made = {NULL};
    lem_status st = LEM_OK;
    if (!table) return lem_fail(err, LEM_EMEM, "out of memory");
    LEM_TRY(lem_args_from_tree(&lem_cmd_bench_table, table, cli, &made, err));
    st = lem_cmd_bench_table.run(cli, &made, err);
    if (st == LEM_OK) lem_info(cli->log, "%s/report.html has it with all results", lem_args_str(args, "out"));
done:
    lem_args_release(&made);
    return st;
}

/* What the stages told of each reward model, as one object. */
static lem_status print_scores_json(lem_cli *cli, const bench_choice *c, lem_err *err) {
    const char *out = lem_args_str(c->args, "out");
    lem_object all = lem_object_new(), o = lem_object_new();
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < c->n_rewards; i++) {
        char name[300];
        lem_json *doc = NULL;
        snprintf(name, sizeof name, "%s/score.json", c->rewards[i].name);
        st = lem_json_load_beside(out, name, (size_t)64 << 20, &doc, err);
        if (st == LEM_OK) lem_object_json(&all, c->rewards[i].name, doc);
    }
    lem_object_str(&o, "command", "bench run");
    lem_object_str(&o, "out", out);
    lem_object_str(&o, "suite", c->suite);
    lem_object_json(&o, "rewards", lem_object_done(&all));
    lem_json *made = lem_object_done(&o);
    if (st == LEM_OK) return lem_print_json(cli->out, made, 2, err);
    lem_json_free(made);
    return st;
}

/* The tables of a benchmark of reward models, one for each. */
static lem_status print_scores(lem_cli *cli, const bench_choice *c, lem_err *err) {
    lem_status st = LEM_OK;
    if (cli->json) return print_scores_json(cli, c, err);
    for (int i = 0; st == LEM_OK && i < c->n_rewards; i++) {
        lem_args made = {NULL};
        lem_json *tree = lem_bench_run_score_words(c, i);
        if (!tree) return lem_fail(err, LEM_EMEM, "out of memory");
        st = lem_args_from_tree(&lem_cmd_bench_score, tree, cli, &made, err);
        if (st == LEM_OK) fprintf(cli->out, "%s%s\n", i ? "\n" : "", c->rewards[i].name);
        if (st == LEM_OK) st = lem_cmd_bench_score.run(cli, &made, err);
        lem_args_release(&made);
        lem_json_free(tree);
    }
    return st;
}

static lem_status run_judge(lem_cli *cli, const lem_args *args, const bench_choice *c, lem_json *tree,
                            lem_err *err) {
    if (lem_args_has(args, "shard"))
        return lem_fail(err, LEM_EUSAGE, "--shard divides the sampling, and %s has none", c->suite);
    lem_status st = run_stages(cli, args, tree, err);
    return st || cli->dry_run ? st : print_scores(cli, c, err);
}

/* One shard of the sampling. */
static lem_status run_shard(lem_cli *cli, const lem_args *args, const lem_json *tree, lem_err *err) {
    const char *shard = lem_args_str(args, "shard"), *out = lem_args_str(args, "out");
    lem_status st = lem_bench_shard_sample(cli, shard, tree, out, err);
    if (st || cli->dry_run) return st;
    lem_info(cli->log,
             "this shard is sampled; once all are, the same command without --shard merges them and "
             "goes on");
    if (!cli->json) return LEM_OK;
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "bench run");
    lem_object_str(&o, "out", out);
    lem_object_str(&o, "shard", shard);
    return lem_print_json(cli->out, lem_object_done(&o), 0, err);
}

/* Merges shards where there are some, then everything. */
static lem_status run_all(lem_cli *cli, const lem_args *args, const bench_choice *c, lem_json *tree,
                          lem_err *err) {
    lem_json *table = lem_bench_run_table_words(c, tree);
    lem_status st = LEM_OK;
    if (!cli->dry_run) LEM_TRY(lem_bench_shard_merge(cli, tree, lem_args_str(args, "out"), err));
    LEM_TRY(run_stages(cli, args, tree, err));
    if (!cli->dry_run) st = print_table(cli, args, table, err);
done:
    lem_json_free(table);
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    bench_choice c = {.cli = cli, .args = args};
    lem_json *tree = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_bench_run_choose(&c, err));
    LEM_TRY(lem_bench_run_recipe(&c, &tree, err));
    if (lem_args_flag(args, "print-recipe")) {
        st = lem_print_json(cli->out, lem_json_share(tree), 2, err);
        goto done;
    }
    lem_bench_run_tell(&c);
    if (c.judge) st = run_judge(cli, args, &c, tree, err);
    else if (lem_args_has(args, "shard")) st = run_shard(cli, args, tree, err);
    else st = run_all(cli, args, &c, tree, err);
done:
    lem_json_free(tree);
    lem_bench_run_choice_release(&c);
    return st;
}

const lem_command lem_cmd_bench_run = {
    .name = "bench run",
    .purpose = "benchmarks end to end: prompt, sample, grade, score, table, average",
    .usage = "BENCHMARK|SUITE... --model DIR|--endpoint URL --out DIR [--rm DIR] [COMMAND.option=value]...",
    .example = "lemma bench run gsm8k math500 --model runs/sft --out runs/bench\n"
               "lemma bench run acemath7 --endpoint http://127.0.0.1:8000/v1 --n 8 --rm models/AceMath-7B-RM "
               "--out runs/acemath7\n"
               "lemma bench run processbench --prm models/Qwen2.5-Math-PRM-7B --out runs/processbench",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
    .words = LEM_WORDS_OWN,
    .assignments = true,
};
