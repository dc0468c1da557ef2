/* convert_priv.h - between the conversions of rows and the writers of their families */
#ifndef LEM_DATA_CONVERT_PRIV_H
#define LEM_DATA_CONVERT_PRIV_H

#include "core/object.h"
#include "data/convert.h"
#include "data/replies.h"

/* Columns that go over into the new row. */
#define LEM_CONVERT_CARRIED "id|unique_id|domain|source|expected_answer|subject|level"

typedef struct lem_converter {
    const lem_convert_how *how;
    lem_convert_sink *sink;
    void *ctx;
    lem_convert_counts *c;
} lem_converter;

/* A row begun with the columns of `row` (may be NULL) that are carried. */
lem_object lem_convert_begin(const lem_json *row);
/* Ends and hands it over. */
lem_status lem_convert_emit(const lem_converter *v, lem_object *o, lem_err *err) LEM_MUST_CHECK;
/* Turns [from, to) as a list of {role, content}. NULL: out of memory. */
lem_json *lem_convert_messages(const lem_turns *t, int from, int to);

/* One conversation, or the judged replies of one row, as a row of how->to. What does not fit is counted. */
lem_status lem_convert_turns(const lem_converter *v, const lem_json *row, const lem_turns *t,
                             lem_err *err) LEM_MUST_CHECK;
lem_status lem_convert_replies(const lem_converter *v, const lem_json *row, lem_replies *r,
                               lem_err *err) LEM_MUST_CHECK;
/* One file of labelled steps, of a format of LEM_STEPS_FORMATS. */
lem_status lem_convert_steps(const lem_converter *v, const char *path, const char *format,
                             lem_err *err) LEM_MUST_CHECK;

#endif
