/* report/mathml.h - LaTeX mathematics in a text as MathML, which browsers show without a script
 *
 * Segments $…$, $$…$$, \(…\) and \[…\] are converted, and so are environments and \boxed{…} outside of them;
 * what lies between is escaped text. A segment $…$ has no blank line in it. A segment with
 * a command that is not known, or that does not parse, is shown as it stands: nothing is left out or guessed.
 * A dollar sign before an amount of money is told from one before mathematics as Pandoc does: an opening one
 * has no white space behind it, a closing one none before it and no digit behind it; between two with white
 * space inside there must be a command or a power. */
#ifndef LEM_REPORT_MATHML_H
#define LEM_REPORT_MATHML_H

#include "core/buf.h"

#include <stdbool.h>

/* Appends one segment without its delimiters as <math>…</math>; display: on a line of its own. False, and
 * nothing appended, where it cannot be converted. Linear in len; nesting beyond 40 is not converted. */
bool lem_mathml(const char *latex, size_t len, bool display, lem_buf *out);

enum { LEM_MATH_MOST = 4096 }; /* bytes of a segment; longer ones are text */

typedef struct lem_math_segment { /* of a text that begins with one */
    size_t whole;                 /* bytes with delimiters */
    size_t from, len;             /* of what lies between them */
    bool display;
} lem_math_segment;
/* Whether mathematics begins at s[0]: one of the segments above, \begin{…} to the \end{…} of a known
 * environment, or \boxed{…}, which are their own inside. */
bool lem_mathml_segment(const char *s, size_t n, lem_math_segment *out);
/* Appends a text as HTML, with its segments converted. */
void lem_mathml_text(const char *text, size_t len, lem_buf *out);

#endif
