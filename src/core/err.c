/* err - records error texts: one line, bounded, without control bytes */
#include "core/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = sizeof(((lem_err *)0)->text), WORK_SIZE = 2 * TEXT_SIZE + 128 };

/* Control bytes become '?'; a text that does not fit is cut between code points and ends in "…". */
static void set_text(lem_err *err, const char *from) {
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t n = strlen(from), keep = n;
    if (n >= TEXT_SIZE) {
        keep = TEXT_SIZE - sizeof ellipsis;
        while (keep > 0 && ((unsigned char)from[keep] & 0xC0u) == 0x80u) keep--;
    }
    for (size_t i = 0; i < keep; i++) {
        unsigned char c = (unsigned char)from[i];
        err->text[i] = (c < 0x20 || c == 0x7F) ? '?' : (char)c;
    }
    if (keep < n) memcpy(err->text + keep, ellipsis, sizeof ellipsis);
    else err->text[keep] = '\0';
}

/* Formats into the caller's work space and not in place, because the arguments may point into err->text. */
static size_t format(char *work, size_t size, const char *fmt, va_list ap) LEM_PRINTF(3, 0);
static size_t format(char *work, size_t size, const char *fmt, va_list ap) {
    if (vsnprintf(work, size, fmt, ap) < 0) work[0] = '\0';
    return strlen(work);
}

lem_status lem_fail(lem_err *err, lem_status status, const char *fmt, ...) {
    if (!err) return status;
    char work[WORK_SIZE];
    va_list ap;
    va_start(ap, fmt);
    format(work, sizeof work, fmt, ap);
    va_end(ap);
    err->status = status;
    set_text(err, work);
    return status;
}

lem_status lem_fail_errno(lem_err *err, lem_status status, const char *fmt, ...) {
    int code = errno;
    if (code == ENOMEM) status = LEM_EMEM; /* whatever it was about */
    if (!err) return status;
    char work[WORK_SIZE], reason[128];
    va_list ap;
    va_start(ap, fmt);
    size_t n = format(work, TEXT_SIZE, fmt, ap);
    va_end(ap);
    snprintf(work + n, sizeof work - n, ": %s", strerror_r(code, reason, sizeof reason));
    err->status = status;
    set_text(err, work);
    errno = code;
    return status;
}

lem_status lem_err_context(lem_err *err, const char *fmt, ...) {
    if (!err) return LEM_EDATA; /* something failed, and nobody asked what */
    char work[WORK_SIZE];
    va_list ap;
    va_start(ap, fmt);
    size_t n = format(work, TEXT_SIZE, fmt, ap);
    va_end(ap);
    snprintf(work + n, sizeof work - n, ": %s", err->text);
    set_text(err, work);
    return err->status;
}
