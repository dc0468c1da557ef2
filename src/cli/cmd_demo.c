/* cmd_demo.c - lemma demo: the whole recipe, small, from nothing; lemma demo data: the generated problems it
 * uses */
#include "cli/commands.h"
#include "cli/recipe.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/rng.h"
#include "data/decontam.h"
#include "data/wordproblem.h"

#include <string.h>

/* ---- lemma demo data ---- */

static const lem_opt data_opts[] = {
    {"general", LEM_OPT_INT, "N", "30000", "general instruction rows", 0, 1e8},
    {"sft", LEM_OPT_INT, "N", "20000", "problems with worked solutions for fine-tuning", 0, 1e8},
    {"easy", LEM_OPT_INT, "N", "10000", "problems of few steps for the general stages", 0, 1e8},
    {"rm", LEM_OPT_INT, "N", "8000", "problems for reward training, without solutions, in two halves", 0,
     1e8},
    {"val", LEM_OPT_INT, "N", "200", "validation problems", 0, 1e7},
    {"test", LEM_OPT_INT, "N", "400", "held-out test problems", 0, 1e7},
    {"min-steps", LEM_OPT_INT, "N", "2", "fewest steps of a problem", 1, 8},
    {"max-steps", LEM_OPT_INT, "N", "7", "most steps of a problem", 1, 8},
    {"lcs", LEM_OPT_NUM, "X", "0.95",
     "a training problem that shares a 13-gram with a held-out one is left out when their common subsequence "
     "exceeds this share",
     0.1, 1},
    {"easy-steps", LEM_OPT_INT, "N", "3", "most steps of the problems in general stage 1", 1, 8},
};

typedef struct maker {
    lem_cli *cli;
    const lem_args *args;
    const char *out;
    lem_map *seen;          /* keys of all problems written so far */
    lem_decontam *held_out; /* test and validation problems */
    uint64_t repeated, contaminated;
} maker;

static lem_status open_part(const maker *m, const char *name, lem_out **out, lem_err *err) {
    char *path = lem_path_join(m->out, name, err);
    lem_status st = path ? lem_out_open(path, true, out, err) : LEM_EMEM;
    lem_free(path);
    return st;
}

static lem_status close_part(lem_out *out, lem_status st, lem_err *err) {
    if (st == LEM_OK) st = lem_out_commit(out, err);
    lem_out_close(out);
    return st;
}

