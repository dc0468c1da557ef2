/* extract_priv.h - what the extraction of answers and of choices share */
#ifndef LEM_GRADE_EXTRACT_PRIV_H
#define LEM_GRADE_EXTRACT_PRIV_H

#include "grade/grade.h"

/* The text looked at; offsets are into it. */
typedef struct extract_view {
    const char *s;
    size_t n;
} extract_view;

/* ---- text (extract_text.c) ---- */

bool lem_extract_is_digit(char c);
bool lem_extract_is_letter(char c);
bool lem_extract_is_word(char c); /* a letter, a digit or _ */
/* Bytes of the word (in lower case) at i of n, and none of its letters behind it; else 0. Case does not
 * matter. */
size_t lem_extract_word_at(const char *s, size_t n, size_t i, const char *word);
/* The same for the first of a list that ends with NULL. */
size_t lem_extract_one_of(const char *s, size_t n, size_t i, const char *const *words);
/* Last position of `word` that starts before `before`; case-insensitive when fold (then word is lower case).
 * v.n when there is none. */
size_t lem_extract_find_last(extract_view v, size_t before, const char *word, bool fold);
/* The first of a few marks in [i, end); end when there is none. */
size_t lem_extract_first_of(extract_view v, size_t i, size_t end, const char *const *marks);
size_t lem_extract_line_end(extract_view v, size_t i);
/* Past the bytes from i on that are among blanks. */
size_t lem_extract_skip(extract_view v, size_t i, const char *blanks);
/* Does a line begin with the word at i, but for marks and "final": "**Final Answer", "### Answer"? */
bool lem_extract_begins_line(extract_view v, size_t i);
lem_grade_span lem_extract_span(size_t from, size_t to, lem_grade_method how);
/* Without white space, emphasis and closing punctuation around it. */
lem_grade_span lem_extract_trimmed(extract_view v, lem_grade_span s);
/* Words between two dollar signs, "18 per dozen or ": money and prose, no mathematics. */
bool lem_extract_is_prose(const char *s, size_t n);

/* ---- which part of a response is read (extract_spoken.c) ---- */

/* What is said to the reader: behind the last thought that closes, nothing behind one that opens and never
 * does, and nothing behind the token that ends the answer. *base: where it begins in all. */
extract_view lem_extract_spoken(extract_view all, const lem_grade_profile *p, size_t *base);

/* ---- boxes (extract_box.c) ---- */

/* The last box, with the boxes before it that are joined to it: then the span holds the \boxed commands
 * themselves. loose: boxes in lines of their own are joined too. */
bool lem_extract_box(extract_view v, bool loose, lem_grade_span *out);
/* Appends the answer of a span: its bytes, or the contents of its boxes, ", " between them, where it holds
 * several. */
void lem_extract_answer_text(const char *s, lem_grade_span span, lem_buf *out);

/* ---- what is announced (extract_marks.c) ---- */

/* The last marked answer of every task but PLAIN and CHOICE; method NONE without one. */
lem_grade_span lem_extract_marked(extract_view v, lem_grade_task task);
/* What a phrase such as "the answer is" announces, from i on: a formula in $…$, \(…\) or \[…\], else the text
 * to the end of the sentence or line (extract_announced.c). */
lem_grade_span lem_extract_announced(extract_view v, size_t i, lem_grade_method how);
/* 答案是, 故选, 选项B正确 and relatives (extract_chinese.c). */
bool lem_extract_chinese(extract_view v, lem_grade_span *out);
/* Behind an announcement: past "about", "exactly", "given by". */
size_t lem_extract_skip_hedge(const char *s, size_t n, size_t i);
/* An announced answer without what the sentence goes on with; of a chain of numbers with prose around it the
 * last member. */
lem_grade_span lem_extract_trim_tail(const char *s, lem_grade_span span);
/* ---- where nothing is marked (extract_number.c, extract_formula.c) ---- */

/* The last formula or number, whole or not at all; weak (extract_number.c). */
bool lem_extract_last_formula(extract_view v, lem_grade_span *out);
/* The formula around the last number [from, to), if one was found, or the last one in marks that stands
 * behind it. False when there is none, or it is cut off. */
bool lem_extract_formula_around(extract_view v, bool found, size_t from, size_t to, lem_grade_span *out);

/* The formula in $…$, \(…\) or \[…\] that the mark at `close` ends, as [*from, *to); false where it is none.
 */
bool lem_extract_formula_at(extract_view v, size_t close, size_t *from, size_t *to);

/* ---- what stands beside it (extract_beside.c) ---- */

/* A span with the answers that "or" joins to it, and numbers that stand by it in words: 7 or 8; between 2 and
 * 3; 2 to 3. Such a span is one answer in several forms, a list, or nothing that can be read. */
void lem_extract_join(extract_view v, lem_grade_span *s);
/* Does the number at `from` end a range, 7–8? */
bool lem_extract_is_range(extract_view v, size_t from);
/* Where an explanation begins that holds the number: "(12 boxes of 3)" behind "36 pencils", " because …"
 * behind "20 left"; v.n where none does. */
size_t lem_extract_explanation(extract_view v, size_t number);

/* ---- letters of a choice (extract_choice.c, extract_letters.c) ---- */

/* The letter of a multiple choice in a response without its thoughts; false when there is none. Linear in n.
 */
bool lem_extract_choice(const char *s, size_t n, lem_grade_span *out);
/* "(C) 27", "\textbf{(C)}\ 27", "C: 27": the bytes of the answer behind its letter, 0 when it does not begin
 * with a choice and more. */
size_t lem_extract_choice_mark(const char *s, size_t n);
/* Letters that are taken away: "(A) fails", "A, C and D are wrong", "not A", "A? No". */
bool lem_extract_rejected(const char *s, size_t n, size_t i);
/* Bytes of the hedge around the letter at *at, "A or B", "A/B", "(A), (B)", with *at where it begins; 1 where
 * the letter stands alone. */
size_t lem_extract_hedge(const char *s, size_t n, size_t *at);
/* The last letter that is called right: "B is correct", B正确. *several: others are called so too. */
bool lem_extract_called_right(const char *s, size_t n, size_t *at, bool *several);
/* A letter in lower case that ends with a mark or a clause: "b)", "d.", "b because". */
bool lem_extract_small_letter(const char *s, size_t n, size_t i);

#endif
