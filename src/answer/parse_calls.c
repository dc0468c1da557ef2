/* parse_calls.c - is a letter before a bracket a function or a factor? f(2x), P(0), X(s), y'(0) are applied,
 * x(x+1) and P(1+r) are products; told by looking at the tokens, nothing is read */
#include "answer/parse_calls_priv.h"

#include <string.h>

enum { LOOK_AHEAD = 64 };

typedef enum letter_kind {
    LETTER_CONSTANT, /* pi, e, i and words: never applied */
    LETTER_PLAIN,    /* any letter: applied to a number or a single other symbol */
    LETTER_USUAL,    /* g, h, F: a usual name of a function, and of a quantity too */
    LETTER_FUNCTION  /* f, phi, y': applied to whatever stands in the bracket */
} letter_kind;

/* \operatorname{Var}: a name of several letters that is no symbol of LaTeX. */
static bool is_operator(const ast_node *head) { return head->open == OP_NAME; }

static letter_kind kind_of(const ast_node *head) {
    size_t n = 0;
    if (memchr(head->name, '\'', head->len)) return LETTER_FUNCTION;
    while (n < head->len && head->name[n] != '_' && head->name[n] != '^') n++;
    if (lem_lex_in_words("f f^-1", head->name, head->len) ||
        lem_lex_in_words("f phi varphi Phi Psi psi", head->name, n) || is_operator(head))
        return LETTER_FUNCTION;
    if (lem_lex_in_words(
            "pi e i j reals integers naturals rationals complexes infty angle triangle dots cdots ldots "
            "to odot oplus perp parallel nabla partial index",
            head->name, n) ||
        memchr(head->name, ' ', n))
        return LETTER_CONSTANT;
    return lem_lex_in_words("g h F G H", head->name, n) ? LETTER_USUAL : LETTER_PLAIN;
}

/* What stands between a bracket and its partner. */
typedef struct inside {
    size_t n;                     /* tokens; 0 where the bracket does not close soon */
    size_t numbers, others;       /* of them: numbers, and what is neither number nor symbol nor sign */
    size_t symbols;               /* different ones */
    bool comma, first_sign, same; /* same: the letter before the bracket is the only symbol */
    bool event;                   /* a sign of sets or relations: P(A \cup B), P(X = 2) */
} inside;

static bool same_text(const lex_tok *a, const char *s, size_t n) {
    return a->len == n && memcmp(a->text, s, n) == 0;
}

/* Counts one token; symbols that were met before count once. */
static void count(const parser *p, size_t from, size_t k, const ast_node *head, inside *x) {
    const lex_tok *t = &p->t.tok[k];
    if (t->kind == TOK_NUM) x->numbers++;
    else if (t->kind == TOK_SYM) {
        size_t j = from;
        while (j < k && !(p->t.tok[j].kind == TOK_SYM && same_text(&p->t.tok[j], t->text, t->len))) j++;
        x->symbols += j == k;
        x->same = same_text(t, head->name, head->len);
    } else if (parse_is(t, ',')) x->comma = true;
    else if (parse_is(t, '-') && k == from) x->first_sign = true;
    else x->others++;
    x->event = x->event || (t->kind == TOK_OP && t->op && strchr("UN\\=<>lgI|'", t->op));
}

static inside look(const parser *p, const ast_node *head) {
    inside x = {0};
    size_t from = p->i + 1, k = from;
    for (int depth = 1; k < p->t.n && k - from < LOOK_AHEAD; k++) {
        const lex_tok *t = &p->t.tok[k];
        depth += parse_is(t, '(') + parse_is(t, '[') - parse_is(t, ')') - parse_is(t, ']');
        if (depth == 0) {
            x.n = k - from;
            break;
        }
        count(p, from, k, head, &x);
    }
    return x;
}

/* One number or one symbol, with a sign at most; a symbol may have a subscript, primes or a power. */
static bool is_single(const inside *x) {
    size_t parts = x->n - x->first_sign;
    if (x->comma) return false;
    return parts == 1 ? x->numbers + x->symbols == 1 : x->numbers == 1 && x->symbols == 0 && parts <= 2;
}

/* E[X], \\operatorname{Var}[X]; of other letters square brackets hold a factor. */
static bool may_open(const parser *p, const ast_node *head) {
    if (p->i >= p->t.n) return false;
    const lex_tok *t = &p->t.tok[p->i];
    if (parse_is(t, '[')) return is_operator(head) || lem_lex_in_words("E P", head->name, head->len);
    return parse_is(t, '(');
}

