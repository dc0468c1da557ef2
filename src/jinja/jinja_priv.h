/* jinja_priv.h - the parts of the template interpreter: marked strings, values, syntax tree, machine
 *
 * The language is the subset of Jinja that chat templates use, with the meaning that jinja2 3.1 gives it in
 * an ImmutableSandboxedEnvironment with trim_blocks and lstrip_blocks, as Transformers makes it. lexer.c ->
 * parse_expr.c, parse_stmt.c -> tree -> exec.c, eval.c over values.
 *
 * A string knows of each byte where it is from (marks); every operation keeps that. Numbers carry one mark.
 * All memory is an arena's: the tree has one that lives as long as the template, a rendering has its own.
 * Nothing here is freed alone.
 *
 * Bounds: source 1 MiB, depth of the tree JIN_MAX_TREE, of brackets JIN_MAX_BRACKETS, depth of evaluation
 * JIN_MAX_CALL (a macro in a macro takes two or more; with these a stack of 128 KiB suffices), steps (one for
 * a node evaluated, one for 32 bytes copied or an element visited), memory of a rendering. Each is an error
 * that names the line. */
#ifndef LEM_JINJA_JINJA_PRIV_H
#define LEM_JINJA_JINJA_PRIV_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JIN_MAX_SOURCE ((size_t)1 << 20)
enum {
    JIN_MAX_TREE = 200,
    JIN_MAX_BRACKETS = 32,
    JIN_MAX_CALL = 200,
    JIN_MAX_VALUE = 120,
    JIN_MAX_RANGE = 100000
};

/* ---- strings */

enum {
    JIN_DATA = 1,
    JIN_GEN = 2,
    JIN_SAFE = 4
}; /* from the messages; inside {% generation %}; a value passed through the filter safe */
typedef struct jin_str {
    const char *s;
    const uint8_t *mark; /* [n]; NULL: every byte has `all` */
    size_t n;
    uint8_t all;
} jin_str;

/* ---- values */

typedef enum jin_kind {
    JIN_MISSING, /* an argument not given; never a value of the language */
    JIN_UNDEF,
    JIN_NONE,
    JIN_BOOL,
    JIN_INT,
    JIN_FLOAT,
    JIN_STR,
    JIN_SEQ,
    JIN_DICT,
    JIN_NS,
    JIN_LOOP,
    JIN_MACRO,
    JIN_BOUND,
    JIN_FUNC,
    JIN_CYCLER,
    JIN_JOINER
} jin_kind;

typedef struct jin_seq jin_seq;
typedef struct jin_dict jin_dict;
typedef struct jin_loop jin_loop;
typedef struct jin_macro jin_macro;
typedef struct jin_bound jin_bound;
typedef struct jin_cycler jin_cycler;
typedef struct jin_val {
    uint8_t kind, mark; /* mark of a scalar */
    union {
        bool b;
        int64_t i;
        double f;
        const jin_str *s;
        const char *why; /* UNDEF: what to say when it is used */
        jin_seq *q;
        jin_dict *d; /* DICT, NS */
        jin_loop *loop;
        jin_macro *macro;
        jin_bound *bound;
        jin_cycler *cycler; /* CYCLER, JOINER */
    } u;
} jin_val;

/* What Python has many types for. A GEN is consumed by iterating (pos); the others are not. */
typedef enum jin_flavor {
    JIN_LIST,
    JIN_TUPLE,
    JIN_RANGE,
    JIN_KEYS,
    JIN_VALUES,
    JIN_ITEMS,
    JIN_GENERATOR
} jin_flavor;
struct jin_seq {
    jin_val *at; /* [n] */
    size_t n, cap, pos;
    jin_flavor flavor;
    int64_t start, stop, step; /* of a RANGE, to print it */
};
struct jin_dict {
    jin_val *at; /* [2n] key, value, … in the order of insertion */
    size_t n, cap;
};

/* ---- tree */

