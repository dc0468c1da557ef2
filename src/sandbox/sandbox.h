/* sandbox/sandbox.h - runs a Python program and its tests, each shut in a bubblewrap sandbox of its own
 *
 * The program never meets its tests: they run in a second sandbox, send plain values and get plain values
 * back, so that nothing the program does to its own interpreter can make a test pass (src/sandbox/checks.py).
 * A sandbox has no network, its own processes, the system's /usr read-only, a small /tmp in memory, an empty
 * environment, no rights, a seccomp filter and limits; run as root it is the user nobody.
 * Needs bwrap, the system's python3 and user namespaces. Reads no environment, writes nothing outside. */
#ifndef LEM_SANDBOX_SANDBOX_H
#define LEM_SANDBOX_SANDBOX_H

#include "core/buf.h"
#include "core/err.h"
#include "core/log.h"

#include <stdbool.h>
#include <stddef.h>

/* Of each of the two sandboxes; zero is the default in brackets. */
typedef struct lem_sandbox_limits {
    double cpu_seconds;  /* [10], whole seconds */
    double wall_seconds; /* [4 times cpu_seconds, and 5], so that a busy machine changes no verdict */
    size_t memory;       /* bytes of address space [1 GiB] */
    size_t disk;         /* bytes of /tmp, and of any one file [16 MiB] */
    size_t output;       /* bytes kept of what the program prints [16 KiB]; more is read and thrown away */
} lem_sandbox_limits;

typedef struct lem_sandbox_program {
    const char *program; /* Python; run as a module, whose functions the tests call */
    const char *prelude; /* Python that is run before the tests, on their side; NULL = none */
    const char *checks;  /* Python: the tests */
    const char *entry; /* a name of the program that the tests' check() is given; NULL = the tests say all */
} lem_sandbox_program;

typedef enum lem_sandbox_end {
    LEM_SANDBOX_PASSED = 0,
    LEM_SANDBOX_FAILED, /* a test, an exception, a program that ended early */
    LEM_SANDBOX_TIME,
    LEM_SANDBOX_MEMORY,
    LEM_SANDBOX_KILLED, /* by a signal: the stack, a forbidden call */
    LEM_SANDBOX_REFUSED /* nothing was decided: the sandbox did not start, or the row's tests are broken */
} lem_sandbox_end;

typedef struct lem_sandbox_result {
    lem_sandbox_end end;
    char why[320];  /* one line, printable; empty when passed */
    lem_buf output; /* the first bytes of what the program printed, to both streams; may hold any byte */
} lem_sandbox_result;

typedef struct lem_sandbox lem_sandbox;
/* Finds the programs and tries once whether code can be run; LEM_EUSAGE says what is missing and how to get
 * it. limits may be NULL. */
lem_status lem_sandbox_open(const lem_sandbox_limits *limits, lem_sandbox **out, lem_err *err) LEM_MUST_CHECK;
void lem_sandbox_close(lem_sandbox *s);               /* NULL allowed */
const char *lem_sandbox_python(const lem_sandbox *s); /* its version, "3.11.2" */

/* Immutable s: many threads may call it at once. Returns when no process of the sandboxes is left. LEM_EINTR
 * once cancel (NULL = never) is set. Otherwise fails only for want of memory or descriptors. The result is
 * released by the caller. */
lem_status lem_sandbox_run(const lem_sandbox *s, const lem_sandbox_program *p, const lem_cancel *cancel,
                           lem_sandbox_result *out, lem_err *err) LEM_MUST_CHECK;
void lem_sandbox_result_release(lem_sandbox_result *r);

#endif
