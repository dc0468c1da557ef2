/* quality.c - pairs in order, AUC, and what a score follows beside correctness */
#include "eval/quality.h"

#include "core/mem.h"
#include "core/object.h"
#include "stats/rank.h"

#include <math.h>
#include <stdio.h>

typedef struct mean {
    double sum;
    int n;
} mean;

static double of(mean m) { return m.n ? m.sum / m.n : NAN; }
static void add(mean *m, double x) {
    if (isnan(x)) return;
    m->sum += x;
    m->n++;
}

typedef struct work {
    lem_auc_score *all, *one; /* of all problems, of one */
    double *score, *length, *rank;
    lem_rank_item *order;
    uint64_t n; /* in all */
    mean pairs, ended, follows, should;
} work;

/* Share of pairs of a candidate with `high` and one without, in order; NaN without both. */
static double pairs_of(work *w, const lem_eval_problem *p, const double *score, const uint8_t *high) {
    uint64_t n = 0;
    for (int i = 0; i < p->n; i++)
        if (score[i] > -INFINITY) w->one[n++] = (lem_auc_score){score[i], high[i] != 0, 0};
    return lem_auc(w->one, n);
}

static double ended_of(work *w, const lem_eval_problem *p, const double *score) {
    return 1 - pairs_of(w, p, score, p->cut); /* ties a half both ways */
}

static void follow_length(work *w, const lem_eval_problem *p, const double *score) {
    int n = 0;
    for (int i = 0; i < p->n; i++) {
        if (score[i] <= -INFINITY) continue;
        w->score[n] = score[i];
        w->length[n++] = p->length[i];
    }
    if (n < 2) return;
    lem_ranks(n, w->score, w->order, w->rank);
    for (int i = 0; i < n; i++) w->score[i] = w->rank[i];
    lem_ranks(n, w->length, w->order, w->rank);
    double rho = lem_correlation(n, w->score, w->rank);
    if (isnan(rho)) return;
    add(&w->follows, rho);
    for (int i = 0, k = 0; i < p->n; i++)
        if (score[i] > -INFINITY) w->score[k++] = p->correct[i];
    add(&w->should, lem_correlation(n, w->score, w->rank));
}

static void add_problem(work *w, const lem_eval_problem *p, int s, uint32_t group) {
    const double *score = p->score[s];
    add(&w->pairs, pairs_of(w, p, score, p->correct));
    if (p->cut) add(&w->ended, ended_of(w, p, score));
    if (p->length) follow_length(w, p, score);
    for (int i = 0; i < p->n; i++)
        if (score[i] > -INFINITY) w->all[w->n++] = (lem_auc_score){score[i], p->correct[i] != 0, group};
}

static lem_status prepare(work *w, const lem_eval_problem *p, int n, lem_err *err) {
    uint64_t all = 0;
    size_t longest = 1;
    for (int i = 0; i < n; i++) {
        all += (uint64_t)p[i].n;
        if ((size_t)p[i].n > longest) longest = (size_t)p[i].n;
    }
    w->all = lem_alloc((size_t)all + 1, sizeof *w->all, err);
    w->one = lem_alloc(longest, sizeof *w->one, err);
    w->score = lem_alloc(longest, sizeof *w->score, err);
    w->length = lem_alloc(longest, sizeof *w->length, err);
    w->rank = lem_alloc(longest, sizeof *w->rank, err);
    w->order = lem_alloc(longest, sizeof *w->order, err);
    return w->all && w->one && w->score && w->length && w->rank && w->order ? LEM_OK : LEM_EMEM;
}

static void release(work *w) {
    lem_free(w->all);
    lem_free(w->one);
    lem_free(w->score);
    lem_free(w->length);
    lem_free(w->rank);
    lem_free(w->order);
}

