/* test_tokenize.c - lemma tokenize from outside: ids, the way back, pieces, counts, refusals */
#include "core/file.h"
#include "token/tokenizer.h"

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

/* What a shell command prints (both streams); its status. */
static int shell(const char *command, char *text, size_t size) {
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, size - 1, f);
    text[n] = '\0';
    int raw = pclose(f);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
}

static void prints(const char *command, const char *want) {
    char text[4096];
    int status = shell(command, text, sizeof text);
    if (status != 0 || strcmp(text, want) != 0)
        fail_msg("%s: status %d, printed '%s', expected '%s'", command, status, text, want);
}

static void refuses(const char *command, int want, const char *part) {
    char text[4096];
    int status = shell(command, text, sizeof text);
    size_t lines = 0;
    for (const char *p = text; *p; p++) lines += *p == '\n';
    if (status != want || !strstr(text, part) || lines != 1)
        fail_msg("%s: status %d, printed '%s'", command, status, text);
}

static void equals_the_library(void **state) {
    (void)state;
    static const char text[] = "Tom has 12 apples. <|im_end|> caf\xc3\xa9";
    lem_tokenizer *t = NULL;
    lem_ids ids = {0};
    lem_err err = LEM_ERR_INIT;
    lem_buf want = {0};
    assert_int_equal(lem_tokenizer_load(MODEL, &t, &err), LEM_OK);
    assert_int_equal(lem_tokenizer_encode(t, text, strlen(text), false, &ids, &err), LEM_OK);
    for (size_t i = 0; i < ids.len; i++) lem_buf_printf(&want, "%c%d", i ? ',' : '[', ids.data[i]);
    lem_buf_puts(&want, "]\n");
    char command[512];
    snprintf(command, sizeof command, "printf '%%s\\n' '%s' | %s tokenize %s --quiet", text, LEMMA_BINARY,
             MODEL);
    prints(command, lem_buf_str(&want));
    lem_buf_release(&want);
    lem_ids_release(&ids);
    lem_tokenizer_free(t);
}

static void there_and_back(void **state) {
    (void)state;
    prints("printf 'a  b\\n\\n\\tc \\303\\251\\nlast' | " LEMMA_BINARY " tokenize " MODEL
           " --quiet | " LEMMA_BINARY " tokenize " MODEL " --decode --quiet",
           "a  b\n\n\tc \xc3\xa9\nlast\n");
    prints("echo '<|im_end|>x' | " LEMMA_BINARY " tokenize " MODEL " --parse-special --pieces --quiet",
           "[\"<|im_end|>\",\"x\"]\n");
    prints("echo '<|im_end|>x' | " LEMMA_BINARY " tokenize " MODEL " --parse-special --quiet | " LEMMA_BINARY
           " tokenize " MODEL " --decode --skip-special --quiet",
           "x\n");
}

static void counts(void **state) {
    (void)state;
    char text[4096];
    assert_int_equal(
        shell("printf 'x\\ny\\n' | " LEMMA_BINARY " tokenize " MODEL " --json --quiet", text, sizeof text),
        0);
    assert_non_null(strstr(text, "\"lines\": 2"));
    assert_non_null(strstr(text, "\"tokens\": 2"));
    /* many threads, the same bytes */
    prints("test \"$(seq 3000 | " LEMMA_BINARY " tokenize " MODEL
           " --threads 3 --quiet | sha256sum)\" = \"$(seq 3000 | " LEMMA_BINARY " tokenize " MODEL
           " --threads 1 --quiet | sha256sum)\"",
           "");
}

static void wrong_input(void **state) {
    (void)state;
    refuses("echo '[1,99999]' | " LEMMA_BINARY " tokenize " MODEL " --decode 2>&1", 3,
            "-:1: element 1 is no id");
    refuses("echo '{}' | " LEMMA_BINARY " tokenize " MODEL " --decode 2>&1", 3,
            "an array of ids expected, found object");
    refuses("echo '[1' | " LEMMA_BINARY " tokenize " MODEL " --decode 2>&1", 3, "-:1:");
    refuses("echo x | " LEMMA_BINARY " tokenize /nonexistent 2>&1", 3, "/nonexistent");
    refuses("echo x | " LEMMA_BINARY " tokenize " MODEL " --decode --parse-special 2>&1", 2,
            "do not go with --decode");
    refuses(LEMMA_BINARY " tokenize " MODEL " /nonexistent.txt 2>&1", 3, "/nonexistent.txt");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_the_library), cmocka_unit_test(there_and_back),
                                       cmocka_unit_test(counts), cmocka_unit_test(wrong_input)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
