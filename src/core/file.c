/* file - whole files, folders and paths */
#include "core/file.h"

#include "core/absent.h"
#include "core/mem.h"
#include "core/stream_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

lem_status lem_file_read(const char *path, size_t max_bytes, lem_buf *out, lem_err *err) {
    enum { CHUNK = 128 * 1024 };
    lem_status st = LEM_OK;
    lem_stream *in = NULL;
    lem_buf all = {0};
    size_t n = 0;
    LEM_TRY(lem_stream_open(path, LEM_STREAM_BY_NAME, &in, err));
    do {
        if (!lem_buf_reserve(&all, CHUNK)) LEM_TRY(lem_buf_ok(&all, err));
        LEM_TRY(lem_stream_read(in, all.data + all.len, CHUNK, &n, err));
        all.len += n;
        all.data[all.len] = '\0';
        if (all.len > max_bytes) {
            st = lem_fail(err, LEM_EDATA, "'%s' is larger than the limit of %zu bytes", lem_stream_path(in),
                          max_bytes);
            goto done;
        }
    } while (n);
    lem_buf_release(out);
    *out = all;
    all = (lem_buf){0};
done:
    lem_buf_release(&all);
    lem_stream_close(in);
    return st;
}

bool lem_file_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

bool lem_dir_has(const char *dir, const char *name) {
    char *path = lem_path_join(dir, name, NULL);
    bool there = path && lem_file_exists(path);
    lem_free(path);
    return there;
}

bool lem_file_is_dir(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

lem_status lem_file_size(const char *path, uint64_t *size, lem_err *err) {
    struct stat info;
    if (stat(path, &info) != 0) return lem_absent_open(path, err);
    *size = (uint64_t)info.st_size;
    return LEM_OK;
}

lem_status lem_dir_make_temporary(const char *path, lem_err *err) {
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && lem_file_is_dir(path))) return LEM_OK;
    return lem_fail_errno(err, LEM_EIO, "cannot create the folder '%s'", path);
}

static lem_status make_one(const char *path, lem_err *err) {
    lem_status st = lem_dir_make_temporary(path, err);
    return st ? st : lem_file_fsync_folder_of(path, err);
}

lem_status lem_dir_make(const char *path, lem_err *err) {
    if (lem_file_is_dir(path)) return LEM_OK;
    if (!*path) return lem_fail(err, LEM_EUSAGE, "cannot create a folder without a name");
    char *part = lem_strdup(path, err);
    if (!part) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (char *at = part + 1; *at && st == LEM_OK; at++) {
        if (*at != '/' || at[-1] == '/') continue;
        *at = '\0';
        if (!lem_file_is_dir(part)) st = make_one(part, err);
        *at = '/';
    }
    if (st == LEM_OK) st = make_one(part, err);
    lem_free(part);
    return st;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void free_names(char **names, size_t n) {
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
}

static lem_status add_name(char ***names, size_t *n, size_t *cap, const char *name, lem_err *err) {
    if (*n == *cap) {
        size_t more = *cap ? *cap * 2 : 16;
        char **grown = lem_realloc(*names, more, sizeof **names, err);
        if (!grown) return LEM_EMEM;
        *names = grown;
        *cap = more;
    }
    (*names)[*n] = lem_strdup(name, err);
    if (!(*names)[*n]) return LEM_EMEM;
    (*n)++;
    return LEM_OK;
}

lem_status lem_dir_list(const char *path, char ***names, size_t *n, lem_err *err) {
    lem_status st = LEM_OK;
    char **list = NULL;
    size_t count = 0, cap = 0;
    DIR *d = opendir(path);
    if (!d) return lem_absent_dir(path, err);
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(d);
        if (!e) break;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        LEM_TRY(add_name(&list, &count, &cap, e->d_name, err));
    }
    if (errno) {
        st = lem_fail_errno(err, LEM_EIO, "cannot read the folder '%s'", path);
        goto done;
    }
    if (count) qsort(list, count, sizeof *list, by_name);
    *names = list;
    *n = count;
    list = NULL;
done:
    closedir(d);
    if (list) free_names(list, count);
    return st;
}

static void cut(lem_buf *b, size_t n) {
    b->len = n;
    b->data[n] = '\0';
}

static lem_status removed(int rc, const char *path, lem_err *err) {
    if (rc == 0 || errno == ENOENT) return LEM_OK;
    return lem_fail_errno(err, LEM_EIO, "cannot remove '%s'", path);
}

