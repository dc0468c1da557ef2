/* rows.h - any bytes as a file of rows: reading ends, with rows or one clear error; for the fuzz targets of
 * rows, which differ in their corpus */
#include "rows/rows.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ROWS = 2000 };

static int fuzz_rows(const char *name, const uint8_t *data, size_t size) {
    char path[96];
    const char *p = path;
    lem_err err = LEM_ERR_INIT;
    lem_rowset *s = NULL;
    snprintf(path, sizeof path, "/dev/shm/lemma-fuzz-%s-%ld.csv", name, (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) __builtin_trap();
    lem_status st = lem_rowset_open(&p, 1, NULL, &s, &err);
    for (int n = 0; st == LEM_OK && n < MAX_ROWS; n++) {
        lem_json *row = NULL;
        st = lem_rowset_next(s, &row, &err);
        if (st != LEM_OK || !row) break;
        if (lem_json_kind(row) != LEM_JSON_OBJECT) __builtin_trap();
        lem_json_free(row);
    }
    lem_buf evidence = {0};
    if (s) lem_rowset_evidence(s, &evidence);
    if (s) lem_json_free(lem_rowset_types(s));
    lem_buf_release(&evidence);
    if (st != LEM_OK && (!strstr(err.text, path) || strchr(err.text, '\n'))) __builtin_trap();
    lem_rowset_close(s);
    unlink(path);
    return 0;
}
