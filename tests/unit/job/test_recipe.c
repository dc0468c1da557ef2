/* test_recipe - stages in order, checked before the first, left when complete, run again when they changed */
#include "job/recipe.h"

#include "job/job.h"
#include "support.h"

#include <math.h>

/* What the toy commands did, and how they shall behave. */
static struct {
    char ran[256];          /* outputs written, each with a space behind it */
    char paths[256];        /* compute paths seen */
    const char *stop_after; /* the run is interrupted while this output is made */
    double memory, disk;    /* what .plan answers */
    lem_cancel cancel;
} world;

/* The contents of --data, one after another, and --note. */
static void make_text(const lem_args *args, lem_buf *text) {
    const lem_json *data = lem_args_tree(args, "data");
    for (size_t i = 0; i < lem_json_count(data); i++)
        lem_buf_puts(text, get(lem_json_str(lem_json_at(data, i), "")));
    lem_buf_puts(text, lem_args_has(args, "note") ? lem_args_str(args, "note") : "");
}

static lem_status write_out(lem_job *job, const lem_command *cmd, const lem_args *args, lem_err *e) {
    lem_buf text = {0};
    char path[256];
    bool dir = cmd->output == LEM_OUTPUT_DIR;
    lem_status st = dir ? lem_dir_make(lem_job_out(job), e) : LEM_OK;
    snprintf(path, sizeof path, "%s%s", lem_job_out(job), dir ? "/text" : "");
    make_text(args, &text);
    if (st == LEM_OK) st = lem_file_write_atomic(path, lem_buf_str(&text), text.len, e);
    lem_buf_release(&text);
    return st;
}

static lem_status run_toy(const lem_command *cmd, lem_cli *cli, const lem_args *args, lem_err *e) {
    lem_job *job = NULL;
    lem_status st = lem_job_open(cli, cmd, args, NULL, &job, e);
    if (st || lem_job_done(job)) goto done;
    if (!lem_job_out(job) || cli->dry_run) goto done;
    LEM_TRY(lem_job_start(job, cli->isa, e));
    strcat(strcat(world.ran, lem_job_out(job)), " ");
    strcat(strcat(world.paths, cli->isa), " ");
    LEM_TRY(write_out(job, cmd, args, e));
    LEM_TRY(lem_job_finish(job, e));
    if (world.stop_after && strcmp(world.stop_after, lem_job_out(job)) == 0) world.cancel.requested = 1;
done:
    lem_job_close(job);
    return st;
}

static const lem_command write_file, make_folder;
static lem_status run_file(lem_cli *cli, const lem_args *args, lem_err *e) {
    return run_toy(&write_file, cli, args, e);
}
static lem_status run_folder(lem_cli *cli, const lem_args *args, lem_err *e) {
    return run_toy(&make_folder, cli, args, e);
}
static lem_status plan(lem_cli *cli, const lem_args *args, lem_plan *out, lem_err *e) {
    (void)cli;
    (void)args;
    (void)e;
    out->memory = world.memory;
    out->disk = world.disk;
    return LEM_OK;
}

static const lem_command write_file = {.name = "write",
                                       .purpose = "writes a file",
                                       .usage = "",
                                       .example = "lemma write",
                                       .max_words = -1,
                                       TOY_TABLES,
                                       .run = run_file,
                                       .plan = plan,
                                       .output = LEM_OUTPUT_FILE,
                                       .out_required = true};
static const lem_command make_folder = {.name = "make",
                                        .purpose = "makes a folder",
                                        .usage = "",
                                        .example = "lemma make",
                                        TOY_TABLES,
                                        .run = run_folder,
                                        .output = LEM_OUTPUT_DIR,
                                        .out_required = true};
static const lem_command *const commands[] = {&write_file, &make_folder, NULL};

static lem_status compute_path(lem_cli *cli, const char *earlier, char out[32], lem_err *e) {
    (void)e;
    snprintf(out, 32, "%s", earlier ? earlier : cli->isa);
    return LEM_OK;
}

typedef struct how {
    const char *out, *isa;
    double memory;
    bool dry_run, fresh, overwrite;
} how;

