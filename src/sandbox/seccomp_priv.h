/* sandbox/seccomp_priv.h - the filter of system calls of a sandbox */
#ifndef LEM_SANDBOX_SECCOMP_PRIV_H
#define LEM_SANDBOX_SECCOMP_PRIV_H

#include "core/err.h"

/* A new descriptor with the filter as bwrap reads it; the caller closes it. -1, with err, on failure; on
 * machines other than x86-64 and aarch64 there is no filter: *any is false. */
int lem_sandbox_filter(int *any, lem_err *err);

#endif
