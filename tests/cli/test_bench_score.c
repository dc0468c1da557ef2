/* test_bench_score.c - reward benchmarks from outside: rows scored as they are, then the table; tables of
 * others as they are; JSON, CSV, what is refused */
#include "../support/program.h"
#include "core/file.h"

#include <math.h>
#include <unistd.h>

#define L LEMMA_BINARY
#define HEADS LEMMA_TEST_DATA "/golden_heads"
#define ROWS LEMMA_TEST_DATA "/judge"

static char dir[] = "/tmp/lemma-bench-score-XXXXXX";

static const char *run(int want, const char *words) {
    char command[1024];
    snprintf(command, sizeof command, L " %s 2>&1 </dev/null", words);
    return said_by(want, command);
}

static lem_json *facts(const char *words) {
    char command[1024];
    snprintf(command, sizeof command, L " bench score %s --json 2>err.txt </dev/null", words);
    return json_of(said_by(0, command));
}

static int set_up(void **state) {
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static double value(const lem_json *o, const char *name, const char *subset) {
    const lem_json *list = lem_json_get(o, "metrics");
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        if (strcmp(lem_json_str(lem_json_get(m, "name"), ""), name) == 0 &&
            strcmp(lem_json_str(lem_json_get(m, "subset"), ""), subset) == 0)
            return lem_json_num(lem_json_get(m, "value"), -1);
    }
    fail_msg("no %s of '%s'", name, subset);
    return 0;
}

/* The first row of a JSONL file. */
static lem_json *first_row(const char *path) {
    char command[256];
    snprintf(command, sizeof command, "head -n 1 %s", path);
    return json_of(said_by(0, command));
}

/* Each benchmark by an outcome model: scored, then the table; the same scores as of rows of candidates made
 * by hand.
 */
