/* report/escape.h - text from outside, made safe for HTML, Markdown and CSV
 *
 * All three append to a buffer, replace bytes that are not UTF-8 and control characters (other than newline,
 * return and tab) by U+FFFD, and never fail but for want of memory, which the buffer remembers. What comes
 * out of them cannot end the element, cell or fence that it stands in. */
#ifndef LEM_REPORT_ESCAPE_H
#define LEM_REPORT_ESCAPE_H

#include "core/buf.h"

/* & < > " ' become entities: fit for element text and for quoted attribute values. */
void lem_escape_html(lem_buf *out, const char *text, size_t len);
/* One line of Markdown text or one table cell: punctuation that means something is backslash-escaped,
 * newlines become spaces. */
void lem_escape_md(lem_buf *out, const char *text, size_t len);
/* A fenced block whose fence is longer than any run of backticks inside. */
void lem_escape_md_block(lem_buf *out, const char *text, size_t len);
/* One field (core/csv.h). */
void lem_escape_csv(lem_buf *out, const char *text, size_t len);

#endif
