/* sse - server-sent events from bytes in any pieces */
#include "net/sse.h"

#include <string.h>

static lem_status end_event(lem_sse *s, lem_err *err) {
    if (!s->has_data) return LEM_OK;
    s->has_data = false;
    lem_status st = s->event(s->ctx, lem_buf_str(&s->data), s->data.len, err);
    lem_buf_clear(&s->data);
    return st;
}

static lem_status end_line(lem_sse *s, lem_err *err) {
    const char *line = lem_buf_str(&s->line);
    size_t n = s->line.len;
    if (n == 0) return end_event(s, err);
    if (n >= 4 && memcmp(line, "data", 4) == 0 && (n == 4 || line[4] == ':')) {
        size_t from = n > 4 ? 5 : 4;
        if (from < n && line[from] == ' ') from++;
        if (s->has_data) lem_buf_putc(&s->data, '\n');
        lem_buf_add(&s->data, line + from, n - from);
        s->has_data = true;
    }
    lem_buf_clear(&s->line);
    return LEM_OK;
}

static lem_status add_piece(lem_sse *s, const char *bytes, size_t n, lem_err *err) {
    if (s->line.len + s->data.len + n > s->max)
        return lem_fail(err, LEM_EDATA, "event stream: an event of more than %zu bytes", s->max);
    lem_buf_add(&s->line, bytes, n);
    return lem_buf_ok(&s->line, err);
}

/* The byte order mark that a stream may begin with, once the line that it stands in is whole. */
static void drop_mark(lem_sse *s) {
    if (s->line.len >= 3 && memcmp(s->line.data, "\xef\xbb\xbf", 3) == 0) {
        memmove(s->line.data, s->line.data + 3, s->line.len - 3);
        s->line.len -= 3;
        s->line.data[s->line.len] = '\0';
    }
}

lem_status lem_sse_feed(lem_sse *s, const char *bytes, size_t n, lem_err *err) {
    const char *at = bytes, *end = bytes + n;
    while (at < end) {
        if (s->after_cr && *at == '\n') at++;
        s->after_cr = false;
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r') stop++;
        lem_status st = add_piece(s, at, (size_t)(stop - at), err);
        if (st != LEM_OK) return st;
        if (stop == end) break;
        if (!s->seen) drop_mark(s);
        s->seen++;
        s->after_cr = *stop == '\r';
        st = end_line(s, err);
        if (st == LEM_OK) st = lem_buf_ok(&s->data, err);
        if (st != LEM_OK) return st;
        at = stop + 1;
    }
    return LEM_OK;
}

void lem_sse_release(lem_sse *s) {
    lem_buf_release(&s->line);
    lem_buf_release(&s->data);
}
