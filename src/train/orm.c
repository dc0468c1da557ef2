/* orm.c - listwise reward objective over a forest of prompts with their responses */
#include "train/orm.h"

#include "core/mem.h"

#include <math.h>

struct lem_orm {
    const lem_lists *l;
    lem_orm_opts o;
    int n_lists; /* of the batch */
    uint64_t tokens, good_tokens;
    double loss, accuracy, margin, lm, value;
    int n_scored;
    /* scratch, [cap] each */
    int cap;
    int *rows;
    int32_t *target;
    float *weight, *out, *dscore;
    int cap_list;
    double *grad; /* [cap_list] */
    float *last;
    uint8_t *label, *shared;
};

lem_status lem_orm_new(const lem_lists *l, const lem_orm_opts *o, lem_orm **out, lem_err *err) {
    lem_orm *r = lem_alloc_zero(1, sizeof *r, err);
    if (!r) return LEM_EMEM;
    r->l = l;
    r->o = *o;
    for (uint64_t i = 0; i < l->n; i++)
        if (l->list[i].n > r->cap_list) r->cap_list = l->list[i].n;
    r->grad = lem_alloc((size_t)r->cap_list + 1, sizeof *r->grad, err);
    r->label = lem_alloc((size_t)r->cap_list + 1, sizeof *r->label, err);
    r->last = lem_alloc((size_t)r->cap_list + 1, sizeof *r->last, err);
    r->shared = lem_alloc((size_t)r->cap_list + 1, sizeof *r->shared, err);
    if (!r->grad || !r->last || !r->label || !r->shared) {
        lem_orm_free(r);
        return LEM_EMEM;
    }
    *out = r;
    return LEM_OK;
}

void lem_orm_free(lem_orm *r) {
    if (!r) return;
    lem_free(r->rows);
    lem_free(r->target);
    lem_free(r->weight);
    lem_free(r->out);
    lem_free(r->dscore);
    lem_free(r->grad);
    lem_free(r->last);
    lem_free(r->label);
    lem_free(r->shared);
    lem_free(r);
}

static int item_rows(void *ctx, uint64_t i) {
    const lem_orm *r = ctx;
    int n = r->l->list[i].prompt;
    for (int k = 0; k < r->l->list[i].n; k++) n += r->l->response[r->l->list[i].first + k].len;
    return n;
}

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    lem_orm *r = ctx;
    (void)err;
    r->n_lists = n;
    r->tokens = r->good_tokens = 0;
    r->loss = r->accuracy = r->margin = r->lm = r->value = 0;
    r->n_scored = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r->l->list[items[i]].n; k++) {
            const struct lem_list_response *p = &r->l->response[r->l->list[items[i]].first + k];
            r->tokens += (uint64_t)p->len;
            if (p->label) r->good_tokens += (uint64_t)p->len;
        }
    return LEM_OK;
}

static lem_status grow(lem_orm *r, int n, lem_err *err) {
    if (n <= r->cap) return LEM_OK;
    int *rows = lem_realloc(r->rows, (size_t)n, sizeof *rows, err);
    if (rows) r->rows = rows;
    int32_t *target = lem_realloc(r->target, (size_t)n, sizeof *target, err);
    if (target) r->target = target;
    float *weight = lem_realloc(r->weight, (size_t)n, sizeof *weight, err);
    if (weight) r->weight = weight;
    float *out = lem_realloc(r->out, (size_t)n, sizeof *out, err);
    if (out) r->out = out;
    float *dscore = lem_realloc(r->dscore, (size_t)n, sizeof *dscore, err);
    if (dscore) r->dscore = dscore;
    if (!rows || !target || !weight || !out || !dscore) return LEM_EMEM;
    r->cap = n;
    return LEM_OK;
}

static lem_status build(lem_orm *r, lem_forest *f, const uint64_t *items, int n, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; i < n; i++) {
        const struct lem_list_item *it = &r->l->list[items[i]];
        int root;
        LEM_TRY(lem_forest_add(f, -1, r->l->ids + it->at, it->prompt, &root, err));
        for (int k = 0; k < it->n; k++) {
            const struct lem_list_response *p = &r->l->response[it->first + k];
            LEM_TRY(lem_forest_add(f, root, r->l->ids + p->at, p->len, NULL, err));
        }
    }
done:
    return st;
}

/* Nodes of the forest stand in the order they were added: a prompt, then its responses. */
static int response_node(const lem_orm *r, const uint64_t *items, int list, int k) {
    int node = 0;
    for (int i = 0; i < list; i++) node += 1 + r->l->list[items[i]].n;
    return node + 1 + k;
}

/* Label of the value loss at token t of response k: its outcome, or the mean outcome of the list's responses
 * that begin with the same t+1 tokens. `shared` [n] says which responses still share the prefix; it narrows
 * as t grows. */
static double value_label(const lem_orm *r, const struct lem_list_item *it, int k, int t, uint8_t *shared) {
    const struct lem_list_response *own = &r->l->response[it->first + k];
    if (!r->o.prefix_values) return own->label;
    double sum = 0;
    int n = 0;
    for (int j = 0; j < it->n; j++) {
        const struct lem_list_response *other = &r->l->response[it->first + j];
        shared[j] = t == 0 || shared[j];
        if (shared[j])
            shared[j] =
                t < other->len && r->l->ids[other->at + (uint64_t)t] == r->l->ids[own->at + (uint64_t)t];
        if (!shared[j]) continue;
        sum += other->label;
        n++;
    }
    return sum / n; /* a response shares with itself */
}

