/* body.c - a request's object as bytes */
#include "net/body.h"

static bool set_extra(lem_json *body, const lem_json *extra) {
    for (const char *k = lem_json_key_next(extra, NULL); extra && k; k = lem_json_key_next(extra, k)) {
        lem_json *v = lem_json_key_value(k);
        if (lem_json_kind(v) == LEM_JSON_NULL) (void)lem_json_remove(body, k);
        else if (!lem_json_set(body, k, lem_json_copy(v))) return false;
    }
    return true;
}

lem_status lem_body_write(lem_json *body, const lem_json *extra, lem_buf *out, lem_err *err) {
    bool ok = body && set_extra(body, extra);
    if (ok) lem_json_write(body, 0, out);
    lem_json_free(body);
    return ok ? lem_buf_ok(out, err) : lem_fail(err, LEM_EMEM, "out of memory for a request");
}
