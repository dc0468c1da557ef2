/* test_results.c - the claim in words, what spoils it, differences over k, tables of scores and columns;
 * charts of scores */
#include "core/file.h"
#include "report/score_charts.h"
#include "report/sections.h"

#include <stdlib.h>
#include <unistd.h>

#include "page_fixture.h"

static void metrics(const char *text) {
    lem_json *doc = NULL;
    OK(lem_json_parse(text, strlen(text), &doc, &err));
    OK(lem_report_metrics(page, "Results", "r", "r.json", doc, &err));
    lem_json_free(doc);
}

static const char *at(const char *what) { return strstr(lem_page_html(page), what); }
static bool in_csv(const char *name, const char *what) {
    const char *text = lem_page_csv(page, name);
    if (!text || !strstr(text, what)) print_error("%s: %s\n", name, text ? text : "(none)");
    return text && strstr(text, what);
}

#define CI(lo, hi) "\"ci95\":[" #lo "," #hi "],\"n\":40"
#define METRIC(name, value)                                                                                  \
    "{\"name\":\"" name "\",\"protocol\":\"exact\",\"value\":" #value "," CI(0.1, 0.9) "}"
#define DIFF(name, value, interval, better, worse, few)                                                      \
    "{\"name\":\"" name "\",\"protocol\":\"exact\",\"value\":" #value "," interval ",\"better\":" #better    \
    ",\"worse\":" #worse ",\"too_few\":" #few "}"
/* clang-format off */
static const char doc[] =
    "{\"metrics\":[" METRIC("pass@1", 0.2) "," METRIC("maj@1", 0.2) "," METRIC("rm@1", 0.2) ","
    METRIC("maj@8", 0.5) "," METRIC("rm@8", 0.6) "," METRIC("pass@8", 0.8) "," METRIC("maj@64", 0.6) ","
    METRIC("rm@64", 0.55) "],\"differences\":["
    DIFF("rm@1-maj@1", 0, CI(-0.1, 0.1), 0, 0, true) ","
    DIFF("rm@8-maj@8", 0.1, CI(0.02, 0.18), 14, 3, false) ","
    DIFF("lp@8-maj@8", -0.01, CI(-0.06, 0.04), 10, 12, false) ","
    DIFF("lp@8-rm@8", -0.11, CI(-0.2, -0.02), 3, 15, false) ","
    DIFF("x@8-maj@8", 0.05, CI(-0.01, 0.11), 4, 2, true) ","
    DIFF("same@8-maj@8", 0, CI(-0.1, 0.1), 0, 0, true) ","
    DIFF("rm@64-maj@64", -0.05, CI(-0.1, 0.0), 5, 12, false) "],"
    "\"scores\":[{\"scorer\":\"rm\",\"pairs\":0.75,\"problems\":31,\"auc\":0.81,\"ci95\":[0.7,0.9],"
    "\"length_rho\":-0.5,\"label_length_rho\":-0.1},{\"scorer\":\"lp\",\"pairs\":0.5,\"problems\":31}],"
    "\"by\":[{\"column\":\"level\",\"values\":[{\"value\":\"Level 1\",\"n\":11,\"metrics\":["
    METRIC("pass@1", 0.9) "," METRIC("rm@64", 0.95) "]},{\"value\":\"Level 5\",\"n\":29,\"metrics\":["
    METRIC("pass@1", 0.1) "]}],\"macro\":[{\"name\":\"pass@1\",\"value\":0.5}]},"
    "{\"column\":\"one\",\"values\":[{\"value\":\"a\",\"n\":40,\"metrics\":[]}],\"macro\":[]}],"
    "\"notes\":[\"how meant\"],\"warnings\":[\"49 % were cut\"],\"counts\":{\"problems\":40}}";
/* clang-format on */

static void the_claim_comes_first(void **state) {
    (void)state;
    metrics(doc);
    const char *claim =
        at("rm@8 solves 10.0 points more than maj@8 (95 % interval +2.0 to +18.0). It is better on 14 "
           "problems and worse on 3.");
    assert_non_null(claim);
    assert_non_null(at("lp@8 and maj@8 cannot be told apart: -1.0 points (95 % interval -6.0 to +4.0)."));
    assert_non_null(at("lp@8 solves 11.0 points less than rm@8 (95 % interval -20.0 to -2.0)."));
    assert_non_null(
        at("x@8 against maj@8: +5.0 points, but only 6 problems differ: nothing can be concluded."));
    assert_non_null(at("same@8 and maj@8 do the same on every problem."));
    assert_null(at("rm@64 solves")); /* the headline's k is 8 */
    const char *warning = at("<p class=\"note\">49 % were cut"), *figure = at("<figure"),
               *fold = at("class=\"fold\"");
    assert_true(claim < warning && warning < figure && figure < fold);
    assert_true(fold < at("how meant") && at("how meant") < at("</details>"));
}

/* Nothing is drawn between values that are not there, nor between figures of other problems; bars say whose
 * they are. */
