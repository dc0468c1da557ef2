/* memory_limits.c - limits of memory, from the operating system's files */
#include "core/memory_limits.h"
#include "core/machine.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, LINE_BYTES = 4096 };

/* ---- small files of the kernel */

static FILE *open_below(const char *root, const char *folder, const char *name) {
    char path[3 * PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
    return n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
}

/* The number that a file holds; INFINITY: none ("max"), or no such file. */
static double number_of(const char *root, const char *folder, const char *name) {
    char line[LINE_BYTES] = "", *end = line;
    FILE *f = open_below(root, folder, name);
    if (!f) return INFINITY;
    if (!fgets(line, sizeof line, f)) line[0] = 0;
    fclose(f);
    double x = (double)strtoull(line, &end, 10);
    return end == line ? INFINITY : x;
}

/* The sum of the numbers behind some names, a name and a number in each line; negative: none of them. */
static double sum_of(const char *root, const char *folder, const char *name, const char *const *wanted,
                     int n) {
    char line[LINE_BYTES];
    double sum = -1;
    FILE *f = open_below(root, folder, name);
    while (f && fgets(line, sizeof line, f))
        for (int i = 0; i < n; i++) {
            size_t len = strlen(wanted[i]);
            if (strncmp(line, wanted[i], len) != 0 || (line[len] != ' ' && line[len] != ':')) continue;
            sum = (sum < 0 ? 0 : sum) + (double)strtoull(line + len + 1, NULL, 10);
        }
    if (f) fclose(f);
    return sum;
}

/* ---- limits */

/* own: what this process has of it already. */
static void bound(lem_memory_limits *l, double most, double free, double own, const char *who) {
    double room = most > own ? most - own : 0;
    if (most < l->most) l->most = most;
    if (free < l->free) l->free = free > 0 ? free : 0;
    if (room >= l->room) return;
    l->room = room;
    l->who = who;
}

static lem_memory_limits machine(const char *root) {
    static const char *const total[] = {"MemTotal"}, *const available[] = {"MemAvailable"};
    double kib = sum_of(root, "/proc", "meminfo", total, 1),
           there = sum_of(root, "/proc", "meminfo", available, 1);
    double page = (double)sysconf(_SC_PAGESIZE), most = 1024 * kib, free = 1024 * there;
    lem_memory_limits l = {INFINITY, INFINITY, INFINITY, ""};
    if (kib < 0) most = (double)sysconf(_SC_PHYS_PAGES) * page;
    if (there < 0) free = (double)sysconf(_SC_AVPHYS_PAGES) * page;
    bound(&l, most, free, lem_machine_resident(), "this machine has");
    return l;
}

/* Names of the files of one version of control groups. */
typedef struct version {
    const char *mount, *most, *used;
    const char *cache[2]; /* in memory.stat: what the kernel gives back when it must */
} version;

static const version v1 = {"/sys/fs/cgroup/memory",
                           "memory.limit_in_bytes",
                           "memory.usage_in_bytes",
                           {"total_inactive_file", "total_active_file"}},
                     v2 = {
                         "/sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file", "active_file"}};

static void group(const char *root, const char *folder, const version *v, lem_memory_limits *l) {
    double most = number_of(root, folder, v->most), used = number_of(root, folder, v->used);
    if (most == INFINITY || used == INFINITY) return;
    double cache = sum_of(root, folder, "memory.stat", v->cache, 2);
    bound(l, most, most - used + (cache > 0 ? cache : 0), lem_machine_resident(), "the control group allows");
}

/* A group and all above it. In a container the upper ones, or all but the mount itself, cannot be seen. */
static void groups(const char *root, const char *path, const version *v, lem_memory_limits *l) {
    char folder[2 * PATH_BYTES];
    size_t mount = strlen(v->mount);
    snprintf(folder, sizeof folder, "%s%s", v->mount, path);
    for (char *cut = folder; cut; cut = strrchr(folder + mount, '/')) {
        if (cut > folder) *cut = 0;
        group(root, folder, v, l);
    }
}

/* "0::/path" is of v2, "9:memory:/path" of v1. */
static void control_groups(const char *root, lem_memory_limits *l) {
    char line[PATH_BYTES];
    FILE *f = open_below(root, "/proc/self", "cgroup");
    while (f && fgets(line, sizeof line, f)) {
        char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        path[strcspn(path, "\n")] = 0;
        list++;
        if (!*list) groups(root, path, &v2, l);
        else if (strcmp(list, "memory") == 0) groups(root, path, &v1, l);
    }
    if (f) fclose(f);
}

/* A limit of this process, which has `pages` of that. It counts what is reserved too, and files that are
 * mapped: half of it is for these. */
static void own(const struct rlimit *r, double pages, lem_memory_limits *l) {
    double most = (double)r->rlim_cur, left = most - pages * (double)sysconf(_SC_PAGESIZE);
    double half = left > 0 ? left / 2 : 0;
    if (r->rlim_cur != RLIM_INFINITY) bound(l, most, half, most - half, "half of ulimit is");
}

static void own_limits(const char *root, lem_memory_limits *l) {
    enum { ADDRESSES, RESIDENT, SHARED, TEXT, LIBRARY, DATA, N };
    double pages[N] = {0};
    struct rlimit r;
    char line[LINE_BYTES] = "", *at = line;
    FILE *f = open_below(root, "/proc/self", "statm");
    if (f && !fgets(line, sizeof line, f)) line[0] = 0;
    if (f) fclose(f);
    for (int i = 0; i < N; i++) pages[i] = (double)strtoull(at, &at, 10);
    if (getrlimit(RLIMIT_AS, &r) == 0) own(&r, pages[ADDRESSES], l);
    if (getrlimit(RLIMIT_DATA, &r) == 0) own(&r, pages[DATA], l);
}

lem_memory_limits lem_memory_limits_look(const char *root) {
    lem_memory_limits l = machine(root);
    control_groups(root, &l);
    own_limits(root, &l);
    return l;
}
