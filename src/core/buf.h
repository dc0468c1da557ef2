/* core/buf.h - growable byte buffer, always NUL-terminated
 *
 * A zeroed lem_buf is empty and valid. Owns its bytes; release with lem_buf_release. Appending can fail only
 * for want of memory: the buffer then remembers `failed` and ignores further appends, so that a caller checks
 * once with lem_buf_ok. */
#ifndef LEM_CORE_BUF_H
#define LEM_CORE_BUF_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct lem_buf {
    char *data; /* NULL while empty; use lem_buf_str */
    size_t len, cap;
    bool failed;
} lem_buf;

void lem_buf_release(lem_buf *b);
void lem_buf_clear(lem_buf *b);
bool lem_buf_reserve(lem_buf *b, size_t extra);
void lem_buf_add(lem_buf *b, const void *p, size_t n);
void lem_buf_puts(lem_buf *b, const char *s);
void lem_buf_putc(lem_buf *b, char c);
void lem_buf_printf(lem_buf *b, const char *fmt, ...) LEM_PRINTF(2, 3);
const char *lem_buf_str(const lem_buf *b); /* never NULL */
char *lem_buf_take(lem_buf *b);            /* caller owns (lem_free); buffer is empty again; NULL if failed */
lem_status lem_buf_ok(const lem_buf *b, lem_err *err) LEM_MUST_CHECK; /* LEM_EMEM if any append failed */

#endif
