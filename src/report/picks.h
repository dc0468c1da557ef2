/* report/picks.h - telling problems among rows of graded and scored candidates, as worked examples
 *
 * Where score and vote disagree about the truth first, then others. Rows that lack texts, verdicts, answers
 * or scores are passed over. */
#ifndef LEM_REPORT_PICKS_H
#define LEM_REPORT_PICKS_H

#include "core/err.h"
#include "core/json.h"
#include "report/page.h"

enum { LEM_PICKS_MOST = 24 };

typedef struct lem_picks lem_picks;
lem_picks *lem_picks_new(int most, lem_err *err); /* 1..LEM_PICKS_MOST are shown */
void lem_picks_free(lem_picks *k);                /* NULL allowed */
/* A row in our columns; it is copied where it is picked. */
lem_status lem_picks_add(lem_picks *k, const lem_json *row, lem_err *err) LEM_MUST_CHECK;
/* Whether a row had a right and a wrong candidate with answers and scores. */
bool lem_picks_any(const lem_picks *k);
/* A section: how often each kind of example occurred, and the picked ones. */
void lem_picks_put(const lem_picks *k, lem_page *p);

#endif
