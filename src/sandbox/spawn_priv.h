/* sandbox/spawn_priv.h - one process in a sandbox: started with given descriptors, killed with all it started
 */
#ifndef LEM_SANDBOX_SPAWN_PRIV_H
#define LEM_SANDBOX_SPAWN_PRIV_H

#include "sandbox/sandbox.h"

#include <sys/types.h>

enum { LEM_SANDBOX_FDS = 7 }; /* descriptors 0 to 6 of the process */

typedef struct lem_sandbox_spawn {
    const char *bwrap, *python, *script;
    bool nobody; /* become that user first; only root can */
    const lem_sandbox_limits *limits;
    int fd[LEM_SANDBOX_FDS]; /* -1: /dev/null for 0 to 2, closed for others; borrowed */
    int info;                /* the writing end of a pipe where bwrap tells its first process; borrowed */
} lem_sandbox_spawn;

/* The process of bwrap in *pid: it ends with the sandbox, and the sandbox with it. */
lem_status lem_sandbox_start(const lem_sandbox_spawn *s, pid_t *pid, lem_err *err) LEM_MUST_CHECK;

/* A descriptor of the first process of a sandbox, from the reading end of its info; -1: none started, or the
 * kernel has no such descriptors (Linux 5.3 has). It waits for bwrap to tell, 5 seconds at most; the caller
 * closes it. */
int lem_sandbox_first(int info);

/* True when that process is gone, within so many seconds.
 * The kernel ends it after all others of its sandbox (pid_namespaces(7)), also after bwrap itself is gone. */
bool lem_sandbox_gone(int first, double seconds);

/* A sealed file in memory with these bytes, read from the start; -1 on failure. */
int lem_sandbox_file(const char *text, size_t len, lem_err *err);

#endif