static lem_status run_with(const char *text, const char *const *overrides, how h) {
    lem_cli cli = {.out = stdout,
                   .isa = h.isa ? h.isa : "avx2",
                   .seed = 1,
                   .limit = -1,
                   .dry_run = h.dry_run,
                   .fresh = h.fresh,
                   .overwrite = h.overwrite,
                   .cancel = &world.cancel};
    lem_recipe_spec spec = {.commands = commands,
                            .source = "r.yaml",
                            .out = h.out,
                            .overrides = overrides,
                            .compute_path = compute_path,
                            .memory = h.memory};
    while (overrides && overrides[spec.n_overrides]) spec.n_overrides++;
    world.ran[0] = world.paths[0] = '\0';
    world.cancel.requested = 0;
    err = (lem_err)LEM_ERR_INIT;
    OK(lem_yaml_parse(text, strlen(text), "r.yaml", &spec.tree, &err));
    lem_status st = lem_recipe_run(&cli, &spec, NULL, &err);
    lem_json_free(spec.tree);
    return st;
}

static lem_status run(const char *text) { return run_with(text, NULL, (how){0}); }
static lem_status run_one(const char *text, const char *override) {
    return run_with(text, (const char *const[]){override, NULL}, (how){0});
}

/* Four stages: b reads a, c stands alone, d reads b. */
static const char four[] =
    "name: four\nabout: a test\nvars: {out: o, word: hello}\nstages:\n"
    "  - {name: a, command: write, out: '${out}/a', note: '${word} ${word}'}\n"
    "  - {name: b, command: make, out: '${out}/b', data: ['${out}/a'], lr: 0.01}\n"
    "  - {name: c, command: write, out: '${out}/c', note: c}\n"
    "  - {name: d, command: write, out: '${out}/d', data: ['${out}/b/text'], max_tokens: 5}\n";

static int enter(void **state) {
    memset(&world, 0, sizeof world);
    return enter_folder(state);
}
#define recipe_test(f) cmocka_unit_test_setup_teardown(f, enter, leave_folder)

static void runs_in_order(void **state) {
    (void)state;
    OK(run(four));
    assert_string_equal(world.ran, "o/a o/b o/c o/d ");
    assert_string_equal(get("o/a"), "hello hello");
    assert_string_equal(get("o/d"), "hello hello");
    HAS(get("o/run.json"), "\"four\"");
    HAS(get("o/run.json"), "\"a\"");
    HAS(get("o/run.json"), "\"d\"");
    HAS(get("o/run.json"), "identity");
    HAS_NOT(get("o/run.json"), "seconds");
    HAS(get("o/timing.json"), "\"a\"");
    HAS(get("o/d.manifest.json"), "\"max-tokens\": 5");
    OK(run(four));
    assert_string_equal(world.ran, ""); /* what is complete is left */
}

static void overrides_and_variables(void **state) {
    (void)state;
    OK(run_with(four, (const char *const[]){"word=bye", "b.lr=0.5", "out=p", NULL}, (how){0}));
    assert_string_equal(get("p/a"), "bye bye");
    HAS(get("p/b/manifest.json"), "\"lr\": 0.5");
    OK(run_with(four, NULL, (how){.out = "q"}));
    assert_string_equal(world.ran, "q/a q/b q/c q/d ");
    FAILS(run_one(four, "wurd=x"), LEM_EUSAGE, "did you mean 'word'");
    FAILS(run_one(four, "word"), LEM_EUSAGE, "'word'");
    FAILS(run_one(four, "z.lr=1"), LEM_EUSAGE, "'z'");
    FAILS(run_one(four, "b.lrr=1"), LEM_EUSAGE, "did you mean 'lr'");
    FAILS(run_one(four, "b.lr=7"), LEM_EUSAGE, "--lr");
    assert_string_equal(world.ran, "");
}

/* One stage after a good one: the fault is named, and the good one has not run. */
static void refused(const char *stage, lem_status status, const char *words) {
    char text[1024];
    snprintf(text, sizeof text,
             "name: x\nvars: {out: o}\nstages:\n  - {name: a, command: write, out: '${out}/a'}\n  - %s\n",
             stage);
    lem_status st = run(text);
    if (st != status || !strstr(err.text, words))
        fail_msg("%s: status %d, '%s' lacks '%s'", stage, (int)st, err.text, words);
    assert_string_equal(world.ran, "");
    assert_false(there("o"));
}

