/* test_heads.c - lemma rm score and lemma model info from outside, on a folder of every kind of reward head;
 * every refusal */
#include "core/file.h"
#include "core/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADS LEMMA_TEST_DATA "/golden_heads/"

static char dir[64];

/* In the test's folder; what the program prints to both streams. */
static int shell(const char *command, lem_buf *text) {
    char line[4096], chunk[4096];
    snprintf(line, sizeof line, "cd %s && { %s; } 2>&1 </dev/null", dir, command);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) lem_buf_add(text, chunk, n);
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void expect(const char *words, int status, const char *part) {
    char command[2048];
    lem_buf text = {0};
    snprintf(command, sizeof command, "%s %s", LEMMA_BINARY, words);
    int got = shell(command, &text);
    if (got != status || !strstr(lem_buf_str(&text), part))
        fail_msg("lemma %s: status %d (expected %d), expected '%s' in:\n%s", words, got, status, part,
                 lem_buf_str(&text));
    /* An error is one line. */
    if (status) assert_int_equal(strcspn(lem_buf_str(&text), "\n") + 1, text.len);
    lem_buf_release(&text);
}

static void run(const char *command) {
    lem_buf text = {0};
    if (shell(command, &text) != 0) fail_msg("%s:\n%s", command, lem_buf_str(&text));
    lem_buf_release(&text);
}

static lem_json *load(const char *path) {
    lem_err err = LEM_ERR_INIT;
    lem_json *v = NULL;
    if (lem_json_load(path, 1 << 20, &v, &err) != LEM_OK) fail_msg("%s", err.text);
    return v;
}

static lem_json *load_here(const char *name) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return load(path);
}

static void put(const char *name, const char *text) {
    char path[200];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (lem_file_write_atomic(path, text, strlen(text), &err) != LEM_OK) fail_msg("%s", err.text);
}

static const char one_row[] = "{\"id\":\"a\",\"problem\":\"What is 12 + 30?\",\"completions\":[\"First add "
                              "the tens.\\n\\nThe answer is "
                              "42\",\"42\",\"\",\"42\"],\"other\":[1,null]}\n";

static void check_against(const char *folder, const char *options) {
    char command[1024], path[400];
    snprintf(path, sizeof path, HEADS "%s/cases.json", folder);
    lem_json *cases = load(path), *row = lem_json_copy(lem_json_at(lem_json_get(cases, "rows"), 0));
    lem_buf text = {0};
    lem_json_write(row, 0, &text);
    put("row.jsonl", lem_buf_str(&text));
    snprintf(command, sizeof command,
             "%s rm score row.jsonl --model " HEADS "%s %s --out out.json --overwrite", LEMMA_BINARY, folder,
             options);
    run(command);
    lem_json *out = load_here("out.json"), *want = lem_json_get(row, "scores");
    assert_true(lem_json_count(want) > 0);
    for (size_t i = 0; i < lem_json_count(want); i++) {
        const lem_json *w = lem_json_at(want, i), *score = lem_json_at(lem_json_get(out, "rm_score"), i);
        bool steps = lem_json_kind(w) == LEM_JSON_ARRAY;
        const lem_json *got = steps ? lem_json_at(lem_json_get(out, "step_scores"), i) : score;
        double low = INFINITY, sum = 0;
        if (!steps)
            assert_true(fabs(lem_json_num(got, NAN) - lem_json_num(w, NAN)) <=
                        2e-5 * fmax(1, fabs(lem_json_num(w, NAN))));
        for (size_t k = 0; k < lem_json_count(w); k++) {
            double a = lem_json_num(lem_json_at(got, k), NAN);
            assert_true(fabs(a - lem_json_num(lem_json_at(w, k), NAN)) <= 1e-5);
            low = fmin(low, a);
            sum += a;
        }
        if (!steps) continue;
        assert_int_equal(lem_json_count(got), lem_json_count(w));
        double total = strstr(options, "rlhflow") ? sum / (double)lem_json_count(w)
                                                  : low; /* the defaults of --aggregate */
        assert_true(fabs(lem_json_num(score, NAN) - total) < 1e-9);
    }
    lem_buf_release(&text);
    lem_json_free(out);
    lem_json_free(row);
    lem_json_free(cases);
}

static void every_folder(void **state) {
    (void)state;
    static const char *const folders[][2] = {
        {"qwen2_classifier", ""},
        {"qwen3_classifier", ""},
        {"internlm2_rm", ""},
        {"llama_two_labels", "--head-output 1"},
        {"mistral_two_labels", "--head-output logit-difference"},
        {"qwen_rm", ""},
        {"qwen_prm", ""},
        {"skywork_prm", ""},
        {"llamafactory", ""},
        {"openrlhf", ""},
        {"openrlhf_value_head", ""},
        {"trl_prm", ""},
        {"rlhflow_prm", "--head rlhflow --compat rlhflow"},
        {"math_shepherd", "--head math-shepherd"},
    };
    char words[600];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        check_against(folders[i][0], folders[i][1]);
        snprintf(words, sizeof words, "model info " HEADS "%s --json --hash", folders[i][0]);
        expect(words, 0, "\"head\":{\"kind\":\"");
        snprintf(words, sizeof words, "model info " HEADS "%s", folders[i][0]);
        expect(words, 0, "to run");
    }
}

