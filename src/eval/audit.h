/* eval/audit.h - what a person should look at in a graded file: pairs that two policies judge differently,
 * near misses, the unparsed
 *
 * Equal cases (kind, gold, answer and both verdicts alike) are one entry with a count. Entries keep the order
 * of their first appearance, so the audit of a file does not depend on threads. */
#ifndef LEM_EVAL_AUDIT_H
#define LEM_EVAL_AUDIT_H

#include "core/err.h"
#include "eval/grade_rows.h"

#include <stdint.h>

typedef enum lem_audit_kind {
    LEM_AUDIT_DISAGREE,  /* right by one policy, not by the other */
    LEM_AUDIT_NEAR,      /* wrong, but close: see `why` */
    LEM_AUDIT_UNDECIDED, /* gold or prediction unparsed, or a limit reached */
    LEM_AUDIT_WEAK,      /* taken for right, but nothing in the response marks it as the answer */
    LEM_AUDIT_N_KINDS
} lem_audit_kind;

enum { LEM_AUDIT_TEXT = 6000, LEM_AUDIT_TEXTS = 4000 };

typedef struct lem_audit_entry {
    lem_audit_kind kind;
    const char *gold, *answer; /* these and the next three are owned by the audit */
    const char *file;
    const char *problem, *response; /* their first LEM_AUDIT_TEXT bytes; "" where there are none, and for what
                                       comes behind LEM_AUDIT_TEXTS entries */
    lem_answer_result result, other; /* other: by the second policy; rule NULL without one */
    const char *why;                 /* static; what makes it a near miss, else "" */
    uint64_t line, count;            /* of the first appearance; how often */
    int candidate;
} lem_audit_entry;

typedef struct lem_audit lem_audit;
lem_audit *lem_audit_new(lem_err *err);
void lem_audit_free(lem_audit *a);
typedef struct lem_audit_place { /* of a row; all borrowed */
    const char *file;
    uint64_t line;
    const lem_candidates *c; /* for problem and responses; NULL = none */
} lem_audit_place;
/* One graded row; other may be NULL; why is [g->n] from lem_audit_near, or NULL. */
lem_status lem_audit_add(lem_audit *a, const lem_graded *g, const lem_graded *other, const char *const *why,
                         const lem_audit_place *where, lem_err *err) LEM_MUST_CHECK;
size_t lem_audit_count(const lem_audit *a);
const lem_audit_entry *lem_audit_at(const lem_audit *a, size_t i);
uint64_t lem_audit_total(const lem_audit *a, lem_audit_kind k); /* appearances */

/* Why a wrong answer is near: "right by the lenient policy", "within 1 %", "the opposite sign", "one
 * character differs" (of what is no number); NULL when it is not. A pure function; the profile's policy is
 * one of ours or another's. */
lem_status lem_audit_near(const lem_grade_profile *p, const char *gold, const char *answer, const char **why,
                          lem_err *err) LEM_MUST_CHECK;

#endif
