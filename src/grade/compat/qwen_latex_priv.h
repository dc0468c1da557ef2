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

static inline bool qwen_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool qwen_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool qwen_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* ---- tokens (qwen_tokens.c) ---- */

const qwen_token *lem_qwen_peek_at(qwen_parser *p, size_t index);
const qwen_token *lem_qwen_peek(qwen_parser *p); /* the one at p->at */
char lem_qwen_kind_here(qwen_parser *p);
qwen_text lem_qwen_token_text(qwen_parser *p, const qwen_token *k);
bool lem_qwen_take(qwen_parser *p, char k); /* goes behind a token of this kind */

/* ---- grammar (qwen_latex.c) ---- */

bool lem_qwen_parser_init(qwen_parser *p, lem_work *w, qwen_text t, bool constants);
qwen_node *lem_qwen_relation(qwen_parser *p); /* parse_latex: a prefix of the text; NULL: it fails */
qwen_node *lem_qwen_whole(qwen_parser *p);    /* latex2sympy: the whole text */

#endif
