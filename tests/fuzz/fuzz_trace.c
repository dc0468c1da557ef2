/* fuzz_trace - any bytes as the trace of a search: a page, or one clear error */
#include "report/trace.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "/dev/shm/lemma-fuzz-%ld.jsonl", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) __builtin_trap();
    lem_page *p = lem_page_new("t", NULL, &err);
    if (!p) __builtin_trap();
    lem_status st = lem_report_trace(p, "Search", path, 2, &err);
    if (st != LEM_OK && (!strstr(err.text, path) || strchr(err.text, '\n'))) __builtin_trap();
    if (strstr(lem_page_html(p), "<script")) __builtin_trap();
    lem_page_free(p);
    unlink(path);
    return 0;
}
