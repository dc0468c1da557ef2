/* curate/cross_pairs.h - which answers to one problem agree, pair by pair, and whether that keeps a sample
 *
 * Two answers agree if they are the same text, or the grader calls one right with the other as gold, either
 * way round (as grade/cluster.h counts votes); they differ if it decides against that, and are undecided if
 * it decides neither way. So the relation is symmetric. It need not be transitive (precision, undecided
 * pairs): "agree with each other" means every pair. */
#ifndef LEM_CURATE_CROSS_PAIRS_H
#define LEM_CURATE_CROSS_PAIRS_H

#include "grade/cluster.h"

#include <stdint.h>

enum { LEM_CROSS_MAX_TEACHER_ANSWERS = 64 }; /* of one problem */

typedef enum lem_cross_pair {
    LEM_CROSS_AGREE,
    LEM_CROSS_DIFFER,
    LEM_CROSS_UNDECIDED,
    LEM_CROSS_SILENT, /* one of the two is no answer (empty) */
    LEM_CROSS_N_PAIRS
} lem_cross_pair;

/* pair [n * n] receives the relation of a[i] and a[j]; the diagonal is AGREE, or SILENT for no answer.
 * n up to LEM_CROSS_MAX_TEACHER_ANSWERS + 1. Each text is compiled once, each two texts that differ are
 * compared twice at most. A pure function; fails only with LEM_EMEM. */
lem_status lem_cross_compare(const lem_grade_answer_text *a, int n, const lem_grade_profile *profile,
                             uint8_t *pair, lem_err *err) LEM_MUST_CHECK;

typedef struct lem_cross_rule {
    int need;      /* teacher answers that must agree with each other and with the response */
    bool all;      /* all of them, in place of need */
    bool majority; /* more than half of them, in place of need; those that are no answer count among all */
    int least;     /* a sample with fewer teacher answers is not kept */
} lem_cross_rule;

/* Why a sample is kept or not. */
typedef enum lem_cross_why {
    LEM_CROSS_KEPT,
    LEM_CROSS_NO_TEACHER,       /* no teacher has an answer to this prompt */
    LEM_CROSS_TOO_FEW,          /* fewer teacher answers than asked for */
    LEM_CROSS_NO_RESPONSE,      /* the response has no answer */
    LEM_CROSS_TEACHERS_SILENT,  /* too few of the teachers' responses have an answer */
    LEM_CROSS_TEACHERS_DIFFER,  /* too few of their answers agree with each other */
    LEM_CROSS_RESPONSE_DIFFERS, /* enough of them do, and the response is another answer */
    LEM_CROSS_NOT_DECIDED,      /* no pair speaks against it, but some are not decided */
    LEM_CROSS_JUDGED_WRONG,     /* the judge says no (curate/crosscheck.h) */
    LEM_CROSS_NOT_JUDGED,       /* there is no verdict of the judge */
    LEM_CROSS_N_WHY
} lem_cross_why;
const char *lem_cross_why_text(lem_cross_why w); /* "the response differs from teachers that agree", … */

/* pair as above, of n answers of which the first is the response. */
lem_cross_why lem_cross_decide(const uint8_t *pair, int n, const lem_cross_rule *rule);

#endif
