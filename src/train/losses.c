/* losses.c - targets of one forest, from rows to gradients */
#include "train/losses.h"

#include "core/mem.h"
#include "train/ranking_loss.h"

#include <string.h>

lem_status lem_targets_add(lem_targets *list, const lem_target *t, lem_err *err) {
    if (list->n == list->cap) {
        int cap = list->cap ? 2 * list->cap : 256;
        lem_target *target = lem_realloc(list->target, (size_t)cap, sizeof *target, err);
        if (target) list->target = target;
        int *item = lem_realloc(list->item, (size_t)cap, sizeof *item, err);
        if (item) list->item = item;
        if (!target || !item) return LEM_EMEM;
        list->cap = cap;
    }
    list->target[list->n] = *t;
    list->item[list->n++] = list->n_items;
    return LEM_OK;
}

static void release_targets(lem_targets *list) {
    lem_free(list->target);
    lem_free(list->item);
    *list = (lem_targets){0};
}

static void release_scratch(lem_losses *l) {
    lem_free(l->rows);
    lem_free(l->at);
    lem_free(l->token);
    lem_free(l->weight);
    lem_free(l->out);
    lem_free(l->score);
    lem_free(l->grad);
    lem_free(l->sum);
    *l = (lem_losses){.forest = l->forest,
                      .targets = l->targets,
                      .seed = l->seed,
                      .step = l->step,
                      .noise = l->noise,
                      .cap_noise = l->cap_noise};
}

void lem_losses_release(lem_losses *l) {
    release_scratch(l);
    lem_forest_release(&l->forest);
    lem_free(l->noise);
    l->noise = NULL;
    l->cap_noise = 0;
    release_targets(&l->targets);
}

/* Scratch for as many targets as there are. */
static lem_status grow(lem_losses *l, lem_err *err) {
    int n = l->targets.cap;
    if (n <= l->cap) return LEM_OK;
    release_scratch(l);
    l->rows = lem_alloc((size_t)n, sizeof *l->rows, err);
    l->at = lem_alloc((size_t)n, sizeof *l->at, err);
    l->token = lem_alloc((size_t)n, sizeof *l->token, err);
    l->weight = lem_alloc((size_t)n, sizeof *l->weight, err);
    l->out = lem_alloc((size_t)n, sizeof *l->out, err);
    l->score = lem_alloc((size_t)n, sizeof *l->score, err);
    l->grad = lem_alloc((size_t)n, sizeof *l->grad, err);
    l->sum = lem_alloc((size_t)n, sizeof *l->sum, err);
    if (!l->rows || !l->at || !l->token || !l->weight || !l->out) return LEM_EMEM;
    if (!l->score || !l->grad || !l->sum) return LEM_EMEM;
    l->cap = n;
    return LEM_OK;
}

static bool reads_words(const lem_target *t) {
    return t->kind == LEM_TARGET_TOKEN || t->kind == LEM_TARGET_PART;
}

/* The rows that the scalar head reads, each once where its targets stand together. at[i] of a target is the
 * place of its row. */
static int score_rows(lem_losses *l) {
    int R = 0;
    for (int i = 0; i < l->targets.n; i++) {
        const lem_target *t = &l->targets.target[i];
        if (reads_words(t)) continue;
        if (R == 0 || l->rows[R - 1] != t->row) l->rows[R++] = t->row;
        l->at[i] = R - 1;
    }
    return R;
}

static void label_losses(lem_losses *l) {
    for (int i = 0; i < l->targets.n; i++) {
        lem_target *t = &l->targets.target[i];
        double g = 0;
        if (reads_words(t)) continue;
        t->output = l->out[l->at[i]];
        t->loss = 0;
        if (t->kind != LEM_TARGET_LABEL) continue;
        t->loss = lem_ranking_soft_ce((double)t->output, t->label, &g);
        l->sum[l->at[i]] += t->weight * g;
    }
}

/* The next target of a kind at or after i; n where there is none. */
static int next_of(const lem_targets *list, lem_target_kind kind, int i) {
    while (i < list->n && list->target[i].kind != kind) i++;
    return i;
}

static bool same_group(const lem_targets *list, int a, int b) {
    return list->item[a] == list->item[b] && list->target[a].group == list->target[b].group;
}

/* The group that begins at target i: its loss and gradient. Returns where the next begins. */
static int group_loss(lem_losses *l, const lem_objective *obj, const uint64_t *items, int i) {
    const lem_targets *list = &l->targets;
    int n = 0, end = i, k = 0;
    for (; end < list->n && same_group(list, end, i); end = next_of(list, LEM_TARGET_RANK, end + 1))
        l->score[n++] = (double)list->target[end].output;
    obj->members(obj->ctx, items[list->item[i]], n, l->score, l->grad);
    for (int j = i; j < end; j = next_of(list, LEM_TARGET_RANK, j + 1))
        l->sum[l->at[j]] += list->target[j].weight * l->grad[k++];
    return end;
}

/* Labels and groups: everything that reads the scalar head. */
static lem_status score_losses(lem_losses *l, lem_net *net, const lem_objective *obj, const uint64_t *items,
                               bool grad, lem_err *err) {
    int R = score_rows(l), n = l->targets.n;
    if (R == 0) return LEM_OK;
    lem_status st = lem_net_scores(net, R, l->rows, l->out, err);
    if (st) return st;
    memset(l->sum, 0, (size_t)R * sizeof *l->sum);
    label_losses(l);
    if (!obj->members && next_of(&l->targets, LEM_TARGET_RANK, 0) < n)
        return lem_fail(err, LEM_EUSAGE, "the objective states groups, and no loss of a group");
    for (int i = next_of(&l->targets, LEM_TARGET_RANK, 0); i < n;) i = group_loss(l, obj, items, i);
    if (!grad) return LEM_OK;
    for (int r = 0; r < R; r++) l->out[r] = (float)l->sum[r];
    return lem_net_scores_grad(net, R, l->rows, l->out, err);
}