static void gaps_in_curves(void **state) {
    (void)state;
    metrics(
        "{\"metrics\":[" METRIC("pass@1", 0.2) "," METRIC("pass@2", 0.3) "," METRIC("pass@4", 0.4) "," METRIC(
            "w@1", 0.2) "," METRIC("w@4",
                                   0.5) ",{\"name\":\"pass@8\",\"protocol\":\"exact\",\"value\":1,"
                                        "\"ci95\":[0.5,1],\"n\":5},{\"name\":\"w@8\",\"protocol\":\"exact\","
                                        "\"value\":1,\"ci95\":[0.5,1],\"n\":5}]}");
    assert_true(in_csv("r-curves", "w@k,1,0.2,0.1,0.9\r\nw@k,2,,,\r\nw@k,4,0.5,0.1,0.9\r\n"));
    assert_null(strstr(lem_page_csv(page, "r-curves"), ",8,"));
    assert_non_null(at("pass@8, of 5 problems"));
}

static void tables_of_scores_and_columns(void **state) {
    (void)state;
    metrics(doc);
    assert_true(in_csv("r-difference-curves", "rm@k \xe2\x88\x92 maj@k,8,0.1,0.02,0.18\r\n"));
    assert_true(in_csv("r-difference-curves", "rm@k \xe2\x88\x92 maj@k,64,-0.05,-0.1,0\r\n"));
    assert_null(strstr(lem_page_csv(page, "r-difference-curves"), "lp@k")); /* one k is no curve */
    assert_null(strstr(lem_page_csv(page, "r-difference-curves"), ",1,"));
    assert_true(in_csv("r-scores", "rm,0.750,31,\"0.810 [0.700, 0.900]\",-0.50 (-0.10),\xe2\x80\x93\r\n"));
    assert_true(in_csv("r-scores", "lp,0.500,31,\xe2\x80\x93,"));
    assert_true(in_csv("r-column-1", "level,problems,pass@1,maj@64,rm@64,pass@64\r\n"));
    assert_true(
        in_csv("r-column-1", "Level 1,11,\"90.0 % [10.0, 90.0]\",\xe2\x80\x93,\"95.0 % [10.0, 90.0]\","));
    assert_true(in_csv("r-column-1", "mean of the above,,50.0 %,"));
    assert_null(lem_page_csv(page, "r-column-2")); /* one value tells nothing apart */
}

/* ---- charts of scores ---- */

static lem_status add(const char *path) { return lem_report_score_charts(page, "Scores", path, NULL, &err); }
static void charts_of(const char *rows) { OK(with_text(rows, strlen(rows), add)); }

static void scores_as_charts(void **state) {
    (void)state;
    lem_buf b = {0};
    /* right: .9 .9 .5 .1; wrong: .7 .5 .3 .0, twelve times over */
    for (int i = 0; i < 14; i++)
        lem_buf_printf(
            &b,
            "{\"id\":\"%d\",\"completions\":[\"aa\",\"bb\",\"c\",\"dddd\",\"aa\",\"bb\",\"c\",\"dddd\"],"
            "\"predicted_answer\":[\"1\",\"1\",\"1\",\"1\",\"2\",\"2\",\"2\",\"2\"],"
            "\"correct\":[true,true,true,true,false,false,false,null],"
            "\"rm_score\":[0.9,0.9,0.5,0.1,0.7,0.5,0.3,0.0]}\n",
            i);
    charts_of(lem_buf_str(&b));
    lem_buf_release(&b);
    assert_true(in_csv("score-rm", "right,0.885,0.5,,\r\n")); /* half of the right ones in the last bin */
    assert_true(in_csv("score-rm", "wrong,0.015,0.25,,\r\n"));
    assert_true(in_csv("roc", "rm,0,0.5,,\r\n"));    /* .9 twice before any wrong one */
    assert_true(in_csv("roc", "rm,0.25,0.5,,\r\n")); /* then .7 */
    assert_true(in_csv("roc", "rm,0.5,0.75,,\r\n")); /* .5 of both */
    assert_true(in_csv("roc", "rm,0.75,0.75,,\r\n"));
    assert_true(in_csv("roc", "rm,1,1,,\r\n"));
    assert_true(in_csv("calibration", "right among candidates of this score,0.5,0.5,,\r\n"));
    assert_true(in_csv("calibration", "right among candidates of this score,0.7,0,,\r\n"));
    assert_true(in_csv("length", "right,1,0.5,,\r\n"));
}

static void files_without_scores_add_nothing(void **state) {
    (void)state;
    charts_of("{\"a\":1}\n");
    charts_of("{\"completions\":[\"a\"],\"predicted_answer\":[\"1\"],\"correct\":[true]}\n");
    charts_of(
        "{\"completions\":[\"a\"],\"predicted_answer\":[\"1\"],\"correct\":[true],\"rm_score\":[0.5]}\n");
    assert_null(lem_page_csv(page, "roc"));
    assert_null(lem_page_csv(page, "score-rm"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_claim_comes_first, open_page, close_page),
        cmocka_unit_test_setup_teardown(gaps_in_curves, open_page, close_page),
        cmocka_unit_test_setup_teardown(tables_of_scores_and_columns, open_page, close_page),
        cmocka_unit_test_setup_teardown(scores_as_charts, open_page, close_page),
        cmocka_unit_test_setup_teardown(files_without_scores_add_nothing, open_page, close_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
