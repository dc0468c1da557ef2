/* fuzz_steps.c - any rows as labelled steps, by detection and by every format: texts and labels are what the
 * header says, or one line says why not */
#include "core/file.h"
#include "data/steps.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const lem_steps_solution *s) {
    if (!s->problem || (s->joined && *s->problem)) __builtin_trap();
    for (int i = 0; i < s->n; i++) {
        const lem_step *p = &s->step[i];
        bool share = s->label[i] >= 0 && s->label[i] <= 1, none = s->label[i] < 0;
        if (p->len == 0 || strlen(p->text) != p->len || (!share && !none)) __builtin_trap();
    }
}

static void read_as(const char *path, const char *format, lem_steps_rule rule) {
    lem_steps_how how = {.format = format,
                         .rule = rule,
                         .threshold = 0.5,
                         .limit = -1,
                         .stop_after_error = rule == LEM_STEPS_SOFT};
    lem_err err = LEM_ERR_INIT;
    lem_steps *s = NULL;
    lem_steps_solution x = {0};
    lem_status st = lem_steps_open(path, &how, NULL, &s, &err);
    while (st == LEM_OK) {
        st = lem_steps_next(s, &x, &err);
        if (st == LEM_OK && x.n == 0) break;
        if (st == LEM_OK) check(&x);
    }
    if (st != LEM_OK && !err.text[0]) __builtin_trap();
    lem_steps_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const formats[] = {"annotated", "lists",   "rlhflow",      "math-shepherd",
                                          "trl",       "prm800k", "prm800k-flat", "processbench"};
    char path[64];
    lem_err err = LEM_ERR_INIT;
    snprintf(path, sizeof path, "/tmp/lemma-fuzz-steps-%d.jsonl", (int)getpid());
    if (lem_file_write_atomic(path, data, size, &err) != LEM_OK) return 0;
    read_as(path, NULL, LEM_STEPS_HARD);
    for (int i = 0; i < 8; i++) read_as(path, formats[i], i % 2 ? LEM_STEPS_SOFT : LEM_STEPS_THRESHOLD);
    unlink(path);
    return 0;
}
