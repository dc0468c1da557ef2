/* parse_counts_priv.h - notations of a few tokens that name a number; each returns NULL, and reads nothing, when
 * the tokens are something else */
#ifndef LEM_GRADE_PARSE_COUNTS_H
#define LEM_GRADE_PARSE_COUNTS_H

#include "grade/parse_priv.h"

ast_node *lem_parse_combination(parser *p);   /* C_5^2, A_5^2 */
ast_node *lem_parse_prescript(parser *p);     /* {}_{10}C_3, _{10}P_3 */
ast_node *lem_parse_infix_count(parser *p);   /* 10C3 */
ast_node *lem_parse_letter_digits(parser *p); /* 2A_{16} */

#endif
