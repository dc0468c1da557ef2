/* process.c - cross-entropy at the ends of steps, over rows as forest roots */
#include "train/process.h"

#include "core/mem.h"
#include "train/process_stats.h"

struct lem_process {
    const lem_process_rows *rows;
    uint64_t labels, trained; /* of the batch; trained: labels and tokens of `also` */
    double loss, all;         /* of labels; of all that is trained */
    lem_auc_score *score;     /* [cap] of the batch */
    uint64_t n, cap;
    uint32_t row;
    float good; /* log p('+') of the label whose other target comes next */
    lem_process_stats last;
};

/* What target.group says of a target here. */
enum { GROUP_STEP, GROUP_FIRST_STEP, GROUP_ALSO };

lem_status lem_process_new(const lem_process_rows *rows, lem_process **out, lem_err *err) {
    lem_status st = lem_process_rows_check(rows, err);
    lem_process *p = st ? NULL : lem_alloc_zero(1, sizeof *p, err);
    if (!p) return st ? st : LEM_EMEM;
    p->rows = rows;
    *out = p;
    return LEM_OK;
}

void lem_process_free(lem_process *p) {
    if (!p) return;
    lem_free(p->score);
    lem_free(p);
}

static int item_rows(void *ctx, uint64_t i) {
    const lem_process *p = ctx;
    return (int)(p->rows->start[i + 1] - p->rows->start[i]);
}

static int item_nodes(void *ctx, uint64_t i) {
    (void)ctx;
    (void)i;
    return 1;
}

static bool is_also(const lem_process_rows *r, uint64_t t, uint64_t first) {
    return r->also && r->also[t] && t > first;
}

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    lem_process *p = ctx;
    const lem_process_rows *r = p->rows;
    p->labels = p->trained = p->n = 0;
    p->row = UINT32_MAX; /* the first is 0 */
    p->loss = p->all = 0;
    for (int i = 0; i < n; i++)
        for (uint64_t first = r->start[items[i]], t = first; t < r->start[items[i] + 1]; t++) {
            p->labels += r->label[t] >= 0;
            p->trained += (r->label[t] >= 0) + is_also(r, t, first);
        }
    if (!p->labels) return lem_fail(err, LEM_EDATA, "a batch without a label");
    if (p->labels <= p->cap) return LEM_OK;
    lem_auc_score *s = lem_realloc(p->score, p->labels, sizeof *s, err);
    if (!s) return LEM_EMEM;
    p->score = s;
    p->cap = p->labels;
    return LEM_OK;
}

/* The targets of the label at a row of the forest. */
static lem_status add_label(const lem_process *p, lem_targets *list, int row, float label, int group,
                            lem_err *err) {
    const lem_process_rows *r = p->rows;
    double y = (double)label, w = 1.0 / (double)p->trained;
    lem_target x = {.kind = LEM_TARGET_LABEL, .row = row, .label = y, .weight = w, .group = group};
    if (r->head == LEM_PROCESS_SCALAR) return lem_targets_add(list, &x, err);
    x.kind = LEM_TARGET_TOKEN;
    x.token = r->good;
    x.weight = y * w;
    lem_status st = lem_targets_add(list, &x, err);
    x.token = r->bad;
    x.weight = (1 - y) * w;
    return st ? st : lem_targets_add(list, &x, err);
}

static lem_status add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    const lem_process *p = ctx;
    const lem_process_rows *r = p->rows;
    uint64_t a = r->start[item], n = r->start[item + 1] - a;
    int row0 = f->n_rows, group = GROUP_FIRST_STEP;
    lem_status st = lem_forest_add(f, -1, r->ids + a, (int)n, NULL, err);
    for (uint64_t t = 0; st == LEM_OK && t < n; t++) {
        int row = row0 + (int)t;
        if (is_also(r, a + t, a)) {
            lem_target x = {.kind = LEM_TARGET_TOKEN,
                            .row = row - 1,
                            .token = r->ids[a + t],
                            .weight = 1.0 / (double)p->trained,
                            .group = GROUP_ALSO};
            st = lem_targets_add(list, &x, err);
        }
        if (st || r->label[a + t] < 0) continue;
        st = add_label(p, list, row, r->label[a + t], group, err);
        group = GROUP_STEP;
    }
    return st;
}

static void note_step(lem_process *p, float score, const lem_target *t) {
    if (t->kind == LEM_TARGET_LABEL) p->loss += t->loss;
    p->row += t->group == GROUP_FIRST_STEP;
    p->score[p->n++] = (lem_auc_score){score, t->label >= 0.5, p->row};
}

/* The two targets of a sign come one after the other. */
static void note_sign(lem_process *p, const lem_target *t) {
    p->loss += t->weight * (double)p->trained * t->loss;
    if (t->token == p->rows->good) p->good = t->output;
    else note_step(p, p->good - t->output, t);
}

static void note(void *ctx, const lem_target *t, int n) {
    lem_process *p = ctx;
    for (int i = 0; i < n; i++) {
        p->all += t[i].weight * (double)p->trained * t[i].loss;
        if (t[i].group == GROUP_ALSO) continue;
        if (t[i].kind == LEM_TARGET_TOKEN) note_sign(p, &t[i]);
        else note_step(p, t[i].output, &t[i]);
    }
}

static int end(void *ctx, lem_train_metric *out) {
    lem_process *p = ctx;
    p->last.loss = p->loss / (double)p->labels;
    lem_process_measure(p->score, p->n, &p->last);
    out[0] = (lem_train_metric){"loss", p->all / (double)p->trained};
    return 1 + lem_process_metrics(&p->last, p->labels, p->rows->also != NULL, out + 1);
}

lem_status lem_process_auc_interval(const lem_process *p, uint64_t seed, double out[2], lem_err *err) {
    return lem_process_interval(p->score, p->n, seed, out, err);
}

const lem_process_stats *lem_process_last(const lem_process *p) { return &p->last; }

lem_objective lem_process_objective(lem_process *p) {
    return (lem_objective){.ctx = p,
                           .n_items = p->rows->n,
                           .rows = item_rows,
                           .nodes = item_nodes,
                           .begin = begin,
                           .add = add,
                           .note = note,
                           .end = end};
}
