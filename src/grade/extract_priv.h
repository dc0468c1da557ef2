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

/* Appends the answer of a span: its bytes, or the contents of its boxes where these stand in lines of their
 * own. */
void lem_extract_answer_text(const char *s, lem_grade_span span, lem_buf *out);
/* Letters of a choice (extract_letters.c). Taken away: "(A) fails", "A, C and D are wrong", "not A", "A? No".
 */
bool lem_extract_rejected(const char *s, size_t n, size_t i);
/* Bytes of the hedge around the letter at *at, "A or B", "A/B", with *at where it begins; 1 where the letter
 * stands alone. */
size_t lem_extract_hedge(const char *s, size_t n, size_t *at);
/* The last letter that is called right: "B is correct". */
bool lem_extract_called_right(const char *s, size_t n, size_t *at);
/* A letter in lower case that ends with a mark: "b)", "d.". */
bool lem_extract_small_letter(const char *s, size_t n, size_t i);
/* Behind an announcement: past "about", "exactly", "given by". */
size_t lem_extract_skip_hedge(const char *s, size_t n, size_t i);
/* An announced answer without what the sentence goes on with. */
lem_grade_span lem_extract_trim_tail(const char *s, lem_grade_span span);
/* The last formula, given the last number [from, to) if one was found. False when there is none, or it is cut
 * off. */
bool lem_extract_last_formula(const char *s, size_t n, bool found, size_t from, size_t to,
                              lem_grade_span *out);

#endif