/* Cross-entropy of the head with the label at one response token; returns its share of the gradient. */
static double value_term(lem_orm *r, float score, double label) {
    double scale = 1.0 / (double)r->tokens, g;
    r->value += scale * lem_ranking_soft_ce((double)score, label, &g);
    return r->o.value_weight * scale * g;
}

/* Ranking loss of one list whose last-token scores stand in r->last; leaves the gradient in r->grad. */
static void list_loss(lem_orm *r, const struct lem_list_item *it) {
    double sum[2] = {0, 0}, mean = 0;
    int count[2] = {0, 0}, pairs;
    for (int k = 0; k < it->n; k++) {
        int y = r->label[k] = r->l->response[it->first + k].label;
        sum[y] += r->last[k];
        mean += (double)r->last[k] / it->n;
        count[y]++;
    }
    r->loss += lem_ranking_loss(r->o.loss, it->n, r->last, r->label, r->grad);
    if (count[0] && count[1]) {
        r->accuracy += lem_ranking_pair_accuracy(it->n, r->last, r->label, &pairs);
        r->margin += sum[1] / count[1] - sum[0] / count[0];
        r->n_scored++;
    }
    for (int k = 0; k < it->n; k++) r->grad[k] = (r->grad[k] + r->o.center * 2 * mean / it->n) / r->n_lists;
}

/* Ranking and value losses. All scores go through one call each way, so that the head's gradient is one chain
 * over rows in the order of the forest, however a batch is split. */
static lem_status scores(lem_orm *r, lem_net *net, const lem_forest *f, const uint64_t *items, int n,
                         bool grad, lem_err *err) {
    lem_status st = LEM_OK;
    bool every = r->o.value_weight > 0; /* every response token, or the last one of each response */
    int R = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0, node = response_node(r, items, i, 0); k < r->l->list[items[i]].n; k++, node++)
            for (int t = every ? 0 : f->nodes[node].n - 1; t < f->nodes[node].n; t++)
                r->rows[R++] = f->nodes[node].row0 + t;
    LEM_TRY(lem_net_scores(net, R, r->rows, r->out, err));
    for (int i = 0, at = 0; i < n; i++) {
        const struct lem_list_item *it = &r->l->list[items[i]];
        int end = at;
        for (int k = 0; k < it->n; k++) {
            end += every ? r->l->response[it->first + k].len : 1;
            r->last[k] = r->out[end - 1];
        }
        list_loss(r, it);
        for (int k = 0; k < it->n; k++) {
            const struct lem_list_response *p = &r->l->response[it->first + k];
            for (int t = every ? 0 : p->len - 1; t < p->len; t++, at++)
                r->dscore[at] =
                    (float)((every ? value_term(r, r->out[at], value_label(r, it, k, t, r->shared)) : 0) +
                            (t == p->len - 1 ? r->grad[k] : 0));
        }
    }
    if (grad) st = lem_net_scores_grad(net, R, r->rows, r->dscore, err);
done:
    return st;
}

/* Language-model loss on the correct responses; the prompt's last row predicts the first response token. */
static lem_status language(lem_orm *r, lem_net *net, const lem_forest *f, const uint64_t *items, int n,
                           bool grad, lem_err *err) {
    if (r->good_tokens == 0) return LEM_OK;
    lem_status st = LEM_OK;
    int R = 0;
    double scale = 1.0 / (double)r->good_tokens;
    for (int i = 0; i < n; i++) {
        int root = response_node(r, items, i, 0) - 1, last = f->nodes[root].row0 + f->nodes[root].n - 1;
        for (int k = 0, node = root + 1; k < r->l->list[items[i]].n; k++, node++) {
            if (!r->l->response[r->l->list[items[i]].first + k].label) continue;
            for (int t = 0; t < f->nodes[node].n; t++) {
                int row = f->nodes[node].row0 + t;
                r->rows[R] = t ? row - 1 : last;
                r->target[R] = f->ids[row];
                r->weight[R++] = (float)(r->o.lm_weight * scale);
            }
        }
    }
    if (R == 0) return LEM_OK;
    LEM_TRY(lem_net_lm(net, R, r->rows, r->target, grad ? r->weight : NULL, r->out, err));
    for (int j = 0; j < R; j++) r->lm -= scale * r->out[j];
done:
    return st;
}

static lem_status run(void *ctx, lem_net *net, lem_forest *f, const uint64_t *items, int n, bool grad,
                      lem_err *err) {
    lem_orm *r = ctx;
    lem_status st = LEM_OK;
    LEM_TRY(build(r, f, items, n, err));
    LEM_TRY(grow(r, f->n_rows, err));
    LEM_TRY(lem_net_forward(net, f, err));
    LEM_TRY(scores(r, net, f, items, n, grad, err));
    if (r->o.lm_weight > 0) LEM_TRY(language(r, net, f, items, n, grad, err));
    if (grad) lem_net_backward(net);
done:
    return st;
}

static int end(void *ctx, lem_train_metric *out) {
    const lem_orm *r = ctx;
    int n = 0, s = r->n_scored ? r->n_scored : 1;
    out[n++] = (lem_train_metric){"loss", r->loss / r->n_lists};
    out[n++] = (lem_train_metric){"accuracy", r->accuracy / s};
    out[n++] = (lem_train_metric){"margin", r->margin / s};
    if (r->o.value_weight > 0) out[n++] = (lem_train_metric){"value", r->value};
    if (r->o.lm_weight > 0) out[n++] = (lem_train_metric){"lm", r->lm};
    return n;
}

lem_objective lem_orm_objective(lem_orm *r) {
    return (lem_objective){r, r->l->n, item_rows, begin, run, end};
}
