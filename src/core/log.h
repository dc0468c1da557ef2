/* core/log.h - messages and progress, to stderr only
 *
 * A lem_log is a sink handed down from cli/; NULL is silent. */
#ifndef LEM_CORE_LOG_H
#define LEM_CORE_LOG_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct lem_log lem_log;
lem_log *lem_log_new(int fd, bool terminal, int level,
                     lem_err *err); /* level: 0 errors, 1 warnings, 2 info, 3 debug */
void lem_log_free(lem_log *l);
/* What was printed to `out` (borrowed) before a message arrives before it. Errors stay in ferror. Before any
 * thread. */
void lem_log_beside(lem_log *l, FILE *out);
void lem_warn(lem_log *l, const char *fmt, ...) LEM_PRINTF(2, 3); /* "warning: …" */
void lem_info(lem_log *l, const char *fmt, ...) LEM_PRINTF(2, 3);
void lem_debug(lem_log *l, const char *fmt, ...) LEM_PRINTF(2, 3);

/* Progress of a counted job: a bar with rate and ETA on a terminal (at most 10 redraws a second), one line
 * per interval (15 s) otherwise. Thread-safe.
 * `unit` is plural ("steps"): it is shown without its s for one. total 0 = not known.
 * `note` is shown behind the bar, e.g. "loss 1.234".
 * On a narrow terminal the bar shrinks and goes, then the units, the note, the count, the rate and
 * the end of the title, so that share and ETA stay. */
typedef struct lem_progress lem_progress;
lem_progress *lem_progress_new(lem_log *l, const char *title, const char *unit, uint64_t total,
                               uint64_t done_before);
void lem_progress_add(lem_progress *p, uint64_t n);
/* What is left, in seconds, where units alone tell it badly (none is done for long, then many at once): bar,
 * share and ETA follow it from then on, and the rate of units is not shown. */
void lem_progress_left(lem_progress *p, double seconds);
/* The same from the share of the work that is done, 0 to 1, where units differ in size: what is left takes as
 * long, for its size, as what was done in this run. Below 0: not known. */
void lem_progress_share(lem_progress *p, double done);
/* What is told of the time rests on little so far: no length is known, only its bound. */
void lem_progress_unsure(lem_progress *p, bool unsure);
/* This progress is the part from..to of a command's work (0 to 1, by time as far as it is known before): what
 * comes behind it counts to what is left. Before the first unit. */
void lem_progress_part(lem_progress *p, double from, double to);
void lem_progress_note(lem_progress *p, const char *fmt, ...) LEM_PRINTF(2, 3);
void lem_progress_free(lem_progress *p); /* prints the closing line: total, time, rate */

/* What the command in work is part of: a stage of a recipe. `name` ("3/24") stands before each progress;
 * `later` is what the stages behind it will take, in seconds, below 0 where that is not known: what is left
 * of everything is told behind the ETA ("all 2:10:00"). name NULL: part of nothing. */
void lem_log_within(lem_log *l, const char *name, double later);

/* What the progress of a command tells of its time, for a program. */
typedef struct lem_outlook {
    double left;    /* seconds, as last told; 0 when all ended; below 0: nothing was told */
    double share;   /* of the work that is done */
    double began;   /* of the first progress, on lem_clock_seconds; 0: there was none */
    uint64_t total; /* units of the last progress that has a total */
    bool unsure;
} lem_outlook;
lem_log *lem_log_new_silent(lem_err *err); /* shows nothing */
lem_outlook lem_log_outlook(lem_log *l);   /* of the progress within it, the last that told something */

double lem_clock_seconds(void); /* monotonic */

/* Set by the signal handler that cli/ installs; long jobs poll it, save and return LEM_EINTR. NULL-safe flag
 * pointer. */
typedef struct lem_cancel {
    _Atomic int requested; /* lock-free: a signal handler, or another thread, sets it */
} lem_cancel;

/* LEM_EINTR "interrupted" once it is requested; NULL is never. */
static inline lem_status lem_cancel_check(const lem_cancel *c, lem_err *e) {
    return c && c->requested ? lem_fail(e, LEM_EINTR, "interrupted") : LEM_OK;
}

#endif
