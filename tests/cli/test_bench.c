/* test_bench.c - benchmarks from outside: list and show, sample --benchmark and rows of choices, golds that
 * cannot be found, grade by the benchmark's rules, several golds and tolerances, refusals */
#include "../support/program.h"

#include "core/file.h"

#include <stdbool.h>
#include <unistd.h>

#define LEMMA "LEMMA_DATA=" LEMMA_TEST_DATA "/benchmarks " LEMMA_BINARY " "
#define SAMPLE LEMMA "sample --model m --n 1 --max-tokens 2 "

static char dir[] = "/tmp/lemma-test-bench-XXXXXX";

static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    put("rows.jsonl", "{\"problem\":\"p\",\"solution\":\"1+1=2\",\"expected_answer\":\"2\"}\n");
    shell(LEMMA
          "sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 4096 --batch 1 --lr 1e-3 "
          "--max-steps 1 --data rows.jsonl --out m --quiet");
    put("my.yaml",
        "name: mine\ntitle: Mine\nfiles: mine.jsonl\nfields: {problem: q, gold: a, tolerance: tol}\n"
        "gold: strip-dollars\ngrade: {task: plain, policy: strict}\n");
    put("mine.jsonl",
        "{\"q\":\"one?\",\"a\":[\"$1$\",\"uno\"]}\n{\"q\":\"pi?\",\"a\":\"3.1416\",\"tol\":\"0.01\"}\n");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void says(int want, const char *command, const char *part) {
    const char *said = said_by(want, command);
    if (!strstr(said, part)) fail_msg("%s: '%s' is not in: %s", command, part, said);
}

/* The i-th row of a file, from 0; the caller frees. */
static lem_json *row_of(const char *path, int i) {
    lem_err err = LEM_ERR_INIT;
    lem_buf b = {0};
    if (lem_file_read(path, 1 << 24, &b, &err) != LEM_OK) fail_msg("%s", err.text);
    const char *s = lem_buf_str(&b);
    for (; i > 0; i--) {
        s = strchr(s, '\n');
        assert_non_null(s);
        s++;
    }
    char *line = strndup(s, strcspn(s, "\n"));
    lem_json *o = json_of(line);
    free(line);
    lem_buf_release(&b);
    return o;
}

static const char *text(const lem_json *o, const char *path) {
    return lem_json_str(lem_json_find(o, path), "(none)");
}

/* ---- list and show */

static void list(void **state) {
    (void)state;
    const char *said = said_by(0, LEMMA "bench list");
    assert_non_null(strstr(said, "\nmath                5000  problems  yes    MIT\n"));
    assert_non_null(strstr(said, "\ngsm8k               1319  problems  no     MIT\n"));
    assert_non_null(strstr(said, "12 of 23 are in "));
    assert_non_null(strstr(said, "  gsm8k           github.com/openai/grade-school-math, "));
    assert_null(strstr(said, "  math            github.com"));
    lem_json *o = json_of(said_by(0, LEMMA "bench list --json"));
    const lem_json *l = lem_json_get(o, "benchmarks");
    assert_int_equal(lem_json_count(l), 23);
    for (size_t i = 0; i < 23; i++) {
        const lem_json *b = lem_json_at(l, i);
        bool there = lem_json_bool(lem_json_get(b, "present"), false);
        assert_int_equal(there, lem_json_kind(lem_json_get(b, "path")) == LEM_JSON_STRING);
        assert_true(*text(b, "licence") && *text(b, "get") &&
                    lem_json_int(lem_json_get(b, "problems"), 0) > 0);
    }
    lem_json_free(o);
    says(0, LEMMA_BINARY " bench show gsm8k", "gold: [after-hashes]");
    o = json_of(said_by(0, LEMMA_BINARY " bench show gsm8k --json"));
    assert_string_equal(text(o, "fields.problem"), "question");
    lem_json_free(o);
    shell(LEMMA_BINARY " bench show mmlu >copy.yaml");
    says(2, LEMMA_BINARY " bench show copy.yaml 2>&1", "'mmlu' is a benchmark of lemma's own; take another");
    says(0, LEMMA_BINARY " bench show my.yaml --json", "\"name\": \"mine\"");
    shell(LEMMA_BINARY " bench show my.yaml | cmp - my.yaml");
    says(2, LEMMA_BINARY " bench show gsm8 2>&1", "did you mean 'gsm8k'?");
    put("bad.yaml", "name: x\nfiles: y\nfield: {problem: q}\n");
    says(2, LEMMA_BINARY " bench show bad.yaml 2>&1",
         "bad.yaml: unknown key 'field'; did you mean 'fields'?");
    says(2, LEMMA_BINARY " bench 2>&1", "bench list");
}

