/* code_rows.c - one row's candidates run one after another */
#include "eval/code_rows.h"

#include "core/mem.h"
#include "eval/code_text.h"

#include <string.h>

static lem_answer_result result_of(lem_sandbox_end e) {
    switch (e) {
    case LEM_SANDBOX_PASSED: return (lem_answer_result){LEM_ANSWER_EQUAL_EXACT, "tests passed"};
    case LEM_SANDBOX_FAILED: return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "test failed"};
    case LEM_SANDBOX_TIME: return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "time"};
    case LEM_SANDBOX_MEMORY: return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "memory"};
    case LEM_SANDBOX_KILLED: return (lem_answer_result){LEM_ANSWER_NOT_EQUAL, "killed"};
    default: return (lem_answer_result){LEM_ANSWER_LIMIT, "sandbox failed"};
    }
}

static lem_status run_one(const lem_sandbox *s, const lem_code_task *t, const char *code,
                          const lem_cancel *cancel, lem_graded *g, int i, lem_err *err) {
    lem_buf program = {0};
    lem_sandbox_result r = {.end = LEM_SANDBOX_REFUSED};
    lem_code_program(t, code, &program);
    const lem_sandbox_program p = {lem_buf_str(&program), t->prompt, lem_buf_str(&t->checks), t->entry};
    lem_status st = lem_buf_ok(&program, err);
    if (st == LEM_OK) st = lem_sandbox_run(s, &p, cancel, &r, err);
    if (st == LEM_OK) {
        g->result[i] = result_of(r.end);
        if (r.why[0] && !(g->why[i] = lem_strdup(r.why, err))) st = LEM_EMEM;
    }
    lem_sandbox_result_release(&r);
    lem_buf_release(&program);
    return st;
}

static lem_status grade_one(const lem_sandbox *s, const lem_code_task *t, const char *completion,
                            const lem_cancel *cancel, lem_graded *g, int i, lem_err *err) {
    lem_buf code = {0};
    lem_code_extract(t, completion, &code);
    lem_status st = lem_buf_ok(&code, err);
    g->result[i] = (lem_answer_result){LEM_ANSWER_NO_ANSWER, "no code"};
    if (st == LEM_OK && code.len) {
        g->span[i] = (lem_grade_span){0, strlen(completion), LEM_GRADE_BY_WHOLE, false};
        st = run_one(s, t, lem_buf_str(&code), cancel, g, i, err);
        g->answer[i] = st == LEM_OK ? lem_strndup(lem_buf_str(&code), code.len, err) : NULL;
        g->answer_len[i] = code.len;
        if (st == LEM_OK && !g->answer[i]) st = LEM_EMEM;
    }
    lem_buf_release(&code);
    return st;
}

lem_status lem_code_row(const lem_sandbox *s, const lem_json *row, const lem_candidates *c,
                        const lem_cancel *cancel, lem_graded *out, lem_err *err) {
    lem_graded g = {.n = c->n};
    lem_code_task t = {.prompt = NULL};
    lem_status st = LEM_OK;
    if (!c->completion)
        return lem_fail(err, LEM_EDATA, "no completions; name them with --map completions=...");
    LEM_TRY(lem_code_task_read(row, &t, err));
    LEM_TRY(lem_graded_alloc(c, &g, err));
    g.gold = lem_strdup("", err);
    g.why = lem_alloc_zero((size_t)g.n, sizeof *g.why, err);
    if (!g.gold || !g.why) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < g.n; i++)
        LEM_TRY(grade_one(s, &t, c->completion[i] ? c->completion[i] : "", cancel, &g, i, err));
    *out = g;
done:
    lem_code_task_release(&t);
    if (st != LEM_OK) lem_graded_release(&g);
    return st;
}
