/* data/candidate_export.h - a problem's candidates as a row of another tool's file
 *
 * What a layout has no column for goes under our own name beside its columns, so that nothing is lost and
 * the file read again gives the same tables (data/candidate_maps.h). A problem needs a gold and texts. */
#ifndef LEM_DATA_CANDIDATE_EXPORT_H
#define LEM_DATA_CANDIDATE_EXPORT_H

#include "core/json.h"
#include "data/candidates.h"

/* In the order of the names. */
typedef enum lem_export_as {
    LEM_EXPORT_NEMO,
    LEM_EXPORT_SAL,
    LEM_EXPORT_QWEN,
    LEM_EXPORT_LM_EVAL
} lem_export_as;
#define LEM_EXPORT_NAMES "nemo|sal|qwen|lm-eval"

/* row: what c was read from, whose id, level, subject, type and domain go along; number: its place from 0,
 * the id where it has none. NeMo-Skills has a row for each candidate; the others have one for all, and
 * candidate is not looked at. *out is the caller's. LEM_EDATA without gold, problem or texts. */
lem_status lem_candidate_export(lem_export_as as, const lem_candidates *c, const lem_json *row,
                                uint64_t number, int candidate, lem_json **out, lem_err *err) LEM_MUST_CHECK;

#endif