static void outcome_models(void **state) {
    (void)state;
    static const struct {
        const char *file, *metric;
        int rows;
    } cases[] = {{"rewardbench", "accuracy", 3},
                 {"rewardbench2", "accuracy-shared", 2},
                 {"rm-bench", "average", 2},
                 {"rewardmath", "strict", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[512];
        snprintf(words, sizeof words,
                 "rm score " ROWS "/%s.jsonl --model " HEADS "/qwen2_classifier --out s-%s.jsonl",
                 cases[i].file, cases[i].file);
        run(0, words);
        snprintf(words, sizeof words, "s-%s.jsonl", cases[i].file);
        lem_json *o = facts(words);
        assert_string_equal(lem_json_str(lem_json_get(o, "benchmark"), ""), cases[i].file);
        assert_int_equal(lem_json_int(lem_json_get(o, "rows"), 0), cases[i].rows);
        assert_int_equal(lem_json_int(lem_json_get(o, "missing"), -1), 0);
        assert_true(value(o, cases[i].metric, "") >= 0);
        lem_json_free(o);
    }
    const char *said = run(0, "bench score s-rewardbench.jsonl");
    if (!strstr(said, "over 447 rows; this file has 2")) fail_msg("%s", said);
    put("hand.jsonl", "{\"problem\":\"What is 1+1?\",\"completions\":[\"It is 2.\",\"It is 3.\"]}\n");
    run(0, "rm score hand.jsonl --model " HEADS "/qwen2_classifier --out hand-scored.jsonl");
    lem_json *a = first_row("hand-scored.jsonl"), *b = first_row("s-rewardbench.jsonl");
    assert_true(lem_json_equal(lem_json_get(a, "rm_score"), lem_json_get(b, "rm_score")));
    lem_json_free(a);
    lem_json_free(b);
    run(0, "select s-rewardmath.jsonl --k 1,2"); /* candidate rows like others */
}

/* Steps are scored as they are given: one that holds the separator is one step. */
static void process_models(void **state) {
    (void)state;
    run(0, "prm score " ROWS "/processbench.jsonl --model " HEADS "/qwen_prm --out pb.jsonl");
    lem_json *row = first_row("pb.jsonl"), *o = facts("pb.jsonl");
    assert_int_equal(lem_json_count(lem_json_at(lem_json_get(row, "step_scores"), 0)), 2);
    assert_int_equal(lem_json_int(lem_json_get(o, "missing"), -1), 0);
    assert_true(value(o, "error", "gsm8k") >= 0 && value(o, "correct", "omnimath") >= 0);
    lem_json_free(row);
    lem_json_free(o);
    run(0, "prm score " ROWS "/prmbench.jsonl --model " HEADS "/qwen_prm --out prm.jsonl");
    o = facts("prm.jsonl");
    assert_int_equal(lem_json_int(lem_json_get(o, "rows"), 0), 3);
    assert_true(value(o, "prmscore", "") >= 0);
    lem_json_free(o);
    /* a text of the same steps, cut at the separator, has three */
    put("text.jsonl",
        "{\"problem\":\"What is 1+1?\",\"completions\":[\"One\\n\\nand one.\\n\\nIt is 3.\"]}\n");
    run(0, "prm score text.jsonl --model " HEADS "/qwen_prm --out text-scored.jsonl");
    row = first_row("text-scored.jsonl");
    assert_int_equal(lem_json_count(lem_json_at(lem_json_get(row, "step_scores"), 0)), 3);
    lem_json_free(row);
    put("bad.jsonl", "{\"problem\":\"p\",\"completions\":[\"a\"],\"completion_steps\":[[\"a\",7]]}\n");
    const char *said = run(3, "prm score bad.jsonl --model " HEADS "/qwen_prm --out bad-scored.jsonl");
    if (!strstr(said, "bad.jsonl:1: completions[0]: step 1: text expected")) fail_msg("%s", said);
}

static bool shared_file(const char *name, char path[1024]) {
    const char *data = getenv("LEMMA_DATA");
    snprintf(path, 1024, "%s/%s", data ? data : "/nowhere", name);
    return lem_file_exists(path);
}

static void files_of_others(void **state) {
    (void)state;
    char path[1024];
    if (!shared_file("outputs/rewardmath/Math_Shepherd_reward.json.gz", path)) skip();
    lem_json *o = facts(path);
    static const struct {
        const char *how;
        double percent;
    } want[] = {{"prod", 17.18}, {"min", 15.32}, {"mean", 15.11}, {"last", 18.22}, {"max", 3.93}};
    const lem_json *list = lem_json_get(o, "metrics");
    int found = 0;
    for (size_t i = 0; i < lem_json_count(list); i++)
        for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
            const lem_json *m = lem_json_at(list, i);
            if (strcmp(lem_json_str(lem_json_get(m, "name"), ""), "strict") != 0 ||
                strcmp(lem_json_str(lem_json_get(m, "protocol"), ""), want[k].how) != 0)
                continue;
            assert_true(fabs(100 * lem_json_num(lem_json_get(m, "value"), -1) - want[k].percent) < 0.005);
            found++;
        }
    assert_int_equal(found, 5);
    assert_int_equal(lem_json_count(lem_json_get(o, "published")), 12);
    lem_json_free(o);
    assert_true(shared_file("outputs/qwen25math_rm_maj/math_cot_100.jsonl", path) ||
                shared_file("outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz", path));
    o = facts(path);
    assert_string_equal(lem_json_str(lem_json_get(o, "benchmark"), ""), "acemath-rewardbench");
    assert_true(fabs(value(o, "rm@8", "math_cot_100") - 0.94) < 1e-12);
    lem_json_free(o);
    assert_true(shared_file("stepwise/processbench/gsm8k.json.gz", path));
    char command[1200];
    snprintf(command, sizeof command,
             "zcat %s | sed 's/\"label\": \\(-\\?[0-9]*\\)/\"label\": \\1, \"prediction\": -1/' "
             ">verdicts.json",
             path);
    shell(command);
    const char *said = run(0, "bench score verdicts.json");
    if (!strstr(said, "400 rows of 375 problems; 207 with an error, 193 without")) fail_msg("%s", said);
}

