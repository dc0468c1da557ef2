/* list_metrics.c - accuracy, margin, AUC, best of the list, calibration, and what follows length */
#include "train/list_metrics.h"

#include "core/mem.h"
#include "stats/rank.h"

#include <math.h>

enum { BINS = 10 };

void lem_list_metrics_release(lem_list_metrics *m) {
    lem_free(m->all);
    lem_free(m->rank);
    lem_free(m->sorted);
    lem_free(m->weight);
    *m = (lem_list_metrics){.full = m->full, .kind = m->kind, .n_groups = m->n_groups};
}

lem_status lem_list_metrics_begin(lem_list_metrics *m, uint64_t responses, int longest, lem_err *err) {
    lem_list_metrics fresh = {.full = m->full,
                              .kind = m->kind,
                              .all = m->all,
                              .cap = m->cap,
                              .rank = m->rank,
                              .sorted = m->sorted,
                              .longest = m->longest,
                              .n_groups = m->n_groups,
                              .weight = m->weight};
    *m = fresh;
    if (!m->full) return LEM_OK;
    if (!m->weight) {
        m->weight = lem_alloc((size_t)m->n_groups + 1, sizeof *m->weight, err);
        if (!m->weight) return LEM_EMEM;
    }
    if (responses > m->cap) {
        lem_auc_score *all = lem_realloc(m->all, responses, sizeof *all, err);
        if (!all) return LEM_EMEM;
        m->all = all;
        m->cap = responses;
    }
    if (longest > m->longest) {
        double *rank = lem_realloc(m->rank, 2 * (size_t)longest, sizeof *rank, err);
        if (!rank) return LEM_EMEM;
        m->rank = rank;
        lem_rank_item *sorted = lem_realloc(m->sorted, (size_t)longest, sizeof *sorted, err);
        if (!sorted) return LEM_EMEM;
        m->sorted = sorted;
        m->longest = longest;
    }
    return LEM_OK;
}

static void add_length(lem_list_metrics *m, int n, const double *score, const uint8_t *label,
                       const int *length) {
    double *a = m->rank, *b = m->rank + n, rho;
    for (int i = 0; i < n; i++) a[i] = length[i];
    lem_ranks(n, a, m->sorted, b);
    lem_ranks(n, score, m->sorted, a);
    rho = lem_correlation(n, a, b);
    if (isnan(rho)) return;
    m->rho += rho;
    m->n_rho++;
    for (int i = 0; i < n; i++) a[i] = label[i]; /* two values: ranks are a linear function of them */
    rho = lem_correlation(n, a, b);
    if (isnan(rho)) return;
    m->label_rho += rho;
    m->n_label_rho++;
}

static void add_cut(lem_list_metrics *m, int n, const double *score, const int8_t *cut) {
    double *a = m->rank, *b = m->rank + n;
    for (int i = 0; i < n; i++) {
        if (!cut || cut[i] < 0) return;
        b[i] = cut[i];
    }
    lem_ranks(n, score, m->sorted, a);
    double rho = lem_correlation(n, a, b);
    if (isnan(rho)) return;
    m->cut_rho += rho;
    m->n_cut_rho++;
}

static void add_best(lem_list_metrics *m, int n, const double *score, const uint8_t *label) {
    int tied = 0, right = 0, all_right = 0;
    for (int i = 0; i < n; i++) {
        bool best = true;
        for (int j = 0; j < n; j++) best = best && score[j] <= score[i];
        tied += best;
        right += best && label[i];
        all_right += label[i] != 0;
    }
    m->best += tied ? (double)right / tied : 0;
    m->chance += (double)all_right / n;
}

static void add_pairs(lem_list_metrics *m, int n, const double *score, const uint8_t *label) {
    double sum[2] = {0, 0};
    int count[2] = {0, 0}, pairs;
    for (int k = 0; k < n; k++) {
        sum[label[k] != 0] += score[k];
        count[label[k] != 0]++;
    }
    if (!count[0] || !count[1]) return;
    m->accuracy += lem_ranking_pair_accuracy(n, score, label, &pairs);
    m->margin += sum[1] / count[1] - sum[0] / count[0];
    m->n_scored++;
}

void lem_list_metrics_add(lem_list_metrics *m, uint32_t group, int n, const double *score,
                          const uint8_t *label, const int *length, const int8_t *cut) {
    if (n <= 0) return;
    m->n_lists++;
    add_pairs(m, n, score, label);
    if (!m->full || group >= m->n_groups || n > m->longest || m->n + (uint64_t)n > m->cap) return;
    for (int i = 0; i < n; i++) m->all[m->n++] = (lem_auc_score){score[i], label[i] != 0, group};
    add_best(m, n, score, label);
    add_length(m, n, score, label, length);
    add_cut(m, n, score, cut);
}

/* Over the sorted scores, so that the order of the lists does not matter. */
static bool calibration(const lem_list_metrics *m, double *out) {
    double p, sum[BINS] = {0}, right[BINS] = {0}, error = 0;
    if (m->n == 0 || !lem_ranking_probability(m->kind, 0, &p)) return false;
    for (uint64_t i = 0; i < m->n; i++) {
        (void)lem_ranking_probability(m->kind, m->all[i].score, &p);
        int bin = p < 1 ? (int)(p * BINS) : BINS - 1;
        sum[bin] += p;
        right[bin] += m->all[i].right;
    }
    for (int i = 0; i < BINS; i++) error += fabs(sum[i] - right[i]);
    *out = error / (double)m->n;
    return true;
}

static int end_full(lem_list_metrics *m, lem_train_metric *out, int at) {
    double lists = m->n_lists, ece, area = lem_auc(m->all, m->n), between[2];
    lem_auc_interval(m->all, m->n, m->n_groups, m->weight, 0, between);
    if (!isnan(area)) out[at++] = (lem_train_metric){"auc", area};
    if (!isnan(between[0])) out[at++] = (lem_train_metric){"auc_low", between[0]};
    if (!isnan(between[0])) out[at++] = (lem_train_metric){"auc_high", between[1]};
    out[at++] = (lem_train_metric){"best_right", m->best / lists};
    out[at++] = (lem_train_metric){"chance", m->chance / lists};
    if (calibration(m, &ece)) out[at++] = (lem_train_metric){"ece", ece};
    if (m->n_rho) out[at++] = (lem_train_metric){"length_rho", m->rho / m->n_rho};
    if (m->n_label_rho) out[at++] = (lem_train_metric){"label_rho", m->label_rho / m->n_label_rho};
    if (m->n_cut_rho) out[at++] = (lem_train_metric){"cut_rho", m->cut_rho / m->n_cut_rho};
    out[at++] = (lem_train_metric){"lists", lists};
    return at;
}

int lem_list_metrics_end(lem_list_metrics *m, lem_train_metric *out, int at) {
    int s = m->n_scored ? m->n_scored : 1;
    out[at++] = (lem_train_metric){"accuracy", m->accuracy / s};
    out[at++] = (lem_train_metric){"margin", m->margin / s};
    return m->full && m->n_lists ? end_full(m, out, at) : at;
}
