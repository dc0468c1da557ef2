/* compare_priv.h - verdict on two answer trees, and the key of one */
#ifndef LEM_GRADE_COMPARE_PRIV_H
#define LEM_GRADE_COMPARE_PRIV_H

#include "grade/compare_rules_priv.h"
#include "grade/shape_priv.h"

/* By a policy's switches; the gold comes first only where precision follows it. */
lem_grade_result lem_grade_compare_by(grade_work *w, const grade_rules *rules, const ast_node *gold,
                                      const ast_node *pred);
/* By the standard policy. */
lem_grade_result lem_grade_compare_trees(grade_work *w, const ast_node *gold, const ast_node *pred);
/* Canonical text of what the answer means: without "x =", percent and money signs; units of measurement stay.
 * NULL when there is none. */
const char *lem_grade_key_text(grade_work *w, const ast_node *a);

/* ---- shared by the compare_*.c files ---- */

enum { COMPARE_MAX_ITEMS = 64, COMPARE_MAX_LEVEL = 8 };

typedef struct comparison {
    grade_work *w;
    const grade_rules *rules;
} comparison;

static inline lem_grade_result compare_say(lem_grade_verdict v, grade_rule r) {
    return (lem_grade_result){v, lem_grade_rule_text(r)};
}
static inline bool compare_is_equal(lem_grade_result r) {
    return r.verdict == LEM_GRADE_EQUAL_EXACT || r.verdict == LEM_GRADE_EQUAL_NUMERIC;
}
static inline bool compare_is_different(lem_grade_result r) {
    return r.verdict == LEM_GRADE_NOT_EQUAL || r.verdict == LEM_GRADE_DIFFERENT_KIND;
}

lem_grade_result lem_compare_level(comparison *c, const ast_node *gold, const ast_node *pred, int level);
lem_grade_result lem_compare_scalars(comparison *c, const ast_node *a,
                                     const ast_node *b); /* compare_scalar.c */
/* Values that carry units, percent signs, degrees or currencies; plain is the verdict on the bare values. */
lem_grade_result lem_compare_dressed(comparison *c, const shape *g, const shape *p, lem_grade_result plain);
lem_grade_result lem_compare_groups(comparison *c, const ast_node *a, const ast_node *b,
                                    int level); /* compare_groups.c */
lem_grade_result lem_compare_ordered(comparison *c, const ast_node *a, const ast_node *b, int level);
lem_grade_result lem_compare_unordered(comparison *c, const ast_node *a, const ast_node *b, int level);
lem_grade_result lem_compare_systems(comparison *c, const ast_node *a, const ast_node *b, int level);
lem_grade_result lem_compare_vectors(comparison *c, const ast_node *a, const ast_node *b, int level);
/* compare_relations.c. False: the pair is none of these and other rules decide. */
bool lem_compare_regions(comparison *c, const ast_node *a, const ast_node *b, lem_grade_result *out);
bool lem_compare_equations(comparison *c, const ast_node *a, const ast_node *b, lem_grade_result *out);
lem_grade_result lem_compare_relations(comparison *c, const ast_node *a, const ast_node *b, int level);

#endif
