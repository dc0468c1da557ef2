/* gradient.c - a batch as forests */
#include "train/gradient.h"

#include "core/mem.h"

lem_status lem_gradient_init(lem_gradient *g, lem_net *net, lem_backend *b, int max_rows, int slots,
                             lem_err *err) {
    lem_slot_tree tree;
    lem_status st = lem_slot_tree_init(&tree, b, slots, lem_net_n_grads(net), err);
    if (st == LEM_OK) *g = (lem_gradient){.net = net, .max_rows = max_rows, .tree = tree};
    return st;
}

void lem_gradient_release(lem_gradient *g) {
    lem_losses_release(&g->losses);
    lem_slot_tree_release(&g->tree);
}

/* How many of n items fit in one forest. */
static int fitting(const lem_objective *obj, const uint64_t *items, int n, int max_rows) {
    int rows = 0, k = 0;
    for (; k < n; k++) {
        int need = obj->rows(obj->ctx, items[k]);
        if (need > max_rows - rows) break;
        rows += need;
    }
    return k;
}

/* At least one, or LEM_EMEM. */
static lem_status count_fitting(const lem_objective *obj, const uint64_t *items, int n, int max_rows,
                                int *out, lem_err *err) {
    *out = fitting(obj, items, n, max_rows);
    if (*out > 0) return LEM_OK;
    return lem_fail(err, LEM_EMEM, "an item of %d tokens does not fit in --max-rows %d",
                    obj->rows(obj->ctx, items[0]), max_rows);
}

/* Runs the items in forests of at most max_rows rows. */
static lem_status run_items(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                            bool grad, const lem_cancel *cancel, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0, k = 0; i < n; i += k) {
        LEM_TRY(count_fitting(obj, items + i, n - i, g->max_rows, &k, err));
        LEM_TRY(lem_losses_run(&g->losses, g->net, obj, items + i, k, grad, err));
        if (grad && g->tick) g->tick(g->tick_ctx, k);
        LEM_TRY(lem_cancel_check(cancel, err));
    }
done:
    return st;
}

/* First item of a slot: the least i with floor(i*all/n) >= slot. */
static int first_item(int slot, int all, int n) { return (int)(((int64_t)slot * n + all - 1) / all); }

static int at_least(int a, int b) { return a > b ? a : b; }

/* A forest of n items. */
static void grow(const lem_objective *obj, const uint64_t *items, int n, lem_net_size *most) {
    lem_net_size it = {0, 0};
    for (int i = 0; i < n; i++) {
        int rows = obj->rows(obj->ctx, items[i]);
        it.rows += rows;
        it.nodes += obj->nodes ? obj->nodes(obj->ctx, items[i]) : rows;
    }
    *most = (lem_net_size){at_least(it.rows, most->rows), at_least(it.nodes, most->nodes)};
}

int lem_gradient_passes(const lem_objective *obj, const uint64_t *items, int n, int max_rows, int slots,
                        lem_net_size *most) {
    int passes = 0;
    for (int s = 0; s < slots; s++) {
        int end = first_item(s + 1, slots, n);
        for (int i = first_item(s, slots, n), k; i < end; i += k, passes++) {
            k = fitting(obj, items + i, end - i, max_rows);
            if (k == 0) k = 1;
            grow(obj, items + i, k, most);
        }
    }
    return passes;
}

lem_status lem_gradient_part(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                             int first, int all, lem_err *err) {
    lem_status st = LEM_OK;
    g->tree.done = 0; /* whatever an error left */
    for (int s = first; s < first + g->tree.slots; s++) {
        int begin = first_item(s, all, n), end = first_item(s + 1, all, n);
        lem_net_zero_grads(g->net);
        LEM_TRY(run_items(g, obj, items + begin, end - begin, true, g->cancel, err));
        lem_slot_tree_add(&g->tree, lem_net_grads(g->net));
    }
done:
    return st;
}

lem_status lem_gradient_run(lem_gradient *g, const lem_objective *obj, const uint64_t *items, int n,
                            lem_train_metric *out, int *n_out, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(obj->begin(obj->ctx, items, n, err));
    LEM_TRY(lem_gradient_part(g, obj, items, n, 0, g->tree.slots, err));
    *n_out = obj->end(obj->ctx, out);
done:
    return st;
}

/* All items in order; owned by the caller. */
static uint64_t *all_items(const lem_objective *obj, lem_err *err) {
    uint64_t *items = lem_alloc(obj->n_items ? obj->n_items : 1, sizeof *items, err);
    for (uint64_t i = 0; items && i < obj->n_items; i++) items[i] = i;
    return items;
}

lem_status lem_gradient_evaluate_size(const lem_objective *obj, int max_rows, lem_net_size *most,
                                      lem_err *err) {
    uint64_t *items = all_items(obj, err);
    if (!items) return LEM_EMEM;
    (void)lem_gradient_passes(obj, items, (int)obj->n_items, max_rows, 1, most);
    lem_free(items);
    return LEM_OK;
}

lem_status lem_gradient_evaluate(lem_gradient *g, const lem_objective *obj, lem_train_metric *out, int *n_out,
                                 lem_cancel *cancel, lem_err *err) {
    lem_status st = LEM_OK;
    uint64_t *items = all_items(obj, err);
    if (!items) return LEM_EMEM;
    LEM_TRY(obj->begin(obj->ctx, items, (int)obj->n_items, err));
    LEM_TRY(run_items(g, obj, items, (int)obj->n_items, false, cancel, err));
    *n_out = obj->end(obj->ctx, out);
done:
    lem_free(items);
    return st;
}
