/* sandbox_util.h - a sandbox for tests, or the reason why they are skipped */
#ifndef LEM_TESTS_SANDBOX_UTIL_H
#define LEM_TESTS_SANDBOX_UTIL_H

#include "../checks.h"

#include "sandbox/sandbox.h"

#include <stdlib.h>

static lem_sandbox *sandbox;

static inline const char *end_name(lem_sandbox_end e) {
    static const char *const name[] = {"passed", "failed", "time", "memory", "killed", "refused"};
    return name[e];
}

/* Exits with 77, which ctest counts as skipped, where there is no sandbox. */
static inline void open_or_skip(double cpu_seconds, double wall_seconds) {
    const lem_sandbox_limits l = {
        .cpu_seconds = cpu_seconds, .wall_seconds = wall_seconds, .memory = (size_t)400 << 20};
    lem_status st = lem_sandbox_open(&l, &sandbox, &err);
    if (st == LEM_OK) return;
    print_message("skipped: %s\n", err.text);
    exit(st == LEM_EUSAGE ? 77 : 1);
}

static inline lem_sandbox_result run_program(const char *program, const char *checks) {
    const lem_sandbox_program p = {.program = program, .checks = checks};
    lem_sandbox_result r = {.end = LEM_SANDBOX_REFUSED};
    OK(lem_sandbox_run(sandbox, &p, NULL, &r, &err));
    return r;
}

#endif
