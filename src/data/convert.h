/* data/convert.h - rows of one kind written as rows of another
 *
 * Three families (row_kinds.h): conversations, judged replies, labelled steps. Inside a family each kind that
 * is written can be made of each that is read; judged replies also become conversations, one of each right
 * reply; RLHFlow's rows become messages. What that does:
 *   replies to preference   every right reply with every wrong one
 *   KTO, AceMath-RM to lists, pairs, ranks   regrouped by the prompt (list_rows.h)
 *   ranks                   0 for right, 1 for wrong; read: the lowest is right
 *   labels between 0 and 1  at least a half is right, where the target has two labels only
 *   steps to signs          a share above 0 is +
 *   steps without a label   behind the last label they are cut off; before one, the row is left out, but for
 *                           `annotated`, where they are -1
 * id, unique_id, domain, source, expected_answer, subject and level are carried; other columns that the kind
 * does not read are lost, and named. */
#ifndef LEM_DATA_CONVERT_H
#define LEM_DATA_CONVERT_H

#include "core/file.h"
#include "core/log.h"
#include "data/row_audit.h"
#include "data/row_kinds.h"
#include "rows/rows.h"

typedef struct lem_convert_how {
    lem_row_kind to;            /* of LEM_ROW_WRITTEN */
    const char *format;         /* name of the rows' kind; NULL = told from the first row of each file */
    int64_t limit;              /* rows read; -1 = all */
    const lem_json *rename;     /* row_map.h; NULL = none; not for labelled steps */
    const lem_cancel *cancel;   /* NULL = never */
    lem_log *log;               /* told kinds and what is left out; NULL = silent */
    lem_progress *progress;     /* of rows; borrowed; NULL = none */
    const lem_row_judge *judge; /* rows/rows.h; borrowed; NULL = a bad row is an error */
} lem_convert_how;

typedef struct lem_convert_counts {
    uint64_t rows;       /* read, or, of labelled steps, solutions */
    uint64_t written;    /* rows */
    uint64_t unfit;      /* rows left out: their turns do not fit the target, their labels cannot be told */
    uint64_t one_class;  /* rows without a right reply, or, where pairs are made, without a wrong one */
    uint64_t rounded;    /* replies whose label lies between 0 and 1, made one of two */
    uint64_t cut_steps;  /* steps behind the last label that were left out */
    uint64_t no_system;  /* rows whose system text the target has no place for */
    uint64_t joined;     /* solutions whose problem and first step cannot be told apart: they stay one text */
    lem_row_audit audit; /* lem_row_audit_unused: columns lost */
} lem_convert_counts;
void lem_convert_counts_release(lem_convert_counts *c);

/* Takes a row that stays the caller's. */
typedef lem_status lem_convert_sink(void *ctx, lem_json *row, lem_err *err);

/* LEM_EUSAGE with the reason where rows of kind `from` cannot become `to`. */
lem_status lem_convert_possible(lem_row_kind from, lem_row_kind to, lem_err *err) LEM_MUST_CHECK;
/* paths as in lem_rowset_open (labelled steps: files). Rows come in order; c adds up. Errors name file and
 * line. */
lem_status lem_convert_rows(const char *const *paths, size_t n, const lem_convert_how *how,
                            lem_convert_sink *sink, void *ctx, lem_convert_counts *c,
                            lem_err *err) LEM_MUST_CHECK;

#endif