static void all_is_checked_before_the_first_stage(void **state) {
    (void)state;
    refused("{name: b, command: wirte, out: o/b}", LEM_EUSAGE, "did you mean 'write'");
    refused("{name: b, command: write, out: o/b, lrr: 0.1}", LEM_EUSAGE, "did you mean 'lr'");
    refused("{name: b, command: write, out: o/b, learning_rate: 0.1}", LEM_EUSAGE, "did you mean 'lr'");
    refused("{name: b, command: write, out: o/b, lr: 7}", LEM_EUSAGE, "stage b");
    refused("{name: b, command: write, out: o/b, kind: pink}", LEM_EUSAGE, "red, green, blue");
    refused("{name: b, command: write, out: o/b, note: '${nix}'}", LEM_EUSAGE, "'nix'");
    refused("{name: b, command: write}", LEM_EUSAGE, "--out");
    refused("{name: a, command: write, out: o/b}", LEM_EUSAGE, "'a'");
    refused("{name: b, command: write, out: o/a}", LEM_EUSAGE, "both write o/a");
    refused("{name: b, command: write, out: o/b, data: [o/none]}", LEM_EDATA, "o/none: no such file");
    refused("{name: b, command: write, out: o/b, data: ['in*.none']}", LEM_EDATA, "in*.none: no such file");
    refused("{name: b, command: write, out: o/b, val: o/none}", LEM_EDATA, "stage b");
    refused("{name: b, command: write, out: o/b, stages: [{lrr: 1}]}", LEM_EUSAGE, "did you mean 'lr'");
    refused("{name: b, command: write, out: o/b, stages: [{lr: 7}]}", LEM_EUSAGE, "--lr");
    refused("{name: b, command: write, out: o/b, stages: [{name: s, val: o/none}]}", LEM_EDATA, "o/none");
    refused("{name: b, command: write, out: o/b, data: [o/c]}\n  - {name: c, command: write, out: o/c}",
            LEM_EDATA, "stage c makes it only later");
    refused("{command: write, out: o/b}", LEM_EUSAGE, "stages[1]");
    refused("{name: b, out: o/b}", LEM_EUSAGE, "stages[1]");
    refused("just text", LEM_EUSAGE, "stages[1]");
}

/* A pattern that matches something is there; the toy reads no data that is so named, so a dry run. */
static void a_pattern_is_an_input(void **state) {
    (void)state;
    put("in1", "x");
    OK(run_with("name: p\nvars: {out: o}\nstages:\n  - {name: a, command: write, out: '${out}/a', data: "
                "['in[0-9]']}\n",
                NULL, (how){.dry_run = true}));
}

static void one_output_under_two_spellings(void **state) {
    (void)state;
    refused("{name: b, command: write, out: o/a/}", LEM_EUSAGE, "both write");
}

static void standard_output_is_no_file(void **state) {
    (void)state;
    OK(run("name: x\nvars: {out: o}\nstages:\n  - {name: a, command: write, out: '-'}\n"
           "  - {name: b, command: write, out: '-'}\n"));
}

static void words_are_texts(void **state) {
    (void)state;
    OK(run("name: x\nvars: {out: o}\nstages:\n  - {name: a, command: write, words: [u, v], out: o/a}\n"
           "  - {name: b, command: write, words: w, out: o/b}\n"));
    HAS(get("o/a.manifest.json"), "\"u\"");
    HAS(get("o/b.manifest.json"), "\"w\"");
}

/* A number among the words is its text, or it is refused: it is not silently another word. */
static void words_that_are_numbers(void **state) {
    (void)state;
    static const char *const words[] = {"[7]", "7"};
    for (int i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "name: x\nvars: {out: o%d}\nstages:\n  - {name: a, command: write, words: %s, out: o%d/a}\n",
                 i, words[i], i);
        if (run(text) == LEM_OK) HAS(get(i ? "o1/a.manifest.json" : "o0/a.manifest.json"), "\"7\"");
        else assert_int_equal(err.status, LEM_EUSAGE);
    }
}

