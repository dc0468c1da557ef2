/* net/http.h - requests to HTTP servers, many at a time, each bounded in time and size
 *
 * One thread; libcurl's multi interface underneath. Each request has a connection of its own: curl sends a
 * request again by itself when a connection that it kept is found closed, and a request that costs money must
 * never be sent twice unasked. For the same reason HTTP/1.1 alone is spoken, and no redirect is followed but
 * 307 and 308 to the same scheme, host and port, which say that the request was not looked at.
 * Certificates are verified; http:// is for this machine alone unless `plain` is set. The environment
 * (proxies, .netrc) is not read. A key goes into the header of that request and nowhere else. Sources: RFC
 * 9110 (semantics), RFC 9112 (HTTP/1.1). */
#ifndef LEM_NET_HTTP_H
#define LEM_NET_HTTP_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lem_http lem_http;

typedef struct lem_http_opts {
    double connect_s; /* seconds until a connection stands, TLS included; 0 = 10 */
    double total_s;   /* seconds from the start to the last byte; 0 = 600 */
    size_t max_body;  /* bytes of a reply; 0 = 16 MiB */
    bool plain;       /* http:// to other machines is allowed */
} lem_http_opts;

enum { LEM_HTTP_MAX_HEADERS = 64 << 10, LEM_HTTP_ID = 64, LEM_HTTP_WHY = 240 };

typedef struct lem_http_request {
    const char *url;
    const char *body; /* JSON, copied; NULL: a GET */
    size_t len;
    const char *key; /* sent as "Authorization: Bearer"; copied, NULL = none */
    const char *id;  /* sent as X-Client-Request-Id, at most LEM_HTTP_ID - 1 bytes; NULL = none */
    double idle_s;   /* seconds without a byte after which it is given up; 0 = none */
    uint64_t tag;    /* handed back with the reply */
} lem_http_request;

typedef enum lem_http_end {
    LEM_HTTP_WHOLE,  /* a whole reply, whatever its status */
    LEM_HTTP_UNSENT, /* no byte of the request left: no connection, no name, no TLS */
    LEM_HTTP_BROKEN  /* sent at least in part, and no whole reply came: the server may have done the work */
} lem_http_end;

typedef struct lem_http_reply { /* borrowed during the call */
    uint64_t tag;
    lem_http_end end;
    int status; /* of the reply, 0 where none came */
    const char *body;
    size_t len;
    bool event_stream;      /* its content type is text/event-stream */
    double retry_after;     /* seconds that the server asks to wait; < 0 = not said */
    double seconds;         /* it took */
    const char *server;     /* its Server header, one line; "" = none */
    char why[LEM_HTTP_WHY]; /* of UNSENT and BROKEN, and where a redirect leads; one line, else "" */
} lem_http_reply;

/* Called from lem_http_wait, once for each request. It may send further requests. An error ends the wait. */
typedef lem_status lem_http_sink(void *ctx, const lem_http_reply *reply, lem_err *err);

/* LEM_EUSAGE for a URL that is none, has a user, a query or a fragment, or is http:// to another machine
 * without `plain`. Errors do not repeat what may be secret in it. */
lem_status lem_http_check_url(const char *url, bool plain, lem_err *err) LEM_MUST_CHECK;

lem_status lem_http_new(const lem_http_opts *o, lem_http **out, lem_err *err) LEM_MUST_CHECK;
/* Starts a request; its first bytes leave in lem_http_wait. */
lem_status lem_http_send(lem_http *h, const lem_http_request *r, lem_err *err) LEM_MUST_CHECK;
/* Works until a request ended or `seconds` are over; returns early on a signal. */
lem_status lem_http_wait(lem_http *h, double seconds, lem_http_sink *sink, void *ctx,
                         lem_err *err) LEM_MUST_CHECK;
int lem_http_active(const lem_http *h);
void lem_http_free(lem_http *h); /* ends what is under way without calling the sink; NULL allowed */

/* What a Retry-After header says: seconds, or an HTTP date less `now` (seconds since 1970); at most 300.
 * < 0 for what is neither, and for a date that is past. */
double lem_http_retry_after(const char *value, size_t len, int64_t now);

#endif
