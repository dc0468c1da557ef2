/* prm800k_priv.h - the two readers of the prm800k mode: LaTeX to plain text as pylatexenc prints it, and
 * plain text as sympy's parse_expr reads it */
#ifndef LEM_GRADE_COMPAT_PRM800K_H
#define LEM_GRADE_COMPAT_PRM800K_H

#include "grade/compat/modes_expr_priv.h"

/* What pylatexenc 2.10 LatexNodes2Text().latex_to_text gives for formulas: \frac{a}{b} is a/b without
 * brackets, unknown commands vanish. */
mode_text lem_prm800k_plain(lem_work *w, mode_text t);

/* sympy_parser.parse_expr with implicit_multiplication_application, after ^ became **; NULL where it raises.
 */
mode_expr *lem_prm800k_parse(lem_work *w, mode_text t);

#endif