static void shape_of_a_recipe(void **state) {
    (void)state;
    FAILS(run("[1]"), LEM_EUSAGE, "r.yaml");
    FAILS(run("vars: {out: o}\nstages: [{name: a, command: write, out: o/a}]"), LEM_EUSAGE, "name");
    FAILS(run("name: x\nstages: [{name: a, command: write, out: o/a}]"), LEM_EUSAGE, "vars");
    FAILS(run("name: x\nvars: {out: o}"), LEM_EUSAGE, "stages");
    FAILS(run("name: x\nvars: {out: o}\nstages: []"), LEM_EUSAGE, "stages");
    FAILS(run("name: x\nvars: {out: o}\nstage: []"), LEM_EUSAGE, "did you mean 'stages'");
    FAILS(run("name: x\nvars: {out: ''}\nstages: [{name: a, command: write, out: o/a}]"), LEM_EUSAGE, "out");
    assert_string_equal(listing(), "");
}

static void memory_and_disk(void **state) {
    (void)state;
    world.memory = 2e9;
    FAILS(run_with(four, NULL, (how){.memory = 1e9}), LEM_EMEM, "stage a (write)");
    HAS(err.text, "2.0 GB");
    assert_false(there("o"));
    world.disk = 1e18;
    FAILS(run_with(four, NULL, (how){.memory = 3e9}), LEM_EIO, "GB are free");
    assert_false(there("o"));
    world.disk = 0;
    OK(run(four)); /* the machine's memory is not known */
}

static void dry_run_writes_nothing(void **state) {
    (void)state;
    OK(run_with(four, NULL, (how){.dry_run = true}));
    assert_string_equal(listing(), "");
    FAILS(run_with(four, (const char *const[]){"b.lr=7", NULL}, (how){.dry_run = true}), LEM_EUSAGE, "--lr");
    OK(run(four));
    char before[4096];
    snprintf(before, sizeof before, "%s", listing());
    OK(run_with(four, NULL, (how){.dry_run = true}));
    assert_string_equal(listing(), before);
}

static void interrupted_and_not(void **state) {
    (void)state;
    OK(run_with(four, NULL, (how){.out = "o"}));
    const char *whole = get("o/run.json");
    char kept[4096];
    snprintf(kept, sizeof kept, "%s", whole);
    OK(lem_dir_remove("o", &err));
    world.stop_after = "o/b";
    FAILS(run(four), LEM_EINTR, "stage b");
    assert_string_equal(world.ran, "o/a o/b ");
    HAS(get("o/run.json"), "\"b\"");
    HAS_NOT(get("o/run.json"), "\"c\"");
    world.stop_after = NULL;
    OK(run_with(four, NULL, (how){.isa = "generic"}));
    assert_string_equal(world.ran, "o/c o/d ");
    assert_string_equal(world.paths, "avx2 avx2 "); /* one compute path for the whole run */
    assert_string_equal(get("o/run.json"), kept);
}

static void changed_option_is_refused(void **state) {
    (void)state;
    OK(run(four));
    FAILS(run_one(four, "b.lr=0.5"), LEM_EUSAGE, "stage b (make)");
    HAS(err.text, "--lr was 0.01, is now 0.5");
    assert_string_equal(world.ran, "");
    FAILS(run_one(four, "word=bye"), LEM_EUSAGE, "stage a");
}

static void changed_input_is_refused(void **state) {
    (void)state;
    static const char text[] =
        "name: x\nvars: {out: o}\nstages:\n  - {name: a, command: write, out: o/a, data: [in]}\n";
    put("in", "1");
    OK(run(text));
    put("in", "2");
    FAILS(run(text), LEM_EUSAGE, "--data ");
    OK(run_with(text, NULL, (how){.overwrite = true}));
    assert_string_equal(get("o/a"), "2");
}

