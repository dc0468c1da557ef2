/* test_facts - what makes two runs one job, and the words for what differs */
#include "job/facts.h"

#include "support.h"

static lem_json *facts_with(const lem_command *cmd, const char *line, const lem_facts_source *extra) {
    lem_cli cli = {0};
    lem_args args;
    lem_json *facts = NULL;
    OK(parse_line(cmd, line, &cli, &args));
    lem_facts_source from = extra ? *extra : (lem_facts_source){0};
    from.cmd = cmd;
    from.args = &args;
    OK(lem_facts_make(&from, &facts, &err));
    lem_args_release(&args);
    return facts;
}

static lem_json *facts_of(const char *line) { return facts_with(&toy, line, NULL); }

/* Whether two command lines are one job, by identity and by comparing; both must say the same. */
static bool same_job(const lem_command *cmd, const char *a, const char *b) {
    lem_json *old = facts_with(cmd, a, NULL), *now = facts_with(cmd, b, NULL);
    lem_buf diff = {0};
    char x[65], y[65];
    OK(lem_facts_identity(old, x, &err));
    OK(lem_facts_identity(now, y, &err));
    bool differ = lem_facts_differ(cmd, old, now, &diff);
    assert_int_equal(differ, strcmp(x, y) != 0);
    assert_int_equal(differ, diff.len > 0);
    lem_buf_release(&diff);
    lem_json_free(old);
    lem_json_free(now);
    return !differ;
}

/* The words for what differs; valid until the next call. */
static const char *difference(const lem_json *old, const lem_json *now) {
    static char text[1024];
    lem_buf diff = {0};
    assert_true(lem_facts_differ(&toy, old, now, &diff));
    snprintf(text, sizeof text, "%s", lem_buf_str(&diff));
    lem_buf_release(&diff);
    return text;
}

static const char *differ(const char *a, const char *b) {
    lem_json *old = facts_of(a), *now = facts_of(b);
    const char *text = difference(old, now);
    lem_json_free(old);
    lem_json_free(now);
    return text;
}

/* Another value than the default for every option of every table. */
/* Every input may have been made anew. */
static bool remade(const lem_command *cmd, const lem_json *old, const lem_json *now) {
    static const char *const all[] = {"."};
    return lem_facts_remade(cmd, old, now, all, 1);
}

static void every_option_counts_or_not(void **state) {
    (void)state;
    const lem_opt *o;
    char line[128], choice[32];
    int n = 0;
    put("in", "1");
    for (int i = 0; (o = lem_opt_at(&toy, i)); i++) {
        const char *value = o->type == LEM_OPT_INPUT || o->type == LEM_OPT_INPUTS ? "in" : "1";
        if (o->type == LEM_OPT_TREE || strcmp(o->name, "config") == 0) continue;
        if (o->type == LEM_OPT_ENUM && lem_opt_choice(o, 1, choice)) value = choice;
        if (strcmp(o->name, "seed") == 0) value = "2";
        if (o->type == LEM_OPT_FLAG) snprintf(line, sizeof line, "--%s", o->name);
        else snprintf(line, sizeof line, "--%s %s", o->name, value);
        if (same_job(&toy, "", line) == (o->effect == LEM_OPT_CHANGES_RESULT))
            fail_msg("--%s counts as if its effect were the other", o->name);
        n++;
    }
    assert_int_equal(n, COUNT(toy_opts) + COUNT(toy_shared) + 11 - 2);
}

