/* fuzz_extract.c - any bytes as a response, by every task: the span stays inside, behind the thoughts, and is
 * the same each time */
#include "grade/grade.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    for (int task = 0; task < LEM_GRADE_N_TASKS; task++) {
        const lem_grade_profile p = {.task = (lem_grade_task)task};
        lem_grade_span a, b;
        bool found = lem_grade_extract(&p, text, size, &a);
        if (lem_grade_extract(&p, text, size, &b) != found || a.offset != b.offset || a.len != b.len ||
            a.method != b.method)
            __builtin_trap();
        if (a.offset > size || a.len > size - a.offset || found != (a.method != LEM_GRADE_BY_NONE))
            __builtin_trap();
        if (!found && a.len) __builtin_trap();
        for (size_t i = 0; found && i + 8 <= a.len; i++)
            if (memcmp(text + a.offset + i, "</think>", 8) == 0) __builtin_trap();
    }
    return 0;
}
