/* test_benchmarks.c - the table of benchmarks on a page */
#include "report/benchmarks.h"

#include "page_fixture.h"

static const char good[] =
    "{\"suite\": \"mine\", \"benchmarks\": ["
    "{\"benchmark\": \"gsm8k\", \"problems\": 1319, \"metrics\": [{\"name\": \"pass@1\", \"value\": 0.5,"
    " \"ci95\": [0.4, 0.6]}], \"warnings\": [\"3.0 % were cut\"]},"
    "{\"benchmark\": \"mmlu\", \"problems\": 30, \"macro_of\": \"subject\", \"metrics\": [{\"name\": "
    "\"pass@1\","
    " \"protocol\": \"macro\", \"value\": 0.7}, {\"name\": \"pass@1\", \"protocol\": \"exact\", \"value\": "
    "0.1}]}],"
    " \"average\": {\"over\": 2, \"absent\": [\"math\"], \"metrics\": [{\"name\": \"pass@1\", \"value\": "
    "0.6}]},"
    " \"made_of\": {\"gsm8k\": {\"candidates.jsonl\": {\"inputs\": [{\"option\": \"--model\", \"path\": "
    "\"m\","
    " \"sha256\": \"0123456789abcdef0123\", \"licence\": \"CC-BY-NC-4.0\"}]}}}}";

static lem_status add(const char *text) {
    lem_json *doc = NULL;
    OK(lem_json_parse(text, strlen(text), &doc, &err));
    assert_true(lem_report_is_benchmarks(doc));
    lem_status st = lem_report_benchmarks(page, "table", "t.json", doc, &err);
    lem_json_free(doc);
    return st;
}

static void has(const char *part) {
    if (!strstr(lem_page_markdown(page), part)) print_error("%s\n", lem_page_markdown(page));
    assert_non_null(strstr(lem_page_markdown(page), part));
}

static void shown(void **state) {
    (void)state;
    OK(add(good));
    has("60.00 % on average over 2 benchmarks of mine");
    has("math");
    has("50.00 \\[40.0, 60.0\\]");
    has("70.00"); /* the macro average, not the micro one */
    has("gsm8k: 3.0 % were cut");
    has("mmlu, mean over subject");
    has("CC-BY-NC-4.0");
    assert_non_null(lem_page_csv(page, "table"));
}

static void refused(void **state) {
    (void)state;
    FAILS(add("{\"benchmarks\": [{\"problems\": 3}], \"average\": {}}"), LEM_EDATA, "no text 'benchmark'");
    FAILS(add("{\"benchmarks\": [{\"benchmark\": \"a\", \"metrics\": 3}], \"average\": {}}"), LEM_EDATA,
          "no list 'metrics'");
    OK(add("{\"benchmarks\": [], \"average\": {}}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(shown, open_page, close_page),
                                       cmocka_unit_test_setup_teardown(refused, open_page, close_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
