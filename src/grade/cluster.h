/* grade/cluster.h - groups of equal answers, for majority votes
 *
 * A group is a set of answers that the policy calls equal, each to each and either way round.
 * An answer joins the first group all of whose answers it equals, so {0.46, 0.5, 0.54} is {0.46, 0.5} and
 * {0.54}. The result depends on the answers only, not on their order: they are taken in the order of their
 * keys. */
#ifndef LEM_GRADE_CLUSTER_H
#define LEM_GRADE_CLUSTER_H

#include "grade/grade.h"

typedef struct lem_grade_answer_text {
    const char *s; /* not terminated */
    size_t len;
} lem_grade_answer_text;

/* group[i] is the number of the group of answers[i], counted from 0 in order of first occurrence. An empty
 * answer is in no group: -1. profile NULL = default.
 * Each text that differs is compared with each other one at most; with more than LEM_GRADE_MAX_GROUPS of them
 * only those with the same key. Fails only with LEM_EMEM. */
enum { LEM_GRADE_MAX_GROUPS = 256 };
lem_status lem_grade_cluster(const lem_grade_answer_text *answers, size_t n, const lem_grade_profile *profile,
                             int *group, lem_err *err) LEM_MUST_CHECK;

/* The same, and which rule broke a tie: *split is the first rule by which an answer equals some answers of a
 * group that it did not join, since it does not equal all of them; NULL where each answer equals all of a
 * group or none. Static. */
lem_status lem_grade_cluster_telling(const lem_grade_answer_text *answers, size_t n,
                                     const lem_grade_profile *profile, int *group, const char **split,
                                     lem_err *err) LEM_MUST_CHECK;

#endif
