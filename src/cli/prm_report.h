/* cli/prm_report.h - what an annotation of steps came to: lines for people, an object for programs */
#ifndef LEM_CLI_PRM_REPORT_H
#define LEM_CLI_PRM_REPORT_H

#include "annotate/known.h"
#include "cli/bad_rows_options.h"
#include "cli/prm_judge.h"
#include "cli/prm_rows.h"
#include "cli/remote_run.h"
#include "core/log.h"

typedef struct lem_prm_outcome { /* all borrowed */
    const char *out, *identity;
    const lem_annotate_opts *o;
    int context; /* tokens */
    lem_annotate_from from;
    const lem_prm_rows *rows;
    const lem_annotate_tally *tally;
    const lem_annotate_stats *stats; /* NULL = no rollouts: the rows were labelled already */
    const lem_prm_judge *judge;      /* NULL = none */
    const lem_remote *servers;       /* that made the rollouts; NULL = our own engine */
    uint64_t resumed;                /* rollouts of earlier runs */
    const bad_rows *bad;
} lem_prm_outcome;

/* Labels by step and generator, tokens, agreement with given labels, and warnings of what spoils them. */
void lem_prm_show(const lem_prm_outcome *x, lem_log *log);
lem_json *lem_prm_json(const lem_prm_outcome *x); /* NULL = out of memory */

#endif
