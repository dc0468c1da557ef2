/* bench/journal - how long a journal of so many records takes to write, and to replay when a job goes on
 *
 *   bench_journal [records] [FILE]      default 1000000, /tmp/bench.journal; the replay is a process of its
 * own
 *
 * Prints CPU seconds and, of the replay, the most memory that it had. */
#include "core/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* About 105 bytes each, as those of sample. */
static lem_status write_one(lem_journal *j, long i, lem_err *err) {
    char id[32];
    lem_json *r = lem_json_new_object();
    snprintf(id, sizeof id, "%ld/%ld", i / 8, i % 8);
    bool ok = r && lem_json_set(r, "text", lem_json_new_str("so 12 + 30 = 42 and the answer is 42")) &&
              lem_json_set(r, "tokens", lem_json_new_int(i % 977)) &&
              lem_json_set(r, "logprob", lem_json_new_num(-0.5));
    lem_status st = ok ? lem_journal_append(j, id, r, err) : lem_fail(err, LEM_EMEM, "out of memory");
    lem_json_free(r);
    return st;
}

static lem_status count(void *ctx, const char *id, const lem_json *record, lem_err *err) {
    (void)err;
    *(long *)ctx += *id && lem_json_get(record, "text");
    return LEM_OK;
}

static int replay(const char *path, long n) {
    lem_err err = LEM_ERR_INIT;
    lem_journal *j;
    struct rusage u;
    long seen = 0;
    double before = cpu_seconds();
    if (lem_journal_open(path, "bench", count, &seen, &j, NULL, &err) || lem_journal_close(j, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    double took = cpu_seconds() - before;
    getrusage(RUSAGE_SELF, &u);
    printf("replay  %ld records  %.2f s CPU  %.0f MB\n", seen, took, (double)u.ru_maxrss / 1024);
    return seen != n;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 1000000;
    const char *path = argc > 2 ? argv[2] : "/tmp/bench.journal";
    lem_err err = LEM_ERR_INIT;
    lem_journal *j = NULL;
    struct stat s;
    int status = 1;
    (void)unlink(path);
    lem_status st = lem_journal_open(path, "bench", NULL, NULL, &j, NULL, &err);
    for (long i = 0; st == LEM_OK && i < n; i++) st = write_one(j, i, &err);
    if (st == LEM_OK) st = lem_journal_close(j, &err);
    if (st) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("write   %ld records  %.2f s CPU  %.0f MB file\n", n, cpu_seconds(),
           stat(path, &s) == 0 ? (double)s.st_size / 1e6 : 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        status = replay(path, n);
        fflush(stdout);
        _exit(status);
    }
    waitpid(child, &status, 0);
    (void)unlink(path);
    return status != 0;
}
