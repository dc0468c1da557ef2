/* eval/reference.h - published figures (the CSV files of recipes/reference): what others report for the same
 * table
 *
 * A file is CSV without quotes: the heading table,row,column,value,source,note, then one figure a line, as
 * printed (mostly percent). */
#ifndef LEM_EVAL_REFERENCE_H
#define LEM_EVAL_REFERENCE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

typedef struct lem_reference_row {
    const char *table, *row, *column, *source, *note; /* note "" = none */
    double value;
} lem_reference_row;

typedef struct lem_reference { /* zeroed = empty */
    lem_reference_row *at;
    int n;
    char *text; /* what the rows point into */
} lem_reference;

/* name stands in errors: LEM_EDATA "NAME:LINE: …". */
lem_status lem_reference_parse(const char *text, const char *name, lem_reference *out,
                               lem_err *err) LEM_MUST_CHECK;
void lem_reference_release(lem_reference *r);
/* The rows of a table as [{table, row, column, value, source, note}], the caller's; NULL: out of memory. */
lem_json *lem_reference_json(const lem_reference *r, const char *table);
/* The same as lines for people, under a line "published: SOURCE"; rows are cut at `width`. */
void lem_reference_text(const lem_reference *r, const char *table, int width, lem_buf *out);

#endif
