/* lex_statements.c - several statements in one answer: a wide gap (\quad, a new line, ~~, a double backslash)
 * between two of them separates like a semicolon */
#include "answer/lex_priv.h"

#include <string.h>

static bool is_op(const lex_tok *t, char op) { return t->kind == TOK_OP && t->op == op; }

static bool is_one_of(const lex_tok *t, const char *ops) {
    return t->kind == TOK_OP && t->op && strchr(ops, t->op);
}

static bool is_relation(const lex_tok *t) { return is_one_of(t, "=<>lgn~ioqtkKsS"); }
static bool is_separator(const lex_tok *t) { return is_one_of(t, ",;AOwW"); }
static int nesting(const lex_tok *t) { return is_one_of(t, "([{Lbfcav") - is_one_of(t, ")]}ReFCZV"); }

/* A gap stands before t; a row end outside an environment is one itself. */
static bool is_gap(const lex_tok *t) { return t->gap || is_op(t, OP_ROW); }

/* Do all parts between the gaps at depth 0 say something, and are there two at least? */
static bool all_are_statements(const lex_toks *o) {
    size_t parts = 0, relations = 0;
    int depth = 0;
    for (size_t k = 0; k < o->n; k++) {
        const lex_tok *t = &o->tok[k];
        if (k && depth == 0 && is_gap(t)) {
            if (!relations) return false;
            parts++;
            relations = 0;
        }
        depth += nesting(t);
        relations += depth == 0 && is_relation(t);
    }
    return parts > 0 && relations > 0 && depth == 0;
}

bool lem_lex_part_statements(lem_work *w, lex_toks *o) {
    if (!o->gaps || o->bad || !all_are_statements(o)) return true;
    lex_tok *to = lem_work_alloc(w, 2 * o->n + 1, sizeof *to);
    size_t n = 0;
    int depth = 0;
    if (!to) return false;
    for (size_t k = 0; k < o->n; k++) {
        const lex_tok *t = &o->tok[k];
        if (k && depth == 0 && is_gap(t) && !is_separator(t) && !is_separator(t - 1)) {
            to[n] = (lex_tok){.kind = TOK_OP, .op = ';', .at = t->at};
            n++;
        }
        depth += nesting(t);
        if (!(depth == 0 && is_op(t, OP_ROW))) to[n++] = *t;
    }
    to[n] = o->tok[o->n];
    o->tok = to;
    o->n = n;
    return true;
}
