/* pass_head.c - the heads of a pass, in blocks of rows */
#include "model/pass_priv.h"

/* A multiple of LEM_BF16_RUN at least: blocks of bf16 gradients are cut there. */
enum { HEAD_ROWS_MAX = 256, HEAD_ROWS_MIN = 32, HEAD_ROWS_STEP = 32, HEAD_FLOATS = 1 << 22 };

int lem_head_block_rows(const lem_model_config *c) {
    int rows = HEAD_FLOATS / c->vocab / HEAD_ROWS_STEP * HEAD_ROWS_STEP;
    if (rows > HEAD_ROWS_MAX) rows = HEAD_ROWS_MAX;
    return rows < HEAD_ROWS_MIN ? HEAD_ROWS_MIN : rows;
}

void lem_head_block_carve(lem_memory *mem, const lem_model_config *c, lem_head_block *out) {
    int rows = lem_head_block_rows(c);
    size_t R = (size_t)rows, D = (size_t)c->width;
    out->rows = rows;
    out->row = lem_carve_take(&mem->dev, R, sizeof *out->row);
    out->target = lem_carve_take(&mem->dev, R, sizeof *out->target);
    out->weight = lem_memory_floats(mem, R, 1);
    out->hidden = lem_memory_floats(mem, R, D);
    out->dense = c->reward.dense ? lem_memory_floats(mem, R, D) : NULL;
    out->logits = lem_memory_floats(mem, R, (size_t)c->vocab);
    out->lse = lem_memory_floats(mem, R, 1);
    out->logprob = lem_memory_floats(mem, R, 1);
    out->score = lem_memory_floats(mem, R, LEM_HEAD_OUTPUTS_MAX);
}

lem_status lem_check_rows(int R, const int *rows, int n_rows, lem_err *err) {
    for (int r = 0; r < R; r++)
        if (rows[r] < 0 || rows[r] >= n_rows)
            return lem_fail(err, LEM_EUSAGE, "row %d is outside the last pass of %d rows", rows[r], n_rows);
    return LEM_OK;
}

lem_status lem_check_targets(int R, const int32_t *target, int vocab, lem_err *err) {
    for (int r = 0; r < R; r++)
        if (target[r] < 0 || target[r] >= vocab)
            return lem_fail(err, LEM_EDATA, "token id %d is outside the vocabulary of %d", (int)target[r],
                            vocab);
    return LEM_OK;
}

void lem_pass_gather(lem_pass *p, int n, const int *rows) {
    lem_backend *b = p->b;
    b->ops->copy_in(b, p->head.row, rows, (size_t)n * sizeof *rows);
    b->ops->gather(b, n, p->c->width, p->head.row, p->hidden, LEM_DTYPE_F32, p->head.hidden);
}

void lem_pass_logits(lem_pass *p, int n, const int *rows, float *logits) {
    lem_pass_gather(p, n, rows);
    p->b->ops->linear(p->b, n, p->head.hidden, &lem_params_at(p->w, LEM_ROLE_LM_HEAD, -1)->packed, NULL,
                      logits, false);
}

void lem_pass_logprobs(lem_pass *p, int n, const int *rows, const int32_t *target) {
    const lem_head_block *h = &p->head;
    lem_pass_logits(p, n, rows, h->logits);
    p->b->ops->copy_in(p->b, h->target, target, (size_t)n * sizeof *target);
    p->b->ops->logprob(p->b, n, p->c->vocab, h->logits, h->target, h->logprob, h->lse);
}

void lem_pass_token_logits(lem_pass *p, int n, const int *rows, int n_ids, const int32_t *ids,
                           float *logits) {
    const lem_head_block *h = &p->head;
    lem_backend *b = p->b;
    int32_t place[HEAD_ROWS_MAX]; /* the block's logits as rows of one number */
    float column[HEAD_ROWS_MAX];
    lem_pass_logits(p, n, rows, h->logits);
    for (int k = 0; k < n_ids; k++) {
        for (int r = 0; r < n; r++) place[r] = (int32_t)r * p->c->vocab + ids[k];
        b->ops->copy_in(b, h->row, place, (size_t)n * sizeof *place);
        b->ops->gather(b, n, 1, h->row, h->logits, LEM_DTYPE_F32, h->lse);
        b->ops->copy_out(b, column, h->lse, (size_t)n * sizeof *column);
        for (int r = 0; r < n; r++) logits[(size_t)r * (size_t)n_ids + (size_t)k] = column[r];
    }
}

lem_status lem_pass_scores(lem_pass *p, int R, const int *rows, float *score, lem_err *err) {
    const lem_param *first = lem_params_at(p->w, LEM_ROLE_DENSE, -1),
                    *last = lem_params_at(p->w, LEM_ROLE_SCORE, -1);
    const lem_head_block *h = &p->head;
    lem_backend *b = p->b;
    size_t N = (size_t)last->packed.N, D = (size_t)p->c->width;
    for (int at = 0; at < R; at += h->rows) {
        int n = lem_pass_block(p, R - at);
        const float *x = h->hidden;
        lem_pass_gather(p, n, rows + at);
        if (first->packed.N) {
            b->ops->linear(b, n, x, &first->packed, lem_params_vector(p->w, LEM_ROLE_DENSE_BIAS, -1),
                           h->dense, false);
            b->ops->relu(b, (size_t)n * D, h->dense);
            x = h->dense;
        }
        b->ops->linear(b, n, x, &last->packed, lem_params_vector(p->w, LEM_ROLE_SCORE_BIAS, -1), h->score,
                       false);
        b->ops->copy_out(b, score + (size_t)at * N, h->score, (size_t)n * N * sizeof *score);
    }
    return b->ops->sync(b, err);
}
