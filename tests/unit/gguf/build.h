/* build.h - GGUF files written by the tests, straight from the format's description */
#ifndef TEST_GGUF_BUILD_H
#define TEST_GGUF_BUILD_H

#include "core/buf.h"

#include <stdint.h>
#include <string.h>

enum { G_U32 = 4, G_F32 = 6, G_BOOL = 7, G_STRING = 8, G_ARRAY = 9 };

static inline void put(lem_buf *b, uint64_t v, int bytes) {
    for (int i = 0; i < bytes; i++) lem_buf_putc(b, (char)(v >> 8 * i));
}

static inline void put_text(lem_buf *b, const char *s) {
    put(b, strlen(s), 8);
    lem_buf_puts(b, s);
}

static inline void put_float(lem_buf *b, float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    put(b, bits, 4);
}

static inline void key_u32(lem_buf *b, const char *key, uint32_t v) {
    put_text(b, key);
    put(b, G_U32, 4);
    put(b, v, 4);
}

static inline void key_f32(lem_buf *b, const char *key, float v) {
    put_text(b, key);
    put(b, G_F32, 4);
    put_float(b, v);
}

static inline void key_text(lem_buf *b, const char *key, const char *v) {
    put_text(b, key);
    put(b, G_STRING, 4);
    put_text(b, v);
}

static inline void key_array(lem_buf *b, const char *key, uint32_t type, uint64_t n) {
    put_text(b, key);
    put(b, G_ARRAY, 4);
    put(b, type, 4);
    put(b, n, 8);
}

static inline void head(lem_buf *b, uint32_t version, uint64_t tensors, uint64_t entries) {
    lem_buf_puts(b, "GGUF");
    put(b, version, 4);
    put(b, tensors, 8);
    put(b, entries, 8);
}

#endif
