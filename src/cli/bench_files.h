/* cli/bench_files.h - which benchmark and reward model a result of `bench run` is of, told from its path */
#ifndef LEM_CLI_BENCH_FILES_H
#define LEM_CLI_BENCH_FILES_H

#include "core/err.h"

typedef struct lem_bench_file {
    char *benchmark; /* the folder's name; owned */
    char *reward;    /* what follows "select-" in the file's name; NULL = none; owned */
    char *folder;    /* owned */
} lem_bench_file;

/* path: DIR/BENCHMARK/select.json or DIR/BENCHMARK/select-REWARD.json, else LEM_EUSAGE. */
lem_status lem_bench_file_of(const char *path, lem_bench_file *out, lem_err *err) LEM_MUST_CHECK;
void lem_bench_file_release(lem_bench_file *f);

#endif
