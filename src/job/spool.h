/* job/spool.h - standard input kept in a nameless file, so that it has a digest and can be read again */
#ifndef LEM_JOB_SPOOL_H
#define LEM_JOB_SPOOL_H

#include "core/err.h"
#include "core/log.h"

/* Reads standard input to its end into a nameless file in dir, which then stands in its place.
 * hex receives the SHA-256 of all bytes. */
lem_status lem_spool_stdin(const char *dir, const lem_cancel *cancel, char hex[65],
                           lem_err *err) LEM_MUST_CHECK;

#endif
