/* test_command - the three tables of a command, its arguments from lines, files and trees, YAML */
#include "support.h"

static const char *const commons[] = {"config",  "out",   "seed",      "limit", "threads", "json",
                                      "dry-run", "fresh", "overwrite", "quiet", "help"};

static void walks_all_three_tables(void **state) {
    (void)state;
    int own = COUNT(toy_opts), shared = COUNT(toy_shared), i = 0;
    for (; i < own; i++) assert_ptr_equal(lem_opt_at(&toy, i), &toy_opts[i]);
    for (; i < own + shared; i++) assert_ptr_equal(lem_opt_at(&toy, i), &toy_shared[i - own]);
    for (int k = 0; k < COUNT(commons); k++) assert_string_equal(lem_opt_at(&toy, i++)->name, commons[k]);
    assert_null(lem_opt_at(&toy, i));
    assert_null(lem_opt_at(&toy, i + 100));
    lem_command bare = {.name = "bare"};
    assert_string_equal(lem_opt_at(&bare, 0)->name, "config");
}

static void finds_by_either_spelling(void **state) {
    (void)state;
    assert_ptr_equal(lem_opt_find(&toy, "max-tokens"), lem_opt_find(&toy, "max_tokens"));
    assert_string_equal(lem_opt_find(&toy, "max_tokens")->name, "max-tokens");
    assert_string_equal(lem_opt_find(&toy, "batch")->name, "batch");
    assert_string_equal(lem_opt_find(&toy, "dry_run")->name, "dry-run");
    assert_null(lem_opt_find(&toy, "nothing"));
    assert_null(lem_opt_find(&toy, "max"));
    assert_null(lem_opt_find(&toy, ""));
}

static void suggests(void **state) {
    static const char *const names[] = {"alpha", "beta", "gamma"};
    static const char *const pairs[][2] = {{"learning-rate", "lr"},
                                           {"learning_rate", "lr"},
                                           {"bacth", "batch"},
                                           {"batch-size", "batch"},
                                           {"max_new_tokens", "max-tokens"},
                                           {"random-seed", "seed"},
                                           {"num-workers", "threads"},
                                           {"force", "overwrite"},
                                           {"output-dir", "out"},
                                           {"model-name-or-path", "model"},
                                           {"thraeds", "threads"}};
    (void)state;
    assert_string_equal(lem_suggest("alpah", names, 3), "alpha");
    assert_string_equal(lem_suggest("bxtx", names, 3), "beta");
    assert_string_equal(lem_suggest("xxxma", names, 3), "gamma"); /* three edits */
    assert_null(lem_suggest("xxxxa", names, 3));
    assert_null(lem_suggest("alpha", names, 0));
    for (int i = 0; i < COUNT(pairs); i++) {
        const lem_opt *o = lem_opt_suggest(&toy, pairs[i][0]);
        if (!o || strcmp(o->name, pairs[i][1]) != 0) fail_msg("%s: %s", pairs[i][0], o ? o->name : "none");
    }
    assert_null(lem_opt_suggest(&toy, "completely-unknown"));
}

static void finds_commands(void **state) {
    (void)state;
    const lem_command *const table[] = {&toy, &toy_dir, NULL};
    assert_ptr_equal(lem_command_find(table, "toy dir"), &toy_dir);
    assert_null(lem_command_find(table, "to"));
    assert_null(lem_command_find(table, "toy  dir"));
}

static void applies_common_options(void **state) {
    (void)state;
    lem_cli cli = {0};
    lem_args a;
    OK(parse_line(&toy, "--seed 7 --limit 3 --threads 2 --json --dry-run --fresh --overwrite", &cli, &a));
    assert_int_equal(cli.seed, 7);
    assert_int_equal(cli.limit, 3);
    assert_int_equal(cli.threads, 2);
    assert_true(cli.json && cli.dry_run && cli.fresh && cli.overwrite);
    lem_args_release(&a);
    OK(parse_line(&toy, "", &cli, &a));
    assert_int_equal(cli.seed, 1);
    assert_int_equal(cli.limit, -1);
    assert_false(cli.json || cli.dry_run || cli.fresh || cli.overwrite);
    lem_args_release(&a);
    assert_null(a.values);
}

static void applies_quiet(void **state) {
    (void)state;
    lem_cli cli = {0};
    lem_args a;
    OK(parse_line(&toy, "--quiet", &cli, &a));
    assert_true(cli.quiet);
    lem_args_release(&a);
}

