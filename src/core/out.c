/* out - output that appears whole or not at all, and locks */
#include "core/file.h"
#include "core/mem.h"
#include "core/stream_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { OUT_SIZE = 128 * 1024, AWAY = 16 << 20, ZST_LEVEL = 3, GZ_LEVEL = 6, TEMP_TRIES = 100 };

struct lem_out {
    int fd;
    bool direct; /* "-" or a device: no temporary file, no rename */
    bool owns_fd, overwrite, committed, failed, z_ready;
    lem_packing packing;
    z_stream z;
    ZSTD_CCtx *c;
    unsigned char *pending; /* bytes not yet written: plain, or compressed */
    size_t n_pending;
    off_t written,
        on_the_way;    /* bytes of the file; of them those that the system was told to take to the disk */
    char *path, *temp; /* temp is NULL when direct */
};

bool lem_file_is_temporary(const char *name) {
    static const char digits[] = "0123456789";
    const char *mark = strstr(name, LEM_TEMP_MARK), *at = mark ? mark + strlen(LEM_TEMP_MARK) : "";
    size_t n = strspn(at, digits);
    if (n == 0 || mark == name) return false;
    at += n;
    if (*at == '\0') return true;
    n = *at == '.' ? strspn(at + 1, digits) : 0;
    return n > 0 && at[1 + n] == '\0';
}

void lem_file_sweep(const char *path) {
    char *dir = lem_path_dir(path, NULL), **names = NULL;
    const char *base = lem_path_base(path);
    size_t n = 0, len = strlen(base);
    if (dir && lem_dir_list(dir, &names, &n, NULL) != LEM_OK) n = 0;
    for (size_t i = 0; i < n; i++) {
        bool ours = strncmp(names[i], base, len) == 0 &&
                    strncmp(names[i] + len, LEM_TEMP_MARK, strlen(LEM_TEMP_MARK)) == 0;
        if (ours && lem_file_is_temporary(names[i])) {
            char *dead = lem_path_join(dir, names[i], NULL);
            int fd = dead ? open(dead, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
            if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) (void)unlink(dead);
            if (fd >= 0) (void)close(fd);
            lem_free(dead);
        }
        lem_free(names[i]);
    }
    lem_free(names);
    lem_free(dir);
}

/* Locks a new temporary for as long as it is open. False when a sweep came between its making and its
 * locking. */
static bool hold(int fd) {
    struct stat info;
    int rc;
    do rc = flock(fd, LOCK_EX);
    while (rc != 0 && errno == EINTR);
    return fstat(fd, &info) != 0 ||
           info.st_nlink > 0; /* without locks on this file system there is no sweep either */
}

static lem_status not_created(const char *path, const char *temp, lem_err *err) {
    if (errno != ENOENT) return lem_fail_errno(err, LEM_EIO, "cannot create '%s'", temp);
    char *dir = lem_path_dir(path, err);
    if (!dir) return LEM_EMEM;
    lem_fail(err, LEM_EIO, "%s: no such folder; '%s' cannot be created in it", dir, lem_path_base(path));
    lem_free(dir);
    return LEM_EIO;
}

