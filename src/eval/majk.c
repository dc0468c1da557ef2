/* majk.c - majority votes: in one subset, and the exact expectation over all subsets */
#include "eval/majk.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

enum { MAX_EXACT_N = 1000 };
static const double MAX_STEPS = 2e7;

double lem_eval_vote_weight(const double *score, lem_eval_weight weight, int i) {
    if (!score) return 1;
    if (weight == LEM_EVAL_WEIGHT_SIGMOID) return 1 / (1 + exp(-score[i]));
    return score[i] > 0 ? score[i] : 0;
}

/* The first candidate of subset whose group has the largest count; -1 = nobody votes. */
static int winner_of(const lem_eval_problem *p, const int *subset, int k, const double *count) {
    int winner = -1;
    double best = -INFINITY;
    for (int j = 0; j < k; j++) { /* in order, so that the first seen of the tied wins and the first member
                                     speaks for its group */
        int g = p->group[subset[j]];
        if (g < 0 || (winner >= 0 && !(count[g] > best))) continue;
        best = count[g];
        winner = subset[j];
    }
    return winner;
}

static void clear(const lem_eval_problem *p, const int *subset, int k, double *count) {
    for (int j = 0; j < k; j++)
        if (p->group[subset[j]] >= 0) count[p->group[subset[j]]] = 0;
}

static void add_votes(const lem_eval_problem *p, const double *score, lem_eval_weight weight,
                      const int *subset, int k, double *count) {
    for (int j = 0; j < k; j++) {
        int i = subset[j];
        if (p->group[i] >= 0) count[p->group[i]] += lem_eval_vote_weight(score, weight, i);
    }
}

double lem_eval_vote(const lem_eval_problem *p, const double *score, lem_eval_weight weight,
                     const int *subset, int k, double *count) {
    add_votes(p, score, weight, subset, k, count);
    int winner = winner_of(p, subset, k, count);
    clear(p, subset, k, count);
    return winner >= 0 && p->correct[winner] ? 1 : 0;
}

/* What each group of the subset has in a pessimistic vote, into count; the members' scratch is zero again. */
static void count_pessimistic(const lem_eval_problem *p, const double *score, lem_eval_weight weight,
                              double alpha, const int *subset, int k, double *count) {
    double *members = count + p->n;
    for (int j = 0; j < k; j++) {
        int i = subset[j], g = p->group[i];
        if (g < 0) continue;
        count[g] += lem_eval_vote_weight(score, weight, i);
        members[g]++;
    }
    for (int j = 0; j < k; j++) { /* once a group: its members are set to 0 then */
        int g = p->group[subset[j]];
        if (g < 0 || members[g] == 0) continue;
        count[g] = count[g] / members[g] - alpha * sqrt(log(k) / members[g]);
        members[g] = 0;
    }
}

/* ---- all subsets, one by one ---- */

/* Mean correctness of the tied winners, each that of its first member; count is zero afterwards. */
static double tied_winners(const lem_eval_problem *p, const int *subset, int k, double *count) {
    int winner = winner_of(p, subset, k, count), right = 0, tied = 0;
    if (winner < 0) return 0;
    double best = count[p->group[winner]], least = best - 1e-12 * (1 + fabs(best));
    for (int j = 0; j < k; j++) {
        int g = p->group[subset[j]];
        if (g < 0 || count[g] < least) continue;
        tied++;
        right += p->correct[subset[j]] != 0;
        count[g] = -INFINITY; /* later members do not speak for it */
    }
    clear(p, subset, k, count);
    return (double)right / tied;
}

/* The next subset in lexical order; false behind the last. */
static bool next_subset(int *subset, int k, int n) {
    int j = k - 1;
    while (j >= 0 && subset[j] == n - k + j) j--;
    if (j < 0) return false;
    subset[j]++;
    for (j++; j < k; j++) subset[j] = subset[j - 1] + 1;
    return true;
}

static double subsets(int n, int k) {
    double c = 1;
    if (k > n - k) k = n - k;
    for (int i = 1; i <= k && c <= LEM_EVAL_MOST_SUBSETS; i++) c = c * (n - k + i) / i;
    return c;
}

lem_status lem_eval_vote_enumerated(const lem_eval_problem *p, const double *score, lem_eval_weight weight,
                                    double alpha, int k, double *out, bool *feasible, lem_err *err) {
    int n = p->n;
    if (k < 1 || k > n) return lem_fail(err, LEM_EUSAGE, "a vote of %d candidates of %d", k, n);
    *feasible = subsets(n, k) <= LEM_EVAL_MOST_SUBSETS;
    if (!*feasible) return LEM_OK;
    int *subset = lem_alloc((size_t)k, sizeof *subset, err);
    double *count = subset ? lem_alloc_zero(2 * (size_t)n, sizeof *count, err) : NULL, sum = 0, all = 0;
    for (int j = 0; count && j < k; j++) subset[j] = j;
    if (count) do {
            if (alpha > 0) count_pessimistic(p, score, weight, alpha, subset, k, count);
            else add_votes(p, score, weight, subset, k, count);
            sum += tied_winners(p, subset, k, count);
            all++;
        } while (next_subset(subset, k, n));
    *out = sum / all;
    lem_status st = count ? LEM_OK : LEM_EMEM;
    lem_free(subset);
    lem_free(count);
    return st;
}

/* ---- plain votes, by the sizes of groups ---- */

typedef struct exact {
    const lem_eval_problem *p;
    int k, n_groups, silent;  /* silent: candidates without a vote */
    int *size, *first, *next; /* members of a group as a list in order */
    double *choose;           /* [(n+1)] row of C(m, .) being used */
    double *a, *b;            /* [(k+1)(ties+1)] ways, by members drawn and groups tied */
} exact;

