/* stream - bytes of a file in order, with gzip and Zstandard undone on the way */
#include "core/stream_priv.h"

#include "core/absent.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { IN_SIZE = 128 * 1024 };

struct lem_stream {
    int fd;
    bool owns_fd, in_eof;
    bool inside; /* in the middle of a gzip member or a Zstandard frame */
    bool any;    /* at least one member or frame was begun */
    bool z_ready;
    lem_packing packing;
    z_stream z;
    ZSTD_DCtx *d;
    unsigned char *in;
    size_t in_pos, in_len;
    unsigned char head[4]; /* what BY_CONTENT looked at and nobody has read yet */
    size_t head_pos, head_len;
    char *path;
    const lem_cancel *cancel; /* borrowed; NULL = never */
};

lem_packing lem_packing_of(const char *path) {
    size_t n = strlen(path);
    if (n > 3 && strcmp(path + n - 3, ".gz") == 0) return LEM_PACKING_GZ;
    if (n > 4 && strcmp(path + n - 4, ".zst") == 0) return LEM_PACKING_ZST;
    return LEM_PACKING_NONE;
}

static lem_status open_regular(const char *path, int *fd, lem_err *err) {
    struct stat info;
    /* O_NONBLOCK: a FIFO must be refused, not waited for. */
    int f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f < 0) return lem_absent_open(path, err);
    if (fstat(f, &info) != 0) {
        lem_fail_errno(err, LEM_EIO, "cannot stat '%s'", path);
        close(f);
        return LEM_EIO;
    }
    if (!S_ISREG(info.st_mode)) {
        close(f);
        return lem_fail(err, LEM_EDATA, "cannot read '%s': %s", path,
                        S_ISDIR(info.st_mode) ? "it is a directory" : "it is not a regular file");
    }
    *fd = f;
    return LEM_OK;
}

ssize_t lem_read_some(int fd, void *p, size_t n) {
    ssize_t got;
    do got = read(fd, p, n);
    while (got < 0 && errno == EINTR);
    return got;
}

int lem_write_all(int fd, const void *p, size_t n) {
    const char *at = p;
    while (n) {
        ssize_t put = write(fd, at, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            if (put == 0) errno = ENOSPC;
            return 0;
        }
        at += put;
        n -= (size_t)put;
    }
    return 1;
}

static lem_status init_unpacking(lem_stream *s, lem_err *err) {
    if (s->packing == LEM_PACKING_NONE) return LEM_OK;
    s->in = lem_alloc(IN_SIZE, 1, err);
    if (!s->in) return LEM_EMEM;
    if (s->packing == LEM_PACKING_ZST) {
        s->d = ZSTD_createDCtx();
        if (!s->d) return lem_fail(err, LEM_EMEM, "out of memory: Zstandard reader for '%s'", s->path);
        return LEM_OK;
    }
    if (inflateInit2(&s->z, 15 + 16) != Z_OK)
        return lem_fail(err, LEM_EMEM, "out of memory: gzip reader for '%s'", s->path);
    s->z_ready = true;
    return LEM_OK;
}

/* Standard input that a job keeps in a nameless file (job/spool.h) is read from its start each time. */
static void rewind_spool(void) {
    struct stat info;
    bool nameless = fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 0;
    if (nameless) (void)!lseek(STDIN_FILENO, 0, SEEK_SET);
}

static lem_status read_raw(lem_stream *s, void *p, size_t cap, size_t *n, lem_err *err);

/* The first four bytes tell the packing: RFC 1952 and RFC 8878, with its skippable frames. */
static lem_status look_at_content(lem_stream *s, lem_err *err) {
    unsigned char first[sizeof s->head];
    size_t have = 0, n = 1;
    while (n && have < sizeof first) {
        lem_status st = read_raw(s, first + have, sizeof first - have, &n, err);
        if (st != LEM_OK) return st;
        have += n;
    }
    memcpy(s->head, first, have);
    s->head_len = have;
    if (have >= 3 && memcmp(first, "\x1f\x8b\x08", 3) == 0) s->packing = LEM_PACKING_GZ;
    bool skippable = have == 4 && (first[0] & 0xf0) == 0x50 && memcmp(first + 1, "\x2a\x4d\x18", 3) == 0;
    if (have == 4 && (skippable || memcmp(first, "\x28\xb5\x2f\xfd", 4) == 0)) s->packing = LEM_PACKING_ZST;
    return LEM_OK;
}

lem_status lem_stream_open(const char *path, lem_stream_mode mode, lem_stream **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_stream *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->fd = STDIN_FILENO;
    s->path = lem_strdup(strcmp(path, "-") == 0 ? "standard input" : path, err);
    if (!s->path) {
        st = LEM_EMEM;
        goto done;
    }
    if (strcmp(path, "-") == 0) rewind_spool();
    else {
        LEM_TRY(open_regular(path, &s->fd, err));
        s->owns_fd = true;
        if (mode == LEM_STREAM_BY_NAME) s->packing = lem_packing_of(path);
    }
    if (mode == LEM_STREAM_BY_CONTENT) LEM_TRY(look_at_content(s, err));
    LEM_TRY(init_unpacking(s, err));
    *out = s;
done:
    if (st != LEM_OK) lem_stream_close(s);
    return st;
}

