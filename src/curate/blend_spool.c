/* blend_spool.c - lengths and texts one behind the other, written in blocks, read at any place */
#include "curate/blend_spool.h"

#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 20 };

struct lem_blend_spool {
    int fd;
    uint64_t size; /* of the file */
    lem_buf block; /* behind it, not yet written */
};

lem_status lem_blend_spool_open(const char *path, lem_blend_spool **out, lem_err *err) {
    lem_blend_spool *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (s->fd < 0) {
        lem_status st = lem_fail_errno(err, LEM_EIO, "cannot write %s", path);
        lem_free(s);
        return st;
    }
    (void)unlink(path);
    *out = s;
    return LEM_OK;
}

void lem_blend_spool_close(lem_blend_spool *s) {
    if (!s) return;
    (void)close(s->fd);
    lem_buf_release(&s->block);
    lem_free(s);
}

static lem_status flush(lem_blend_spool *s, lem_err *err) {
    for (size_t done = 0; done < s->block.len;) {
        ssize_t k = pwrite(s->fd, s->block.data + done, s->block.len - done, (off_t)(s->size + done));
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return lem_fail_errno(err, LEM_EIO, "cannot keep rows in a temporary file");
        done += (size_t)k;
    }
    s->size += s->block.len;
    lem_buf_clear(&s->block);
    return LEM_OK;
}

lem_status lem_blend_spool_add(lem_blend_spool *s, const char *text, size_t len, uint64_t *at, lem_err *err) {
    uint64_t n = len;
    *at = s->size + s->block.len;
    lem_buf_add(&s->block, &n, sizeof n);
    lem_buf_add(&s->block, text, len);
    lem_status st = lem_buf_ok(&s->block, err);
    return st == LEM_OK && s->block.len >= BLOCK ? flush(s, err) : st;
}

static lem_status read_at(const lem_blend_spool *s, uint64_t at, void *to, size_t n, lem_err *err) {
    for (size_t done = 0; done < n;) {
        ssize_t k = pread(s->fd, (char *)to + done, n - done, (off_t)(at + done));
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return lem_fail_errno(err, LEM_EIO, "cannot read rows back from a temporary file");
        done += (size_t)k;
    }
    return LEM_OK;
}

lem_status lem_blend_spool_read(lem_blend_spool *s, uint64_t at, lem_buf *out, lem_err *err) {
    uint64_t n = 0;
    lem_status st = s->block.len ? flush(s, err) : LEM_OK;
    if (st == LEM_OK) st = read_at(s, at, &n, sizeof n, err);
    if (st) return st;
    lem_buf_clear(out);
    if (!lem_buf_reserve(out, (size_t)n + 1)) return lem_fail(err, LEM_EMEM, "out of memory");
    st = read_at(s, at + sizeof n, out->data, (size_t)n, err);
    if (st) return st;
    out->len = (size_t)n;
    out->data[n] = '\0';
    return LEM_OK;
}