/* Score against the share of right ones, by tenths of the score (Guo et al. 2017, arXiv 1706.04599). */
static double calibration(const lem_auc_score *s, uint64_t n) {
    enum { BINS = 10 };
    double score[BINS] = {0}, right[BINS] = {0}, sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (s[i].score < 0 || s[i].score > 1) return NAN;
        int b = s[i].score < 1 ? (int)(BINS * s[i].score) : BINS - 1;
        score[b] += s[i].score;
        right[b] += s[i].right;
    }
    for (int b = 0; b < BINS; b++) sum += fabs(score[b] - right[b]);
    return n ? sum / (double)n : NAN;
}

lem_status lem_eval_quality_of(const lem_eval_problem *p, int n, int s, lem_eval_quality *out, lem_err *err) {
    work w = {0};
    lem_eval_quality q = {0};
    lem_status st = prepare(&w, p, n, err);
    for (int i = 0; st == LEM_OK && i < n; i++) add_problem(&w, &p[i], s, (uint32_t)i);
    for (uint64_t i = 0; st == LEM_OK && i < w.n; i++) q.right += w.all[i].right;
    if (st == LEM_OK) st = lem_auc_clustered(w.all, w.n, (uint64_t)n, &q.auc, err);
    q.scored = w.n;
    q.ece = calibration(w.all, w.n);
    q.pairs = of(w.pairs);
    q.problems = w.pairs.n;
    q.ended = of(w.ended);
    q.length = of(w.follows);
    q.label_length = of(w.should);
    if (st == LEM_OK) *out = q;
    release(&w);
    return st;
}

static void put(lem_object *o, const char *key, double x) {
    if (!isnan(x)) lem_object_num(o, key, x);
}

lem_json *lem_eval_quality_json(const char *scorer, const lem_eval_quality *q) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "scorer", scorer);
    lem_object_int(&o, "problems", (uint64_t)q->problems);
    lem_object_int(&o, "scored", q->scored);
    put(&o, "pairs", q->pairs);
    put(&o, "auc", q->auc.area);
    if (!isnan(q->auc.low)) lem_object_range(&o, "ci95", q->auc.low, q->auc.high);
    put(&o, "ece", q->ece);
    put(&o, "length_rho", q->length);
    put(&o, "label_length_rho", q->label_length);
    put(&o, "ended_pairs", q->ended);
    return lem_object_done(&o);
}

static void cell(lem_buf *out, int decimals, double x) {
    if (isnan(x)) lem_buf_printf(out, " %8s", "-");
    else lem_buf_printf(out, " %8.*f", decimals, x);
}

static void line(const char *scorer, const lem_eval_quality *q, lem_buf *out) {
    char interval[32] = "";
    if (!isnan(q->auc.low)) snprintf(interval, sizeof interval, "[%.3f, %.3f]", q->auc.low, q->auc.high);
    lem_buf_printf(out, "%-15s %8.3f %9d    %.3f %-14s", scorer, q->pairs, q->problems, q->auc.area,
                   interval);
    cell(out, 2, q->length);
    cell(out, 2, q->label_length);
    cell(out, 3, q->ended);
    cell(out, 3, q->ece);
    lem_buf_putc(out, '\n');
}

void lem_eval_quality_table(const char *const *scorers, const lem_eval_quality *q, int n, lem_buf *out) {
    bool any = false;
    for (int s = 0; s < n; s++) any = any || q[s].problems > 0;
    if (!any) return;
    lem_buf_printf(out, "\n%-15s %8s %9s    %-20s %8s %8s %8s %8s\n", "score", "pairs", "problems",
                   "AUC [95 % interval]", "length", "(right)", "ended", "ECE");
    for (int s = 0; s < n; s++)
        if (q[s].problems) line(scorers[s], &q[s], out);
    lem_buf_puts(
        out, "pairs: right above wrong within a problem that has both; length: rank correlation of score and "
             "length, (right): of\ncorrectness and length; ended: ended above cut; ECE: calibration error of "
             "scores in 0..1, ten bins\n");
}