bool lem_parse_is_call(const parser *p, const ast_node *head) {
    letter_kind kind = kind_of(head);
    if (kind == LETTER_CONSTANT || !may_open(p, head)) return false;
    inside x = look(p, head);
    if (parse_is(&p->t.tok[p->i], '[')) return x.n > 0;
    if (!x.n) return kind == LETTER_FUNCTION && p->i + 1 < p->t.n && !parse_is(&p->t.tok[p->i + 1], ')');
    if (kind == LETTER_FUNCTION) return true;
    if (x.same && x.symbols == 1) return false;
    if (x.comma) return kind == LETTER_USUAL;
    if (x.event) return lem_ast_is_sym(head, "P");
    return is_single(&x) || (kind == LETTER_USUAL && x.symbols <= 1);
}

ast_node *lem_ast_call(lem_work *w, const ast_node *head, ast_node *argument) {
    bool list = argument && argument->kind == AST_TUPLE;
    if (!argument) return NULL;
    ast_node *a = lem_ast_new(w, AST_FN, list ? argument->n : 1);
    if (!a) return NULL;
    for (uint32_t k = 0; k < a->n; k++) a->kid[k] = list ? argument->kid[k] : argument;
    a->name = head->name;
    a->len = head->len;
    a->call = true;
    return a;
}

/* ---- what a tree with applications may mean ---- */

bool lem_ast_has_call(lem_work *w, const ast_node *a) {
    for (;;) {
        if (!lem_work_spend(w, 2)) return false;
        if (a->kind == AST_FN && a->call) return true;
        if (!a->n) return false;
        for (uint32_t k = 1; k < a->n; k++)
            if (lem_ast_has_call(w, a->kid[k])) return true;
        a = a->kid[0];
    }
}

static ast_node *replaced(lem_work *w, ast_node *a, ast_node *by(lem_work *, ast_node *)) {
    if (!a || !lem_work_spend(w, 8)) return NULL;
    if (!a->n) return a;
    ast_node **kid = lem_work_alloc(w, a->n, sizeof *kid);
    bool same = true;
    for (uint32_t k = 0; kid && k < a->n; k++) {
        if (!(kid[k] = replaced(w, a->kid[k], by))) return NULL;
        same = same && kid[k] == a->kid[k];
    }
    if (!kid) return NULL;
    ast_node *r = same ? a : lem_ast_with_kids(w, a, kid);
    return r && r->kind == AST_FN && r->call ? by(w, r) : r;
}

/* f(a, b) as f a + f~ b; f(0) as a symbol of its own, since nobody writes a product with 0 so. NULL where no
 * product can be meant. */
static ast_node *as_product(lem_work *w, ast_node *call) {
    ast_node *sum = NULL;
    if (lem_lex_in_words("derivative cross compose digits", call->name, call->len)) return NULL;
    if (call->n == 1 && call->kid[0]->kind == AST_NUM && lem_rat_sign(call->kid[0]->q) == 0) {
        char *at = lem_work_alloc(w, call->len + 3, 1);
        if (!at) return NULL;
        memcpy(at, call->name, call->len);
        memcpy(at + call->len, "(0)", 3);
        return lem_ast_named(w, AST_SYM, at, call->len + 3);
    }
    for (uint32_t k = 0; k < call->n; k++) {
        char *name = lem_work_alloc(w, call->len + k + 1, 1);
        if (!name) return NULL;
        memcpy(name, call->name, call->len);
        memset(name + call->len, '~', k);
        ast_node *term = lem_ast_mul(w, lem_ast_named(w, AST_SYM, name, call->len + k), call->kid[k]);
        sum = sum ? lem_ast_add(w, sum, term) : term;
        if (!sum) return NULL;
    }
    return sum;
}

ast_node *lem_ast_calls_as_products(lem_work *w, ast_node *a) { return replaced(w, a, as_product); }

static ast_node *under_new_name(lem_work *w, ast_node *call) {
    char *name = lem_work_alloc(w, call->len + 1, 1);
    ast_node *r = name ? lem_ast_new(w, AST_FN, 0) : NULL;
    if (!r) return NULL;
    *r = *call;
    memcpy(name, call->name, call->len);
    name[call->len] = '~';
    r->name = name;
    r->len = call->len + 1;
    return r;
}

ast_node *lem_ast_rename_calls(lem_work *w, ast_node *a) { return replaced(w, a, under_new_name); }
