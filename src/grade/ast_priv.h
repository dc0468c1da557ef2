/* ast_priv.h - what an answer means: a typed tree with rationals folded
 *
 * Nodes live in the arena of the grade_work. Trees have at most AST_MAX_NODES nodes and AST_MAX_DEPTH levels, so recursion over them is bounded. */
#ifndef LEM_GRADE_AST_PRIV_H
#define LEM_GRADE_AST_PRIV_H

#include "grade/lex_priv.h"
#include "grade/work_priv.h"

enum { AST_MAX_NODES = 4096, AST_MAX_DEPTH = 200 };

typedef enum ast_kind {
    AST_NUM, /* q */
    AST_SYM, /* name; constants pi, e, i, infty too */
    AST_ADD,
    AST_MUL, /* n kids */
    AST_POW, /* base, exponent */
    AST_FN,  /* name, n kids */
    AST_FACTORIAL,
    AST_ABS,
    AST_PERCENT,
    AST_DEGREE,
    AST_MONEY,
    AST_PM,    /* one kid: ± kid */
    AST_QTY,   /* one kid, unit in name */
    AST_BASE,  /* digits and base in name: "1011_2" */
    AST_RATIO, /* n kids a:b:c */
    AST_TUPLE, /* n kids, brackets in open and close: ( [ */
    AST_LIST,  /* n kids, no brackets */
    AST_SET,   /* n kids, may be empty */
    AST_UNION,
    AST_INTER,
    AST_SETMINUS,
    AST_REL,    /* n kids, n-1 operators in name */
    AST_MATRIX, /* n kids, rows of `cols` */
    AST_TEXT    /* name, normalised */
} ast_kind;

typedef struct ast_node {
    ast_kind kind;
    char open, close;
    bool decimal;      /* NUM written with a decimal point: its last digit is worth 10^ulp10 */
    bool power_of_ten; /* NUM that came from 10^k; k in ulp10 */
    int32_t ulp10;
    uint32_t n, cols, len; /* kids; columns; bytes of name */
    struct ast_node **kid;
    const char *name;
    grade_rat *q;
} ast_node;

/* The meaning of an answer. NULL without w->limit: it cannot be parsed. */
ast_node *lem_grade_parse(grade_work *w, const char *text, size_t len);

/* Constructors; fold rationals; NULL when an argument is NULL, at a limit, or for 1/0. */
ast_node *lem_ast_new(grade_work *w, ast_kind kind, uint32_t n);
ast_node *lem_ast_num(grade_work *w, grade_rat *q);
ast_node *lem_ast_add(grade_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_mul(grade_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_neg(grade_work *w, ast_node *a);
ast_node *lem_ast_div(grade_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_pow(grade_work *w, ast_node *a, ast_node *b);
ast_node *lem_ast_wrap(grade_work *w, ast_kind kind, ast_node *kid);
bool lem_ast_is_sym(const ast_node *a, const char *name);

#endif
