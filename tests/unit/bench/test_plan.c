/* test_plan.c - the recipe of a run of benchmarks, and suites */
#include "bench/plan.h"
#include "bench/spec.h"
#include "bench/suite.h"

#include "../checks.h"

#include <stdio.h>

static const lem_json *stage(const lem_json *tree, const char *name) {
    const lem_json *list = lem_json_get(tree, "stages");
    for (size_t i = 0; i < lem_json_count(list); i++)
        if (strcmp(lem_json_str(lem_json_get(lem_json_at(list, i), "name"), ""), name) == 0)
            return lem_json_at(list, i);
    print_error("no stage '%s'\n", name);
    fail();
    return NULL;
}

static const char *text(const lem_json *tree, const char *name, const char *key) {
    const lem_json *v = lem_json_get(stage(tree, name), key);
    if (lem_json_kind(v) == LEM_JSON_ARRAY) v = lem_json_at(v, 0);
    return lem_json_str(v, "");
}

static void recipe(void **state) {
    (void)state;
    static const char *const by[] = {"subject", "level"};
    const lem_bench_item items[] = {{"gsm8k", "gsm8k", NULL, 0, false}, {"mine", "a/mine.yaml", by, 2, true}};
    const lem_bench_reward rewards[] = {{"ace", "models/ace", false, false},
                                        {"far", "http://h/v1", true, true}};
    static const char options[] = "{\"sample\": {\"n\": 8, \"model\": \"m\"}, \"select\": {\"seeds\": 0}}";
    lem_json *given = NULL, *tree = NULL;
    OK(lem_json_parse(options, sizeof options - 1, &given, &err));
    lem_bench_plan p = {"runs/x", "both", items, 2, rewards, 2, given};
    OK(lem_bench_plan_recipe(&p, &tree, &err));
    assert_int_equal(lem_json_count(lem_json_get(tree, "stages")), 2 * (2 + 2 + 3) + 2);
    assert_string_equal(lem_json_str(lem_json_find(tree, "vars.out"), ""), "runs/x");
    assert_string_equal(lem_json_str(lem_json_find(tree, "vars.reward2"), ""), "http://h/v1");
    assert_string_equal(text(tree, "mine-sample", "benchmark"), "a/mine.yaml");
    assert_int_equal(lem_json_int(lem_json_get(stage(tree, "gsm8k-sample"), "n"), 0), 8);
    assert_string_equal(text(tree, "gsm8k-score-ace", "command"), "rm score");
    assert_string_equal(text(tree, "gsm8k-score-ace", "model"), "${reward1}");
    assert_string_equal(text(tree, "gsm8k-score-far", "command"), "prm score");
    assert_string_equal(text(tree, "gsm8k-score-far", "endpoint"), "${reward2}");
    assert_string_equal(text(tree, "gsm8k-score-far", "words"), "${out}/gsm8k/graded.jsonl");
    assert_string_equal(text(tree, "mine-select-ace", "words"), "${out}/mine/scored-ace.jsonl");
    assert_string_equal(text(tree, "mine-select", "words"), "${out}/mine/graded.jsonl");
    assert_string_equal(text(tree, "mine-select", "by"), "subject");
    assert_null(lem_json_get(stage(tree, "gsm8k-select"), "by"));
    assert_int_equal(lem_json_count(lem_json_get(stage(tree, "table"), "words")), 6);
    assert_string_equal(text(tree, "table", "suite"), "both");
    assert_string_equal(text(tree, "table", "macro"), "mine");
    lem_json_free(given);
    lem_json_free(tree);
}

