/* kinds_priv - the kinds of files that there are readers of */
#ifndef LEM_ROWS_KINDS_PRIV_H
#define LEM_ROWS_KINDS_PRIV_H

#include "rows/field_priv.h"
#include "rows/input_priv.h"
#include "rows/reader_priv.h"

/* Each opens one file whose content is known to be of its kind. wanted and cancel are borrowed. */
lem_status lem_parquet_open(const char *path, const lem_wanted *wanted, const lem_cancel *cancel,
                            lem_reader *out, lem_err *err) LEM_MUST_CHECK;
/* These take in, also on failure. */
lem_status lem_arrow_open(lem_input *in, const lem_wanted *wanted, lem_reader *out,
                          lem_err *err) LEM_MUST_CHECK;
lem_status lem_json_rows_open(lem_input *in, const lem_wanted *wanted, lem_reader *out,
                              lem_err *err) LEM_MUST_CHECK;
lem_status lem_csv_open(lem_input *in, char delimiter, const lem_wanted *wanted, lem_reader *out,
                        lem_err *err) LEM_MUST_CHECK;

/* Maps: each entry {"key", "value"}; the list of them becomes an object where the keys are text.
 * lem_map_entry takes key and value (NULL: null). */
lem_status lem_map_entry(lem_json *key, lem_json *value, lem_json **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_map_finish(const lem_field *map, lem_json **list, lem_err *err) LEM_MUST_CHECK;

/* The error of a row that is not JSON, told anew where Python's NaN, Infinity or -Infinity stands in it, with
 * the name of the row's field. */
void lem_explain_word(const char *text, size_t n, lem_err *err);

#endif
