/* test_values - every kind of JSON value and text to every type of option */
#include "support.h"

static const lem_opt flag = {"loud", LEM_OPT_FLAG, NULL, NULL, "h"};
static const lem_opt whole = {"n", LEM_OPT_INT, "N", NULL, "h", 1, 100};
static const lem_opt number = {"lr", LEM_OPT_NUM, "X", NULL, "h", 0, 1};
static const lem_opt free_number = {"x", LEM_OPT_NUM, "X", NULL, "h"};
static const lem_opt size = {"most", LEM_OPT_SIZE, "SIZE", NULL, "h", 1, 1e15};
static const lem_opt text = {"note", LEM_OPT_STR, "T", NULL, "h"};
static const lem_opt choice = {"kind", LEM_OPT_ENUM, "K", NULL, "h", .choices = "red|green|blue"};
static const lem_opt list = {"tags", LEM_OPT_LIST, "A,B", NULL, "h"};
static const lem_opt texts = {"tags", LEM_OPT_TEXTS, "TEXT", NULL, "h"};
static const lem_opt input = {"val", LEM_OPT_INPUT, "FILE", NULL, "h"};
static const lem_opt inputs = {"data", LEM_OPT_INPUTS, "FILE", NULL, "h"};
static const lem_opt tree = {"stages", LEM_OPT_TREE, "LIST", NULL, "h"};

/* The value as compact JSON, or "refused": LEM_EUSAGE, the option named, *out untouched. */
static const char *shown(const lem_opt *o, lem_status st, lem_json *v) {
    static char text_of_value[8][256];
    static int next;
    char *s = text_of_value[next++ % 8];
    lem_buf b = {0};
    if (st) {
        assert_int_equal(st, LEM_EUSAGE);
        assert_null(v);
        HAS(err.text, o->name);
        return "refused";
    }
    lem_json_write(v, 0, &b);
    snprintf(s, 256, "%s", lem_buf_str(&b));
    lem_buf_release(&b);
    lem_json_free(v);
    return s;
}

static const char *of_text(const lem_opt *o, const char *from) {
    lem_json *v = NULL;
    lem_status st = lem_opt_value_of_text(o, from, &v, &err);
    return shown(o, st, v);
}

static const char *of_json(const lem_opt *o, const char *from) {
    lem_json *v = NULL, *given = NULL;
    char wrapped[128];
    snprintf(wrapped, sizeof wrapped, "[%s]", from);
    OK(lem_json_parse(wrapped, strlen(wrapped), &given, &err));
    lem_status st = lem_opt_value(o, lem_json_at(given, 0), &v, &err);
    lem_json_free(given);
    return shown(o, st, v);
}

typedef struct row {
    const lem_opt *o;
    const char *from, *want;
} row;

static void from_texts(void **state) {
    static const row rows[] = {
        {&list, "a{1,2}", "[\"a{1\",\"2}\"]"},
        {&size, "5GB", "5000000000"},
        {&size, "500MB", "500000000"},
        {&size, "20KB", "20000"},
        {&size, "64M", "67108864"},
        {&size, "64MiB", "67108864"},
        {&size, "3K", "3072"},
        {&size, "3KiB", "3072"},
        {&size, "2G", "2147483648"},
        {&size, "1.5GiB", "1610612736"},
        {&size, "17", "17"},
        {&size, "17B", "17"},
        {&size, "0", "refused"},
        {&size, "0.5", "refused"},
        {&size, "-1", "refused"},
        {&size, "1e15", "refused"},
        {&size, "2000000GB", "refused"},
        {&size, "many", "refused"},
        {&size, "", "refused"},
        {&size, "MB", "refused"},
        {&size, "5 GB", "refused"},
        {&size, "5gb", "refused"},
        {&size, "1.2.3MB", "refused"},
        {&size, "99999999999999999999", "refused"},
        {&texts, "a{1,2}", "[\"a{1,2}\"]"},
        {&texts, "", "[\"\"]"},
        {&flag, "true", "true"},
        {&flag, "yes", "true"},
        {&flag, "1", "true"},
        {&flag, "false", "false"},
        {&flag, "no", "false"},
        {&flag, "0", "false"},
        {&flag, "maybe", "refused"},
        {&flag, "", "refused"},
        {&whole, "1", "1"},
        {&whole, "100", "100"},
        {&whole, "0", "refused"},
        {&whole, "101", "refused"},
        {&whole, "1e2", "100"},
        {&whole, "1.5", "refused"},
        {&whole, "7x", "refused"},
        {&whole, "", "refused"},
        {&whole, "99999999999999999999", "refused"},
        {&number, "3e-3", "0.003"},
        {&number, "0", "0.0"},
        {&number, "1", "1.0"},
        {&number, "1.0001", "refused"},
        {&number, "-0.1", "refused"},
        {&number, "nan", "refused"},
        {&number, "inf", "refused"},
        {&number, "1e999", "refused"},
        {&number, "", "refused"},
        {&number, "0.1 ", "refused"},
        {&free_number, "-7e5", "-700000.0"},
        {&text, "", "\"\""},
        {&text, "a,b=c", "\"a,b=c\""},
        {&choice, "green", "\"green\""},
        {&choice, "Green", "refused"},
        {&choice, "gre", "refused"},
        {&choice, "", "refused"},
        {&choice, "red|green", "refused"},
        {&list, "a", "[\"a\"]"},
        {&list, "a,b,c", "[\"a\",\"b\",\"c\"]"},
        {&input, "a,b", "\"a,b\""},
        {&inputs, "a,b", "[\"a\",\"b\"]"},
        {&tree, "x", "refused"},
    };
    (void)state;
    for (int i = 0; i < COUNT(rows); i++) {
        const char *got = of_text(rows[i].o, rows[i].from);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("--%s '%s' is %s, not %s", rows[i].o->name, rows[i].from, got, rows[i].want);
    }
}

