/* report/mathml.h - LaTeX mathematics in a text as MathML, which browsers show without a script
 *
 * Segments $…$, $$…$$, \(…\) and \[…\] are converted; what lies between them is escaped text. A segment with
 * a command that is not known, or that does not parse, is shown as it stands: nothing is left out or guessed.
 * A dollar sign before an amount of money is told from one before mathematics as Pandoc does: an opening one
 * has no white space behind it, a closing one none before it and no digit behind it. */
#ifndef LEM_REPORT_MATHML_H
#define LEM_REPORT_MATHML_H

#include "core/buf.h"

#include <stdbool.h>

/* Appends one segment without its delimiters as <math>…</math>; display: on a line of its own. False, and
 * nothing appended, where it cannot be converted. Linear in len; nesting beyond 40 is not converted. */
bool lem_mathml(const char *latex, size_t len, bool display, lem_buf *out);
/* Appends a text as HTML, with its segments converted. */
void lem_mathml_text(const char *text, size_t len, lem_buf *out);

#endif