static void judged(void **state) {
    (void)state;
    const lem_bench_reward rewards[] = {{"ace", "models/ace", false, false}, {"far", "http://h", true, true}};
    lem_json *tree = NULL;
    lem_bench_plan p = {.out = "o", .suite = "processbench", .rewards = rewards, .n_rewards = 2};
    OK(lem_bench_plan_judge(&p, "processbench", "d/a.jsonl", &tree, &err));
    assert_int_equal(lem_json_count(lem_json_get(tree, "stages")), 4);
    assert_string_equal(lem_json_str(lem_json_find(tree, "vars.rows"), ""), "d/a.jsonl");
    assert_string_equal(text(tree, "score-ace", "command"), "rm score");
    assert_string_equal(text(tree, "score-ace", "words"), "${rows}");
    assert_string_equal(text(tree, "score-far", "endpoint"), "${reward2}");
    assert_string_equal(text(tree, "table-far", "kind"), "processbench");
    assert_string_equal(text(tree, "table-far", "words"), "${out}/far/scored.jsonl");
    lem_json_free(tree);
}

static void twice(void **state) {
    (void)state;
    const lem_bench_item items[] = {{"a", "a", NULL, 0, false}, {"a", "x/a.yaml", NULL, 0, false}};
    const lem_bench_reward rewards[] = {{"r", "x/r", false, false}, {"r", "y/r", false, false}};
    lem_json *tree = NULL;
    lem_bench_plan p = {.out = "o", .items = items, .n_items = 2};
    FAILS(lem_bench_plan_recipe(&p, &tree, &err), LEM_EUSAGE, "'a' stands twice");
    p = (lem_bench_plan){.out = "o", .items = items, .n_items = 1, .rewards = rewards, .n_rewards = 2};
    FAILS(lem_bench_plan_recipe(&p, &tree, &err), LEM_EUSAGE, "called 'r'");
}

static void short_names(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"models/AceMath-7B-RM", "AceMath-7B-RM"},
        {"models/x/", "x"},
        {"http://127.0.0.1:8000/v1", "127.0.0.1-8000"},
        {"a b/c d", "c-d"},
        {"/", "model"},
        {"..", "model"},
    };
    char out[64], small[8];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lem_bench_short_name(cases[i][0], out, sizeof out);
        assert_string_equal(out, cases[i][1]);
    }
    lem_bench_short_name("models/AceMath-7B-RM", small, sizeof small);
    assert_string_equal(small, "AceMath");
}

/* Every member of a suite is a benchmark that the program has. */
static void suites(void **state) {
    (void)state;
    lem_suites s = {NULL};
    lem_suite x;
    OK(lem_suites_load(&s, &err));
    assert_true(lem_suite_find(&s, "acemath7", &x));
    assert_int_equal(lem_json_count(x.members), 7);
    for (size_t i = 0; i < lem_suites_count(&s); i++) {
        x = lem_suite_at(&s, i);
        for (size_t k = 0; k < lem_json_count(x.members); k++) {
            lem_bench_spec spec = {0};
            OK(lem_bench_open(lem_json_str(lem_json_at(x.members, k), ""), &spec, &err));
            lem_bench_spec_release(&spec);
        }
    }
    assert_false(lem_suite_find(&s, "acemath8", &x));
    lem_suites_release(&s);
}

static void bad_suites(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"suites: 3", "must be a list"},
        {"suites: [{name: a}]", "'members' must be a list"},
        {"suites: [{name: a, members: []}]", "'members' must be a list"},
        {"suites: [{members: [x]}]", "suite 1 has no 'name'"},
        {"suites: [{name: a, members: [x, 3]}]", "member 2 is no name"},
        {"suites: [{name: a, judge: b}]", "has 'files'"},
        {"suites: [{name: a, judge: b, files: [c], members: [d]}]", "either 'judge' or 'members'"},
        {"suites: [{name: a, members: [x], menbers: 1}]", "unknown key 'menbers'"},
        {"suites: [{name: a, members: [x]}, {name: a, members: [y]}]", "'a' stands twice"},
    };
    lem_suites s = {NULL};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        FAILS(lem_suites_parse(cases[i].text, strlen(cases[i].text), "s.yaml", &s, &err), LEM_EDATA,
              cases[i].part);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(recipe), cmocka_unit_test(judged),
                                       cmocka_unit_test(twice),  cmocka_unit_test(short_names),
                                       cmocka_unit_test(suites), cmocka_unit_test(bad_suites)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
