/* core/stream.h - bytes of a file in order, with gzip and Zstandard undone on the way */
#ifndef LEM_CORE_STREAM_H
#define LEM_CORE_STREAM_H

#include "core/log.h"

#include <stdbool.h>
#include <stddef.h>

/* BY_NAME: packed as the name ends (.gz, .zst); RAW: never unpacked; BY_CONTENT: packed as its first bytes
 * say. */
typedef enum lem_stream_mode { LEM_STREAM_BY_NAME, LEM_STREAM_RAW, LEM_STREAM_BY_CONTENT } lem_stream_mode;
typedef struct lem_stream lem_stream;

/* Regular files, and "-" for stdin (unpacked BY_CONTENT alone). Errors name the path. */
lem_status lem_stream_open(const char *path, lem_stream_mode mode, lem_stream **out,
                           lem_err *err) LEM_MUST_CHECK;
/* Up to cap bytes; *n = 0 only at the end. */
lem_status lem_stream_read(lem_stream *s, void *p, size_t cap, size_t *n, lem_err *err) LEM_MUST_CHECK;
/* From now on reading ends with LEM_EINTR when cancel says so, also while it waits for input. Borrowed; NULL
 * = never. */
void lem_stream_watch(lem_stream *s, const lem_cancel *cancel);
const char *lem_stream_path(const lem_stream *s);
/* "gzip", "Zstandard", or NULL for bytes as they are. */
const char *lem_stream_packed(const lem_stream *s);
/* How much of the file has been used, 0 to 1, where `unread` bytes of what was read are not; by packed bytes
 * where it is packed. Below 0: unknown (standard input from a pipe). */
double lem_stream_share(const lem_stream *s, size_t unread);
void lem_stream_close(lem_stream *s);

#endif
