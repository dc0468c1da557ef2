/* fuzz_jsonl - any bytes as a file of rows, plain, gzip or Zstandard (first byte); reading ends, with rows or
 * one clear error */
#include "rows/rows.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const endings[] = {"jsonl", "jsonl.gz", "jsonl.zst"};
    char path[64];
    const char *file = path;
    lem_err err = LEM_ERR_INIT;
    lem_rowset *rows = NULL;
    if (size == 0) return 0;
    snprintf(path, sizeof path, "/dev/shm/lemma-fuzz-%ld.%s", (long)getpid(), endings[data[0] % 3]);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data + 1, 1, size - 1, f) != size - 1 || fclose(f) != 0) __builtin_trap();
    lem_status st = lem_rowset_open(&file, 1, NULL, &rows, &err);
    for (uint64_t n = 0; st == LEM_OK; n++) {
        lem_json *row = NULL;
        st = lem_rowset_next(rows, &row, &err);
        if (st != LEM_OK || !row) break;
        if (lem_json_kind(row) != LEM_JSON_OBJECT || lem_rowset_number(rows) < n) __builtin_trap();
        lem_json_free(row);
    }
    if (st != LEM_OK && (!strstr(err.text, path) || strchr(err.text, '\n'))) __builtin_trap();
    lem_rowset_close(rows);
    unlink(path);
    return 0;
}
