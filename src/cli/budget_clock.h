/* cli/budget_clock.h - how a job keeps to its --budget while it runs
 *
 * What a budget allows is chosen before the work begins and is the job's option from then on: a clock that
 * cut it would make results depend on the machine's load. So the clock only tells: once, when the work will
 * take half as long again as it may, and at the end, what was used. */
#ifndef LEM_CLI_BUDGET_CLOCK_H
#define LEM_CLI_BUDGET_CLOCK_H

#include "core/log.h"

typedef struct lem_budget_clock lem_budget_clock;

/* text: the budget as it was written, seconds: what it says; it began at `began` (lem_clock_seconds). log and
 * text are borrowed until the stop. LEM_EMEM. */
lem_status lem_budget_clock_start(lem_log *log, const char *text, double seconds, double began,
                                  lem_budget_clock **out, lem_err *err) LEM_MUST_CHECK;
/* ended: the work was done, and its time is told. NULL allowed. */
void lem_budget_clock_stop(lem_budget_clock *c, bool ended);

#endif
