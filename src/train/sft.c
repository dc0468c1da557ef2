/* sft.c - response-only cross-entropy over examples as forest roots */
#include "train/sft.h"

#include "core/mem.h"

struct lem_sft {
    const lem_examples *e;
    uint64_t tokens; /* trained tokens of the batch */
    double loss_sum;
};

lem_status lem_sft_new(const lem_examples *e, lem_sft **out, lem_err *err) {
    lem_sft *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->e = e;
    *out = s;
    return LEM_OK;
}

void lem_sft_free(lem_sft *s) { lem_free(s); }

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

static lem_status add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    const lem_sft *s = ctx;
    const lem_examples *e = s->e;
    uint64_t a = e->start[item], b = e->start[item + 1];
    int row0 = f->n_rows;
    lem_status st = lem_forest_add(f, -1, e->ids + a, (int)(b - a), NULL, err);
    for (uint64_t t = a + 1; st == LEM_OK && t < b; t++) {
        if (!e->mask[t]) continue;
        lem_target x = {.kind = LEM_TARGET_TOKEN,
                        .row = row0 + (int)(t - 1 - a),
                        .token = e->ids[t],
                        .weight = 1.0 / (double)s->tokens};
        st = lem_targets_add(list, &x, err);
    }
    return st;
}

static void note(void *ctx, const lem_target *t, int n) {
    lem_sft *s = ctx;
    for (int i = 0; i < n; i++) s->loss_sum += t[i].loss;
}

static int end(void *ctx, lem_train_metric *out) {
    const lem_sft *s = ctx;
    out[0] = (lem_train_metric){"loss", s->loss_sum / (double)s->tokens};
    out[1] = (lem_train_metric){"tokens", (double)s->tokens};
    return 2;
}

lem_objective lem_sft_objective(lem_sft *s) {
    return (lem_objective){.ctx = s,
                           .n_items = s->e->n,
                           .rows = item_rows,
                           .begin = begin,
                           .add = add,
                           .note = note,
                           .end = end};
}
