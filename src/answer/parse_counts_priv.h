/* parse_counts_priv.h - notations of a few tokens that name a number; each returns NULL, and reads nothing,
 * when the tokens are something else */
#ifndef LEM_ANSWER_PARSE_COUNTS_H
#define LEM_ANSWER_PARSE_COUNTS_H

#include "answer/parse_priv.h"

ast_node *lem_parse_combination(parser *p);       /* C_5^2, A_5^2 */
ast_node *lem_parse_prescript(parser *p);         /* {}_{10}C_3, _{10}P_3 */
ast_node *lem_parse_infix_count(parser *p);       /* 10C3 */
ast_node *lem_parse_letter_digits(parser *p);     /* 2A_{16} */
bool lem_parse_is_base_word(const ast_node *a);   /* FF_16: digits of a base above ten behind a name */
size_t lem_parse_recurring_dots(const parser *p); /* at 0.333…: how many digits recur, or 0 */
/* The sum of members `before` the dots and the last: 1 + 2 + … + n; NULL when it is no progression. */
ast_node *lem_parse_dotted_sum(lem_work *w, ast_node *const *before, size_t n, ast_node *last);

#endif
