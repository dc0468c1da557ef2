/* bench/suite.h - sets of benchmarks that are run and averaged together, and benchmarks of reward models, by
 * name
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
    const lem_json *members; /* list of names, at least one; NULL for a benchmark of reward models */
    const char *judge;       /* of the latter: its kind by name (bench score --kind); else NULL */
    const lem_json *files;   /* [at least one] below the data folder, the first that is there is read */
    const char *get;         /* how to come by them */
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
/* The path of the rows of a benchmark of reward models: the caller's; *path NULL where they are not there and
 * `need` is not set, else LEM_EDATA that says how to get them. */
lem_status lem_suite_path(const lem_suite *s, const char *data_dir, bool need, char **path,
                          lem_err *err) LEM_MUST_CHECK;
/* False where there is none of that name. */
bool lem_suite_find(const lem_suites *s, const char *name, lem_suite *out);

#endif
