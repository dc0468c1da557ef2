/* sft_answers.c - greedy answers of the model in training to problems with known answers, graded */
#include "cli/sft.h"

#include "core/mem.h"
#include "data/problems.h"
#include "generate/run.h"
#include "grade/grade.h"
#include "prompt/ends.h"
#include "token/tokenizer.h"

#include <string.h>

enum { SLOTS = 256 }; /* answers in flight at most */

struct lem_sft_answers {
    const lem_sft_job *j; /* borrowed */
    lem_problems rows;
    lem_grade_gold **gold; /* [rows.n] */
    lem_prompt_end_list ends;
    int max_tokens;
    size_t next; /* problem to be handed to the engine */
    uint64_t right, cut;
};

/* ---- opening ---- */

static lem_status make_golds(lem_sft_answers *a, lem_err *err) {
    a->gold = lem_alloc_zero(a->rows.n, sizeof *a->gold, err);
    if (!a->gold) return LEM_EMEM;
    for (size_t i = 0; i < a->rows.n; i++) {
        const lem_problem *p = &a->rows.at[i];
        unsigned long long line = p->line;
        if (!p->expected)
            return lem_fail(err, LEM_EDATA, "%s:%llu: no field 'expected_answer' to grade by", p->file, line);
        lem_status st = lem_grade_gold_new(p->expected, strlen(p->expected), NULL, &a->gold[i], err);
        if (st) return lem_err_context(err, "%s:%llu", p->file, line);
    }
    return LEM_OK;
}

static lem_status fill(lem_sft_answers *a, lem_sft_stage *s, const char *path, lem_err *err) {
    const lem_sft_job *j = a->j;
    lem_problems_opts o = {.limit = lem_args_int(&s->args, "eval-n"), .cancel = j->cli->cancel};
    const char *from = lem_args_str(j->args, "model");
    bool chat = s->prompt.template == LEM_PROMPT_CHAT;
    lem_status st = LEM_OK;
    LEM_TRY(lem_bad_rows_problems(&s->bad, path, NULL, o.cancel, &o.judge, err));
    LEM_TRY(lem_problems_read(path, &o, &a->rows, err));
    s->used += a->rows.n;
    LEM_TRY(make_golds(a, err));
    LEM_TRY(lem_prompt_ends(j->tok, from ? from : "", j->config.vocab, chat, &a->ends, err));
    st = lem_problems_encode(&a->rows, j->tok, &s->prompt, j->config.max_positions - 1, j->cli->cancel, err);
done:
    return st;
}

lem_status lem_sft_answers_open(lem_sft_job *j, lem_sft_stage *s, lem_sft_answers **out, lem_err *err) {
    const char *path = lem_args_str(&s->args, "eval");
    if (!path) return LEM_OK;
    lem_sft_answers *a = lem_alloc_zero(1, sizeof *a, err);
    if (!a) return LEM_EMEM;
    a->j = j;
    a->max_tokens = (int)lem_args_int(&s->args, "eval-tokens");
    lem_status st = fill(a, s, path, err);
    if (st) {
        lem_sft_answers_free(a);
        return lem_err_context(err, "stage %s: --eval", s->name);
    }
    if (a->rows.too_long)
        lem_warn(j->cli->log,
                 "stage %s: %llu of %zu prompts of --eval are longer than the context; they count as wrong",
                 s->name, (unsigned long long)a->rows.too_long, a->rows.n);
    *out = a;
    return LEM_OK;
}

void lem_sft_answers_free(lem_sft_answers *a) {
    if (!a) return;
    for (size_t i = 0; a->gold && i < a->rows.n; i++) lem_grade_gold_free(a->gold[i]);
    lem_free(a->gold);
    lem_problems_release(&a->rows);
    lem_free(a);
}

/* ---- answering ---- */

static lem_status next_prompt(void *ctx, lem_prompt *out, bool *more, lem_err *err) {
    (void)err;
    lem_sft_answers *a = ctx;
    while (a->next < a->rows.n && a->rows.at[a->next].too_long) a->next++;
    *more = a->next < a->rows.n;
    if (!*more) return LEM_OK;
    const lem_problem *p = &a->rows.at[a->next];
    *out = (lem_prompt){a->next++, p->key, a->rows.ids.data + p->ids_at, p->n_ids, NULL, 1};
    return LEM_OK;
}

static lem_status take_answer(void *ctx, const lem_candidate *c, lem_err *err) {
    lem_sft_answers *a = ctx;
    lem_answer_result g;
    lem_status st = lem_grade_response(a->gold[c->prompt], c->text, c->len, NULL, NULL, &g, err);
    if (st) return st;
    a->right += lem_grade_correct_of(g.verdict) == LEM_GRADE_RIGHT;
    a->cut += c->finish == LEM_FINISH_LENGTH;
    return LEM_OK;
}

lem_status lem_sft_answer(void *answers, const lem_model *m, lem_train_metric *out, int *n_out,
                          lem_err *err) {
    lem_sft_answers *a = answers;
    const lem_sft_job *j = a->j;
    lem_weights *w = NULL;
    lem_generate_opts o = {.sample = {.temperature = 0},
                           .max_tokens = a->max_tokens,
                           .end = a->ends.id,
                           .n_end = a->ends.n,
                           .slots = a->rows.n < SLOTS ? (int)a->rows.n : SLOTS,
                           .max_prompt = a->rows.longest,
                           .seed = j->cli->seed};
    a->next = 0;
    a->right = a->cut = 0;
    lem_status st = LEM_OK;
    if (a->rows.too_long == a->rows.n) goto done;
    const bool bf16 = m->base && j->rt.backend->compute == LEM_COMPUTE_BF16; /* as the base is multiplied */
    LEM_TRY(lem_weights_new(m, j->rt.backend, bf16 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, &w, err));
    LEM_TRY(lem_generate_run(w, &j->config, j->tok, j->rt.backend, &o, next_prompt, a, take_answer, a,
                             j->cli->cancel, NULL, err));
done:
    if (w) lem_weights_free(w);
    if (st) return st;
    double n = (double)a->rows.n;
    out[0] = (lem_train_metric){"accuracy", (double)a->right / n};
    out[1] = (lem_train_metric){"truncated", (double)a->cut / n};
    out[2] = (lem_train_metric){"n", n};
    *n_out = 3;
    return LEM_OK;
}