static void facts_have_their_shape(void **state) {
    (void)state;
    put("v", "1");
    lem_json *f = facts_of("--val v --tags a,b --threads 3 --out x");
    assert_string_equal(lem_json_str(lem_json_get(f, "command"), ""), "toy");
    assert_int_equal(lem_json_int(lem_json_find(f, "arguments.batch"), 0), 8); /* defaults stand in it */
    assert_int_equal(lem_json_count(lem_json_find(f, "arguments.tags")), 2);
    assert_null(lem_json_find(f, "arguments.threads"));
    assert_null(lem_json_find(f, "arguments.out"));
    assert_string_equal(lem_json_str(lem_json_find(f, "inputs.0.option"), ""), "val");
    assert_string_equal(lem_json_str(lem_json_find(f, "inputs.0.path"), ""), "v");
    assert_int_equal(strlen(lem_json_str(lem_json_find(f, "inputs.0.sha256"), "")), 64);
    assert_null(lem_json_find(f, "inputs.0.files"));
    lem_json_free(f);
}

static void order_does_not_count(void **state) {
    (void)state;
    assert_true(same_job(&toy, "--lr 0.1 --batch 3 --note x --loud", "--loud --note x --batch=3 --lr=1e-1"));
    assert_true(same_job(&toy, "--lr 3e-3", "lr=0.003"));
    assert_true(same_job(&toy, "--n 10", "--n 1e1"));
    assert_true(same_job(&toy, "--max-tokens 5", "--max_tokens 5"));
    assert_true(same_job(&toy, "", "--lr 0.005 --seed 1")); /* a default that is written out */
    assert_false(same_job(&toy, "--tags a,b", "--tags b,a"));
}

static void inputs_count_by_content(void **state) {
    (void)state;
    put("a", "one");
    put("b", "one");
    put("c", "two");
    assert_true(same_job(&toy, "--val a", "--val b"));
    assert_false(same_job(&toy, "--val a", "--val c"));
    assert_true(same_job(&toy, "--data a,c", "--data b --data c"));
    assert_false(same_job(&toy, "--data a,c", "--data c,a"));
    assert_false(same_job(&toy, "--data a", "--data a,b"));
    assert_false(same_job(&toy, "--val a", "--model a")); /* what it is used as counts */
    OK(lem_file_remove("c", &err));
    lem_json *f = NULL;
    lem_cli cli = {0};
    lem_args args;
    OK(parse_line(&toy, "--data a,c", &cli, &args));
    lem_facts_source from = {.cmd = &toy, .args = &args};
    FAILS(lem_facts_make(&from, &f, &err), LEM_EDATA, "c: no such file");
    assert_null(f);
    lem_args_release(&args);
}

static void other_inputs_and_stdin(void **state) {
    (void)state;
    static const lem_job_input in[] = {{"the template", "t"}, {"rows", "-"}};
    char one[65], two[65];
    put("t", "1");
    memset(one, '1', 64);
    memset(two, '2', 64);
    one[64] = two[64] = '\0';
    lem_facts_source from = {.inputs = in, .n_inputs = 2, .stdin_digest = one};
    lem_json *a = facts_with(&toy, "", &from);
    assert_string_equal(lem_json_str(lem_json_find(a, "inputs.1.sha256"), ""), one);
    from.stdin_digest = two;
    lem_json *b = facts_with(&toy, "", &from);
    HAS(difference(a, b), "rows");
    HAS_NOT(difference(a, b), "the template");
    put("t", "2");
    lem_json *c = facts_with(&toy, "", &from);
    HAS(difference(b, c), "the template");
    lem_json_free(a);
    lem_json_free(b);
    lem_json_free(c);
}

static void roles_of_words(void **state) {
    (void)state;
    lem_command cmd = toy;
    cmd.max_words = -1;
    put("a", "one");
    put("b", "one");
    put("c", "two");
    cmd.words = LEM_WORDS_TEXT;
    assert_false(same_job(&cmd, "a", "b"));
    assert_true(same_job(&cmd, "a", "a"));
    assert_true(same_job(&cmd, "none", "none")); /* not a path */
    cmd.words = LEM_WORDS_INPUT;
    assert_true(same_job(&cmd, "a", "b"));
    assert_false(same_job(&cmd, "a", "c"));
    assert_false(same_job(&cmd, "a c", "c a"));
    cmd.words = LEM_WORDS_NAMED_INPUT;
    assert_false(same_job(&cmd, "a", "b"));
    lem_json *old = facts_with(&cmd, "a", NULL);
    put("a", "three");
    lem_json *now = facts_with(&cmd, "a", NULL);
    HAS(difference(old, now), "argument 1");
    lem_json_free(old);
    lem_json_free(now);
    cmd.words = LEM_WORDS_OWN;
    assert_true(same_job(&cmd, "a", "c"));
}

