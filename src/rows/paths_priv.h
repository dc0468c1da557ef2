/* paths_priv - what paths, folders and patterns stand for: files */
#ifndef LEM_ROWS_PATHS_PRIV_H
#define LEM_ROWS_PATHS_PRIV_H

#include "core/err.h"

#include <stddef.h>

typedef struct lem_paths {
    char **path;
    size_t n;
} lem_paths;

/* The files of paths[0..n), in order. *out is to be released also on failure. */
lem_status lem_paths_find(const char *const *paths, size_t n, lem_paths *out, lem_err *err) LEM_MUST_CHECK;
void lem_paths_release(lem_paths *p);

#endif
