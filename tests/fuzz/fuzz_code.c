/* fuzz_code.c - any bytes as a completion (up to the first NUL) and as a row: the code is a part of it, the
 * same each time, and the program of a HumanEval row begins with its prompt */
#include "core/mem.h"
#include "eval/code_text.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_row(const lem_json *row, const char *completion) {
    lem_code_task t;
    lem_err err = LEM_ERR_INIT;
    if (lem_code_task_read(row, &t, &err) != LEM_OK) {
        if (!err.text[0]) __builtin_trap();
        return;
    }
    lem_buf a = {0}, b = {0}, program = {0};
    lem_code_extract(&t, completion, &a);
    lem_code_extract(&t, completion, &b);
    if (a.len != b.len || a.len > strlen(completion) || (a.len && memcmp(a.data, b.data, a.len) != 0))
        __builtin_trap();
    lem_code_program(&t, lem_buf_str(&a), &program);
    if (t.prompt && strncmp(lem_buf_str(&program), t.prompt, strlen(t.prompt)) != 0) __builtin_trap();
    lem_buf_release(&a);
    lem_buf_release(&b);
    lem_buf_release(&program);
    lem_code_task_release(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const rows[] = {
        "{\"prompt\":\"def f(x):\\n\",\"entry_point\":\"f\",\"test\":\"def check(c): assert c(1)\"}",
        "{\"test_list\":[\"assert f(1) == 2\",\"assert (g\"]}"};
    lem_err err = LEM_ERR_INIT;
    lem_json *row = NULL;
    char *text = lem_strndup((const char *)data, size, &err);
    if (!text) return 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (lem_json_parse(rows[i], strlen(rows[i]), &row, &err) != LEM_OK) __builtin_trap();
        try_row(row, text);
        lem_json_free(row);
    }
    row = NULL;
    if (lem_json_parse((const char *)data, size, &row, &err) == LEM_OK) try_row(row, "```\nx\n```");
    lem_json_free(row);
    lem_free(text);
    return 0;
}
