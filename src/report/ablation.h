/* report/ablation.h - a result of `lemma ablate` (docs/ablations.md) as a section: the claims, arms side by
 * side with paired differences, curves that join runs, published figures */
#ifndef LEM_REPORT_ABLATION_H
#define LEM_REPORT_ABLATION_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

/* Whether a document is a result of `lemma ablate`. */
bool lem_report_is_ablation(const lem_json *doc);
/* Adds it. csv begins the names of its CSV files. LEM_EDATA where the document is not as docs/ablations.md
 * says; source names it. */
lem_status lem_report_ablation(lem_page *p, const char *csv, const char *source, const lem_json *doc,
                               lem_err *err) LEM_MUST_CHECK;

#endif
