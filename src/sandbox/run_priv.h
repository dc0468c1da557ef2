/* sandbox/run_priv.h - the two sandboxes of one program: started, listened to, ended, and what it came to */
#ifndef LEM_SANDBOX_RUN_PRIV_H
#define LEM_SANDBOX_RUN_PRIV_H

#include "sandbox/sandbox.h"

struct lem_sandbox {
    lem_sandbox_limits limits;
    const char *bwrap, *python; /* static */
    bool nobody;
    char version[32];
};

/* A new random word of 32 letters: the tests' verdict begins with it, and the program never sees it. */
lem_status lem_sandbox_token(char out[33], lem_err *err) LEM_MUST_CHECK;

/* As lem_sandbox_run; spec is what checks.py reads. */
lem_status lem_sandbox_run_pair(const lem_sandbox *s, const char *program, const lem_buf *spec,
                                const char *token, const lem_cancel *cancel, lem_sandbox_result *out,
                                lem_err *err) LEM_MUST_CHECK;

#endif
