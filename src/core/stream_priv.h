/* stream_priv - bytes of a file in order, decompressed on the way; used by file.c, lines.c and hash.c */
#ifndef LEM_CORE_STREAM_PRIV_H
#define LEM_CORE_STREAM_PRIV_H

#include "core/log.h"

#include <stddef.h>
#include <sys/types.h>

typedef enum lem_stream_mode { LEM_STREAM_BY_NAME, LEM_STREAM_RAW } lem_stream_mode;
typedef struct lem_stream lem_stream;

/* Regular files, and "-" for stdin. Errors name the path. */
lem_status lem_stream_open(const char *path, lem_stream_mode mode, lem_stream **out,
                           lem_err *err) LEM_MUST_CHECK;
/* Up to cap bytes; *n = 0 only at the end. */
lem_status lem_stream_read(lem_stream *s, void *p, size_t cap, size_t *n, lem_err *err) LEM_MUST_CHECK;
/* From now on reading ends with LEM_EINTR when cancel says so, also while it waits for input. Borrowed; NULL
 * = never. */
void lem_stream_watch(lem_stream *s, const lem_cancel *cancel);
const char *lem_stream_path(const lem_stream *s);
void lem_stream_close(lem_stream *s);

typedef enum lem_packing { LEM_PACKING_NONE, LEM_PACKING_GZ, LEM_PACKING_ZST } lem_packing;
lem_packing lem_packing_of(const char *path);

/* Loops over EINTR and short writes; false with errno set. */
int lem_write_all(int fd, const void *p, size_t n);
ssize_t lem_read_some(int fd, void *p, size_t n);

#endif