static void getters(void **state) {
    (void)state;
    lem_cli cli = {0};
    lem_args a;
    OK(parse_line(&toy, "--tags a,b --tags c --loud --kind blue --lr 1e-1 --rules a,b --rules c", &cli, &a));
    assert_int_equal(lem_json_count(lem_args_tree(&a, "rules")), 2);
    assert_string_equal(lem_json_str(lem_json_at(lem_args_tree(&a, "rules"), 0), ""), "a,b");
    assert_int_equal(lem_json_count(lem_args_tree(&a, "tags")), 3);
    assert_true(lem_args_flag(&a, "loud"));
    assert_true(lem_args_is(&a, "kind", "blue"));
    assert_false(lem_args_is(&a, "kind", "red"));
    assert_false(lem_args_is(&a, "note", "x"));
    assert_float_equal(lem_args_num(&a, "lr"), 0.1, 0);
    assert_int_equal(lem_args_int(&a, "batch"), 8); /* default of the shared table */
    assert_int_equal(lem_args_int(&a, "max-tokens"), 0);
    assert_null(lem_args_str(&a, "note"));
    assert_null(lem_args_tree(&a, "data"));
    assert_false(lem_args_has(&a, "note"));
    assert_true(lem_args_has(&a, "n"));
    lem_args_release(&a);
}

static void refused(const lem_command *cmd, const char *line, const char *words) {
    lem_cli cli = {.seed = 99};
    lem_args a = {NULL, NULL, 5};
    lem_status st = parse_line(cmd, line, &cli, &a);
    if (st != LEM_EUSAGE || !strstr(err.text, words))
        fail_msg("'%s': %d, '%s' lacks '%s'", line, (int)st, err.text, words);
    assert_int_equal(a.n_words, 5); /* written only on success */
    assert_int_equal(cli.seed, 99);
}

static void accepted(const lem_command *cmd, const char *line) {
    lem_cli cli = {0};
    lem_args a;
    OK(parse_line(cmd, line, &cli, &a));
    lem_args_release(&a);
}

static void required_options(void **state) {
    (void)state;
    lem_command cmd = toy;
    cmd.required = "note|model,data|loud,tags";
    refused(&cmd, "", "--note TEXT is missing");
    refused(&cmd, "--note x", "--model DIR or --data FILE is missing");
    refused(&cmd, "--note x --data a", "--loud or --tags A,B is missing");
    refused(&cmd, "--note x --data a --loud=false", "--loud or --tags A,B is missing");
    accepted(&cmd, "--note x --data a --loud");
    accepted(&cmd, "--note x --model a --tags t");
    accepted(&cmd, "--note x --model a --data b --tags t"); /* both are fine */
    accepted(&cmd, "--help");                               /* whoever asks for help need not know */
    cmd.required = NULL;
    cmd.out_required = true;
    refused(&cmd, "", "--out FILE is missing");
    accepted(&cmd, "--out x");
    cmd.output = LEM_OUTPUT_DIR;
    refused(&cmd, "", "--out DIR is missing");
    refused(&toy_show, "--out x", "--out");
}

static void positional_arguments(void **state) {
    (void)state;
    lem_command cmd = toy;
    cmd.min_words = 1;
    cmd.max_words = 2;
    refused(&cmd, "", "missing argument");
    refused(&cmd, "a b c", "unexpected argument 'c'");
    accepted(&cmd, "a b");
    cmd.max_words = -1;
    accepted(&cmd, "a b c d e f");
    lem_cli cli = {0};
    lem_args a;
    OK(parse_line(&cmd, "lr=0.5 x=1 -- lr=0.7 --note", &cli, &a));
    assert_int_equal(a.n_words, 3); /* behind "--" all are words */
    assert_string_equal(a.words[0], "x=1");
    assert_string_equal(a.words[1], "lr=0.7");
    assert_string_equal(a.words[2], "--note");
    assert_float_equal(lem_args_num(&a, "lr"), 0.5, 0);
    lem_args_release(&a);
    cmd.assignments = true;
    OK(parse_line(&cmd, "lr=0.5", &cli, &a));
    assert_string_equal(a.words[0], "lr=0.5");
    assert_float_equal(lem_args_num(&a, "lr"), 0.005, 0);
    lem_args_release(&a);
}

static void config_and_flags(void **state) {
    (void)state;
    lem_cli cli = {0};
    lem_args a;
    put("c.yaml", "lr: 0.1\nbatch: 3\nmax_tokens: 7\nnote: from file\nseed: 5\n"
                  "stages: [{name: one, lr: 0.1}, {name: two, lr: 0.2}]\n");
    OK(parse_line(&toy, "--lr 0.2 --config c.yaml note=word stages.two.lr=0.3 stages.0.n=4", &cli, &a));
    assert_float_equal(lem_args_num(&a, "lr"), 0.2, 0);
    assert_int_equal(lem_args_int(&a, "batch"), 3);
    assert_int_equal(lem_args_int(&a, "max-tokens"), 7);
    assert_string_equal(lem_args_str(&a, "note"), "word");
    assert_int_equal(cli.seed, 5);
    const lem_json *stages = lem_args_tree(&a, "stages");
    assert_float_equal(lem_json_num(lem_json_find(stages, "1.lr"), 0), 0.3, 0);
    assert_float_equal(lem_json_num(lem_json_find(stages, "0.lr"), 0), 0.1, 0);
    assert_int_equal(lem_json_int(lem_json_find(stages, "0.n"), 0), 4);
    lem_args_release(&a);
    refused(&toy, "--config c.yaml stages.three.lr=1", "'three'");
    put("d.yaml", "learning_rate: 0.1\n");
    refused(&toy, "--config d.yaml", "did you mean 'lr'");
    refused(&toy, "--config d.yaml", "d.yaml");
    put("d.yaml", "lr: 7\n");
    refused(&toy, "--config d.yaml", "--lr");
    put("d.yaml", "[1, 2]\n");
    refused(&toy, "--config d.yaml", "map");
}

