/* iolog.c - preloaded into a program under test: records what it does to files, and lets the n-th operation
 * fail
 *
 * IOLOG_ROOT    the folder whose files count (absolute, no slash at its end); all else passes through
 * IOLOG_OUT     where the log goes (iolog.h says its form); absent: none
 * IOLOG_FAIL    KIND:N:ERRNO, the N-th operation (from 1) of a kind fails with that errno; KIND is write,
 * short (half is written), sync, rename, open, unlink, mkdir, truncate or alloc
 * IOLOG_COUNTS  a file that receives, at exit, how many operations of each kind there were, in that order
 * IOLOG_TRACE   the stack of the operation that fails goes to standard error
 * IOLOG_SERVE   the program runs once for each request (iolog.h), from where its libraries are loaded */
#define _GNU_SOURCE
#include "support/iolog.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITE, SHORT, SYNC, RENAME, OPEN, UNLINK, MKDIR, TRUNCATE, ALLOC, KINDS };
static const char *const kinds[KINDS] = {"write",  "short", "sync",     "rename", "open",
                                         "unlink", "mkdir", "truncate", "alloc"};

static char root[PATH_MAX];
static size_t root_len;
static dev_t root_dev;
static int log_fd = -1, counts_fd = -1, fail_kind = -1, fail_errno;
static long fail_at;
static bool traces;
static atomic_long count[KINDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the next one of a name; what libc itself is asked by system calls needs none ---- */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int raw_open(const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void put(const void *p, size_t n) {
    for (const char *at = p; n;) {
        ssize_t k = syscall(SYS_write, log_fd, at, n);
        if (k <= 0) abort();
        at += k;
        n -= (size_t)k;
    }
}

static int kind_of(const char *name) {
    for (int k = 0; k < KINDS; k++)
        if (strcmp(name, kinds[k]) == 0) return k;
    return -1;
}

/* Returns in each child; the parent stays here, and ends when nobody asks any more. */
static void serve(void) {
    iolog_request r;
    unsetenv("IOLOG_SERVE");
    while (syscall(SYS_read, IOLOG_ASK, &r, sizeof r) == sizeof r) {
        int status = 0;
        if (ftruncate(1, 0) != 0 || lseek(1, 0, SEEK_SET) != 0) abort();
        pid_t child = fork();
        if (child == 0) {
            fail_kind = kind_of(r.kind);
            fail_at = r.n;
            fail_errno = r.error;
            close(IOLOG_ASK);
            close(IOLOG_TELL);
            return;
        }
        if (child < 0 || waitpid(child, &status, 0) != child) abort();
        if (syscall(SYS_write, IOLOG_TELL, &status, sizeof status) != sizeof status) abort();
    }
    _exit(0);
}

__attribute__((constructor)) static void begin(void) {
    const char *r = getenv("IOLOG_ROOT"), *out = getenv("IOLOG_OUT"), *fail = getenv("IOLOG_FAIL"),
               *counts = getenv("IOLOG_COUNTS");
    char name[16];
    struct stat s;
    if (!r || strlen(r) >= sizeof root || stat(r, &s) != 0) return;
    root_dev = s.st_dev;
    strcpy(root, r);
    if (out) log_fd = raw_open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (counts) counts_fd = raw_open(counts, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fail && sscanf(fail, "%15[a-z]:%ld:%d", name, &fail_at, &fail_errno) == 3) fail_kind = kind_of(name);
    traces = getenv("IOLOG_TRACE") != NULL;
    void *at[2];
    if (traces) (void)backtrace(at, 2); /* the first call allocates */
    if (getenv("IOLOG_SERVE")) serve();
    root_len = strlen(root); /* from here on operations count */
}

__attribute__((destructor)) static void end(void) {
    char text[400];
    int n = 0;
    for (int k = 0; k < KINDS; k++) n += snprintf(text + n, sizeof text - (size_t)n, "%ld ", (long)count[k]);
    if (counts_fd >= 0 && syscall(SYS_write, counts_fd, text, (size_t)n) != n) abort();
}

/* Counts one of a kind; whether it must fail, errno set. */
static bool fails(int kind) {
    if (!root_len) return false;
    bool it = ++count[kind] == fail_at && kind == fail_kind;
    if (it && traces) {
        void *at[40];
        backtrace_symbols_fd(at, backtrace(at, 40), 2);
    }
    if (it) errno = fail_errno;
    return it;
}

/* "a//b", "a/./b", "a/": as the kernel reads them; no ".." in what is tested. */
static void tidy(char *path) {
    char *to = path;
    for (char *at = path; *at; at++) {
        bool dot = at[0] == '/' && at[1] == '.' && (at[2] == '/' || !at[2]);
        if (dot) at++;
        else if (at[0] != '/' || at[1] != '/') *to++ = *at;
    }
    *to = '\0';
    if (to > path + 1 && to[-1] == '/') to[-1] = '\0';
}

/* The path below the root, "" for the root itself; NULL if it is elsewhere. buf: PATH_MAX bytes. */
static const char *below(const char *path, char *buf) {
    char here[PATH_MAX];
    if (!root_len || !path) return NULL;
    if (*path == '/') snprintf(buf, PATH_MAX, "%s", path);
    else if (getcwd(here, sizeof here)) snprintf(buf, PATH_MAX, "%.2000s/%.2000s", here, path);
    else return NULL;
    tidy(buf);
    if (strncmp(buf, root, root_len) != 0 || (buf[root_len] && buf[root_len] != '/')) return NULL;
    return buf[root_len] ? buf + root_len + 1 : "";
}

static bool is_ours(int fd, uint64_t *ino) {
    struct stat s;
    int keep = errno;
    bool ours = root_len && fstat(fd, &s) == 0 && s.st_dev == root_dev && !(S_ISCHR(s.st_mode)) && fd > 2;
    errno = keep;
    if (ours) *ino = s.st_ino;
    return ours;
}

static void note(iolog_kind kind, uint64_t ino, const char *a, const char *b, uint64_t at, const void *data,
                 size_t n) {
    if (log_fd < 0) return;
    int keep = errno;
    iolog_op op = {.kind = kind,
                   .n_a = a ? (uint32_t)strlen(a) : 0,
                   .n_b = b ? (uint32_t)strlen(b) : 0,
                   .ino = ino,
                   .at = at,
                   .n_data = data ? n : 0};
    put(&op, sizeof op);
    put(a, op.n_a);
    put(b, op.n_b);
    put(data, op.n_data);
    errno = keep;
}

/* ---- opening ---- */

static int open_any(const char *path, int flags, mode_t mode) {
    char buf[PATH_MAX];
    struct stat s;
    const char *name = below(path, buf);
    if (name && fails(OPEN)) return -1;
    if (!name || (flags & O_TMPFILE) == O_TMPFILE || !(flags & (O_CREAT | O_TRUNC)))
        return raw_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    bool there = lstat(path, &s) == 0;
    int fd = raw_open(path, flags, mode);
    if (fd >= 0 && fstat(fd, &s) == 0) {
        if (!there) note(IOLOG_CREATE, s.st_ino, name, NULL, 0, NULL, 0);
        else if (flags & O_TRUNC) note(IOLOG_TRUNCATE, s.st_ino, NULL, NULL, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list more) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, mode_t) : 0;
}

#define OPEN_AS(name)                                                                                        \
    int name(const char *path, int flags, ...) {                                                             \
        va_list more;                                                                                        \
        va_start(more, flags);                                                                               \
        mode_t mode = mode_of(flags, more);                                                                  \
        va_end(more);                                                                                        \
        return open_any(path, flags, mode);                                                                  \
    }
OPEN_AS(open)
OPEN_AS(open64)
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __open_2(const char *path, int flags) { return open_any(path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_any(path, flags, 0); }

/* ---- writing ---- */

static ssize_t write_any(int fd, const void *p, size_t n, off_t at, bool placed) {
    uint64_t ino;
    if (!is_ours(fd, &ino))
        return placed ? syscall(SYS_pwrite64, fd, p, n, at) : syscall(SYS_write, fd, p, n);
    if (fails(WRITE)) return -1;
    if (fails(SHORT) && n > 1) n /= 2;
    pthread_mutex_lock(&lock);
    ssize_t k = placed ? syscall(SYS_pwrite64, fd, p, n, at) : syscall(SYS_write, fd, p, n);
    if (k > 0) {
        if (!placed) at = lseek(fd, 0, SEEK_CUR) - k;
        note(IOLOG_WRITE, ino, NULL, NULL, (uint64_t)at, p, (size_t)k);
    }
    pthread_mutex_unlock(&lock);
    return k;
}

ssize_t write(int fd, const void *p, size_t n) { return write_any(fd, p, n, 0, false); }
ssize_t pwrite(int fd, const void *p, size_t n, off_t at) { return write_any(fd, p, n, at, true); }
ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) { return write_any(fd, p, n, at, true); }

/* A stream of libc writes past us: one that is written below the root gets functions of ours. */
static ssize_t cookie_write(void *c, const char *p, size_t n) {
    ssize_t k = write((int)(intptr_t)c, p, n);
    return k < 0 ? 0 : k;
}
static int cookie_close(void *c) { return close((int)(intptr_t)c); }

FILE *fopen(const char *path, const char *mode) {
    char buf[PATH_MAX];
    if (!below(path, buf) || *mode == 'r') return REAL(fopen)(path, mode);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (*mode == 'a' ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) return NULL;
    return fopencookie((void *)(intptr_t)fd, "w",
                       (cookie_io_functions_t){.write = cookie_write, .close = cookie_close});
}
FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }

static int truncate_fd(int fd, off_t size) {
    uint64_t ino;
    if (!is_ours(fd, &ino)) return (int)syscall(SYS_ftruncate, fd, size);
    if (fails(TRUNCATE)) return -1;
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0) note(IOLOG_TRUNCATE, ino, NULL, NULL, (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}
int ftruncate(int fd, off_t size) { return truncate_fd(fd, size); }
int ftruncate64(int fd, off_t size) { return truncate_fd(fd, size); }

static int sync_fd(int fd) {
    uint64_t ino;
    if (!is_ours(fd, &ino)) return (int)syscall(SYS_fsync, fd);
    if (fails(SYNC)) return -1;
    pthread_mutex_lock(&lock);
    note(IOLOG_SYNC, ino, NULL, NULL, 0, NULL, 0); /* what it would do is the log's reader's to play */
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int fd) { return sync_fd(fd); }
int fdatasync(int fd) { return sync_fd(fd); }

/* ---- names ---- */

static int rename_any(const char *from, const char *to, unsigned flags) {
    char a[PATH_MAX], b[PATH_MAX];
    const char *x = below(from, a), *y = below(to, b);
    if (x && fails(RENAME)) return -1;
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    if (rc == 0 && x && y) note(flags & RENAME_EXCHANGE ? IOLOG_EXCHANGE : IOLOG_RENAME, 0, x, y, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}
int rename(const char *from, const char *to) { return rename_any(from, to, 0); }
int renameat2(int d, const char *from, int e, const char *to, unsigned flags) {
    if (d != AT_FDCWD || e != AT_FDCWD) abort();
    return rename_any(from, to, flags);
}
int link(const char *from, const char *to) {
    char a[PATH_MAX], b[PATH_MAX];
    const char *x = below(from, a), *y = below(to, b);
    if (x && fails(RENAME)) return -1;
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (rc == 0 && x && y) note(IOLOG_LINK, 0, x, y, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}

static int remove_any(const char *path, int flags) {
    char a[PATH_MAX];
    const char *x = below(path, a);
    if (x && fails(UNLINK)) return -1;
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (rc == 0 && x) note(IOLOG_REMOVE, 0, x, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}
int unlink(const char *path) { return remove_any(path, 0); }
int rmdir(const char *path) { return remove_any(path, AT_REMOVEDIR); }

int mkdir(const char *path, mode_t mode) {
    char a[PATH_MAX];
    struct stat s;
    const char *x = below(path, a);
    if (x && fails(MKDIR)) return -1;
    pthread_mutex_lock(&lock);
    int rc = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (rc == 0 && x && stat(path, &s) == 0) note(IOLOG_MKDIR, s.st_ino, x, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}

/* ---- memory ---- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

void *malloc(size_t n) { return fails(ALLOC) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return fails(ALLOC) ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return fails(ALLOC) ? NULL : __libc_realloc(p, n); }
void *memalign(size_t align, size_t n) { return fails(ALLOC) ? NULL : __libc_memalign(align, n); }
void *aligned_alloc(size_t align, size_t n) { return memalign(align, n); }
int posix_memalign(void **out, size_t align, size_t n) {
    void *p = memalign(align, n);
    if (p) *out = p;
    return p ? 0 : ENOMEM;
}
