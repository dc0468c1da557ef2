/* digest.c - digests of files and folders, remembered by size and time */
#include "job/digest.h"

#include "core/absent.h"
#include "core/data_files.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "core/hash.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FAST_FROM = 1 << 26, REMEMBER_FROM = 1 << 20, MAX_CACHE = 8 << 20 };

/* ---- the memory of digests: lines "dev ino size mtime ctime hex", the last one of a file counts ---- */

static void describe_file(const struct stat *s, char out[160]) {
    snprintf(out, 160, "%llu %llu %lld %lld.%09ld %lld.%09ld ", (unsigned long long)s->st_dev,
             (unsigned long long)s->st_ino, (long long)s->st_size, (long long)s->st_mtim.tv_sec,
             s->st_mtim.tv_nsec, (long long)s->st_ctim.tv_sec, s->st_ctim.tv_nsec);
}

static char *cache_path(const char *dir) { return dir ? lem_path_join(dir, "digests", NULL) : NULL; }

static bool recall(const char *cache, const char *key, char hex[65]) {
    lem_buf b = {0};
    bool found = false;
    size_t n = strlen(key);
    if (!cache || !lem_file_exists(cache) || lem_file_read(cache, MAX_CACHE, &b, NULL) != LEM_OK)
        return false;
    for (const char *line = lem_buf_str(&b); *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, key, n) != 0 || strspn(line + n, "0123456789abcdef") != 64) continue;
        memcpy(hex, line + n, 64);
        hex[64] = '\0';
        found = true;
    }
    lem_buf_release(&b);
    return found;
}

/* Changed less than two seconds ago: it may change again within one tick of the file system's clock. */
static bool is_young(const struct stat *s) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return true;
    double age = (double)(now.tv_sec - s->st_ctim.tv_sec) + (double)(now.tv_nsec - s->st_ctim.tv_nsec) / 1e9;
    return age < 2;
}

