/* lex_priv.h - tokens of an answer: one lexer for LaTeX, plain text and Unicode mathematics */
#ifndef LEM_ANSWER_LEX_PRIV_H
#define LEM_ANSWER_LEX_PRIV_H

#include "answer/rules.h"
#include "answer/work.h"

typedef enum lex_tok_kind {
    TOK_END = 0,
    TOK_NUM,  /* digits with at most one '.', separators removed; exponent of 1.5e3 in `exp10`; its last `rep`
                 digits recur */
    TOK_SYM,  /* a letter, Greek letter or named constant: x, alpha, pi, infty */
    TOK_FN,   /* function name: sin, log, sqrt, frac, binom, sum, overline … */
    TOK_TEXT, /* \text{…} and relatives; content in text */
    TOK_WORD, /* run of letters in plain text that is no function, unit separator or product of letters */
    TOK_OP    /* op holds one of the codes below or the character itself */
} lex_tok_kind;

/* Codes of operators that have no single ASCII character of their own. */
enum {
    OP_SET_OPEN = 'L',
    OP_SET_CLOSE = 'R',
    OP_LE = 'l',
    OP_GE = 'g',
    OP_NE = 'n',
    OP_APPROX = '~',
    OP_IN = 'i',
    OP_NOT_IN = 'o',
    OP_EQUIV = 'q',
    OP_UNION = 'U',
    OP_INTER = 'N',
    OP_SETMINUS = '\\',
    OP_DEGREE = 'd',
    OP_PM = 'p',
    OP_MP = 'm',
    OP_MONEY = 'M', /* the currency in text */
    OP_ROW = 'r',
    OP_AND = 'A',
    OP_OR = 'O',
    OP_MID = 'I',
    OP_PMOD = 'P',
    OP_MOD = 'D',
    OP_EMPTY = '0',
    OP_BEGIN = 'b',
    OP_FINISH = 'e',
    OP_FLOOR_OPEN = 'f',
    OP_FLOOR_CLOSE = 'F',
    OP_CEIL_OPEN = 'c',
    OP_CEIL_CLOSE = 'C',
    OP_ANGLE_OPEN = 'a',
    OP_ANGLE_CLOSE = 'Z',
    OP_TO = 't',
    OP_SUBSET = 'k',
    OP_SUPSET = 'K',
    OP_SUBSET_EQ = 's',
    OP_SUPSET_EQ = 'S',
    OP_WEDGE = 'w', /* of logic, where "and" also parts two answers */
    OP_VEE = 'W',
    OP_ARROW = 'y',    /* no token: the mark of a letter under an arrow, or in bold type */
    OP_NAME = 'Y',     /* no token: the mark of a name of several letters, \\operatorname{Var} */
    OP_SIMILAR = 'z',  /* no token: \\sim between letters */
    OP_BAR_OPEN = 'v', /* \lvert */
    OP_BAR_CLOSE = 'V'
};

typedef struct lex_tok {
    lex_tok_kind kind;
    char op;          /* SYM: OP_ARROW in bold type, OP_NAME of several letters */
    bool space;       /* white space stands before it */
    bool gap;         /* a wide one: \\quad, a new line, ~~ */
    bool latex;       /* came from a LaTeX command */
    const char *text; /* NUM, SYM, FN, TEXT, WORD, BEGIN */
    uint32_t len;
    uint16_t rep, commas; /* commas between thousands */
    int32_t exp10;
    uint32_t at; /* offset in the input */
} lex_tok;

typedef struct lex_toks {
    lex_tok *tok; /* ends with TOK_END */
    size_t n;     /* without TOK_END */
    bool bad;     /* an unknown command or byte, or an unclosed \text{ */
    bool gaps;    /* one of them stands behind a gap, or a row ends outside an environment */
    bool wordy;   /* no digit, operator or command: letters and punctuation only */
} lex_toks;

/* text must outlive the tokens. False only at a limit. */
bool lem_lex(lem_work *w, const lem_answer_dialect *d, const char *text, size_t len, lex_toks *out);

/* The text with its full-width characters narrowed; the text itself where there are none. NULL at a limit. */
const char *lem_lex_narrowed(lem_work *w, const char *text, size_t *len);

/* Puts a semicolon between statements that only a gap separates (lex_statements.c). False only at a limit. */
bool lem_lex_part_statements(lem_work *w, lex_toks *o);

/* ---- names (lex_names.c) ---- */

/* Is s one of the words of a list separated by spaces? */
bool lem_lex_in_words(const char *list, const char *s, size_t n);
bool lem_lex_is_function(const char *s, size_t n);
bool lem_lex_is_unit_word(const char *s, size_t n);
bool lem_lex_is_filler(const char *s,
                       size_t n); /* a short word of a sentence, never a product of letters: is, the, of … */
/* Letters and brackets that spell a formula, with a name in them: sin x, exp(-x), infinity (lex_plain.c). */
bool lem_lex_is_plain_formula(const char *s, size_t n);
/* "lnx", "sint": the bytes of the function, 0 when the word is none. */
size_t lem_lex_glued_function(const char *s, size_t n);
bool lem_lex_is_greek(const char *s, size_t n); /* alpha, theta … written out */

/* What a LaTeX command \name stands for. */
typedef enum lex_command_kind {
    LEX_UNKNOWN = 0,
    LEX_OP,
    LEX_SYMBOL,
    LEX_FUNCTION,
    LEX_SKIP,
    LEX_SPACE,
    LEX_TEXT
} lex_command_kind;
typedef struct lex_command {
    lex_command_kind kind;
    char op;          /* OP */
    const char *name; /* OP with a currency, SYMBOL and FUNCTION: how it is called from here on */
} lex_command;
lex_command lem_lex_command(const char *name, size_t n); /* lex_commands.c */

/* What a code point above ASCII stands for: an operator, a symbol, a function, a character run such as "1/2",
 * or space. */
typedef enum lex_char_kind {
    LEX_CHAR_OTHER = 0,
    LEX_CHAR_OP,
    LEX_CHAR_SYMBOL,
    LEX_CHAR_FUNCTION,
    LEX_CHAR_SPACE,
    LEX_CHAR_SUPER,
    LEX_CHAR_SUB,
    LEX_CHAR_FRACTION
} lex_char_kind;
typedef struct lex_char {
    lex_char_kind kind;
    char op;
    const char *name;
} lex_char;
lex_char lem_lex_char(uint32_t code_point);

#endif
