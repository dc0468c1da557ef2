/* bench/row.h - what a row of a benchmark asks, and what is right
 *
 * Errors name the benchmark, the field, what was expected, and the columns found; the caller adds the place.
 */
#ifndef LEM_BENCH_ROW_H
#define LEM_BENCH_ROW_H

#include "bench/spec.h"
#include "data/problems.h"

/* How rows are asked. */
typedef struct lem_bench_asker {
    const lem_bench_spec *spec;
    /* Lays out a question and its options (A, B, …) in place of the spec's own `ask`; NULL = as the spec
     * says. style is handed to it. */
    void (*choices)(const void *style, const char *question, const char *const *option, int n, lem_buf *out);
    const void *style;
} lem_bench_asker;

/* The reader of a benchmark's rows; borrows a, which is to live as long as the problems. */
lem_problem_reader lem_bench_reader(const lem_bench_asker *a);
/* Its function; ctx is the asker. Golds that cannot be found are told in out->no_gold and are no error. Sets
 * file_column in the row. */
lem_status lem_bench_read(const void *ctx, const char *file, lem_json *row, lem_problem_parts *out,
                          lem_err *err) LEM_MUST_CHECK;
/* The problems of a benchmark, or what may be read instead of its own file, e.g. its demonstrations. limit
 * and cancel as in lem_problems_opts. */
lem_status lem_bench_problems(const lem_bench_asker *a, const char *path, int64_t limit, bool need_gold,
                              const lem_cancel *cancel, lem_problems *out, lem_err *err) LEM_MUST_CHECK;

/* The worked examples of the published protocol, as problems with their golds and subjects, in the order of
 * their files; laid out as a says, by the spec whose rows they are (shots_as). */
typedef struct lem_bench_shots {
    lem_bench_spec spec;
    lem_bench_asker asker;
    lem_problems problems;
} lem_bench_shots;
/* LEM_EDATA where they are not there; none where the benchmark has none. Never moved once it is loaded: the
 * problems borrow the spec. */
lem_status lem_bench_shots_load(const lem_bench_asker *a, const char *data_dir, const lem_cancel *cancel,
                                lem_bench_shots *out, lem_err *err) LEM_MUST_CHECK;
void lem_bench_shots_release(lem_bench_shots *s);

/* The value of a field that is no sum of several; NULL where none of its alternatives is there or all are
 * null. path NULL gives NULL. */
const lem_json *lem_bench_field(const lem_json *row, const char *path);
/* Appends the texts of a field, joined as sentences: a space between, and a full stop where one lacks it. */
lem_status lem_bench_text(const lem_json *row, const char *path, lem_buf *out, lem_err *err) LEM_MUST_CHECK;
/* The tolerances of a field: a number, a text with one ("1e-1") or with several ("1e-1,1e-2"), a list of
 * them; 0 for a part that is none. Returns how many, 0 where there is none at all. */
enum { LEM_BENCH_MAX_TOLERANCES = 16 };
size_t lem_bench_tolerances(const lem_json *v, double out[LEM_BENCH_MAX_TOLERANCES]);
/* Whether the row is one of those that the set takes (rows: from, to). */
bool lem_bench_takes(const lem_bench_spec *s, const lem_json *row);
/* Appends "columns found: a, b, c". */
void lem_bench_columns(const lem_json *row, lem_buf *out);

/* For lem_problems_opts.choose: rows of choices in a file of the user's are read as the benchmark that their
 * columns tell. LEM_EDATA with the way out where they are of none, or may be of several. Zeroed but for log;
 * release after the problems. */
typedef struct lem_bench_chooser {
    lem_log *log; /* told which benchmark it is; NULL = silent */
    lem_bench_list list;
    lem_bench_asker asker; /* spec NULL: no rows of choices so far */
    lem_problem_reader reader;
} lem_bench_chooser;
lem_status lem_bench_choose(void *chooser, const char *file, const lem_json *row,
                            const lem_problem_reader **out, lem_err *err) LEM_MUST_CHECK;
void lem_bench_chooser_release(lem_bench_chooser *c);

#endif
