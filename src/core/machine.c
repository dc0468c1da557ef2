/* machine.c - facts of the machine, from the operating system */
#include "core/machine.h"
#include "core/log.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

lem_machine lem_machine_look(const char *folder) {
    lem_machine m = {.disk_free = -1};
    struct statvfs v;
    if (statvfs(folder, &v) == 0) m.disk_free = (double)v.f_bavail * (double)v.f_frsize;
    m.nvidia = access("/dev/nvidia0", F_OK) == 0 || access("/proc/driver/nvidia/version", F_OK) == 0;
    return m;
}

/* A line of the process's status, in KiB. */
static double status(const char *name) {
    char line[128];
    double bytes = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            bytes = 1024.0 * (double)strtoull(line + strlen(name), NULL, 10);
    if (f) fclose(f);
    return bytes;
}

double lem_machine_resident(void) { return status("VmRSS:"); }
double lem_machine_peak(void) { return status("VmHWM:"); }

int lem_machine_processors(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

double lem_load_parse(const char *line, double ticks_per_second) {
    enum { USER, NICE, SYSTEM, IDLE, WAIT, IRQ, SOFTIRQ, STEAL, N };
    double t[N];
    char *end = NULL;
    if (strncmp(line, "cpu ", 4) != 0) return -1;
    line += 4;
    for (int i = 0; i < N; i++, line = end) {
        t[i] = (double)strtoull(line, &end, 10);
        if (end == line) return -1;
    }
    return (t[USER] + t[NICE] + t[SYSTEM] + t[IRQ] + t[SOFTIRQ] + t[STEAL]) / ticks_per_second;
}

lem_load lem_load_begin(void) {
    struct timespec own;
    char line[512] = "";
    FILE *f = fopen("/proc/stat", "re");
    if (f) {
        if (!fgets(line, sizeof line, f)) line[0] = 0;
        fclose(f);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    return (lem_load){.at = lem_clock_seconds(),
                      .busy = lem_load_parse(line, (double)sysconf(_SC_CLK_TCK)),
                      .own = (double)own.tv_sec + 1e-9 * (double)own.tv_nsec};
}

double lem_load_others(const lem_load *since) {
    lem_load now = lem_load_begin();
    double wall = now.at - since->at, others = (now.busy - since->busy) - (now.own - since->own);
    if (since->busy < 0 || now.busy < 0 || wall <= 0) return -1;
    return others > 0 ? others / wall : 0;
}

const char *lem_library_version(const char *function) {
    const char *(*version)(void) = NULL;
    void *p = dlsym(RTLD_DEFAULT, function);
    memcpy(&version, &p, sizeof version); /* C has no conversion from an object pointer to a function's */
    return version ? version() : NULL;
}
