/* sandbox.c - finds bwrap and python3, tries them once, and runs a program beside its tests */
#include "sandbox/sandbox.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/object.h"
#include "sandbox/run_priv.h"

#include <string.h>
#include <unistd.h>

static const char python[] = "/usr/bin/python3";
static const char *const bwraps[] = {"/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"};

void lem_sandbox_result_release(lem_sandbox_result *r) { lem_buf_release(&r->output); }

static lem_sandbox_limits limits_of(const lem_sandbox_limits *given) {
    lem_sandbox_limits l = given ? *given : (lem_sandbox_limits){.output = 0};
    if (l.cpu_seconds < 1) l.cpu_seconds = 10;
    if (!(l.wall_seconds > 0)) l.wall_seconds = 4 * l.cpu_seconds + 5;
    if (!l.memory) l.memory = (size_t)1 << 30;
    if (!l.disk) l.disk = (size_t)16 << 20;
    if (!l.output) l.output = 16384;
    return l;
}

/* Runs nothing, and learns python's version. */
static lem_status try_it(lem_sandbox *s, char why[320], lem_err *err) {
    const lem_sandbox_program p = {
        .program = "import sys\nprint('%d.%d.%d' % sys.version_info[:3], flush=True)\n", .checks = "pass\n"};
    lem_sandbox_result r = {.end = LEM_SANDBOX_REFUSED};
    lem_status st = lem_sandbox_run(s, &p, NULL, &r, err);
    if (st != LEM_OK) return st;
    const char *said = lem_buf_str(&r.output);
    size_t n = strcspn(said, "\n");
    if (n >= sizeof s->version) n = sizeof s->version - 1;
    memcpy(s->version, said, n);
    s->version[n] = '\0';
    memcpy(why, r.why, sizeof r.why);
    if (r.end != LEM_SANDBOX_PASSED) st = LEM_NO;
    lem_sandbox_result_release(&r);
    return st;
}

static lem_status find(lem_sandbox *s, lem_err *err) {
    char why[320] = "";
    for (size_t i = 0; !s->bwrap && i < sizeof bwraps / sizeof bwraps[0]; i++)
        if (access(bwraps[i], X_OK) == 0) s->bwrap = bwraps[i];
    if (!s->bwrap)
        return lem_fail(err, LEM_EUSAGE,
                        "code cannot be executed here: bwrap is not installed (apt-get install bubblewrap)");
    if (access(python, X_OK) != 0)
        return lem_fail(err, LEM_EUSAGE,
                        "code cannot be executed here: %s is not installed (apt-get install python3)",
                        python);
    s->python = python;
    s->nobody = geteuid() == 0;
    lem_status st = try_it(s, why, err);
    if (st == LEM_NO && s->nobody) { /* some containers let root alone make user namespaces */
        s->nobody = false;
        st = try_it(s, why, err);
    }
    if (st != LEM_NO) return st;
    return lem_fail(
        err, LEM_EUSAGE,
        "code cannot be executed here, and is never executed outside a sandbox: %s (user namespaces "
        "must be allowed: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
        "AppArmor, or the container's seccomp profile)",
        why);
}

lem_status lem_sandbox_open(const lem_sandbox_limits *limits, lem_sandbox **out, lem_err *err) {
    lem_sandbox *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->limits = limits_of(limits);
    lem_status st = find(s, err);
    if (st == LEM_OK) *out = s;
    else lem_sandbox_close(s);
    return st;
}

void lem_sandbox_close(lem_sandbox *s) { lem_free(s); }
const char *lem_sandbox_python(const lem_sandbox *s) { return s->version; }

/* What checks.py reads: the tests, and the word that its verdict begins with. */
static lem_status spec_of(const lem_sandbox_program *p, const char *token, lem_buf *out, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "token", token);
    lem_object_str(&o, "prelude", p->prelude);
    lem_object_str(&o, "checks", p->checks);
    lem_object_str(&o, "entry", p->entry);
    lem_json *j = lem_object_done(&o);
    if (!j) return lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_write(j, 0, out);
    lem_json_free(j);
    return lem_buf_ok(out, err);
}

lem_status lem_sandbox_run(const lem_sandbox *s, const lem_sandbox_program *p, const lem_cancel *cancel,
                           lem_sandbox_result *out, lem_err *err) {
    lem_buf spec = {0};
    char token[33];
    lem_sandbox_result r = {.end = LEM_SANDBOX_REFUSED};
    lem_status st = lem_cancel_check(cancel, err);
    if (st == LEM_OK) st = lem_sandbox_token(token, err);
    if (st == LEM_OK) st = spec_of(p, token, &spec, err);
    if (st == LEM_OK) st = lem_sandbox_run_pair(s, p->program, &spec, token, cancel, &r, err);
    lem_buf_release(&spec);
    if (st == LEM_OK) *out = r;
    else lem_sandbox_result_release(&r);
    return st;
}
