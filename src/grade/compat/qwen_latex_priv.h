/* qwen_latex_priv.h - the state of one parse: tokens read on demand, position, and whether an unreadable
 * character was met */
#ifndef LEM_GRADE_COMPAT_QWEN_LATEX_PRIV_H
#define LEM_GRADE_COMPAT_QWEN_LATEX_PRIV_H

#include "grade/compat/qwen_priv.h"

/* Kinds of tokens that are not a character of their own. ':' and \div are '/', \times and \cdot are '*'. */
enum {
    T_END = 0,
    T_BAD = 1,
    T_SKIP = 2,
    T_LETTER = 'a',
    T_DIGIT = '0',
    T_SYMBOL = 's',
    T_DIFFERENTIAL = 'd',
    T_REL = '=',
    T_FUNC = 'f',
    T_FRAC = 'F',
    T_BINOM = 'B',
    T_SQRT = 'r',
    T_OVERLINE = 'o',
    T_MATHIT = 'm',
    T_SUM = 'S',
    T_INT = 'I',
    T_LIM = 'l',
    T_TO = 't',
    T_ANGLE = 'A',
    T_SIDEBAR = 'b',
    T_LBRACE = 'L',
    T_RBRACE = 'R',
    T_LFLOOR = 'u',
    T_RFLOOR = 'v',
    T_LCEIL = 'w',
    T_RCEIL = 'x'
};

typedef struct qwen_token {
    char kind;
    size_t at, end; /* bytes of the text */
} qwen_token;

typedef struct qwen_parser {
    lem_work *w;
    qwen_text text;
    qwen_token *tok; /* as many as read so far; room for one per byte, and the end */
    size_t n, at, lexed;
    size_t end_of_digits; /* a number ends before this token; 0: nowhere in particular */
    int depth;
    bool bad;       /* the lexer or the reader raised: the whole parse fails */
    bool constants; /* as latex2sympy: π and e are numbers, chains of inequalities exist */
} qwen_parser;

bool lem_qwen_parser_init(qwen_parser *p, lem_work *w, qwen_text t, bool constants);
qwen_node *lem_qwen_relation(qwen_parser *p); /* parse_latex: a prefix of the text; NULL: it fails */
qwen_node *lem_qwen_whole(qwen_parser *p);    /* latex2sympy: the whole text */

#endif
