/* core/selftest.h - results of self-tests: a list that every folder adds its own to, and core's own
 *
 * A zeroed lem_selftest is empty and valid. Adding cannot fail: want of memory is remembered, as in lem_buf.
 */
#ifndef LEM_CORE_SELFTEST_H
#define LEM_CORE_SELFTEST_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>

typedef struct lem_selftest {
    lem_json *results; /* owned: [{name, ok, detail}] in order; NULL while empty */
    lem_buf failures;  /* "name (detail), name (detail)" */
    int n, failed;
    bool out_of_memory;
} lem_selftest;

void lem_selftest_add(lem_selftest *t, const char *name, bool ok, const char *fmt, ...) LEM_PRINTF(4, 5);
/* LEM_NO when some failed, naming each; LEM_EMEM when a result could not be kept. */
lem_status lem_selftest_status(const lem_selftest *t, lem_err *err) LEM_MUST_CHECK;
void lem_selftest_release(lem_selftest *t);

/* JSON is read and written back; SHA-256 of the example of FIPS 180. */
void lem_core_selftest(lem_selftest *t);

#endif
