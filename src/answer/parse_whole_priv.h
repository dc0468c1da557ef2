/* parse_whole_priv.h - whole answers with a form of their own */
#ifndef LEM_ANSWER_PARSE_WHOLE_H
#define LEM_ANSWER_PARSE_WHOLE_H

#include "answer/parse_priv.h"

/* "twenty five", "one hundred and three" in folded text; -1 when it is no number. */
/* "two thirds": the bytes of the number before the part, and 3 in *part; 0 when it is none. */
size_t lem_fraction_words(const char *t, size_t n, long *part);
long lem_number_words(const char *t, size_t n);
/* A word, or the beginning of a Chinese one, that multiplies the number before it: million, 万. At most 0
 * when it does not. */
long lem_number_scale(const char *s, size_t n, size_t *used);
/* 二十三, 三分之一, 百分之二十; NULL when it is none. */
ast_node *lem_chinese_number(lem_work *w, const char *s, size_t n);
/* Numbers in circles, as options have them, in ascending order and without what separates them; other text
 * stays. Returns the new length. */
size_t lem_circled_in_order(char *t, size_t n);
/* "3 to 4", "5 (five)"; NULL otherwise. */
ast_node *lem_parse_worded(parser *p);

#endif