static void from_json(void **state) {
    static const row rows[] = {
        {&size, "4096", "4096"},
        {&size, "\"1MiB\"", "1048576"},
        {&size, "0", "refused"},
        {&size, "null", "refused"},
        {&size, "[1]", "refused"},
        {&flag, "true", "true"},
        {&flag, "0", "false"},
        {&flag, "2", "refused"},
        {&flag, "\"yes\"", "true"},
        {&flag, "null", "refused"},
        {&flag, "[true]", "refused"},
        {&flag, "{}", "refused"},
        {&whole, "7", "7"},
        {&whole, "7.0", "7"},
        {&whole, "7.5", "refused"},
        {&whole, "\"7\"", "7"},
        {&whole, "true", "refused"},
        {&whole, "null", "refused"},
        {&whole, "101", "refused"},
        {&whole, "[7]", "refused"},
        {&number, "1", "1.0"},
        {&number, "3e-3", "0.003"},
        {&number, "\"3e-3\"", "0.003"},
        {&number, "2", "refused"},
        {&number, "false", "refused"},
        {&number, "null", "refused"},
        {&number, "{}", "refused"},
        {&text, "\"x\"", "\"x\""},
        {&text, "7", "\"7\""},
        {&text, "0.5", "\"0.5\""},
        {&text, "true", "\"true\""},
        {&text, "null", "refused"},
        {&text, "[]", "refused"},
        {&choice, "\"blue\"", "\"blue\""},
        {&choice, "\"pink\"", "refused"},
        {&choice, "1", "refused"},
        {&choice, "null", "refused"},
        {&list, "\"a,b\"", "[\"a\",\"b\"]"},
        {&list, "[\"a,b\",\"c\"]", "[\"a,b\",\"c\"]"},
        {&list, "[]", "[]"},
        {&list, "7", "[\"7\"]"},
        {&list, "[1, 2.5, \"c\"]", "[\"1\",\"2.5\",\"c\"]"},
        {&list, "[true]", "refused"},
        {&list, "[[\"a\"]]", "refused"},
        {&list, "[null]", "refused"},
        {&list, "{}", "refused"},
        {&list, "null", "refused"},
        {&input, "\"p\"", "\"p\""},
        {&input, "[\"p\"]", "refused"},
        {&inputs, "\"p\"", "[\"p\"]"},
        {&inputs, "[\"p\",\"q\"]", "[\"p\",\"q\"]"},
        {&inputs, "[{}]", "refused"},
        {&tree, "[{\"lr\":1}]", "[{\"lr\":1}]"},
        {&tree, "7", "refused"},
        {&tree, "\"x\"", "refused"},
        {&tree, "null", "refused"},
    };
    (void)state;
    for (int i = 0; i < COUNT(rows); i++) {
        const char *got = of_json(rows[i].o, rows[i].from);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("--%s %s is %s, not %s", rows[i].o->name, rows[i].from, got, rows[i].want);
    }
}

static void trees_are_lists_of_maps(void **state) {
    (void)state;
    assert_string_equal(of_json(&tree, "{\"lr\":1}"), "refused");
    assert_string_equal(of_json(&tree, "[1]"), "refused");
    assert_string_equal(of_json(&tree, "[[{}]]"), "refused");
}

static void refusals_say_what_is_right(void **state) {
    (void)state;
    (void)of_text(&choice, "pink");
    HAS(err.text, "'pink' is none of red, green, blue");
    (void)of_text(&whole, "101");
    HAS(err.text, "1..100");
    HAS(err.text, "101");
    (void)of_json(&text, "{}");
    HAS(err.text, "object");
}

static void choices_one_by_one(void **state) {
    (void)state;
    char one[32];
    assert_true(lem_opt_choice(&choice, 0, one));
    assert_string_equal(one, "red");
    assert_true(lem_opt_choice(&choice, 2, one));
    assert_string_equal(one, "blue");
    assert_false(lem_opt_choice(&choice, 3, one));
    assert_false(lem_opt_choice(&text, 0, one));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_texts), cmocka_unit_test(from_json), cmocka_unit_test(trees_are_lists_of_maps),
        cmocka_unit_test(refusals_say_what_is_right), cmocka_unit_test(choices_one_by_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
