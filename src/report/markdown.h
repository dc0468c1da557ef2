/* report/markdown.h - Markdown with mathematics, as models write it, to HTML
 *
 * Blocks and spans are CommonMark's with tables, read by md4c; mathematics (report/mathml.h) is set aside
 * before and is none of its text. A reader sees what was written: lines stay lines, raw HTML and entities
 * stand there as text, a list keeps its signs, "#### 72" its marks, a star between two factors is a star, and
 * no backslash of LaTeX is lost. Links and images are their text and their address: nothing is followed or
 * fetched. */
#ifndef LEM_REPORT_MARKDOWN_H
#define LEM_REPORT_MARKDOWN_H

#include "core/buf.h"

/* Appends text as blocks within <div class="md">. What is nested deeper than 32 or would come out larger than
 * 64 times its source (tables of columns without rows) is <pre>, with its mathematics. */
void lem_markdown(const char *text, size_t len, lem_buf *out);

#endif
