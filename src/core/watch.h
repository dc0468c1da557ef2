/* core/watch.h - a thread that holds work against its time: it asks it to stop, or tells that it will be late
 *
 * Only a trial is stopped by its time: a clock that cut other work would make results depend on the load. */
#ifndef LEM_CORE_WATCH_H
#define LEM_CORE_WATCH_H

#include "core/log.h"

typedef struct lem_watch lem_watch;

typedef struct lem_deadline { /* of work that ends after a while; all borrowed until lem_watch_end */
    lem_log *log;             /* whose outlook says when the work began, and whether it is unsure */
    const lem_cancel *outer;  /* stops it too; NULL = never */
    lem_cancel *cancel;       /* what the work looks at: it is set */
    double seconds;           /* of work, from the first progress */
    double unsure_seconds;    /* of work while its outlook is unsure */
    double most_seconds;      /* before any work */
} lem_deadline;

typedef struct lem_overrun { /* of work that is not stopped; all borrowed until lem_watch_end */
    lem_log *log;            /* whose outlook says what is left, believed from a tenth of the work on */
    double began;            /* on lem_clock_seconds */
    double seconds;          /* that it may take, from then on */
    void (*tell)(void *ctx, double all); /* once: `all` seconds are what it will take; in another thread */
    void *ctx;
} lem_overrun;

/* LEM_EMEM. */
lem_status lem_watch_deadline(const lem_deadline *d, lem_watch **out, lem_err *err) LEM_MUST_CHECK;
lem_status lem_watch_overrun(const lem_overrun *o, lem_watch **out, lem_err *err) LEM_MUST_CHECK;
void lem_watch_end(lem_watch *w); /* NULL allowed; at once */

#endif
