/* checks.h - the err of a test program, and calls that must succeed or fail as said */
#ifndef LEM_TESTS_CHECKS_H
#define LEM_TESTS_CHECKS_H

#include "core/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
    if (st != want || !strstr(err.text, part))
        print_error("line %d: status %d, not %d with '%s': %s\n", line, (int)st, (int)want, part, err.text);
    assert_int_equal(st, want);
    assert_non_null(strstr(err.text, part));
}
#define FAILS(call, status, part) (err = (lem_err)LEM_ERR_INIT, check_fails(call, status, part, __LINE__))

#endif
