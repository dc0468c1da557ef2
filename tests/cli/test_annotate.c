/* test_annotate.c - lemma prm annotate as it is run: rows in, labelled steps out, and what it refuses */
#include "core/file.h"
#include "core/json.h"
#include "../support/jsonl.h"
#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/lemma-annotate-XXXXXX", said[1 << 15];

/* Runs lemma with both streams into `said`; returns the exit status. */
static int lemma(const char *words) {
    char line[2048];
    snprintf(line, sizeof line, "%s %s 2>&1 </dev/null", LEMMA_BINARY, words);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void run(const char *words) {
    if (lemma(words) != 0) fail_msg("lemma %s: %s", words, said);
}

static void refuse(int status, const char *words, const char *row, const char *options) {
    char line[1024];
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_file_write_atomic("bad.jsonl", row, strlen(row), &err), LEM_OK);
    snprintf(line, sizeof line, "prm annotate --model m --data bad.jsonl --out bad.out --max-tokens 4 %s",
             options);
    int got = lemma(line);
    if (got != status || !strstr(said, words)) fail_msg("%s: status %d: %s", row, got, said);
    if (lem_file_exists("bad.out") || lem_file_exists("bad.out.job")) fail_msg("%s: something was left", row);
}

static const char rows[] =
    "{\"id\":\"a\",\"problem\":\"p\",\"expected_answer\":\"2\",\"generator\":[\"g\",\"h\"],\"completions\":"
    "[\"\\\\boxed{2}\\n\\nx\\n\\nthen \\\\boxed{7}\",\"one\\n\\n\\n\\n two "
    "\\n\\n\\\\boxed{2}\"],\"step_labels\":"
    "[[1,1,0],[1,0,1]]}\n"
    "{\"problem\":\"q\",\"expected_answer\":\"3\",\"generator\":\"g\",\"steps\":[\"a\",\"b\"],\"label\":1,"
    "\"correct\":false}\n"
    "{\"problem\":\"r\",\"expected_answer\":\"3\",\"completions\":[]}\n"
    "{\"problem\":\"s\",\"expected_answer\":\"3\",\"completions\":[\"\"]}\n";