/* Two datasets: each file one, then their mean. */
static void pools(void **state) {
    (void)state;
    put("gsm8k.jsonl",
        "{\"problem\":\"p\",\"completions\":[\"a\",\"b\"],\"correct\":[true,false],\"predicted_answer\":["
        "\"1\",\"2\"],\"rm_score\":[2,1]}\n");
    put("math.jsonl",
        "{\"problem\":\"p\",\"completions\":[\"a\",\"b\"],\"correct\":[true,false],\"predicted_answer\":["
        "\"1\",\"2\"],\"rm_score\":[1,1]}\n");
    lem_json *o = facts("gsm8k.jsonl math.jsonl --k 2 --seeds 3");
    assert_true(value(o, "rm@2", "gsm8k") == 1 && value(o, "rm@2", "math") == 0.5);
    assert_true(value(o, "rm@2", "mean of subsets") == 0.75);
    lem_json_free(o);
    const char *said = run(3, "bench score gsm8k.jsonl math.jsonl");
    if (!strstr(said, "gsm8k.jsonl: 8 candidates of each problem are to be drawn, one has 2"))
        fail_msg("%s", said);
    said = run(2, "bench score gsm8k.jsonl ./gsm8k.jsonl --k 2");
    if (!strstr(said, "another file is called gsm8k too")) fail_msg("%s", said);
}

/* The columns of AceMath-RewardBench are not published: they are named. */
static void foreign_columns(void **state) {
    (void)state;
    put("theirs.jsonl", "{\"q\":\"p\",\"sols\":[\"a\",\"b\"],\"ok\":[false,true],\"s\":[2,1]}\n");
    lem_json *o = facts("theirs.jsonl --k 1 --map problem=q,completions=sols --map correct=ok,rm_score=s");
    assert_true(value(o, "rm@1", "theirs") == 0.5);
    lem_json_free(o);
    const char *said = run(3, "bench score theirs.jsonl --kind acemath-rewardbench");
    if (!strstr(said, "columns found: q, sols, ok, s")) fail_msg("%s", said);
    said = run(2, "bench score theirs.jsonl --kind rewardmath --map rm_score=s");
    if (!strstr(said, "--map is for acemath-rewardbench")) fail_msg("%s", said);
    said = run(2, "bench score theirs.jsonl --map scores=s");
    if (!strstr(said, "map: unknown field 'scores'")) fail_msg("%s", said);
}

static void csv_and_files(void **state) {
    (void)state;
    put("p.jsonl", "{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[2,1]}\n");
    run(0, "bench score p.jsonl --out p.csv");
    const char *said = said_by(0, "cat p.csv");
    if (!strstr(said, "benchmark,subset,protocol,name,value,low,high,n,ties\npairs,,rm_score,accuracy,1,"))
        fail_msg("%s", said);
    run(0, "bench score p.jsonl --out p.json");
    lem_json *o = json_of(said_by(0, "cat p.json"));
    assert_true(value(o, "accuracy", "") == 1);
    lem_json_free(o);
    said = run(0, "bench score p.jsonl p.jsonl --limit 1 --out -"); /* JSON to stdout */
    assert_non_null(strstr(said, "\"benchmark\""));
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *rows, *words, *said;
        int status;
    } cases[] = {
        {"{\"problem\":\"p\",\"answer\":\"2\"}\n", "", "x.jsonl:1: a row of none of the benchmarks", 3},
        {"{\"prompt\":\"p\",\"chosen\":\"a\",\"rejected\":\"b\"}\n", "", "lemma rm score", 3},
        {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[2,1]}\n", "--kind rewardmath",
         "x.jsonl:1: a row of rewardmath expected, found one of pairs", 3},
        {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[2,1]}\n", "--threshold-from gsm8k",
         "this is pairs", 2},
        {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[2,1]}\n{\"benchmark\":\"pairs\","
         "\"correct\":["
         "true,false],\"rm_score\":[2,NaN]}\n",
         "", "x.jsonl:2", 3},
        {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[2,1]}\n", "--kind wrong", "--kind",
         2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[256];
        put("x.jsonl", cases[i].rows);
        snprintf(words, sizeof words, "bench score x.jsonl %s", cases[i].words);
        const char *said = run(cases[i].status, words);
        if (!strstr(said, cases[i].said)) fail_msg("%s: %s", words, said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(outcome_models),  cmocka_unit_test(process_models),
                                       cmocka_unit_test(files_of_others), cmocka_unit_test(pools),
                                       cmocka_unit_test(foreign_columns), cmocka_unit_test(csv_and_files),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