static void flags_override_lists_of_the_file(void **state) {
    (void)state;
    lem_cli cli = {0};
    lem_args a;
    put("c.yaml", "tags: [a, b]\n");
    OK(parse_line(&toy, "--config c.yaml --tags c", &cli, &a));
    assert_int_equal(lem_json_count(lem_args_tree(&a, "tags")), 1);
    lem_args_release(&a);
}

static void words_are_no_key(void **state) {
    (void)state;
    lem_command cmd = toy;
    cmd.max_words = -1;
    put("c.yaml", "_words: [x]\n");
    refused(&cmd, "--config c.yaml", "_words");
}

static void from_a_tree(void **state) {
    (void)state;
    static const char text[] = "{\"lr\": 0.2, \"max_tokens\": 9, \"_words\": [\"w\"], \"loud\": true}";
    lem_command cmd = toy;
    lem_cli cli = {0};
    lem_args a;
    lem_json *tree = NULL, *copy = NULL;
    cmd.max_words = 1;
    OK(lem_json_parse(text, strlen(text), &tree, &err));
    copy = lem_json_copy(tree);
    OK(lem_args_from_tree(&cmd, tree, &cli, &a, &err));
    assert_true(lem_json_equal(tree, copy)); /* borrowed, not changed */
    lem_json_free(tree);
    assert_int_equal(lem_args_int(&a, "max-tokens"), 9);
    assert_int_equal(lem_args_int(&a, "batch"), 8);
    assert_string_equal(a.words[0], "w");
    lem_args_release(&a);
    assert_true(lem_json_set(copy, "wrong", lem_json_new_int(1)));
    FAILS(lem_args_from_tree(&cmd, copy, &cli, &a, &err), LEM_EUSAGE, "wrong");
    lem_json_free(copy);
}

static void yaml_is_bounded(void **state) {
    static const char *const texts[] = {"a: 1\nb: 2\na: 3\n", "a: &x 1\n",      "a: *x\n",    "a: !!str 1\n",
                                        "a: &x {b: 1}\n",     "a: !m {b: 1}\n", "a: &x [1]\n"};
    (void)state;
    for (int i = 0; i < COUNT(texts); i++) {
        lem_json *v = NULL;
        if (lem_yaml_parse(texts[i], strlen(texts[i]), "t.yaml", &v, &err) == LEM_OK)
            fail_msg("%s is accepted", texts[i]);
        HAS(err.text, i ? "t.yaml:1:" : "t.yaml:3:");
        assert_null(v);
    }
}

static void yaml_overrides(void **state) {
    (void)state;
    static const char text[] = "a: {b: {c: 1}}\nl: [{name: x, v: 1}, {name: y, v: 2}]\n";
    lem_json *v = NULL;
    OK(lem_yaml_parse(text, strlen(text), "t", &v, &err));
    OK(lem_yaml_override(v, "a.b.c=true", &err));
    OK(lem_yaml_override(v, "a.b.d=1e-3", &err));
    OK(lem_yaml_override(v, "l.y.v=x=y", &err));
    OK(lem_yaml_override(v, "l.0.v=", &err));
    assert_true(lem_json_bool(lem_json_find(v, "a.b.c"), false));
    assert_float_equal(lem_json_num(lem_json_find(v, "a.b.d"), 0), 1e-3, 0);
    assert_string_equal(lem_json_str(lem_json_find(v, "l.1.v"), ""), "x=y");
    assert_int_equal(lem_json_kind(lem_json_find(v, "l.0.v")), LEM_JSON_NULL);
    static const char *const bad[] = {"a",       "=1",      "a..c=1",    "n.b=1",
                                      "l.z.v=1", "l.2.v=1", "a.b.c.d=1", "l.5=1"};
    for (int i = 0; i < COUNT(bad); i++) FAILS(lem_yaml_override(v, bad[i], &err), LEM_EUSAGE, bad[i]);
    lem_json_free(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(walks_all_three_tables),
        folder_test(finds_by_either_spelling),
        folder_test(suggests),
        folder_test(finds_commands),
        folder_test(applies_common_options),
        folder_test(applies_quiet),
        folder_test(getters),
        folder_test(required_options),
        folder_test(positional_arguments),
        folder_test(config_and_flags),
        folder_test(flags_override_lists_of_the_file),
        folder_test(words_are_no_key),
        folder_test(from_a_tree),
        folder_test(yaml_is_bounded),
        folder_test(yaml_overrides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
