/* fingerprint - content identity of large files, a MiB per task */
#include "core/fingerprint.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

typedef struct job {
    int fd;
    uint64_t size;
    uint64_t *hash;     /* [chunks] */
    int *error;         /* [chunks] errno, or -1 for a file that ended early */
    unsigned char *buf; /* [threads * CHUNK] */
} job;

static void hash_chunk(void *ctx, int task, int worker) {
    job *j = ctx;
    unsigned char *buf = j->buf + (size_t)worker * CHUNK;
    uint64_t from = (uint64_t)task * CHUNK;
    size_t want = j->size - from < CHUNK ? (size_t)(j->size - from) : CHUNK, have = 0;
    while (have < want) {
        ssize_t got = pread(j->fd, buf + have, want - have, (off_t)(from + have));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            j->error[task] = got < 0 ? errno : -1;
            return;
        }
        have += (size_t)got;
    }
    j->hash[task] = lem_hash64(buf, want, (uint64_t)task);
}

static lem_status combine(const job *j, int n, const char *path, char out[65], lem_err *err) {
    lem_sha256 s;
    uint8_t raw[32], word[8];
    lem_sha256_init(&s);
    for (int i = -1; i < n; i++) {
        if (i >= 0 && j->error[i] < 0) return lem_fail(err, LEM_EDATA, "%s: the file ends early (truncated?)", path);
        if (i >= 0 && (errno = j->error[i])) return lem_fail_errno(err, LEM_EIO, "read %s", path);
        uint64_t x = i < 0 ? j->size : j->hash[i];
        for (int k = 0; k < 8; k++) word[k] = (uint8_t)(x >> 8 * k);
        lem_sha256_add(&s, word, sizeof word);
    }
    lem_sha256_end(&s, raw);
    for (int i = 0; i < 64; i++) out[i] = "0123456789abcdef"[raw[i / 2] >> (i % 2 ? 0 : 4) & 15];
    out[64] = '\0';
    return LEM_OK;
}

lem_status lem_fingerprint_file(const char *path, lem_pool *pool, char out[65], lem_err *err) {
    lem_status st = LEM_OK;
    job j = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat info;
    if (j.fd < 0) return lem_fail_errno(err, LEM_EDATA, "open %s", path);
    if (fstat(j.fd, &info) != 0 || !S_ISREG(info.st_mode)) LEM_TRY(lem_fail(err, LEM_EDATA, "open %s: not a regular file", path));
    j.size = (uint64_t)info.st_size;
    if (j.size / CHUNK >= INT32_MAX) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: larger than 2 PiB", path));
    int n = (int)((j.size + CHUNK - 1) / CHUNK);
    j.hash = lem_alloc_zero((size_t)n, sizeof *j.hash, err);
    j.error = lem_alloc_zero((size_t)n, sizeof *j.error, err);
    j.buf = lem_alloc((size_t)lem_pool_threads(pool), CHUNK, err);
    if (!j.hash || !j.error || !j.buf) LEM_TRY(LEM_EMEM);
    lem_pool_run(pool, n, hash_chunk, &j);
    LEM_TRY(combine(&j, n, path, out, err));
done:
    (void)close(j.fd);
    lem_free(j.hash);
    lem_free(j.error);
    lem_free(j.buf);
    return st;
}
