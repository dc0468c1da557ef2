/* fingerprint - content identity of large files, a MiB per task */
#include "core/fingerprint.h"

#include "core/absent.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

__extension__ typedef unsigned __int128 u128;

static uint64_t fold(uint64_t a, uint64_t b) {
    u128 m = (u128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Four chains of folded products, so that the multiplier never waits; the numbers are digits of pi. n is a
 * multiple of 64. */
static uint64_t hash_blocks(const unsigned char *p, size_t n, uint64_t seed) {
    static const uint64_t pi[4] = {0x243f6a8885a308d3u, 0x13198a2e03707344u, 0xa4093822299f31d0u,
                                   0x082efa98ec4e6c89u};
    uint64_t lane[4] = {seed ^ pi[1], seed ^ pi[2], seed ^ pi[3], seed ^ pi[0]}, w[8];
    for (size_t i = 0; i < n; i += sizeof w) {
        for (int k = 0; k < 8; k++) {
            const unsigned char *b = p + i + 8 * k;
            w[k] = (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
                   (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
        }
        for (int k = 0; k < 4; k++) lane[k] = fold(lane[k] ^ w[2 * k], pi[k] ^ w[2 * k + 1]);
    }
    return fold(fold(lane[0], lane[1] ^ pi[2]) ^ lane[2], lane[3] ^ pi[0]);
}

typedef struct job {
    int fd;
    uint64_t size;
    uint64_t *hash;     /* [chunks] */
    int *error;         /* [chunks] errno, or -1 for a file that ended early */
    unsigned char *buf; /* [threads * CHUNK] */
} job;

static void hash_chunk(void *ctx, int task, int worker) {
    job *j = ctx;
    unsigned char *buf = j->buf + (size_t)worker * CHUNK; /* a chunk is a multiple of 64 bytes */
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
    size_t padded = (want + 63) / 64 * 64;
    memset(buf + want, 0, padded - want); /* the size is part of the identity */
    j->hash[task] = hash_blocks(buf, padded, (uint64_t)task);
}

static lem_status combine(const job *j, int n, const char *path, char out[65], lem_err *err) {
    lem_sha256 s;
    uint8_t raw[32], word[8];
    lem_sha256_init(&s);
    for (int i = -1; i < n; i++) {
        if (i >= 0 && j->error[i] < 0)
            return lem_fail(err, LEM_EDATA, "%s: the file ends early (truncated?)", path);
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
    if (j.fd < 0) return lem_absent_open(path, err);
    if (fstat(j.fd, &info) != 0 || !S_ISREG(info.st_mode))
        LEM_TRY(lem_fail(err, LEM_EDATA, "open %s: not a regular file", path));
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
