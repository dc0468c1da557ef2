/* lines - lines of a text file, decompressed as they are read */
#include "core/file.h"
#include "core/mem.h"
#include "core/stream_priv.h"

#include <string.h>

enum { CHUNK = 128 * 1024, READ_MOST = 1 << 20 };
#define DEFAULT_MAX_LINE ((size_t)64 << 20)

struct lem_lines {
    lem_stream *in;
    char *data; /* bytes [pos, len) are unread; cap is the size of the allocation */
    size_t pos, len, cap;
    size_t searched; /* no '\n' in [pos, pos + searched) */
    size_t max_line;
    uint64_t number;
    bool eof;
    const lem_cancel *cancel; /* borrowed; NULL = never */
};

lem_status lem_lines_open(const char *path, size_t max_line, lem_lines **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_lines *l = lem_alloc_zero(1, sizeof *l, err);
    if (!l) return LEM_EMEM;
    l->max_line = max_line ? max_line : DEFAULT_MAX_LINE;
    LEM_TRY(lem_stream_open(path, LEM_STREAM_BY_NAME, &l->in, err));
    *out = l;
done:
    if (st != LEM_OK) lem_lines_close(l);
    return st;
}

void lem_lines_close(lem_lines *l) {
    if (!l) return;
    lem_stream_close(l->in);
    lem_free(l->data);
    lem_free(l);
}

void lem_lines_watch(lem_lines *l, const lem_cancel *cancel) {
    l->cancel = cancel;
    lem_stream_watch(l->in, cancel);
}

uint64_t lem_lines_number(const lem_lines *l) { return l->number; }

static const char *path_of(const lem_lines *l) { return lem_stream_path(l->in); }

/* Reads more behind the unread bytes, which are moved to the front first if that makes the room. At most
 * READ_MOST at once, so that the wish to stop is seen in the middle of a long line. */
static lem_status fill(lem_lines *l, lem_err *err) {
    if (l->pos && l->cap - l->len < CHUNK) {
        memmove(l->data, l->data + l->pos, l->len - l->pos);
        l->len -= l->pos;
        l->pos = 0;
    }
    if (l->cap - l->len < CHUNK) {
        size_t cap = l->cap ? l->cap * 2 : 2 * CHUNK;
        char *data = lem_realloc(l->data, cap, 1, err);
        if (!data) return LEM_EMEM;
        l->data = data;
        l->cap = cap;
    }
    size_t n = 0, room = l->cap - l->len;
    lem_status st = lem_stream_read(l->in, l->data + l->len, room < READ_MOST ? room : READ_MOST, &n, err);
    if (st != LEM_OK) return st;
    l->len += n;
    l->eof = n == 0;
    return LEM_OK;
}

/* Hands out the next len bytes and passes over them and `skip` more (the line's ending). */
static lem_status give(lem_lines *l, size_t len, size_t skip, const char **line, size_t *out_len,
                       lem_err *err) {
    if (len > l->max_line) {
        return lem_fail(err, LEM_EDATA, "%s:%llu: the line is longer than %zu bytes", path_of(l),
                        (unsigned long long)l->number + 1, l->max_line);
    }
    *line = l->data + l->pos;
    *out_len = len;
    l->number++;
    l->pos += len + skip;
    return LEM_OK;
}

lem_status lem_lines_next(lem_lines *l, const char **line, size_t *len, bool *eof, lem_err *err) {
    lem_status st = lem_cancel_check(l->cancel, err);
    if (st != LEM_OK) return st;
    *eof = false;
    for (;;) {
        size_t have = l->len - l->pos;
        char *from = have ? l->data + l->pos : NULL;
        char *newline = have > l->searched ? memchr(from + l->searched, '\n', have - l->searched) : NULL;
        if (newline) {
            size_t n = (size_t)(newline - from), full = n + 1;
            l->searched = 0;
            if (n && from[n - 1] == '\r') n--;
            return give(l, n, full - n, line, len, err);
        }
        l->searched = have;
        if (l->eof) {
            l->searched = 0;
            if (have) return give(l, have, 0, line, len, err);
            *eof = true;
            return LEM_OK;
        }
        if (have > l->max_line + 1) return give(l, have, 0, line, len, err);
        st = fill(l, err);
        if (st != LEM_OK) return st;
    }
}
