/* ranking_loss.c - Bradley-Terry, hinge, cross-entropy and squared losses of a list */
#include "train/ranking_loss.h"

#include "core/choice.h"

#include <math.h>
#include <string.h>

static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double sigmoid(double x) { return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }

lem_status lem_ranking_parse(const char *name, lem_ranking *out, lem_err *err) {
    static const lem_ranking other_names[] = {LEM_RANKING_BT, LEM_RANKING_PAIR, LEM_RANKING_CE};
    int i = lem_choice_find(LEM_RANKING_NAMES, name);
    if (i < 0) return lem_fail(err, LEM_EUSAGE, "loss '%s' is none of %s", name, LEM_RANKING_NAMES);
    *out = i < LEM_RANKING_COUNT ? (lem_ranking)i : other_names[i - LEM_RANKING_COUNT];
    return LEM_OK;
}

static double weight_of(const lem_ranked *l, int i) { return l->weight ? l->weight[i] : 1; }

/* Loss of a pair whose scores differ by d = r_wrong - r_right, and its derivative by d. */
static double pair_loss(lem_ranking kind, double margin, double d, double *dd) {
    if (kind == LEM_RANKING_MARGIN) {
        *dd = margin + d > 0 ? 1 : 0;
        return margin + d > 0 ? margin + d : 0;
    }
    *dd = sigmoid(d);
    return softplus(d);
}

/* Mean over all pairs of a right and a wrong one. */
static double over_pairs(lem_ranking kind, const lem_ranked *l, double *grad) {
    double sum[2] = {0, 0}, loss = 0;
    for (int i = 0; i < l->n; i++) sum[l->label[i] != 0] += weight_of(l, i);
    if (!(sum[0] > 0 && sum[1] > 0)) return 0;
    double scale = 1.0 / (sum[1] * sum[0]);
    for (int i = 0; i < l->n; i++) {
        if (!l->label[i]) continue;
        for (int j = 0; j < l->n; j++) {
            if (l->label[j]) continue;
            double w = weight_of(l, i) * weight_of(l, j), dd;
            loss += w * pair_loss(kind, l->margin, l->score[j] - l->score[i], &dd);
            if (!grad) continue;
            double g = scale * w * dd;
            grad[i] -= g;
            grad[j] += g;
        }
    }
    return loss * scale;
}

static double first_pair(const lem_ranked *l, double *grad) {
    int p = -1, q = -1;
    for (int i = l->n - 1; i >= 0; i--) {
        if (l->label[i]) p = i;
        else q = i;
    }
    if (p < 0 || q < 0) return 0;
    double d = l->score[q] - l->score[p];
    if (grad) {
        grad[p] = -sigmoid(d);
        grad[q] = sigmoid(d);
    }
    return softplus(d);
}

static double point_loss(lem_ranking kind, double r, double y, double *dr) {
    double s = sigmoid(r);
    switch (kind) {
    case LEM_RANKING_CE: *dr = s - y; return y > 0 ? softplus(-r) : softplus(r);
    case LEM_RANKING_MSE: *dr = 2 * (r - y); return (r - y) * (r - y);
    default: *dr = 2 * (s - y) * s * (1 - s); return (s - y) * (s - y);
    }
}

static double over_points(lem_ranking kind, const lem_ranked *l, double *grad) {
    double loss = 0, sum = 0;
    for (int i = 0; i < l->n; i++) sum += weight_of(l, i);
    if (!(sum > 0)) return 0;
    for (int i = 0; i < l->n; i++) {
        double dr, w = weight_of(l, i);
        loss += w * point_loss(kind, l->score[i], l->label[i] ? 1 : 0, &dr);
        if (grad) grad[i] = w * dr / sum;
    }
    return loss / sum;
}

double lem_ranking_loss(lem_ranking kind, const lem_ranked *l, double *grad) {
    if (grad)
        for (int i = 0; i < l->n; i++) grad[i] = 0;
    if (l->n <= 0) return 0;
    if (kind == LEM_RANKING_BT || kind == LEM_RANKING_MARGIN) return over_pairs(kind, l, grad);
    if (kind == LEM_RANKING_PAIR) return first_pair(l, grad);
    return over_points(kind, l, grad);
}

bool lem_ranking_probability(lem_ranking kind, double score, double *out) {
    switch (kind) {
    case LEM_RANKING_CE:
    case LEM_RANKING_MSE_SIGMOID: *out = sigmoid(score); return true;
    case LEM_RANKING_MSE: *out = fmin(1, fmax(0, score)); return true;
    default: return false;
    }
}

double lem_ranking_soft_ce(double score, double label, double *grad) {
    *grad = sigmoid(score) - label;
    return label * softplus(-score) + (1 - label) * softplus(score);
}

double lem_ranking_pair_accuracy(int n, const double *score, const uint8_t *label, int *pairs) {
    double right = 0;
    *pairs = 0;
    for (int i = 0; i < n; i++) {
        if (!label[i]) continue;
        for (int j = 0; j < n; j++) {
            if (label[j]) continue;
            if (score[i] > score[j]) right += 1;
            else if (score[i] == score[j]) right += 0.5;
            ++*pairs;
        }
    }
    return *pairs ? right / *pairs : 0;
}
