/* fuzz_crosscheck - any bytes as rows of teachers, of a judge and of samples at once: reading ends, with a
 * decision for every sample or one clear error */
#include "core/file.h"
#include "curate/crosscheck.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lem_status samples(lem_crosscheck *c, const char *path, lem_err *err) {
    const lem_row_reader_opts how = {.limit = 200};
    lem_row_reader *r = NULL;
    lem_cross_sample s = {.n = 0};
    lem_status st = lem_row_reader_open(&path, 1, &how, &r, err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_row_reader_next(r, &row, err);
        if (st != LEM_OK || !row) break;
        st = lem_crosscheck_look(c, r, row, &s, err);
        if (st != LEM_OK) st = lem_row_reader_pass(r, st, err); /* names the place */
        if (st == LEM_OK) st = lem_crosscheck_compare(c, &s, err);
        if (st == LEM_OK) lem_crosscheck_count(c, &s);
        if (st == LEM_OK && (s.why < 0 || s.why >= LEM_CROSS_N_WHY)) __builtin_trap();
        lem_json_free(row);
    }
    lem_cross_sample_release(&s);
    lem_row_reader_close(r);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[96];
    lem_err err = LEM_ERR_INIT;
    lem_crosscheck *c = NULL;
    lem_cross_opts o = {.rule = {.all = true, .least = 1}, .id_field = "id", .judge_field = "verdict"};
    if (size == 0) return 0;
    o.by_id = data[0] & 1;
    snprintf(path, sizeof path, "/dev/shm/lemma-fuzz-cross-%ld.jsonl", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data + 1, 1, size - 1, f) != size - 1 || fclose(f) != 0) __builtin_trap();
    lem_status st = lem_crosscheck_new(&o, &c, &err);
    if (st == LEM_OK && data[0] & 2) (void)!lem_crosscheck_add_judge(c, path, NULL);
    if (st == LEM_OK) st = lem_crosscheck_add_teacher(c, path, &err);
    if (st == LEM_OK) st = samples(c, path, &err);
    if (st != LEM_OK && (!strstr(err.text, path) || strchr(err.text, '\n'))) __builtin_trap();
    lem_json_free(c ? lem_crosscheck_json(c) : NULL);
    lem_crosscheck_free(c);
    unlink(path);
    return 0;
}
