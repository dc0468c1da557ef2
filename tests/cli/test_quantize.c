/* test_quantize.c - lemma model quantize from outside: the folder samples and scores with the bytes of
 * --compute int8 on its source; what was lost is measured, kept over a kill, and shown; refusals */
#include "../support/program.h"

#include <unistd.h>

static char dir[64];

static const char *lemma(int want, const char *words) {
    char line[2048];
    snprintf(line, sizeof line, "cd %s && %s %s 2>&1 </dev/null", dir, LEMMA_BINARY, words);
    return said_by(want, line);
}

static void says(int want, const char *words, const char *text) {
    const char *said = lemma(want, words);
    assert_non_null(said);
    if (!strstr(said, text)) fail_msg("%s: '%s' is missing in: %s", words, text, said);
}

static void in_dir(const char *command) {
    char line[1024];
    snprintf(line, sizeof line, "cd %s && %s", dir, command);
    shell(line);
}

#define SAMPLE "sample --prompts p.jsonl --n 3 --max-tokens 12 --temperature 1 --quiet "
#define MEASURE "model quantize m --keep down_proj --prompts p.jsonl --n 2 --max-tokens 12 --quiet "

static void same_as_its_source(void **state) {
    (void)state;
    says(0, "model quantize m --out q", "nothing was measured");
    lemma(0, SAMPLE "--model m --compute int8 --out a.jsonl");
    says(0, "sample --prompts p.jsonl --n 3 --max-tokens 12 --temperature 1 --model q --out b.jsonl",
         "q: an int8 model");
    in_dir("cmp a.jsonl b.jsonl && grep -q '\"compute\": *\"int8\"' b.jsonl.manifest.json");
    lemma(0, "rm score a.jsonl --model m --head logprob --compute int8 --quiet --out sa.jsonl");
    lemma(0, "rm score a.jsonl --model q --head logprob --quiet --out sb.jsonl");
    in_dir("cmp sa.jsonl sb.jsonl");
    says(0, "model info q", "nothing was measured (--prompts measures)");
    says(0, "model info q --json", "\"int8\":{\"kept\":[],\"lost\":null}");
    says(0, "model info m --json", "\"int8\":null");
}

static void measured_and_resumed(void **state) {
    (void)state;
    lemma(0, MEASURE "--out w1");
    in_dir("i=1; while [ $i -le 12 ]; do timeout -s KILL 0.0$((i % 9 + 1)) " LEMMA_BINARY " " MEASURE
           "--out w2 >/dev/null 2>&1; i=$((i + 1)); done; true");
    lemma(0, MEASURE "--threads 1 --out w2");
    in_dir("diff -r w1 w2 && [ ! -e w2.job ] && [ ! -e w2.lock ] && [ ! -e w2.lemma-partial ]");
    says(0, "model info w1", "head, but for down_proj");
    says(0, "model info w1", "pass@1 ");
    says(0, "model info w1", "KL ");
    says(0, MEASURE "--out w1", "");
    says(2, "model quantize m --out w1", "--keep");
}

static void a_reward_model(void **state) {
    (void)state;
    lemma(0, "rm train --model m --lists l.jsonl --batch 1 --max-steps 2 --val-share 0 --quiet --out rm");
    says(0, "model quantize rm --out rq --prompts a.jsonl --json --quiet", "\"pairs\":{\"rows\":3,\"n\":");
    says(0, "model info rq", "] of 1 pairs of candidates keep their order");
    says(0, "model info rq --json", "\"ci95\":[");
    lemma(0, "rm score a.jsonl --model rq --quiet --out ra.jsonl");
}

static void refusals(void **state) {
    (void)state;
    says(2, "model quantize m --keep nose --out x", "--keep: no matrix is called 'nose'");
    says(2, SAMPLE "--model q --compute bf16 --out x.jsonl", "cannot be multiplied as --compute bf16");
    says(3, "model quantize q --out x", "an int8 model");
    says(3, "model convert q --out x", "an int8 model");
    says(3, "sft --model q --data rows.jsonl --out x --quiet", "an int8 model");
    says(3, "model quantize nowhere --out x", "nowhere: no such file");
    says(0, "model quantize m --out x --dry-run --json", "\"dry_run\":true");
    in_dir("[ ! -e x ] && [ ! -e x.job ]");
    in_dir(
        "cp -r q bad && printf '\\177' | dd of=bad/model.safetensors bs=1 seek=9 conv=notrunc 2>/dev/null");
    lemma(3, SAMPLE "--model bad --out x.jsonl");
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/lemma-quantize-%d", (int)getpid());
    char line[200];
    snprintf(line, sizeof line, "mkdir -p %s", dir);
    shell(line);
    snprintf(line, sizeof line, "%s/p.jsonl", dir);
    put(line, "{\"problem\":\"What is 1+1?\",\"answer\":\"2\"}\n{\"problem\":\"3*4\",\"answer\":\"12\"}\n"
              "{\"problem\":\"Say nine.\",\"answer\":\"9\"}\n");
    snprintf(line, sizeof line, "%s/rows.jsonl", dir);
    put(line, "{\"problem\":\"p\",\"solution\":\"1+1=2\"}\n");
    snprintf(line, sizeof line, "%s/l.jsonl", dir);
    put(line, "{\"problem\":\"p\",\"expected_answer\":\"2\",\"responses\":[\"it is 2\",\"it is 3\"],"
              "\"labels\":[1,0]}\n");
    lemma(0, "sft --from-scratch --layers 2 --width 96 --heads 3 --vocab 300 --context 128 --batch 1 --quiet "
             "--data rows.jsonl --out m");
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_its_source),
                                       cmocka_unit_test(measured_and_resumed),
                                       cmocka_unit_test(a_reward_model), cmocka_unit_test(refusals)};
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(line, sizeof line, "rm -rf %s", dir);
    shell(line);
    return bad;
}
