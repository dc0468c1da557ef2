/* workdir.h - a folder that a test, or all tests of a program, work in; gone at the end */
#ifndef LEM_TESTS_WORKDIR_H
#define LEM_TESTS_WORKDIR_H

#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Set-up and tear-down of a test or of a group; *state is the folder's path. In memory where there is such a
 * place. */
static inline __attribute__((unused)) int enter_folder(void **state) {
    char path[64];
    snprintf(path, sizeof path, "%s/lemma-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(path) || chdir(path) != 0) return -1;
    *state = strdup(path);
    return *state ? 0 : -1;
}

static inline __attribute__((unused)) int leave_folder(void **state) {
    int bad = chdir("/") != 0 || lem_dir_remove(*state, NULL) != LEM_OK;
    free(*state);
    return bad ? -1 : 0;
}

#endif
