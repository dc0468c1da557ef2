/* compare_priv.h - verdict on two answer trees, and the key of one */
#ifndef LEM_ANSWER_COMPARE_PRIV_H
#define LEM_ANSWER_COMPARE_PRIV_H

#include "answer/rules.h"
#include "answer/shape_priv.h"
#include "answer/verdict.h"

/* By a policy's switches; the gold comes first only where precision follows it. */
lem_answer_result lem_compare_by(lem_work *w, const lem_answer_rules *rules, const ast_node *gold,
                                 const ast_node *pred);
/* Canonical text of what the answer means: without "x =", percent and money signs; units of measurement stay.
 * NULL when there is none. */
const char *lem_compare_key(lem_work *w, const ast_node *a);
/* The same of a tree as it stands, its parts by what they mean. */
const char *lem_compare_text(lem_work *w, const ast_node *a);

/* ---- shared by the compare_*.c files ---- */

enum { COMPARE_MAX_ITEMS = 64, COMPARE_MAX_LEVEL = 8 };

/* What the rules of a comparison share; `part` and `values` are the whole of it, for parts of an answer. */
typedef struct comparison {
    lem_work *w;
    const lem_answer_rules *rules;
    /* Two trees, with what stands around their values. */
    lem_answer_result (*part)(struct comparison *c, const ast_node *gold, const ast_node *pred, int level);
    /* Two values without what stands around them. */
    lem_answer_result (*values)(struct comparison *c, const ast_node *gold, const ast_node *pred, int level);
} comparison;

/* Two trees, and what the shapes say that stands around their values. */
typedef struct compare_pair {
    const ast_node *gold, *pred;
    shape g, p;
    int level;
} compare_pair;

static inline lem_answer_result compare_say(lem_answer_verdict v, answer_rule r) {
    return (lem_answer_result){v, lem_answer_rule_text(r)};
}
static inline bool compare_is_equal(lem_answer_result r) {
    return r.verdict == LEM_ANSWER_EQUAL_EXACT || r.verdict == LEM_ANSWER_EQUAL_NUMERIC;
}
static inline bool compare_is_different(lem_answer_result r) {
    return r.verdict == LEM_ANSWER_NOT_EQUAL || r.verdict == LEM_ANSWER_DIFFERENT_KIND;
}

/* A rule for two values; one that has nothing to say about the pair passes it on. */
typedef lem_answer_result compare_rule(comparison *c, const ast_node *a, const ast_node *b, int level);
#define COMPARE_PASSES ((lem_answer_result){LEM_ANSWER_LIMIT, NULL})

/* compare.c */
compare_rule lem_compare_decimal_comma, lem_compare_choices, lem_compare_texts, lem_compare_bases,
    lem_compare_base, lem_compare_ratios, lem_compare_ratio_number, lem_compare_one_element,
    lem_compare_with_solutions, lem_compare_kinds, lem_compare_as_written;
/* compare_groups.c */
compare_rule lem_compare_groups, lem_compare_ordered, lem_compare_unordered, lem_compare_systems,
    lem_compare_vectors;
/* compare_relations.c */
compare_rule lem_compare_regions, lem_compare_relations;
/* False: one of them is no equation. */
bool lem_compare_equations(comparison *c, const ast_node *a, const ast_node *b, lem_answer_result *out);
/* compare_scalar.c */
compare_rule lem_compare_expressions;
lem_answer_result lem_compare_scalars(comparison *c, const ast_node *a, const ast_node *b);

/* 1 + 2j against 1 + 2i: electrical engineers write j. An answer that has both letters means symbols or unit
 * vectors, not the imaginary unit (compare_imaginary.c). */
void lem_settle_imaginary(lem_work *w, const lem_answer_rules *rules, ast_node **g, ast_node **p);

/* A rule for what stands around the values; *r is what has been said so far. True: nothing more is asked. */
typedef bool compare_around_rule(comparison *c, const compare_pair *x, lem_answer_result *r);
compare_around_rule lem_compare_names;    /* compare_names.c */
compare_around_rule lem_compare_residues; /* compare.c */
compare_around_rule lem_compare_percent, lem_compare_degrees, lem_compare_currency,
    lem_compare_units; /* compare_dressed.c */

#endif
