/* scratch.c - bytes put aside in memory, then in a nameless file */
#include "core/scratch.h"

#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LEAST = 4096 };

struct lem_scratch {
    char *dir;
    int fd;
    char *data; /* [len] the bytes behind those in the file */
    size_t len, cap, memory;
    uint64_t in_file;
};

static int nameless(const char *dir) {
    char path[4096];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    int n = snprintf(path, sizeof path, "%s/" LEM_SCRATCH_PREFIX "XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof path) return errno = ENAMETOOLONG, -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) (void)unlink(path);
    return fd;
}

lem_status lem_scratch_open(const char *dir, size_t memory, lem_scratch **out, lem_err *err) {
    lem_scratch *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->fd = -1;
    s->memory = memory < LEAST ? LEAST : memory;
    s->dir = lem_strdup(dir, err);
    if (!s->dir) {
        lem_scratch_close(s);
        return LEM_EMEM;
    }
    *out = s;
    return LEM_OK;
}

void lem_scratch_close(lem_scratch *s) {
    if (!s) return;
    if (s->fd >= 0) (void)close(s->fd);
    lem_free(s->data);
    lem_free(s->dir);
    lem_free(s);
}

uint64_t lem_scratch_size(const lem_scratch *s) { return s->in_file + s->len; }
uint64_t lem_scratch_on_disk(const lem_scratch *s) { return s->in_file; }

static lem_status write_out(lem_scratch *s, const char *p, size_t n, lem_err *err) {
    if (s->fd < 0) s->fd = nameless(s->dir);
    if (s->fd < 0) return lem_fail_errno(err, LEM_EIO, "cannot make a temporary file in '%s'", s->dir);
    while (n > 0) {
        ssize_t k = pwrite(s->fd, p, n, (off_t)s->in_file);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0)
            return lem_fail_errno(err, LEM_EIO,
                                  "cannot write %zu bytes more into a temporary file of %llu bytes in '%s'",
                                  n, (unsigned long long)s->in_file, s->dir);
        p += k;
        n -= (size_t)k;
        s->in_file += (uint64_t)k;
    }
    return LEM_OK;
}

/* Room for n bytes more, where that many may be kept. */
static lem_status make_room(lem_scratch *s, size_t n, lem_err *err) {
    size_t cap = s->cap ? s->cap : LEAST;
    while (cap - s->len < n) cap *= 2;
    if (cap > s->memory) cap = s->memory;
    if (cap == s->cap) return LEM_OK;
    char *data = lem_realloc(s->data, cap, 1, err);
    if (!data) return LEM_EMEM;
    s->data = data;
    s->cap = cap;
    return LEM_OK;
}

lem_status lem_scratch_append(lem_scratch *s, const void *p, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    if (n > s->memory - s->len) {
        st = write_out(s, s->data, s->len, err);
        if (st) return st;
        s->len = 0;
        if (n >= s->memory) return write_out(s, p, n, err);
    }
    if (n > s->cap - s->len) st = make_room(s, n, err);
    if (st) return st;
    if (n) memcpy(s->data + s->len, p, n);
    s->len += n;
    return LEM_OK;
}

static lem_status read_in(const lem_scratch *s, uint64_t at, char *p, size_t n, lem_err *err) {
    while (n > 0) {
        ssize_t k = pread(s->fd, p, n, (off_t)at);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return lem_fail_errno(err, LEM_EIO, "cannot read a temporary file in '%s'", s->dir);
        if (k == 0) return lem_fail(err, LEM_EIO, "a temporary file in '%s' ends early", s->dir);
        p += k;
        n -= (size_t)k;
        at += (uint64_t)k;
    }
    return LEM_OK;
}

lem_status lem_scratch_read(const lem_scratch *s, uint64_t at, void *p, size_t n, lem_err *err) {
    size_t early = 0;
    if (at < s->in_file) {
        early = s->in_file - at < n ? (size_t)(s->in_file - at) : n;
        lem_status st = read_in(s, at, p, early, err);
        if (st) return st;
    }
    if (n > early) memcpy((char *)p + early, s->data + (at + early - s->in_file), n - early);
    return LEM_OK;
}

lem_status lem_scratch_array_new(const char *dir, size_t bytes, size_t memory, lem_scratch_array *out,
                                 lem_err *err) {
    if (bytes <= memory) {
        void *p = lem_alloc_zero(bytes ? bytes : 1, 1, err);
        if (!p) return LEM_EMEM;
        *out = (lem_scratch_array){p, bytes, false};
        return LEM_OK;
    }
    int fd = nameless(dir);
    if (fd < 0) return lem_fail_errno(err, LEM_EIO, "cannot make a temporary file in '%s'", dir);
    void *p = MAP_FAILED;
    int why = posix_fallocate(fd, 0, (off_t)bytes);
    if (why == 0) p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    else errno = why;
    lem_status st = LEM_OK;
    if (p == MAP_FAILED)
        st = lem_fail_errno(err, LEM_EIO, "cannot take %zu bytes for a temporary file in '%s'", bytes, dir);
    else *out = (lem_scratch_array){p, bytes, true};
    (void)close(fd);
    return st;
}

void lem_scratch_array_release(lem_scratch_array *a) {
    if (a->mapped) (void)munmap(a->p, a->bytes);
    else lem_free(a->p);
    *a = (lem_scratch_array){0};
}
