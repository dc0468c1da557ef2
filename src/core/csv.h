/* core/csv.h - cells of CSV files that people open in a spreadsheet
 *
 * A cell that begins with = + - @, a tab or a return would be run as a formula there; such a text gets an
 * apostrophe in front, which spreadsheets take for "this is text". Numbers, with a sign or an interval
 * ("-0.5", "+1.2 % [-3, 4]"), stay as they are: nothing in them can be called. A text that begins with
 * apostrophes and such a character gets one more, so that lem_csv_plain gives back every text. */
#ifndef LEM_CORE_CSV_H
#define LEM_CORE_CSV_H

#include "core/buf.h"

/* Appends one field by RFC 4180, neutralised, and quoted where it must be. */
void lem_csv_cell(lem_buf *out, const char *text, size_t len);
/* The text that a cell of ours stands for: behind the apostrophe that lem_csv_cell put there, if it did. */
const char *lem_csv_plain(const char *cell);

#endif
