/* test_options - flags, YAML, overrides, ranges, suggestions */
#include "job/command.h"

#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static lem_status nothing(lem_cli *cli, const lem_args *args, lem_err *err) {
    (void)cli;
    (void)args;
    (void)err;
    return LEM_OK;
}

static const lem_opt opts[] = {
    {"rate", LEM_OPT_NUM, "X", "0.5", "a number", 0, 10},
    {"max-tokens", LEM_OPT_INT, "N", "7", "an integer", 1, 100},
    {"data", LEM_OPT_LIST, "FILE", NULL, "files", 0, 0},
    {"loud", LEM_OPT_FLAG, NULL, NULL, "a flag", 0, 0},
    {"x", LEM_OPT_INT, "N", "0", "one letter", 0, 9},
    {"title", LEM_OPT_STR, "TEXT", NULL, "text", 0, 0},
    {"kind", LEM_OPT_ENUM, "NAME", NULL, "one of three", .choices = "red|green|blue"},
    {"lr", LEM_OPT_NUM, "X", NULL, "learning rate"},
    {"stages", LEM_OPT_TREE, "LIST", NULL, "a tree", 0, 0},
};
static const lem_command cmd = {
    .name = "toy",
    .purpose = "a test",
    .usage = "[WORD]",
    .example = "lemma toy",
    .max_words = 1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = nothing,
};

static lem_status parse(const char *const *argv, lem_args *a, lem_cli *cli, lem_err *err) {
    int n = 0;
    while (argv[n]) n++;
    *err = (lem_err)LEM_ERR_INIT;
    *a = (lem_args){NULL, NULL, 0};
    return lem_args_parse(&cmd, n, argv, cli, a, err);
}

static void defaults_and_flags(void **state) {
    (void)state;
    lem_args a;
    lem_cli cli = {0};
    lem_err err;
    const char *none[] = {NULL};
    assert_int_equal(parse(none, &a, &cli, &err), LEM_OK);
    assert_float_equal(lem_args_num(&a, "rate"), 0.5, 0);
    assert_int_equal(lem_args_int(&a, "max-tokens"), 7);
    assert_false(lem_args_has(&a, "title"));
    assert_int_equal(cli.seed, 1);
    assert_int_equal(cli.limit, -1);
    lem_args_release(&a);
    const char *letter[] = {"-x", "3", NULL};
    assert_int_equal(parse(letter, &a, &cli, &err),
                     LEM_OK); /* an option of one letter also takes one dash, as in `sample -n 64` */
    assert_int_equal(lem_args_int(&a, "x"), 3);
    lem_args_release(&a);
    const char *many[] = {"--rate=2", "--max_tokens", "9",  "--data", "a,b",     "--data", "c",
                          "--loud",   "--seed",       "42", "word",   "--title", "x=y",    NULL};
    assert_int_equal(parse(many, &a, &cli, &err), LEM_OK);
    assert_float_equal(lem_args_num(&a, "rate"), 2, 0);
    assert_int_equal(lem_args_int(&a, "max-tokens"), 9);
    assert_int_equal(lem_json_count(lem_args_tree(&a, "data")), 3);
    assert_true(lem_args_flag(&a, "loud"));
    assert_string_equal(lem_args_str(&a, "title"), "x=y");
    assert_int_equal(a.n_words, 1);
    assert_string_equal(a.words[0], "word");
    assert_int_equal(cli.seed, 42);
    lem_args_release(&a);
}

