/* grade_benchmark.h - what a benchmark says of grading: by --benchmark, or by the rows' own field `benchmark`
 */
#ifndef LEM_CLI_GRADE_BENCHMARK_H
#define LEM_CLI_GRADE_BENCHMARK_H

#include "bench/row.h"
#include "cli/commands.h"
#include "core/log.h"
#include "grade/grade.h"

typedef struct lem_grade_benchmark {
    lem_bench_spec spec; /* of --benchmark, or of the first row; zeroed = none */
    bool given;          /* by the option */
    char *name;          /* the field `benchmark` of the first row; NULL = none */
    bool seen;           /* a first row was seen */
} lem_grade_benchmark;

/* Opens what --benchmark names; nothing without the option. */
lem_status lem_grade_benchmark_open(lem_grade_benchmark *b, const lem_args *args,
                                    lem_err *err) LEM_MUST_CHECK;
/* Looks at the first row: a benchmark that is known by its name is opened; *opened says so. Nothing with
 * --benchmark. */
lem_status lem_grade_benchmark_first(lem_grade_benchmark *b, const lem_json *row, lem_log *log, bool *opened,
                                     lem_err *err) LEM_MUST_CHECK;
/* Looks at any row: LEM_EDATA for one of another benchmark than the first, unless --benchmark, or --task and
 * --policy, say how all are graded. For any thread. */
lem_status lem_grade_benchmark_same(const lem_grade_benchmark *b, const lem_args *args, const lem_json *row,
                                    lem_err *err) LEM_MUST_CHECK;
/* Policy and task of the benchmark where no option says them. */
lem_status lem_grade_benchmark_apply(const lem_grade_benchmark *b, const lem_args *args, lem_log *log,
                                     lem_grade_profile *p, lem_err *err) LEM_MUST_CHECK;
/* The golds of a row that has no expected_answer, by the rule of --benchmark; out->golds stays NULL, and
 * LEM_EDATA says why, where there are none. Not for options that are shown in a drawn order: which one was
 * shown under which letter is not known. */
lem_status lem_grade_benchmark_golds(const lem_grade_benchmark *b, const char *file, lem_json *row,
                                     lem_problem_parts *out, lem_err *err) LEM_MUST_CHECK;
void lem_grade_benchmark_release(lem_grade_benchmark *b);

#endif
