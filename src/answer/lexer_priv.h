/* lexer_priv.h - what the files of the lexer share: the text, the place in it, and the tokens so far */
#ifndef LEM_ANSWER_LEXER_PRIV_H
#define LEM_ANSWER_LEXER_PRIV_H

#include "answer/lex_priv.h"

#include <string.h>

typedef struct lexer {
    lem_work *w;
    const lem_answer_dialect *d;
    const char *s;
    size_t n, i;
    lex_toks *out;
    bool space, gap;
    bool dollars_are_money; /* an odd number of bare '$' cannot delimit mathematics */
    size_t run_end;         /* of the digits and commas that the last number began */
    bool run_is_list;       /* 25,100,55: some group has other than three digits */
    int brackets;           /* (, [ and \\{ not yet closed: there a comma separates parts */
    int environments;       /* \\begin not yet closed: there a double backslash ends a row */
    char *digits;           /* room for the digits of all numbers */
} lexer;

static inline bool lex_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool lex_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool lex_at(const lexer *x, size_t i, const char *t) {
    return i <= x->n && strlen(t) <= x->n - i && memcmp(x->s + i, t, strlen(t)) == 0;
}
static inline bool lex_is(const char *s, size_t n, const char *t) {
    return strlen(t) == n && memcmp(s, t, n) == 0;
}
static inline bool lex_is_op(const lex_tok *t, char op) { return t->kind == TOK_OP && t->op == op; }

/* ---- tokens (lex_tokens.c): appended, `from` is where they begin ---- */

lex_tok *lem_lex_push(lexer *x, lex_tok_kind kind, size_t from);
void lem_lex_push_named(lexer *x, lex_tok_kind kind, const char *name, size_t n, size_t from, bool latex);
void lem_lex_push_op(lexer *x, char op, size_t from);
void lem_lex_push_money(lexer *x, const char *currency, size_t from);

/* ---- what begins at the lexer's place; each goes behind it ---- */

void lem_lex_number(lexer *x);  /* lex_numbers.c */
void lem_lex_escape(lexer *x);  /* a backslash (lex_latex.c) */
void lem_lex_unicode(lexer *x); /* no ASCII (lex_unicode.c) */

/* Words and sentence punctuation only: plain language (lex_unicode.c). */
bool lem_lex_is_language(const char *s, size_t n);

#endif
