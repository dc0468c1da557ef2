/* report/report.h - a report of runs: results, training curves, worked examples and how all of it was made
 *
 * Sources are found in run folders (run.json of `lemma run`, telemetry.jsonl of training, JSON files with a
 * list of `metrics`), down to five folders deep, or named one by one. */
#ifndef LEM_REPORT_REPORT_H
#define LEM_REPORT_REPORT_H

#include "core/err.h"
#include "core/log.h"
#include "report/page.h"

typedef struct lem_report_request { /* all borrowed */
    const char *const *inputs; /* [n_inputs >= 1] run folders, telemetry.jsonl, JSON files with `metrics` */
    int n_inputs;
    const char *title;    /* NULL: the name of the first input's run */
    const char *examples; /* graded and scored candidates to pick worked examples from; NULL = none */
    int n_examples;       /* how many */
    bool times;           /* seconds of each stage: the page then differs from run to run */
    const lem_pair *machine;
    int n_machine; /* shown last under "Machine"; 0 = not shown */
    lem_log *log;  /* warned about files that cannot be read; NULL = silent */
} lem_report_request;

/* Sections: results, worked examples, training, how it was made, the machine; those without a source are left
 * out. The same files give the same page, unless times or a machine are asked for.
 * *page is the caller's (lem_page_free); *n_sources: how many result and telemetry files it shows.
 * LEM_EDATA: a folder without anything to show, a named file without metrics, a file that is not as
 * documented. */
lem_status lem_report_make(const lem_report_request *r, lem_page **page, int *n_sources,
                           lem_err *err) LEM_MUST_CHECK;

#endif
