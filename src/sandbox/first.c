/* first.c - the first process of a sandbox: found when it starts, waited for until all of its sandbox is gone
 */
#include "sandbox/spawn_priv.h"

#include "core/log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TELL_MS = 5000 };

static bool readable(int fd, double until) {
    for (;;) {
        struct pollfd f = {.fd = fd, .events = POLLIN};
        double left = until - lem_clock_seconds();
        int n = left > 0 ? poll(&f, 1, (int)(left * 1000) + 1) : 0;
        if (n >= 0 || errno != EINTR) return n > 0;
    }
}

/* bwrap tells it as {"child-pid": N, …} and goes on; nothing where it failed before. */
int lem_sandbox_first(int info) {
    char text[1024];
    size_t n = 0;
    const double until = lem_clock_seconds() + TELL_MS / 1000.0;
    for (ssize_t k = 1; k != 0 && n < sizeof text - 1 && readable(info, until); n += k > 0 ? (size_t)k : 0) {
        k = read(info, text + n, sizeof text - 1 - n);
        if (k < 0 && errno != EINTR) break;
    }
    text[n] = '\0';
    const char *name = "\"child-pid\":", *at = strstr(text, name);
    long pid = at ? strtol(at + strlen(name), NULL, 10) : 0;
    return pid > 0 ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
}

bool lem_sandbox_gone(int first, double seconds) { return readable(first, lem_clock_seconds() + seconds); }
