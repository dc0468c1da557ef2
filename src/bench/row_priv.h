/* row_priv.h - options and golds of a row, shared by the files that read rows */
#ifndef LEM_BENCH_ROW_PRIV_H
#define LEM_BENCH_ROW_PRIV_H

#include "bench/row.h"

enum { LEM_BENCH_MAX_OPTIONS = 26, LEM_BENCH_NAME = 256 };

/* The next column name of "a+b", the len bytes of one alternative; *at starts at 0.
 * False at the end, or, with *at < len, where a name is empty or too long. */
bool lem_bench_next_name(const char *path, size_t len, size_t *at, char name[LEM_BENCH_NAME]);

typedef struct lem_bench_options {
    char *at[LEM_BENCH_MAX_OPTIONS]; /* without their letters; owned */
    int n;
    int right; /* the place of the one that stood first in the row; -1: they stand as in the row */
} lem_bench_options;

/* The options of a row in the order in which they are shown. LEM_EDATA. Release also after an error. */
lem_status lem_bench_options_read(const lem_bench_spec *s, const lem_json *row, lem_bench_options *out,
                                  lem_err *err) LEM_MUST_CHECK;
void lem_bench_options_write(const lem_bench_options *o, lem_bench_form form, lem_buf *out);
void lem_bench_options_release(lem_bench_options *o);

/* The golds of a row as a list of texts (several: all gives one); *out NULL where none was found, and why in
 * `why`. o: its options, NULL for other kinds. */
lem_status lem_bench_golds(const lem_bench_spec *s, const lem_json *row, const lem_bench_options *o,
                           lem_json **out, char why[LEM_PROBLEM_WHY], lem_err *err) LEM_MUST_CHECK;

/* s without blanks around it: *n its length. */
const char *lem_bench_trim(const char *s, size_t *n);

#endif
