/* compute/selftest.h - every compute path of this CPU against the reference, on small odd shapes */
#ifndef LEM_COMPUTE_SELFTEST_H
#define LEM_COMPUTE_SELFTEST_H

#include "core/pool.h"
#include "core/selftest.h"

/* Adds one check for each path that this CPU has, named "compute path generic" and so on: pack, rmsnorm,
 * linear, swiglu and logprob differ from the reference by less than 1e-4. Errors: LEM_EMEM. */
lem_status lem_compute_selftest(lem_pool *pool, lem_selftest *t, lem_err *err) LEM_MUST_CHECK;

#endif
