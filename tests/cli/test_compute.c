/* test_compute.c - --compute bf16 and int8 from outside: other bytes than f32, and the same for any threads,
 * slots and passes; what the manifest says; refusals */
#include "../support/program.h"
#include "compute/backend.h"

#include <unistd.h>

static char dir[64];

static const char *lemma(int want, const char *words) {
    char line[2048];
    snprintf(line, sizeof line, "cd %s && %s %s 2>&1 </dev/null", dir, LEMMA_BINARY, words);
    return said_by(want, line);
}

static bool equal(const char *a, const char *b) {
    char line[300];
    snprintf(line, sizeof line, "cd %s && cmp -s %s %s", dir, a, b);
    return system(line) == 0;
}

#define SAMPLE "sample --model m --prompts p.jsonl --n 5 --max-tokens 24 --temperature 1 --quiet "
#define SCORE "rm score bf16.jsonl --model m --head logprob --quiet "

static void sampling_is_one_result(void **state) {
    (void)state;
    lemma(0, SAMPLE "--out f32.jsonl");
    lemma(0, SAMPLE "--dtype bf16 --out weights.jsonl");
    lemma(0, SAMPLE "--compute bf16 --threads 1 --slots 1 --out bf16.jsonl");
    lemma(0, SAMPLE "--compute bf16 --threads 2 --slots 64 --out again.jsonl");
    assert_true(equal("bf16.jsonl", "again.jsonl"));
    assert_false(equal("bf16.jsonl", "f32.jsonl"));
    assert_false(equal("bf16.jsonl", "weights.jsonl"));
    lemma(0, SAMPLE "--compute int8 --threads 1 --slots 1 --out int8.jsonl");
    lemma(0, SAMPLE "--compute int8 --threads 2 --slots 64 --out int8-again.jsonl");
    assert_true(equal("int8.jsonl", "int8-again.jsonl"));
    assert_false(equal("int8.jsonl", "f32.jsonl"));
    assert_false(equal("int8.jsonl", "bf16.jsonl"));
}

static void scoring_is_one_result(void **state) {
    (void)state;
    lemma(0, SCORE "--compute bf16 --threads 1 --max-rows 128 --out s1.jsonl");
    lemma(0, SCORE "--compute bf16 --threads 2 --out s2.jsonl");
    lemma(0, SCORE "--dtype bf16 --out s3.jsonl");
    assert_true(equal("s1.jsonl", "s2.jsonl"));
    assert_false(equal("s1.jsonl", "s3.jsonl"));
    lemma(0, SCORE "--compute int8 --threads 1 --max-rows 128 --out s4.jsonl");
    lemma(0, SCORE "--compute int8 --threads 2 --out s5.jsonl");
    assert_true(equal("s4.jsonl", "s5.jsonl"));
    assert_false(equal("s4.jsonl", "s1.jsonl"));
}

#define TRAIN "sft --model m --data more.jsonl --max-steps 3 --batch 4 --lr 1e-3 "
#define SFT TRAIN "--quiet "
#define LOUD "sample --prompts p.jsonl --n 5 --max-tokens 24 --temperature 1 "
#define WEIGHTS(name) name "/model.safetensors"

/* Full and with adapters: one result for threads and passes, another than that of fp32. */
static void training_is_one_result(void **state) {
    (void)state;
    char line[200];
    snprintf(line, sizeof line, "%s/more.jsonl", dir);
    put(line, "{\"problem\":\"2+2\",\"solution\":\"4\"}\n{\"problem\":\"3*5\",\"solution\":\"15\"}\n"
              "{\"problem\":\"7-6\",\"solution\":\"It is 1, and so 1.\"}\n"
              "{\"problem\":\"9/3\",\"solution\":\"3\"}\n");
    lemma(0, SFT "--out t32");
    lemma(0, SFT "--compute bf16 --threads 1 --out t1");
    lemma(0, SFT "--compute bf16 --threads 2 --max-rows 130 --out t2");
    assert_true(equal(WEIGHTS("t1"), WEIGHTS("t2")));
    assert_false(equal(WEIGHTS("t1"), WEIGHTS("t32")));
    lemma(0, SFT "--lora-rank 4 --out l32");
    lemma(0, SFT "--lora-rank 4 --compute bf16 --threads 1 --out l1");
    lemma(0, SFT "--lora-rank 4 --compute bf16 --threads 2 --max-rows 130 --out l2");
    assert_true(equal(WEIGHTS("l1"), WEIGHTS("l2")));
    assert_false(equal(WEIGHTS("l1"), WEIGHTS("l32")));
    assert_non_null(strstr(lemma(2, SFT "--compute int8 --out x"), "f32, bf16"));
}

