/* unpack - blocks of known size, decompressed */
#include "rows/unpack_priv.h"

#include <lz4.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define MOST ((uint64_t)1 << 30)

/* The most bytes that one byte can become, rounded up: snappy 64 of 3, deflate 258 of 2 bits, an LZ4 length
 * byte 255, a Zstandard block of 4 bytes 128 KiB. */
static uint64_t most_from(lem_codec codec, size_t n) {
    static const uint64_t ratio[] = {1, 64, 1040, 40000, 256, 256, 256};
    return ((uint64_t)n + 16) * ratio[codec];
}

static lem_status whole_or(bool ok) { return ok ? LEM_OK : LEM_EDATA; }

/* These say LEM_OK, LEM_EDATA or LEM_EMEM, and record nothing. */
static lem_status gunzip(const unsigned char *p, size_t n, unsigned char *to, size_t size) {
    z_stream z = {0};
    /* 32: gzip or zlib, as the header says. */
    if (n > MOST) return LEM_EDATA;
    if (inflateInit2(&z, 15 + 32) != Z_OK) return LEM_EMEM;
    z.next_in = (unsigned char *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = to;
    z.avail_out = (uInt)size;
    int rc = inflate(&z, Z_FINISH);
    while (rc == Z_STREAM_END && z.avail_in && z.avail_out) { /* several members */
        if (inflateReset(&z) != Z_OK) break;
        rc = inflate(&z, Z_FINISH);
    }
    bool ok = rc == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return rc == Z_MEM_ERROR ? LEM_EMEM : whole_or(ok);
}

static bool lz4_block(const unsigned char *p, size_t n, unsigned char *to, size_t size) {
    if (n > MOST) return false;
    return LZ4_decompress_safe((const char *)p, (char *)to, (int)n, (int)size) == (int)size;
}

static uint32_t big32(const unsigned char *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool lz4_hadoop(const unsigned char *p, size_t n, unsigned char *to, size_t size) {
    size_t at = 0, made = 0;
    while (n - at >= 8) {
        uint32_t whole = big32(p + at), packed = big32(p + at + 4);
        at += 8;
        if (packed > n - at || whole > size - made || !lz4_block(p + at, packed, to + made, whole))
            return false;
        at += packed;
        made += whole;
    }
    return at == n && made == size;
}

static lem_status lz4_frame(const unsigned char *p, size_t n, unsigned char *to, size_t size) {
    LZ4F_dctx *d = NULL;
    size_t at = 0, made = 0, rc = 1;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION))) return LEM_EMEM;
    while (rc && at < n) {
        size_t room = size - made, have = n - at;
        rc = LZ4F_decompress(d, to + made, &room, p + at, &have, NULL);
        if (LZ4F_isError(rc) || (room == 0 && have == 0)) break;
        made += room;
        at += have;
    }
    LZ4F_freeDecompressionContext(d);
    bool memory = strcmp(LZ4F_getErrorName(rc), "ERROR_allocation_failed") != 0;
    return memory ? whole_or(rc == 0 && made == size) : LEM_EMEM;
}

static lem_status unzstd(const unsigned char *p, size_t n, unsigned char *to, size_t size) {
    size_t made = ZSTD_decompress(to, size, p, n);
    bool memory = ZSTD_getErrorCode(made) != ZSTD_error_memory_allocation;
    return memory ? whole_or(made == size) : LEM_EMEM;
}

static bool unsnappy(const unsigned char *p, size_t n, unsigned char *to, size_t size) {
    size_t whole = size;
    return snappy_uncompressed_length((const char *)p, n, &whole) == SNAPPY_OK && whole == size &&
           snappy_uncompress((const char *)p, n, (char *)to, &whole) == SNAPPY_OK && whole == size;
}

static lem_status run(lem_codec codec, const unsigned char *p, size_t n, unsigned char *to, size_t size) {
    switch (codec) {
    case LEM_CODEC_NONE:
        if (n != size) return LEM_EDATA;
        if (n) memcpy(to, p, n);
        return LEM_OK;
    case LEM_CODEC_SNAPPY: return whole_or(unsnappy(p, n, to, size));
    case LEM_CODEC_GZIP: return gunzip(p, n, to, size);
    case LEM_CODEC_ZSTD: return unzstd(p, n, to, size);
    case LEM_CODEC_LZ4_RAW: return whole_or(lz4_block(p, n, to, size));
    case LEM_CODEC_LZ4_HADOOP: return whole_or(lz4_hadoop(p, n, to, size) || lz4_block(p, n, to, size));
    case LEM_CODEC_LZ4_FRAME: return lz4_frame(p, n, to, size);
    }
    return LEM_EDATA;
}

lem_status lem_unpack(lem_codec codec, const unsigned char *p, size_t n, uint64_t size, lem_buf *out,
                      lem_err *err) {
    lem_buf_clear(out);
    if (size > MOST || size > most_from(codec, n))
        return lem_fail(err, LEM_EDATA, "%zu compressed bytes cannot be the %llu that are stated", n,
                        (unsigned long long)size);
    if (!lem_buf_reserve(out, (size_t)size + 1)) return lem_fail(err, LEM_EMEM, "out of memory for a page");
    lem_status st = run(codec, p, n, (unsigned char *)out->data, (size_t)size);
    if (st == LEM_EMEM) return lem_fail(err, LEM_EMEM, "out of memory for a page of %zu bytes", (size_t)size);
    if (st) return lem_fail(err, LEM_EDATA, "compressed data is damaged");
    out->len = (size_t)size;
    out->data[out->len] = '\0';
    return LEM_OK;
}
