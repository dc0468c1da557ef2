/* random - bytes of a regular file at any place */
#include "rows/random_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

lem_status lem_random_open(const char *path, lem_random *out, lem_err *err) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return lem_fail_errno(err, LEM_EDATA, "cannot open '%s'", path);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return lem_fail(err, LEM_EDATA, "cannot read '%s': it is not a regular file", path);
    }
    out->fd = fd;
    out->size = (uint64_t)info.st_size;
    return LEM_OK;
}

void lem_random_close(lem_random *r) {
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
}

lem_status lem_random_read(const lem_random *r, uint64_t at, uint64_t n, lem_buf *out, lem_err *err) {
    lem_buf_clear(out);
    if (at > r->size || n > r->size - at)
        return lem_fail(err, LEM_EDATA, "the file ends early: %llu bytes at %llu are wanted, it has %llu",
                        (unsigned long long)n, (unsigned long long)at, (unsigned long long)r->size);
    if (!lem_buf_reserve(out, (size_t)n))
        return lem_fail(err, LEM_EMEM, "out of memory for %llu bytes", (unsigned long long)n);
    while (out->len < n) {
        lem_status st = lem_cancel_check(r->cancel, err);
        if (st != LEM_OK) return st;
        uint64_t left = n - out->len;
        ssize_t got = pread(r->fd, out->data + out->len, left > 1 << 22 ? 1 << 22 : (size_t)left,
                            (off_t)(at + out->len));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return lem_fail_errno(err, LEM_EIO, "cannot read");
        if (got == 0) return lem_fail(err, LEM_EDATA, "the file became shorter while it was read");
        out->len += (size_t)got;
    }
    if (out->data) out->data[out->len] = '\0';
    return LEM_OK;
}
