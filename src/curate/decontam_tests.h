/* curate/decontam_tests.h - test rows from benchmarks and files, as the texts of a decontamination index
 *
 * Several rows may be of one text, and one row may give two (its prompt and its solution). */
#ifndef LEM_CURATE_DECONTAM_TESTS_H
#define LEM_CURATE_DECONTAM_TESTS_H

#include "core/json.h"
#include "curate/decontam.h"

typedef struct lem_test_row {
    uint32_t set;
    uint64_t number; /* the line that it begins in, or its place in an array or table */
    lem_decontam_part part;
    char *id;      /* of the row; NULL where it has none */
    char *text;    /* as it stands */
    uint32_t next; /* another row of the same text + 1; 0 = none */
} lem_test_row;

typedef struct lem_test_set {
    char *name;           /* of a benchmark, or the path */
    uint64_t rows, empty; /* read; of them those whose prompt has no words, which match nothing */
} lem_test_set;

typedef struct lem_tests {
    lem_decontam *index; /* sealed */
    lem_test_set *set;   /* [n_sets] */
    uint32_t n_sets;
    lem_test_row *row; /* [n_rows] */
    uint32_t n_rows;
    uint32_t *first; /* [lem_decontam_tests(index)] the first row of each text */
    size_t cap_rows, cap_first;
    char *absent; /* benchmarks of "all" that are not in the data folder, as text; NULL = none */
} lem_tests;

typedef struct lem_tests_opts {
    lem_decontam_opts rule;
    bool solutions;           /* the rows' solutions too */
    const lem_json *map;      /* of files, as in row_reader.h; NULL = told from the columns */
    const char *data_dir;     /* where benchmarks lie */
    const lem_cancel *cancel; /* NULL = never */
} lem_tests_opts;

/* names[n]: each the name of a benchmark (bench/spec.h) or a path as in lem_rowset_open; a path that is there
 * goes before a benchmark of that name; "all" is every benchmark that is there. LEM_EUSAGE for what is
 * neither. Release with lem_tests_release, also after an error. */
lem_status lem_tests_load(const char *const *names, size_t n, const lem_tests_opts *o, lem_tests *out,
                          lem_err *err) LEM_MUST_CHECK;
void lem_tests_release(lem_tests *t);

/* The path that a name stands for: *path is owned by the caller; NULL where it is no single file or folder
 * that is there. */
lem_status lem_tests_path(const char *name, const char *data_dir, char **path, lem_err *err) LEM_MUST_CHECK;

/* Appends "gsm8k:12" or "FILE:12". */
void lem_tests_label(const lem_tests *t, const lem_test_row *row, lem_buf *out);
/* The id of a row as text, owned by the caller: its `id`, else `unique_id`, `task_id`, `idx`; NULL where it
 * has none (or for want of memory). */
char *lem_row_id(const lem_json *row);

#endif
