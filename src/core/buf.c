/* buf - growable byte buffer */
#include "core/buf.h"

#include "core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void lem_buf_release(lem_buf *b) {
    lem_free(b->data);
    *b = (lem_buf){NULL, 0, 0, false};
}

void lem_buf_clear(lem_buf *b) {
    b->len = 0;
    if (b->data) b->data[0] = '\0';
}

bool lem_buf_reserve(lem_buf *b, size_t extra) {
    size_t need;
    if (b->failed) return false;
    if (!lem_add_size(b->len, extra, &need) || !lem_add_size(need, 1, &need)) {
        b->failed = true;
        return false;
    }
    if (need <= b->cap) return true;
    size_t cap = b->cap + b->cap / 2; /* cannot overflow: no allocation exceeds PTRDIFF_MAX */
    if (cap < need) cap = need < 64 ? 64 : need;
    char *p = lem_realloc(b->data, cap, 1, NULL);
    if (!p) {
        b->failed = true;
        return false;
    }
    if (!b->data) p[0] = '\0';
    b->data = p;
    b->cap = cap;
    return true;
}

void lem_buf_add(lem_buf *b, const void *p, size_t n) {
    if (!lem_buf_reserve(b, n)) return;
    if (n) memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void lem_buf_puts(lem_buf *b, const char *s) { lem_buf_add(b, s, strlen(s)); }
void lem_buf_putc(lem_buf *b, char c) { lem_buf_add(b, &c, 1); }

void lem_buf_printf(lem_buf *b, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) b->failed = true;
    else if (lem_buf_reserve(b, (size_t)n)) {
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

const char *lem_buf_str(const lem_buf *b) { return b->data ? b->data : ""; }

char *lem_buf_take(lem_buf *b) {
    char *p = b->data;
    if (b->failed) {
        lem_free(p);
        p = NULL;
    } else if (!p) {
        p = lem_strdup("", NULL);
    }
    *b = (lem_buf){NULL, 0, 0, false};
    return p;
}

lem_status lem_buf_ok(const lem_buf *b, lem_err *err) {
    return b->failed ? lem_fail(err, LEM_EMEM, "out of memory for a buffer of %zu bytes", b->len) : LEM_OK;
}
