/* core/deadline.h - work that ends after a while: a thread that watches the clock and asks it to stop */
#ifndef LEM_CORE_DEADLINE_H
#define LEM_CORE_DEADLINE_H

#include "core/log.h"

typedef struct lem_deadline lem_deadline;

typedef struct lem_deadline_opts { /* all borrowed until lem_deadline_stop */
    lem_log *log;                  /* whose outlook says when the work began, and whether it is unsure */
    const lem_cancel *outer;       /* stops it too; NULL = never */
    lem_cancel *cancel;            /* what the work looks at: it is set */
    double seconds;                /* of work, from the first progress */
    double unsure_seconds;         /* of work while its outlook is unsure */
    double most_seconds;           /* before any work */
} lem_deadline_opts;

lem_status lem_deadline_start(const lem_deadline_opts *o, lem_deadline **out, lem_err *err) LEM_MUST_CHECK;
void lem_deadline_stop(lem_deadline *d); /* NULL allowed */

#endif