static int set_up(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    if (lem_file_write_atomic("rows.jsonl", rows, sizeof rows - 1, &err) != LEM_OK) return -1;
    const char *sft = "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n";
    if (lem_file_write_atomic("sft.jsonl", sft, strlen(sft), &err) != LEM_OK) return -1;
    return lemma("sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 96 --batch 1 "
                 "--max-steps 2 --data sft.jsonl --out m");
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static lem_json *load(const char *path, int want) {
    lem_err err = LEM_ERR_INIT;
    lem_lines *in = NULL;
    lem_json *all = lem_json_new_array(), *row = NULL;
    if (lem_lines_open(path, 0, &in, &err) != LEM_OK) fail_msg("%s", err.text);
    while (jsonl_next(in, &row, &err) == LEM_OK && row) assert_true(lem_json_append(all, row));
    lem_lines_close(in);
    assert_int_equal(lem_json_count(all), want);
    return all;
}

static void is(const lem_json *all, const char *path, const char *want) {
    lem_buf b = {0};
    const lem_json *v = lem_json_find(all, path);
    lem_json_write(v, 0, &b);
    if (strcmp(lem_buf_str(&b), want) != 0) fail_msg("%s is %s, not %s", path, lem_buf_str(&b), want);
    lem_buf_release(&b);
}

/* A rollout behind a prefix that marks the right answer is right, as this model writes no box: so the first
 * solution's steps are good until its last, which is another answer. */
static void rows_of_steps(void **state) {
    (void)state;
    run("prm annotate --model m --data rows.jsonl --n 3 --max-tokens 5 --out full.jsonl");
    assert_non_null(strstr(said, "full.jsonl: 4 solutions, 8 steps"));
    assert_non_null(strstr(said, "cut off at 5 tokens"));
    assert_non_null(strstr(said, "against the rows' own labels"));
    assert_non_null(strstr(said, "generator g: 2 solutions"));
    lem_json *all = load("full.jsonl", 4);
    is(all, "0.id", "\"a\"");
    is(all, "0.steps", "[\"\\\\boxed{2}\",\"x\",\"then \\\\boxed{7}\"]");
    is(all, "0.step_counts", "[[3,3],[3,3],[0,1]]");
    is(all, "0.step_labels", "[1,1,0]");
    is(all, "0.generator", "\"g\"");
    is(all, "0.correct", "false");
    is(all, "1.generator", "\"h\"");
    is(all, "1.solution", "1");
    is(all, "1.steps", "[\"one\",\"two\",\"\\\\boxed{2}\"]");
    is(all, "1.step_counts.2", "[1,1]");
    is(all, "1.correct", "true");
    is(all, "2.steps", "[\"a\",\"b\"]");
    is(all, "2.step_counts.1", "[0,1]");
    is(all, "2.id", "\"1\"");
    is(all, "3.steps", "[]");
    is(all, "3.step_labels", "[]");
    lem_json_free(all);
}

static void early_and_binary(void **state) {
    (void)state;
    run("prm annotate --model m --data rows.jsonl --n 3 --max-tokens 5 --early-stop --out early.jsonl");
    lem_json *all = load("early.jsonl", 4);
    is(all, "0.step_counts", "[[1,1],[1,1],[0,1]]");
    is(all, "0.step_labels", "[1,1,0]");
    lem_json_free(all);
    run("prm annotate --model m --data rows.jsonl --n 3 --max-tokens 5 --search binary --out binary.jsonl");
    assert_non_null(strstr(said, "the search measured"));
    all = load("binary.jsonl", 4);
    is(all, "0.step_labels", "[1,1,0]");
    is(all, "1.step_labels", "[1,1,1]");             /* a right solution's steps are all good */
    is(all, "1.step_counts", "[[0,0],[0,0],[1,1]]"); /* and none was measured */
    lem_json_free(all);
}

/* Labels that need no model: of the completions themselves, and of a worked solution. */
static void without_a_model(void **state) {
    (void)state;
    static const char text[] =
        "{\"problem\":\"p\",\"expected_answer\":\"2\",\"worked\":\"a\\n\\nb\\n\\n\\\\boxed{2}\","
        "\"completions\":["
        "\"a\\n\\nb\\n\\n\\\\boxed{2}\",\"a\\n\\nc\\n\\n\\\\boxed{7}\",\"a\\n\\nb\\n\\n\\\\boxed{2}\","
        "\"z\\n\\n\\\\boxed{2}\"]}\n";
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_file_write_atomic("known.jsonl", text, sizeof text - 1, &err), LEM_OK);
    run("prm annotate --from samples --labels soft --data known.jsonl --distinct --out samples.jsonl");
    lem_json *all = load("samples.jsonl", 3);
    is(all, "0.step_counts", "[[2,3],[2,2],[1,1]]");
    is(all, "1.step_counts", "[[2,3],[0,1],[0,1]]");
    is(all, "2.step_counts", "[[1,1],[1,1]]");
    is(all, "1.step_labels.1", "0");
    lem_json_free(all);
    run("prm annotate --from worked --data known.jsonl --out worked.jsonl");
    all = load("worked.jsonl", 4);
    is(all, "0.step_labels", "[1,1,1]");
    is(all, "1.step_labels", "[1,0,0]");
    is(all, "2.step_labels", "[1,1,1]");
    is(all, "3.step_labels",
       "[0,0]"); /* another way: its answer is right, its steps are not those of the worked one */
    lem_json_free(all);
    if (lemma("prm annotate --from worked --data rows.jsonl --out none") != 3 ||
        !strstr(said, "rows.jsonl:1: --from worked: text expected in field 'worked', "))
        fail_msg("%s", said);
    if (lemma("prm annotate --from samples --model m --data rows.jsonl --out none") != 2 ||
        !strstr(said, "--from samples needs no model"))
        fail_msg("%s", said);
    assert_false(lem_file_exists("none") || lem_file_exists("none.job"));
}

