/* fuzz_judge.c - any bytes as a file of a benchmark of reward models: rows or one clear error; what is
 * measured lies in [0,1] with its interval around it */
#include "eval/judge.h"
#include "eval/judge_text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_line(lem_status st, const lem_err *err) {
    if (st != LEM_OK && (!err->text[0] || strchr(err->text, '\n'))) __builtin_trap();
}

/* A row that was made is one that is handed on as it is, of the same kind. */
static void read_rows(const char *path) {
    lem_err err = LEM_ERR_INIT;
    lem_judge_rows *r = NULL;
    lem_status st = lem_judge_rows_open(&path, 1, &(lem_rowset_opts){.cancel = NULL}, &r, &err);
    while (st == LEM_OK) {
        lem_json *row = NULL;
        st = lem_judge_rows_next(r, &row, &err);
        if (st || !row) break;
        if (lem_judge_kind_of(row) != LEM_JUDGE_NONE &&
            lem_json_kind(lem_json_get(row, "correct")) != LEM_JSON_ARRAY &&
            lem_judge_find(lem_json_str(lem_json_get(row, "benchmark"), "")) == LEM_JUDGE_NONE)
            __builtin_trap();
        lem_json_free(row);
    }
    one_line(st, &err);
    lem_judge_rows_close(r);
}

static void measure(const lem_judge_data *d, const lem_judge_how *o) {
    lem_err err = LEM_ERR_INIT;
    lem_judge_result r = {0};
    lem_buf text = {0};
    lem_status st = lem_judge_measure(d, o, &r, &err);
    one_line(st, &err);
    if (st != LEM_OK) return;
    for (int i = 0; i < r.n; i++) {
        lem_eval_interval a = r.m[i].at;
        if (!isnan(a.mean) && !(a.lo >= -0.011 && a.lo <= a.mean && a.mean <= a.hi && a.hi <= 1.011))
            __builtin_trap();
    }
    lem_json_free(lem_judge_json(&r, NULL));
    lem_judge_text(&r, NULL, &text);
    lem_judge_csv(&r, &text);
    lem_buf_release(&text);
    lem_judge_result_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    const char *p = path;
    lem_err err = LEM_ERR_INIT;
    lem_judge_data d = {0};
    if (size > 1 << 16) return 0;
    snprintf(path, sizeof path, "/dev/shm/lemma-fuzz-judge-%d.jsonl", (int)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) __builtin_trap();
    read_rows(path);
    const lem_judge_load how = {LEM_JUDGE_NONE, -1, NULL, NULL};
    lem_status st = lem_judge_data_load(&p, 1, &how, &d, &err);
    one_line(st, &err);
    if (st == LEM_OK) {
        measure(&d, &(lem_judge_how){.threshold = 0.5});
        measure(&d, &(lem_judge_how){.threshold = 0.5, .threshold_from = d.subset[0]});
        lem_judge_data_release(&d);
    }
    unlink(path);
    return 0;
}
