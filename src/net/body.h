/* net/body.h - what all request bodies have in common */
#ifndef LEM_NET_BODY_H
#define LEM_NET_BODY_H

#include "core/buf.h"
#include "core/json.h"

/* Appends a body and frees it. extra: an object of members to set in it first; null takes one out; NULL =
 * none. body NULL: LEM_EMEM. */
lem_status lem_body_write(lem_json *body, const lem_json *extra, lem_buf *out, lem_err *err) LEM_MUST_CHECK;

#endif
