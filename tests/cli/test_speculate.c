/* test_speculate.c - --speculate from outside: the same files whatever else is asked for, and what it says */
#include "../support/program.h"
#include "core/file.h"

#include <unistd.h>

#define L LEMMA_BINARY
#define ALL " 2>&1 </dev/null"
#define SAMPLE L " sample --model m --prompts ask.jsonl --max-tokens 60 "
#define GUESS "--speculate ngram "

static char dir[] = "/tmp/lemma-speculate-XXXXXX";

/* A model that has learnt to repeat what it is asked. */
static int set_up(void **state) {
    (void)state;
    if (!mkdtemp(dir) || chdir(dir) != 0) return -1;
    FILE *train = fopen("train.jsonl", "w"), *ask = fopen("ask.jsonl", "w");
    assert_true(train && ask);
    for (int i = 0; i < 6; i++) {
        char text[80];
        snprintf(text, sizeof text, "%c + %d; %c + %d; %c + %d; %c + %d", 'a' + i, i, 'a' + i, i, 'a' + i, i,
                 'a' + i, i);
        fprintf(train, "{\"problem\":\"%c + %d; %c + %d;\",\"solution\":\"%s so \\\\boxed{%d}\"}\n", 'a' + i,
                i, 'a' + i, i, text, i);
        fprintf(ask, "{\"id\":\"%d\",\"problem\":\"%c + %d; %c + %d;\",\"expected_answer\":\"%d\"}\n", i,
                'a' + i, i, 'a' + i, i, i);
    }
    fclose(train);
    fclose(ask);
    shell(L " sft --from-scratch --layers 1 --width 32 --heads 2 --vocab 270 --context 192 --batch 6 "
            "--lr 1e-2 --epochs 60 --max-steps 60 --data train.jsonl --out m --quiet >/dev/null 2>&1");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return chdir("/") == 0 && lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static int64_t number(const char *said, const char *member) {
    lem_json *o = json_of(said);
    int64_t v = lem_json_int(lem_json_get(o, member), -1);
    lem_json_free(o);
    return v;
}

/* With and without; returns the tokens guessed. */
static int64_t same(const char *command, const char *options, const char *how) {
    char line[900];
    snprintf(line, sizeof line, "rm -rf plain.* guess.*; %s %s --quiet --out plain.jsonl" ALL, command,
             options);
    said_by(0, line);
    snprintf(line, sizeof line, "%s %s %s --json --quiet --out guess.jsonl 2>/dev/null </dev/null", command,
             options, how);
    const char *said = said_by(0, line);
    int64_t drafted = number(said, "drafted"), accepted = number(said, "accepted");
    assert_true(accepted <= drafted);
    said_by(0, "cmp plain.jsonl guess.jsonl");
    said_by(0, "cmp plain.jsonl.manifest.json guess.jsonl.manifest.json");
    return drafted;
}

static void no_byte_changes(void **state) {
    (void)state;
    static const char *const options[] = {"--n 1 --temperature 0",
                                          "--n 3 --temperature 0.7 --repetition-penalty 1.1",
                                          "--n 2 --temperature 1 --top-p 0.9 --stop '; b'",
                                          "--n 9 --temperature 1 --stop-when-decided",
                                          "--n 2 --temperature 0.5 --compute bf16",
                                          "--n 2 --temperature 0.5 --compute int8"};
    static const char *const how[] = {GUESS "--slots 1", GUESS "--slots 3 --threads 1 --draft-tokens 9",
                                      GUESS "--slots 5 --threads 3 --draft-tokens 1", GUESS};
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 4; k++) {
            int64_t drafted = same(SAMPLE, options[i], how[k]);
            if (k < 2) assert_true(drafted > 0);
        }
}

static void a_draft_model(void **state) {
    (void)state;
    shell(L " sft --from-scratch --layers 1 --width 16 --heads 2 --vocab 270 --context 100 --batch 6 "
            "--lr 1e-2 --epochs 30 --max-steps 30 --data train.jsonl --out small --quiet >/dev/null 2>&1");
    assert_true(same(SAMPLE, "--n 2 --temperature 0.5", "--draft m --slots 1 --draft-tokens 3") > 0);
    assert_true(same(SAMPLE, "--n 3 --temperature 1 --repetition-penalty 1.5", "--draft small --slots 2") >
                0);
    assert_true(same(SAMPLE, "--n 2 --temperature 0", GUESS "--draft small --slots 1 --threads 3") > 0);
    assert_true(same(SAMPLE, "--n 2 --temperature 0 --compute int8", "--draft small --slots 1") > 0);
    assert_true(same(L " search --model m --rm " LEMMA_TEST_DATA "/golden_heads/qwen_prm --prompts ask.jsonl "
                       "--n 2 --width 2 --step-tokens 20 --max-tokens 60 --limit 2 --temperature 0.5",
                     "", "--draft small --slots 2") > 0);
    const char *said =
        said_by(3, SAMPLE "--draft " LEMMA_TEST_DATA "/golden_heads/qwen_prm --out x.jsonl" ALL);
    assert_non_null(strstr(said, "qwen_prm"));
    said_by(3, SAMPLE "--draft nowhere --out x.jsonl" ALL);
    put("other.jsonl", "{\"problem\":\"zzz yyy zzz yyy\",\"solution\":\"zzz yyy zzz yyy zzz yyy\"}\n");
    shell(L " sft --from-scratch --layers 1 --width 16 --heads 2 --vocab 262 --context 100 --batch 1 "
            "--max-steps 1 --data other.jsonl --out other --quiet >/dev/null 2>&1");
    said = said_by(3, SAMPLE "--draft other --out x.jsonl" ALL);
    assert_non_null(strstr(said, "--draft other: another tokenizer than that of m ("));
}

