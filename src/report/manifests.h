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

/* What is done with a manifest at path, of an output named by [len] bytes. */
typedef lem_status lem_report_visit(void *ctx, const char *path, const char *output, size_t len);
/* Visits the manifests in a folder and those below it, five deep, in the order of names; not those of
 * checkpoints, of unfinished jobs and of hidden folders. A folder that cannot be read has none. */
lem_status lem_report_visit_manifests(const char *dir, lem_report_visit *visit, void *ctx,
                                      lem_err *err) LEM_MUST_CHECK;

#endif
