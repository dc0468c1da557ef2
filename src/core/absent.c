/* absent - one wording for what is not there */
#include "core/absent.h"

#include <errno.h>

/* LEM_EDATA for what the user can mend by naming another file, else LEM_EIO; from errno. */
static lem_status read_status(void) {
    switch (errno) {
    case ENOENT:
    case EISDIR:
    case ENOTDIR:
    case EACCES:
    case ENAMETOOLONG:
    case ELOOP:
    case ENXIO: return LEM_EDATA;
    default: return LEM_EIO;
    }
}

lem_status lem_absent_open(const char *path, lem_err *err) {
    if (errno == ENOENT) return lem_fail(err, LEM_EDATA, "%s: no such file", path);
    return lem_fail_errno(err, read_status(), "cannot open '%s'", path);
}

lem_status lem_absent_dir(const char *path, lem_err *err) {
    if (errno == ENOENT) return lem_fail(err, LEM_EDATA, "%s: no such folder", path);
    return lem_fail_errno(err, read_status(), "cannot open the folder '%s'", path);
}
