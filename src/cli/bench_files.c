/* bench_files.c - names from paths of results */
#include "cli/bench_files.h"

#include "core/file.h"
#include "core/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

lem_status lem_bench_file_of(const char *path, lem_bench_file *out, lem_err *err) {
    const char *file = lem_path_base(path);
    size_t n = strlen(file);
    bool plain = strcmp(file, "select.json") == 0;
    *out = (lem_bench_file){NULL};
    if (!plain && (n < 13 || strncmp(file, "select-", 7) != 0 || strcmp(file + n - 5, ".json") != 0))
        return lem_fail(err, LEM_EUSAGE,
                        "%s: expected DIR/BENCHMARK/select.json or DIR/BENCHMARK/select-REWARD.json, as "
                        "`lemma bench run` names them",
                        path);
    lem_status st = LEM_OK;
    char real[PATH_MAX]; /* "." has a name too */
    out->folder = lem_path_dir(path, err);
    if (out->folder) {
        const char *name = realpath(out->folder, real) ? real : out->folder;
        out->benchmark = lem_strdup(lem_path_base(name), err);
    }
    if (!plain) out->reward = lem_strndup(file + 7, n - 12, err);
    if (!out->folder || !out->benchmark || (!plain && !out->reward)) st = LEM_EMEM;
    if (st) lem_bench_file_release(out);
    return st;
}

void lem_bench_file_release(lem_bench_file *f) {
    lem_free(f->benchmark);
    lem_free(f->reward);
    lem_free(f->folder);
    *f = (lem_bench_file){NULL};
}
