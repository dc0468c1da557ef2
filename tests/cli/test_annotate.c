/* test_annotate.c - lemma prm annotate as it is run: rows in, labelled steps out, and what it refuses */
#include "core/file.h"
#include "core/json.h"
#include "core/jsonl.h"
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
    lem_rows *in = NULL;
    lem_json *all = lem_json_new_array(), *row = NULL;
    if (lem_rows_open(path, &in, &err) != LEM_OK) fail_msg("%s", err.text);
    while (lem_rows_next(in, &row, &err) == LEM_OK && row) assert_true(lem_json_append(all, row));
    lem_rows_close(in);
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
    refuse(2, "between steps", rows, "--step-separator ''");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_steps),
        cmocka_unit_test(early_and_binary),
        cmocka_unit_test(its_own_output),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
