/* support.h - folders of tests/data/golden_heads and error checks for the tests of reward/ */
#ifndef LEM_TESTS_REWARD_SUPPORT_H
#define LEM_TESTS_REWARD_SUPPORT_H

#include "core/err.h"
#include "core/mem.h"
#include "reward/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static lem_err err __attribute__((unused));

static __attribute__((unused)) void check_ok(lem_status st, int line) {
    if (st != LEM_OK) print_error("line %d: status %d: %s\n", line, (int)st, err.text);
    assert_int_equal(st, LEM_OK);
}
#define OK(call) check_ok(call, __LINE__)

/* The call fails with that status and its text holds `part`. */
static __attribute__((unused)) void check_fails(lem_status st, lem_status want, const char *part, int line) {
    if (st != want || !strstr(err.text, part)) print_error("line %d: status %d, not %d with '%s': %s\n", line, (int)st, (int)want, part, err.text);
    assert_int_equal(st, want);
    assert_non_null(strstr(err.text, part));
}
#define FAILS(call, status, part) (err = (lem_err)LEM_ERR_INIT, check_fails(call, status, part, __LINE__))

static __attribute__((unused)) const char *folder_path(const char *name) {
    static _Thread_local char path[400];
    snprintf(path, sizeof path, "%s/golden_heads/%s", LEMMA_TEST_DATA, name);
    return path;
}

static __attribute__((unused)) lem_tokenizer *tokenizer_of(const char *name) {
    lem_tokenizer *t = NULL;
    OK(lem_tokenizer_load(folder_path(name), &t, &err));
    return t;
}

#endif
