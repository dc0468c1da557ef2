/* data/row_reader.h - rows of files of any kind, with the kind of row that they are and the texts that
 * curation looks at
 *
 * A row keeps all its columns; what is prompt and what is response is told by its kind (record.h) or by a
 * map. */
#ifndef LEM_DATA_ROW_READER_H
#define LEM_DATA_ROW_READER_H

#include "core/json.h"
#include "core/log.h"
#include "data/record.h"
#include "rows/rows.h"

typedef struct lem_row_reader lem_row_reader;

typedef struct lem_row_reader_opts {
    const char *format;       /* the name of a kind; NULL = told from the first row of each file; borrowed */
    const lem_json *map;      /* list of "prompt=FIELD", "response=FIELD" (dotted paths), or NULL; borrowed */
    int64_t limit;            /* rows; -1 = all */
    const lem_cancel *cancel; /* looked at for every row: LEM_EINTR; NULL = never */
    lem_log *log;             /* told the kind of each file; NULL = silent */
    const lem_json *rename;   /* row_map.h, before the kind is told; rows get these columns; borrowed */
    const char *const *header; /* columns of CSV without a header (rows/rows.h); borrowed */
    size_t n_header;
    /* rows/rows.h; NULL = a bad row is an error; borrowed. Where it leaves rows out, the kind of a file is
     * that which most of its first rows are of, and a row that lacks a column of `rename` is left out. */
    const lem_row_judge *judge;
    bool judge_texts; /* leaves out, too, rows that lem_row_reader_texts cannot read */
} lem_row_reader_opts;

/* paths as in lem_rowset_open. LEM_EUSAGE for a bad format or map. */
lem_status lem_row_reader_open(const char *const *paths, size_t n, const lem_row_reader_opts *o,
                               lem_row_reader **out, lem_err *err) LEM_MUST_CHECK;
/* *row is owned by the caller; NULL at the end. Errors name file and line. */
lem_status lem_row_reader_next(lem_row_reader *r, lem_json **row, lem_err *err) LEM_MUST_CHECK;
/* The last row cannot be used: it failed with st and *err. LEM_OK where the judge leaves it out, else the
 * failure, with its place. */
lem_status lem_row_reader_pass(lem_row_reader *r, lem_status st, lem_err *err) LEM_MUST_CHECK;
/* Of the last row. */
lem_row_kind lem_row_reader_kind(const lem_row_reader *r);
const char *lem_row_reader_file(const lem_row_reader *r); /* borrowed until the reader is closed */
uint64_t lem_row_reader_number(const lem_row_reader *r);
double lem_row_reader_share(const lem_row_reader *r);           /* as lem_rowset_share */
const lem_rowset *lem_row_reader_rows(const lem_row_reader *r); /* what it reads from; borrowed */
void lem_row_reader_close(lem_row_reader *r);                   /* NULL allowed */

/* Texts of one row; zeroed = empty. */
typedef struct lem_row_texts {
    lem_buf prompt;   /* the user's turns, joined by line ends; of kind text, empty */
    lem_buf response; /* the assistant's, likewise; of kind text, the text; of judged replies the best one; of
                         labelled steps, the steps by line; empty where a row has none, or several that are
                         right */
} lem_row_texts;
void lem_row_texts_release(lem_row_texts *t);
/* Of the last row that r gave (row). LEM_EDATA, naming file, line and columns, where nothing is a prompt or a
 * text. */
lem_status lem_row_reader_texts(lem_row_reader *r, const lem_json *row, lem_row_texts *out,
                                lem_err *err) LEM_MUST_CHECK;

#endif
