/* report/made.h - how each stage behind a report was made: all that its manifest says, folded away */
#ifndef LEM_REPORT_MADE_H
#define LEM_REPORT_MADE_H

#include "core/err.h"
#include "report/page.h"

enum { LEM_REPORT_MADE_MAX = 128 };

/* A fold for each manifest of paths[0..n) (docs/jobs.md): of a folder first those of the stages of its
 * run.json in their order, then those in it by name, of a file the one beside it; entries may be NULL, each
 * manifest once, those of reports left out. It has the command, version, compute path, identity, every option
 * with its value, each input with digest and licence, what was chosen, and the digest of the output. *any:
 * the section "How it was made" has begun, and has after the call if there is a fold. Manifests that cannot
 * be read are passed over. LEM_EMEM alone fails. */
lem_status lem_report_made(lem_page *p, const char *const *paths, int n, bool *any,
                           lem_err *err) LEM_MUST_CHECK;

#endif
