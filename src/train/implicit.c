/* implicit.c - lists scored by what a language model has gained on its reference */
#include "train/implicit.h"

#include "core/mem.h"
#include "train/gradient.h"

struct lem_implicit {
    const lem_lists *l;
    lem_implicit_opts o;
    lem_list_loss loss;
    double *reference;  /* [responses] log p_ref */
    double *score;      /* [longest list] */
    bool for_reference; /* sums are being stored, not judged */
};

lem_status lem_implicit_new(const lem_lists *l, const lem_implicit_opts *o, lem_implicit **out,
                            lem_err *err) {
    lem_status st = LEM_OK;
    lem_implicit *x = lem_alloc_zero(1, sizeof *x, err);
    if (!x) return LEM_EMEM;
    x->l = l;
    x->o = *o;
    LEM_TRY(lem_list_loss_init(&x->loss, l, &o->list, err));
    x->reference = lem_alloc_zero((size_t)l->n_responses + 1, sizeof *x->reference, err);
    x->score = lem_alloc((size_t)x->loss.longest + 1, sizeof *x->score, err);
    if (!x->reference || !x->score) st = LEM_EMEM;
done:
    if (st) lem_implicit_free(x);
    else *out = x;
    return st;
}

void lem_implicit_free(lem_implicit *x) {
    if (!x) return;
    lem_list_loss_release(&x->loss);
    lem_free(x->reference);
    lem_free(x->score);
    lem_free(x);
}

static int item_rows(void *ctx, uint64_t i) { return lem_list_rows(((const lem_implicit *)ctx)->l, i); }

static int item_nodes(void *ctx, uint64_t i) { return lem_list_nodes(((const lem_implicit *)ctx)->l, i); }

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    return lem_list_loss_begin(&((lem_implicit *)ctx)->loss, items, n, err);
}

/* Each token of response k is a part of its log-probability. */
static lem_status state_response(void *ctx, uint64_t item, int k, int row0, int before, lem_targets *list,
                                 lem_err *err) {
    const lem_implicit *x = ctx;
    const struct lem_list_response *p = lem_list_response_at(x->l, item, k);
    lem_target part = {.kind = LEM_TARGET_PART, .member = k, .weight = 1};
    lem_status st =
        before < 0 ? lem_fail(err, LEM_EDATA, "a list without a prompt has no first token") : LEM_OK;
    for (int t = 0; st == LEM_OK && t < p->len; t++) {
        part.row = t ? row0 + t - 1 : before;
        part.token = x->l->ids[p->at + (uint64_t)t];
        st = lem_targets_add(list, &part, err);
    }
    return st;
}

static lem_status add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    const lem_implicit *x = ctx;
    return lem_list_add(x->l, item, f, list, state_response, ctx, err);
}

static void members(void *ctx, uint64_t item, int n, const double *sum, double *grad) {
    lem_implicit *x = ctx;
    double *reference = x->reference + x->l->list[item].first;
    for (int k = 0; k < n; k++) {
        if (x->for_reference) reference[k] = sum[k];
        x->score[k] = x->o.beta * (sum[k] - reference[k]);
        grad[k] = 0;
    }
    if (x->for_reference) return;
    lem_list_loss_add(&x->loss, item, n, x->score, grad);
    for (int k = 0; k < n; k++) grad[k] *= x->o.beta;
}

static int end(void *ctx, lem_train_metric *out) {
    return lem_list_loss_end(&((lem_implicit *)ctx)->loss, out);
}

lem_objective lem_implicit_objective(lem_implicit *x) {
    return (lem_objective){.ctx = x,
                           .n_items = x->l->n,
                           .rows = item_rows,
                           .nodes = item_nodes,
                           .begin = begin,
                           .add = add,
                           .end = end,
                           .members = members};
}

lem_status lem_implicit_reference(lem_implicit *x, lem_model *m, lem_backend *b, int max_rows,
                                  lem_cancel *cancel, lem_err *err) {
    lem_net *net = NULL;
    lem_gradient g = {0};
    lem_train_metric ignored[LEM_MAX_METRICS];
    const lem_objective obj = lem_implicit_objective(x);
    lem_net_size size = {0, 0};
    int n;
    lem_status st = LEM_OK;
    x->for_reference = true;
    if (obj.n_items == 0) goto done;
    LEM_TRY(lem_gradient_evaluate_size(&obj, max_rows, &size, err));
    LEM_TRY(lem_net_new_part(m, b, size, NULL, &net, err));
    g = (lem_gradient){.net = net, .max_rows = max_rows}; /* nothing is added up */
    st = lem_gradient_evaluate(&g, &obj, ignored, &n, cancel, err);
    lem_losses_release(&g.losses);
done:
    x->for_reference = false;
    lem_net_free(net);
    return st ? lem_err_context(err, "log-probabilities of the reference") : LEM_OK;
}