/* Words are no option: the text must not name one that nobody can pass. */
static void words_are_no_option(void **state) {
    (void)state;
    lem_command cmd = toy;
    cmd.max_words = -1;
    cmd.words = LEM_WORDS_TEXT;
    lem_json *old = facts_with(&cmd, "a", NULL), *now = facts_with(&cmd, "b", NULL);
    HAS(difference(old, now), "[\"a\"], is now [\"b\"]");
    HAS_NOT(difference(old, now), "--words");
    lem_json_free(old);
    lem_json_free(now);
}

/* ---- trees ---- */

static lem_json *facts_of_yaml(const char *yaml) {
    put("c.yaml", yaml);
    return facts_of("--config c.yaml");
}

static bool same_trees(const char *a, const char *b) {
    lem_json *old = facts_of_yaml(a), *now = facts_of_yaml(b);
    char x[65], y[65];
    OK(lem_facts_identity(old, x, &err));
    OK(lem_facts_identity(now, y, &err));
    lem_json_free(old);
    lem_json_free(now);
    return strcmp(x, y) == 0;
}

static void trees_count(void **state) {
    (void)state;
    put("a", "one");
    put("b", "one");
    put("c", "two");
    assert_true(same_trees("stages: [{lr: 3e-3}]", "stages: [{lr: 0.003}]"));
    assert_true(same_trees("stages: [{lr: 0.1, batch: 2}]", "stages: [{batch: 2, lr: 0.1}]"));
    assert_true(same_trees("stages: [{max_tokens: 5}]", "stages: [{max-tokens: 5}]"));
    assert_true(same_trees("stages: [{lr: 0.1, wait: 1, threads: 2}]", "stages: [{lr: 0.1}]"));
    assert_true(same_trees("stages: [{data: [a]}]", "stages: [{data: b}]"));
    assert_false(same_trees("stages: [{data: [a]}]", "stages: [{data: [c]}]"));
    assert_false(same_trees("stages: [{val: a}]", "stages: [{val: c}]"));
    assert_false(same_trees("stages: [{lr: 0.1}]", "stages: [{lr: 0.2}]"));
    assert_false(same_trees("stages: [{batch: 2}]", "stages: [{batch: 3}]")); /* of the shared table */
    assert_false(same_trees("stages: [{seed: 2}]", "stages: [{seed: 3}]"));   /* of the common one */
    assert_false(same_trees("stages: [{name: a}]", "stages: [{name: b}]"));
    assert_false(same_trees("stages: [{lr: 0.1}]", "stages: [{lr: 0.1}, {lr: 0.1}]"));
}

/* A tree is a list of maps; what is something else is refused, or it counts. */
static void trees_of_another_shape(void **state) {
    static const char *const pairs[][2] = {{"stages: {one: {lr: 0.1}}", "stages: {one: {lr: 0.2}}"},
                                           {"stages: [0.1]", "stages: [0.2]"},
                                           {"stages: [[{lr: 0.1}]]", "stages: [[{lr: 0.2}]]"}};
    (void)state;
    for (int i = 0; i < COUNT(pairs); i++) {
        lem_json *facts[2] = {NULL, NULL};
        lem_status st[2];
        char x[65] = "", y[65] = "";
        for (int k = 0; k < 2; k++) {
            lem_cli cli = {0};
            lem_args args;
            put("c.yaml", pairs[i][k]);
            st[k] = parse_line(&toy, "--config c.yaml", &cli, &args);
            if (st[k]) continue;
            lem_facts_source from = {.cmd = &toy, .args = &args};
            st[k] = lem_facts_make(&from, &facts[k], &err);
            lem_args_release(&args);
        }
        if (st[0] == LEM_OK && st[1] == LEM_OK) {
            OK(lem_facts_identity(facts[0], x, &err));
            OK(lem_facts_identity(facts[1], y, &err));
            if (strcmp(x, y) == 0) fail_msg("%s is the same job as %s", pairs[i][0], pairs[i][1]);
        }
        lem_json_free(facts[0]);
        lem_json_free(facts[1]);
    }
}

