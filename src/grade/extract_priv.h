/* extract_priv.h - what the extraction of answers and of choices share */
#ifndef LEM_GRADE_EXTRACT_PRIV_H
#define LEM_GRADE_EXTRACT_PRIV_H

#include "grade/grade.h"

/* The letter of a multiple choice in a response without its thoughts; false when there is none. Linear in n.
 */
bool lem_extract_choice(const char *s, size_t n, lem_grade_span *out);
/* "(C) 27", "\textbf{(C)}\ 27", "C: 27": the bytes of the answer behind its letter, 0 when it does not begin
 * with a choice and more. */
size_t lem_extract_choice_mark(const char *s, size_t n);

#endif
