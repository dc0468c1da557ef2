/* curate/blend.h - one data set from several sources by ratio, count and cap
 *
 * The rows of a source stand in an order of their own, keyed by the seed and the name of the source: row r of
 * n has the place permute(n, r). A blend takes the first places of a part of that order, so that what is
 * taken is a function of seed, name, row number and n alone; two blends that take [0, 0.7) and [0.7, 1) of
 * one source have no row in common. What was taken is then put into an order keyed by the seed. Memory: 8
 * bytes for each row taken and 24 for each prompt (hashes, for duplicates); the rows themselves wait in a
 * nameless file. Every source is read twice. */
#ifndef LEM_CURATE_BLEND_H
#define LEM_CURATE_BLEND_H

#include "core/json.h"
#include "core/log.h"
#include "rows/rows.h"
#include "rows/write.h"
#include "token/tokenizer.h"

enum { LEM_BLEND_MAX_SOURCES = 256 };

typedef struct lem_blend_source { /* all borrowed */
    const char *name;             /* keys the order of its rows */
    const char *domain;           /* NULL: that of each row, else the name */
    const char *const *files;
    size_t n_files;
    const char *format;  /* as in lem_row_reader_opts */
    const lem_json *map; /* likewise */
    double ratio;        /* weight among the sources that have one; 0 = none */
    int64_t count, cap;  /* rows; -1 = none */
    double repeat;       /* a row stands there at most so often, on average: 1 = once, 2.5 */
    double from, to;     /* the part of its order that is drawn from, 0..1 */
} lem_blend_source;

typedef enum lem_blend_form {
    LEM_BLEND_AUTO, /* as they stand, unless the kinds of row differ */
    LEM_BLEND_ROWS, /* as they stand */
    LEM_BLEND_MESSAGES
} lem_blend_form;

typedef struct lem_blend_opts {
    const lem_blend_source *source;
    size_t n;
    int64_t total;    /* rows wanted; -1: as many as the ratios allow without more repetition than stated */
    int64_t max_rows; /* the first rows of each source alone; 0 = all */
    uint64_t seed;
    lem_blend_form form;
    const lem_tokenizer *tokenizer; /* NULL: words are counted */
    const char *spool;              /* path of the file in which rows wait; NULL: count only */
    const lem_cancel *cancel;
    lem_log *log;
    const lem_row_judge *judge; /* rows/rows.h; NULL: a bad row is an error */
} lem_blend_opts;

/* What became of a source. */
typedef struct lem_blend_taken {
    uint64_t there;   /* rows of its files */
    uint64_t part;    /* of these, drawn from */
    uint64_t samples; /* of the blend */
    uint64_t rows;    /* different ones */
} lem_blend_taken;

/* samples of each source; arithmetic alone. taken[i].there is given, the rest is set. LEM_EUSAGE for settings
 * that contradict each other, LEM_EDATA where a source has not enough rows (it says what `repeat` would do).
 */
lem_status lem_blend_plan(const lem_blend_opts *o, lem_blend_taken *taken, lem_err *err) LEM_MUST_CHECK;
/* How often row r (from 0) of source i stands in the blend. */
uint64_t lem_blend_times(const lem_blend_opts *o, size_t i, const lem_blend_taken *taken, uint64_t r);

typedef struct lem_blend_domain {
    char *name; /* owned */
    uint64_t samples, rows;
    uint64_t words, tokens; /* of prompts and responses; tokens 0 without a tokenizer */
} lem_blend_domain;

typedef struct lem_blend lem_blend;
/* Reads the sources twice: counted, then taken. opts and what it borrows must outlive the blend. */
lem_status lem_blend_open(const lem_blend_opts *o, lem_blend **out, lem_err *err) LEM_MUST_CHECK;
void lem_blend_close(lem_blend *b); /* NULL allowed */
uint64_t lem_blend_samples(const lem_blend *b);
const lem_blend_taken *lem_blend_source_at(const lem_blend *b, size_t i);
size_t lem_blend_domains(const lem_blend *b);
const lem_blend_domain *lem_blend_domain_at(const lem_blend *b, size_t i); /* in order of first appearance */
/* Rows were written as messages. */
bool lem_blend_made_messages(const lem_blend *b);
/* Prompts (the same after lower-casing) that stand in rows of several sources, and in several rows of one: by
 * hash of 64 bits. Rows of all of them. */
typedef struct lem_blend_twins {
    uint64_t across, across_rows, within, within_rows;
} lem_blend_twins;
lem_blend_twins lem_blend_twins_of(const lem_blend *b);
/* Appends all rows, in their order, each with `domain` and `_source` (FILE:LINE). */
lem_status lem_blend_write(lem_blend *b, lem_rows_writer *w, lem_err *err) LEM_MUST_CHECK;

#endif
