/* problem_answers.c - the answers of a problem as groups, and which of its candidates are shown */
#include "report/problems_priv.h"

#include "grade/cluster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double score_of(const lem_candidates *c, int i) {
    double s = c->rm_score ? c->rm_score[i] : 0;
    return isnan(s) ? -INFINITY : s;
}

void lem_problem_groups_release(lem_problem_groups *g) {
    lem_free(g->of);
    lem_free(g->at);
    *g = (lem_problem_groups){0};
}

static lem_status cluster(const lem_candidates *c, int *of, lem_err *err) {
    const lem_grade_profile profile = {0};
    size_t n = (size_t)c->n;
    lem_grade_answer_text *answer = lem_alloc_zero(n, sizeof *answer, err);
    if (!answer) return LEM_EMEM;
    for (int i = 0; i < c->n; i++) {
        const char *t = c->predicted ? c->predicted[i] : NULL;
        if (!t) t = "";
        answer[i] = (lem_grade_answer_text){t, strlen(t)};
    }
    lem_status st = lem_grade_cluster(answer, n, &profile, of, err);
    lem_free(answer);
    return st;
}

static void count(const lem_candidates *c, lem_problem_groups *g) {
    for (int i = 0; i < c->n; i++)
        if (g->of[i] >= g->n) g->n = g->of[i] + 1;
    for (int k = 0; k <= g->n; k++) g->at[k] = (lem_problem_group){0, -1, k == g->n};
    for (int i = 0; i < c->n; i++) {
        if (g->of[i] < 0) g->of[i] = g->n;
        lem_problem_group *x = &g->at[g->of[i]];
        x->votes++;
        if (x->best < 0 || score_of(c, i) > score_of(c, x->best)) x->best = i;
    }
    if (g->at[g->n].votes) g->n++;
}

typedef struct place {
    lem_problem_group g;
    int was;
} place;

static int by_votes(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->g.silent != y->g.silent) return x->g.silent - y->g.silent;
    if (x->g.votes != y->g.votes) return y->g.votes - x->g.votes;
    return x->was - y->was;
}

static lem_status order(const lem_candidates *c, lem_problem_groups *g, lem_err *err) {
    place *p = lem_alloc((size_t)g->n + 1, sizeof *p, err);
    int *now = lem_alloc((size_t)g->n + 1, sizeof *now, err);
    lem_status st = p && now ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK) {
        for (int k = 0; k < g->n; k++) p[k] = (place){g->at[k], k};
        qsort(p, (size_t)g->n, sizeof *p, by_votes);
        for (int k = 0; k < g->n; k++) {
            g->at[k] = p[k].g;
            now[p[k].was] = k;
        }
        for (int i = 0; i < c->n; i++) g->of[i] = now[g->of[i]];
    }
    lem_free(p);
    lem_free(now);
    return st;
}

lem_status lem_problem_groups_make(const lem_candidates *c, lem_problem_groups *g, lem_err *err) {
    lem_status st = LEM_OK;
    *g = (lem_problem_groups){.vote = -1, .best = -1, .right = -1};
    g->of = lem_alloc_zero((size_t)c->n, sizeof *g->of, err);
    g->at = lem_alloc_zero((size_t)c->n + 1, sizeof *g->at, err);
    st = g->of && g->at ? cluster(c, g->of, err) : LEM_EMEM;
    if (st == LEM_OK) {
        count(c, g);
        st = order(c, g, err);
    }
    if (st) {
        lem_problem_groups_release(g);
        return st;
    }
    if (g->n && !g->at[0].silent) g->vote = g->at[0].best;
    for (int i = c->n; i-- > 0;)
        if (c->correct[i] == 1) g->right = i;
    for (int i = 0; c->rm_score && i < c->n; i++)
        if (g->best < 0 || score_of(c, i) > score_of(c, g->best)) g->best = i;
    return LEM_OK;
}

static void choose(int i, int out[LEM_PROBLEM_TEXTS], int *n) {
    if (i < 0 || *n == LEM_PROBLEM_TEXTS) return;
    for (int k = 0; k < *n; k++)
        if (out[k] == i) return;
    out[(*n)++] = i;
}

int lem_problem_choose(const lem_candidates *c, const lem_problem_groups *g, int out[LEM_PROBLEM_TEXTS]) {
    int n = 0, undecided = -1, cut = -1;
    bool right = false;
    for (int i = c->n; i-- > 0;) {
        if (c->correct[i] < 0) undecided = i;
        if (lem_candidates_cut(c, i) == 1) cut = i;
    }
    choose(g->vote, out, &n);
    choose(g->best, out, &n);
    for (int k = 0; k < n; k++) right = right || c->correct[out[k]] == 1;
    if (!right) choose(g->right, out, &n);
    choose(undecided, out, &n);
    choose(cut, out, &n);
    if (g->n && g->at[g->n - 1].silent) choose(g->at[g->n - 1].best, out, &n);
    for (int k = 0; k < g->n; k++) choose(g->at[k].best, out, &n);
    return n;
}