static void tree_differences(void **state) {
    (void)state;
    put("a", "one");
    put("b", "two");
    lem_json *old = facts_of_yaml("stages: [{lr: 0.1, data: a}, {lr: 0.2}]");
    lem_json *now = facts_of_yaml("stages: [{lr: 0.1, data: a}, {lr: 0.25}]");
    assert_string_equal(difference(old, now), "stages[1].lr was 0.2, is now 0.25");
    lem_json_free(now);
    now = facts_of_yaml("stages: [{lr: 0.1, data: b}, {lr: 0.2}]");
    HAS(difference(old, now), "stages[0].data[0] was a, is now b");
    HAS(difference(old, now), "sha256 was");
    lem_json_free(now);
    now = facts_of_yaml("stages: [{lr: 0.1, data: a}]");
    HAS(difference(old, now), "stages[1]");
    lem_json_free(now);
    lem_json_free(old);
}

/* ---- words for what differs ---- */

static void names_old_and_new(void **state) {
    (void)state;
    assert_string_equal(differ("", "--lr 0.01"), "--lr was 0.005, is now 0.01");
    assert_string_equal(differ("--note x", ""), "--note was \"x\", is now not given");
    assert_string_equal(differ("", "--tags a,b"), "--tags was not given, is now [\"a\",\"b\"]");
    assert_string_equal(differ("--lr 0.1 --n 5", "--lr 0.2 --n 6"),
                        "--lr was 0.1, is now 0.2; --n was 5, is now 6");
}

static void at_most_three_then_a_count(void **state) {
    (void)state;
    const char *text = differ("", "--lr 0.1 --n 5 --kind blue");
    HAS(text, "--lr");
    HAS(text, "--n");
    HAS(text, "--kind");
    HAS_NOT(text, "more");
    text = differ("", "--lr 0.1 --n 5 --kind blue --batch 9 --seed 7");
    HAS(text, "--kind");
    HAS_NOT(text, "--batch");
    HAS(text, "2 more");
    put("a", "1");
    HAS(differ("", "--lr 0.1 --n 5 --kind blue --val a"), "1 more"); /* inputs count with options */
}

static void names_the_input(void **state) {
    (void)state;
    put("a", "one");
    lem_json *old = facts_of("--val a");
    put("a", "two");
    lem_json *now = facts_of("--val a");
    const char *text = difference(old, now);
    HAS(text, "--val");
    HAS(text, "content");
    char was[13];
    snprintf(was, sizeof was, "%.12s", lem_json_str(lem_json_find(old, "inputs.0.sha256"), ""));
    HAS(text, was);
    lem_json_free(old);
    lem_json_free(now);
}

static void names_the_file_in_a_folder(void **state) {
    (void)state;
    OK(lem_dir_make("m", &err));
    put("m/config.json", "{}");
    put("m/w.safetensors", "1");
    put("m/notes.md", "n");
    lem_json *old = facts_of("--model m");
    assert_int_equal(lem_json_count(lem_json_find(old, "inputs.0.files")), 2);
    put("m/notes.md", "other");
    lem_json *same = facts_of("--model m");
    lem_buf none = {0};
    assert_false(lem_facts_differ(&toy, old, same, &none));
    assert_int_equal(none.len, 0);
    put("m/w.safetensors", "2");
    lem_json *now = facts_of("--model m");
    HAS(difference(old, now), "w.safetensors");
    OK(lem_file_remove("m/w.safetensors", &err));
    lem_json *less = facts_of("--model m");
    HAS(difference(old, less), "w.safetensors is gone");
    lem_json_free(old);
    lem_json_free(same);
    lem_json_free(now);
    lem_json_free(less);
}

