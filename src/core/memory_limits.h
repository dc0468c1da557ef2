/* core/memory_limits.h - how much memory this process may have: the machine's, its control groups', its own
 * limits
 *
 * A container or a batch system gives a job a part of the machine, by a control group (v1 or v2) or by limits
 * of the process (ulimit -v, -d): the machine's own size says nothing there. Nothing here may change a
 * result. */
#ifndef LEM_CORE_MEMORY_LIMITS_H
#define LEM_CORE_MEMORY_LIMITS_H

typedef struct lem_memory_limits {
    double most; /* bytes that this process may have in all, those it has among them */
    double free; /* bytes that it may still take now, beside other programs; caches of files count as free */
    double room; /* bytes that it could still take were it alone */
    const char *who; /* sets `room`: "this machine has", "the control group allows", "half of ulimit is" */
} lem_memory_limits;

/* root: of /proc and /sys, "" but for tests. What cannot be read is no limit. */
lem_memory_limits lem_memory_limits_look(const char *root);

#endif
