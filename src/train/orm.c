/* orm.c - listwise reward objective over a forest of prompts with their responses */
#include "train/orm.h"

#include "core/mem.h"
#include "train/prefix_value.h"

struct lem_orm {
    const lem_lists *l;
    lem_orm_opts o;
    int n_lists; /* of the batch */
    uint64_t tokens, good_tokens;
    double loss, accuracy, margin, lm, value;
    int n_scored;
    uint8_t *shared; /* [longest list]: see lem_prefix_value */
};

lem_status lem_orm_new(const lem_lists *l, const lem_orm_opts *o, lem_orm **out, lem_err *err) {
    lem_orm *r = lem_alloc_zero(1, sizeof *r, err);
    int longest = 0;
    if (!r) return LEM_EMEM;
    r->l = l;
    r->o = *o;
    for (uint64_t i = 0; i < l->n; i++)
        if (l->list[i].n > longest) longest = l->list[i].n;
    r->shared = lem_alloc((size_t)longest + 1, sizeof *r->shared, err);
    if (!r->shared) {
        lem_orm_free(r);
        return LEM_EMEM;
    }
    *out = r;
    return LEM_OK;
}

void lem_orm_free(lem_orm *r) {
    if (!r) return;
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

/* Targets of response k, whose first row is row0: its value at each token, its score at the last, and its
 * tokens, the first of which is predicted by row `before`. */
static lem_status add_response(const lem_orm *r, uint64_t item, int k, int row0, int before,
                               lem_targets *list, lem_err *err) {
    const struct lem_list_response *p = &r->l->response[r->l->list[item].first + k];
    lem_status st = LEM_OK;
    lem_target value = {.kind = LEM_TARGET_LABEL, .weight = r->o.value_weight * (1.0 / (double)r->tokens)};
    lem_target rank = {.kind = LEM_TARGET_RANK, .row = row0 + p->len - 1, .label = p->label, .weight = 1};
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
    const struct lem_list_item *it = &r->l->list[item];
    int root;
    lem_status st = lem_forest_add(f, -1, r->l->ids + it->at, it->prompt, &root, err);
    int before = f->n_rows - 1;
    for (int k = 0; st == LEM_OK && k < it->n; k++) {
        const struct lem_list_response *p = &r->l->response[it->first + k];
        int row0 = f->n_rows;
        st = lem_forest_add(f, root, r->l->ids + p->at, p->len, NULL, err);
        if (st == LEM_OK) st = add_response(r, item, k, row0, before, list, err);
    }
    return st;
}

/* Ranking loss of one list, and the pull of its mean score to zero. */
static void group(void *ctx, int n, const float *score, const uint8_t *label, double *grad) {
    lem_orm *r = ctx;
    double sum[2] = {0, 0}, mean = 0;
    int count[2] = {0, 0}, pairs;
    for (int k = 0; k < n; k++) {
        sum[label[k]] += (double)score[k];
        mean += (double)score[k] / n;
        count[label[k]]++;
    }
    r->loss += lem_ranking_loss(r->o.loss, n, score, label, grad);
    if (count[0] && count[1]) {
        r->accuracy += lem_ranking_pair_accuracy(n, score, label, &pairs);
        r->margin += sum[1] / count[1] - sum[0] / count[0];
        r->n_scored++;
    }
    for (int k = 0; k < n; k++) grad[k] = (grad[k] + r->o.center * 2 * mean / n) / r->n_lists;
}

static void note(void *ctx, const lem_target *t, int n) {
    lem_orm *r = ctx;
    for (int i = 0; i < n; i++) {
        if (t[i].kind == LEM_TARGET_LABEL) r->value += 1.0 / (double)r->tokens * t[i].loss;
        if (t[i].kind == LEM_TARGET_TOKEN) r->lm += 1.0 / (double)r->good_tokens * t[i].loss;
    }
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
    return (lem_objective){r, r->l->n, item_rows, begin, add, group, note, end};
}
