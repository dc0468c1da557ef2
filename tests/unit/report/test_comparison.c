/* test_comparison.c - comparisons and ablations on a page: claims, bars, curves, tables; names of sides */
#include "core/file.h"
#include "report/ablation.h"
#include "report/comparison.h"
#include "report/side_names.h"

#include <stdlib.h>
#include <unistd.h>

#include "page_fixture.h"

static lem_json *parse(const char *text) {
    lem_json *doc = NULL;
    OK(lem_json_parse(text, strlen(text), &doc, &err));
    return doc;
}

static const char *at(const char *what) { return strstr(lem_page_html(page), what); }
static bool in_csv(const char *name, const char *what) {
    const char *text = lem_page_csv(page, name);
    if (!text || !strstr(text, what)) print_error("%s: %s\n", name, text ? text : "(none)");
    return text && strstr(text, what);
}

/* clang-format off */
#define E(v, lo, hi) "{\"value\":" #v ",\"low\":" #lo ",\"high\":" #hi "}"
#define M(name, a, b, d, better, worse, more)                                                                \
    "{\"name\":\"" name "\",\"protocol\":\"exact\",\"a\":" a ",\"b\":" b ",\"b_minus_a\":" d                 \
    ",\"better\":" #better ",\"worse\":" #worse more "}"
static const char compared[] =
    "{\"command\":\"compare\",\"problems\":118,\"only_a\":2,\"only_b\":0,"
    "\"correctness\":{\"a\":{\"text\":\"graded here (std)\"},\"b\":{\"text\":\"graded here (std)\"}},"
    "\"metrics\":["
    M("rm@8", E(0.5, 0.4, 0.6), E(0.625, 0.5, 0.7), E(0.125, 0.05, 0.2), 20, 5, ",\"p\":0.0041") ","
    M("pass@1", E(0.2, 0.1, 0.3), E(0.19, 0.1, 0.3), E(-0.01, -0.04, 0.02), 30, 33, "") ","
    M("rm@1", E(0.2, 0.1, 0.3), E(0.19, 0.1, 0.3), E(-0.01, -0.04, 0.02), 30, 33, "") ","
    M("rm@4", E(0.4, 0.3, 0.5), E(0.45, 0.3, 0.5), E(0.05, -0.01, 0.1), 20, 15, "") ","
    M("maj@8", E(0.5, 0.4, 0.6), E(0.52, 0.4, 0.6), E(0.02, -0.01, 0.05), 4, 2, ",\"too_few\":true") "],"
    "\"flipped\":[{\"problem\":\"<p-1>\",\"now_right\":false},{\"problem\":\"p-2\",\"now_right\":true}]}";
/* clang-format on */

static void a_comparison_says_its_claims_first(void **state) {
    (void)state;
    lem_json *doc = parse(compared);
    assert_true(lem_report_is_comparison(doc));
    OK(lem_report_comparison(page, "base", "tuned", "c", "c.json", doc, &err));
    const char *first =
        at("rm@8: tuned solves 12.5 points more than base (95 % interval +5.0 to +20.0); tuned is better on "
           "20 problems and worse on 5.");
    const char *second = at("pass@1: tuned and base cannot be told apart: -1.0 points (95 % interval -4.0 to "
                            "+2.0); tuned is better on 30 problems and worse on 33.");
    assert_non_null(at("maj@8: tuned against base +2.0 points, but only 6 problems differ: nothing can be "
                       "concluded."));
    assert_true(first && second && first < second && second < at("<figure") && at("<figure") < at("<table"));
    assert_null(at("rm@1: ")); /* one candidate is pass@1 */
    assert_null(at("rm@4: ")); /* not the largest k */
    assert_non_null(at("118 problems are in both; 2 only in base and 0 only in tuned are left out."));
    assert_non_null(at("Both are graded here (std)."));
    assert_true(in_csv("c-points", "rm@8,0.125,0.05,0.2\r\n"));
    assert_true(in_csv("c-metrics", "rm@8,exact,\"50.0 % [40.0, 60.0]\",\"62.5 % [50.0, 70.0]\",\"+12.5 "
                                    "[+5.0, +20.0]\",\"20 better, 5 worse (p 0.0041)\"\r\n"));
    assert_true(in_csv("c-metrics", "\"too few differ: 4 better, 2 worse\"\r\n"));
    assert_true(in_csv("c-other-metrics", "rm@4,exact,"));
    assert_null(strstr(lem_page_csv(page, "c-metrics"), "rm@4"));
    /* rm at 1, 4, 8 in order, with the paired band; maj has one k and no curve */
    assert_true(in_csv("c-difference-curves",
                       "series,x,y,lo,hi\r\nrm@k,1,-0.01,-0.04,0.02\r\nrm@k,4,0.05,-0.01,0.1\r\nrm@k,8,0.125,"
                       "0.05,0.2\r\n"));
    assert_null(strstr(lem_page_csv(page, "c-difference-curves"), "maj"));
    /* those that became right first */
    assert_string_equal(
        lem_page_csv(page, "c-flipped"),
        "problem,change\r\np-2,wrong \xe2\x86\x92 right\r\n<p-1>,right \xe2\x86\x92 wrong\r\n");
    assert_non_null(at("Flipped problems (rm@8, first k): 1 became right, 1 became wrong"));
    assert_non_null(at("&lt;p-1&gt;"));
    lem_json_free(doc);
}

