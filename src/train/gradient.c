/* gradient.c - a batch as forests */
#include "train/gradient.h"

#include "core/mem.h"

void lem_gradient_release(lem_gradient *g) { lem_losses_release(&g->losses); }

/* Takes from n items as many as fit in one forest: at least one, or LEM_EMEM. */
static lem_status count_fitting(const lem_objective *obj, const uint64_t *items, int n, int max_rows,
                                int *out, lem_err *err) {
    int rows = 0, k = 0;
    for (; k < n; k++) {
        int need = obj->rows(obj->ctx, items[k]);
        if (need > max_rows)
            return lem_fail(err, LEM_EMEM, "an item of %d tokens does not fit in --max-rows %d", need,
                            max_rows);
        if (rows + need > max_rows) break;
        rows += need;
    }
    *out = k;
    return LEM_OK;
}

/* Runs the items in forests of at most max_rows rows. */
static lem_status run_items(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                            bool grad, lem_cancel *cancel, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0, k; i < n; i += k) {
        LEM_TRY(count_fitting(obj, items + i, n - i, g->max_rows, &k, err));
        LEM_TRY(lem_losses_run(&g->losses, g->net, obj, items + i, k, grad, err));
        if (cancel && cancel->requested) LEM_TRY(lem_fail(err, LEM_EINTR, "interrupted"));
    }
done:
    return st;
}

lem_status lem_gradient_run(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                            lem_train_metric *out, int *n_out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_net_zero_grads(g->net);
    LEM_TRY(obj->begin(obj->ctx, items, n, err));
    LEM_TRY(run_items(g, obj, items, n, true, NULL, err));
    *n_out = obj->end(obj->ctx, out);
done:
    return st;
}

lem_status lem_gradient_evaluate(lem_gradient *g, const lem_objective *obj, lem_train_metric *out, int *n_out,
                                 lem_cancel *cancel, lem_err *err) {
    lem_status st = LEM_OK;
    uint64_t *items = lem_alloc(obj->n_items ? obj->n_items : 1, sizeof *items, err);
    if (!items) return LEM_EMEM;
    for (uint64_t i = 0; i < obj->n_items; i++) items[i] = i;
    LEM_TRY(obj->begin(obj->ctx, items, (int)obj->n_items, err));
    LEM_TRY(run_items(g, obj, items, (int)obj->n_items, false, cancel, err));
    *n_out = obj->end(obj->ctx, out);
done:
    lem_free(items);
    return st;
}
