/* input_priv - a file read in order, unpacked by its content, with a look ahead */
#ifndef LEM_ROWS_INPUT_PRIV_H
#define LEM_ROWS_INPUT_PRIV_H

#include "core/stream.h"

#include <stdint.h>

typedef struct lem_input {
    lem_stream *stream;
    char *data; /* bytes [pos, len) are unread */
    size_t pos, len, cap;
    bool eof;                 /* nothing behind len */
    const lem_cancel *cancel; /* borrowed; NULL = never */
} lem_input;

/* "-" is standard input. */
lem_status lem_input_open(const char *path, const lem_cancel *cancel, lem_input *out,
                          lem_err *err) LEM_MUST_CHECK;
void lem_input_close(lem_input *in);
/* Makes at least n bytes unread ones, or fewer at the end; the memory grows as they are read. */
lem_status lem_input_need(lem_input *in, uint64_t n, lem_err *err) LEM_MUST_CHECK;
/* As lem_stream_share. */
static inline double lem_input_share(const lem_input *in) {
    return lem_stream_share(in->stream, in->len - in->pos);
}
static inline size_t lem_input_have(const lem_input *in) { return in->len - in->pos; }
static inline const char *lem_input_at(const lem_input *in) { return in->data + in->pos; }

#endif
