/* cmd_demo.c - lemma demo: the whole recipe, small, from nothing; lemma demo data: the generated problems it
 * uses */
#include "cli/commands.h"
#include "cli/run_recipe.h"
#include "cli/runtime.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "core/object.h"
#include "core/rng.h"
#include "curate/decontam.h"
#include "synth/wordproblem.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- lemma demo data ---- */

enum { MAX_TEACHERS = 8 };

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
    {"mistakes", LEM_OPT_FLAG, NULL, NULL,
     "worked solutions hold the mistakes that people make: 30, 50 or 65 of 100, by kind of problem, each "
     "with true "
     "equations and a wrong answer (column mistake); problems for reward training and held-out ones get a "
     "column "
     "worked, the right solution"},
    {"teachers", LEM_OPT_INT, "N", "1",
     "solutions of each problem for fine-tuning: those of the second teacher, mistaken elsewhere, in "
     "math-2.jsonl, and so on; with --mistakes",
     1, MAX_TEACHERS},
    {"wrong-golds", LEM_OPT_NUM, "X", "0",
     "share of the problems for reward training whose expected answer is that of a usual mistake (column "
     "gold), as a noisy labeller would have it, where their kind has one",
     0, 1},
    {"reword", LEM_OPT_NUM, "X", "0",
     "share of the held-out problems in wordings that no training problem has, where their kind has one "
     "(column wording)",
     0, 1},
    {"easy-steps", LEM_OPT_INT, "N", "3", "most steps of the problems in general stage 1", 1, 8},
};

typedef struct maker {
    lem_cli *cli;
    const lem_args *args;
    const char *out, *dir;  /* dir: where the files are written */
    lem_map *seen;          /* keys of all problems written so far */
    lem_decontam *held_out; /* test and validation problems */
    lem_decontam_work *work;
    uint64_t repeated, contaminated;
} maker;

/* A file of problems. */
typedef struct problem_file {
    const char *file, *name;
    lem_wordproblem_split split;
    int64_t n;
    int max_steps, teachers; /* 0: without solutions */
    double wrong;            /* golds */
    lem_out *out[MAX_TEACHERS];
} problem_file;

/* "math.jsonl" of the first teacher, "math-2.jsonl" of the second. */
static lem_status open_file(const maker *m, const char *file, int teacher, lem_out **out, lem_err *err) {
    char name[64];
    if (teacher) snprintf(name, sizeof name, "%.*s-%d.jsonl", (int)strcspn(file, "."), file, teacher + 1);
    else snprintf(name, sizeof name, "%s", file);
    char *path = lem_path_join(m->dir, name, err);
    lem_status st = path ? lem_out_open(path, true, out, err) : LEM_EMEM;
    lem_free(path);
    return st;
}

static bool is_data_file(const char *name) {
    static const char *const files[] = {"test", "val", "rm-a", "rm-b", "easy", "math", "general"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n = strlen(files[i]);
        if (strncmp(name, files[i], n) != 0) continue;
        if (name[n] == '-' && name[n + 1] >= '2' && name[n + 1] <= '0' + MAX_TEACHERS) n += 2;
        if (strcmp(name + n, ".jsonl") == 0) return true;
    }
    return false;
}

static lem_status open_part(const maker *m, problem_file *p, lem_err *err) {
    lem_status st = open_file(m, p->file, 0, &p->out[0], err);
    for (int t = 1; st == LEM_OK && t < p->teachers; t++) st = open_file(m, p->file, t, &p->out[t], err);
    return st;
}

static lem_status close_part(problem_file *p, lem_status st, lem_err *err) {
    for (int t = 0; t < MAX_TEACHERS; t++) {
        if (st == LEM_OK && p->out[t]) st = lem_out_commit(p->out[t], err);
        lem_out_close(p->out[t]);
    }
    return st;
}

/* Columns of a problem with a solution, or of one without; a mistake of the latter is its gold. */
static void add_mistake(const maker *m, const problem_file *part, const lem_wordproblem *p, lem_object *o) {
    bool mistakes = lem_args_flag(m->args, "mistakes");
    if (part->teachers) {
        if (mistakes && p->mistake) lem_object_str(o, "mistake", p->mistake);
        else if (mistakes) lem_object_json(o, "mistake", lem_json_new_null());
        return;
    }
    if (mistakes) lem_object_str(o, "worked", p->solution);
    if (part->wrong > 0) lem_object_str(o, "gold", p->mistake ? p->mistake : "right");
    if (lem_args_num(m->args, "reword") > 0) lem_object_str(o, "wording", p->reworded ? "held out" : "usual");
}

