/* report/mathml_priv.h - tables of LaTeX names */
#ifndef LEM_REPORT_MATHML_PRIV_H
#define LEM_REPORT_MATHML_PRIV_H

#include <stdbool.h>
#include <stddef.h>

typedef struct lem_math_name {
    const char *name;
    char kind; /* 'i' identifier, 'n' number, 'o' operator, 'f' function, 'b' with limits, 's' space (text:
                  its width) */
    const char *text;
} lem_math_name;
/* NULL where the name is not known. */
const lem_math_name *lem_math_find(const char *s, size_t n);

typedef struct lem_math_mark { /* \hat{x} */
    const char *name, *text;
    bool over;
} lem_math_mark;
const lem_math_mark *lem_math_find_mark(const char *s, size_t n);

typedef struct lem_math_table { /* \begin{pmatrix} */
    const char *name, *left, *right;
} lem_math_table;
const lem_math_table *lem_math_find_table(const char *s, size_t n);

#endif