/* auto is f32 or bf16 by processor and model; the job has what was chosen, and the run that is there counts.
 */
static void auto_is_told(void **state) {
    (void)state;
    const bool fast = lem_backend_bf16_is_faster(LEM_ISA_AUTO);
    const char *chosen = fast ? "auto: bf16 (this processor" : "auto: f32 (this processor";
    assert_false(lem_backend_bf16_is_faster(LEM_ISA_AVX2));
    assert_false(lem_backend_bf16_is_faster(LEM_ISA_GENERIC));
    lemma(0, "model convert m --dtype bf16 --out m16 --quiet");
    assert_non_null(strstr(lemma(0, TRAIN "--compute auto --out ta"), chosen));
    assert_true(equal(WEIGHTS("ta"), fast ? WEIGHTS("t1") : WEIGHTS("t32")));
    lemma(0, TRAIN "--compute f32 --out tb");
    assert_non_null(
        strstr(lemma(0, TRAIN "--compute auto --out tb"), "auto: f32 (as the run that is there)"));
    assert_non_null(strstr(lemma(0, LOUD "--model m --compute auto --out a32.jsonl"), "auto: f32 ("));
    assert_true(equal("a32.jsonl", "f32.jsonl"));
    assert_non_null(strstr(lemma(0, LOUD "--model m16 --compute auto --out a16.jsonl"), chosen));
    lemma(0, fast ? LOUD "--model m16 --compute bf16 --out b16.jsonl" : LOUD "--model m16 --out b16.jsonl");
    assert_true(equal("a16.jsonl", "b16.jsonl"));
}

static void identity_and_refusals(void **state) {
    (void)state;
    assert_non_null(strstr(lemma(2, SAMPLE "--compute f32 --out bf16.jsonl"), "compute"));
    assert_non_null(strstr(lemma(2, SAMPLE "--compute int4 --out x.jsonl"), "f32, bf16, int8"));
    lem_json *manifest = NULL;
    lem_err err = LEM_ERR_INIT;
    char path[100];
    snprintf(path, sizeof path, "%s/bf16.jsonl.manifest.json", dir);
    assert_int_equal(lem_json_load(path, 1 << 20, &manifest, &err), LEM_OK);
    lem_buf text = {0};
    lem_json_write(manifest, 0, &text);
    assert_non_null(strstr(lem_buf_str(&text), "\"compute\":\"bf16\""));
    lem_buf_release(&text);
    lem_json_free(manifest);
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/lemma-compute-%d", (int)getpid());
    char line[200];
    snprintf(line, sizeof line, "mkdir -p %s", dir);
    shell(line);
    snprintf(line, sizeof line, "%s/p.jsonl", dir);
    put(line, "{\"problem\":\"What is 1+1?\",\"answer\":\"2\"}\n{\"problem\":\"3*4\",\"answer\":\"12\"}\n"
              "{\"problem\":\"Say nine.\",\"answer\":\"9\"}\n");
    snprintf(line, sizeof line, "%s/rows.jsonl", dir);
    put(line, "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n");
    lemma(0, "sft --from-scratch --layers 2 --width 96 --heads 3 --vocab 300 --context 128 --batch 1 --quiet "
             "--data rows.jsonl --out m");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sampling_is_one_result), cmocka_unit_test(scoring_is_one_result),
        cmocka_unit_test(training_is_one_result), cmocka_unit_test(auto_is_told),
        cmocka_unit_test(identity_and_refusals)};
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(line, sizeof line, "rm -rf %s", dir);
    shell(line);
    return bad;
}