typedef enum jin_op {
    N_CONST,
    N_NAME,
    N_TUPLE,
    N_LIST,
    N_DICT,
    N_PAIR,
    N_ATTR,
    N_ITEM,
    N_SLICE,
    N_CALL,
    N_FILTER,
    N_TEST,
    N_KEYWORD, /* an argument name=value */
    N_STAR,    /* an argument *value */
    N_STARS,   /* an argument **value */
    N_NEG,
    N_POS,
    N_NOT,
    N_AND,
    N_OR,
    N_ADD,
    N_SUB,
    N_MUL,
    N_DIV,
    N_FLOORDIV,
    N_MOD,
    N_POW,
    N_CONCAT,
    N_COMPARE, /* a, then list of N_EQ … */
    N_EQ,
    N_NE,
    N_LT,
    N_LE,
    N_GT,
    N_GE,
    N_IN,
    N_NOTIN,
    N_COND,  /* a if b else c (c may be NULL) */
    N_NSREF, /* a target ns.attr: name, attr in value */
    N_TEXT,  /* statements from here */
    N_PRINT,
    N_FOR, /* target a, iterable b, filter c; list body, other else */
    N_IF,  /* test a, list body, other else */
    N_SET,
    N_SETBLOCK,
    N_MACRO,
    N_CALLBLOCK,
    N_FILTERBLOCK,
    N_WITH,
    N_GENERATION,
    N_BREAK,
    N_CONTINUE
} jin_op;

enum { JIN_USES_VARARGS = 1, JIN_USES_KWARGS = 2, JIN_USES_CALLER = 4 };
typedef struct jin_node jin_node;
struct jin_node {
    uint8_t op, uses;
    uint16_t depth; /* of the tree below */
    int line;
    const jin_str *name;
    jin_val value;
    jin_node *a, *b, *c;
    jin_node *list, *other; /* first of a row of nodes */
    jin_node *next;
};

/* ---- lexer.c */

typedef enum jin_token_kind {
    T_EOF,
    T_DATA,
    T_VAR_BEGIN,
    T_VAR_END,
    T_BLOCK_BEGIN,
    T_BLOCK_END,
    T_NAME,
    T_STR,
    T_INT,
    T_FLOAT,
    T_OP
} jin_token_kind;
typedef struct jin_token {
    jin_token_kind kind;
    int line;
    char op[3]; /* T_OP, as written */
    const jin_str *text;
    jin_val value; /* T_INT, T_FLOAT */
} jin_token;
typedef struct jin_tokens {
    jin_token *at; /* ends with T_EOF; lem_free */
    size_t n, cap;
} jin_tokens;
lem_status lem_jin_lex(const char *source, size_t len, lem_arena *arena, jin_tokens *out,
                       lem_err *err) LEM_MUST_CHECK;
void lem_jin_unescape(const char *s, size_t n, char *out,
                      size_t *len); /* lex_text.c: a Python string literal; out holds 4n bytes */
void lem_jin_hex_escape(uint32_t cp, char out[12]); /* \xNN, \uNNNN or \UNNNNNNNN */
size_t
lem_jin_space(const char *s,
              size_t n); /* bytes of the white space (as str.isspace has it) that begins at s; 0 = none */
size_t lem_jin_space_before(const char *s, size_t n); /* bytes of the white space that ends at s + n */

/* ---- parse_stmt.c, parse_expr.c */

typedef struct jin_parser {
    lem_arena *arena;
    const jin_token *t; /* the token to be read */
    lem_err *err;
    int depth;
    int loops; /* open around this place, up to the macro */
    uint8_t *uses;
} jin_parser;
lem_status lem_jin_parse(const char *source, size_t len, lem_arena *arena, jin_node **out,
                         lem_err *err) LEM_MUST_CHECK;
lem_status lem_jin_parse_fail(jin_parser *p, int line, const char *fmt, ...) LEM_PRINTF(3, 4);
lem_status lem_jin_node_new(jin_parser *p, jin_op op, int line, jin_node *a, jin_node *b,
                            jin_node **out) LEM_MUST_CHECK;
