/* cli/score_pace.h - how much of a scoring run is done, by the bytes of the texts of its rows */
#ifndef LEM_CLI_SCORE_PACE_H
#define LEM_CLI_SCORE_PACE_H

#include "core/err.h"
#include "core/json.h"

#include <stdint.h>

typedef struct lem_score_pace { /* zeroed = nothing is known */
    double *bytes;              /* [n] of each row, as they were looked through; owned */
    uint64_t n, cap;
    double total, done; /* of the rows of one pass that are to be scored */
} lem_score_pace;

/* Remembers the size of the next row: its problem and all its candidates; NULL: a row that is left out. */
lem_status lem_score_pace_see(lem_score_pace *p, const lem_json *row, lem_err *err) LEM_MUST_CHECK;
/* A pass begins: none is done, none is to be scored; then each row that is. */
void lem_score_pace_begin(lem_score_pace *p);
void lem_score_pace_expect(lem_score_pace *p, uint64_t row);
/* One of them is done. The share of all, 0 to 1; below 0 where nothing was looked through. */
double lem_score_pace_done(lem_score_pace *p, uint64_t row);
void lem_score_pace_release(lem_score_pace *p);

#endif