/* ---- sample */

static void sample_by_name(void **state) {
    (void)state;
    shell(SAMPLE "--benchmark sat_math --out sat.jsonl --quiet 2>/dev/null");
    lem_json *o = row_of("sat.jsonl", 0);
    assert_string_equal(text(o, "problem"), "If 2x = 6, what is x?\nAnswer Choices: (A) 2 (B) 3 (C) 4 (D) 6");
    assert_string_equal(text(o, "expected_answer"), "B");
    assert_string_equal(text(o, "benchmark"), "sat_math");
    assert_string_equal(text(o, "options"), "A) 2  B) 3  C) 4  D) 6");
    lem_json_free(o);
    says(0, "cat sat.jsonl.manifest.json", "\"benchmark data\"");
    says(0, SAMPLE "--benchmark sat_math --out sat.jsonl 2>&1", "already complete");
    says(0, SAMPLE "--benchmark sat_math --out other.jsonl 2>&1", "sat_math has 32 problems");
    says(0, SAMPLE "--benchmark sat_math --out other2.jsonl 2>&1",
         "system text of sat_math: Please reason step by step, and put your final answer within \\boxed{}.");
    says(0, "cat other2.jsonl.manifest.json", "\"system\"");
    says(0, SAMPLE "--benchmark mmlu_pro --out mp.jsonl 2>&1", "published with 5 worked examples");
    says(2, SAMPLE "--benchmark mgsm --out sat.jsonl 2>&1", "--benchmark was \"sat_math\", is now \"mgsm\"");
    says(2, SAMPLE "--benchmark mgsm --prompts rows.jsonl --out x.jsonl 2>&1", "leave --prompts away");
    says(2, SAMPLE "--benchmark gsm8 --out x.jsonl 2>&1", "did you mean 'gsm8k'?");
    says(2, SAMPLE "--out x.jsonl 2>&1", "--prompts FILE or --benchmark NAME|FILE.yaml is missing");
    says(2, SAMPLE "--benchmark mgsm --map problem=q --out x.jsonl 2>&1", "names its own fields");
    says(3, SAMPLE "--benchmark gsm8k --out x.jsonl 2>&1",
         "benchmark gsm8k: none of its files is in " LEMMA_TEST_DATA
         "/benchmarks (LEMMA_DATA): bench/gsm8k/test.jsonl.gz");
    says(0, SAMPLE "--benchmark gaokao2023en --out g.jsonl 2>&1", "1 of 3 problems have no gold answer");
    assert_false(lem_file_exists("x.jsonl"));
    assert_false(lem_file_exists("x.jsonl.job"));
    assert_false(lem_file_exists("x.jsonl.lock"));
}

/* The data of a benchmark is an input: changed, it is another job. */
static void data_counts(void **state) {
    (void)state;
    shell("cp mine.jsonl kept && " SAMPLE "--benchmark my.yaml --out mine-out.jsonl --quiet");
    shell("sed -i 's/one?/two?/' mine.jsonl");
    says(2, SAMPLE "--benchmark my.yaml --out mine-out.jsonl 2>&1",
         "benchmark data ./mine.jsonl: its content changed");
    shell("mv kept mine.jsonl && cp my.yaml kept.yaml && sed -i 's/strip-dollars/field/' my.yaml");
    says(2, SAMPLE "--benchmark my.yaml --out mine-out.jsonl 2>&1", "is now");
    shell("cp kept.yaml my.yaml && echo 'licence: MIT' >>my.yaml"); /* changes no prompt */
    says(0, SAMPLE "--benchmark my.yaml --out mine-out.jsonl 2>&1", "already complete");
    shell("mv kept.yaml my.yaml");
}