lem_status lem_jin_node_deepen(jin_parser *p, jin_node *n, const jin_node *child) LEM_MUST_CHECK;
lem_status lem_jin_expect_op(jin_parser *p, const char *op) LEM_MUST_CHECK;
lem_status lem_jin_expect_name(jin_parser *p, const char *name) LEM_MUST_CHECK; /* name NULL: any */
bool lem_jin_is_op(const jin_parser *p, const char *op);
bool lem_jin_is_name(const jin_parser *p, const char *name);
bool lem_jin_skip_name(jin_parser *p, const char *name);
bool lem_jin_skip_op(jin_parser *p, const char *op);
const char *lem_jin_describe(const jin_parser *p, char buf[80]);
enum { JIN_NO_COND = 1, JIN_PARENS = 2, JIN_TARGET = 4, JIN_NS_TARGET = 8 };
/* One expression, or several with commas between as a tuple, up to the end of the tag or `stop` (a name, may
 * be NULL). */
lem_status lem_jin_parse_tuple(jin_parser *p, int how, const char *stop, jin_node **out) LEM_MUST_CHECK;
lem_status lem_jin_parse_expr(jin_parser *p, bool with_cond, jin_node **out) LEM_MUST_CHECK;
lem_status lem_jin_parse_filters(jin_parser *p, jin_node *on, bool inside,
                                 jin_node **out) LEM_MUST_CHECK; /* inside: the first has no '|' */

/* ---- the machine */

typedef struct jin_sb { /* a string in the making */
    char *s;
    uint8_t *mark; /* NULL while all bytes have `all` */
    size_t n, cap;
    uint8_t all;
} jin_sb;
typedef struct jin_var {
    const jin_str *name;
    jin_val v;
    struct jin_var *next;
} jin_var;
typedef struct jin_scope {
    struct jin_scope *parent;
    jin_var *vars;
} jin_scope;
typedef struct jin_date {
    int year, month, day, hour, minute, second;
} jin_date;
typedef enum jin_flow { JIN_RUN, JIN_BREAK, JIN_CONTINUE } jin_flow;
typedef struct jin {
    lem_arena *arena;
    size_t limit; /* of the arena, bytes */
    uint64_t steps;
    int line, depth;
    jin_date date;
    jin_sb *out;
    jin_scope *scope;
    jin_flow flow;
    lem_err *err;
} jin;
lem_status lem_jin_fail(jin *m, const char *fmt, ...) LEM_PRINTF(2, 3); /* LEM_EDATA "line N: …" */
lem_status lem_jin_step(jin *m, size_t work) LEM_MUST_CHECK;
void *lem_jin_alloc(jin *m, size_t n, size_t size); /* zeroed; NULL with the error recorded */

struct jin_loop {
    jin_seq *q;
    size_t pos, length; /* length SIZE_MAX: not known yet */
    bool whole;         /* length was asked of something with a length */
    int64_t index0;
    jin_val before, current, after;
    bool has_after;
    jin_val changed;
    const jin_node *node;
    jin_scope *outer;
    int line;
};
struct jin_macro {
    const jin_node *node;
    jin_scope *scope; /* where it was defined */
    bool anonymous;   /* a caller */
};
struct jin_bound {
    jin_val self;
    const char *method;
};
struct jin_cycler {
    jin_val *at;
    size_t n, pos;
    jin_val sep; /* of a joiner */
};
typedef struct jin_args {
    jin_val *pos;
    size_t n, cap;
    const jin_str **name;
    jin_val *named;
    size_t n_named, cap_named;
} jin_args;

/* ---- value.c */

lem_status lem_jin_sb_add(jin *m, jin_sb *b, const char *s, size_t n, uint8_t mark) LEM_MUST_CHECK;
lem_status lem_jin_sb_puts(jin *m, jin_sb *b, const char *s) LEM_MUST_CHECK;
lem_status lem_jin_sb_part(jin *m, jin_sb *b, const jin_str *s, size_t from,
                           size_t to) LEM_MUST_CHECK; /* bytes */
lem_status lem_jin_sb_str(jin *m, jin_sb *b, const jin_str *s) LEM_MUST_CHECK;
lem_status lem_jin_sb_take(jin *m, jin_sb *b, jin_val *out) LEM_MUST_CHECK;
uint8_t lem_jin_mark_at(const jin_str *s, size_t i);
lem_status lem_jin_str_new(jin *m, const char *s, size_t n, uint8_t mark,
                           jin_val *out) LEM_MUST_CHECK; /* copies */