static void rows_and_nulls(void **state) {
    (void)state;
    put("one.jsonl", one_row);
    run(LEMMA_BINARY " rm score one.jsonl --model " HEADS "qwen_prm --out a.json --overwrite --json >a.txt");
    lem_json *out = load_here("a.json"), *steps = lem_json_get(out, "step_scores"),
             *scores = lem_json_get(out, "rm_score"), *said = load_here("a.txt");
    assert_int_equal(lem_json_count(lem_json_at(steps, 0)), 2);
    assert_int_equal(lem_json_kind(lem_json_at(steps, 2)), LEM_JSON_NULL); /* no steps */
    assert_int_equal(lem_json_kind(lem_json_at(scores, 2)), LEM_JSON_NULL);
    assert_true(lem_json_equal(lem_json_at(steps, 1), lem_json_at(steps, 3)));
    assert_int_equal(lem_json_count(lem_json_get(out, "other")), 2); /* other fields stay */
    assert_int_equal(lem_json_int(lem_json_get(said, "scores"), -1), 3);
    assert_int_equal(lem_json_int(lem_json_get(said, "identical"), -1), 1);
    assert_int_equal(lem_json_int(lem_json_get(said, "no_steps"), -1), 1);
    assert_string_equal(lem_json_str(lem_json_get(said, "aggregate"), ""), "min");
    lem_json_free(out);
    lem_json_free(said);
    run(LEMMA_BINARY " rm score one.jsonl --model " HEADS
                     "qwen_prm --out b.json --overwrite --threads 1 --max-rows 100 && cmp a.json b.json");
    run(LEMMA_BINARY " rm score one.jsonl --model " HEADS
                     "qwen_prm --out b.json --overwrite --max-rows 16 && cmp a.json b.json");
    run("rm -rf short && cp -r " HEADS "qwen_prm short && "
        "sed -i 's/\"max_position_embeddings\": *[0-9]*/\"max_position_embeddings\": 16/' short/config.json");
    run(LEMMA_BINARY " rm score one.jsonl --model short --out c.json --overwrite --json >c.txt");
    said = load_here("c.txt");
    assert_int_equal(lem_json_int(lem_json_get(said, "too_long"), -1),
                     2); /* of three different texts one has no steps */
    lem_json_free(said);
    run(LEMMA_BINARY " rm score one.jsonl --model " HEADS
                     "qwen_prm --out d.json --overwrite --aggregate last --field mine --step-separator ' '");
    out = load_here("d.json");
    steps = lem_json_at(lem_json_get(out, "step_scores"), 0);
    assert_int_equal(lem_json_count(steps), 7);
    assert_true(lem_json_num(lem_json_at(lem_json_get(out, "mine"), 0), NAN) ==
                lem_json_num(lem_json_at(steps, 6), 0));
    lem_json_free(out);
}

#define SCORE "rm score one.jsonl --out x.jsonl --model "

static void refusals(void **state) {
    (void)state;
    put("one.jsonl", one_row);
    run("rm -rf half adapter pickle gemma and && cp -r " HEADS
        "qwen_prm half && sed -i s/score.0.bias/score.7.bias/ half/model.safetensors");
    run("cp -r " HEADS "llamafactory pickle && rm pickle/value_head.safetensors && touch "
        "pickle/value_head.bin && mkdir adapter");
    run("cp -r " HEADS
        "llamafactory gemma && sed -i s/LlamaForCausalLM/GemmaForRewardModel/ gemma/config.json");
    run("cp -r " HEADS "openrlhf and && sed -i s/score.weight/scare.weight/ and/model.safetensors");
    put("adapter/adapter_config.json", "{\"peft_type\":\"LORA\",\"base_model_name_or_path\":\"base/model\"}");
    expect(SCORE HEADS "llama_two_labels", 2, "pass --head-output 1");
    expect(SCORE HEADS "llama_two_labels --head-output raw", 2, "0, 1 or logit-difference expected");
    expect(SCORE HEADS "math_shepherd", 3, "without a reward head");
    expect(SCORE HEADS "rlhflow_prm --head qwen", 2, "none of rlhflow, rlhflow-orm, math-shepherd");
    expect(SCORE HEADS "qwen_prm --head rlhflow", 2, "has a head of its own");
    expect(SCORE HEADS "qwen_prm --aggregate best", 2, "--aggregate 'best'");
    expect(SCORE HEADS "qwen_rm --aggregate min", 2, "one score a solution");
    expect(SCORE HEADS "qwen_prm --step-separator ''", 2, "must not be empty");
    expect(SCORE "half", 3, "the reward head is missing: 'score.0.bias'");
    expect(SCORE "and", 3, "'score.weight' or 'value_head.weight'");
    expect(SCORE "pickle", 3, "write it as value_head.safetensors first");
    expect(SCORE "adapter", 3, "a PEFT adapter of 'base/model'");
    expect(SCORE "gemma", 3, "GemmaForRewardModel");
    expect("model info half", 3, "'score.0.bias'");
    expect("model info adapter", 3, "PEFT adapter");
    expect("model info nowhere", 3, "no such folder; a model folder");
    expect("model info " HEADS "qwen_prm --head rlhflow", 2, "has a head of its own");
    expect("model info pickle", 3, "value_head.bin");
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/lemma-heads-%d", (int)getpid());
    lem_err err = LEM_ERR_INIT;
    if (lem_dir_make(dir, &err) != LEM_OK) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_folder), cmocka_unit_test(rows_and_nulls),
                                       cmocka_unit_test(refusals)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (lem_dir_remove(dir, &err) != LEM_OK) return 1;
    return failed;
}
