/* tidy.h - put before each file by tools/tidy.sh: tells the analyzer what failures return */
#include "core/err.h"

static inline lem_status tidy_status(lem_status returned, lem_status given) {
    (void)returned;
    return given;
}
#define lem_fail(err, status, ...) tidy_status((lem_fail)(err, status, __VA_ARGS__), status)