static double choose(int n, int r) {
    if (r < 0 || r > n) return 0;
    double c = 1;
    if (r > n - r) r = n - r;
    for (int i = 1; i <= r; i++) c = c * (n - r + i) / i;
    return c;
}

static void gather(exact *x) {
    const lem_eval_problem *p = x->p;
    for (int g = 0; g < p->n; g++) x->size[g] = 0, x->first[g] = -1;
    for (int i = p->n - 1; i >= 0; i--) {
        int g = p->group[i];
        if (g < 0) {
            x->silent++;
            continue;
        }
        if (!x->size[g]++) x->n_groups++;
        x->next[i] = x->first[g];
        x->first[g] = i;
    }
}

/* Adds a group of m members of which at most j may be drawn; j drawn makes one tie more. j < 0: no bound and
 * no tie (the silent). */
static void add_group(exact *x, int m, int j, int ties) {
    int k = x->k, top = j < 0 || j > m ? m : j, w = ties + 1;
    if (top > k) top = k;
    for (int d = 0; d <= top; d++) x->choose[d] = choose(m, d);
    memset(x->b, 0, (size_t)(k + 1) * (size_t)w * sizeof *x->b);
    for (int s = 0; s <= k; s++)
        for (int t = 0; t <= ties; t++) {
            double ways = x->a[s * w + t];
            if (ways == 0) continue;
            for (int d = 0; d <= top && s + d <= k; d++) {
                int u = t + (d == j);
                if (u <= ties) x->b[(s + d) * w + u] += ways * x->choose[d];
            }
        }
    double *swap = x->a;
    x->a = x->b;
    x->b = swap;
}

/* Expected correctness of the first of j members drawn from the list that starts at i and has m members. */
static double first_member(const exact *x, int i, int m, int j) {
    double sum = 0, all = choose(m, j);
    for (int r = 0; i >= 0; i = x->next[i], r++)
        if (x->p->correct[i]) sum += choose(m - 1 - r, j - 1) / all;
    return sum;
}

/* Sum over the other groups' draws: share of the wins of one group of m members with j of them drawn, over
 * all draws, times C(n,k). */
static double win_share(exact *x, int m, int j) {
    int k = x->k, ties = k / j - 1, w = ties + 1;
    if (ties < 0) return 0;
    memset(x->a, 0, (size_t)(k + 1) * (size_t)w * sizeof *x->a);
    x->a[0] = 1;
    bool skipped = false;
    for (int g = 0; g < x->p->n; g++) {
        if (!x->size[g]) continue;
        if (!skipped && x->size[g] == m) skipped = true; /* the winner itself */
        else add_group(x, x->size[g], j, ties);
    }
    if (x->silent) add_group(x, x->silent, -1, ties);
    double sum = 0;
    for (int t = 0; t <= ties; t++) sum += x->a[(k - j) * w + t] / (t + 1);
    return sum * choose(m, j);
}

static double expectation(exact *x) {
    double all = choose(x->p->n, x->k), total = 0;
    for (int m = 1; m <= x->p->n;
         m++) { /* groups of the same size win alike: the programme runs once per size */
        bool any = false;
        for (int g = 0; g < x->p->n && !any; g++) any = x->size[g] == m;
        for (int j = 1; any && j <= m && j <= x->k; j++) {
            double win = win_share(x, m, j) / all;
            if (win > 0)
                for (int g = 0; g < x->p->n; g++)
                    if (x->size[g] == m) total += win * first_member(x, x->first[g], m, j);
        }
    }
    return total > 1 ? 1 : total;
}

static double steps(const exact *x) {
    double sum = 0, groups = x->n_groups + 1;
    for (int m = 1; m <= x->p->n; m++) {
        bool any = false;
        for (int g = 0; g < x->p->n && !any; g++) any = x->size[g] == m;
        for (int j = 1; any && j <= m && j <= x->k; j++) {
            double per = 0;
            int sizes = x->k / j;
            for (int g = 0; g < x->p->n; g++)
                if (x->size[g]) per += (x->size[g] < j ? x->size[g] : j) + 1;
            sum += (per + groups + x->silent) * (x->k + 1) * sizes;
        }
    }
    return sum;
}

lem_status lem_eval_vote_exact(const lem_eval_problem *p, int k, double *out, bool *feasible, lem_err *err) {
    lem_status st = LEM_OK;
    size_t n = (size_t)p->n, cells = (size_t)(k + 1) * (size_t)(k + 1);
    *feasible = p->n <= MAX_EXACT_N;
    if (k < 1 || k > p->n) return lem_fail(err, LEM_EUSAGE, "majority of %d candidates of %d", k, p->n);
    if (!*feasible) return LEM_OK;
    exact x = {.p = p, .k = k};
    x.size = lem_alloc_zero(n, sizeof *x.size, err);
    x.first = lem_alloc_zero(n, sizeof *x.first, err);
    x.next = lem_alloc_zero(n, sizeof *x.next, err);
    x.choose = lem_alloc_zero(n + 1, sizeof *x.choose, err);
    x.a = lem_alloc_zero(cells, sizeof *x.a, err);
    x.b = lem_alloc_zero(cells, sizeof *x.b, err);
    if (!x.size || !x.first || !x.next || !x.choose || !x.a || !x.b) {
        st = LEM_EMEM;
        goto done;
    }
    gather(&x);
    *feasible = steps(&x) <= MAX_STEPS;
    if (*feasible) *out = expectation(&x);
done:
    lem_free(x.size);
    lem_free(x.first);
    lem_free(x.next);
    lem_free(x.choose);
    lem_free(x.a);
    lem_free(x.b);
    return st;
}