static void overwrite_runs_what_changed(void **state) {
    (void)state;
    OK(run(four));
    OK(run_with(four, (const char *const[]){"word=bye", NULL}, (how){.overwrite = true}));
    assert_string_equal(world.ran, "o/a o/b o/d "); /* c reads nothing of it */
    assert_string_equal(get("o/d"), "bye bye");
    OK(run_one(four, "word=bye"));
    assert_string_equal(world.ran, "");
    OK(run_with(four, (const char *const[]){"word=bye", "b.lr=0.5", NULL}, (how){.overwrite = true}));
    assert_string_equal(world.ran, "o/b "); /* its text stayed the same, so d is what it was */
    OK(run_with(four, (const char *const[]){"word=bye", "b.lr=0.5", NULL}, (how){.overwrite = true}));
    assert_string_equal(world.ran, "");
}

/* What stands in run.json is of the stages as they are now, as if nothing had been there before. */
static void overwrite_records_what_is_now(void **state) {
    (void)state;
    static const char *const change[] = {"b.lr=0.5", NULL};
    char kept[4096];
    OK(run_with(four, change, (how){0}));
    snprintf(kept, sizeof kept, "%s", get("o/run.json"));
    OK(lem_dir_remove("o", &err));
    OK(run(four));
    assert_string_not_equal(get("o/run.json"), kept);
    OK(run_with(four, change, (how){.overwrite = true}));
    assert_string_equal(get("o/run.json"), kept);
}

static void fresh_runs_all(void **state) {
    (void)state;
    OK(run(four));
    OK(run_with(four, NULL, (how){.fresh = true}));
    assert_string_equal(world.ran, "o/a o/b o/c o/d ");
}

static void lost_output_is_made_again(void **state) {
    (void)state;
    OK(run(four));
    char kept[4096];
    snprintf(kept, sizeof kept, "%s", get("o/run.json"));
    OK(lem_file_remove("o/c", &err));
    OK(run(four));
    assert_string_equal(world.ran, "o/c ");
    assert_string_equal(get("o/run.json"), kept);
}

static void run_json_lists_the_stages_of_now(void **state) {
    (void)state;
    char less[sizeof four];
    snprintf(less, sizeof less, "%.*s", (int)(strstr(four, "  - {name: d") - four), four);
    OK(run(four));
    OK(run(less));
    HAS(get("o/run.json"), "\"c\"");
    HAS_NOT(get("o/run.json"), "\"d\"");
}

static void two_runs_of_one_folder(void **state) {
    (void)state;
    lem_lock *lock = NULL;
    OK(lem_dir_make("o", &err));
    OK(lem_lock_take("o/run.json", &lock, &err));
    FAILS(run(four), LEM_EIO, "locked");
    lem_lock_release(lock);
}

static void damaged_run_json(void **state) {
    (void)state;
    OK(run(four));
    put("o/run.json", "{");
    FAILS(run(four), LEM_EDATA, "run.json");
    put("o/run.json", "[]");
    FAILS(run(four), LEM_EDATA, "run.json");
}

/* ---- --budget: `work` takes a second for each of --n, `fixed` ten ---- */

static struct {
    char parts[256];   /* "NAME PART, " of each launch */
    double per_second; /* of n, as the launched commands find by themselves */
} budget;

static const lem_opt work_opts[] = {
    {"n", LEM_OPT_INT, "N", "4", "how many", 1, 1000},
    {"note", LEM_OPT_STR, "TEXT", NULL, "any text"},
    {"endpoint", LEM_OPT_STR, "URL", NULL, "a server"},
    LEM_OPT_BUDGET("n"),
};
static lem_status run_work(lem_cli *cli, const lem_args *args, lem_err *e);
static const lem_command work = {.name = "work",
                                 .purpose = "n seconds",
                                 .usage = "",
                                 .example = "lemma work",
                                 .opts = work_opts,
                                 .n_opts = COUNT(work_opts),
                                 .run = run_work,
                                 .output = LEM_OUTPUT_FILE,
                                 .out_required = true,
                                 .budget = "n"};
static lem_status run_work(lem_cli *cli, const lem_args *args, lem_err *e) {
    return run_toy(&work, cli, args, e);
}
static const lem_command *const workers[] = {&write_file, &work, NULL};

static void expect_work(lem_cli *cli, lem_expected *x) {
    (void)cli;
    bool works = strcmp(x->command, "work") == 0;
    x->known = true;
    x->seconds = works ? (double)lem_args_int(x->args, "n") : 10;
}