/* Its own output is input again, and the labels agree with themselves. */
static void its_own_output(void **state) {
    (void)state;
    run("prm annotate --model m --data rows.jsonl --n 3 --max-tokens 5 --labels soft --out soft.jsonl");
    run("prm annotate --model m --data soft.jsonl --n 3 --max-tokens 5 --json --out again.jsonl --quiet");
    lem_json *v = NULL;
    lem_err err = LEM_ERR_INIT;
    const char *json = strstr(said, "{\"command\"");
    assert_non_null(json);
    assert_int_equal(lem_json_parse(json, strcspn(json, "\n"), &v, &err), LEM_OK);
    is(v, "labels.given_labels.solutions", "4");
    is(v, "labels.given_labels.other_number_of_steps", "0");
    is(v, "labels.solutions", "4");
    is(v, "correct_of_rows", "4");
    lem_json_free(v);
}

#define JUDGE LEMMA_TEST_DATA "/golden_heads/qwen_prm"

/* The place of the first number that is wrong, -1 for none: by counts, no right rollout; by scores, below x.
 */
static int first_wrong(const lem_json *list, bool counts, double x) {
    for (size_t k = 0; k < lem_json_count(list); k++) {
        const lem_json *v = lem_json_at(list, k);
        bool wrong = counts ? lem_json_int(lem_json_at(v, 0), -1) == 0 : lem_json_num(v, -1) < x;
        if (wrong) return (int)k;
    }
    return -1;
}

/* Rows under a judge beside those without: its scores tell consensus, and nothing but the labels changes. */
static int compare_judged(const lem_json *plain, const lem_json *all, double threshold) {
    int agree = 0;
    for (size_t i = 0; i < 3; i++) {
        const lem_json *row = lem_json_at(all, i), *old = lem_json_at(plain, i),
                       *labels = lem_json_get(row, "step_labels");
        int mc = first_wrong(lem_json_get(old, "step_counts"), true, 0),
            judge = first_wrong(lem_json_get(row, "judge_scores"), false, threshold);
        assert_int_equal(lem_json_int(lem_json_get(row, "first_error"), -9), mc);
        assert_int_equal(lem_json_int(lem_json_get(row, "judge_first_error"), -9), judge);
        assert_int_equal(lem_json_bool(lem_json_get(row, "consensus"), mc != judge), mc == judge);
        assert_true(lem_json_equal(lem_json_get(row, "step_counts"), lem_json_get(old, "step_counts")));
        if (mc == judge) assert_true(lem_json_equal(labels, lem_json_get(old, "step_labels")));
        for (size_t k = 0; mc != judge && k < lem_json_count(labels); k++)
            assert_int_equal(lem_json_int(lem_json_at(labels, k), 9), -1);
        assert_int_equal(lem_json_count(labels), lem_json_count(lem_json_get(old, "step_labels")));
        agree += mc == judge;
    }
    is(all, "3.judge_first_error", "null"); /* without steps */
    is(all, "3.consensus", "false");
    return agree;
}

static void a_judge(void **state) {
    (void)state;
    static const char *const options[] = {"", "--judge-threshold 0.25", "--judge-threshold 0",
                                          "--judge-threshold 1"};
    static const double thresholds[] = {0.5, 0.25, 0, 1};
    const char *base = "prm annotate --model m --data rows.jsonl --n 3 --max-tokens 5";
    char words[1024], want[40];
    int total = 0;
    snprintf(words, sizeof words, "%s --out plain.jsonl", base);
    run(words);
    lem_json *plain = load("plain.jsonl", 4);
    assert_null(lem_json_find(plain, "0.consensus"));
    for (int i = 0; i < 4; i++) {
        snprintf(words, sizeof words, "%s --judge " JUDGE " %s --json --out judged%d.jsonl", base, options[i],
                 i);
        run(words);
        snprintf(words, sizeof words, "judged%d.jsonl", i);
        lem_json *all = load(words, 4);
        int agree = compare_judged(plain, all, thresholds[i]);
        snprintf(want, sizeof want, "\"solutions\":4,\"agree\":%d,", agree);
        if (!strstr(said, want) || !strstr(said, "\"not_judged\":1}")) fail_msg("%s: %s", want, said);
        snprintf(want, sizeof want, "in %.1f %% of 4 solutions", 25.0 * agree);
        if (!strstr(said, want)) fail_msg("%s: %s", want, said);
        total += agree;
        lem_json_free(all);
    }
    assert_in_range(total, 1, 11); /* there are both kinds */
    lem_json_free(plain);
}

