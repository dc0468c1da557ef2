/* fuzz_marks.c - any bytes as a file of marks: read, or one clear error */
#include "eval/marks.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    lem_err err = LEM_ERR_INIT;
    lem_marks *m = NULL;
    snprintf(path, sizeof path, "/dev/shm/lemma-fuzz-marks-%ld.jsonl", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) __builtin_trap();
    lem_status st = lem_marks_load(path, &m, &err);
    if (st != LEM_OK && (m || !strstr(err.text, path) || strchr(err.text, '\n'))) __builtin_trap();
    (void)lem_marks_find(m, "12", "-12");
    lem_marks_free(m);
    unlink(path);
    return 0;
}