/* As lem_launch: the part of the budget becomes n, an earlier choice stays. */
static lem_status launch_work(lem_cli *cli, const lem_command *cmd, const lem_args *args, lem_err *e) {
    const char *part = lem_args_str(args, "budget"), *out = lem_args_str(args, "out");
    double n = part ? floor(atof(part) * budget.per_second) : 0, asked = lem_args_num(args, "n");
    lem_json *values = lem_json_copy(args->values);
    char at[64];
    cli->budget_value = 0;
    cli->estimate = -1;
    if (part) {
        snprintf(budget.parts + strlen(budget.parts), 64, "%s %s, ", out, part);
        cli->budget_value = n < asked ? n : asked;
        snprintf(at, sizeof at, "%s.manifest.json", out);
        lem_json *before = NULL;
        if (lem_file_exists(at)) OK(lem_json_load(at, 1 << 20, &before, e));
        if (before) cli->budget_value = lem_json_num(lem_json_find(before, "arguments.n"), 0);
        lem_json_free(before);
        assert_true(lem_json_set(values, "n", lem_json_new_int((int64_t)cli->budget_value)));
    }
    const lem_args with = {values, args->words, args->n_words};
    lem_status st = cmd->run(cli, &with, e);
    lem_json_free(values);
    return st;
}

/* Three that can do less (100 seconds in all), one that cannot: 110.8 with what the start of each takes. */
static const char working[] =
    "name: w\nvars: {out: o}\nstages:\n  - {name: a, command: work, out: o/a, n: 40}\n"
    "  - {name: b, command: write, out: o/b}\n"
    "  - {name: c, command: work, out: o/c, n: 20}\n"
    "  - {name: d, command: work, out: o/d, n: 40}\n";

static lem_status run_within(const char *text, const char *time, bool dry, lem_json **told) {
    lem_cli cli = {
        .out = stdout, .isa = "avx2", .seed = 1, .limit = -1, .dry_run = dry, .cancel = &world.cancel};
    lem_recipe_spec spec = {.commands = workers,
                            .source = "r.yaml",
                            .compute_path = compute_path,
                            .expect = expect_work,
                            .launch = launch_work,
                            .budget = time};
    world.ran[0] = budget.parts[0] = '\0';
    world.cancel.requested = 0;
    err = (lem_err)LEM_ERR_INIT;
    OK(lem_yaml_parse(text, strlen(text), "r.yaml", &spec.tree, &err));
    lem_status st = lem_recipe_run(&cli, &spec, told, &err);
    lem_json_free(spec.tree);
    return st;
}

static double told_n(const lem_json *told, const char *stage) {
    char path[64];
    snprintf(path, sizeof path, "budget.stages.%s.about", stage);
    return lem_json_num(lem_json_find(told, path), -1);
}

/* 60 seconds: 10.8 are needed in any case, and the rest is half of what is asked for. */
static void a_budget_is_shared_out(void **state) {
    (void)state;
    lem_json *told = NULL;
    budget.per_second = 1;
    OK(run_within(working, "60s", true, &told));
    assert_string_equal(listing(), "");
    assert_true(told_n(told, "a") == 19 && told_n(told, "c") == 9 && told_n(told, "d") == 19);
    lem_json_free(told);
    OK(run_within(working, "60s", false, NULL));
    /* nothing took time, so that a later one gets what the earlier ones left */
    assert_string_equal(budget.parts, "o/a 20s, o/c 20s, o/d 60s, ");
    HAS(get("o/a.manifest.json"), "\"n\": 20");
    HAS(get("o/d.manifest.json"), "\"n\": 40");
    lem_json *run_json = NULL;
    OK(lem_json_load("o/run.json", 1 << 20, &run_json, &err));
    assert_string_equal(lem_json_str(lem_json_find(run_json, "budget.time"), ""), "60s");
    assert_int_equal(lem_json_int(lem_json_find(run_json, "budget.stages.a.n"), 0), 20);
    lem_json_free(run_json);
}

