/* list_loss.c - a list's loss from its scores, by whatever makes them */
#include "train/list_loss.h"

#include "core/mem.h"

#include <stdlib.h>

static int by_hash(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The different problems of the lists, in order, to hash [l->n]; returns how many. */
static uint64_t problems_of(const lem_lists *l, uint64_t *hash) {
    uint64_t n = 0;
    for (uint64_t i = 0; i < l->n; i++) hash[i] = l->list[i].problem;
    if (l->n) qsort(hash, l->n, sizeof *hash, by_hash);
    for (uint64_t i = 0; i < l->n; i++)
        if (i == 0 || hash[i] != hash[n - 1]) hash[n++] = hash[i];
    return n;
}

static lem_status number_problems(lem_list_loss *x, lem_err *err) {
    const lem_lists *l = x->l;
    uint64_t *hash = lem_alloc(l->n + 1, sizeof *hash, err);
    if (!hash) return LEM_EMEM;
    x->group = lem_alloc(l->n + 1, sizeof *x->group, err);
    uint64_t n = problems_of(l, hash);
    for (uint64_t i = 0; x->group && i < l->n; i++) {
        const uint64_t *at = bsearch(&l->list[i].problem, hash, n, sizeof *hash, by_hash);
        x->group[i] = at ? (uint32_t)(at - hash) : 0;
    }
    x->metrics.n_groups = (uint32_t)n;
    lem_free(hash);
    return x->group ? LEM_OK : LEM_EMEM;
}

lem_status lem_list_loss_init(lem_list_loss *x, const lem_lists *l, const lem_list_loss_opts *o,
                              lem_err *err) {
    lem_list_loss fresh = {.l = l, .o = *o, .metrics = {.full = o->full_metrics, .kind = o->kind}};
    for (uint64_t i = 0; i < l->n; i++)
        if (l->list[i].n > fresh.longest) fresh.longest = l->list[i].n;
    fresh.weight = lem_alloc((size_t)fresh.longest + 1, sizeof *fresh.weight, err);
    fresh.label = lem_alloc((size_t)fresh.longest + 1, sizeof *fresh.label, err);
    fresh.length = lem_alloc((size_t)fresh.longest + 1, sizeof *fresh.length, err);
    fresh.cut = lem_alloc((size_t)fresh.longest + 1, 1, err);
    *x = fresh;
    bool made = fresh.weight && fresh.label && fresh.length && fresh.cut;
    if (made && (!o->full_metrics || number_problems(x, err) == LEM_OK)) return LEM_OK;
    lem_list_loss_release(x);
    return LEM_EMEM;
}

void lem_list_loss_release(lem_list_loss *x) {
    lem_free(x->weight);
    lem_free(x->label);
    lem_free(x->length);
    lem_free(x->cut);
    lem_free(x->group);
    lem_list_metrics_release(&x->metrics);
    *x = (lem_list_loss){0};
}

int lem_list_rows(const lem_lists *l, uint64_t item) {
    int n = l->list[item].prompt;
    for (int k = 0; k < l->list[item].n; k++) n += lem_list_response_at(l, item, k)->len;
    return n;
}

int lem_list_nodes(const lem_lists *l, uint64_t item) { return 1 + l->list[item].n; }

lem_status lem_list_loss_begin(lem_list_loss *x, const uint64_t *items, int n, lem_err *err) {
    uint64_t responses = 0;
    x->n_lists = n;
    x->loss = 0;
    for (int i = 0; i < n; i++) responses += (uint64_t)x->l->list[items[i]].n;
    return lem_list_metrics_begin(&x->metrics, responses, x->longest, err);
}

static void read_list(lem_list_loss *x, uint64_t item, int n) {
    for (int k = 0; k < n; k++) {
        const struct lem_list_response *p = lem_list_response_at(x->l, item, k);
        x->label[k] = p->label;
        x->weight[k] = (double)p->weight;
        x->length[k] = p->len;
        x->cut[k] = p->cut;
    }
}

void lem_list_loss_note(lem_list_loss *x, uint64_t item, int n, const double *score) {
    read_list(x, item, n);
    lem_list_metrics_add(&x->metrics, x->group ? x->group[item] : 0, n, score, x->label, x->length, x->cut);
}

void lem_list_loss_add(lem_list_loss *x, uint64_t item, int n, const double *score, double *grad) {
    double mean = 0;
    lem_list_loss_note(x, item, n, score);
    for (int k = 0; k < n; k++) mean += score[k] / n;
    const lem_ranked list = {n, score, x->label, x->weight, x->o.margin};
    x->loss += lem_ranking_loss(x->o.kind, &list, grad);
    for (int k = 0; k < n; k++) grad[k] = (grad[k] + x->o.center * 2 * mean / n) / x->n_lists;
}

int lem_list_loss_end(lem_list_loss *x, lem_train_metric *out) {
    out[0] = (lem_train_metric){"loss", x->loss / x->n_lists};
    return lem_list_metrics_end(&x->metrics, out, 1);
}

lem_status lem_list_add(const lem_lists *l, uint64_t item, lem_forest *f, lem_targets *list,
                        lem_list_state *state, void *ctx, lem_err *err) {
    const struct lem_list_item *it = &l->list[item];
    int root = -1;
    lem_status st = LEM_OK;
    /* Without anything in common the responses are roots. */
    if (it->prompt > 0) st = lem_forest_add(f, -1, l->ids + it->at, it->prompt, &root, err);
    int before = f->n_rows - 1;
    for (int k = 0; st == LEM_OK && k < it->n; k++) {
        const struct lem_list_response *p = lem_list_response_at(l, item, k);
        int row0 = f->n_rows;
        st = lem_forest_add(f, root, l->ids + p->at, p->len, NULL, err);
        if (st == LEM_OK) st = state(ctx, item, k, row0, before, list, err);
    }
    return st;
}