static lem_status write_problem(const maker *m, const problem_file *part, lem_out *out, const char *id,
                                const lem_wordproblem *p, lem_err *err) {
    bool solved = part->teachers > 0;
    lem_object o = lem_object_new();
    lem_object_str(&o, "id", id);
    lem_object_str(&o, "problem", p->problem);
    if (solved) lem_object_str(&o, "solution", p->mistake ? p->mistaken : p->solution);
    lem_object_str(&o, "expected_answer", !solved && p->mistake ? p->mistaken_answer : p->answer);
    lem_object_int(&o, "steps", (uint64_t)p->steps);
    lem_object_str(&o, "template", lem_wordproblem_template_name(p->template_id));
    add_mistake(m, part, p, &o);
    lem_json *r = lem_object_done(&o);
    lem_status st = r ? lem_rows_write(out, r, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(r);
    return st;
}

/* Whether a training problem is too close to a held-out one. */
static lem_status is_close(maker *m, const char *problem, bool *out, lem_err *err) {
    lem_decontam_found found = {0};
    lem_status st = LEM_OK;
    if (!m->work) { /* the first one: all held-out problems are there */
        st = lem_decontam_seal(m->held_out, m->cli->cancel, err);
        if (st == LEM_OK) st = lem_decontam_work_new(m->held_out, &m->work, err);
    }
    if (st == LEM_OK)
        st = lem_decontam_check(m->held_out, m->work, problem, strlen(problem), LEM_DECONTAM_PROMPT, true,
                                m->cli->cancel, &found, err);
    for (size_t i = 0; st == LEM_OK && i < found.n; i++)
        if (found.match[i].rule != LEM_DECONTAM_NONE) *out = true;
    return st;
}

/* Whether the problem is new: not written before and, in a training part, not too close to a held-out one. */
static lem_status is_new(maker *m, const lem_wordproblem *p, bool train, bool *out, lem_err *err) {
    *out = false;
    if (lem_map_find(m->seen, p->key, strlen(p->key), NULL)) {
        m->repeated++;
        return LEM_OK;
    }
    bool close = false;
    uint32_t test;
    lem_status st = train ? is_close(m, p->problem, &close, err)
                          : lem_decontam_add_test(m->held_out, p->problem, strlen(p->problem),
                                                  LEM_DECONTAM_PROMPT, &test, err);
    if (st == LEM_OK && close) m->contaminated++;
    if (st == LEM_OK && !close) {
        *out = true;
        st = lem_map_set(m->seen, p->key, strlen(p->key), 1, err);
    }
    return st;
}

/* How problem `made` of the part is to be. Held-out wordings are the first ones, wrong golds lie evenly. */
static lem_wordproblem_opts opts_of(const maker *m, const problem_file *part, int64_t made) {
    double reword = part->split == LEM_WORDPROBLEM_TRAIN ? 0 : lem_args_num(m->args, "reword");
    bool wrong = floor((double)(made + 1) * part->wrong) > floor((double)made * part->wrong);
    return (lem_wordproblem_opts){.split = part->split,
                                  .min_steps = (int)lem_args_int(m->args, "min-steps"),
                                  .max_steps = part->max_steps,
                                  .mistakes = wrong || (part->teachers && lem_args_flag(m->args, "mistakes")),
                                  .always = wrong,
                                  .reword = (double)made + 0.5 < reword * (double)part->n};
}

/* The problem, as each teacher solves it. */
static lem_status write_solved(const maker *m, const problem_file *part, const lem_rng *key, uint64_t i,
                               lem_wordproblem_opts o, int64_t made, lem_wordproblem *p, lem_err *err) {
    char id[48];
    snprintf(id, sizeof id, "%s-%lld", part->name, (long long)made);
    lem_status st = write_problem(m, part, part->out[0], id, p, err);
    for (o.teacher = 1; st == LEM_OK && o.teacher < part->teachers; o.teacher++) {
        st = lem_wordproblem_make(key, i, &o, p, err);
        if (st == LEM_OK) st = write_problem(m, part, part->out[o.teacher], id, p, err);
    }
    return st;
}

static lem_status make_problems(maker *m, problem_file *part, lem_err *err) {
    lem_rng key = lem_rng_make(m->cli->seed, part->name, 0);
    lem_wordproblem p;
    lem_status st = open_part(m, part, err);
    int64_t made = 0;
    for (uint64_t i = 0; st == LEM_OK && made < part->n; i++) {
        lem_wordproblem_opts o = opts_of(m, part, made);
        bool fresh = false;
        if (m->cli->cancel && m->cli->cancel->requested)
            st = lem_fail(err, LEM_EINTR, "interrupted; the same command starts over");
        else if (i > 100u * (uint64_t)part->n + 1000)
            st = lem_fail(err, LEM_EDATA, "%s: only %lld different problems found", part->name,
                          (long long)made);
        if (st == LEM_OK) st = lem_wordproblem_make(&key, i, &o, &p, err);
        if (st == LEM_OK) st = is_new(m, &p, part->split == LEM_WORDPROBLEM_TRAIN, &fresh, err);
        if (st == LEM_OK && fresh) st = write_solved(m, part, &key, i, o, made++, &p, err);
    }
    return close_part(part, st, err);
}

static lem_status write_general(lem_out *out, const lem_generaltext *g, lem_err *err) {
    lem_json *r = lem_json_new_object();
    bool ok = r && lem_json_set(r, "prompt", lem_json_new_str(g->prompt)) &&
              lem_json_set(r, "completion", lem_json_new_str(g->response));
    lem_status st = ok ? lem_rows_write(out, r, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(r);
    return st;
}

static lem_status make_general(maker *m, lem_err *err) {
    problem_file part = {.file = "general.jsonl", .n = lem_args_int(m->args, "general")};
    lem_rng key = lem_rng_make(m->cli->seed, "general", 0);
    lem_generaltext g;
    lem_status st = open_part(m, &part, err);
    for (int64_t i = 0; st == LEM_OK && i < part.n; i++) {
        st = lem_generaltext_make(&key, (uint64_t)i, 0, &g, err);
        if (st == LEM_OK) st = write_general(part.out[0], &g, err);
    }
    return close_part(&part, st, err);
}

/* Held-out problems first: whatever comes later must differ from them. */
static lem_status make_all(maker *m, lem_err *err) {
    const lem_args *a = m->args;
    int max = (int)lem_args_int(a, "max-steps"), easy = (int)lem_args_int(a, "easy-steps");
    int teachers = (int)lem_args_int(a, "teachers");
    if (easy > max) easy = max;
    int64_t half = lem_args_int(a, "rm") / 2;
    double wrong = lem_args_num(a, "wrong-golds");
    const lem_wordproblem_split train = LEM_WORDPROBLEM_TRAIN;
    problem_file parts[] = {
        {"test.jsonl", "test", LEM_WORDPROBLEM_TEST, lem_args_int(a, "test"), .max_steps = max},
        {"val.jsonl", "val", LEM_WORDPROBLEM_VALID, lem_args_int(a, "val"), .max_steps = max},
        {"rm-a.jsonl", "rm-a", train, half, .max_steps = max, .wrong = wrong},
        {"rm-b.jsonl", "rm-b", train, half, .max_steps = max, .wrong = wrong},
        {"easy.jsonl", "easy", train, lem_args_int(a, "easy"), .max_steps = easy, .teachers = 1},
        {"math.jsonl", "math", train, lem_args_int(a, "sft"), .max_steps = max, .teachers = teachers},
    };
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < sizeof parts / sizeof *parts; i++)
        st = make_problems(m, &parts[i], err);
    return st == LEM_OK ? make_general(m, err) : st;
}

static lem_status print_data(const maker *m, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "demo data");
    lem_object_str(&o, "out", m->out);
    lem_object_int(&o, "problems", lem_map_count(m->seen));
    lem_object_int(&o, "repeated", m->repeated);
    lem_object_int(&o, "contaminated", m->contaminated);
    return lem_print_json(m->cli->out, lem_object_done(&o), 0, err);
}

