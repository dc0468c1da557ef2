/* net/sse.h - server-sent events: bytes in any pieces, whole events out
 *
 * Lines end in LF, CR LF or CR; lines that begin with ':' are comments; several data lines of an event are
 * joined by LF; fields other than data are passed over; an event that the end of the stream cuts is not one.
 * Bytes are handed on as they are. Source: the HTML standard, section "Server-sent events". */
#ifndef LEM_NET_SSE_H
#define LEM_NET_SSE_H

#include "core/buf.h"

#include <stdint.h>

/* data is borrowed during the call, with a NUL behind it. An error ends the feeding. */
typedef lem_status lem_sse_event(void *ctx, const char *data, size_t len, lem_err *err);

typedef struct lem_sse { /* zeroed but for the first three */
    lem_sse_event *event;
    void *ctx;
    size_t max; /* bytes of one event */
    lem_buf line, data;
    uint64_t seen; /* lines */
    bool has_data, after_cr;
} lem_sse;

/* LEM_EDATA for an event of more than max bytes. */
lem_status lem_sse_feed(lem_sse *s, const char *bytes, size_t n, lem_err *err) LEM_MUST_CHECK;
void lem_sse_release(lem_sse *s);

#endif
