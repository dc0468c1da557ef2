/* minerva_latex_priv.h - LaTeX as sympy's parse_latex (ANTLR backend) reads it
 *
 * Grammar facts from sympy 1.14, sympy/parsing/latex/LaTeX.g4 and _parse_latex_antlr.py: the longest sensible
 * beginning is read and the rest ignored
 * ("1,2" is 1), pi, e and i are plain symbols, f(x) is always a function call, relations cannot be
 * subtracted. */
#ifndef LEM_GRADE_COMPAT_MINERVA_LATEX_H
#define LEM_GRADE_COMPAT_MINERVA_LATEX_H

#include "grade/compat/modes_expr_priv.h"

/* NULL: the original raises an exception, or reads what cannot be subtracted; or w->limit. */
mode_expr *lem_minerva_parse(lem_work *w, mode_text t);

#endif
