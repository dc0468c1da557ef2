/* faults.h - the place in which tests of power losses and failing operations run every command (commands.h)
 */
#ifndef LEM_TESTS_FAULTS_H
#define LEM_TESTS_FAULTS_H

#include "support/commands.h"

#include <sys/stat.h>
#include <unistd.h>

static char in[64], root[80], said_path[80]; /* the folder stood in; what a run may write to; what it says */
static bool dense;                           /* LEMMA_FAULTS=dense: everything, not a share */

static const char *said(void) {
    static char text[2000];
    FILE *f = fopen(said_path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f) fclose(f);
    return text;
}

/* In memory where it can be. 0, or -1. */
static int faults_enter(const char *name) {
    const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", *how = getenv("LEMMA_FAULTS");
    dense = how && strcmp(how, "dense") == 0;
    snprintf(in, sizeof in, "%s/lemma-%s-XXXXXX", where, name);
    if (bases_start() != 0 || !mkdtemp(in) || chdir(in) != 0) return -1;
    snprintf(root, sizeof root, "%s/w", in);
    snprintf(said_path, sizeof said_path, "%s/said", in);
    if (mkdir(root, 0777) != 0 || setenv("LEMMA_CPU", "generic", 1) != 0 ||
        setenv("XDG_CACHE_HOME", "/nowhere", 1) != 0)
        return -1;
    bases_write_inputs();
    for (int i = 0; i < N_BASES; i++) bases_run(i);
    return 0;
}

static int faults_leave(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    faultd_stop(server);
    return chdir("/") == 0 && lem_dir_remove(in, &err) == LEM_OK ? 0 : -1;
}

#endif
