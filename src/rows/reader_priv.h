/* reader_priv - what the kinds of files have in common: a reader of one file, the columns wanted, limits */
#ifndef LEM_ROWS_READER_PRIV_H
#define LEM_ROWS_READER_PRIV_H

#include "core/json.h"
#include "core/log.h"
#include "core/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row may not have more values than this, nor more bytes of text: a file of a few bytes can state any
 * number of either. */
enum { LEM_ROW_VALUES = 4 << 20, LEM_ROW_BYTES = 256 << 20 };

typedef struct lem_wanted {
    const char *const *names;  /* borrowed */
    size_t n;                  /* 0: all */
    const char *const *header; /* of CSV without a header line; borrowed */
    size_t n_header;
    lem_pool *pool; /* that parses lines ahead; borrowed; NULL = each when it is asked for */
    bool (*tell)(const lem_json *row); /* asked in these threads; may be NULL */
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
    bool resumes; /* behind a row that cannot be read, whose number was counted, next() gives the one after it
                   */
    bool (*told)(const void *self, bool *answer); /* of the last row; NULL or false: nobody has asked it */
} lem_reader_ops;

typedef struct lem_reader {
    const lem_reader_ops *ops;
    void *self;
} lem_reader;

/* What a row has left of its limits. */
typedef struct lem_row_budget {
    size_t values, bytes;
} lem_row_budget;
void lem_row_budget_start(lem_row_budget *b);
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
