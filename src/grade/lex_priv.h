/* lex_priv.h - tokens of an answer: one lexer for LaTeX, plain text and Unicode mathematics */
#ifndef LEM_GRADE_LEX_PRIV_H
#define LEM_GRADE_LEX_PRIV_H

#include "grade/work_priv.h"

typedef enum grade_tok_kind {
    TOK_END = 0,
    TOK_NUM,  /* digits with at most one '.', separators removed; exponent of 1.5e3 in `exp10` */
    TOK_SYM,  /* a letter, Greek letter or named constant: x, alpha, pi, infty */
    TOK_FN,   /* function name: sin, log, sqrt, frac, binom … */
    TOK_TEXT, /* \text{…} and relatives; content in text */
    TOK_WORD, /* run of letters in plain text that is no function, unit separator or product of letters */
    TOK_OP    /* op holds one of the codes below or the character itself */
} grade_tok_kind;

/* Codes of operators that have no single ASCII character of their own. */
enum {
    OP_SET_OPEN = 'L',
    OP_SET_CLOSE = 'R',
    OP_LE = 'l',
    OP_GE = 'g',
    OP_NE = 'n',
    OP_APPROX = '~',
    OP_IN = 'i',
    OP_UNION = 'U',
    OP_INTER = 'N',
    OP_SETMINUS = '\\',
    OP_DEGREE = 'd',
    OP_PM = 'p',
    OP_MONEY = 'M',
    OP_ROW = 'r',
    OP_AND = 'A',
    OP_EMPTY = '0',
    OP_BEGIN = 'b',
    OP_FINISH = 'e',
    OP_FLOOR_OPEN = 'f',
    OP_FLOOR_CLOSE = 'F',
    OP_CEIL_OPEN = 'c',
    OP_CEIL_CLOSE = 'C'
};

typedef struct grade_tok {
    grade_tok_kind kind;
    char op;
    bool space;       /* white space stands before it */
    bool latex;       /* came from a LaTeX command */
    const char *text; /* NUM, SYM, FN, TEXT, WORD, BEGIN */
    uint32_t len;
    int32_t exp10;
    uint32_t at; /* offset in the input */
} grade_tok;

typedef struct grade_toks {
    grade_tok *tok; /* ends with TOK_END */
    size_t n;       /* without TOK_END */
    bool bad;       /* an unknown command or byte, or an unclosed \text{ */
    bool wordy;     /* no digit, operator or command: letters and punctuation only */
} grade_toks;

/* text must outlive the tokens. False only at a limit. */
bool lem_grade_lex(grade_work *w, const char *text, size_t len, grade_toks *out);

bool lem_grade_is_function(const char *s, size_t n);
bool lem_grade_is_unit_word(const char *s, size_t n);

#endif