lem_status lem_jin_part(jin *m, const jin_str *s, size_t from, size_t to,
                        jin_val *out) LEM_MUST_CHECK; /* shares */
bool lem_jin_same(const jin_str *a, const jin_str *b);
bool lem_jin_is(const jin_str *a, const char *b);
size_t lem_jin_char(const char *s,
                    size_t n); /* bytes of the character at s, n >= 1; a byte that is not UTF-8 is one */
size_t lem_jin_chars(const char *s, size_t n);       /* characters */
size_t lem_jin_byte_of(const jin_str *s, size_t ch); /* offset of character ch (<= count) */
lem_status lem_jin_seq_new(jin *m, jin_flavor flavor, jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_seq_push(jin *m, jin_seq *q, jin_val v) LEM_MUST_CHECK;
lem_status lem_jin_dict_new(jin *m, jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_dict_put(jin *m, jin_dict *d, jin_val key, jin_val v) LEM_MUST_CHECK;
lem_status lem_jin_dict_find(jin *m, const jin_dict *d, jin_val key,
                             jin_val **out) LEM_MUST_CHECK; /* *out NULL: no such key */
jin_val *lem_jin_dict_text(const jin_dict *d, const jin_str *key);
lem_status lem_jin_from_json(jin *m, const lem_json *j, uint8_t mark, int depth, jin_val *out) LEM_MUST_CHECK;
jin_val lem_jin_int(int64_t i);
jin_val lem_jin_bool(bool b);
jin_val lem_jin_none(void);
jin_val lem_jin_undef(const char *why);
const char *lem_jin_type(const jin_val *v);              /* Python's name of the type */
static inline int64_t lem_jin_int_of(const jin_val *v) { /* BOOL, INT */
    return v->kind == JIN_BOOL ? v->u.b : v->u.i;
}

/* ---- compare.c */

bool lem_jin_true(const jin_val *v);
bool lem_jin_hashable(const jin_val *v);
bool lem_jin_number(const jin_val *v, double *f); /* BOOL, INT, FLOAT */
lem_status lem_jin_equal(jin *m, const jin_val *a, const jin_val *b, int depth, bool *out) LEM_MUST_CHECK;
lem_status lem_jin_less(jin *m, const jin_val *a, const jin_val *b, const char *op, int depth, bool or_equal,
                        bool *out) LEM_MUST_CHECK;
lem_status lem_jin_compare(jin *m, jin_op op, const jin_val *a, const jin_val *b, bool *out) LEM_MUST_CHECK;
/* Stable, ascending by keys; at and keys have n elements. Descending keeps the order of equals too. */
lem_status lem_jin_sort(jin *m, jin_val *at, jin_val *keys, size_t n, bool descending) LEM_MUST_CHECK;

/* ---- print.c */

lem_status lem_jin_print(jin *m, jin_sb *b, const jin_val *v) LEM_MUST_CHECK; /* str(v) */
lem_status lem_jin_repr(jin *m, jin_sb *b, const jin_val *v, int depth) LEM_MUST_CHECK;
lem_status lem_jin_text(jin *m, const jin_val *v, jin_val *out) LEM_MUST_CHECK; /* str(v) as a value */
void lem_jin_float_text(double f, char out[40]);                                /* Python's repr */
typedef struct jin_json_style {
    bool ascii, sort;
    const jin_str *indent; /* NULL: one line */
    const jin_str *item, *colon;
} jin_json_style;
lem_status lem_jin_json(jin *m, jin_sb *b, const jin_val *v, const jin_json_style *s,
                        int depth) LEM_MUST_CHECK; /* json.c */

/* ---- format.c */

lem_status lem_jin_percent(jin *m, const jin_str *fmt, const jin_val *arg, jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_str_format(jin *m, const jin_str *fmt, const jin_args *args, jin_val *out) LEM_MUST_CHECK;

/* ---- eval.c */

lem_status lem_jin_eval(jin *m, const jin_node *n, jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_attr(jin *m, const jin_val *obj, const jin_str *name,
                        jin_val *out) LEM_MUST_CHECK; /* obj.name */
lem_status lem_jin_item(jin *m, const jin_val *obj, const jin_val *key,
                        jin_val *out) LEM_MUST_CHECK; /* obj[key] */
lem_status lem_jin_args_eval(jin *m, const jin_node *list, jin_args *out) LEM_MUST_CHECK;
lem_status lem_jin_args_name(jin *m, jin_args *a, const jin_str *name, jin_val v) LEM_MUST_CHECK;
/* Arguments into out[] by a row of names, e.g. "old new count?": a name with ? may be missing (JIN_MISSING).
 */
lem_status lem_jin_bind(jin *m, const char *what, const char *names, const jin_args *args,
                        jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_want_int(jin *m, const char *what, const jin_val *v, int64_t *out) LEM_MUST_CHECK;
lem_status lem_jin_want_str(jin *m, const char *what, const jin_val *v, const jin_str **out) LEM_MUST_CHECK;
lem_status lem_jin_used_undef(jin *m, const jin_val *v); /* the error of an undefined value */
lem_status lem_jin_arithmetic(jin *m, const jin_node *n, jin_val *out) LEM_MUST_CHECK; /* arith.c */
lem_status lem_jin_slice_bounds(jin *m, const jin_val part[3], size_t n, int64_t *start, int64_t *stop,
                                int64_t *step) LEM_MUST_CHECK;

/* ---- iter.c: anything that can be iterated as a sequence (a GEN is consumed) */

lem_status lem_jin_iter(jin *m, const jin_val *v, jin_seq **out) LEM_MUST_CHECK;
bool lem_jin_can_iter(const jin_val *v);
lem_status lem_jin_length(jin *m, const jin_val *v, size_t *out) LEM_MUST_CHECK;

/* ---- call.c, str_methods.c, filters.c, filters_seq.c, tests.c */

lem_status lem_jin_call(jin *m, const jin_val *f, const jin_args *args, jin_val *out) LEM_MUST_CHECK;
bool lem_jin_has_method(const jin_val *self, const jin_str *name, const char **method, bool *unsafe);
lem_status lem_jin_str_method(jin *m, const jin_str *self, const char *method, const jin_args *args,
                              jin_val *out) LEM_MUST_CHECK;
const char *lem_jin_find_function(const jin_str *name); /* NULL: none */
typedef lem_status jin_filter(jin *m, const jin_val *v, const jin_args *args, jin_val *out);
jin_filter *
lem_jin_find_filter(const jin_str *name); /* NULL: none, or one of jinja2's that is not supported */
jin_filter *lem_jin_find_seq_filter(const jin_str *name);
bool lem_jin_known_filter(const jin_str *name); /* jinja2 has it */
lem_status lem_jin_filter(jin *m, const jin_str *name, const jin_val *v, const jin_args *args,
                          jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_test(jin *m, const jin_str *name, const jin_val *v, const jin_args *args,
                        bool *out) LEM_MUST_CHECK;
bool lem_jin_find_test(const jin_str *name);
enum { JIN_UPPER, JIN_LOWER, JIN_CAPITALIZE, JIN_TITLE, JIN_FILTER_TITLE, JIN_SWAPCASE };
lem_status lem_jin_case(jin *m, const jin_str *s, int how, jin_val *out) LEM_MUST_CHECK; /* case.c */
lem_status lem_jin_strip(jin *m, const jin_str *s, const jin_val *chars, int sides,
                         jin_val *out) LEM_MUST_CHECK; /* 1 left, 2 right */
lem_status lem_jin_replace(jin *m, const jin_str *s, const jin_str *old, const jin_str *new_, int64_t count,
                           jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_splitlines(jin *m, const jin_str *s, bool keep, jin_val *out) LEM_MUST_CHECK;

/* ---- exec.c */

lem_status lem_jin_exec(jin *m, const jin_node *list) LEM_MUST_CHECK;
lem_status lem_jin_call_macro(jin *m, const jin_macro *f, const jin_args *args, jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_loop_attr(jin *m, jin_loop *l, const jin_str *name, jin_val *out) LEM_MUST_CHECK;
lem_status lem_jin_set_var(jin *m, jin_scope *s, const jin_str *name, jin_val v) LEM_MUST_CHECK;

#endif