static lem_status make_data(lem_cli *cli, const lem_args *args, lem_job *job, lem_err *err) {
    maker m = {.cli = cli, .args = args, .out = lem_job_out(job)};
    lem_decontam_opts near_copy = {.ngram = 13, .lcs = lem_args_num(args, "lcs"), .paper = true};
    lem_status st = LEM_OK;
    LEM_TRY(lem_job_start(job, NULL, err));
    LEM_TRY(lem_job_folder_begin(job, is_data_file, &m.dir, err));
    LEM_TRY(lem_dir_make(m.dir, err));
    m.seen = lem_map_new(err);
    if (!m.seen) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_decontam_new(&near_copy, &m.held_out, err));
    LEM_TRY(make_all(&m, err));
    LEM_TRY(lem_job_folder_put(job, err));
    LEM_TRY(lem_job_finish(job, err));
    lem_info(
        cli->log,
        "%zu different problems; left out: %llu repeated, %llu training problems too close to a held-out "
        "one (shared 13-gram, common subsequence over %.0f %%)",
        lem_map_count(m.seen), (unsigned long long)m.repeated, (unsigned long long)m.contaminated,
        100 * near_copy.lcs);
    if (cli->json) st = print_data(&m, err);
done:
    lem_decontam_work_free(m.work);
    lem_decontam_free(m.held_out);
    lem_map_free(m.seen);
    return st;
}

