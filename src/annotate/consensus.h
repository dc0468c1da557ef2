/* annotate/consensus.h - whether a judge of steps and Monte Carlo find the same first wrong step
 *
 * Labels are kept only where both do (arXiv 2501.07301, section 3): Monte Carlo alone takes steps for good
 * from whose end a right answer is reached by wrong steps, and for bad that are right and hard to go on from.
 */
#ifndef LEM_ANNOTATE_CONSENSUS_H
#define LEM_ANNOTATE_CONSENSUS_H

#include "core/json.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum lem_consensus {
    LEM_CONSENSUS_SAME,       /* the same first wrong step, or none */
    LEM_CONSENSUS_EARLIER,    /* the judge's is earlier */
    LEM_CONSENSUS_LATER,      /* the judge's is later */
    LEM_CONSENSUS_JUDGE_NONE, /* only Monte Carlo finds one */
    LEM_CONSENSUS_MC_NONE,    /* only the judge finds one */
    LEM_CONSENSUS_UNKNOWN,    /* no first wrong step by Monte Carlo: one that is not known comes first */
    LEM_CONSENSUS_NOT_JUDGED, /* no steps, or too long for the judge */
    LEM_CONSENSUS_KINDS
} lem_consensus;

enum { LEM_NO_ERROR = -1, LEM_ERROR_UNKNOWN = -2 };

/* Of labels: the first step that is 0; LEM_NO_ERROR; LEM_ERROR_UNKNOWN if one below 0 comes before it. */
int lem_first_error_of_labels(const double *label, int n);
/* Of a judge's scores: the first step below the threshold, or LEM_NO_ERROR. */
int lem_first_error_of_scores(const double *score, int n, double threshold);
/* LEM_ERROR_UNKNOWN of judge: it has not judged. That comes before what Monte Carlo knows. */
lem_consensus lem_consensus_of(int mc, int judge);

typedef struct lem_consensus_tally { /* zeroed = empty */
    uint64_t solutions, of[LEM_CONSENSUS_KINDS];
} lem_consensus_tally;
void lem_consensus_add(lem_consensus_tally *t, lem_consensus c);
/* The whole as an object; judge: its name. NULL = out of memory. */
lem_json *lem_consensus_json(const lem_consensus_tally *t, const char *judge, double threshold);

#endif