/* The judge's scores are those of prm score; a solution whose labels are gone is not trained, and that is
 * said. */
static void what_becomes_of_judged_rows(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    const char *base = "prm annotate --model m --data rows.jsonl --n 3 --max-tokens 5 --judge " JUDGE;
    char words[1024];
    assert_int_equal(lem_file_write_atomic("one.jsonl", rows, strcspn(rows, "\n") + 1, &err), LEM_OK);
    run("prm score one.jsonl --model " JUDGE " --out scored.jsonl");
    snprintf(words, sizeof words, "%s --out j.jsonl --slots 1 --threads 1", base);
    run(words);
    snprintf(words, sizeof words, "%s --out j2.jsonl --slots 7 --threads 2", base);
    run(words);
    lem_json *scored = load("scored.jsonl", 1), *j = load("j.jsonl", 4), *j2 = load("j2.jsonl", 4);
    assert_int_equal(lem_json_count(lem_json_find(j, "0.judge_scores")), 3);
    assert_true(lem_json_equal(lem_json_find(scored, "0.step_scores.0"), lem_json_find(j, "0.judge_scores")));
    assert_true(lem_json_equal(lem_json_find(scored, "0.step_scores.1"), lem_json_find(j, "1.judge_scores")));
    assert_true(lem_json_equal(j, j2));
    is(j, "0.step_labels", "[-1,-1,-1]"); /* the judge finds its first step wrong */
    is(j, "0.step_counts", "[[3,3],[3,3],[0,1]]");
    lem_json_free(scored);
    lem_json_free(j);
    lem_json_free(j2);
    run("prm train --model m --data j.jsonl --val-share 0 --batch 1 --max-steps 1 --out trained");
    assert_non_null(strstr(said, "3 solutions, 2 kept; left out: 0 too long, 1 without a label"));
}

/* Rows that were labelled are judged as they would have been at once, with no model and no rollouts. */
static void judged_later(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    const char *base = "prm annotate --model m --data rows.jsonl --n 3 --max-tokens 5 --search binary";
    char words[1024];
    snprintf(words, sizeof words, "%s --out first.jsonl", base);
    run(words);
    snprintf(words, sizeof words, "%s --judge " JUDGE " --judge-threshold 0.25 --out at-once.jsonl", base);
    run(words);
    run("prm annotate --data first.jsonl --judge " JUDGE " --judge-threshold 0.25 --json --out later.jsonl");
    assert_non_null(strstr(said, "later.jsonl: 4 solutions, labelled already"));
    assert_non_null(strstr(said, "\"consensus\":{"));
    lem_json *a = load("at-once.jsonl", 4), *b = load("later.jsonl", 4);
    assert_true(lem_json_equal(a, b));
    lem_json_free(a);
    lem_json_free(b);
    assert_int_equal(lemma("prm annotate --data later.jsonl --judge " JUDGE " --out twice.jsonl"), 3);
    assert_non_null(strstr(said, "later.jsonl:1: the row has been judged"));
    assert_int_equal(lemma("prm annotate --data rows.jsonl --judge " JUDGE " --out twice.jsonl"), 3);
    assert_non_null(strstr(said, "rows of lemma prm annotate expected"));
    const char *text =
        "{\"problem\":\"q\",\"expected_answer\":\"3\",\"steps\":[\"a\",\"b\"],\"step_labels\":[1]}\n";
    assert_int_equal(lem_file_write_atomic("short.jsonl", text, strlen(text), &err), LEM_OK);
    assert_int_equal(lemma("prm annotate --data short.jsonl --judge " JUDGE " --out twice.jsonl"), 3);
    assert_non_null(strstr(said, "short.jsonl:1: a row of lemma prm annotate expected"));
    assert_int_equal(lemma("prm annotate --data first.jsonl --out twice.jsonl"), 2);
    assert_false(lem_file_exists("twice.jsonl") || lem_file_exists("twice.jsonl.job"));
}