static void choices_of_a_file(void **state) {
    (void)state;
    put("stem.jsonl",
        "{\"question\":\"Which is a gas?\",\"type\":\"chemistry\",\"choices\":[\"iron\",\"neon\"],"
        "\"answer\":1}\n");
    says(0, SAMPLE "--prompts stem.jsonl --out stem-out.jsonl 2>&1",
         "stem.jsonl: rows of mmlu_stem (by its columns, choices among them): options reach the prompt");
    lem_json *o = row_of("stem-out.jsonl", 0);
    assert_string_equal(text(o, "problem"), "Which is a gas?\nAnswer Choices: (A) iron (B) neon");
    assert_string_equal(text(o, "expected_answer"), "B");
    assert_string_equal(text(o, "benchmark"), "mmlu_stem");
    lem_json_free(o);
    put("unknown.jsonl", "{\"question\":\"q\",\"options\":[\"1\",\"2\"],\"label\":\"A\"}\n");
    says(3, SAMPLE "--prompts unknown.jsonl --out x.jsonl 2>&1",
         "unknown.jsonl:1: rows of choices (column options) and are of no benchmark that is known: the bare "
         "question is not sent");
    says(0,
         SAMPLE "--prompts unknown.jsonl --map problem=question,expected_answer=label --out bare.jsonl 2>&1",
         "");
    o = row_of("bare.jsonl", 0);
    assert_string_equal(text(o, "problem"), "q");
    lem_json_free(o);
    shell("mkdir two && cp stem.jsonl two/a.jsonl && cp " LEMMA_TEST_DATA
          "/benchmarks/bench/qwen25math/sat_math/test.jsonl two/b.jsonl");
    says(3, SAMPLE "--prompts two --out x.jsonl 2>&1",
         "rows of sat_math behind rows of mmlu_stem: read them apart");
}

static void golds_that_are_not_there(void **state) {
    (void)state;
    put("none.jsonl", "{\"problem\":\"a\",\"answer\":1}\n{\"problem\":\"b\",\"solution\":\"s\"}\n");
    says(3, SAMPLE "--prompts none.jsonl --out x.jsonl 2>&1",
         "none.jsonl:2: no gold answer: none of the fields expected_answer, answer, gt, ground_truth is "
         "there");
    says(0, SAMPLE "--prompts none.jsonl --no-gold --out n.jsonl 2>&1",
         "1 of 2 problems have no gold answer");
    put("list.jsonl", "{\"problem\":\"a\",\"answer\":[1,2]}\n");
    says(3, SAMPLE "--prompts list.jsonl --out x.jsonl 2>&1",
         "list.jsonl:1: no gold answer: a text or a number");
    put("empty.jsonl", "{\"problem\":\"a\",\"answer\":\" \"}\n");
    says(3, SAMPLE "--prompts empty.jsonl --out x.jsonl 2>&1", "empty.jsonl:1: no gold answer: it is empty");
    put("lost.yaml",
        "name: lost\nfiles: none.jsonl\nfields: {problem: problem, gold: solution}\ngold: last-boxed\n");
    says(3, SAMPLE "--benchmark lost.yaml --out x.jsonl 2>&1",
         "none.jsonl:1: no gold answer: there is no field 'solution'; columns found: problem, answer");
    says(0, SAMPLE "--benchmark lost.yaml --no-gold --out l.jsonl 2>&1",
         "2 of 2 problems have no gold answer");
    assert_false(lem_file_exists("x.jsonl"));
}

/* ---- grade */

static void graded(void **state) {
    (void)state;
    put("c.jsonl", "{\"benchmark\":\"aqua\",\"problem\":\"p\",\"expected_answer\":\"B\",\"completions\":["
                   "\"It is (b), so "
                   "B.\",\"\\\\boxed{C}\",\"Answer: B\"]}\n");
    says(0, LEMMA "grade c.jsonl --out gc.jsonl 2>&1",
         "graded as aqua (the rows say so): task choice, policy std");
    lem_json *o = row_of("gc.jsonl", 0);
    assert_true(lem_json_bool(lem_json_find(o, "correct.2"), false));
    assert_false(lem_json_bool(lem_json_find(o, "correct.1"), true));
    lem_json_free(o);
    says(0, "cat gc.jsonl.manifest.json", "\"task\": \"choice\"");
    o = json_of(said_by(0, LEMMA "grade c.jsonl --task plain --json 2>/dev/null"));
    assert_string_equal(text(o, "task"), "plain"); /* the option wins */
    assert_string_equal(text(o, "benchmark"), "aqua");
    lem_json_free(o);
    o = json_of(said_by(0, LEMMA "grade c.jsonl --benchmark math --policy qwen --json 2>/dev/null"));
    assert_string_equal(text(o, "task"), "std");
    assert_string_equal(text(o, "policy"), "qwen");
    assert_string_equal(text(o, "benchmark"), "math");
    lem_json_free(o);
    put("two.jsonl", "{\"benchmark\":\"aqua\",\"expected_answer\":\"B\",\"completions\":[\"B\"]}\n"
                     "{\"benchmark\":\"math\",\"expected_answer\":\"2\",\"completions\":[\"2\"]}\n");
    says(3, LEMMA "grade two.jsonl 2>&1",
         "two.jsonl:2: benchmark: 'aqua' expected as in the rows before, found 'math'");
    says(3, LEMMA "grade two.jsonl --on-error skip --max-bad 0.9 2>&1",
         "'aqua' expected as in the rows before");
    says(0, LEMMA "grade two.jsonl --task std --policy std 2>&1", "");
    put("foreign.jsonl", "{\"benchmark\":\"theirs\",\"expected_answer\":\"2\",\"completions\":[\"2\"]}\n");
    says(0, LEMMA "grade foreign.jsonl 2>&1", "which is none of lemma's");
    put("code.jsonl", "{\"benchmark\":\"humaneval\",\"prompt\":\"p\",\"completions\":[\"x\"]}\n");
    says(2, LEMMA "grade code.jsonl 2>&1", "--benchmark humaneval executes them, in a sandbox");
    says(2, LEMMA "grade c.jsonl --benchmark maths 2>&1", "did you mean 'math'?");
    says(2, LEMMA "grade --explain 1 1 --benchmark math 2>&1", "--explain takes --policy and --task");
}

