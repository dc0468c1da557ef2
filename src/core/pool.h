/* core/pool.h - a pool of threads for data-parallel loops
 *
 * lem_pool_run calls fn(ctx, task, worker) once for each task in 0..n_tasks-1 and returns when all are done.
 * Tasks are handed out in any order to any worker, so a task may write only its own results: that keeps
 * results independent of the thread count. worker < lem_pool_threads(pool) names scratch space. A NULL pool
 * runs everything in the caller as worker 0. Calls do not nest. */
#ifndef LEM_CORE_POOL_H
#define LEM_CORE_POOL_H

#include "core/err.h"

typedef struct lem_pool lem_pool;
typedef void lem_pool_fn(void *ctx, int task, int worker);

lem_pool *lem_pool_new(int threads, lem_err *err); /* threads 0 = lem_pool_default_threads() */
void lem_pool_free(lem_pool *p);
int lem_pool_threads(const lem_pool *p); /* >= 1; 1 for NULL */
void lem_pool_run(lem_pool *p, int n_tasks, lem_pool_fn *fn, void *ctx);
int lem_pool_default_threads(void); /* affinity mask and cgroup quota respected */

#endif
