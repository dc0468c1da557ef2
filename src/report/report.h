/* report/report.h - a report of runs: results, training curves, worked examples and how all of it was made */
#ifndef LEM_REPORT_REPORT_H
#define LEM_REPORT_REPORT_H

#include "core/err.h"
#include "report/page.h"
#include "report/sources.h"
#include "rows/rows.h"

typedef struct lem_report_request { /* all borrowed */
    /* [n_inputs >= 1] run folders, telemetry.jsonl, JSON files with `metrics`, traces of searches */
    const char *const *inputs;
    int n_inputs;
    const char *title; /* NULL: the name of the first input's run */
    /* [n_sets] files of graded candidates: problems, worked examples, scores (report/sets.h) */
    const char *const *examples;
    int n_sets;
    const lem_row_judge *const *judges; /* [n_sets] of their rows; the array may be NULL */
    int n_examples;                     /* how many worked examples */
    int n_trees;                        /* of how many problems of a trace the trees are shown */
    bool times;                         /* seconds of each stage: the page then differs from run to run */
    const lem_pair *machine;
    int n_machine; /* shown last under "Machine"; 0 = not shown */
    int refresh;   /* above 0: the page looks again after so many seconds, since something is under way */
    const lem_cancel *cancel; /* NULL = never */
} lem_report_request;

/* Sections: what is under way, comparisons, results, worked examples, searches, training, how it was made
 * (stages; inputs with their licences, report/inputs.h), the machine; those without a source are left out.
 * The same files give the same page, unless times or a machine are asked for. sources: what lem_sources_add
 * found in the inputs. *page is the caller's (lem_page_free). LEM_EDATA: a file that is not as documented. */
lem_status lem_report_make(const lem_report_request *r, const lem_sources *sources, lem_page **page,
                           lem_err *err) LEM_MUST_CHECK;

#endif
