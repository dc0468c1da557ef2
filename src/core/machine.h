/* core/machine.h - facts of the machine: disk, graphics processor, load, versions of loaded libraries
 *
 * For messages to people only: nothing here may change a result. */
#ifndef LEM_CORE_MACHINE_H
#define LEM_CORE_MACHINE_H

#include <stdbool.h>

typedef struct lem_machine {
    double disk_free; /* bytes that this user may write in the folder; negative = unknown */
    bool nvidia;      /* an NVIDIA GPU or its driver is present */
} lem_machine;

lem_machine lem_machine_look(const char *folder);

/* What other programs and the host take while something is measured, from /proc/stat. */
typedef struct lem_load {
    double at, busy, own; /* seconds: the clock, all processors at work or taken by the host, this process */
} lem_load;

lem_load lem_load_begin(void);
/* Processors that others took since then, on average: 0.5 is half of one. Negative = unknown. */
double lem_load_others(const lem_load *since);
/* Seconds at work or taken by the host in the first line of /proc/stat; negative if it is none. */
double lem_load_parse(const char *line, double ticks_per_second);
/* Bytes of this process that are in memory now, and that were at most; 0 = unknown. */
double lem_machine_resident(void);
double lem_machine_peak(void);
int lem_machine_processors(void); /* of the whole machine, 1 at least */

/* What the function of that name says, of the form `const char *f(void)`, such as zlibVersion.
 * NULL when no such function is loaded. Asked by name so that only a library's owner includes its header. */
const char *lem_library_version(const char *function);

#endif