/* What begins with a dash and is no option: numbers below zero, minus minus five, and all behind "--". */
static void words_with_dashes(void **state) {
    (void)state;
    static const char *const lines[][4] = {
        {"-5", NULL}, {"--5", NULL}, {"--", "-5", NULL}, {"--", "--loud", NULL}, {"--", "-x", NULL}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        lem_args a;
        lem_cli cli = {0};
        lem_err err;
        const char *word = lines[i][strcmp(lines[i][0], "--") == 0];
        if (parse(lines[i], &a, &cli, &err) != LEM_OK) fail_msg("%s: %s", word, err.text);
        assert_int_equal(a.n_words, 1);
        assert_string_equal(a.words[0], word);
        assert_false(lem_args_flag(&a, "loud"));
        lem_args_release(&a);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *argv[4];
        const char *words;
    } cases[] = {
        {{"--rat", "1", NULL}, "did you mean '--rate'"},
        {{"--learning-rate", "1", NULL}, "did you mean '--lr'"},
        {{"--kind", "pink", NULL}, "--kind 'pink' is none of red, green, blue"},
        {{"--out", "x", NULL}, "writes no file"},
        {{"--max-tokens", "101", NULL}, "1..100"},
        {{"--max-tokens", "abc", NULL}, "an integer"},
        {{"--rate", NULL}, "needs a value"},
        {{"--rate", "nan", NULL}, "a number"},
        {{"--rate", "1e999", NULL}, "a number"},
        {{"a", "b", NULL}, "unexpected argument 'b'"},
        {{"--stages", "x", NULL}, "YAML"},
        {{"--zzzzzzzzzz", NULL}, "unknown option"},
        {{"--config", "/nonexistent.yaml", NULL}, "/nonexistent.yaml"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        lem_args a;
        lem_cli cli = {0};
        lem_err err;
        assert_true(parse(cases[i].argv, &a, &cli, &err) != LEM_OK);
        if (!strstr(err.text, cases[i].words))
            fail_msg("case %zu: '%s' lacks '%s'", i, err.text, cases[i].words);
    }
}

static void yaml(void **state) {
    (void)state;
    char path[] = "/tmp/lemma-yaml-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *text = "rate: 3\nmax_tokens: 5   # comment\ndata: [a, b]\nloud: true\ntitle: "
                       "\"7\"\nstages:\n  - {name: one, rate: 1e-3}\n  - name: "
                       "two\n    data: [1, 2.5, null, ~, yes]\n";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    lem_args a;
    lem_cli cli = {0};
    lem_err err;
    const char *argv[] = {"--max-tokens", "6", "--config", path, "stages.two.rate=0.25", "title=over", NULL};
    assert_int_equal(parse(argv, &a, &cli, &err), LEM_OK);
    assert_float_equal(lem_args_num(&a, "rate"), 3, 0);
    assert_int_equal(lem_args_int(&a, "max-tokens"), 6); /* flags win */
    assert_string_equal(lem_args_str(&a, "title"), "over");
    const lem_json *stages = lem_args_tree(&a, "stages");
    assert_float_equal(lem_json_num(lem_json_find(stages, "0.rate"), 0), 1e-3, 1e-15);
    assert_float_equal(lem_json_num(lem_json_find(stages, "1.rate"), 0), 0.25, 0);
    assert_int_equal(lem_json_kind(lem_json_find(stages, "1.data.2")), LEM_JSON_NULL);
    assert_string_equal(lem_json_str(lem_json_find(stages, "1.data.4"), ""), "yes");
    lem_args_release(&a);
    (void)unlink(path);
}

static void bad_yaml(void **state) {
    (void)state;
    static const char *const texts[] = {
        "a: 1\na: 2\n",      "a: &x 1\nb: *x\n",
        "a: [1\n",           "- !!str 1\n",
        "a: 1\n---\nb: 2\n", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
        "? {a: 1}\n: 2\n",   "a: \"\\xZZ\"\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        lem_json *v = NULL;
        lem_err err = LEM_ERR_INIT;
        if (lem_yaml_parse(texts[i], strlen(texts[i]), "t.yaml", &v, &err) == LEM_OK)
            fail_msg("text %zu was accepted", i);
        assert_non_null(strstr(err.text, "t.yaml:"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_and_flags),
                                       cmocka_unit_test(words_with_dashes), cmocka_unit_test(refusals),
                                       cmocka_unit_test(yaml), cmocka_unit_test(bad_yaml)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
