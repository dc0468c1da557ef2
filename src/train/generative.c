/* generative.c - the sign behind a solution as the next token */
#include "train/generative.h"

#include "core/mem.h"

struct lem_generative {
    const lem_lists *l;
    int32_t good, bad;
    lem_list_loss lists;  /* its metrics alone */
    double weights, loss; /* of the batch */
    uint64_t *item;       /* items stated whose targets have not come back yet */
    int n_items, cap;
    double *score; /* [longest list] */
};

lem_status lem_generative_new(const lem_lists *l, int32_t good, int32_t bad, bool full_metrics,
                              lem_generative **out, lem_err *err) {
    lem_status st = LEM_OK;
    const lem_list_loss_opts o = {.kind = LEM_RANKING_CE, .full_metrics = full_metrics};
    lem_generative *x = lem_alloc_zero(1, sizeof *x, err);
    if (!x) return LEM_EMEM;
    x->l = l;
    x->good = good;
    x->bad = bad;
    LEM_TRY(lem_list_loss_init(&x->lists, l, &o, err));
    x->score = lem_alloc((size_t)x->lists.longest + 1, sizeof *x->score, err);
    if (!x->score) st = LEM_EMEM;
done:
    if (st) lem_generative_free(x);
    else *out = x;
    return st;
}

void lem_generative_free(lem_generative *x) {
    if (!x) return;
    lem_list_loss_release(&x->lists);
    lem_free(x->item);
    lem_free(x->score);
    lem_free(x);
}

static int item_rows(void *ctx, uint64_t i) { return lem_list_rows(((const lem_generative *)ctx)->l, i); }

static int item_nodes(void *ctx, uint64_t i) { return lem_list_nodes(((const lem_generative *)ctx)->l, i); }

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    lem_generative *x = ctx;
    x->weights = x->loss = 0;
    x->n_items = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < x->l->list[items[i]].n; k++)
            x->weights += (double)lem_list_response_at(x->l, items[i], k)->weight;
    if (!(x->weights > 0)) return lem_fail(err, LEM_EDATA, "a batch whose responses all weigh nothing");
    if (n > x->cap) {
        uint64_t *item = lem_realloc(x->item, (size_t)n, sizeof *item, err);
        if (!item) return LEM_EMEM;
        x->item = item;
        x->cap = n;
    }
    return lem_list_loss_begin(&x->lists, items, n, err);
}

/* Two targets of the last row: each sign by its share. */
static lem_status state_response(void *ctx, uint64_t item, int k, int row0, int before, lem_targets *list,
                                 lem_err *err) {
    const lem_generative *x = ctx;
    const struct lem_list_response *p = lem_list_response_at(x->l, item, k);
    double w = (double)p->weight / x->weights;
    lem_target plus = {
        .kind = LEM_TARGET_TOKEN, .row = row0 + p->len - 1, .token = x->good, .weight = w * (double)p->soft};
    lem_target minus = plus;
    (void)before;
    minus.token = x->bad;
    minus.weight = w * (1 - (double)p->soft);
    lem_status st = lem_targets_add(list, &plus, err);
    return st ? st : lem_targets_add(list, &minus, err);
}

static lem_status add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    lem_generative *x = ctx;
    x->item[x->n_items++] = item;
    return lem_list_add(x->l, item, f, list, state_response, ctx, err);
}

/* The targets of a forest are those of the items stated last, in order. */
static void note(void *ctx, const lem_target *t, int n) {
    lem_generative *x = ctx;
    for (int i = 0, at = 0; i < x->n_items && at < n; i++) {
        int m = x->l->list[x->item[i]].n;
        for (int k = 0; k < m; k++, at += 2) {
            x->loss += t[at].weight * t[at].loss + t[at + 1].weight * t[at + 1].loss;
            x->score[k] = (double)t[at].output - (double)t[at + 1].output;
        }
        lem_list_loss_note(&x->lists, x->item[i], m, x->score);
    }
    x->n_items = 0;
}

static int end(void *ctx, lem_train_metric *out) {
    lem_generative *x = ctx;
    out[0] = (lem_train_metric){"loss", x->loss};
    return lem_list_metrics_end(&x->lists.metrics, out, 1);
}

lem_objective lem_generative_objective(lem_generative *x) {
    return (lem_objective){.ctx = x,
                           .n_items = x->l->n,
                           .rows = item_rows,
                           .nodes = item_nodes,
                           .begin = begin,
                           .add = add,
                           .note = note,
                           .end = end};
}
