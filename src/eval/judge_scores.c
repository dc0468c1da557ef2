/* judge_scores.c - measures of benchmarks that compare the scores of candidates */
#include "eval/judge_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- one row ---- */

typedef struct row_scores {
    double worst_right, best_right, best_wrong;
    int n_best, right_best; /* candidates that share the best score, and right ones among them */
    int at_or_above;        /* wrong ones that are not below the best right one */
} row_scores;

static row_scores look(const lem_judge_item *it, int s) {
    row_scores r = {INFINITY, -INFINITY, -INFINITY, 0, 0, 0};
    for (int i = 0; i < it->n; i++) {
        double v = lem_judge_score_of(it, s, i);
        if (!it->right[i]) {
            r.best_wrong = fmax(r.best_wrong, v);
            continue;
        }
        r.worst_right = fmin(r.worst_right, v);
        r.best_right = fmax(r.best_right, v);
    }
    double best = fmax(r.best_right, r.best_wrong);
    for (int i = 0; i < it->n; i++) {
        double v = lem_judge_score_of(it, s, i);
        r.n_best += v == best;
        r.right_best += it->right[i] && v == best;
        r.at_or_above += !it->right[i] && v >= r.best_right;
    }
    return r;
}

typedef enum measure { STRICT, WITH_TIES, MRR, SHARED, EASY, NORMAL, HARD, AVERAGE } measure;

/* Chosen ones of plainer (-1), the same (0) or fancier (1) style than the rejected ones that they beat. */
static double styles(const lem_judge_item *it, int s, int which) {
    double won = 0, n = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int side = (i > j) - (i < j);
            if (which != 2 && side != which) continue;
            won += lem_judge_score_of(it, s, i) > lem_judge_score_of(it, s, 3 + j);
            n++;
        }
    return won / n;
}

static double value_of(const lem_judge_item *it, int s, measure what) {
    row_scores r = look(it, s);
    switch (what) {
    case STRICT: return r.worst_right > r.best_wrong;
    case WITH_TIES: return r.worst_right >= r.best_wrong;
    case MRR: return 1.0 / (1 + r.at_or_above);
    case SHARED: return (double)r.right_best / r.n_best;
    case EASY: return styles(it, s, 1);
    case NORMAL: return styles(it, s, 0);
    case HARD: return styles(it, s, -1);
    case AVERAGE: return styles(it, s, 2);
    }
    return 0;
}

/* ---- a group of rows ---- */

/* subset -1: all rows. */
static lem_status add_group(lem_judge_result *r, const char *name, int s, int subset, measure what,
                            lem_judge_values *v, lem_err *err) {
    const lem_judge_data *d = r->d;
    int ties = 0;
    v->n = 0;
    for (int i = 0; i < d->n; i++) {
        if (!lem_judge_is_in(&d->item[i], subset)) continue;
        lem_judge_values_add(v, &d->item[i], value_of(&d->item[i], s, what));
        row_scores x = look(&d->item[i], s);
        ties += x.worst_right == x.best_wrong;
    }
    return lem_judge_add_mean(r, name, d->scorer[s], subset < 0 ? NULL : d->subset[subset], v,
                              what == STRICT ? ties : -1, err);
}

static lem_status add_all(lem_judge_result *r, int s, int subset, lem_judge_values *v, lem_err *err) {
    static const struct {
        lem_judge_kind kind;
        const char *name;
        measure what;
    } table[] = {
        {LEM_JUDGE_PAIRS, "accuracy", STRICT},        {LEM_JUDGE_REWARDBENCH, "accuracy", STRICT},
        {LEM_JUDGE_REWARDBENCH2, "accuracy", STRICT}, {LEM_JUDGE_REWARDBENCH2, "accuracy-shared", SHARED},
        {LEM_JUDGE_REWARDMATH, "strict", STRICT},     {LEM_JUDGE_REWARDMATH, "with-ties", WITH_TIES},
        {LEM_JUDGE_REWARDMATH, "mrr", MRR},           {LEM_JUDGE_RMBENCH, "easy", EASY},
        {LEM_JUDGE_RMBENCH, "normal", NORMAL},        {LEM_JUDGE_RMBENCH, "hard", HARD},
        {LEM_JUDGE_RMBENCH, "average", AVERAGE}};
    lem_status st = LEM_OK;
    for (size_t k = 0; st == LEM_OK && k < sizeof table / sizeof *table; k++)
        if (table[k].kind == r->d->kind) st = add_group(r, table[k].name, s, subset, table[k].what, v, err);
    return st;
}

/* The nine cells: chosen of style i above rejected of style j, over all rows. */
static lem_status add_matrix(lem_judge_result *r, int s, lem_judge_values *v, lem_err *err) {
    static const char *const cells[3][3] = {{"concise>concise", "concise>detailed", "concise>markdown"},
                                            {"detailed>concise", "detailed>detailed", "detailed>markdown"},
                                            {"markdown>concise", "markdown>detailed", "markdown>markdown"}};
    const lem_judge_data *d = r->d;
    lem_status st = LEM_OK;
    for (int c = 0; st == LEM_OK && c < 9; c++) {
        int i = c / 3, j = c % 3;
        v->n = 0;
        for (int k = 0; k < d->n; k++) {
            const lem_judge_item *it = &d->item[k];
            lem_judge_values_add(v, it, lem_judge_score_of(it, s, i) > lem_judge_score_of(it, s, 3 + j));
        }
        st = lem_judge_add_mean(r, cells[i][j], d->scorer[s], NULL, v, -1, err);
    }
    return st;
}

/* The unweighted mean of each measure over the subsets. */
static lem_status add_means(lem_judge_result *r, int s, int from, lem_eval_interval *at, lem_err *err) {
    const lem_judge_data *d = r->d;
    int n = d->n_subsets, each = (r->n - from) / n; /* subset after subset, the same measures in each */
    for (int k = 0; k < each; k++) {
        const char *name = r->m[from + k].name;
        bool few = false;
        for (int b = 0; b < n; b++) {
            at[b] = r->m[from + b * each + k].at;
            few = few || r->m[from + b * each + k].few;
        }
        lem_judge_metric *m = lem_judge_add(r, name, d->scorer[s], LEM_JUDGE_MEAN, err);
        if (!m) return LEM_EMEM;
        m->at = lem_judge_mean_of(d, at, n);
        m->n = n;
        m->few = few;
    }
    return LEM_OK;
}

lem_status lem_judge_measure_scores(lem_judge_result *r, lem_err *err) {
    const lem_judge_data *d = r->d;
    lem_eval_interval *at = lem_alloc((size_t)d->n_subsets, sizeof *at, err);
    lem_judge_values v = {NULL, NULL, 0};
    lem_status st = at ? lem_judge_values_make(&v, d->n, err) : LEM_EMEM;
    for (int s = 0; st == LEM_OK && s < d->n_scorers; s++) {
        int from = r->n;
        for (int b = 0; st == LEM_OK && d->n_subsets > 1 && b < d->n_subsets; b++)
            st = add_all(r, s, b, &v, err);
        if (st == LEM_OK && d->n_subsets > 1) st = add_means(r, s, from, at, err);
        if (st == LEM_OK) st = add_all(r, s, -1, &v, err);
        if (st == LEM_OK && d->kind == LEM_JUDGE_RMBENCH) st = add_matrix(r, s, &v, err);
        if (st == LEM_OK && d->kind == LEM_JUDGE_REWARDBENCH2) st = lem_judge_measure_ties(r, s, err);
    }
    lem_judge_values_release(&v);
    lem_free(at);
    return st;
}