static lem_status write_problem(lem_out *out, const char *part, uint64_t index, const lem_wordproblem *p,
                                bool solution, lem_err *err) {
    lem_json *r = lem_json_new_object();
    char id[48];
    snprintf(id, sizeof id, "%s-%llu", part, (unsigned long long)index);
    bool ok = r && lem_json_set(r, "id", lem_json_new_str(id)) &&
              lem_json_set(r, "problem", lem_json_new_str(p->problem));
    if (ok && solution) ok = lem_json_set(r, "solution", lem_json_new_str(p->solution));
    ok = ok && lem_json_set(r, "expected_answer", lem_json_new_str(p->answer)) &&
         lem_json_set(r, "steps", lem_json_new_int(p->steps)) &&
         lem_json_set(r, "template", lem_json_new_str(lem_wordproblem_template_name(p->template_id)));
    lem_status st = ok ? lem_rows_write(out, r, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(r);
    return st;
}

/* Whether the problem is new: not written before and, in a training part, not too close to a held-out one. */
static lem_status is_new(maker *m, const lem_wordproblem *p, bool train, bool *out, lem_err *err) {
    *out = false;
    if (lem_map_find(m->seen, p->key, strlen(p->key), NULL)) {
        m->repeated++;
        return LEM_OK;
    }
    lem_decontam_hit hit = {false, -1, 0};
    lem_status st = train ? lem_decontam_check(m->held_out, p->problem, &hit, err)
                          : lem_decontam_add_test(m->held_out, p->problem, err);
    if (st == LEM_OK && hit.contaminated) m->contaminated++;
    if (st == LEM_OK && !hit.contaminated) {
        *out = true;
        st = lem_map_set(m->seen, p->key, strlen(p->key), 1, err);
    }
    return st;
}

static lem_status make_problems(maker *m, const char *file, const char *part, lem_wordproblem_split split,
                                int64_t n, int max_steps, bool solution, lem_err *err) {
    lem_out *out = NULL;
    lem_wordproblem_opts o = {split, (int)lem_args_int(m->args, "min-steps"), max_steps, 0};
    lem_rng key = lem_rng_make(m->cli->seed, part, 0);
    lem_wordproblem p;
    lem_status st = open_part(m, file, &out, err);
    int64_t made = 0;
    for (uint64_t i = 0; st == LEM_OK && made < n; i++) {
        if (i > 100u * (uint64_t)n + 1000)
            st = lem_fail(err, LEM_EDATA, "%s: only %lld different problems found", part, (long long)made);
        if (st == LEM_OK) st = lem_wordproblem_make(&key, i, &o, &p, err);
        if (st) break;
        bool fresh = false;
        st = is_new(m, &p, split == LEM_WORDPROBLEM_TRAIN, &fresh, err);
        if (st == LEM_OK && !fresh) continue;
        if (st == LEM_OK) st = write_problem(out, part, (uint64_t)made, &p, solution, err);
        made++;
    }
    return close_part(out, st, err);
}

static lem_status make_general(maker *m, const char *file, int64_t n, lem_err *err) {
    lem_out *out = NULL;
    lem_rng key = lem_rng_make(m->cli->seed, "general", 0);
    lem_generaltext g;
    lem_status st = open_part(m, file, &out, err);
    for (int64_t i = 0; st == LEM_OK && i < n; i++) {
        st = lem_generaltext_make(&key, (uint64_t)i, 0, &g, err);
        if (st) break;
        lem_json *r = lem_json_new_object();
        bool ok = r && lem_json_set(r, "prompt", lem_json_new_str(g.prompt)) &&
                  lem_json_set(r, "completion", lem_json_new_str(g.response));
        st = ok ? lem_rows_write(out, r, err) : lem_fail(err, LEM_EMEM, "out of memory");
        lem_json_free(r);
    }
    return close_part(out, st, err);
}

static lem_status run_data(lem_cli *cli, const lem_args *args, lem_err *err) {
    maker m = {.cli = cli, .args = args, .out = lem_args_str(args, "out")};
    lem_status st = LEM_OK;
    if (!m.out) return lem_fail(err, LEM_EUSAGE, "--out DIR is missing");
    int max = (int)lem_args_int(args, "max-steps"), easy = (int)lem_args_int(args, "easy-steps");
    LEM_TRY(lem_dir_make(m.out, err));
    m.seen = lem_map_new(err);
    if (!m.seen) {
        st = LEM_EMEM;
        goto done;
    }
    lem_decontam_opts near_copy = {13, lem_args_num(args, "lcs")};
    LEM_TRY(lem_decontam_new(&near_copy, &m.held_out, err));
    /* Held-out problems first: whatever comes later must differ from them. */
    LEM_TRY(make_problems(&m, "test.jsonl", "test", LEM_WORDPROBLEM_TEST, lem_args_int(args, "test"), max,
                          false, err));
    LEM_TRY(make_problems(&m, "val.jsonl", "val", LEM_WORDPROBLEM_VALID, lem_args_int(args, "val"), max,
                          false, err));
    LEM_TRY(make_problems(&m, "rm-a.jsonl", "rm-a", LEM_WORDPROBLEM_TRAIN, lem_args_int(args, "rm") / 2, max,
                          false, err));
    LEM_TRY(make_problems(&m, "rm-b.jsonl", "rm-b", LEM_WORDPROBLEM_TRAIN, lem_args_int(args, "rm") / 2, max,
                          false, err));
    LEM_TRY(make_problems(&m, "easy.jsonl", "easy", LEM_WORDPROBLEM_TRAIN, lem_args_int(args, "easy"),
                          easy < max ? easy : max, true, err));
    LEM_TRY(make_problems(&m, "math.jsonl", "math", LEM_WORDPROBLEM_TRAIN, lem_args_int(args, "sft"), max,
                          true, err));
    LEM_TRY(make_general(&m, "general.jsonl", lem_args_int(args, "general"), err));
    lem_info(cli->log,
             "%zu different problems; left out: %llu repeated, %llu training problems too close to a "
             "held-out one (shared 13-gram, common "
             "subsequence over %.0f %%)",
             lem_map_count(m.seen), (unsigned long long)m.repeated, (unsigned long long)m.contaminated,
             100 * near_copy.lcs);
done:
    lem_decontam_free(m.held_out);
    lem_map_free(m.seen);
    return st;
}

const lem_command lem_cmd_demo_data = {
    .name = "demo data",
    .purpose = "write the generated problems and general text that the demo trains on",
    .usage = "--out DIR [options]",
    .example = "lemma demo data --out demo/data --sft 20000 --test 400",
    .min_words = 0,
    .max_words = 0,
    .opts = data_opts,
    .n_opts = (int)(sizeof data_opts / sizeof data_opts[0]),
    .run = run_data,
};

/* ---- lemma demo ---- */

extern const char lem_demo_recipe[],
    lem_demo_quick_recipe[]; /* recipes/demo.yaml and recipes/demo-quick.yaml, embedded by CMake */

static const lem_opt demo_opts[] = {
    {"quick", LEM_OPT_FLAG, NULL, NULL,
     "under a minute: shows that everything runs, its numbers mean nothing", 0, 0},
    {"print-recipe", LEM_OPT_FLAG, NULL, NULL, "print the recipe and stop", 0, 0},
};

static lem_status run_demo(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *text = lem_args_flag(args, "quick") ? lem_demo_quick_recipe : lem_demo_recipe,
               *out = lem_args_str(args, "out");
    if (lem_args_flag(args, "print-recipe")) {
        fputs(text, cli->out);
        return LEM_OK;
    }
    lem_json *tree = NULL;
    lem_status st = lem_yaml_parse(text, strlen(text), "demo recipe", &tree, err);
    if (st == LEM_OK) st = lem_recipe_run(cli, tree, "demo recipe", out, args->words, args->n_words, err);
    lem_json_free(tree);
    return st;
}

const lem_command lem_cmd_demo = {
    .name = "demo",
    .purpose =
        "the whole recipe, small, from nothing: problems, training, sampling, grading, reward models, report",
    .usage = "[--quick] [--out DIR] [stage.option=value]...",
    .example = "lemma demo\nlemma demo --quick --out /tmp/demo",
    .min_words = 0,
    .max_words = 64,
    .opts = demo_opts,
    .n_opts = (int)(sizeof demo_opts / sizeof demo_opts[0]),
    .run = run_demo,
    .resumes = true,
    .assignments = true,
};
