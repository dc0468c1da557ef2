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

typedef struct comparison {
    lem_work *w;
    const lem_answer_rules *rules;
} comparison;

static inline lem_answer_result compare_say(lem_answer_verdict v, answer_rule r) {
    return (lem_answer_result){v, lem_answer_rule_text(r)};
}
static inline bool compare_is_equal(lem_answer_result r) {
    return r.verdict == LEM_ANSWER_EQUAL_EXACT || r.verdict == LEM_ANSWER_EQUAL_NUMERIC;
}
static inline bool compare_is_different(lem_answer_result r) {
    return r.verdict == LEM_ANSWER_NOT_EQUAL || r.verdict == LEM_ANSWER_DIFFERENT_KIND;
}

lem_answer_result lem_compare_level(comparison *c, const ast_node *gold, const ast_node *pred, int level);
lem_answer_result lem_compare_scalars(comparison *c, const ast_node *a,
                                      const ast_node *b); /* compare_scalar.c */
/* Values that carry units, percent signs, degrees or currencies; plain is the verdict on the bare values. */
lem_answer_result lem_compare_dressed(comparison *c, const shape *g, const shape *p, lem_answer_result plain);
lem_answer_result lem_compare_groups(comparison *c, const ast_node *a, const ast_node *b,
                                     int level); /* compare_groups.c */
lem_answer_result lem_compare_ordered(comparison *c, const ast_node *a, const ast_node *b, int level);
lem_answer_result lem_compare_unordered(comparison *c, const ast_node *a, const ast_node *b, int level);
lem_answer_result lem_compare_systems(comparison *c, const ast_node *a, const ast_node *b, int level);
lem_answer_result lem_compare_vectors(comparison *c, const ast_node *a, const ast_node *b, int level);
/* compare_relations.c. False: the pair is none of these and other rules decide. */
bool lem_compare_regions(comparison *c, const ast_node *a, const ast_node *b, lem_answer_result *out);
bool lem_compare_equations(comparison *c, const ast_node *a, const ast_node *b, lem_answer_result *out);
lem_answer_result lem_compare_relations(comparison *c, const ast_node *a, const ast_node *b, int level);

#endif
