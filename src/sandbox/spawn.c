/* spawn.c - the command line of bwrap, and the process that becomes it */
#include "sandbox/spawn_priv.h"

#include "sandbox/seccomp_priv.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILTER_FD = LEM_SANDBOX_FDS, INFO_FD, N_FDS };
enum { NOBODY = 65534, ABOVE = 64, MAX_ARGS = 96, OPEN_FILES = 48 };

/* The system's programs and libraries to read, nothing of /etc, /home, /root or /var; no file system to write
 * to but /tmp. */
static const char *const view[] = {"--unshare-all",
                                   "--die-with-parent",
                                   "--new-session",
                                   "--hostname",
                                   "sandbox",
                                   "--clearenv",
                                   "--cap-drop",
                                   "ALL",
                                   "--uid",
                                   "65534",
                                   "--gid",
                                   "65534",
                                   "--setenv",
                                   "PYTHONHASHSEED",
                                   "0",
                                   "--setenv",
                                   "LC_ALL",
                                   "C.UTF-8",
                                   "--setenv",
                                   "HOME",
                                   "/tmp",
                                   "--setenv",
                                   "PATH",
                                   "/usr/bin:/bin",
                                   "--ro-bind-try",
                                   "/usr/bin",
                                   "/usr/bin",
                                   "--ro-bind-try",
                                   "/usr/lib",
                                   "/usr/lib",
                                   "--ro-bind-try",
                                   "/usr/lib64",
                                   "/usr/lib64",
                                   "--ro-bind-try",
                                   "/lib",
                                   "/lib",
                                   "--ro-bind-try",
                                   "/lib64",
                                   "/lib64",
                                   "--ro-bind-try",
                                   "/bin",
                                   "/bin",
                                   "--proc",
                                   "/proc",
                                   "--size",
                                   "65536",
                                   "--tmpfs",
                                   "/dev",
                                   "--dev-bind",
                                   "/dev/null",
                                   "/dev/null",
                                   "--dev-bind",
                                   "/dev/zero",
                                   "/dev/zero",
                                   "--dev-bind",
                                   "/dev/urandom",
                                   "/dev/urandom",
                                   "--remount-ro",
                                   "/dev",
                                   "--remount-ro",
                                   "/",
                                   "--chdir",
                                   "/tmp"};

typedef struct words {
    const char *arg[MAX_ARGS];
    int n;
    char disk[24], filter[12], info[12];
} words;

static void add(words *w, const char *arg) {
    if (w->n < MAX_ARGS - 1) w->arg[w->n++] = arg;
}

static void command_line(words *w, const lem_sandbox_spawn *s, bool filtered) {
    const int before_end = 4; /* "--remount-ro / --chdir /tmp" stand behind /tmp */
    const int n = (int)(sizeof view / sizeof view[0]);
    snprintf(w->disk, sizeof w->disk, "%zu", s->limits->disk);
    snprintf(w->filter, sizeof w->filter, "%d", FILTER_FD);
    snprintf(w->info, sizeof w->info, "%d", INFO_FD);
    add(w, s->bwrap);
    for (int i = 0; i < n - before_end; i++) add(w, view[i]);
    add(w, "--size");
    add(w, w->disk);
    add(w, "--tmpfs");
    add(w, "/tmp");
    for (int i = n - before_end; i < n; i++) add(w, view[i]);
    if (filtered) {
        add(w, "--seccomp");
        add(w, w->filter);
    }
    add(w, "--info-fd");
    add(w, w->info);
    add(w, "--");
    add(w, s->python);
    add(w, "-I"); /* no environment, no folder of the user's */
    add(w, "-S"); /* the standard library alone: the same on every machine */
    add(w, "-B");
    add(w, "-c");
    add(w, s->script);
    w->arg[w->n] = NULL;
}

int lem_sandbox_file(const char *text, size_t len, lem_err *err) {
    int fd = memfd_create("text", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (size_t at = 0; fd >= 0 && at < len;) {
        ssize_t k = write(fd, text + at, len - at);
        if (k <= 0) {
            close(fd);
            fd = -1;
        }
        at += k > 0 ? (size_t)k : 0;
    }
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
        return fd;
    lem_fail_errno(err, LEM_EIO, "a program of %zu bytes cannot be handed to the sandbox", len);
    if (fd >= 0) close(fd);
    return -1;
}

/* From here to the end: between fork and exec, where only calls that are safe after a signal may be made. */

static void limit(int what, rlim_t soft, rlim_t hard) {
    struct rlimit old;
    if (getrlimit((__rlimit_resource_t)what, &old) == 0 && old.rlim_max < hard) hard = old.rlim_max;
    struct rlimit now = {soft < hard ? soft : hard, hard};
    (void)setrlimit((__rlimit_resource_t)what, &now);
}

static void set_limits(const lem_sandbox_limits *l) {
    rlim_t seconds = (rlim_t)l->cpu_seconds;
    limit(RLIMIT_CPU, seconds, seconds + 1);
    limit(RLIMIT_AS, l->memory, l->memory);
    limit(RLIMIT_FSIZE, l->disk, l->disk);
    limit(RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_MEMLOCK, 0, 0);
    limit(RLIMIT_MSGQUEUE, 0, 0);
}

/* The descriptors first go above all targets, so that none is overwritten before it is moved. */
static bool place_fds(const lem_sandbox_spawn *s, int filter) {
    int given[N_FDS], from[N_FDS];
    memcpy(given, s->fd, sizeof s->fd);
    given[FILTER_FD] = filter;
    given[INFO_FD] = s->info;
    for (int i = 0; i < N_FDS; i++) {
        int fd = given[i];
        if (fd < 0 && i < 3) fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        from[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);
        if (fd >= 0 && from[i] < 0) return false;
    }
    for (int i = 0; i < N_FDS; i++) {
        if (from[i] >= 0 && dup2(from[i], i) < 0) return false;
        if (from[i] < 0) close(i);
    }
    return syscall(SYS_close_range, N_FDS, ~0U, 0) == 0;
}

static bool become_nobody(void) {
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static void child(const lem_sandbox_spawn *s, const words *w, int filter) {
    char *const nothing[] = {NULL}; /* bwrap's own environment can be read by what it runs */
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* an interrupt of the terminal is ours to handle */
    if (place_fds(s, filter) && (!s->nobody || become_nobody())) {
        set_limits(s->limits);
        execve(s->bwrap, (char *const *)w->arg, nothing);
    }
    (void)!write(2, "bwrap cannot be started\n", 24);
    syscall(SYS_exit_group, 127);
}

lem_status lem_sandbox_start(const lem_sandbox_spawn *s, pid_t *pid, lem_err *err) {
    int filtered = 0, filter = lem_sandbox_filter(&filtered, err);
    if (filtered && filter < 0) return LEM_EIO;
    words w = {.n = 0};
    command_line(&w, s, filtered);
    pid_t p = fork();
    if (p == 0) child(s, &w, filter);
    if (filter >= 0) close(filter);
    if (p < 0) return lem_fail_errno(err, LEM_EMEM, "no process can be started for the sandbox");
    *pid = p;
    return LEM_OK;
}
