/* process_stats.c - accuracy, area under the curve, first errors */
#include "train/process_stats.h"

#include "core/mem.h"

#include <math.h>

/* One row, of steps s[0..n). */
static void first_error(const lem_auc_score *s, uint64_t n, lem_process_stats *out) {
    uint64_t truth = 0, claim = 0;
    while (truth < n && s[truth].right) truth++;
    while (claim < n && s[claim].score >= 0) claim++;
    if (truth < n) {
        out->with_error++;
        out->found += truth == claim;
    } else {
        out->without_error++;
        out->passed += claim == n;
    }
}

static void first_errors(const lem_auc_score *s, uint64_t n, lem_process_stats *out) {
    for (uint64_t i = 0, k; i < n; i += k) {
        for (k = 1; i + k < n && s[i + k].group == s[i].group;) k++;
        first_error(s + i, k, out);
    }
    out->found = out->with_error ? out->found / (double)out->with_error : NAN;
    out->passed = out->without_error ? out->passed / (double)out->without_error : NAN;
    double sum = out->found + out->passed; /* NAN if one of them is */
    out->f1 = sum > 0 ? 2 * out->found * out->passed / sum : sum;
}

void lem_process_measure(lem_auc_score *s, uint64_t n, lem_process_stats *out) {
    uint64_t hit = 0;
    out->labels = n;
    out->right = out->with_error = out->without_error = 0;
    out->found = out->passed = 0;
    for (uint64_t i = 0; i < n; i++) {
        out->right += s[i].right;
        hit += (s[i].score >= 0) == s[i].right;
    }
    out->accuracy = n ? (double)hit / (double)n : NAN;
    first_errors(s, n, out);
    out->auc = lem_auc(s, n);
}

lem_status lem_process_interval(const lem_auc_score *sorted, uint64_t n, uint64_t seed, double out[2],
                                lem_err *err) {
    uint64_t rows = 0;
    for (uint64_t i = 0; i < n; i++)
        if (sorted[i].group >= rows) rows = (uint64_t)sorted[i].group + 1;
    uint32_t *weight = lem_alloc(rows + 1, sizeof *weight, err);
    if (!weight) return LEM_EMEM;
    lem_auc_interval(sorted, n, rows, weight, seed, out);
    lem_free(weight);
    return LEM_OK;
}

lem_status lem_process_rows_check(const lem_process_rows *rows, lem_err *err) {
    for (uint64_t i = 0; i < rows->n; i++)
        for (uint64_t t = rows->start[i]; t < rows->start[i + 1]; t++)
            if (isnan(rows->label[t]) || rows->label[t] > 1)
                return lem_fail(err, LEM_EDATA, "row %llu: a label of %g; 0 to 1 expected",
                                (unsigned long long)i, (double)rows->label[t]);
    return LEM_OK;
}

int lem_process_metrics(const lem_process_stats *s, uint64_t labels, bool also, lem_train_metric *out) {
    int n = 0;
    out[n++] = (lem_train_metric){"accuracy", s->accuracy};
    out[n++] = (lem_train_metric){"labels", (double)labels};
    if (!isnan(s->auc)) out[n++] = (lem_train_metric){"auc", s->auc};
    if (!isnan(s->f1)) out[n++] = (lem_train_metric){"first_error_f1", s->f1};
    if (also) out[n++] = (lem_train_metric){"sign_loss", s->loss};
    return n;
}
