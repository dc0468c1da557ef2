/* ranking_loss.c - listwise and pairwise Bradley-Terry, cross-entropy and squared losses */
#include "train/ranking_loss.h"

#include "core/choice.h"

#include <math.h>
#include <string.h>

static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
static double sigmoid(double x) { return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }

lem_status lem_ranking_parse(const char *name, lem_ranking *out, lem_err *err) {
    int i = lem_choice_find(LEM_RANKING_NAMES, name);
    if (i < 0) return lem_fail(err, LEM_EUSAGE, "loss '%s' is none of %s", name, LEM_RANKING_NAMES);
    *out = (lem_ranking)i;
    return LEM_OK;
}

static double listwise(int n, const float *r, const uint8_t *y, double *grad) {
    int k = 0;
    for (int i = 0; i < n; i++) k += y[i] != 0;
    if (k == 0 || k == n) return 0;
    double loss = 0, scale = 1.0 / ((double)k * (n - k));
    for (int i = 0; i < n; i++) {
        if (!y[i]) continue;
        for (int j = 0; j < n; j++) {
            if (y[j]) continue;
            double d = (double)r[j] - r[i], g = scale * sigmoid(d);
            loss += softplus(d);
            if (grad) {
                grad[i] -= g;
                grad[j] += g;
            }
        }
    }
    return loss * scale;
}

static double pairwise(int n, const float *r, const uint8_t *y, double *grad) {
    int p = -1, q = -1;
    for (int i = n - 1; i >= 0; i--) {
        if (y[i]) p = i;
        else q = i;
    }
    if (p < 0 || q < 0) return 0;
    double d = (double)r[q] - r[p];
    if (grad) {
        grad[p] = -sigmoid(d);
        grad[q] = sigmoid(d);
    }
    return softplus(d);
}

static double pointwise(lem_ranking kind, double r, double y, double *dr) {
    double s = sigmoid(r);
    switch (kind) {
    case LEM_RANKING_CE: *dr = s - y; return y > 0 ? softplus(-r) : softplus(r);
    case LEM_RANKING_MSE: *dr = 2 * (r - y); return (r - y) * (r - y);
    default: *dr = 2 * (s - y) * s * (1 - s); return (s - y) * (s - y);
    }
}

double lem_ranking_loss(lem_ranking kind, int n, const float *score, const uint8_t *label, double *grad) {
    if (grad)
        for (int i = 0; i < n; i++) grad[i] = 0;
    if (n <= 0) return 0;
    if (kind == LEM_RANKING_BT) return listwise(n, score, label, grad);
    if (kind == LEM_RANKING_PAIR) return pairwise(n, score, label, grad);
    double loss = 0;
    for (int i = 0; i < n; i++) {
        double dr;
        loss += pointwise(kind, score[i], label[i] ? 1 : 0, &dr);
        if (grad) grad[i] = dr / n;
    }
    return loss / n;
}

double lem_ranking_soft_ce(double score, double label, double *grad) {
    *grad = sigmoid(score) - label;
    return label * softplus(-score) + (1 - label) * softplus(score);
}

double lem_ranking_pair_accuracy(int n, const float *score, const uint8_t *label, int *pairs) {
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
