/* orm.c - lists scored by the scalar head, over a forest of prompts with their responses */
#include "train/orm.h"

#include "core/mem.h"
#include "train/prefix_value.h"

struct lem_orm {
    const lem_lists *l;
    lem_orm_opts o;
    lem_list_loss loss;
    uint64_t tokens, good_tokens; /* of the batch */
    double lm, value;
    uint8_t *shared; /* [longest list]: see lem_prefix_value */
};

lem_status lem_orm_new(const lem_lists *l, const lem_orm_opts *o, lem_orm **out, lem_err *err) {
    lem_status st = LEM_OK;
    lem_orm *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    r->l = l;
    r->o = *o;
    LEM_TRY(lem_list_loss_init(&r->loss, l, &o->list, err));
    r->shared = lem_alloc((size_t)r->loss.longest + 1, sizeof *r->shared, err);
    if (!r->shared) st = LEM_EMEM;
done:
    if (st) lem_orm_free(r);
    else *out = r;
    return st;
}

void lem_orm_free(lem_orm *r) {
    if (!r) return;
    lem_list_loss_release(&r->loss);
    lem_free(r->shared);
    lem_free(r);
}

static int item_rows(void *ctx, uint64_t i) { return lem_list_rows(((const lem_orm *)ctx)->l, i); }

static int item_nodes(void *ctx, uint64_t i) { return lem_list_nodes(((const lem_orm *)ctx)->l, i); }

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    lem_orm *r = ctx;
    r->tokens = r->good_tokens = 0;
    r->lm = r->value = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r->l->list[items[i]].n; k++) {
            const struct lem_list_response *p = lem_list_response_at(r->l, items[i], k);
            r->tokens += (uint64_t)p->len;
            if (p->label) r->good_tokens += (uint64_t)p->len;
        }
    return lem_list_loss_begin(&r->loss, items, n, err);
}

/* Targets of response k: its value at each token, its score at the last, and its tokens. */
static lem_status state_response(void *ctx, uint64_t item, int k, int row0, int before, lem_targets *list,
                                 lem_err *err) {
    const lem_orm *r = ctx;
    const struct lem_list_response *p = lem_list_response_at(r->l, item, k);
    lem_status st = LEM_OK;
    lem_target value = {.kind = LEM_TARGET_LABEL, .weight = r->o.value_weight * (1.0 / (double)r->tokens)};
    lem_target rank = {.kind = LEM_TARGET_RANK, .row = row0 + p->len - 1, .weight = 1};
    lem_target token = {.kind = LEM_TARGET_TOKEN, .weight = r->o.lm_weight * (1.0 / (double)r->good_tokens)};
    for (int t = 0; r->o.value_weight > 0 && t < p->len; t++) {
        value.row = row0 + t;
        value.label = r->o.prefix_values ? lem_prefix_value(r->l, item, k, t, r->shared) : p->label;
        LEM_TRY(lem_targets_add(list, &value, err));
    }
    LEM_TRY(lem_targets_add(list, &rank, err));
    for (int t = 0; r->o.lm_weight > 0 && p->label && t < p->len; t++) {
        token.row = t ? row0 + t - 1 : before;
        token.token = r->l->ids[p->at + (uint64_t)t];
        LEM_TRY(lem_targets_add(list, &token, err));
    }
done:
    return st;
}

static lem_status add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    const lem_orm *r = ctx;
    return lem_list_add(r->l, item, f, list, state_response, ctx, err);
}

static void members(void *ctx, uint64_t item, int n, const double *score, double *grad) {
    lem_list_loss_add(&((lem_orm *)ctx)->loss, item, n, score, grad);
}

static void note(void *ctx, const lem_target *t, int n) {
    lem_orm *r = ctx;
    for (int i = 0; i < n; i++) {
        if (t[i].kind == LEM_TARGET_LABEL) r->value += 1.0 / (double)r->tokens * t[i].loss;
        if (t[i].kind == LEM_TARGET_TOKEN) r->lm += 1.0 / (double)r->good_tokens * t[i].loss;
    }
}

static int end(void *ctx, lem_train_metric *out) {
    lem_orm *r = ctx;
    int n = lem_list_loss_end(&r->loss, out);
    if (r->o.value_weight > 0) out[n++] = (lem_train_metric){"value", r->value};
    if (r->o.lm_weight > 0) out[n++] = (lem_train_metric){"lm", r->lm};
    return n;
}

lem_objective lem_orm_objective(lem_orm *r) {
    return (lem_objective){.ctx = r,
                           .n_items = r->l->n,
                           .rows = item_rows,
                           .nodes = item_nodes,
                           .begin = begin,
                           .add = add,
                           .note = note,
                           .end = end,
                           .members = members};
}
