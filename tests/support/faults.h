/* faults.h - the place in which tests of power losses and failing operations run every command (commands.h)
 */
#ifndef LEM_TESTS_FAULTS_H
#define LEM_TESTS_FAULTS_H

#include "support/commands.h"
#include "support/iolog.h"

#include <sys/stat.h>
#include <unistd.h>

static char in[64], root[80], said_path[80]; /* the folder stood in; what a run may write to; what it says */
static bool dense;                           /* LEMMA_FAULTS=dense: everything, not a share */

static const char *said(void) {
    static char text[3000];
    FILE *f = fopen(said_path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f) fclose(f);
    return text;
}

/* A program that is loaded once and run many times, each from its start (iolog.h). */
typedef struct served {
    pid_t pid;
    int ask, tell;
} served;

/* line: what a shell would run, with both streams to said_path. */
static served served_start(const char *line) {
    int ask[2], tell[2];
    if (pipe(ask) != 0 || pipe(tell) != 0) fail_msg("pipe");
    served s = {fork(), ask[1], tell[0]};
    if (s.pid == 0) {
        if (dup2(ask[0], IOLOG_ASK) < 0 || dup2(tell[1], IOLOG_TELL) < 0 ||
            setenv("IOLOG_SERVE", "1", 1) != 0)
            _exit(127);
        for (int fd = 3; fd < IOLOG_ASK; fd++) close(fd);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    close(ask[0]);
    close(tell[1]);
    return s;
}

static int served_run(const served *s, const char *kind, long n, int error) {
    iolog_request r = {.n = n, .error = error};
    int raw = 127 << 8;
    snprintf(r.kind, sizeof r.kind, "%s", kind);
    if (write(s->ask, &r, sizeof r) != sizeof r || read(s->tell, &raw, sizeof raw) != sizeof raw)
        fail_msg("the program under test serves no more: %s", said());
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

static void served_end(served *s) {
    close(s->ask);
    close(s->tell);
    waitpid(s->pid, NULL, 0);
}

/* LEMMA_FAULTS_PART=k/n: whether the i-th command is of the k-th of n parts; all without it. */
static bool in_part(int i) {
    const char *part = getenv("LEMMA_FAULTS_PART");
    int k = 1, n = 1;
    if (part && (sscanf(part, "%d/%d", &k, &n) != 2 || n < 1)) fail_msg("LEMMA_FAULTS_PART=%s", part);
    return i % n == k - 1;
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
