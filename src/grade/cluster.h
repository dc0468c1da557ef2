/* grade/cluster.h - groups of equal answers, for majority votes
 *
 * Answers with the same key are one group; groups are then merged where a comparison of their first members
 * says equal either way round. The result depends on the answers only, not on their order: groups are taken
 * in the order of their keys. */
#ifndef LEM_GRADE_CLUSTER_H
#define LEM_GRADE_CLUSTER_H

#include "grade/grade.h"

typedef struct lem_grade_answer_text {
    const char *s; /* not terminated */
    size_t len;
} lem_grade_answer_text;

/* group[i] is the number of the group of answers[i], counted from 0 in order of first occurrence. An empty
 * answer is in no group: -1. profile NULL = default. At most n comparisons for each group; more than
 * LEM_GRADE_MAX_GROUPS groups are merged by key only. Fails only with LEM_EMEM. */
enum { LEM_GRADE_MAX_GROUPS = 256 };
lem_status lem_grade_cluster(const lem_grade_answer_text *answers, size_t n, const lem_grade_profile *profile,
                             int *group, lem_err *err) LEM_MUST_CHECK;

#endif
