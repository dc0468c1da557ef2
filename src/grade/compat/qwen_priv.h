/* qwen_priv.h - the parts of the Qwen2.5-Math evaluation, rule by rule: its text clean-up, extraction,
 * parsers and equality
 *
 * Source of the semantics: github.com/QwenLM/Qwen2.5-Math, evaluation/parser.py and evaluation/grader.py,
 * sympy 1.12 and word2number 1.1 as its requirements pin them. Texts are UTF-8 and change in place in a
 * lem_buf; a character is a code point, as in Python. A failed buffer stays failed, so callers check once. */
#ifndef LEM_GRADE_COMPAT_QWEN_PRIV_H
#define LEM_GRADE_COMPAT_QWEN_PRIV_H

#include "grade/compat/complex_priv.h"
#include "grade/compat/compat_priv.h"

#include <stdint.h>

/* ---- qwen_text.c: what Python's str and re do */

typedef struct qwen_text {
    const char *s;
    size_t n;
} qwen_text;

bool lem_qwen_is_word(uint32_t c);  /* \w */
bool lem_qwen_is_space(uint32_t c); /* \s, str.isspace */
/* The code point at s[at], and its length; a byte that is no UTF-8 counts as one code point that is no word.
 */
size_t lem_qwen_char(qwen_text t, size_t at, uint32_t *cp);
size_t lem_qwen_char_before(qwen_text t, size_t at); /* length of the character that ends at `at` > 0 */
size_t lem_qwen_length(qwen_text t);                 /* characters */
qwen_text lem_qwen_text(const lem_buf *b);
qwen_text lem_qwen_part(qwen_text t, size_t from, size_t to);
qwen_text lem_qwen_strip(qwen_text t);                       /* white space on both sides */
qwen_text lem_qwen_strip_of(qwen_text t, const char *chars); /* these ASCII characters on both sides */
qwen_text lem_qwen_rstrip_of(qwen_text t, const char *chars);
size_t lem_qwen_find(qwen_text t, size_t from, const char *what); /* SIZE_MAX: absent */
size_t lem_qwen_find_last(qwen_text t, const char *what);
size_t lem_qwen_count(qwen_text t, const char *what);
bool lem_qwen_is(qwen_text t, const char *s);
bool lem_qwen_starts(qwen_text t, const char *s);
bool lem_qwen_ends(qwen_text t, const char *s);
void lem_qwen_keep(lem_buf *b, qwen_text part); /* b becomes a part of itself */
void lem_qwen_set(lem_buf *b, qwen_text t);     /* t must not lie in b */
void lem_qwen_replace(lem_buf *b, const char *from, const char *to);
void lem_qwen_cut_spans(lem_buf *b, const char *open, const char *close,
                        const char *to); /* re.sub(open + ".*?" + close, to) */
void lem_qwen_lower(lem_buf *b);

/* ---- qwen_strip.c: strip_string and what it is made of */

void lem_qwen_strip_string(lem_buf *b, bool skip_unit);
void lem_qwen_remove_units(lem_buf *b); /* qwen_units.c */
void lem_qwen_word_number(lem_buf *b);  /* qwen_units.c */

/* ---- qwen_extract.c */

void lem_qwen_extract_answer(qwen_text response, lem_grade_task task,
                             lem_buf *out); /* extract_answer, then run_execute's strip_string */
void lem_qwen_choice_clean(qwen_text response, lem_buf *out); /* parser.py's choice_answer_clean */
qwen_text lem_qwen_last_choice(qwen_text pred); /* grader.py's: the last letter A..E, else the text */
bool lem_qwen_keeps_units(lem_grade_task task);

/* ---- qwen_latex.c: sympy's parse_latex and, where it fails, latex2sympy */

typedef enum qwen_kind {
    QWEN_NUM, /* value; key its digits */
    QWEN_SYM,
    QWEN_INF,
    QWEN_ADD, /* two kids */
    QWEN_MUL,
    QWEN_POW,
    QWEN_FN,     /* a function sympy knows; name, kids */
    QWEN_UFN,    /* a function it does not know */
    QWEN_SUM,    /* kids: term, variable, first, last; name "sum" or "prod" */
    QWEN_OPAQUE, /* integral, limit, derivative: compared by its text only; kids */
    QWEN_REL,    /* two kids; name the operator */
    QWEN_MATRIX, /* kids, rows of `cols` */
    QWEN_SET     /* a Python set, tuple or list; name { ( [ */
} qwen_kind;

typedef struct qwen_node {
    qwen_kind kind;
    uint32_t n, cols, depth;
    struct qwen_node **kid;
    const char *name;
    long double value;
} qwen_node;

enum { QWEN_MAX_TREE = 1000 };

/* NULL: the original's parsers all fail and it goes on with the string itself; at a limit w->limit is set. */
qwen_node *lem_qwen_parse(lem_work *w, qwen_text t);
/* A node of these kids, b and a may be NULL; NULL, and the limit set, when the tree gets deeper than
 * QWEN_MAX_TREE. */
qwen_node *lem_qwen_named(lem_work *w, qwen_kind kind, const char *name, qwen_node *a, qwen_node *b);
bool lem_qwen_with_kids(lem_work *w, qwen_node *parent, qwen_node *const *kid, uint32_t n);
bool lem_qwen_has_symbols(const qwen_node *a);

/* ---- qwen_modular.c: true only when both are rational functions with rational coefficients, and different
 * ones */
bool lem_qwen_modular_differ(lem_work *w, const qwen_node *a, const qwen_node *b);

/* ---- qwen_eval.c: what sympy's ==, equals, simplify and N decide, by evaluation */

typedef enum qwen_answer { QWEN_DIFFERENT, QWEN_SAME_TEXT, QWEN_SAME_FORM, QWEN_SAME_VALUE } qwen_answer;
qwen_answer lem_qwen_trees_equal(lem_work *w, const qwen_node *a, const qwen_node *b);

#endif
