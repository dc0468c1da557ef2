/* eval/made_of.h - a number that tells runs apart, read from what a file was made of
 *
 * The manifests of the file, of its inputs, of their inputs … are looked at, nearest first, in the order in
 * which they name their inputs (docs/jobs.md). Paths are those of the manifests, as they were when the
 * command ran, seen from the working folder; what is not there any more has no manifest.
 *
 *   parameters   of the nearest model folder's weights
 *   steps, rows-seen, tokens-seen   of the nearest training: steps of its telemetry.jsonl, these times its
 *                batch, tokens that were trained on
 *   other names  the option of that name of the nearest command that has it as a number */
#ifndef LEM_EVAL_MADE_OF_H
#define LEM_EVAL_MADE_OF_H

#include "core/err.h"

/* LEM_EDATA where nothing tells it, or a manifest is damaged. */
lem_status lem_eval_made_of(const char *path, const char *name, double *out, lem_err *err) LEM_MUST_CHECK;

#endif