static void it_says_what_came_of_it(void **state) {
    (void)state;
    const char *said =
        said_by(0, SAMPLE "--n 1 --temperature 0 --slots 1 --out off.jsonl --json 2>/dev/null");
    assert_int_equal(number(said, "drafted"), 0);
    int64_t tokens = number(said, "generated_tokens"), steps = number(said, "steps");
    said = said_by(0, SAMPLE GUESS "--n 1 --temperature 0 --slots 1 --out on.jsonl --json 2>/dev/null");
    assert_int_equal(number(said, "generated_tokens"), tokens);
    assert_int_equal(steps - number(said, "steps"), number(said, "accepted"));
    said = said_by(0, SAMPLE GUESS "--n 1 --temperature 0 --slots 1 --fresh --overwrite --out on.jsonl" ALL);
    assert_non_null(strstr(said, " tokens guessed, "));
    assert_non_null(strstr(said, " tokens a step"));
    said = said_by(2, SAMPLE "--speculate much --out x.jsonl" ALL);
    assert_non_null(strstr(said, "ngram"));
    said_by(2, SAMPLE GUESS "--draft-tokens 10 --out x.jsonl" ALL);
}

/* Killed with guesses, gone on with and without: the same file. */
static void interrupted(void **state) {
    (void)state;
#define LONG SAMPLE "--n 40 --temperature 1 --quiet "
    said_by(0, LONG "--out whole.jsonl" ALL);
    for (int i = 0; i < 2; i++) {
        shell(
            "rm -rf cut.*; " LONG GUESS "--slots 2 --out cut.jsonl >/dev/null 2>&1 & p=$!; for i in $(seq "
            "400); do [ \"$(cat cut.jsonl.job/journal 2>/dev/null | wc -l)\" -ge 20 ] && break; sleep 0.01; "
            "done; kill -9 $p; wait $p; true");
        said_by(0, i ? LONG "--out cut.jsonl" ALL : LONG GUESS "--slots 4 --out cut.jsonl" ALL);
        said_by(0, "cmp cut.jsonl whole.jsonl");
    }
}

static void other_commands(void **state) {
    (void)state;
    assert_true(same(L " search --model m --rm " LEMMA_TEST_DATA
                       "/golden_heads/qwen_prm --prompts ask.jsonl --n 2 --width 2 "
                       "--step-tokens 20 --max-tokens 60 --limit 3 --temperature 0.5",
                     "", GUESS "--slots 2") > 0);
    put("steps.jsonl",
        "{\"id\":\"1\",\"problem\":\"a + 0; a + 0;\",\"expected_answer\":\"0\",\"completions\":"
        "[\"a + 0; a + 0;\\n\\na + 0; a + 0; so \\\\boxed{0}\"]}\n");
    said_by(0, L " prm annotate --model m --data steps.jsonl --n 3 --max-tokens 40 --out plain-pa.jsonl" ALL);
    const char *said = said_by(0, L " prm annotate --model m --data steps.jsonl --n 3 --max-tokens 40 " GUESS
                                    "--slots 2 --out guess-pa.jsonl" ALL);
    assert_non_null(strstr(said, " tokens guessed, "));
    said_by(0, "cmp plain-pa.jsonl guess-pa.jsonl");
    said_by(
        0,
        L " synth answer --model m ask.jsonl --max-tokens 60 --as candidates --n 1 --out plain-sy.jsonl" ALL);
    said_by(0, L " synth answer --model m ask.jsonl --max-tokens 60 --as candidates --n 1 " GUESS
                 "--slots 1 --out guess-sy.jsonl" ALL);
    said_by(0, "cmp plain-sy.jsonl guess-sy.jsonl");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_byte_changes), cmocka_unit_test(a_draft_model),
                                       cmocka_unit_test(it_says_what_came_of_it),
                                       cmocka_unit_test(interrupted), cmocka_unit_test(other_commands)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
