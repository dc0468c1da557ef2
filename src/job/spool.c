/* spool.c - standard input kept in a nameless file */
#include "job/spool.h"

#include "core/hash.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

/* O_TMPFILE is not everywhere: a named file that loses its name at once does as well. */
static int nameless_file(const char *dir) {
    char path[4096];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    int n = snprintf(path, sizeof path, "%s/.stdin.XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof path) return -1;
    fd = mkstemp(path);
    if (fd >= 0) (void)unlink(path);
    return fd;
}

static bool write_all(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

static lem_status copy_input(int fd, const lem_cancel *cancel, lem_sha256 *sum, char *chunk, lem_err *err) {
    for (;;) {
        if (cancel && cancel->requested) return lem_fail(err, LEM_EINTR, "interrupted");
        ssize_t n = read(0, chunk, CHUNK);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return lem_fail_errno(err, LEM_EDATA, "cannot read standard input");
        if (n == 0) return LEM_OK;
        lem_sha256_add(sum, chunk, (size_t)n);
        if (!write_all(fd, chunk, (size_t)n))
            return lem_fail_errno(err, LEM_EIO, "cannot keep standard input");
    }
}

lem_status lem_spool_stdin(const char *dir, const lem_cancel *cancel, char hex[65], lem_err *err) {
    static const char digit[] = "0123456789abcdef";
    lem_sha256 sum;
    uint8_t raw[32];
    if (fcntl(0, F_GETFD) == -1) return lem_fail_errno(err, LEM_EDATA, "cannot read standard input");
    char *chunk = lem_alloc(CHUNK, 1, err);
    if (!chunk) return LEM_EMEM;
    int fd = nameless_file(dir);
    lem_status st = LEM_OK;
    if (fd < 0) LEM_TRY(lem_fail_errno(err, LEM_EIO, "cannot keep standard input in '%s'", dir));
    lem_sha256_init(&sum);
    LEM_TRY(copy_input(fd, cancel, &sum, chunk, err));
    if (lseek(fd, 0, SEEK_SET) != 0 || dup2(fd, 0) != 0)
        LEM_TRY(lem_fail_errno(err, LEM_EIO, "cannot give standard input back"));
    lem_sha256_end(&sum, raw);
    for (int i = 0; i < 64; i++) hex[i] = digit[i % 2 ? raw[i / 2] & 15 : raw[i / 2] >> 4];
    hex[64] = '\0';
done:
    if (fd >= 0) close(fd);
    lem_free(chunk);
    return st;
}
