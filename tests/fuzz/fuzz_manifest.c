/* fuzz_manifest - any bytes as the manifest of a result or of an unfinished run: the job opens, or it is
 * refused in one line; it is never taken for complete without its digest
 *
 * First byte even: the final manifest; odd: that of the work folder. */
#include "core/file.h"
#include "job/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const lem_opt opts[] = {
    {"lr", LEM_OPT_NUM, "X", "0.005", "a number", 0, 1},
    {"data", LEM_OPT_INPUTS, "FILE", NULL, "rows"},
    {"stages", LEM_OPT_TREE, "LIST", NULL, "a tree"},
};
static const lem_command cmd = {.name = "toy",
                                .purpose = "a test",
                                .usage = "",
                                .example = "",
                                .opts = opts,
                                .n_opts = 3,
                                .output = LEM_OUTPUT_FILE};

static void put(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) __builtin_trap();
}

static void open_job(const char *out, bool overwrite) {
    lem_err err = LEM_ERR_INIT;
    lem_cli cli = {.limit = -1};
    lem_args args;
    lem_job *job = NULL;
    const char *argv[] = {"--out", out, overwrite ? "--overwrite" : "--lr=0.01"};
    if (lem_args_parse(&cmd, 3, argv, &cli, &args, &err) != LEM_OK) __builtin_trap();
    lem_status st = lem_job_open(&cli, &cmd, &args, NULL, &job, &err);
    if (st == LEM_OK) {
        (void)lem_job_done(job);
        (void)lem_job_compute_path(job);
        if (strlen(lem_job_identity(job)) != 64) __builtin_trap();
    } else if ((st != LEM_EDATA && st != LEM_EUSAGE) || !strstr(err.text, out) || strchr(err.text, '\n')) {
        __builtin_trap();
    }
    lem_job_close(job);
    lem_args_release(&args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char dir[64], out[80], path[128];
    if (size < 1) return 0;
    snprintf(dir, sizeof dir, "%s/lemma-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(dir)) __builtin_trap();
    snprintf(out, sizeof out, "%s/o", dir);
    snprintf(path, sizeof path, "%s/o.job", dir);
    if (data[0] % 2 && lem_dir_make(path, NULL) != LEM_OK) __builtin_trap();
    snprintf(path, sizeof path, "%s/o.job/saved", dir);
    if (data[0] % 2) put(path, "x", 1);
    else put(out, "x", 1);
    snprintf(path, sizeof path, data[0] % 2 ? "%s/o.job/manifest.json" : "%s/o.manifest.json", dir);
    put(path, data + 1, size - 1);
    open_job(out, false);
    open_job(out, true);
    if (lem_dir_remove(dir, NULL) != LEM_OK) __builtin_trap();
    return 0;
}
