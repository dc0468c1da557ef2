/* test_forecast.c - a recipe of a size that no machine here has: planned from config.json alone, in a dry run
 */
#include "core/buf.h"
#include "core/file.h"
#include "core/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

/* In the test's folder, with $L as the program and $R as the recipes; what it prints to both streams. */
static int run(const char *command, lem_buf *text) {
    char line[2048], chunk[4096];
    snprintf(line, sizeof line, "cd %s && L=%s R=%s/recipes && { %s; } 2>&1 </dev/null", dir, LEMMA_BINARY,
             LEMMA_SOURCE_DIR, command);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    lem_buf_clear(text);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) lem_buf_add(text, chunk, n);
    return WEXITSTATUS(pclose(f));
}

static void says(const lem_buf *text, const char *words) {
    if (!strstr(lem_buf_str(text), words)) fail_msg("'%s' expected in:\n%s", words, lem_buf_str(text));
}

static void write_text(const char *name, const char *text) {
    char path[128];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(lem_file_write_atomic(path, text, strlen(text), &err), LEM_OK);
}

/* Qwen2.5-Math-7B's published shape. */
static void make_folder(void) {
    char path[96];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/q7", dir);
    assert_int_equal(lem_dir_make(path, &err), LEM_OK);
    write_text("q7/config.json",
               "{\"architectures\":[\"Qwen2ForCausalLM\"],\"model_type\":\"qwen2\",\"hidden_size\":3584,"
               "\"intermediate_size\":18944,\"num_attention_heads\":28,\"num_hidden_layers\":28,"
               "\"num_key_value_heads\":4,\"vocab_size\":152064,\"max_position_embeddings\":4096,"
               "\"rope_theta\":10000.0,\"rms_norm_eps\":1e-6,\"tie_word_embeddings\":false}");
}

static const lem_json *stage_of(const lem_json *plan, const char *name) {
    const lem_json *list = lem_json_get(plan, "stages");
    for (size_t i = 0; i < lem_json_count(list); i++)
        if (strcmp(lem_json_str(lem_json_get(lem_json_at(list, i), "name"), ""), name) == 0)
            return lem_json_at(list, i);
    fail_msg("no stage %s", name);
    return NULL;
}

static double number_of(const lem_json *plan, const char *stage, const char *key) {
    return lem_json_num(lem_json_get(stage_of(plan, stage), key), NAN);
}

/* The figures of the plan: the published number of parameters, at least 20 bytes of each in training, tokens
 * times epochs. */
static void acemath_is_planned(void **state) {
    (void)state;
    lem_buf text = {0};
    lem_err err = LEM_ERR_INIT;
    lem_json *plan = NULL;
    assert_int_equal(run("$L run $R/acemath-7b.yaml --dry-run base=q7", &text), 0);
    says(&text, "forecast: 2261687 rows, 1.30 B tokens, 7.62 B parameters");
    says(&text, "does not fit here: this machine has");
    says(&text, "its plan is known when the config.json of models/Qwen2.5-Math-RM-72B is there");
    assert_int_equal(run("$L run $R/acemath-7b.yaml --dry-run base=q7 --json 2>/dev/null", &text), 0);
    assert_int_equal(lem_json_parse(lem_buf_str(&text), text.len, &plan, &err), LEM_OK);
    assert_true(number_of(plan, "general-1", "parameters") == 7615616512.0);
    assert_true(number_of(plan, "general-1", "memory_bytes") > 20 * 7615616512.0);
    assert_true(number_of(plan, "rm", "tokens") == 2 * 1.2e9);
    assert_true(number_of(plan, "rm", "parameters") == 7615616512.0 + 3584);
    assert_true(number_of(plan, "rm", "seconds") > number_of(plan, "general-1", "seconds"));
    assert_true(number_of(plan, "pool", "seconds") < number_of(plan, "general-1", "seconds"));
    assert_false(lem_json_bool(lem_json_get(stage_of(plan, "rm"), "fits"), true));
    lem_json_free(plan);
    lem_buf_release(&text);
}

