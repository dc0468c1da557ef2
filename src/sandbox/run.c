/* run.c - the two sandboxes of one program: started, listened to, ended, and what it came to */
#include "sandbox/run_priv.h"

#include "core/json.h"
#include "sandbox/spawn_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

extern const char lem_sandbox_candidate[], lem_sandbox_checks[]; /* wire.py and each, embedded by CMake */

enum { REPORT = 0, OUTPUT, ERRORS, N_HEARD };
enum { MAX_REPORT = 8192, TICK_MS = 100, DRAIN_MS = 10000, END_SECONDS = 5 };
enum { READ_END = 0, WRITE_END = 1 };
enum { CANDIDATE, CHECKS, N_SIDES };

typedef struct pair {
    const lem_sandbox *s;
    int request[2], reply[2]; /* pipes between the two */
    int heard[N_HEARD]
             [2]; /* pipes to us: the verdict, what the program prints, what goes wrong in the tests */
    int info[N_SIDES][2], first[N_SIDES]; /* what bwrap tells, and the first process of each */
    int program, spec;
    lem_buf text[N_HEARD];
    pid_t candidate, checks; /* 0: not started, or waited for */
    int status;              /* of the one that ended without a verdict */
    bool ended;              /* it did, before we killed it */
    bool late;
    double start;
} pair;

lem_status lem_sandbox_token(char out[33], lem_err *err) {
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return lem_fail_errno(err, LEM_EIO, "no random bytes from the system");
    for (int i = 0; i < 16; i++) snprintf(out + 2 * i, 3, "%02x", b[i]);
    return LEM_OK;
}

