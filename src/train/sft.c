/* sft.c - response-only cross-entropy over examples as forest roots */
#include "train/sft.h"

#include "core/mem.h"

struct lem_sft {
    const lem_examples *e;
    uint64_t tokens; /* trained tokens of the batch */
    double loss_sum;
    int *rows; /* scratch, grown on demand */
    int32_t *target;
    float *weight, *logprob;
    int cap;
};

lem_status lem_sft_new(const lem_examples *e, lem_sft **out, lem_err *err) {
    lem_sft *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->e = e;
    *out = s;
    return LEM_OK;
}

void lem_sft_free(lem_sft *s) {
    if (!s) return;
    lem_free(s->rows);
    lem_free(s->target);
    lem_free(s->weight);
    lem_free(s->logprob);
    lem_free(s);
}

static int item_rows(void *ctx, uint64_t i) {
    const lem_sft *s = ctx;
    return (int)(s->e->start[i + 1] - s->e->start[i]);
}

/* The first token has nothing before it that could predict it. */
static uint64_t trained_tokens(const lem_examples *e, uint64_t i) {
    uint64_t n = 0;
    for (uint64_t t = e->start[i] + 1; t < e->start[i + 1]; t++) n += e->mask[t];
    return n;
}

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    lem_sft *s = ctx;
    s->tokens = 0;
    s->loss_sum = 0;
    for (int i = 0; i < n; i++) s->tokens += trained_tokens(s->e, items[i]);
    return s->tokens ? LEM_OK : lem_fail(err, LEM_EDATA, "a batch trains on zero tokens");
}

static lem_status grow(lem_sft *s, int n, lem_err *err) {
    if (n <= s->cap) return LEM_OK;
    int *rows = lem_realloc(s->rows, (size_t)n, sizeof *rows, err);
    if (rows) s->rows = rows;
    int32_t *target = lem_realloc(s->target, (size_t)n, sizeof *target, err);
    if (target) s->target = target;
    float *weight = lem_realloc(s->weight, (size_t)n, sizeof *weight, err);
    if (weight) s->weight = weight;
    float *logprob = lem_realloc(s->logprob, (size_t)n, sizeof *logprob, err);
    if (logprob) s->logprob = logprob;
    if (!rows || !target || !weight || !logprob) return LEM_EMEM;
    s->cap = n;
    return LEM_OK;
}

static lem_status run(void *ctx, lem_net *net, lem_forest *f, const uint64_t *items, int n, bool grad,
                      lem_err *err) {
    lem_sft *s = ctx;
    const lem_examples *e = s->e;
    lem_status st = LEM_OK;
    int R = 0;
    for (int i = 0; i < n; i++) {
        uint64_t a = e->start[items[i]], b = e->start[items[i] + 1];
        int row0 = f->n_rows;
        LEM_TRY(lem_forest_add(f, -1, e->ids + a, (int)(b - a), NULL, err));
        LEM_TRY(grow(s, R + (int)(b - a), err));
        for (uint64_t t = a + 1; t < b; t++) {
            if (!e->mask[t]) continue;
            s->rows[R] = row0 + (int)(t - 1 - a);
            s->target[R] = e->ids[t];
            s->weight[R] = (float)(1.0 / (double)s->tokens);
            R++;
        }
    }
    if (R == 0) goto done;
    LEM_TRY(lem_net_forward(net, f, err));
    LEM_TRY(lem_net_lm(net, R, s->rows, s->target, grad ? s->weight : NULL, s->logprob, err));
    for (int i = 0; i < R; i++) s->loss_sum -= s->logprob[i];
    if (grad) lem_net_backward(net);
done:
    return st;
}

static int end(void *ctx, lem_train_metric *out) {
    const lem_sft *s = ctx;
    out[0] = (lem_train_metric){"loss", s->loss_sum / (double)s->tokens};
    out[1] = (lem_train_metric){"tokens", (double)s->tokens};
    return 2;
}

lem_objective lem_sft_objective(lem_sft *s) {
    return (lem_objective){s, s->e->n, item_rows, begin, run, end};
}
