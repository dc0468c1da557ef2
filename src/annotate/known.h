/* annotate/known.h - labels of steps without rollouts: from the samples that are there, or from a worked
 * solution
 *
 * From samples: a step that is not the last counts k of n, where n of the problem's solutions begin with the
 * same steps up to it and k of these are right: rollouts that were drawn already. A solution that nobody
 * shares a beginning with counts itself alone. From a worked solution: a step is good while it and all before
 * it are those of the worked one, the last one too. That asks more than a right answer: it is exact where a
 * problem has one solution, as generated problems have. */
#ifndef LEM_ANNOTATE_KNOWN_H
#define LEM_ANNOTATE_KNOWN_H

#include "annotate/annotate.h"

typedef enum lem_annotate_from {
    LEM_ANNOTATE_ROLLOUTS, /* annotate/annotate.h */
    LEM_ANNOTATE_SAMPLES,
    LEM_ANNOTATE_WORKED
} lem_annotate_from;

#define LEM_ANNOTATE_FROM_NAMES "samples|worked"

/* Annotates all problems that the host gives, each at once and in order; of the host only next and done are
 * called. from: SAMPLES, or WORKED, which needs the problems' `worked` (LEM_EDATA without). Of the stats:
 * steps, points = measured (ends of steps), rollouts and right (solutions that were counted). */
lem_status lem_annotate_known(lem_annotate_from from, const char *separator, const lem_annotate_host *host,
                              const lem_cancel *cancel, lem_annotate_stats *stats,
                              lem_err *err) LEM_MUST_CHECK;

#endif