static void names_the_file_of_data(void **state) {
    (void)state;
    OK(lem_dir_make("d", &err));
    put("d/a.jsonl", "1");
    lem_json *old = facts_of("--data d"), *pattern = facts_of("--data d/*.jsonl");
    put("d/b.jsonl", "2");
    lem_json *now = facts_of("--data d"), *wider = facts_of("--data d/*.jsonl");
    HAS(difference(old, now), "--data d: b.jsonl was added (sha256 was");
    HAS(difference(now, old), "b.jsonl is gone");
    HAS(difference(pattern, wider), "--data d/*.jsonl: d/b.jsonl was added");
    lem_json_free(old);
    lem_json_free(pattern);
    lem_json_free(now);
    lem_json_free(wider);
}

static void names_commands(void **state) {
    (void)state;
    lem_json *old = facts_of(""), *now = facts_with(&toy_dir, "", NULL);
    const char *text = difference(old, now);
    HAS(text, "lemma toy'");
    HAS(text, "lemma toy dir'");
    assert_false(remade(&toy_dir, old, now));
    lem_json_free(old);
    lem_json_free(now);
}

/* A newer program has an option more; what the older one did is its default. */
static void unknown_to_the_old_is_default(void **state) {
    (void)state;
    lem_buf diff = {0};
    lem_json *old = facts_of(""), *now = facts_of(""), *other = facts_of("--batch 9 --loud");
    assert_true(lem_json_remove(lem_json_get(old, "arguments"), "batch"));
    assert_false(lem_facts_differ(&toy, old, now, &diff));
    assert_false(lem_facts_differ(&toy, now, old, &diff));
    assert_true(remade(&toy, old, now));
    HAS(difference(old, other), "--batch was");
    HAS(difference(old, other), "is now 9");
    assert_true(lem_json_set(lem_json_get(old, "arguments"), "loud", lem_json_new_bool(false)));
    assert_false(lem_facts_differ(&toy, old, now, &diff));
    assert_int_equal(diff.len, 0);
    lem_json_free(old);
    lem_json_free(now);
    lem_json_free(other);
}

static bool same_options(const char *a, const char *b) {
    lem_json *old = facts_of(a), *now = facts_of(b);
    bool same = remade(&toy, old, now);
    lem_json_free(old);
    lem_json_free(now);
    return same;
}

static void only_contents_differ(void **state) {
    (void)state;
    put("a", "1");
    put("b", "2");
    assert_true(same_options("--val a", "--val a"));
    assert_true(same_options("--val a", "--val b"));
    assert_false(same_options("--val a", "--val a --lr 0.1"));
    assert_false(same_options("--val a", "--val b --seed 3"));
}

static void an_input_more_is_an_option(void **state) {
    (void)state;
    put("a", "1");
    put("b", "2");
    assert_false(same_options("", "--val a"));
    assert_false(same_options("--val a", ""));
    assert_false(same_options("--data a", "--data a,b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(every_option_counts_or_not),
        folder_test(facts_have_their_shape),
        folder_test(order_does_not_count),
        folder_test(inputs_count_by_content),
        folder_test(other_inputs_and_stdin),
        folder_test(roles_of_words),
        folder_test(words_are_no_option),
        folder_test(trees_count),
        folder_test(trees_of_another_shape),
        folder_test(tree_differences),
        folder_test(names_old_and_new),
        folder_test(at_most_three_then_a_count),
        folder_test(names_the_input),
        folder_test(names_the_file_in_a_folder),
        folder_test(names_the_file_of_data),
        folder_test(names_commands),
        folder_test(unknown_to_the_old_is_default),
        folder_test(only_contents_differ),
        folder_test(an_input_more_is_an_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
