/* err.c - records error texts: one line, bounded, without control bytes */
#include "core/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Makes the text one clean line; marks a cut. */
static void tidy(char *text, size_t cap, size_t wanted) {
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F) *p = '?';
    if (wanted >= cap) memcpy(text + cap - 4, "...", 4);
}

lem_status lem_fail(lem_err *err, lem_status status, const char *fmt, ...) {
    if (!err) return status;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    tidy(err->text, sizeof err->text, n < 0 ? 0 : (size_t)n);
    err->status = status;
    return status;
}

lem_status lem_fail_errno(lem_err *err, lem_status status, const char *fmt, ...) {
    int code = errno;
    if (!err) return status;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof err->text ? (size_t)n : sizeof err->text - 1;
    char words[128];
    int m = snprintf(err->text + at, sizeof err->text - at, ": %s", strerror_r(code, words, sizeof words));
    tidy(err->text, sizeof err->text, (n < 0 ? 0 : (size_t)n) + (size_t)(m < 0 ? 0 : m));
    err->status = status;
    return status;
}

lem_status lem_err_context(lem_err *err, const char *fmt, ...) {
    if (!err) return LEM_EDATA;
    char old[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof err->text ? (size_t)n : sizeof err->text - 1;
    int m = snprintf(err->text + at, sizeof err->text - at, ": %s", old);
    tidy(err->text, sizeof err->text, at + (size_t)(m < 0 ? 0 : m));
    return err->status;
}
