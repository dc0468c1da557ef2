/* teach/once.h - one request, waited for: what a job asks before it begins */
#ifndef LEM_TEACH_ONCE_H
#define LEM_TEACH_ONCE_H

#include "teach/teach.h"
#include "teach/verdict.h"

/* Sends body to the first of o->urls that takes it and waits. Refusals for now and servers that cannot be
 * reached are tried again, o->tries times in all, with pauses as in a job; the next server is asked each
 * time. *out is the last verdict, its record the caller's. LEM_EINTR once o->cancel is set.
 * Of o: urls, key, plain, tries, timeout_s, base_s, seed, cancel. */
lem_status lem_teach_once(const lem_teach_opts *o, const char *path, const lem_buf *body,
                          lem_verdict_read *read, void *ctx, lem_verdict *out, lem_err *err) LEM_MUST_CHECK;

#endif
