/* stream_priv - what file.c, lines.c, out.c and stream.c share: packing by name, reads and writes without
 * gaps */
#ifndef LEM_CORE_STREAM_PRIV_H
#define LEM_CORE_STREAM_PRIV_H

#include "core/stream.h"

#include <stddef.h>
#include <sys/types.h>

typedef enum lem_packing { LEM_PACKING_NONE, LEM_PACKING_GZ, LEM_PACKING_ZST } lem_packing;
lem_packing lem_packing_of(const char *path);

/* Loops over EINTR and short writes; false with errno set. */
int lem_write_all(int fd, const void *p, size_t n);
ssize_t lem_read_some(int fd, void *p, size_t n);

#endif