/* One short write of a whole line; what goes wrong only costs another reading. */
static void remember(const char *cache, const char *dir, const struct stat *s, const char *key,
                     const char *hex) {
    char line[256];
    struct stat old;
    if (!cache || is_young(s) || lem_dir_make(dir, NULL) != LEM_OK) return;
    int n = snprintf(line, sizeof line, "%s%s\n", key, hex);
    int fd = open(cache, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return;
    if (fstat(fd, &old) == 0 && old.st_size > MAX_CACHE / 2 && ftruncate(fd, 0) != 0) n = 0;
    ssize_t written = n > 0 ? write(fd, line, (size_t)n) : 0;
    (void)written;
    close(fd);
}

/* ---- files ---- */

static lem_status read_file(const char *path, uint64_t size, char hex[65], lem_err *err) {
    if (size < FAST_FROM) return lem_sha256_file(path, hex, err);
    lem_pool *pool = lem_pool_new(0, err);
    if (!pool) return LEM_EMEM;
    lem_status st = lem_fingerprint_file(path, pool, hex, err);
    lem_pool_free(pool);
    return st;
}

static lem_status digest_file(const char *path, const char *cache_dir, char hex[65], lem_err *err) {
    struct stat s;
    char key[160];
    if (stat(path, &s) != 0) {
        if (errno != ENOENT) return lem_fail_errno(err, LEM_EDATA, "cannot read '%s'", path);
        if (lem_absent_hub_name(path)) return lem_absent_model(path, err);
        return lem_fail(err, LEM_EDATA, "%s: no such file", path);
    }
    if (s.st_size < REMEMBER_FROM) return read_file(path, (uint64_t)s.st_size, hex, err);
    char *cache = cache_path(cache_dir);
    describe_file(&s, key);
    lem_status st = LEM_OK;
    if (!recall(cache, key, hex)) {
        st = read_file(path, (uint64_t)s.st_size, hex, err);
        if (st == LEM_OK) remember(cache, cache_dir, &s, key, hex);
    }
    lem_free(cache);
    return st;
}

/* ---- folders ---- */

static bool is_content(const char *name) {
    return !lem_file_is_temporary(name) && name[0] != '.' && strcmp(name, "manifest.json") != 0 &&
           strcmp(name, "timing.json") != 0;
}

/* Links are followed: the cache of Hugging Face consists of them. */
static bool is_plain_file(const char *path) {
    struct stat s;
    return stat(path, &s) != 0 ? !lem_file_is_dir(path) : S_ISREG(s.st_mode);
}

static lem_status note_digest(lem_json *files, const char *name, const char *hex, lem_err *err) {
    return lem_json_set(files, name, lem_json_new_str(hex)) ? LEM_OK
                                                            : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status add_file(const char *dir, const char *name, const char *cache_dir, lem_sha256 *all,
                           lem_json *files, lem_err *err) {
    char *path = lem_path_join(dir, name, err), hex[65];
    if (!path) return LEM_EMEM;
    lem_status st = LEM_OK;
    if (is_plain_file(path)) {
        st = digest_file(path, cache_dir, hex, err);
        if (st == LEM_OK) st = note_digest(files, name, hex, err);
        if (st == LEM_OK) {
            lem_sha256_add(all, name, strlen(name) + 1);
            lem_sha256_add(all, hex, 64);
        }
    }
    lem_free(path);
    return st;
}

static void hex_of(const uint8_t raw[32], char hex[65]) {
    static const char digit[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = digit[raw[i] >> 4];
        hex[2 * i + 1] = digit[raw[i] & 15];
    }
    hex[64] = '\0';
}

static lem_status digest_names(const char *dir, char *const *names, size_t n, const char *cache_dir,
                               char hex[65], lem_json *files, lem_err *err) {
    bool model = false;
    for (size_t i = 0; i < n; i++) model = model || lem_model_has_file(names[i]);
    lem_sha256 all;
    uint8_t raw[32];
    lem_sha256_init(&all);
    for (size_t i = 0; i < n; i++) {
        if (!(model ? lem_model_has_file(names[i]) : is_content(names[i]))) continue;
        lem_status st = add_file(dir, names[i], cache_dir, &all, files, err);
        if (st) return st;
    }
    lem_sha256_end(&all, raw);
    hex_of(raw, hex);
    return LEM_OK;
}

static lem_status digest_folder(const char *dir, const char *cache_dir, char hex[65], lem_json **files,
                                lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    lem_status st = lem_dir_list(dir, &names, &n, err);
    if (st) return st;
    lem_json *found = lem_json_new_object();
    st = found ? digest_names(dir, names, n, cache_dir, hex, found, err)
               : lem_fail(err, LEM_EMEM, "%s: out of memory for the list of its files", dir);
    for (size_t i = 0; i < n; i++) lem_free(names[i]);
    lem_free(names);
    if (st == LEM_OK && files) *files = found;
    else lem_json_free(found);
    return st;
}

lem_status lem_digest_path(const char *path, const char *cache_dir, char hex[65], lem_json **files,
                           lem_err *err) {
    if (lem_file_is_dir(path)) return digest_folder(path, cache_dir, hex, files, err);
    lem_status st = digest_file(path, cache_dir, hex, err);
    if (st == LEM_OK && files) *files = NULL;
    return st;
}

/* ---- data: the files that the row source reads, in its order; their names do not count ---- */

static lem_status digest_each(const lem_data_files *f, const char *cache_dir, bool whole_paths, char hex[65],
                              lem_json *files, lem_err *err) {
    lem_sha256 all;
    uint8_t raw[32];
    lem_sha256_init(&all);
    for (size_t i = 0; i < f->n; i++) {
        if (!is_plain_file(f->path[i]))
            return lem_fail(err, LEM_EDATA, "%s: a plain file is expected", f->path[i]);
        lem_status st = digest_file(f->path[i], cache_dir, hex, err);
        if (st) return st;
        lem_sha256_add(&all, hex, 64);
        st = note_digest(files, whole_paths ? f->path[i] : lem_path_base(f->path[i]), hex, err);
        if (st) return st;
    }
    lem_sha256_end(&all, raw);
    hex_of(raw, hex);
    return LEM_OK;
}

lem_status lem_digest_input(const char *path, const char *cache_dir, char hex[65], lem_json **files,
                            lem_err *err) {
    bool pattern = lem_data_is_pattern(path);
    if (!pattern && !lem_data_is_folder(path)) return lem_digest_path(path, cache_dir, hex, files, err);
    lem_data_files f = {NULL, 0};
    lem_json *found = lem_json_new_object();
    lem_status st = lem_data_files_find(&path, 1, &f, err);
    if (st == LEM_OK) st = found ? digest_each(&f, cache_dir, pattern, hex, found, err) : LEM_EMEM;
    lem_data_files_release(&f);
    if (st == LEM_OK && files) *files = found;
    else lem_json_free(found);
    return st;
}

static lem_status remove_named(const char *dir, const char *name, lem_err *err) {
    char *path = lem_path_join(dir, name, err);
    lem_status st = path ? lem_file_remove(path, err) : LEM_EMEM;
    lem_free(path);
    return st;
}

lem_status lem_digest_clear_model(const char *dir, lem_err *err) {
    char **names = NULL;
    size_t n = 0;
    if (!lem_file_is_dir(dir)) return LEM_OK;
    lem_status st = lem_dir_list(dir, &names, &n, err);
    for (size_t i = 0; i < n; i++) {
        if (st == LEM_OK && lem_model_has_file(names[i])) st = remove_named(dir, names[i], err);
        lem_free(names[i]);
    }
    lem_free(names);
    return st;
}
