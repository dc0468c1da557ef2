/* core/machine.h - facts of the machine: memory, disk, graphics processor, versions of loaded libraries
 *
 * For messages to people only: nothing here may change a result. */
#ifndef LEM_CORE_MACHINE_H
#define LEM_CORE_MACHINE_H

#include <stdbool.h>

typedef struct lem_machine {
    double memory, memory_free; /* bytes */
    double disk_free;           /* bytes that this user may write in the folder; negative = unknown */
    bool nvidia;                /* an NVIDIA GPU or its driver is present */
} lem_machine;

lem_machine lem_machine_look(const char *folder);

/* What the function of that name says, of the form `const char *f(void)`, such as zlibVersion.
 * NULL when no such function is loaded. Asked by name so that only a library's owner includes its header. */
const char *lem_library_version(const char *function);

#endif