static lem_status run_data(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_job *job = NULL;
    lem_status st = lem_job_open(cli, &lem_cmd_demo_data, args, NULL, &job, err);
    if (st == LEM_OK && lem_job_done(job)) st = lem_print_complete(cli, "demo data", job, err);
    else if (st == LEM_OK && cli->dry_run) st = lem_print_dry_run(cli, "demo data", args, 0, err);
    else if (st == LEM_OK) st = make_data(cli, args, job, err);
    lem_job_close(job);
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
    .output = LEM_OUTPUT_DIR,
    .out_required = true,
};

/* ---- lemma demo ---- */

extern const char lem_demo_recipe[],
    lem_demo_quick_recipe[]; /* recipes/demo.yaml and recipes/demo-quick.yaml, embedded by CMake */

static const lem_opt demo_opts[] = {
    {"quick", LEM_OPT_FLAG, NULL, NULL,
     "under a minute: shows that everything runs, its numbers mean nothing"},
    {"print-recipe", LEM_OPT_FLAG, NULL, NULL, "print the recipe and stop",
     .effect = LEM_OPT_CHANGES_NOTHING},
};

/* The base model where the program was installed (PREFIX/share/lemma) or built (beside its folder), when it
 * is not where the recipe says, below the current folder. */
static lem_status find_base(lem_json *tree, lem_err *err) {
    static const char *const places[] = {"share/lemma/recipes/demo-base", "recipes/demo-base"};
    lem_json *vars = lem_json_get(tree, "vars");
    const char *base = lem_json_str(lem_json_get(vars, "base"), NULL);
    char exe[4096], path[4200];
    if (!base || lem_file_exists(base)) return LEM_OK;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return LEM_OK;
    exe[n] = '\0';
    for (int up = 0; up < 2; up++) { /* PREFIX/bin/lemma */
        char *slash = strrchr(exe, '/');
        if (slash) *slash = '\0';
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s/%s", exe, places[i]);
        if (!lem_file_exists(path)) continue;
        return lem_json_set(vars, "base", lem_json_new_str(path)) ? LEM_OK
                                                                  : lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

static lem_status run_demo(lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *text = lem_args_flag(args, "quick") ? lem_demo_quick_recipe : lem_demo_recipe;
    if (lem_args_flag(args, "print-recipe")) {
        fputs(text, cli->out);
        return LEM_OK;
    }
    lem_json *tree = NULL;
    lem_status st = lem_yaml_parse(text, strlen(text), "demo recipe", &tree, err);
    if (st == LEM_OK) st = find_base(tree, err);
    if (st == LEM_OK) st = lem_run_recipe(cli, args, tree, "demo recipe", 0, err);
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
    .output = LEM_OUTPUT_DIR,
    .words = LEM_WORDS_OWN,
    .assignments = true,
};
