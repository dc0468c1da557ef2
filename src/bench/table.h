/* bench/table.h - results of several benchmarks as one table, with the average over them
 *
 * A line is a benchmark; columns are pass@1 (with one candidate a problem: the accuracy), and with several
 * maj@k, one best-of-k for each reward model, and pass@k, where k is the most candidates that its problems
 * have in common. Values are those of `lemma select` (protocol exact).
 * A benchmark whose spec says macro counts each value of its first column alike, as the papers' tables of
 * MMLU do; its micro average stands beside it in the JSON. A macro average has no interval.
 * The average over benchmarks is unweighted. Its interval is made of theirs, as those of independent normal
 * means, and is left out where one of them has none. A column that a benchmark lacks has no average. */
#ifndef LEM_BENCH_TABLE_H
#define LEM_BENCH_TABLE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>

enum { LEM_BENCH_MAX_REWARDS = 16 };

typedef struct lem_bench_value {
    bool has, has_ci;
    double value, lo, hi; /* shares of 1 */
} lem_bench_value;

typedef struct lem_bench_line {
    char *name; /* of the benchmark; owned */
    int64_t problems, k;
    int64_t size; /* problems of the whole set; 0 = not known */
    char *macro;  /* the column whose values count alike; NULL = micro; owned */
    lem_bench_value pass1, maj, passk, reward[LEM_BENCH_MAX_REWARDS];
    lem_bench_value micro_pass1; /* with macro */
    lem_json *warnings;          /* list of texts, or NULL; owned */
    lem_json *spoiled;           /* a text: how many candidates were cut, undecided, …; or NULL; owned */
} lem_bench_line;

typedef struct lem_bench_table { /* zeroed = empty */
    const char *suite;           /* borrowed; NULL = none */
    lem_bench_line *at;
    int n;
    char *reward[LEM_BENCH_MAX_REWARDS]; /* names, in order of appearance; owned */
    int n_rewards;
    const char **absent; /* [n_absent] benchmarks of the suite that are not in the table; borrowed */
    int n_absent;
} lem_bench_table;

/* The line of a benchmark; NULL where it has none. */
lem_bench_line *lem_bench_table_find(const lem_bench_table *t, const char *benchmark);
/* How many problems the whole set has, for a benchmark that is in the table: fewer are said. */
void lem_bench_table_size(lem_bench_table *t, const char *benchmark, int64_t size);
/* Adds what `lemma select` found: doc is its JSON. reward NULL: without scores; the line of a benchmark is
 * made by whichever comes first. macro: the spec says so. LEM_EDATA for a document without metrics, or
 * without the column of a macro average. */
lem_status lem_bench_table_add(lem_bench_table *t, const char *benchmark, const char *reward, bool macro,
                               const lem_json *doc, lem_err *err) LEM_MUST_CHECK;
void lem_bench_table_release(lem_bench_table *t);

/* The average of a column over all lines; has false where one of them lacks it. column: as in
 * lem_bench_column. */
lem_bench_value lem_bench_table_average(const lem_bench_table *t, int column);

/* Columns: 0 pass@1, 1 maj, 2 … 1 + n_rewards the reward models, then pass@k. */
int lem_bench_table_columns(const lem_bench_table *t);
const lem_bench_value *lem_bench_table_value(const lem_bench_table *t, int line, int column);
/* "pass@1", "maj@8"; "maj@k" where lines differ in k. */
void lem_bench_table_title(const lem_bench_table *t, int column, lem_buf *out);

/* For people, in percent; for Markdown; for CSV, shares of 1 (RFC 4180). */
void lem_bench_table_text(const lem_bench_table *t, lem_buf *out);
void lem_bench_table_markdown(const lem_bench_table *t, lem_buf *out);
void lem_bench_table_csv(const lem_bench_table *t, lem_buf *out);
/* {suite, benchmarks: [{benchmark, problems, of, k, macro_of, metrics, warnings, spoiled}],
 * average: {over, absent, metrics}}. metrics as every command gives them. NULL: out of memory. */
lem_json *lem_bench_table_json(const lem_bench_table *t);

#endif