/* OlympiadBench: a list in one text, `error` as the distance; own sets with several golds. */
static void golds_and_tolerances(void **state) {
    (void)state;
    shell(SAMPLE "--benchmark olympiadbench --out o.jsonl --quiet 2>/dev/null");
    lem_json *o = row_of("o.jsonl", 1);
    assert_true(lem_json_num(lem_json_get(o, "gold_tolerance"), 0) == 0.1);
    assert_string_equal(text(o, "expected_answer"), "1.4");
    lem_json_free(o);
    put("oc.jsonl",
        "{\"benchmark\":\"olympiadbench\",\"expected_answer\":\"1.4\",\"gold_tolerance\":0.1,\"completions\":"
        "["
        "\"\\\\boxed{1.48}\",\"\\\\boxed{1.52}\"]}\n"
        "{\"benchmark\":\"olympiadbench\",\"expected_answer\":\"2,-2\",\"completions\":[\"\\\\boxed{-2} and "
        "\\\\boxed{2}\",\"\\\\boxed{2}\"]}\n");
    shell(LEMMA "grade oc.jsonl --out og.jsonl --quiet");
    for (int i = 0; i < 2; i++) {
        o = row_of("og.jsonl", i);
        assert_true(lem_json_bool(lem_json_find(o, "correct.0"), false));
        assert_false(lem_json_bool(lem_json_find(o, "correct.1"), true));
        lem_json_free(o);
    }
    o = json_of(said_by(0, LEMMA "grade oc.jsonl --abs-tol 0.2 --json 2>/dev/null")); /* the option wins */
    assert_int_equal(lem_json_int(lem_json_get(o, "correct"), 0), 3);
    lem_json_free(o);
    o = json_of(said_by(0, LEMMA "grade oc.jsonl --rel-tol 0.2 --limit 1 --json 2>/dev/null"));
    assert_int_equal(lem_json_int(lem_json_get(o, "correct"), 0), 2);
    lem_json_free(o);
    put("parts.jsonl",
        "{\"expected_answer\":\"1.5, 20\",\"error\":\"0.1,2\",\"completions\":[\"\\\\boxed{21.5, 1.55}\","
        "\"\\\\boxed{20, 1.7}\",\"\\\\boxed{1.5, 22.5}\"]}\n");
    o = json_of(said_by(0, LEMMA "grade parts.jsonl --tol-field error --json 2>/dev/null"));
    assert_int_equal(lem_json_int(lem_json_get(o, "correct"), 0), 1);
    lem_json_free(o);
    put("raw.jsonl",
        "{\"expected_answer\":\"1.4\",\"error\":\"1e-1\",\"completions\":[\"\\\\boxed{1.48}\"]}\n");
    o = json_of(said_by(0, LEMMA "grade raw.jsonl --benchmark olympiadbench --json 2>/dev/null"));
    assert_int_equal(lem_json_int(lem_json_get(o, "correct"), 0), 1);
    lem_json_free(o);
    o = json_of(said_by(0, LEMMA "grade raw.jsonl --json 2>/dev/null"));
    assert_int_equal(lem_json_int(lem_json_get(o, "correct"), 0), 0);
    lem_json_free(o);

    /* rows of other programs: golds where the benchmark's file has them */
    put("theirs.jsonl",
        "{\"question\":\"q\",\"choices\":[\"a\",\"b\"],\"type\":\"t\",\"answer\":1,\"completions\":["
        "\"Answer: B\",\"Answer: A\"]}\n");
    o = json_of(
        said_by(0, LEMMA "grade theirs.jsonl --benchmark mmlu_stem --json --out tg.jsonl 2>/dev/null"));
    assert_int_equal(lem_json_int(lem_json_get(o, "correct"), 0), 1);
    lem_json_free(o);
    o = row_of("tg.jsonl", 0);
    assert_string_equal(text(o, "expected_answer"), "B");
    lem_json_free(o);
    says(3, LEMMA "grade theirs.jsonl 2>&1", "no expected_answer");
    says(3, LEMMA "grade theirs.jsonl --benchmark gsm8k 2>&1",
         "theirs.jsonl:1: no expected_answer, and none by the rule of gsm8k: field 'answer' holds none");

    shell(SAMPLE "--benchmark my.yaml --out my-out.jsonl --quiet");
    o = row_of("my-out.jsonl", 0);
    assert_string_equal(text(o, "expected_answers.1"), "uno");
    assert_string_equal(text(o, "benchmark"), "mine");
    lem_json_free(o);
    put("mc.jsonl", "{\"benchmark\":\"mine\",\"expected_answer\":\"1\",\"expected_answers\":[\"1\",\"uno\"],"
                    "\"completions\":["
                    "\"uno\",\"1\",\"2\",\"1, uno\"]}\n");
    o = json_of(said_by(0, LEMMA "grade mc.jsonl --benchmark my.yaml --json --out mg.jsonl 2>/dev/null"));
    assert_int_equal(lem_json_int(lem_json_get(o, "correct"), 0), 2);
    assert_string_equal(text(o, "policy"), "strict");
    assert_string_equal(text(o, "task"), "plain");
    lem_json_free(o);
    put("wrong.jsonl", "{\"expected_answer\":\"1\",\"expected_answers\":\"1\",\"completions\":[\"1\"]}\n");
    says(3, LEMMA "grade wrong.jsonl 2>&1",
         "wrong.jsonl:1: expected_answers: a list of texts expected, found string");
    put("wrong.jsonl",
        "{\"expected_answer\":\"1\",\"expected_answers\":[\"1\",{}],\"completions\":[\"1\"]}\n");
    says(3, LEMMA "grade wrong.jsonl 2>&1", "expected_answers[1]: text expected, found object");
    says(2, LEMMA "grade mc.jsonl --benchmark math --out mg.jsonl 2>&1", "--benchmark was");
}