/* "<path>.lemma-tmp.<pid>", with ".<k>" behind it where that name is taken. */
static lem_status open_temp(lem_out *o, lem_err *err) {
    lem_buf name = {0};
    lem_status st = LEM_OK;
    lem_file_sweep(o->path);
    for (int k = 0; k < TEMP_TRIES; k++) {
        lem_buf_clear(&name);
        lem_buf_printf(&name, "%s" LEM_TEMP_MARK "%ld", o->path, (long)getpid());
        if (k) lem_buf_printf(&name, ".%d", k);
        LEM_TRY(lem_buf_ok(&name, err));
        o->fd = open(name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (o->fd >= 0 ? hold(o->fd) : errno != EEXIST) break;
        if (o->fd >= 0) (void)close(o->fd);
        o->fd = -1;
    }
    if (o->fd < 0) LEM_TRY(not_created(o->path, lem_buf_str(&name), err));
    o->owns_fd = true;
    o->temp = lem_buf_take(&name);
done:
    lem_buf_release(&name);
    return st;
}

static lem_status open_target(lem_out *o, lem_err *err) {
    struct stat info;
    if (strcmp(o->path, "-") == 0) {
        o->fd = STDOUT_FILENO;
        o->direct = true;
        return LEM_OK;
    }
    if (stat(o->path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return lem_fail(err, LEM_EUSAGE, "cannot write '%s': it is a directory", o->path);
        if (!S_ISREG(info.st_mode)) { /* /dev/null, a pipe: nothing that a rename should replace */
            o->fd = open(o->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
            if (o->fd < 0) return lem_fail_errno(err, LEM_EIO, "cannot open '%s' for writing", o->path);
            o->direct = o->owns_fd = true;
            return LEM_OK;
        }
        if (!o->overwrite)
            return lem_fail(err, LEM_EUSAGE, "'%s' exists already (nothing was overwritten)", o->path);
    }
    o->packing = lem_packing_of(o->path);
    return open_temp(o, err);
}

static lem_status init_packing(lem_out *o, lem_err *err) {
    o->pending = lem_alloc(OUT_SIZE, 1, err);
    if (!o->pending) return LEM_EMEM;
    if (o->packing == LEM_PACKING_GZ) {
        if (deflateInit2(&o->z, GZ_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
            return lem_fail(err, LEM_EMEM, "out of memory: gzip writer for '%s'", o->path);
        }
        o->z_ready = true;
    } else if (o->packing == LEM_PACKING_ZST) {
        o->c = ZSTD_createCCtx();
        if (!o->c || ZSTD_isError(ZSTD_CCtx_setParameter(o->c, ZSTD_c_compressionLevel, ZST_LEVEL)) ||
            ZSTD_isError(ZSTD_CCtx_setParameter(o->c, ZSTD_c_checksumFlag, 1))) {
            return lem_fail(err, LEM_EMEM, "out of memory: Zstandard writer for '%s'", o->path);
        }
    }
    return LEM_OK;
}

lem_status lem_out_open(const char *path, bool overwrite, lem_out **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_out *o = lem_alloc_zero(1, sizeof *o, err);
    if (!o) return LEM_EMEM;
    o->fd = -1;
    o->overwrite = overwrite;
    o->path = lem_strdup(path, err);
    if (!o->path) {
        st = LEM_EMEM;
        goto done;
    }
    LEM_TRY(open_target(o, err));
    LEM_TRY(init_packing(o, err));
    *out = o;
done:
    if (st != LEM_OK) lem_out_close(o);
    return st;
}

/* Starts what a large file's fsync would otherwise wait for in the end. No promise: a failure is the fsync's.
 */
static void start_sync(lem_out *o, size_t n) {
    o->written += (off_t)n;
    if (o->direct || o->written - o->on_the_way < AWAY) return;
    (void)sync_file_range(o->fd, o->on_the_way, o->written - o->on_the_way, SYNC_FILE_RANGE_WRITE);
    o->on_the_way = o->written;
}

static lem_status write_fd(lem_out *o, const void *p, size_t n, lem_err *err) {
    if (lem_write_all(o->fd, p, n)) return start_sync(o, n), LEM_OK;
    o->failed = true;
    return lem_fail_errno(err, LEM_EIO, "cannot write '%s'", o->path);
}

static lem_status flush_pending(lem_out *o, lem_err *err) {
    size_t n = o->n_pending;
    o->n_pending = 0;
    return write_fd(o, o->pending, n, err);
}

static lem_status write_plain(lem_out *o, const void *p, size_t n, lem_err *err) {
    if (n > OUT_SIZE - o->n_pending) {
        lem_status st = flush_pending(o, err);
        if (st != LEM_OK) return st;
    }
    if (n >= OUT_SIZE) return write_fd(o, p, n, err);
    if (n) memcpy(o->pending + o->n_pending, p, n);
    o->n_pending += n;
    return LEM_OK;
}

static lem_status write_gz(lem_out *o, const void *p, size_t n, bool end, lem_err *err) {
    const unsigned char *at = p;
    do {
        uInt part = n > (1u << 30) ? 1u << 30 : (uInt)n;
        bool last = end && part == n;
        o->z.next_in = (unsigned char *)(uintptr_t)at;
        o->z.avail_in = part;
        int rc;
        do {
            o->z.next_out = o->pending;
            o->z.avail_out = OUT_SIZE;
            rc = deflate(&o->z, last ? Z_FINISH : Z_NO_FLUSH);
            o->n_pending = OUT_SIZE - o->z.avail_out;
            lem_status st = flush_pending(o, err);
            if (st != LEM_OK) return st;
        } while (last ? rc != Z_STREAM_END : o->z.avail_out == 0);
        at += part;
        n -= part;
    } while (n);
    return LEM_OK;
}

static lem_status write_zst(lem_out *o, const void *p, size_t n, bool end, lem_err *err) {
    ZSTD_inBuffer in = {p, n, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {o->pending, OUT_SIZE, 0};
        left = ZSTD_compressStream2(o->c, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) {
            o->failed = true;
            return lem_fail(err, LEM_EMEM, "cannot compress '%s': %s", o->path, ZSTD_getErrorName(left));
        }
        o->n_pending = out.pos;
        lem_status st = flush_pending(o, err);
        if (st != LEM_OK) return st;
    } while (end ? left != 0 : in.pos < in.size);
    return LEM_OK;
}

lem_status lem_out_write(lem_out *o, const void *p, size_t n, lem_err *err) {
    if (o->failed) return lem_fail(err, LEM_EIO, "cannot write '%s': an earlier write failed", o->path);
    switch (o->packing) {
    case LEM_PACKING_GZ: return n ? write_gz(o, p, n, false, err) : LEM_OK;
    case LEM_PACKING_ZST: return write_zst(o, p, n, false, err);
    case LEM_PACKING_NONE: break;
    }
    return write_plain(o, p, n, err);
}

static lem_status finish_bytes(lem_out *o, lem_err *err) {
    if (o->failed) return lem_fail(err, LEM_EIO, "cannot write '%s': an earlier write failed", o->path);
    switch (o->packing) {
    case LEM_PACKING_GZ: return write_gz(o, "", 0, true, err);
    case LEM_PACKING_ZST: return write_zst(o, "", 0, true, err);
    case LEM_PACKING_NONE: break;
    }
    return flush_pending(o, err);
}

/* Puts the temporary in place. Without `overwrite` a file that has appeared in the meantime is kept. */
static lem_status put_in_place(lem_out *o, lem_err *err) {
    if (!o->overwrite) {
        if (renameat2(AT_FDCWD, o->temp, AT_FDCWD, o->path, RENAME_NOREPLACE) == 0) return LEM_OK;
        if (errno == EEXIST)
            return lem_fail(err, LEM_EUSAGE, "'%s' exists already (nothing was overwritten)", o->path);
        if (errno != EINVAL && errno != ENOSYS)
            return lem_fail_errno(err, LEM_EIO, "cannot rename to '%s'", o->path);
    }
    if (rename(o->temp, o->path) != 0) return lem_fail_errno(err, LEM_EIO, "cannot rename to '%s'", o->path);
    return LEM_OK;
}

lem_status lem_out_commit(lem_out *o, lem_err *err) {
    if (o->committed) return lem_fail(err, LEM_EUSAGE, "'%s' was committed already", o->path);
    lem_status st = finish_bytes(o, err);
    if (st == LEM_OK && !o->direct) {
        if (fsync(o->fd) != 0) {
            o->failed = true;
            return lem_fail_errno(err, LEM_EIO, "cannot fsync '%s'", o->path);
        }
        st = put_in_place(o, err);
    }
    o->committed = st == LEM_OK;
    return st;
}

void lem_out_close(lem_out *o) {
    if (!o) return;
    if (o->owns_fd) close(o->fd);
    if (o->temp && !o->committed) unlink(o->temp);
    if (o->z_ready) deflateEnd(&o->z);
    ZSTD_freeCCtx(o->c);
    lem_free(o->pending);
    lem_free(o->temp);
    lem_free(o->path);
    lem_free(o);
}

lem_status lem_file_write_atomic(const char *path, const void *data, size_t len, lem_err *err) {
    lem_out *o = NULL;
    lem_status st = lem_out_open(path, true, &o, err);
    if (st == LEM_OK) st = lem_out_write(o, data, len, err);
    if (st == LEM_OK) st = lem_out_commit(o, err);
    lem_out_close(o);
    return st;
}

/* ---- Locks ---- */

struct lem_lock {
    int fd;
    char *path; /* of the lock file */
};

static lem_status held_by_other(int fd, const char *path, lem_err *err) {
    char text[32];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    long pid = strtol(text, NULL, 10);
    if (pid > 0) return lem_fail(err, LEM_EIO, "'%s' is locked by another run (pid %ld)", path, pid);
    return lem_fail(err, LEM_EIO, "'%s' is locked by another run", path);
}

/* A lock holds the number of a process, or nothing yet, or zeros after a power loss; anything else is
 * somebody's file. */
static bool is_lock_text(int fd) {
    char text[64];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0) return n == 0;
    for (ssize_t i = 0; i < n; i++)
        if (text[i] && !strchr("0123456789\n", text[i])) return false;
    return true;
}

/* Whoever only looks (lem_lock_check) holds a lock for an instant. */
enum { LOOKS = 3, LOOK_MS = 10 };

static int take_now(int fd) {
    int rc;
    do rc = flock(fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    return rc;
}

/* Opens and locks; *stale is set if the file was removed by its last owner in between. */
static lem_status try_lock(lem_lock *l, const char *path, bool *stale, lem_err *err) {
    struct stat mine, named;
    char text[32];
    *stale = false;
    l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (l->fd < 0) return lem_fail_errno(err, LEM_EIO, "nothing can be written beside '%s'", path);
    int rc = take_now(l->fd);
    for (int i = 0; rc != 0 && errno == EWOULDBLOCK && i < LOOKS; i++) {
        (void)poll(NULL, 0, LOOK_MS);
        rc = take_now(l->fd);
    }
    if (rc != 0) {
        if (errno == EWOULDBLOCK) return held_by_other(l->fd, path, err);
        return lem_fail_errno(err, LEM_EIO, "cannot lock '%s'", l->path);
    }
    if (fstat(l->fd, &mine) != 0 || stat(l->path, &named) != 0 || mine.st_ino != named.st_ino ||
        mine.st_dev != named.st_dev) {
        *stale = true;
        return LEM_OK;
    }
    if (!is_lock_text(l->fd))
        return lem_fail(err, LEM_EUSAGE, "'%s' is no lock of lemma; move it away or choose another output",
                        l->path);
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(l->fd, 0) != 0 || pwrite(l->fd, text, (size_t)n, 0) != n) {
        return lem_fail_errno(err, LEM_EIO, "cannot write the lock '%s'", l->path);
    }
    return LEM_OK;
}

lem_status lem_lock_take(const char *path, lem_lock **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_buf name = {0};
    bool stale = false;
    lem_lock *l = lem_alloc_zero(1, sizeof *l, err);
    if (!l) return LEM_EMEM;
    l->fd = -1;
    lem_buf_printf(&name, "%s.lock", path);
    LEM_TRY(lem_buf_ok(&name, err));
    l->path = lem_buf_take(&name);
    do {
        if (l->fd >= 0) close(l->fd);
        LEM_TRY(try_lock(l, path, &stale, err));
    } while (stale);
    *out = l;
done:
    lem_buf_release(&name);
    if (st != LEM_OK) {
        if (l->fd >= 0) close(l->fd);
        lem_free(l->path);
        lem_free(l);
    }
    return st;
}

void lem_lock_release(lem_lock *l) {
    if (!l) return;
    unlink(
        l->path); /* still locked: whoever opened it meanwhile sees that the name is gone and tries again */
    close(l->fd);
    lem_free(l->path);
    lem_free(l);
}

/* A shared lock, for an instant: two that look do not see each other. */
lem_status lem_lock_check(const char *path, lem_err *err) {
    lem_buf name = {0};
    lem_buf_printf(&name, "%s.lock", path);
    lem_status st = lem_buf_ok(&name, err);
    int fd = st == LEM_OK ? open(name.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        st = held_by_other(fd, path, err);
    if (fd >= 0) close(fd);
    lem_buf_release(&name);
    return st;
}
