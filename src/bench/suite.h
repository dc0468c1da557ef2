/* bench/suite.h - sets of benchmarks that are run and averaged together, by name
 *
 * They stand in recipes/suites/suites.yaml, which is part of the program. */
#ifndef LEM_BENCH_SUITE_H
#define LEM_BENCH_SUITE_H

#include "core/err.h"
#include "core/json.h"

#include <stddef.h>

typedef struct lem_suites {
    lem_json *tree; /* owned */
} lem_suites;

typedef struct lem_suite { /* borrowed from the suites */
    const char *name, *about, *source;
    const lem_json *members; /* list of names, at least one */
} lem_suite;

/* The suites of the program. */
lem_status lem_suites_load(lem_suites *out, lem_err *err) LEM_MUST_CHECK;
/* Those of a text in the shape of recipes/suites/suites.yaml. LEM_EDATA names what is wrong: an unknown key,
 * a member that is no text, a name that stands twice. */
lem_status lem_suites_parse(const char *text, size_t len, const char *source, lem_suites *out,
                            lem_err *err) LEM_MUST_CHECK;
void lem_suites_release(lem_suites *s);

size_t lem_suites_count(const lem_suites *s);
lem_suite lem_suite_at(const lem_suites *s, size_t i);
/* False where there is none of that name. */
bool lem_suite_find(const lem_suites *s, const char *name, lem_suite *out);

#endif