/* The time that earlier stages took is gone; what was chosen stays chosen. */
static void a_budget_goes_on(void **state) {
    (void)state;
    char kept[4096];
    budget.per_second = 1;
    world.stop_after = "o/a";
    FAILS(run_within(working, "60s", false, NULL), LEM_EINTR, "stage a");
    world.stop_after = NULL;
    put("o/timing.json", "{\"a\":30}");
    OK(run_within(working, "60s", false, NULL));
    /* a is there and finds its choice; 30 are left: 10.2 for b, 0.4 to start, a third of 60 */
    assert_string_equal(world.ran, "o/b o/c o/d ");
    HAS(budget.parts, "o/c 10s, o/d 30s, ");
    HAS(get("o/a.manifest.json"), "\"n\": 20");
    snprintf(kept, sizeof kept, "%s", get("o/run.json"));
    OK(run_within(working, "60s", false, NULL));
    assert_string_equal(world.ran, "");
    assert_string_equal(get("o/run.json"), kept);
}

static void a_budget_that_nothing_fits(void **state) {
    (void)state;
    budget.per_second = 1;
    FAILS(run_within(working, "13s", true, NULL), LEM_EUSAGE, "--budget 13s: nothing fits: ");
    HAS(err.text, "about 13.8 seconds");
    FAILS(run_within(working, "13s", false, NULL), LEM_EUSAGE, "nothing fits");
    assert_string_equal(world.ran, "");
    FAILS(run_within(working, "soon", false, NULL), LEM_EUSAGE, "'soon'");
    OK(run_within(working, "14s", true, NULL));
    OK(run_within(working, "1000s", false, NULL));
    HAS(get("o/a.manifest.json"), "\"n\": 40"); /* never more than is asked for */
}

/* A stage that took longer than was thought does not end the run: the rest does its least, and has time for
 * it. */
static void a_budget_that_is_used_up(void **state) {
    (void)state;
    budget.per_second = 1;
    world.stop_after = "o/a";
    FAILS(run_within(working, "60s", false, NULL), LEM_EINTR, "stage a");
    world.stop_after = NULL;
    put("o/timing.json", "{\"a\":59}");
    OK(run_within(working, "60s", false, NULL));
    HAS(budget.parts, "o/c 2s, ");
    assert_string_equal(world.ran, "o/b o/c o/d ");
}

/* A stage with a budget of its own keeps it, and one that asks a server gets none. */
static void a_budget_of_its_own(void **state) {
    (void)state;
    static const char text[] = "name: w\nvars: {out: o}\nstages:\n"
                               "  - {name: a, command: work, out: o/a, n: 40, budget: 7s}\n"
                               "  - {name: b, command: work, out: o/b, n: 30, endpoint: u}\n"
                               "  - {name: c, command: work, out: o/c, n: 40}\n";
    budget.per_second = 1;
    OK(run_within(text, "90s", false, NULL));
    HAS(budget.parts, "o/a 7s, o/c ");
    HAS_NOT(budget.parts, "o/b");
    HAS(get("o/b.manifest.json"), "\"n\": 30");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        recipe_test(runs_in_order),
        recipe_test(overrides_and_variables),
        recipe_test(all_is_checked_before_the_first_stage),
        recipe_test(a_pattern_is_an_input),
        recipe_test(one_output_under_two_spellings),
        recipe_test(standard_output_is_no_file),
        recipe_test(words_are_texts),
        recipe_test(words_that_are_numbers),
        recipe_test(shape_of_a_recipe),
        recipe_test(memory_and_disk),
        recipe_test(dry_run_writes_nothing),
        recipe_test(interrupted_and_not),
        recipe_test(a_budget_is_shared_out),
        recipe_test(a_budget_goes_on),
        recipe_test(a_budget_that_nothing_fits),
        recipe_test(a_budget_that_is_used_up),
        recipe_test(a_budget_of_its_own),
        recipe_test(changed_option_is_refused),
        recipe_test(changed_input_is_refused),
        recipe_test(overwrite_runs_what_changed),
        recipe_test(overwrite_records_what_is_now),
        recipe_test(fresh_runs_all),
        recipe_test(lost_output_is_made_again),
        recipe_test(run_json_lists_the_stages_of_now),
        recipe_test(two_runs_of_one_folder),
        recipe_test(damaged_run_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
