/* core/err.h - status codes and error context
 *
 * A function that can fail returns lem_status and takes a lem_err last. Words go into the caller's lem_err; a
 * layer that adds knowledge prefixes it with lem_err_context. Out-parameters are written only on LEM_OK. The
 * numeric values are the process exit codes of product.md. */
#ifndef LEM_CORE_ERR_H
#define LEM_CORE_ERR_H

#include <stdarg.h>
#include <stddef.h>

typedef enum lem_status {
    LEM_OK = 0,
    LEM_NO = 1,       /* the answer to the question asked is "no" */
    LEM_EUSAGE = 2,   /* usage or configuration */
    LEM_EDATA = 3,    /* data or model invalid, or the question undecidable */
    LEM_ENUMERIC = 4, /* NaN, Inf, diverged */
    LEM_EMEM = 5,     /* does not fit in memory */
    LEM_EREMOTE = 6,  /* remote endpoint failed */
    LEM_EPARTIAL = 7, /* finished with failed items beyond the allowed share */
    LEM_EIO = 8,      /* output full, not writable, or locked by another run; a device that failed */
    LEM_EINTR = 130   /* interrupted, state saved */
} lem_status;

typedef struct lem_err {
    lem_status status;
    char text[1024]; /* one line, no trailing newline; empty when status is LEM_OK */
} lem_err;

#define LEM_ERR_INIT                                                                                         \
    { LEM_OK, "" }
#define LEM_MUST_CHECK __attribute__((warn_unused_result))
#define LEM_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Records the error and returns its status, so that callers write: return lem_fail(err, LEM_EDATA, "…", …).
 * err may be NULL. Control bytes in the formatted text are replaced by '?'. A text that is too long is cut
 * with "…". */
lem_status lem_fail(lem_err *err, lem_status status, const char *fmt, ...) LEM_PRINTF(3, 4);

/* Like lem_fail, appending ": <strerror(errno)>"; status LEM_EIO unless errno is ENOENT/EISDIR/ENOTDIR/EACCES
 * on reading, which the caller passes as LEM_EDATA. */
lem_status lem_fail_errno(lem_err *err, lem_status status, const char *fmt, ...) LEM_PRINTF(3, 4);

/* Prefixes "<context>: " to the text of an error already recorded; returns err->status. */
lem_status lem_err_context(lem_err *err, const char *fmt, ...) LEM_PRINTF(2, 3);

/* Propagates a failure to the `done:` label of the calling function (which has `lem_status st`). */
#define LEM_TRY(expr)                                                                                        \
    do {                                                                                                     \
        st = (expr);                                                                                         \
        if (st != LEM_OK) goto done;                                                                         \
    } while (0)

#endif
