/* report/manifests.h - the manifests behind the files of a report (docs/jobs.md) */
#ifndef LEM_REPORT_MANIFESTS_H
#define LEM_REPORT_MANIFESTS_H

#include "core/err.h"
#include "core/json.h"

/* The manifest of the job that wrote a file or a folder; NULL when there is none, or one that cannot be read.
 */
lem_status lem_report_manifest(const char *path, lem_json **out, lem_err *err) LEM_MUST_CHECK;
/* The path of the n-th word of that job (n from 1) that is an input; NULL where there is none. Borrowed. */
const char *lem_report_word(const lem_json *manifest, int n);

#endif