void lem_stream_close(lem_stream *s) {
    if (!s) return;
    if (s->z_ready) inflateEnd(&s->z);
    ZSTD_freeDCtx(s->d);
    if (s->owns_fd) close(s->fd);
    lem_free(s->in);
    lem_free(s->path);
    lem_free(s);
}

const char *lem_stream_path(const lem_stream *s) { return s->path; }

const char *lem_stream_packed(const lem_stream *s) {
    static const char *const names[] = {NULL, "gzip", "Zstandard"};
    return names[s->packing];
}

double lem_stream_share(const lem_stream *s, size_t unread) {
    struct stat info;
    off_t at = lseek(s->fd, 0, SEEK_CUR);
    if (at < 0 || fstat(s->fd, &info) != 0 || !S_ISREG(info.st_mode)) return -1;
    if (info.st_size == 0) return 1;
    size_t ahead = s->packing == LEM_PACKING_NONE ? unread : s->in_len - s->in_pos;
    double used = (double)at - (double)ahead;
    return used > 0 ? used / (double)info.st_size : 0;
}

void lem_stream_watch(lem_stream *s, const lem_cancel *cancel) { s->cancel = cancel; }

/* A signal ends the wait for input from a terminal or a pipe: then the flag is looked at. */
static lem_status read_raw(lem_stream *s, void *p, size_t cap, size_t *n, lem_err *err) {
    ssize_t got;
    if (s->head_pos < s->head_len) {
        *n = s->head_len - s->head_pos < cap ? s->head_len - s->head_pos : cap;
        memcpy(p, s->head + s->head_pos, *n);
        s->head_pos += *n;
        return LEM_OK;
    }
    do {
        lem_status st = lem_cancel_check(s->cancel, err);
        if (st != LEM_OK) return st;
        got = read(s->fd, p, cap);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return lem_fail_errno(err, LEM_EIO, "cannot read '%s'", s->path);
    *n = (size_t)got;
    return LEM_OK;
}

/* Refills `in` when it is used up; in_eof is set at the end of the file. */
static lem_status refill(lem_stream *s, lem_err *err) {
    if (s->in_pos < s->in_len || s->in_eof) return LEM_OK;
    size_t n = 0;
    lem_status st = read_raw(s, s->in, IN_SIZE, &n, err);
    if (st != LEM_OK) return st;
    s->in_pos = 0;
    s->in_len = n;
    s->in_eof = n == 0;
    return LEM_OK;
}

static lem_status broken(const lem_stream *s, const char *what, lem_err *err) {
    return lem_fail(err, LEM_EDATA, "'%s': compressed data is damaged (%s)", s->path,
                    what ? what : "unknown error");
}

static lem_status step_gz(lem_stream *s, void *p, size_t cap, size_t *made, lem_err *err) {
    if (!s->inside && s->any) inflateReset(&s->z); /* the next member of the same file */
    s->z.next_in = s->in + s->in_pos;
    s->z.avail_in = (uInt)(s->in_len - s->in_pos);
    s->z.next_out = p;
    s->z.avail_out = cap > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)cap;
    uInt room = s->z.avail_out;
    int rc = inflate(&s->z, Z_NO_FLUSH);
    s->in_pos = s->in_len - s->z.avail_in;
    *made = room - s->z.avail_out;
    s->any = true;
    s->inside = rc != Z_STREAM_END;
    if (rc == Z_MEM_ERROR) return lem_fail(err, LEM_EMEM, "out of memory while reading '%s'", s->path);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) return broken(s, s->z.msg, err);
    return LEM_OK;
}

static lem_status step_zst(lem_stream *s, void *p, size_t cap, size_t *made, lem_err *err) {
    ZSTD_inBuffer in = {s->in, s->in_len, s->in_pos};
    ZSTD_outBuffer out = {p, cap, 0};
    size_t rc = ZSTD_decompressStream(s->d, &out, &in);
    s->in_pos = in.pos;
    *made = out.pos;
    s->any = true;
    if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
        return lem_fail(err, LEM_EMEM, "out of memory while reading '%s'", s->path);
    if (ZSTD_isError(rc)) return broken(s, ZSTD_getErrorName(rc), err);
    s->inside = rc != 0;
    return LEM_OK;
}

lem_status lem_stream_read(lem_stream *s, void *p, size_t cap, size_t *n, lem_err *err) {
    if (s->packing == LEM_PACKING_NONE) return read_raw(s, p, cap, n, err);
    size_t made = 0;
    lem_status st = lem_cancel_check(s->cancel, err);
    if (st != LEM_OK) return st;
    while (made == 0) {
        st = refill(s, err);
        if (st != LEM_OK) return st;
        bool drained = s->in_pos == s->in_len;
        if (drained && !s->inside) {
            if (!s->any) return broken(s, "the file is empty", err);
            break;
        }
        st = s->packing == LEM_PACKING_GZ ? step_gz(s, p, cap, &made, err) : step_zst(s, p, cap, &made, err);
        if (st != LEM_OK) return st;
        if (drained && made == 0 && s->inside) return broken(s, "the file ends early", err);
    }
    *n = made;
    return LEM_OK;
}