/* The group of PART targets that begins at target i. The weight of each target becomes what it is in the
 * loss, -weight * d loss / d sum, as TOKEN targets have it. Returns where the next begins. */
static int sum_group(lem_losses *l, const lem_objective *obj, const uint64_t *items, int i) {
    lem_targets *list = &l->targets;
    int n = 0, end = i;
    for (; end < list->n && same_group(list, end, i); end = next_of(list, LEM_TARGET_PART, end + 1)) {
        const lem_target *t = &list->target[end];
        while (n <= t->member) l->score[n++] = 0;
        l->score[t->member] += (double)t->output;
    }
    obj->members(obj->ctx, items[list->item[i]], n, l->score, l->grad);
    for (int j = i; j < end; j = next_of(list, LEM_TARGET_PART, j + 1))
        list->target[j].weight *= -l->grad[list->target[j].member];
    return end;
}

/* Log-probabilities of PART targets, and what their groups make of the sums. */
static lem_status part_losses(lem_losses *l, lem_net *net, const lem_objective *obj, const uint64_t *items,
                              lem_err *err) {
    int R = 0, r = 0, n = l->targets.n;
    for (int i = next_of(&l->targets, LEM_TARGET_PART, 0); i < n;
         i = next_of(&l->targets, LEM_TARGET_PART, i + 1)) {
        l->rows[R] = l->targets.target[i].row;
        l->token[R++] = l->targets.target[i].token;
    }
    if (R == 0) return LEM_OK;
    if (!obj->members) return lem_fail(err, LEM_EUSAGE, "the objective states sums, and no loss of them");
    lem_status st = lem_net_lm(net, R, l->rows, l->token, NULL, l->out, err);
    if (st) return st;
    for (int i = 0; i < n; i++) {
        lem_target *t = &l->targets.target[i];
        if (t->kind != LEM_TARGET_PART) continue;
        t->output = l->out[r++];
        t->loss = 0;
    }
    for (int i = next_of(&l->targets, LEM_TARGET_PART, 0); i < n;) i = sum_group(l, obj, items, i);
    return LEM_OK;
}

/* Whether the last reading of the vocabulary is of target t: PART targets have their outputs already. */
static bool read_last(const lem_target *t, bool grad) {
    return t->kind == LEM_TARGET_TOKEN || (grad && t->kind == LEM_TARGET_PART);
}

static lem_status token_losses(lem_losses *l, lem_net *net, bool grad, lem_err *err) {
    int R = 0, r = 0;
    for (int i = 0; i < l->targets.n; i++) {
        const lem_target *t = &l->targets.target[i];
        if (!read_last(t, grad)) continue;
        l->rows[R] = t->row;
        l->token[R] = t->token;
        l->weight[R++] = (float)t->weight;
    }
    if (R == 0) return LEM_OK;
    lem_status st = lem_net_lm(net, R, l->rows, l->token, grad ? l->weight : NULL, l->out, err);
    for (int i = 0; st == LEM_OK && i < l->targets.n; i++) {
        lem_target *t = &l->targets.target[i];
        if (!read_last(t, grad)) continue;
        t->output = l->out[r++];
        if (t->kind == LEM_TARGET_TOKEN) t->loss = -(double)t->output;
    }
    return st;
}

/* Ids of the rows that an item added, from row `from` on. */
static lem_status name_rows(lem_losses *l, uint64_t item, int from, lem_err *err) {
    int n = l->forest.n_rows;
    if (n > l->cap_noise) {
        uint64_t *noise = lem_realloc(l->noise, 2 * (size_t)n, sizeof *noise, err);
        if (!noise) return LEM_EMEM;
        l->noise = noise;
        l->cap_noise = 2 * n;
    }
    for (int r = from; r < n; r++) l->noise[r] = item << 24 | (uint64_t)(r - from);
    return LEM_OK;
}

static lem_status add_items(lem_losses *l, const lem_net *net, const lem_objective *obj,
                            const uint64_t *items, int n, lem_err *err) {
    lem_status st = LEM_OK;
    lem_forest_clear(&l->forest);
    l->targets.n = l->targets.n_items = 0;
    for (int i = 0; st == LEM_OK && i < n; i++) {
        int from = l->forest.n_rows;
        st = obj->add(obj->ctx, items[i], &l->forest, &l->targets, err);
        if (st == LEM_OK && lem_net_has_dropout(net)) st = name_rows(l, items[i], from, err);
        l->targets.n_items++;
    }
    return st ? st : grow(l, err);
}

lem_status lem_losses_run(lem_losses *l, lem_net *net, const lem_objective *obj, const uint64_t *items, int n,
                          bool grad, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(add_items(l, net, obj, items, n, err));
    if (l->targets.n == 0) goto done;
    const lem_net_noise noise = {l->seed, l->step, l->noise};
    LEM_TRY(grad ? lem_net_forward_noisy(net, &l->forest, &noise, err)
                 : lem_net_forward(net, &l->forest, err));
    LEM_TRY(score_losses(l, net, obj, items, grad, err));
    LEM_TRY(part_losses(l, net, obj, items, err));
    LEM_TRY(token_losses(l, net, grad, err));
    if (obj->note) obj->note(obj->ctx, l->targets.target, l->targets.n);
    if (grad) lem_net_backward(net);
done:
    return st;
}
