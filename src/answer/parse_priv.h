/* parse_priv.h - the parser's state and the parts that its files share */
#ifndef LEM_ANSWER_PARSE_PRIV_H
#define LEM_ANSWER_PARSE_PRIV_H

#include "answer/ast_priv.h"

typedef struct parser {
    lem_work *w;
    const lem_answer_dialect *d;
    lex_toks t;
    size_t i;
    int depth, nodes;
    int abs_depth;   /* inside |…|: a bar closes */
    int no_ratio;    /* in the head of a set-builder: a colon ends it */
    size_t bare;     /* the token, counted from 1, that no bracket behind it belongs to: x of \\frac1x(2) */
    int in_integral; /* "d" before a symbol ends the integrand */
} parser;

enum { PREC_SET = 1, PREC_RATIO, PREC_ADD, PREC_MUL, PREC_POW };

/* parse.c: lists, relations, operators. NULL: it cannot be read (or w->limit). */
ast_node *lem_parse_list(parser *p);
ast_node *lem_parse_relation(parser *p);
ast_node *lem_parse_binary(parser *p, int min_prec);

/* parse_atoms.c: numbers, symbols, functions, brackets, sets, matrices. */
ast_node *lem_parse_primary(parser *p);
ast_node *lem_parse_argument(parser *p); /* of a command: a group or one token */
ast_node *lem_parse_subscript(parser *p, const char *name, size_t len,
                              ast_kind kind); /* at '_': the name with its subscript */
ast_node *lem_parse_number_token(parser *p);  /* a number alone, whatever follows */
/* parse_functions.c */
ast_node *lem_parse_function(parser *p);

/* parse_words.c: units behind values, texts, number words. */
ast_node *lem_parse_unit(parser *p, ast_node *a); /* a with the unit or scale that follows, if any */
ast_node *lem_parse_text(parser *p, const char *s,
                         size_t n); /* normalised; a number when the words are one */

static inline lex_tok *parse_peek(parser *p) { return &p->t.tok[p->i]; }
static inline lex_tok *parse_peek_at(parser *p, size_t k) {
    return &p->t.tok[p->i + k < p->t.n ? p->i + k : p->t.n];
}
static inline bool parse_is(const lex_tok *t, char op) { return t->kind == TOK_OP && t->op == op; }
static inline bool parse_take(parser *p, char op) {
    if (!parse_is(parse_peek(p), op)) return false;
    p->i++;
    return true;
}
ast_node *
lem_parse_date(parser *p); /* "Nov. 5, 2020", "5 November": the whole answer as one text; NULL otherwise */
ast_node *lem_parse_permutation(
    parser *p); /* (1 2 3)(4 5) as a set of disjoint cycles: the whole answer; NULL otherwise */
bool lem_parse_name_is(const lex_tok *t, const char *s);

#endif