/* Removes the files of a folder up to a folder in it, whose name path then has at its end. */
static lem_status remove_files(lem_buf *path, lem_err *err) {
    const size_t n = path->len;
    struct dirent *e;
    struct stat s;
    lem_status st = LEM_OK;
    bool down = false;
    DIR *d = opendir(path->data);
    if (!d) return removed(-1, path->data, err);
    while (st == LEM_OK && !down && (errno = 0, e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        lem_buf_printf(path, "/%s", e->d_name);
        LEM_TRY(lem_buf_ok(path, err));
        down = lstat(path->data, &s) == 0 && S_ISDIR(s.st_mode);
        if (!down) st = removed(unlink(path->data), path->data, err);
        if (!down) cut(path, n);
    }
    if (st == LEM_OK && !down) st = removed(errno ? -1 : 0, path->data, err);
done:
    closedir(d);
    return st;
}

/* Depth first, with the path as the only memory: fts of the C library dies where there is none. */
lem_status lem_dir_remove(const char *path, lem_err *err) {
    lem_status st = LEM_OK;
    struct stat info;
    lem_buf at = {0};
    if (lstat(path, &info) != 0) return removed(-1, path, err);
    if (!S_ISDIR(info.st_mode)) return lem_file_remove(path, err);
    const size_t root = strlen(path);
    lem_buf_puts(&at, path);
    LEM_TRY(lem_buf_ok(&at, err));
    for (bool more = true; more;) {
        size_t n = at.len;
        LEM_TRY(remove_files(&at, err));
        if (at.len > n) continue;
        LEM_TRY(removed(rmdir(at.data), at.data, err));
        more = n > root;
        if (more) cut(&at, (size_t)(strrchr(at.data, '/') - at.data));
    }
done:
    lem_buf_release(&at);
    return st;
}

lem_status lem_file_remove(const char *path, lem_err *err) {
    if (unlink(path) == 0 || errno == ENOENT) return LEM_OK;
    return lem_fail_errno(err, LEM_EIO, "cannot remove '%s'", path);
}

lem_status lem_file_rename(const char *from, const char *to, lem_err *err) {
    if (rename(from, to) == 0) return LEM_OK;
    return lem_fail_errno(err, LEM_EIO, "cannot rename '%s' to '%s'", from, to);
}

lem_status lem_file_fsync_dir(const char *dir, lem_err *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return lem_fail_errno(err, LEM_EIO, "cannot open the folder '%s'", dir);
    lem_status st = LEM_OK;
    /* EINVAL: a file system that cannot sync folders has nothing to lose there. */
    if (fsync(fd) != 0 && errno != EINVAL)
        st = lem_fail_errno(err, LEM_EIO, "cannot fsync the folder '%s'", dir);
    close(fd);
    return st;
}

lem_status lem_file_fsync_folder_of(const char *path, lem_err *err) {
    char *dir = lem_path_dir(path, err);
    lem_status st = dir ? lem_file_fsync_dir(dir, err) : LEM_EMEM;
    lem_free(dir);
    return st;
}

char *lem_path_join(const char *dir, const char *name, lem_err *err) {
    lem_buf b = {0};
    size_t n = strlen(dir);
    if (n) {
        lem_buf_add(&b, dir, n);
        if (dir[n - 1] != '/') lem_buf_putc(&b, '/');
    }
    lem_buf_puts(&b, name);
    char *path = lem_buf_take(&b);
    if (!path) lem_fail(err, LEM_EMEM, "out of memory: the path of '%s'", name);
    return path;
}

char *lem_path_with_end(const char *path, const char *old_end, const char *new_end, lem_err *err) {
    size_t n = strlen(path), old = strlen(old_end), more = strlen(new_end);
    if (n > old && lem_path_ends(path, old_end)) n -= old;
    char *made = lem_alloc(n + more + 1, 1, err);
    if (!made) return NULL;
    memcpy(made, path, n);
    memcpy(made + n, new_end, more + 1);
    return made;
}

char *lem_path_dir(const char *path, lem_err *err) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    while (n > 0 && path[n - 1] != '/') n--;
    while (n > 1 && path[n - 1] == '/') n--;
    return n ? lem_strndup(path, n, err) : lem_strdup(".", err);
}

/* The next part of a path, without slashes and "." around it; its length, 0 at the end. */
static size_t next_part(const char **p) {
    for (;;) {
        *p += strspn(*p, "/");
        size_t n = strcspn(*p, "/");
        if (n != 1 || **p != '.') return n;
        *p += n;
    }
}

bool lem_path_within(const char *path, const char *folder) {
    if ((*path == '/') != (*folder == '/')) return false;
    for (;;) {
        size_t n = next_part(&path), k = next_part(&folder);
        if (k == 0) return true;
        if (n != k || strncmp(path, folder, n) != 0) return false;
        path += n;
        folder += k;
    }
}

const char *lem_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool lem_path_ends(const char *path, const char *end) {
    size_t n = strlen(path), m = strlen(end);
    return n >= m && strcmp(path + n - m, end) == 0;
}
