/* fuzz_sse.c - event streams: whatever the pieces, the same events; and none beyond the limit
 *
 * The first byte is the size of the pieces. */
#include "net/sse.h"

#include <stdint.h>
#include <string.h>

enum { MAX_EVENT = 64 };

static lem_status gather(void *ctx, const char *data, size_t len, lem_err *err) {
    (void)err;
    if (len > MAX_EVENT || data[len] != '\0') __builtin_trap();
    lem_buf_add(ctx, data, len);
    lem_buf_putc(ctx, '\x1e');
    return LEM_OK;
}

static lem_status feed(const char *s, size_t n, size_t piece, lem_buf *out) {
    lem_err err = LEM_ERR_INIT;
    lem_sse e = {.event = gather, .ctx = out, .max = MAX_EVENT};
    lem_status st = LEM_OK;
    for (size_t at = 0; st == LEM_OK && at < n; at += piece)
        st = lem_sse_feed(&e, s + at, piece < n - at ? piece : n - at, &err);
    lem_sse_release(&e);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    lem_buf whole = {0}, pieces = {0};
    lem_status a = feed((const char *)data + 1, size - 1, size, &whole);
    lem_status b = feed((const char *)data + 1, size - 1, 1 + data[0] % 7, &pieces);
    if (a != b || whole.len != pieces.len ||
        memcmp(lem_buf_str(&whole), lem_buf_str(&pieces), whole.len) != 0)
        __builtin_trap();
    lem_buf_release(&whole);
    lem_buf_release(&pieces);
    return 0;
}
