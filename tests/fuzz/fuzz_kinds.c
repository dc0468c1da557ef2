/* fuzz_kinds.c - any JSON object as a row of every kind: told, read as turns and replies, converted and
 * inspected; what comes out can be read again, or one line says why not */
#include "data/convert.h"
#include "data/inspect.h"
#include "data/record.h"
#include "data/replies.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_line(lem_status st, const lem_err *err) {
    if (st != LEM_OK && (!err->text[0] || strchr(err->text, '\n'))) __builtin_trap();
}

static void check_turns(const lem_turns *t) {
    for (int i = 0; i < t->n; i++)
        if (!t->at[i].role || !t->at[i].content) __builtin_trap();
}

static void read_row(const lem_json *row, lem_row_kind k) {
    lem_turns t = {0};
    lem_replies r = {0};
    lem_buf ground = {0};
    lem_err err = LEM_ERR_INIT;
    lem_status st = lem_row_turns(row, k, &t, &err);
    one_line(st, &err);
    if (st == LEM_OK) check_turns(&t);
    err = (lem_err)LEM_ERR_INIT;
    st = lem_row_replies(row, k, &r, &err);
    one_line(st, &err);
    if (st == LEM_OK && r.prompt.n == 0) __builtin_trap();
    for (int i = 0; st == LEM_OK && i < r.n; i++) {
        check_turns(&r.at[i].turns);
        if (r.at[i].turns.n == 0 || !(r.at[i].label >= 0 && r.at[i].label <= 1)) __builtin_trap();
    }
    lem_row_evidence(row, k, &ground);
    lem_buf_release(&ground);
    lem_turns_release(&t);
    lem_replies_release(&r);
}

/* Rows that are written are of the kind asked for. */
static lem_status check_written(void *ctx, lem_json *row, lem_err *err) {
    lem_turns t = {0};
    lem_err why = LEM_ERR_INIT;
    (void)err;
    if (lem_row_turns(row, *(const lem_row_kind *)ctx, &t, &why) != LEM_OK) __builtin_trap();
    lem_turns_release(&t);
    return LEM_OK;
}

static void convert_all(const char *path, const char *format) {
    for (int to = 1; to < LEM_N_ROW_KINDS; to++) {
        lem_row_kind kind = (lem_row_kind)to;
        lem_convert_how how = {.to = kind, .format = format, .limit = -1};
        lem_convert_counts c = {0};
        lem_err err = LEM_ERR_INIT;
        if (!(lem_row_kind_of(kind)->is & LEM_ROW_WRITTEN)) continue;
        one_line(lem_convert_rows(&path, 1, &how, check_written, &kind, &c, &err), &err);
        lem_convert_counts_release(&c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    lem_err err = LEM_ERR_INIT;
    lem_json *row = NULL, *facts = NULL;
    if (size > 1 << 16) return 0;
    if (lem_json_parse((const char *)data, size, &row, &err) == LEM_OK &&
        lem_json_kind(row) == LEM_JSON_OBJECT) {
        lem_row_kind k = lem_row_detect(row);
        err = (lem_err)LEM_ERR_INIT;
        one_line(lem_row_unknown(row, &err), &err);
        for (int i = 0; i < LEM_N_ROW_KINDS; i++) read_row(row, i ? (lem_row_kind)i : k);
    }
    lem_json_free(row);
    snprintf(path, sizeof path, "/dev/shm/lemma-fuzz-kinds-%d.jsonl", (int)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) __builtin_trap();
    const char *paths[] = {path};
    const lem_inspect_how how = {.limit = -1, .max_problems = 4};
    err = (lem_err)LEM_ERR_INIT;
    one_line(lem_inspect_rows(paths, 1, &how, &facts, &err), &err);
    lem_json_free(facts);
    convert_all(path, NULL);
    convert_all(path, size % 2 ? "preference" : "messages");
    unlink(path);
    return 0;
}
