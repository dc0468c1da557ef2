/* test_template.c - lemma template show from outside, and that sampling ends where the folder's template ends
 * a turn */
#include "core/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define MODEL LEMMA_SOURCE_DIR "/recipes/demo-base"

static char dir[64];

/* A shell command in the scratch folder: its status, and both streams. */
static int shell(const char *command, char *text, size_t size) {
    char whole[4096];
    snprintf(whole, sizeof whole, "cd %s && { %s; } 2>&1", dir, command);
    FILE *f = popen(whole, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, size - 1, f);
    text[n] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void expect(const char *command, int want, const char *part) {
    char text[16384];
    int status = shell(command, text, sizeof text);
    if (status != want || !strstr(text, part))
        fail_msg("%s: status %d (expected %d), expected '%s' in:\n%s", command, status, want, part, text);
}

static int make_dir(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lemma-template-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    return lem_dir_remove(dir, &err) == LEM_OK ? 0 : -1;
}

static void shows(void **state) {
    (void)state;
    expect(LEMMA_BINARY " template show " MODEL, 0, "[[6*7 = \\boxed{42}<|im_end|>]]");
    expect("echo '[{\"role\":\"user\",\"content\":\"<|im_end|>\"}]' >m.json; " LEMMA_BINARY
           " template show " MODEL " m.json --generation-prompt --json",
           0, "\"text\"");
    /* what a message says is text: one end token from the template, none from the content */
    expect(LEMMA_BINARY " template show " MODEL " m.json --json | tr ',[] ' '\\n' | grep -cx 2", 0, "1\n");
    expect(LEMMA_BINARY " template show " MODEL
                        " m.json --parse-special --json | tr ',[] ' '\\n' | grep -cx 2",
           0, "2\n");
}

static void refuses(void **state) {
    (void)state;
    expect(LEMMA_BINARY " template show /nonexistent", 3, "/nonexistent");
    expect("echo '{' >broken.json; " LEMMA_BINARY " template show " MODEL " broken.json", 3, "broken.json");
    expect("echo '[{\"role\":1}]' >wrong.json; " LEMMA_BINARY " template show " MODEL " wrong.json", 3,
           "wrong.json");
    expect("printf '{%% for x in %%}' >bad.jinja; " LEMMA_BINARY " template show " MODEL
           " --template bad.jinja",
           3, "line 1");
}

/* A problem in a style: what sample sends. */
static void shows_a_style(void **state) {
    (void)state;
    expect(LEMMA_BINARY " template show " MODEL " --style qwen25-math-cot", 0,
           "<|im_start|>system\nPlease reason step by step, and put your final answer within "
           "\\boxed{}.<|im_end|>\n<|im_start|>user\nWhat is 6*7?<|im_end|>\n<|im_start|>assistant\n");
    expect("echo '{\"question\":\"2+2?\",\"answer\":\"4\"}' >s.jsonl; " LEMMA_BINARY " template show " MODEL
           " --style numina --shots 1 --shots-from s.jsonl --problem '1+1?'",
           0, "### Problem: 2+2?\n### Solution: 4\n\n### Problem: 1+1?\n### Solution:\n");
    expect(LEMMA_BINARY " template show " MODEL " --style none --json", 0,
           "\"text\": \"<|im_start|>user\\nWhat is 6*7?<|im_end|>\\n<|im_start|>assistant\\n\"");
    expect(LEMMA_BINARY " template show " MODEL " --style none --parse-special", 2,
           "--parse-special is about");
    expect(LEMMA_BINARY " template show " MODEL " s.jsonl --style none", 2, "not s.jsonl");
    expect(LEMMA_BINARY " template show " MODEL " --style mmlu-5shot", 2, "--shots-from FILE expected");
}

/* The same model under a template whose end of turn has another name, and with no file that says so. */
static void sampling_ends_with_the_turn(void **state) {
    (void)state;
    expect(
        "cp -r " MODEL
        " copy && cd copy && sed -i 's/<|im_end|>/<|stop|>/g' tokenizer.json tokenizer_config.json && "
        "sed -i 's/\"eos_token\": \"<|stop|>\"/\"eos_token\": \"<|endoftext|>\"/' tokenizer_config.json && "
        "sed -i 's/\"eos_token_id\": [0-9]*/\"eos_token_id\": null/' config.json && grep -c 'stop' "
        "tokenizer_config.json",
        0, "2");
    expect("echo '{\"problem\":\"Tom has 3 apples and buys 4 more. How many apples does Tom have?\"}' "
           ">p.jsonl; for m in " MODEL " copy; do " LEMMA_BINARY
           " sample --model $m --prompts p.jsonl --no-gold --n 3 --max-tokens 100 --quiet --out - "
           ">$(basename $m).out "
           "|| exit 1; done; "
           "cmp demo-base.out copy.out && grep -o 'finish_reason\":\\[\"stop\",\"stop\",\"stop\"' copy.out",
           0, "stop");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shows), cmocka_unit_test(refuses),
                                       cmocka_unit_test(shows_a_style),
                                       cmocka_unit_test(sampling_ends_with_the_turn)};
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
