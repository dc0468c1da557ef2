/* report/inputs.h - what the jobs behind a report read: licence and origin of each input, from their
 * manifests */
#ifndef LEM_REPORT_INPUTS_H
#define LEM_REPORT_INPUTS_H

#include "core/err.h"
#include "report/page.h"

#include <stdbool.h>

enum { LEM_REPORT_INPUTS_MAX = 256 };

/* A table of the inputs in the manifests of paths[0..n): of a folder those in it, so many folders deep, by
 * name; of a file the one beside it (entries may be NULL). Each input once; what another of these jobs made
 * is left out. An input whose licence is not known is said to be so; where one is for non-commercial use
 * only, a note says it. *any: the section "How it was made" has begun, and has after the call if there is a
 * table. Manifests that cannot be read are passed over. LEM_EMEM alone fails. */
lem_status lem_report_inputs(lem_page *p, const char *const *paths, int n, bool *any,
                             lem_err *err) LEM_MUST_CHECK;

#endif