static void shut(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static lem_status open_pipes(pair *p, const char *program, const lem_buf *spec, lem_err *err) {
    p->program = lem_sandbox_file(program, strlen(program), err);
    if (p->program < 0) return LEM_EIO;
    p->spec = lem_sandbox_file(lem_buf_str(spec), spec->len, err);
    if (p->spec < 0) return LEM_EIO;
    bool ok = pipe2(p->request, O_CLOEXEC) == 0 && pipe2(p->reply, O_CLOEXEC) == 0;
    for (int i = 0; ok && i < N_HEARD; i++) ok = pipe2(p->heard[i], O_CLOEXEC) == 0;
    for (int i = 0; ok && i < N_SIDES; i++) ok = pipe2(p->info[i], O_CLOEXEC) == 0;
    if (!ok) return lem_fail_errno(err, LEM_EIO, "no pipes for the sandbox");
    for (int i = 0; i < N_HEARD; i++) (void)fcntl(p->heard[i][READ_END], F_SETFL, O_NONBLOCK);
    return LEM_OK;
}

static lem_status start_both(pair *p, lem_err *err) {
    const lem_sandbox *s = p->s;
    lem_sandbox_spawn it = {
        .bwrap = s->bwrap, .python = s->python, .nobody = s->nobody, .limits = &s->limits};
    lem_sandbox_spawn candidate = it, checks = it;
    const int out = p->heard[OUTPUT][WRITE_END], errors = p->heard[ERRORS][WRITE_END];
    const int c[LEM_SANDBOX_FDS] = {-1, out, out, p->program, p->request[READ_END], p->reply[WRITE_END], -1};
    const int t[LEM_SANDBOX_FDS] = {
        -1, errors, errors, p->spec, p->reply[READ_END], p->request[WRITE_END], p->heard[REPORT][WRITE_END]};
    memcpy(candidate.fd, c, sizeof c);
    memcpy(checks.fd, t, sizeof t);
    candidate.info = p->info[CANDIDATE][WRITE_END];
    checks.info = p->info[CHECKS][WRITE_END];
    candidate.script = lem_sandbox_candidate;
    checks.script = lem_sandbox_checks;
    lem_status st = lem_sandbox_start(&candidate, &p->candidate, err);
    if (st == LEM_OK) st = lem_sandbox_start(&checks, &p->checks, err);
    for (int i = 0; i < N_HEARD; i++) shut(&p->heard[i][WRITE_END]);
    for (int i = 0; i < 2; i++) {
        shut(&p->request[i]);
        shut(&p->reply[i]);
    }
    for (int i = 0; i < N_SIDES; i++) {
        shut(&p->info[i][WRITE_END]);
        p->first[i] = lem_sandbox_first(p->info[i][READ_END]);
        shut(&p->info[i][READ_END]);
    }
    return st;
}

/* Reads what is there; what is beyond max is thrown away. The end of the stream shuts it. */
static void hear(pair *p, int i, size_t max) {
    char b[16384];
    ssize_t k = read(p->heard[i][READ_END], b, sizeof b);
    if (k < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (k <= 0) {
        shut(&p->heard[i][READ_END]);
        return;
    }
    size_t room = max > p->text[i].len ? max - p->text[i].len : 0;
    lem_buf_add(&p->text[i], b, (size_t)k < room ? (size_t)k : room);
}

static void hear_all(pair *p, int ms) {
    struct pollfd f[N_HEARD];
    for (int i = 0; i < N_HEARD; i++) f[i] = (struct pollfd){.fd = p->heard[i][READ_END], .events = POLLIN};
    if (poll(f, N_HEARD, ms) <= 0) return;
    for (int i = 0; i < N_HEARD; i++)
        if (f[i].revents) hear(p, i, i == OUTPUT ? p->s->limits.output : MAX_REPORT);
}

static lem_status listen_until_verdict(pair *p, const lem_cancel *cancel, lem_err *err) {
    while (p->heard[REPORT][READ_END] >= 0) {
        lem_status st = lem_cancel_check(cancel, err);
        if (st != LEM_OK) return st;
        if (lem_clock_seconds() - p->start > p->s->limits.wall_seconds) {
            p->late = true;
            return LEM_OK;
        }
        hear_all(p, TICK_MS);
    }
    return LEM_OK;
}

/* A process that ended by itself is given a moment to say how. */
static void ask_how(pair *p, pid_t *pid) {
    const double until = lem_clock_seconds() + END_SECONDS;
    while (!p->ended && lem_clock_seconds() < until) {
        if (waitpid(*pid, &p->status, WNOHANG) == *pid) p->ended = true;
        else hear_all(p, 20);
    }
    if (p->ended) *pid = 0;
}

static void end(pid_t *pid) {
    int status;
    if (*pid <= 0) return;
    kill(*pid, SIGKILL); /* bwrap: all of its sandbox goes with it */
    while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {}
    *pid = 0;
}

/* All that they wrote is read, and all of their processes are gone: bwrap may go before what it started. */
static void end_both(pair *p) {
    end(&p->checks);
    end(&p->candidate);
    double until = lem_clock_seconds() + DRAIN_MS / 1000.0;
    for (int i = 0; i < N_HEARD; i++)
        while (p->heard[i][READ_END] >= 0 && lem_clock_seconds() < until) hear_all(p, TICK_MS);
    for (int i = 0; i < N_SIDES; i++) {
        if (p->first[i] >= 0) (void)lem_sandbox_gone(p->first[i], DRAIN_MS / 1000.0);
        shut(&p->first[i]);
    }
}

static void say(lem_sandbox_result *r, lem_sandbox_end what, const char *why) {
    lem_err line = LEM_ERR_INIT;
    r->end = what;
    (void)lem_fail(&line, LEM_EDATA, "%.300s", why); /* control bytes become '?' */
    snprintf(r->why, sizeof r->why, "%.*s", (int)sizeof r->why - 1, line.text);
}

/* What the end of the process says where the tests only saw it go. */
static void judge_end(const pair *p, const char *early, lem_sandbox_result *r) {
    int code = 0;
    char why[64];
    if (p->ended && WIFEXITED(p->status)) code = WEXITSTATUS(p->status);
    int number = code > 128 && code < 160 ? code - 128 : 0;
    double seconds = lem_clock_seconds() - p->start;
    bool killed_late = p->late && !p->ended; /* by us: what the tests saw of it is no end of its own */
    if (killed_late || number == SIGXCPU || (number == SIGKILL && seconds >= p->s->limits.cpu_seconds)) {
        say(r, LEM_SANDBOX_TIME, "out of time");
        return;
    }
    if (number) snprintf(why, sizeof why, "killed by signal %d", number);
    else snprintf(why, sizeof why, "%s", early);
    say(r, number ? LEM_SANDBOX_KILLED : LEM_SANDBOX_FAILED, why);
}

/* "started" where both sides were, then the verdict: token, end, why. */
static const lem_json *verdict(const lem_buf *report, const char *token, lem_json **owned) {
    lem_err ignored = LEM_ERR_INIT;
    size_t skip = strcspn(lem_buf_str(report), "[");
    if (lem_json_parse(lem_buf_str(report) + skip, report->len - skip, owned, &ignored) != LEM_OK) {
        *owned = NULL;
        return NULL;
    }
    const char *word = lem_json_str(lem_json_at(*owned, 0), "");
    return strcmp(word, token) == 0 ? *owned : NULL;
}

static void judge_words(const pair *p, const lem_json *v, lem_sandbox_result *r) {
    const char *what = lem_json_str(lem_json_at(v, 1), ""), *why = lem_json_str(lem_json_at(v, 2), "");
    if (strcmp(what, "passed") == 0) say(r, LEM_SANDBOX_PASSED, "");
    else if (strcmp(what, "failed") == 0) say(r, LEM_SANDBOX_FAILED, why);
    else if (strcmp(what, "memory") == 0) say(r, LEM_SANDBOX_MEMORY, why);
    else if (strcmp(what, "gone") == 0) judge_end(p, "the program ended before its tests did", r);
    else if (strstr(why, "did not start"))
        say(r, LEM_SANDBOX_REFUSED, p->text[OUTPUT].len ? lem_buf_str(&p->text[OUTPUT]) : why);
    else say(r, LEM_SANDBOX_REFUSED, why);
}

static void judge(const pair *p, const char *token, lem_sandbox_result *r) {
    lem_json *owned = NULL;
    const lem_json *v = verdict(&p->text[REPORT], token, &owned);
    if (v) judge_words(p, v, r);
    else if (!p->text[REPORT].len)
        say(r, LEM_SANDBOX_REFUSED,
            p->text[ERRORS].len ? lem_buf_str(&p->text[ERRORS]) : "the sandbox did not start in time");
    else if (p->late) say(r, LEM_SANDBOX_TIME, "out of time");
    else judge_end(p, "the tests ended without a verdict", r);
    lem_json_free(owned);
}

static lem_status run_pair(pair *p, const lem_cancel *cancel, lem_err *err) {
    lem_status st = start_both(p, err);
    if (st == LEM_OK) st = listen_until_verdict(p, cancel, err);
    if (st == LEM_OK && !p->late) {
        const char *report = lem_buf_str(&p->text[REPORT]);
        if (strstr(report, "\"gone\"")) ask_how(p, &p->candidate);
        else if (!strchr(report, ']')) ask_how(p, &p->checks); /* started, and no verdict */
    }
    end_both(p);
    return st;
}

lem_status lem_sandbox_run_pair(const lem_sandbox *s, const char *program, const lem_buf *spec,
                                const char *token, const lem_cancel *cancel, lem_sandbox_result *out,
                                lem_err *err) {
    pair p = {.s = s, .request = {-1, -1}, .reply = {-1, -1}, .program = -1, .spec = -1};
    memset(p.heard, -1, sizeof p.heard);
    memset(p.info, -1, sizeof p.info);
    memset(p.first, -1, sizeof p.first);
    p.start = lem_clock_seconds();
    lem_status st = open_pipes(&p, program, spec, err);
    if (st == LEM_OK) st = run_pair(&p, cancel, err);
    for (int i = 0; st == LEM_OK && i < N_HEARD; i++) st = lem_buf_ok(&p.text[i], err);
    if (st == LEM_OK) {
        judge(&p, token, out);
        out->output = p.text[OUTPUT];
        p.text[OUTPUT] = (lem_buf){0};
    }
    for (int i = 0; i < N_HEARD; i++) {
        lem_buf_release(&p.text[i]);
        shut(&p.heard[i][READ_END]);
        shut(&p.heard[i][WRITE_END]);
    }
    for (int i = 0; i < 2; i++) {
        shut(&p.request[i]);
        shut(&p.reply[i]);
    }
    for (int i = 0; i < N_SIDES; i++) {
        shut(&p.info[i][READ_END]);
        shut(&p.info[i][WRITE_END]);
    }
    shut(&p.program);
    shut(&p.spec);
    return st;
}
