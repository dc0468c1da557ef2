/* peak.h - what a dry run tells of memory, beside what the run takes */
#ifndef LEM_TESTS_PEAK_H
#define LEM_TESTS_PEAK_H

#include "program.h"

#include <sys/resource.h>
#include <unistd.h>

/* A line of n words, another for each seed. */
static inline void words(FILE *f, int n, unsigned seed) {
    static const char *const word[] = {"the", "sum", "of", "two", "numbers", "is", "we",  "add",
                                       "x",   "=",   "3",  "14",  "so",      "be", "all", "apples"};
    for (int i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        fprintf(f, "%s%s", i ? " " : "", word[seed >> 28]);
    }
}

/* Bytes at most in memory of a command that ends with 0. */
static inline double taken_by(const char *command) {
    struct rusage use;
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(wait4(child, &status, 0, &use), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail_msg("%s: %d", command, status);
    return 1024.0 * (double)use.ru_maxrss;
}

/* The plan of a command that writes to m is what it takes, to 5 %. */
static inline void same(const char *arguments) {
    char line[1024];
    shell("rm -rf m m.job");
    snprintf(line, sizeof line, LEMMA_BINARY " %s --out m --dry-run 2>&1", arguments);
    const char *said = said_by(0, line), *at = strstr(said, "plan: ");
    at = at ? strstr(at, "memory ") : NULL;
    if (!at) fail_msg("%s: no plan in %s", line, said);
    double told = 1e9 * strtod(at + strlen("memory "), NULL);
    snprintf(line, sizeof line, "exec " LEMMA_BINARY " %s --out m --quiet >said.txt 2>&1", arguments);
    double taken = taken_by(line);
    printf("told %.3f GB, taken %.3f, %+.1f %%: %s\n", told / 1e9, taken / 1e9, 100 * (told / taken - 1),
           arguments);
    if (told < 0.95 * taken || told > 1.05 * taken)
        fail_msg("%s: told %.0f, taken %.0f bytes", line, told, taken);
}

#endif
