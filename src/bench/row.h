/* bench/row.h - what a row of a benchmark asks, and what is right
 *
 * Errors name the benchmark, the field, what was expected, and the columns found; the caller adds the place.
 */
#ifndef LEM_BENCH_ROW_H
#define LEM_BENCH_ROW_H

#include "bench/spec.h"
#include "data/problems.h"

/* A lem_problem_reader's function; ctx is the lem_bench_spec. Golds that cannot be found are told in
 * out->no_gold and are no error. Sets file_column in the row. */
lem_status lem_bench_read(const void *spec, const char *file, lem_json *row, lem_problem_parts *out,
                          lem_err *err) LEM_MUST_CHECK;

/* The value of a field that is no sum of several; NULL where none of its alternatives is there or all are
 * null. path NULL gives NULL. *found (may be NULL): the alternative that it is, borrowed from path, and its
 * length. */
const lem_json *lem_bench_field(const lem_json *row, const char *path);
/* Appends the texts of a field, joined as sentences: a space between, and a full stop where one lacks it. */
lem_status lem_bench_text(const lem_json *row, const char *path, lem_buf *out, lem_err *err) LEM_MUST_CHECK;
/* Whether the row is one of those that the set takes (rows: from, to). */
bool lem_bench_takes(const lem_bench_spec *s, const lem_json *row);
/* Appends "columns found: a, b, c". */
void lem_bench_columns(const lem_json *row, lem_buf *out);

/* Whether a row has options to choose from: the name of the column that says so, or NULL. */
const char *lem_bench_choice_column(const lem_json *row);
/* The benchmark of choices that the columns of a row are of. LEM_EDATA with the way out where it is none of
 * them, or may be several; *out NULL for a row without choices. *out is borrowed from the list. */
lem_status lem_bench_recognise(const lem_bench_list *list, const lem_json *row, const lem_bench_spec **out,
                               lem_err *err) LEM_MUST_CHECK;

#endif
