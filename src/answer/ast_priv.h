/* ast_priv.h - what an answer means: a typed tree with rationals folded
 *
 * Nodes live in the arena of the lem_work. Trees have at most AST_MAX_NODES nodes and AST_MAX_DEPTH levels,
 * so recursion over them is bounded. */
#ifndef LEM_ANSWER_AST_PRIV_H
#define LEM_ANSWER_AST_PRIV_H

#include "answer/lex_priv.h"
#include "answer/work.h"

enum { AST_MAX_NODES = 4096, AST_MAX_DEPTH = 200 };

typedef enum ast_kind {
    AST_NUM, /* q; digits of a whole number as written in name, if known */
    AST_SYM, /* name; constants pi, e, i, infty too */
    AST_ADD,
    AST_MUL, /* n kids */
    AST_POW, /* base, exponent */
    AST_FN,  /* name, n kids */
    AST_FACTORIAL,
    AST_ABS,
    AST_PERCENT,
    AST_DEGREE,
    AST_MONEY, /* currency in name: USD, EUR … */
    AST_PM,    /* one kid: ± kid */
    AST_QTY,   /* one kid, unit in name */
    AST_BASE,  /* digits and base in name: "1011_2" */
    AST_RATIO, /* n kids a:b:c */
    AST_TUPLE, /* n kids, brackets in open and close: ( [ */
    AST_LIST,  /* n kids, no brackets; open is ',' 'A' for "and" or 'O' for "or" */
    AST_SET,   /* n kids, may be empty */
    AST_UNION,
    AST_INTER,
    AST_SETMINUS,
    AST_REL,     /* n kids, n-1 operators in name */
    AST_MATRIX,  /* n kids, rows of `cols` */
    AST_TEXT,    /* name, normalised */
    AST_BUILDER, /* {head | condition, …}: n kids, the first is the head */
    AST_MODULO,  /* a value or relation, and the modulus */
    AST_CHOICE,  /* letter of a multiple choice in name; kid, if any: what it stands for */
    AST_SYSTEM,  /* n assignments to different symbols (from shape.c) */
    AST_SAID /* words around a value: the value, then its conditions; the words before it in name; decimal:
                words of a condition follow, such as "for all x" */
} ast_kind;

typedef struct ast_node {
    ast_kind kind;
    char open, close;
    bool decimal;      /* NUM written with a decimal point: its last digit is worth 10^ulp10; SYM: a letter in
                          \text; RATIO: a clock such as 4:05 */
    bool power_of_ten; /* NUM that came from 10^k; k in ulp10 */
    bool grouped;      /* stood in brackets of its own */
    bool call; /* FN: a letter applied, of which nothing is known: f(2x), P(0); TUPLE: in angle brackets */
    int32_t ulp10;
    uint32_t n, cols, len; /* kids; columns, of a number the commas between its thousands; bytes of name */
    struct ast_node **kid;
    const char *name;
    lem_rat *q;
} ast_node;

/* The meaning of an answer. NULL without w->limit: it cannot be parsed. */
ast_node *lem_answer_parse(lem_work *w, const char *text, size_t len);
ast_node *lem_answer_parse_as(lem_work *w, const lem_answer_dialect *d, const char *text, size_t len);

/* Constructors; fold rationals; NULL when an argument is NULL, at a limit, or for 1/0. */
ast_node *lem_ast_new(lem_work *w, ast_kind kind, uint32_t n);
ast_node *lem_ast_num(lem_work *w, lem_rat *q);
ast_node *lem_ast_add(lem_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_mul(lem_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_neg(lem_work *w, ast_node *a);
ast_node *lem_ast_div(lem_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_pow(lem_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_wrap(lem_work *w, ast_kind kind, ast_node *kid);
bool lem_ast_is_sym(const ast_node *a, const char *name);
bool lem_ast_is_scalar(const ast_node *a);                    /* a kind of expression, whatever is inside */
bool lem_ast_same_name(const ast_node *a, const ast_node *b); /* the bytes of name alone */
bool lem_ast_same(const ast_node *a, const ast_node *b);      /* the same tree, as written; brackets aside */
ast_node *lem_ast_named(lem_work *w, ast_kind kind, const char *name,
                        size_t len); /* no kids; the name is borrowed */
ast_node *lem_ast_int(lem_work *w, long v);
/* The same node with other kids, NULL if one is NULL. Sums, products and powers are folded anew. */
ast_node *lem_ast_with_kids(lem_work *w, const ast_node *a, ast_node **kid);
/* Every symbol of this name replaced; the trees may share nodes. */
ast_node *lem_ast_replace(lem_work *w, ast_node *a, const char *name, size_t len, ast_node *by);

/* Letters that are applied (parse_calls.c). What is equal whatever the functions are is equal when they are
 * factors: so the products refute, and prove nothing. */
bool lem_ast_has_call(lem_work *w, const ast_node *a);
ast_node *lem_ast_calls_as_products(lem_work *w, ast_node *a); /* f(x) as f x, f(a, b) as f a + f~ b */
ast_node *lem_ast_rename_calls(lem_work *w, ast_node *a);      /* f(x) as f~(x) */

/* Matrices; NULL when the shapes do not fit. */
ast_node *lem_ast_matrix_add(lem_work *w, const ast_node *a, const ast_node *b);
ast_node *lem_ast_matrix_mul(lem_work *w, ast_node *a, ast_node *b); /* one of them may be a scalar */
ast_node *lem_ast_matrix_pow(lem_work *w, ast_node *a,
                             long e);                          /* square; |e| <= 8, up to 4 rows below zero */
ast_node *lem_ast_determinant(lem_work *w, const ast_node *a); /* square, up to 5 rows */

#endif
