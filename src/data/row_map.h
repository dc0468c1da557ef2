/* data/row_map.h - columns of foreign names under ours: a list of "ours=theirs", theirs a dotted path
 * ("instances.0.output") */
#ifndef LEM_DATA_ROW_MAP_H
#define LEM_DATA_ROW_MAP_H

#include "core/err.h"
#include "core/json.h"

/* LEM_EUSAGE for an entry that is no "ours=theirs". map NULL or empty: nothing is mapped. */
lem_status lem_row_map_check(const lem_json *map, lem_err *err) LEM_MUST_CHECK;
/* Puts what is at theirs under ours, in place of what stands there; the row keeps its other columns. What is
 * not there stays away, but in the first row of a file it is LEM_EDATA, which lists the columns found. */
lem_status lem_row_map_apply(const lem_json *map, lem_json *row, bool first, lem_err *err) LEM_MUST_CHECK;

#endif
