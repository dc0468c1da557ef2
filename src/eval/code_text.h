/* eval/code_text.h - the code in a completion, and what its row says of how it is tested
 *
 * HumanEval: prompt (the head of a function), entry_point, test (which defines check(candidate)). MBPP:
 * test_list, and where there are some test_setup_code and test_imports; challenge_test_list is not run, as in
 * published figures. */
#ifndef LEM_EVAL_CODE_TEXT_H
#define LEM_EVAL_CODE_TEXT_H

#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"

#include <stdbool.h>

typedef struct lem_code_task { /* zeroed = empty */
    const char *prompt;        /* borrowed from the row; NULL unless HumanEval */
    const char *entry;         /* likewise */
    lem_buf checks;            /* the tests, one module */
} lem_code_task;

/* LEM_EDATA names the field that is missing or not a text. */
lem_status lem_code_task_read(const lem_json *row, lem_code_task *out, lem_err *err) LEM_MUST_CHECK;
void lem_code_task_release(lem_code_task *t);

/* Appends the code: of the fenced blocks behind the last </think> the last one that defines what the tests
 * call, else the last one; without a block all of it. Nothing where there is none. */
void lem_code_extract(const lem_code_task *t, const char *completion, lem_buf *code);
/* Appends what is run: for HumanEval the prompt, then the code as a function of its own or, where it does not
 * define entry_point, as what the prompt goes on with, up to the first line that is not indented. */
void lem_code_program(const lem_code_task *t, const char *code, lem_buf *program);

#endif
