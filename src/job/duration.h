/* job/duration.h - spans of time as people write them: "8h", "90m", "3.2 hours" */
#ifndef LEM_JOB_DURATION_H
#define LEM_JOB_DURATION_H

#include "core/err.h"

enum { LEM_DURATION_TEXT = 32 };
/* Of "45s", "90m", "8h", "2d", "1h30m", or a number of seconds; more than 0, at most 1000 days. LEM_EUSAGE
 * else, naming what. */
lem_status lem_duration_parse(const char *text, const char *what, double *seconds,
                              lem_err *err) LEM_MUST_CHECK;
/* "3.2 hours", in the largest unit of which there are two. */
void lem_duration_text(double seconds, char out[LEM_DURATION_TEXT]);

#endif
