/* unpack_priv - blocks of known size, decompressed */
#ifndef LEM_ROWS_UNPACK_PRIV_H
#define LEM_ROWS_UNPACK_PRIV_H

#include "core/buf.h"

#include <stdint.h>

typedef enum lem_codec {
    LEM_CODEC_NONE,
    LEM_CODEC_SNAPPY,
    LEM_CODEC_GZIP,
    LEM_CODEC_ZSTD,
    LEM_CODEC_LZ4_RAW,
    LEM_CODEC_LZ4_HADOOP, /* blocks behind two big-endian sizes; also a bare block, as some writers do */
    LEM_CODEC_LZ4_FRAME
} lem_codec;

/* Replaces out by exactly `size` bytes made of p[0..n).
 * A size that the codec cannot reach from n bytes, or over 1 GiB, is refused before anything is allocated. */
lem_status lem_unpack(lem_codec codec, const unsigned char *p, size_t n, uint64_t size, lem_buf *out,
                      lem_err *err) LEM_MUST_CHECK;

#endif
