/* test_freeze.c - rm train --freeze-body from outside: what is planned */
#include "core/buf.h"
#include "core/file.h"

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

/* In the test's folder, with $L as the program; what it prints to both streams. */
static void run(const char *command, lem_buf *text) {
    char line[2048], chunk[4096];
    snprintf(line, sizeof line, "cd %s && L=%s && { %s; } 2>&1 </dev/null", dir, LEMMA_BINARY, command);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    lem_buf_clear(text);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) lem_buf_add(text, chunk, n);
    if (pclose(f) != 0) fail_msg("%s:\n%s", command, lem_buf_str(text));
}

static double number_behind(const lem_buf *text, const char *words) {
    const char *at = strstr(lem_buf_str(text), words);
    if (!at) fail_msg("'%s' expected in:\n%s", words, lem_buf_str(text));
    return atof(at + strlen(words));
}

#define TRAIN                                                                                                \
    "$L rm train --model m --lists lists.jsonl --batch 1 --weight-decay 0.5 --epochs 3 --max-rows 512 "

static void plan_shows_what_is_saved(void **state) {
    (void)state;
    lem_buf all = {0}, part = {0};
    run(TRAIN "--dry-run --out x", &all);
    run(TRAIN "--freeze-body --dry-run --out x", &part);
    double weights = number_behind(&all, "(weights ");
    assert_true(number_behind(&part, "(weights ") == weights);
    assert_true(number_behind(&all, "moments ") > 0);
    assert_true(number_behind(&part, "moments ") == 0); /* 256 parameters of a norm and a head */
    assert_true(number_behind(&part, " parameters, ") == 256);
    assert_true(number_behind(&part, "memory ") < number_behind(&all, "memory "));
    assert_true(number_behind(&part, "of 1 lists, ") < number_behind(&all, "of 1 lists, ")); /* MiB */
    assert_true(number_behind(&all, "gradient sums ") == 0);
    run(TRAIN "--grad-slots 8 --dry-run --out x", &part);
    assert_true(number_behind(&part, "gradient sums ") >
                number_behind(&all, "moments ")); /* three, and two */
    lem_buf_release(&all);
    lem_buf_release(&part);
}

int main(void) {
    lem_err err = LEM_ERR_INIT;
    lem_buf text = {0};
    snprintf(dir, sizeof dir, "/tmp/lemma-freeze-%d", (int)getpid());
    if (lem_dir_make(dir, &err) != LEM_OK) return 1;
    run("printf '{\"problem\":\"p\",\"solution\":\"1+1=2\"}\\n' >rows.jsonl; "
        "printf '{\"problem\":\"p\",\"responses\":[\"2\",\"3\"],\"labels\":[1,0]}\\n' >lists.jsonl; "
        "$L sft --from-scratch --layers 8 --width 128 --vocab 1024 --context 512 --batch 1 --max-rows 512 "
        "--quiet --data "
        "rows.jsonl --out m",
        &text);
    lem_buf_release(&text);
    const struct CMUnitTest tests[] = {cmocka_unit_test(plan_shows_what_is_saved)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    return rc + (lem_dir_remove(dir, &err) != LEM_OK);
}