/* Half of the track on each side of zero: +12.5 of 20 points is at 81.25 %. */
static void bars_lie_to_both_sides_of_zero(void **state) {
    (void)state;
    const lem_bar bars[] = {{"up", 0.125, 0.05, 0.2}, {"down", -0.1, -0.2, 0}};
    lem_page_differences(page, "d", "t", bars, 2);
    assert_non_null(at("style=\"left:50.00%;width:31.25%\""));
    assert_non_null(at("class=\"ci\" style=\"left:62.50%;width:37.50%\""));
    assert_non_null(at("style=\"left:25.00%;width:25.00%\""));
    assert_non_null(at("class=\"ci\" style=\"left:0.00%;width:50.00%\""));
}

static void refuse(const char *text, const char *why) {
    lem_json *doc = parse(text);
    lem_err e = LEM_ERR_INIT;
    bool ablation = lem_report_is_ablation(doc);
    lem_status st = ablation ? lem_report_ablation(page, "c", "c.json", doc, &e)
                             : lem_report_comparison(page, "a", "b", "c", "c.json", doc, &e);
    assert_int_equal(st, LEM_EDATA);
    assert_string_equal(e.text, why);
    lem_json_free(doc);
}

static void wrong_documents_are_refused(void **state) {
    (void)state;
    refuse("{\"metrics\":[{\"b_minus_a\":{\"value\":1}}]}",
           "c.json: metrics[0].name: string expected, null found");
    refuse("{\"metrics\":[{\"name\":\"x\",\"b_minus_a\":3}]}",
           "c.json: metrics[0].b_minus_a.value: number expected, null found");
    refuse("{\"command\":\"ablate\",\"arms\":[{\"metrics\":[]}]}",
           "c.json: arms[0].name: string expected, null found");
    refuse("{\"command\":\"ablate\",\"arms\":[{\"name\":\"a\"}]}",
           "c.json: arms[0].metrics: list expected, null found");
    lem_json *empty = parse("{\"command\":\"compare\",\"metrics\":[]}");
    OK(lem_report_comparison(page, "a", "b", "c", "c.json", empty, &err));
    lem_json_free(empty);
}

/* The example of docs/ablations.md, with two places of each arm. */
/* clang-format off */
static const char ablated[] =
    "{\"command\":\"ablate\",\"title\":\"Which data\",\"problems\":500,\"base\":\"all\",\"names\":[\"rm@8\"],"
    "\"axis\":{\"name\":\"rows\",\"from\":\"given\",\"log\":true},\"arms\":["
    "{\"name\":\"all\",\"at\":4000,\"base\":true,\"seeds\":2,\"files\":[\"a1.jsonl\",\"a2.jsonl\"],"
    "\"left_out\":0,"
    "\"metrics\":[{\"name\":\"rm@8\",\"protocol\":\"exact\",\"value\":0.52,\"ci95\":[0.48,0.56],\"n\":500,"
    "\"seeds\":[0.53,0.51],\"tokens\":2310.5}]},"
    "{\"name\":\"no evolution\",\"at\":4000,\"base\":false,\"seeds\":1,\"files\":[\"p.jsonl\"],"
    "\"left_out\":3,"
    "\"metrics\":[{\"name\":\"rm@8\",\"protocol\":\"exact\",\"value\":0.50,\"ci95\":[0.46,0.54],\"n\":500,"
    "\"seeds\":[0.50],\"difference\":{\"value\":-0.02,\"ci95\":[-0.04,-0.003],\"better\":11,\"worse\":27,"
    "\"p\":0.011,\"too_few\":false}}]}],\"curves\":["
    "{\"arm\":\"all\",\"metric\":\"rm@8\",\"points\":[{\"x\":1000,\"value\":0.45,\"ci95\":[0.41,0.49]},"
    "{\"x\":4000,\"value\":0.52,\"ci95\":[0.48,0.56]}]},"
    "{\"arm\":\"no evolution\",\"metric\":\"rm@8\",\"points\":["
    "{\"x\":1000,\"value\":0.44,\"ci95\":[0.4,0.48],\"difference\":{\"value\":-0.01,\"ci95\":[-0.03,0.01]}},"
    "{\"x\":4000,\"value\":0.5,\"ci95\":[0.46,0.54],"
    "\"difference\":{\"value\":-0.02,\"ci95\":[-0.04,-0.003]}}]}],"
    "\"reference\":[{\"table\":\"acemath-4\",\"row\":\"AceMath\",\"column\":\"MATH\",\"value\":64.5,"
    "\"source\":\"Table 4\",\"note\":\"\"}],\"notes\":[\"how meant\"],\"warnings\":[\"careful\"]}";