/* Other kinds of judges; a step that holds the judge's own separator is one step. */
static void other_judges(void **state) {
    (void)state;
    static const char *const judges[] = {"skywork_prm", "trl_prm", "rlhflow_prm --judge-head rlhflow",
                                         "math_shepherd --judge-head math-shepherd"};
    lem_err err = LEM_ERR_INIT;
    char words[1024];
    const char *text = "{\"problem\":\"q\",\"expected_answer\":\"3\",\"completions\":[\"a\\nb\\n\\nc\"]}\n";
    assert_int_equal(lem_file_write_atomic("lines.jsonl", text, strlen(text), &err), LEM_OK);
    for (int i = 0; i < 4; i++) {
        snprintf(words, sizeof words,
                 "prm annotate --model m --data lines.jsonl --n 1 --max-tokens 4 --judge " LEMMA_TEST_DATA
                 "/golden_heads/%s --out other%d.jsonl",
                 judges[i], i);
        run(words);
        snprintf(words, sizeof words, "other%d.jsonl", i);
        lem_json *all = load(words, 1);
        is(all, "0.steps", "[\"a\\nb\",\"c\"]");
        assert_int_equal(lem_json_count(lem_json_find(all, "0.judge_scores")), 2);
        lem_json_free(all);
    }
}

static void refusals(void **state) {
    (void)state;
    refuse(3, "expected_answer", "{\"problem\":\"p\",\"completions\":[\"1\"]}\n", "");
    refuse(3, "bad.jsonl:1", "{\"problem\":\"p\",\"expected_answer\":\"1\",\"steps\":[1]}\n", "");
    refuse(3, "bad.jsonl:1",
           "{\"problem\":\"p\",\"expected_answer\":\"1\",\"completions\":[\"a\"],\"step_labels\":3}\n", "");
    refuse(3, "generator",
           "{\"problem\":\"p\",\"expected_answer\":\"1\",\"completions\":[\"a\"],\"generator\":[]}\n", "");
    refuse(3, "no known format", "{\"problem\":\"p\",\"expected_answer\":\"1\"}\n", "");
    refuse(3, "no rows", "\n", "");
    refuse(2, "--labels soft", rows, "--labels soft --early-stop");
    refuse(2, "--labels soft", rows, "--labels soft --search binary");
    refuse(2, "for --judge DIR", rows, "--judge-threshold 0.3");
    refuse(2, "for --judge DIR", rows, "--judge-head rlhflow");
    refuse(2, "gives one score a solution", rows, "--judge " LEMMA_TEST_DATA "/golden_heads/qwen_rm");
    refuse(2, "has a head of its own", rows, "--judge " JUDGE " --judge-head rlhflow");
    refuse(3, "--judge-head", rows, "--judge m");
    refuse(3, "no-such-folder", rows, "--judge no-such-folder");
    refuse(2, "between steps", rows, "--step-separator ''");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_steps),   cmocka_unit_test(early_and_binary),
        cmocka_unit_test(without_a_model), cmocka_unit_test(its_own_output),
        cmocka_unit_test(a_judge),         cmocka_unit_test(what_becomes_of_judged_rows),
        cmocka_unit_test(judged_later),    cmocka_unit_test(other_judges),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