/* The three stages in one command: the rows that were released, one plan for all. */
static void acemath_sft_is_planned(void **state) {
    (void)state;
    lem_buf text = {0};
    assert_int_equal(run("$L run $R/acemath-sft.yaml --dry-run base=q7", &text), 0);
    says(&text, "forecast: 5557354 rows, 3.69 B tokens, 7.62 B parameters");
    lem_buf_release(&text);
}

static void only_what_is_expected_may_be_absent(void **state) {
    (void)state;
    lem_buf text = {0};
    static const char recipe[] =
        "name: x\nvars: {out: o}\nstages:\n"
        "  - {name: a, command: sft, model: q7, data: [none.jsonl], out: \"${out}/a\"%s}\n";
    char yaml[512];
    snprintf(yaml, sizeof yaml, recipe, "");
    write_text("x.yaml", yaml);
    assert_int_equal(run("$L run x.yaml --dry-run", &text), 3);
    says(&text, "none.jsonl: no such file");
    snprintf(yaml, sizeof yaml, recipe, ", expect: {rows: 10, tokens: 1000}");
    write_text("x.yaml", yaml);
    assert_int_equal(run("$L run x.yaml --dry-run", &text), 0);
    says(&text, "forecast: 10 rows");
    assert_int_equal(run("$L run x.yaml", &text), 3); /* a real start needs what it reads */
    says(&text, "none.jsonl: no such file");
    snprintf(yaml, sizeof yaml, recipe, ", expect: {rows: 10}");
    write_text("x.yaml", yaml);
    assert_int_equal(run("$L run x.yaml --dry-run", &text), 2);
    says(&text, "'expect' is {rows: NUMBER, tokens: NUMBER}");
    snprintf(yaml, sizeof yaml, recipe, ", expect: {rows: 10, tokens: -5}");
    write_text("x.yaml", yaml);
    assert_int_equal(run("$L run x.yaml --dry-run", &text), 2);
    lem_buf_release(&text);
}

/* What earlier stages write beside their output (--keep-out), and files and folders in words that a command
 * reads itself (ablate's NAME=FILE, report's folder), are waited for. */
static void what_stages_make_is_waited_for(void **state) {
    (void)state;
    lem_buf text = {0};
    write_text("rows.jsonl",
               "{\"id\":\"a\",\"problem\":\"p\",\"expected_answer\":\"2\",\"completions\":[\"2\"]}\n");
    write_text("made.yaml",
               "name: made\nvars: {out: o}\nstages:\n"
               "  - {name: g, command: grade, words: [rows.jsonl], out: o/g.jsonl}\n"
               "  - {name: k, command: select, words: [o/g.jsonl], keep: correct, keep-out: o/right.jsonl}\n"
               "  - {name: i, command: data convert, words: [o/right.jsonl], to: sharegpt, out: o/c.jsonl}\n"
               "  - {name: a, command: ablate, words: ['one=o/g.jsonl'], out: o/ablation.json}\n"
               "  - {name: r, command: report, words: [o], out: o/report.html}\n");
    if (run("$L run made.yaml --dry-run", &text) != 0) fail_msg("%s", lem_buf_str(&text));
    says(&text, "its plan is known when o/right.jsonl is there");
    says(&text, "[4/5] a (ablate)\nits plan is known when o/g.jsonl is there");
    says(&text, "its plan is known when o is there");
    if (run("sed -i s/right.jsonl]/wrong.jsonl]/ made.yaml; $L run made.yaml --dry-run", &text) != 3)
        fail_msg("%s", lem_buf_str(&text));
    says(&text, "o/wrong.jsonl: no such file");
    lem_buf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(acemath_is_planned),
                                       cmocka_unit_test(acemath_sft_is_planned),
                                       cmocka_unit_test(only_what_is_expected_may_be_absent),
                                       cmocka_unit_test(what_stages_make_is_waited_for)};
    snprintf(dir, sizeof dir, "/tmp/lemma-forecast-XXXXXX");
    if (!mkdtemp(dir)) return 1;
    make_folder();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    lem_err err = LEM_ERR_INIT;
    if (lem_dir_remove(dir, &err) != LEM_OK) return 1;
    return rc;
}
