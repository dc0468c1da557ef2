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

/* Scratch of one worker. */
typedef struct work {
    lem_auc_score *one;
    double *score, *length, *rank;
    lem_rank_item *order;
} work;

/* Of one problem; NaN where there is nothing to tell. */
typedef struct told {
    double pairs, ended, follows, should;
} told;

typedef struct job {
    const lem_eval_problem *p;
    int n, s, workers;
    work *w;            /* [workers] */
    told *told;         /* [n] */
    lem_auc_score *all; /* of all problems */
    uint64_t n_all;
} job;

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

static void follow_length(work *w, const lem_eval_problem *p, const double *score, told *t) {
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
    t->follows = lem_correlation(n, w->score, w->rank);
    if (isnan(t->follows)) return;
    for (int i = 0, k = 0; i < p->n; i++)
        if (score[i] > -INFINITY) w->score[k++] = p->correct[i];
    t->should = lem_correlation(n, w->score, w->rank);
}

static void task(void *ctx, int i, int worker) {
    const job *j = ctx;
    const lem_eval_problem *p = &j->p[i];
    const double *score = p->score[j->s];
    work *w = &j->w[worker];
    told *t = &j->told[i];
    *t = (told){pairs_of(w, p, score, p->correct), NAN, NAN, NAN};
    if (p->cut) t->ended = ended_of(w, p, score);
    if (p->length) follow_length(w, p, score, t);
}

static void gather(job *j) {
    for (int i = 0; i < j->n; i++) {
        const lem_eval_problem *p = &j->p[i];
        const double *score = p->score[j->s];
        for (int c = 0; c < p->n; c++)
            if (score[c] > -INFINITY)
                j->all[j->n_all++] = (lem_auc_score){score[c], p->correct[c] != 0, (uint32_t)i};
    }
}

static lem_status open_job(job *j, lem_err *err) {
    uint64_t all = 0;
    size_t longest = 1;
    for (int i = 0; i < j->n; i++) {
        all += (uint64_t)j->p[i].n;
        if ((size_t)j->p[i].n > longest) longest = (size_t)j->p[i].n;
    }
    j->all = lem_alloc((size_t)all + 1, sizeof *j->all, err);
    j->told = lem_alloc((size_t)j->n + 1, sizeof *j->told, err);
    j->w = lem_alloc_zero((size_t)j->workers, sizeof *j->w, err);
    if (!j->all || !j->told || !j->w) return LEM_EMEM;
    for (int k = 0; k < j->workers; k++) {
        work *w = &j->w[k];
        w->one = lem_alloc(longest, sizeof *w->one, err);
        w->score = lem_alloc(longest, sizeof *w->score, err);
        w->length = lem_alloc(longest, sizeof *w->length, err);
        w->rank = lem_alloc(longest, sizeof *w->rank, err);
        w->order = lem_alloc(longest, sizeof *w->order, err);
        if (!w->one || !w->score || !w->length || !w->rank || !w->order) return LEM_EMEM;
    }
    return LEM_OK;
}

static void release(job *j) {
    for (int k = 0; j->w && k < j->workers; k++) {
        lem_free(j->w[k].one);
        lem_free(j->w[k].score);
        lem_free(j->w[k].length);
        lem_free(j->w[k].rank);
        lem_free(j->w[k].order);
    }
    lem_free(j->w);
    lem_free(j->told);
    lem_free(j->all);
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

/* In the order of the problems, whichever thread told them. */
static void sum_up(const job *j, lem_eval_quality *q) {
    mean pairs = {0}, ended = {0}, follows = {0}, should = {0};
    for (int i = 0; i < j->n; i++) {
        add(&pairs, j->told[i].pairs);
        add(&ended, j->told[i].ended);
        add(&follows, j->told[i].follows);
        add(&should, j->told[i].should);
    }
    q->pairs = of(pairs);
    q->problems = pairs.n;
    q->ended = of(ended);
    q->length = of(follows);
    q->label_length = of(should);
}

lem_status lem_eval_quality_of(const lem_eval_problem *p, int n, int s, lem_pool *pool, lem_eval_quality *out,
                               lem_err *err) {
    job j = {.p = p, .n = n, .s = s, .workers = lem_pool_threads(pool)};
    lem_eval_quality q = {0};
    lem_status st = open_job(&j, err);
    if (st == LEM_OK) {
        lem_pool_run(pool, n, task, &j);
        sum_up(&j, &q);
        gather(&j);
    }
    for (uint64_t i = 0; st == LEM_OK && i < j.n_all; i++) q.right += j.all[i].right;
    if (st == LEM_OK) st = lem_auc_clustered(j.all, j.n_all, (uint64_t)n, &q.auc, err);
    q.scored = j.n_all;
    if (st == LEM_OK) q.ece = calibration(j.all, j.n_all);
    if (st == LEM_OK) *out = q;
    release(&j);
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
