/* reader_priv - what the kinds of files have in common: a reader of one file, the columns wanted, limits */
#ifndef LEM_ROWS_READER_PRIV_H
#define LEM_ROWS_READER_PRIV_H

#include "core/json.h"
#include "core/log.h"
#include "core/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_wanted {
    const char *const *names;  /* borrowed */
    size_t n;                  /* 0: all */
    const char *const *header; /* of CSV without a header line; borrowed */
    size_t n_header;
    lem_pool *pool; /* that parses lines ahead; borrowed; NULL = each when it is asked for */
    bool (*tell)(const lem_json *row); /* asked in these threads; may be NULL */
    size_t max_row;                    /* bytes of a row */
    bool judged;                       /* reading goes on behind rows that cannot be read, where it can */
} lem_wanted;
bool lem_wants(const lem_wanted *w, const char *name);

typedef struct lem_reader_ops {
    /* *row NULL at the end. Errors name no place: number() is it. */
    lem_status (*next)(void *self, lem_json **row, lem_err *err);
    uint64_t (*number)(const void *self);
    void (*evidence)(const void *self, lem_buf *out);
    lem_json *(*types)(const void *self); /* NULL: not stated */
    double (*share)(const void *self);    /* of the file that has been read, 0 to 1; below 0 unknown */
    void (*close)(void *self);
    bool by_line; /* number() is a line */
    /* Of a row that could not be read: whether next() now gives the one after it; NULL: never. */
    bool (*resumes)(const void *self);
    bool (*told)(const void *self, bool *answer); /* of the last row; NULL or false: nobody has asked it */
} lem_reader_ops;

typedef struct lem_reader {
    const lem_reader_ops *ops;
    void *self;
} lem_reader;

/* LEM_EDATA: a row of more than `most` bytes. */
lem_status lem_row_too_long(size_t most, lem_err *err);
/* Whether so many bytes of so many rows, as a table states them, are more than any rows of `most` bytes take
 * with their levels, offsets and padding: such a block is refused before it is read. */
bool lem_rows_too_long(uint64_t bytes, uint64_t rows, size_t most);

/* What a row has left of its limits: bytes of text, and values, since a file of a few bytes can state any
 * number of them. */
typedef struct lem_row_budget {
    size_t values, bytes, most;
} lem_row_budget;
void lem_row_budget_start(lem_row_budget *b, size_t most);
lem_status lem_row_budget_take(lem_row_budget *b, size_t bytes, lem_err *err) LEM_MUST_CHECK;

/* Sets a member that may have failed to be made, in both cases LEM_EMEM; a name that is there already is
 * LEM_EDATA. Takes value. */
lem_status lem_row_set(lem_json *row, const char *name, lem_json *value, lem_err *err) LEM_MUST_CHECK;
lem_status lem_row_append(lem_json *list, lem_json *value, lem_err *err) LEM_MUST_CHECK;

/* "12,345" */
void lem_put_grouped(lem_buf *out, uint64_t n);

/* LEM_EDATA: `what` is not read here, and how it is converted. */
lem_status lem_refuse_parquet(lem_err *err, const char *what);
lem_status lem_refuse_arrow(lem_err *err, const char *what);

#endif
