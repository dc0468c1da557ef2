/* machine.c - facts of the machine, from the operating system */
#include "core/machine.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

lem_machine lem_machine_look(const char *folder) {
    double page = (double)sysconf(_SC_PAGESIZE);
    lem_machine m = {.memory = (double)sysconf(_SC_PHYS_PAGES) * page,
                     .memory_free = (double)sysconf(_SC_AVPHYS_PAGES) * page,
                     .disk_free = -1};
    struct statvfs v;
    if (statvfs(folder, &v) == 0) m.disk_free = (double)v.f_bavail * (double)v.f_frsize;
    m.nvidia = access("/dev/nvidia0", F_OK) == 0 || access("/proc/driver/nvidia/version", F_OK) == 0;
    return m;
}

const char *lem_library_version(const char *function) {
    const char *(*version)(void) = NULL;
    void *p = dlsym(RTLD_DEFAULT, function);
    memcpy(&version, &p, sizeof version); /* C has no conversion from an object pointer to a function's */
    return version ? version() : NULL;
}