/* ---- a recipe: what is not there is told before the first stage */

static void in_a_recipe(void **state) {
    (void)state;
    put("r.yaml", "name: r\nvars: {out: run}\nstages:\n"
                  "  - {name: a, command: sample, model: m, benchmark: sat_math, n: 1, max-tokens: 2, out: "
                  "\"${out}/a.jsonl\"}\n"
                  "  - {name: b, command: grade, words: [\"${out}/a.jsonl\"], out: \"${out}/b.jsonl\"}\n");
    says(0, LEMMA "run r.yaml 2>&1", "graded as sat_math");
    assert_true(lem_file_exists("run/b.jsonl"));
    shell("sed 's/command: grade.*/command: sample, model: m, benchmark: gsm8k, n: 1, out: "
          "\"${out}\\/c.jsonl\"}/; "
          "s/out: run/out: run2/' r.yaml >r2.yaml");
    says(3, LEMMA "run r2.yaml 2>&1", "benchmark gsm8k: none of its files is in");
    assert_false(lem_file_exists("run2/a.jsonl"));
}

/* ---- decontamination reads the same specs */

static void decontaminated(void **state) {
    (void)state;
    put("train.jsonl", "{\"problem\":\"Write a function to double a number and then tell the whole world "
                       "about it at once\"}\n");
    says(0, LEMMA "data decontam train.jsonl --against all --out d.jsonl 2>&1",
         "not compared with, because they are not in");
    says(0, LEMMA "data decontam train.jsonl --against mgsm --out d2.jsonl 2>&1",
         "3 test rows, 3 different texts");
    says(0, LEMMA "data decontam train.jsonl --against mbpp_sanitized --out d3.jsonl 2>&1", "1 test rows");
    says(3, LEMMA "data decontam train.jsonl --against svamp --out d4.jsonl 2>&1",
         "benchmark svamp: none of its files");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list),
        cmocka_unit_test(sample_by_name),
        cmocka_unit_test(data_counts),
        cmocka_unit_test(choices_of_a_file),
        cmocka_unit_test(golds_that_are_not_there),
        cmocka_unit_test(graded),
        cmocka_unit_test(golds_and_tolerances),
        cmocka_unit_test(in_a_recipe),
        cmocka_unit_test(decontaminated),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