/* clang-format on */

static void an_ablation_shows_arms_and_curves(void **state) {
    (void)state;
    lem_json *doc = parse(ablated);
    assert_true(lem_report_is_ablation(doc));
    OK(lem_report_ablation(page, "ab", "ab.json", doc, &err));
    const char *claim =
        at("rm@8: no evolution at 4000 solves 2.0 points less than all at 4000 (95 % interval "
           "-4.0 to -0.3); no evolution at 4000 is better on 11 problems and worse on 27.");
    assert_true(claim && claim < at("careful") && at("careful") < at("<figure"));
    assert_non_null(at(">Which data</h2>"));
    assert_true(in_csv("ab-arms", "rm@8,all at 4000,\"52.0 % [48.0, 56.0]\",base,,2: 51.0 to 53.0,23"));
    assert_true(in_csv("ab-arms", "rm@8,no evolution at 4000,\"50.0 % [46.0, 54.0]\",\"-2.0 [-4.0, -0.3]\","
                                  "\"11 better, 27 worse (p 0.011)\",,\r\n"));
    assert_true(in_csv("ab-curves", "all,1000,0.45,0.41,0.49\r\nall,4000,0.52,0.48,0.56\r\n"));
    assert_non_null(strstr(lem_page_html(page), "<path class=\"line s2 published\""));
    assert_non_null(strstr(lem_page_html(page), "<i class=\"s2 published\"></i>published: AceMath, MATH"));
    assert_null(strstr(lem_page_html(page), "<path class=\"line s1 published\""));
    assert_true(in_csv("ab-curves", "\"published: AceMath, MATH\",1000,0.645,,\r\n"));
    assert_true(in_csv("ab-difference-curves", "no evolution,4000,-0.02,-0.04,-0.003\r\n"));
    assert_null(strstr(lem_page_csv(page, "ab-difference-curves"), "all,"));
    assert_true(in_csv("ab-points-rm-8", "no evolution at 4000,-0.02,-0.04,-0.003\r\n"));
    assert_string_equal(lem_page_csv(page, "ab-published"), "published,MATH,note\r\nAceMath,64.50,\r\n");
    assert_true(in_csv("ab-files", "all at 4000,a2.jsonl,0\r\nno evolution at 4000,p.jsonl,3\r\n"));
    lem_json_free(doc);
}

typedef struct sides {
    const char *path[4], *name[4]; /* up to the first NULL */
} sides;

static void sides_are_named_by_what_differs(void **state) {
    (void)state;
    static const sides all[] = {
        {{"runs/base/s.jsonl", "runs/tuned/s.jsonl"}, {"base", "tuned"}},
        {{"runs/base.jsonl.gz", "runs/tuned.json"}, {"base", "tuned"}},
        {{"base", "tuned/"}, {"base", "tuned"}},
        {{"s.jsonl", "x/s.jsonl"}, {"s", "x/s"}},
        {{"a/x/1.json", "a/y/1.json", "a/y/2.json"}, {"x/1", "y/1", "y/2"}},
        {{"same/s.jsonl", "same/s.jsonl"}, {"s (1)", "s (2)"}},
        {{"a/b.json"}, {"b"}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char got[4][LEM_SIDE_NAME];
        int n = 0;
        while (n < 4 && all[i].path[n]) n++;
        lem_side_names(all[i].path, n, got);
        for (int k = 0; k < n; k++) assert_string_equal(got[k], all[i].name[k]);
    }
    char longer[300], out[2][LEM_SIDE_NAME];
    memset(longer, 'x', 299);
    longer[299] = '\0';
    lem_side_names((const char *const[]){longer, longer}, 2, out);
    assert_int_equal(strlen(out[0]), LEM_SIDE_NAME - 1);
    assert_string_equal(out[1] + LEM_SIDE_NAME - 5, " (2)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_comparison_says_its_claims_first, open_page, close_page),
        cmocka_unit_test_setup_teardown(bars_lie_to_both_sides_of_zero, open_page, close_page),
        cmocka_unit_test_setup_teardown(wrong_documents_are_refused, open_page, close_page),
        cmocka_unit_test_setup_teardown(an_ablation_shows_arms_and_curves, open_page, close_page),
        cmocka_unit_test(sides_are_named_by_what_differs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
