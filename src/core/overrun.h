/* core/overrun.h - tells once when work will take longer than it may: a thread that watches its outlook
 *
 * It stops nothing: a clock that cut the work would make results depend on the machine's load. */
#ifndef LEM_CORE_OVERRUN_H
#define LEM_CORE_OVERRUN_H

#include "core/log.h"

typedef struct lem_overrun lem_overrun;

typedef struct lem_overrun_opts { /* borrowed until lem_overrun_stop */
    lem_log *log;                 /* whose outlook says what is left, believed from a tenth of the work on */
    double began;                 /* on lem_clock_seconds */
    double seconds;               /* that it may take, from then on */
    void (*tell)(void *ctx, double all); /* `all` seconds are what it will take; in another thread */
    void *ctx;
} lem_overrun_opts;

/* LEM_EMEM. */
lem_status lem_overrun_start(const lem_overrun_opts *o, lem_overrun **out, lem_err *err) LEM_MUST_CHECK;
void lem_overrun_stop(lem_overrun *c); /* NULL allowed */

#endif
