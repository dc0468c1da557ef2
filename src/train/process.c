/* process.c - cross-entropy at the ends of steps, over rows as forest roots */
#include "train/process.h"

#include "core/mem.h"

#include <math.h>

struct lem_process {
    const lem_process_rows *rows;
    uint64_t labels, right; /* of the batch */
    double loss;
};

static lem_status check_labels(const lem_process_rows *rows, lem_err *err) {
    for (uint64_t i = 0; i < rows->n; i++)
        for (uint64_t t = rows->start[i]; t < rows->start[i + 1]; t++)
            if (isnan(rows->label[t]) || rows->label[t] > 1)
                return lem_fail(err, LEM_EDATA, "row %llu: a label of %g; 0 to 1 expected",
                                (unsigned long long)i, (double)rows->label[t]);
    return LEM_OK;
}

lem_status lem_process_new(const lem_process_rows *rows, lem_process **out, lem_err *err) {
    lem_status st = check_labels(rows, err);
    lem_process *p = st ? NULL : lem_alloc_zero(1, sizeof *p, err);
    if (!p) return st ? st : LEM_EMEM;
    p->rows = rows;
    *out = p;
    return LEM_OK;
}

void lem_process_free(lem_process *p) { lem_free(p); }

static int item_rows(void *ctx, uint64_t i) {
    const lem_process *p = ctx;
    return (int)(p->rows->start[i + 1] - p->rows->start[i]);
}

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    lem_process *p = ctx;
    const lem_process_rows *r = p->rows;
    p->labels = p->right = 0;
    p->loss = 0;
    for (int i = 0; i < n; i++)
        for (uint64_t t = r->start[items[i]]; t < r->start[items[i] + 1]; t++) p->labels += r->label[t] >= 0;
    return p->labels ? LEM_OK : lem_fail(err, LEM_EDATA, "a batch without a label");
}

static lem_status add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    const lem_process *p = ctx;
    uint64_t a = p->rows->start[item], n = p->rows->start[item + 1] - a;
    int row0 = f->n_rows;
    lem_status st = lem_forest_add(f, -1, p->rows->ids + a, (int)n, NULL, err);
    for (uint64_t t = 0; st == LEM_OK && t < n; t++) {
        if (p->rows->label[a + t] < 0) continue;
        lem_target x = {.kind = LEM_TARGET_LABEL,
                        .row = row0 + (int)t,
                        .label = (double)p->rows->label[a + t],
                        .weight = 1.0 / (double)p->labels};
        st = lem_targets_add(list, &x, err);
    }
    return st;
}

static void note(void *ctx, const lem_target *t, int n) {
    lem_process *p = ctx;
    for (int i = 0; i < n; i++) {
        p->loss += t[i].loss;
        p->right += (t[i].output > 0) == (t[i].label > 0.5);
    }
}

static int end(void *ctx, lem_train_metric *out) {
    const lem_process *p = ctx;
    double n = (double)p->labels;
    out[0] = (lem_train_metric){"loss", p->loss / n};
    out[1] = (lem_train_metric){"accuracy", (double)p->right / n};
    out[2] = (lem_train_metric){"labels", n};
    return 3;
}

lem_objective lem_process_objective(lem_process *p) {
    return (lem_objective){.ctx = p,
                           .n_items = p->rows->n,
                           .rows = item_rows,
                           .begin = begin,
                           .add = add,
                           .note = note,
                           .end = end};
}
