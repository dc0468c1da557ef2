/* lex_tokens.c - a token behind those there are, with the blank or the gap in front of it */
#include "answer/lexer_priv.h"

lex_tok *lem_lex_push(lexer *x, lex_tok_kind kind, size_t from) {
    lex_tok *t = &x->out->tok[x->out->n++]; /* at most two tokens per byte, and room for as many */
    t->kind = kind;
    t->space = x->space;
    t->gap = x->gap;
    x->out->gaps |= x->gap;
    t->at = (uint32_t)from;
    x->space = x->gap = false;
    return t;
}

void lem_lex_push_named(lexer *x, lex_tok_kind kind, const char *name, size_t n, size_t from, bool latex) {
    lex_tok *t = lem_lex_push(x, kind, from);
    t->text = name;
    t->len = (uint32_t)n;
    t->latex = latex;
}

void lem_lex_push_op(lexer *x, char op, size_t from) {
    lem_lex_push(x, TOK_OP, from)->op = op;
    if (op == '(' || op == '[' || op == OP_SET_OPEN) x->brackets++;
    if ((op == ')' || op == ']' || op == OP_SET_CLOSE) && x->brackets > 0) x->brackets--;
}

void lem_lex_push_money(lexer *x, const char *currency, size_t from) {
    lem_lex_push_named(x, TOK_OP, currency, strlen(currency), from, false);
    x->out->tok[x->out->n - 1].op = OP_MONEY;
}
