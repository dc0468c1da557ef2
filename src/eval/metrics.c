/* metrics.c - every metric at every k under every protocol, and their differences */
#include "eval/metrics.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/rng.h"
#include "eval/ballot.h"
#include "eval/clusters.h"
#include "eval/majk.h"
#include "eval/passk.h"
#include "eval/rmk.h"
#include "eval/texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 8 + 9 * LEM_EVAL_MAX_SCORERS, PAIRS = 12 * LEM_EVAL_MAX_SCORERS };
static const char EXACT[] = "exact", FIRST[] = "first-k", SEEDS[] = "seeds";

typedef struct column {
    char name[40];
    const char *protocol;
    double *v;      /* [problems in] */
    double seed_sd; /* over the random subsets; NAN elsewhere */
} column;

typedef struct scratch {          /* of one worker */
    int *subset, *deck, *swapped; /* [longest]; the deck is 0, 1, 2, … between draws */
    int *drawn;                   /* [longest] candidates in the order in which they were drawn */
    uint64_t *chosen;             /* [longest] bits, 0 between draws */
    double *count;                /* [2 longest], zero between uses */
    lem_eval_ballot ballot;
} scratch;

/* Everything at one k. */
typedef struct at_k {
    const lem_eval_opts *o;
    const lem_eval_problem **in;
    int *place; /* [problems] of a problem in `in`; -1 = it has fewer than k candidates */
    int k, n, n_columns;
    double tokens; /* of k candidates, mean over problems */
    column c[MAX_COLUMNS];
    int best[LEM_EVAL_MAX_SCORERS]; /* columns of exact best-of */
    bool chance;                    /* wanted, and every problem has texts */
    lem_eval_clusters clusters;
    int first_of_k, first_seed; /* the first columns of the first k, and of random subsets */
    uint64_t *sum;              /* [workers][columns of random subsets][seeds] in millionths */
    size_t per_worker;
} at_k;

/* All k of a call. */
typedef struct table {
    const lem_eval_opts *o;
    const lem_eval_problem *problems;
    int n, n_ks, longest, workers, seeds;
    at_k *at;                                   /* [n_ks] */
    scratch *scratch;                           /* [workers] */
    int slot[LEM_EVAL_MAX_SCORERS], n_weighted; /* of a scorer's weighted vote in the ballot */
    lem_eval_weight weighted[LEM_EVAL_MAX_SCORERS];
} table;

/* Values of one subset go to share * value in v[column][problem], and in millionths, whose sums do not depend
 * on their order, to sum[column * stride]. */
typedef struct sink {
    const column *c;
    double share;
    uint64_t *sum; /* NULL = not wanted */
    size_t stride;
} sink;

static lem_status add_column(at_k *a, const char *base, const char *protocol, double **v, lem_err *err) {
    if (a->n_columns == MAX_COLUMNS) return lem_fail(err, LEM_EUSAGE, "too many scorers");
    column *c = &a->c[a->n_columns];
    snprintf(c->name, sizeof c->name, "%.30s@%d", base, a->k);
    c->protocol = protocol;
    c->seed_sd = NAN;
    c->v = lem_alloc_zero((size_t)a->n, sizeof *c->v, err);
    if (!c->v) return LEM_EMEM;
    a->n_columns++;
    *v = c->v;
    return LEM_OK;
}

enum { TELL_EACH = 16 }; /* problems */

/* `part` of the exact values, or of what comes behind them, is done. */
static void tell(const lem_eval_opts *o, bool exact, double part) {
    const lem_eval_pace *p = o->pace;
    if (!p || p->exact < 0) return;
    p->tell(p->ctx, exact ? p->exact * part : p->exact + (1 - p->exact) * part);
}

/* One column of exact values, problem by problem over the threads. */
typedef enum exact_kind { EXACT_PASS, EXACT_VOTE, EXACT_WEIGHTED, EXACT_PESSIMISTIC } exact_kind;

typedef struct exact_worker {
    bool infeasible;
    lem_status st;
    lem_err err;
} exact_worker;

typedef struct exact_job {
    const at_k *a;
    exact_kind kind;
    int scorer;
    double *v;
    exact_worker *w; /* [workers] */
} exact_job;

static lem_status exact_value(const exact_job *j, int i, bool *feasible, lem_err *err) {
    const lem_eval_problem *p = j->a->in[i];
    const double *score = p->score[j->scorer];
    lem_eval_weight weight = j->a->o->weighted[j->scorer];
    int k = j->a->k;
    double *v = &j->v[i], alpha = j->kind == EXACT_PESSIMISTIC ? j->a->o->pessimistic : 0;
    switch (j->kind) {
    case EXACT_PASS: *v = lem_eval_pass_at_k(p->n, lem_eval_count_correct(p), k); return LEM_OK;
    case EXACT_VOTE: return lem_eval_vote_exact(p, k, v, feasible, err);
    case EXACT_WEIGHTED:
    case EXACT_PESSIMISTIC: return lem_eval_vote_enumerated(p, score, weight, alpha, k, v, feasible, err);
    }
    return LEM_OK;
}

static void exact_task(void *ctx, int i, int worker) {
    const exact_job *j = ctx;
    exact_worker *w = &j->w[worker];
    bool feasible = true;
    if (w->st || w->infeasible) return; /* the column is lost */
    w->st = exact_value(j, i, &feasible, &w->err);
    w->infeasible = !feasible;
}

/* One problem too large: no exact value at this k, the seeds remain. */
static lem_status exact_column(const table *t, at_k *a, exact_kind kind, int scorer, const char *base,
                               lem_err *err) {
    exact_job j = {.a = a, .kind = kind, .scorer = scorer};
    lem_status st = add_column(a, base, EXACT, &j.v, err);
    if (st) return st;
    j.w = lem_alloc_zero((size_t)t->workers, sizeof *j.w, err);
    if (!j.w) return LEM_EMEM;
    lem_pool_run(a->o->pool, a->n, exact_task, &j);
    bool lost = false;
    for (int w = 0; w < t->workers; w++) {
        lost = lost || j.w[w].infeasible;
        if (st || !j.w[w].st) continue;
        st = j.w[w].st;
        if (err) *err = j.w[w].err;
    }
    lem_free(j.w);
    if (lost) lem_free(a->c[--a->n_columns].v);
    return st;
}

static lem_status exact_columns(const table *t, at_k *a, lem_err *err) {
    char name[40];
    double *v;
    lem_status st = LEM_OK;
    LEM_TRY(exact_column(t, a, EXACT_PASS, 0, "pass", err));
    if (!a->o->no_votes) LEM_TRY(exact_column(t, a, EXACT_VOTE, 0, "maj", err));
    for (int s = 0; s < a->o->n_scorers; s++) {
        a->best[s] = a->n_columns;
        LEM_TRY(add_column(a, a->o->scorers[s], EXACT, &v, err)); /* filled by exact_best */
        if (!a->o->weighted[s] || a->o->no_votes) continue;
        snprintf(name, sizeof name, "%.16s-weighted", a->o->scorers[s]);
        LEM_TRY(exact_column(t, a, EXACT_WEIGHTED, s, name, err));
        snprintf(name, sizeof name, "%.16s-pessimistic", a->o->scorers[s]);
        if (a->o->pessimistic > 0) LEM_TRY(exact_column(t, a, EXACT_PESSIMISTIC, s, name, err));
    }
done:
    return st;
}

typedef struct best_job {
    const table *t;
    exact_worker *w; /* [workers] */
} best_job;

/* One problem at all k: its scores are sorted once. */
static void best_task(void *ctx, int p, int worker) {
    const best_job *j = ctx;
    const table *t = j->t;
    exact_worker *w = &j->w[worker];
    int ks[LEM_EVAL_MAX_KS];
    double v[LEM_EVAL_MAX_KS] = {0};
    for (int h = 0; h < t->n_ks; h++) ks[h] = t->at[h].k;
    for (int s = 0; s < t->o->n_scorers && !w->st; s++) {
        const lem_eval_problem *q = &t->problems[p];
        w->st = lem_eval_best_exact(q, q->score[s], ks, t->n_ks, v, &w->err);
        for (int h = 0; h < t->n_ks; h++) {
            const at_k *a = &t->at[h];
            if (a->place[p] >= 0) a->c[a->best[s]].v[a->place[p]] = v[h];
        }
    }
}

static lem_status exact_best(const table *t, lem_err *err) {
    best_job j = {t, lem_alloc_zero((size_t)t->workers, sizeof *j.w, err)};
    lem_status st = j.w ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK) lem_pool_run(t->o->pool, t->n, best_task, &j);
    for (int w = 0; j.w && w < t->workers && st == LEM_OK; w++) {
        st = j.w[w].st;
        if (st && err) *err = j.w[w].err;
    }
    lem_free(j.w);
    return st;
}

/* Columns that depend on one subset at a time: votes, weighted votes, best by each scorer, in this order. */
static lem_status subset_columns(at_k *a, const char *protocol, lem_err *err) {
    lem_status st = LEM_OK;
    char name[40];
    double *v;
    if (!a->o->no_votes) LEM_TRY(add_column(a, "maj", protocol, &v, err));
    if (a->chance) LEM_TRY(add_column(a, "chance", protocol, &v, err));
    for (int s = 0; s < a->o->n_scorers; s++) {
        LEM_TRY(add_column(a, a->o->scorers[s], protocol, &v, err));
        if (!a->o->weighted[s] || a->o->no_votes) continue;
        snprintf(name, sizeof name, "%.16s-weighted", a->o->scorers[s]);
        LEM_TRY(add_column(a, name, protocol, &v, err));
        if (a->o->pessimistic <= 0) continue;
        snprintf(name, sizeof name, "%.16s-pessimistic", a->o->scorers[s]);
        LEM_TRY(add_column(a, name, protocol, &v, err));
    }
done:
    return st;
}

static uint64_t millionths(double value) { return (uint64_t)llround(1e6 * value); }

static void put(const sink *to, int c, int i, double value) {
    to->c[c].v[i] += to->share * value;
    if (to->sum) to->sum[(size_t)c * to->stride] += millionths(value);
}

/* The candidate of the highest score, the first of the tied, of `best` (-1 = none) and c[0..n). */
static int best_with(const double *score, int best, const int *c, int n) {
    for (int j = 0; j < n; j++) {
        int i = c[j];
        if (best < 0 || score[i] > score[best] || (!(score[i] < score[best]) && i < best)) best = i;
    }
    return best;
}

/* The values of w->subset, whose best candidates by each scorer are known, of the problem in place i. */
static void add_subset(const table *t, const at_k *a, scratch *w, int i, const int *best, const sink *to) {
    const lem_eval_problem *p = a->in[i];
    bool votes = !a->o->no_votes;
    int c = 0;
    if (votes) lem_eval_ballot_count(&w->ballot, w->subset, a->k);
    if (votes) put(to, c++, i, lem_eval_ballot_winner(&w->ballot, -1));
    if (a->chance) put(to, c++, i, lem_eval_chance(p, w->subset, a->k, w->count));
    for (int s = 0; s < a->o->n_scorers; s++) {
        put(to, c++, i, p->correct[best[s]] ? 1 : 0);
        if (!a->o->weighted[s] || !votes) continue;
        put(to, c++, i, lem_eval_ballot_winner(&w->ballot, t->slot[s]));
        if (a->o->pessimistic > 0)
            put(to, c++, i, lem_eval_ballot_pessimistic(&w->ballot, t->slot[s], a->o->pessimistic));
    }
}

/* The ballot is about this problem from now on. */
static void vote_on(const table *t, scratch *w, const lem_eval_problem *p) {
    const double *score[LEM_EVAL_MAX_SCORERS] = {NULL};
    if (t->o->no_votes) return;
    for (int s = 0; s < t->o->n_scorers; s++)
        if (t->o->weighted[s]) score[t->slot[s]] = p->score[s];
    lem_eval_ballot_of(&w->ballot, p, score, t->weighted);
}

/* Values of the first k candidates at all k. */
static void first_task(void *ctx, int p, int worker) {
    const table *t = ctx;
    scratch *w = &t->scratch[worker];
    const lem_eval_problem *q = &t->problems[p];
    int best[LEM_EVAL_MAX_SCORERS], have = 0;
    for (int s = 0; s < t->o->n_scorers; s++) best[s] = -1;
    vote_on(t, w, q);
    for (int h = 0; h < t->n_ks; h++) {
        const at_k *a = &t->at[h];
        int i = a->place[p];
        if (i < 0) continue;
        for (int j = have; j < a->k; j++) w->subset[j] = j;
        for (int s = 0; s < t->o->n_scorers; s++)
            best[s] = best_with(q->score[s], best[s], w->subset + have, a->k - have);
        have = a->k;
        a->c[a->first_of_k].v[i] = lem_eval_pass_first(q, a->k);
        add_subset(t, a, w, i, best, &(sink){a->c + a->first_of_k + 1, 1, NULL, 0});
    }
}

static lem_status first_columns(const table *t, lem_err *err) {
    lem_status st = LEM_OK;
    double *pass;
    for (int h = 0; h < t->n_ks; h++) {
        at_k *a = &t->at[h];
        a->first_of_k = a->n_columns;
        LEM_TRY(add_column(a, "pass", FIRST, &pass, err));
        LEM_TRY(subset_columns(a, FIRST, err));
    }
    lem_pool_run(t->o->pool, t->n, first_task, (void *)(uintptr_t)t);
done:
    return st;
}

/* k of n without replacement, in the order drawn: the front of a Fisher-Yates shuffle, so the first few of
 * them are what a smaller k draws. */
static void draw(const scratch *w, const lem_eval_problem *p, int k, uint64_t seed) {
    lem_rng rng = lem_rng_make(seed, "select", p->id);
    for (int j = 0; j < k; j++) {
        int r = j + (int)lem_rng_next_below(&rng, (uint64_t)(p->n - j)), c = w->deck[r];
        w->deck[r] = w->deck[j];
        w->deck[j] = c;
        w->swapped[j] = r;
        w->drawn[j] = c;
    }
    for (int j = k - 1; j >= 0; j--) {
        int r = w->swapped[j], c = w->deck[r];
        w->deck[r] = w->deck[j];
        w->deck[j] = c;
    }
}

/* The k candidates that are chosen, ascending, into subset. */
static void list_chosen(const scratch *w, int k) {
    int m = 0;
    for (int word = 0; m < k; word++)
        for (uint64_t left = w->chosen[word]; left; left &= left - 1)
            w->subset[m++] = 64 * word + __builtin_ctzll(left);
}

/* One random order of the candidates of problem p, by seed number s, at all k below their number. */
static void seed_values(const table *t, scratch *w, int p, int s) {
    const lem_eval_problem *q = &t->problems[p];
    int best[LEM_EVAL_MAX_SCORERS], have = 0, most = 0;
    for (int h = 0; h < t->n_ks; h++)
        if (t->at[h].k < q->n) most = t->at[h].k;
    for (int c = 0; c < t->o->n_scorers; c++) best[c] = -1;
    draw(w, q, most, t->o->seed + (uint64_t)s);
    for (int h = 0; h < t->n_ks && t->at[h].k <= most; h++) {
        const at_k *a = &t->at[h];
        uint64_t *sum = a->sum + (size_t)(w - t->scratch) * a->per_worker + s;
        for (int j = have; j < a->k; j++) w->chosen[w->drawn[j] / 64] |= (uint64_t)1 << (w->drawn[j] % 64);
        for (int c = 0; c < t->o->n_scorers; c++)
            best[c] = best_with(q->score[c], best[c], w->drawn + have, a->k - have);
        have = a->k;
        list_chosen(w, a->k);
        add_subset(t, a, w, a->place[p], best,
                   &(sink){a->c + a->first_seed, 1.0 / t->seeds, sum, (size_t)t->seeds});
    }
    memset(w->chosen, 0, ((size_t)q->n / 64 + 1) * sizeof *w->chosen);
}

/* All candidates of a problem: there is one subset. */
static void whole_value(const table *t, const at_k *a, scratch *w, int i) {
    const lem_eval_problem *q = a->in[i];
    uint64_t *sum = a->sum + (size_t)(w - t->scratch) * a->per_worker;
    int best[LEM_EVAL_MAX_SCORERS];
    for (int j = 0; j < a->k; j++) w->subset[j] = j;
    for (int s = 0; s < t->o->n_scorers; s++) best[s] = best_with(q->score[s], -1, w->subset, a->k);
    add_subset(t, a, w, i, best, &(sink){a->c + a->first_seed, 1, NULL, 0});
    for (size_t h = 0; h < a->per_worker; h++)
        sum[h] += millionths(a->c[(size_t)a->first_seed + h / (size_t)t->seeds].v[i]);
}

static void seed_task(void *ctx, int p, int worker) {
    const table *t = ctx;
    scratch *w = &t->scratch[worker];
    const lem_eval_problem *q = &t->problems[p];
    if (p % TELL_EACH == 0) tell(t->o, false, (double)p / t->n);
    vote_on(t, w, q);
    for (int s = 0; s < t->seeds; s++) seed_values(t, w, p, s);
    for (int h = 0; h < t->n_ks; h++)
        if (t->at[h].k == q->n) whole_value(t, &t->at[h], w, t->at[h].place[p]);
}

/* The standard deviation of the means over problems that the seeds give. */
static void spread_of_seeds(const table *t, at_k *a) {
    for (int c = a->first_seed; c < a->n_columns; c++) {
        double sum = 0, squares = 0;
        for (int s = 0; s < t->seeds; s++) {
            uint64_t all = 0;
            for (int w = 0; w < t->workers; w++)
                all += a->sum[(size_t)w * a->per_worker + (size_t)(c - a->first_seed) * (size_t)t->seeds +
                              (size_t)s];
            double mean = 1e-6 * (double)all / a->n;
            sum += mean;
            squares += mean * mean;
        }
        double variance = (squares - sum * sum / t->seeds) / (t->seeds - 1);
        a->c[c].seed_sd = t->seeds > 1 ? sqrt(fmax(variance, 0)) : NAN;
    }
}

static lem_status seed_columns(const table *t, lem_err *err) {
    lem_status st = LEM_OK;
    if (t->seeds < 0) return LEM_OK;
    for (int h = 0; h < t->n_ks; h++) {
        at_k *a = &t->at[h];
        a->first_seed = a->n_columns;
        LEM_TRY(subset_columns(a, SEEDS, err));
        a->per_worker = (size_t)(a->n_columns - a->first_seed) * (size_t)t->seeds;
        a->sum = lem_alloc_zero((size_t)t->workers * a->per_worker + 1, sizeof *a->sum, err);
        if (!a->sum) LEM_TRY(LEM_EMEM);
    }
    lem_pool_run(t->o->pool, t->n, seed_task, (void *)(uintptr_t)t);
    for (int h = 0; h < t->n_ks; h++) spread_of_seeds(t, &t->at[h]);
done:
    return st;
}

static int find_column(const at_k *a, const char *base, const char *protocol) {
    size_t n = strlen(base);
    for (int c = 0; c < a->n_columns; c++)
        if (a->c[c].protocol == protocol && strncmp(a->c[c].name, base, n) == 0 && a->c[c].name[n] == '@')
            return c;
    return -1;
}

static lem_status append(lem_metric **list, int *n, const lem_metric *m, lem_err *err) {
    lem_metric *grown = lem_realloc(*list, (size_t)*n + 1, sizeof **list, err);
    if (!grown) return LEM_EMEM;
    *list = grown;
    grown[(*n)++] = *m;
    return LEM_OK;
}

static lem_metric named(const at_k *a, const char *name, const char *protocol) {
    lem_metric m;
    memset(&m, 0, sizeof m);
    snprintf(m.name, sizeof m.name, "%.63s", name);
    m.protocol = protocol;
    m.seed_sd = NAN;
    m.tokens = a->tokens;
    m.k = a->k;
    m.n = a->n;
    return m;
}

typedef struct pairs {
    int at[PAIRS][2], n;
    char name[PAIRS][64];
} pairs;

static void add_pair(const at_k *a, const char *x, const char *y, const char *protocol, pairs *p) {
    int i = find_column(a, x, protocol), j = y ? find_column(a, y, protocol) : -1;
    if (i < 0 || j < 0 || i == j || p->n == PAIRS) return;
    p->at[p->n][0] = i;
    p->at[p->n][1] = j;
    snprintf(p->name[p->n++], 64, "%.31s-%.31s", a->c[i].name, a->c[j].name);
}

/* Differences of interest: each scorer against the majority, and each later scorer against the first; where
 * scorers were chosen, each, and the vote weighted by it, against both base lines. */
static void difference_pairs(const at_k *a, pairs *p) {
    static const char *const protocols[] = {EXACT, FIRST, SEEDS};
    char weighted[40];
    for (size_t k = 0; k < 3; k++)
        for (int s = 0; s < a->o->n_scorers; s++) {
            const char *x = a->o->scorers[s];
            add_pair(a, x, "maj", protocols[k], p);
            if (!a->o->chosen) add_pair(a, x, s ? a->o->scorers[0] : NULL, protocols[k], p);
            if (!a->o->chosen) continue;
            add_pair(a, x, "logprob", protocols[k], p);
            snprintf(weighted, sizeof weighted, "%.16s-weighted", x);
            add_pair(a, weighted, "maj", protocols[k], p);
            add_pair(a, weighted, "logprob", protocols[k], p);
        }
}

static lem_status summarise(at_k *a, lem_metrics *out, lem_err *err) {
    pairs d = {.n = 0};
    lem_status st = LEM_OK;
    difference_pairs(a, &d);
    LEM_TRY(lem_eval_clusters_make(a->in, a->n, &a->clusters, err));
    if (out->problems == 0 && a->clusters.of) out->problems = a->clusters.n;
    for (int c = 0; c < a->n_columns; c++) {
        lem_metric m = named(a, a->c[c].name, a->c[c].protocol);
        m.at = lem_eval_clusters_mean(&a->clusters, a->c[c].v);
        m.seed_sd = a->c[c].seed_sd;
        LEM_TRY(append(&out->m, &out->n, &m, err));
    }
    for (int i = 0; i < d.n; i++) {
        const column *x = &a->c[d.at[i][0]];
        lem_metric m = named(a, d.name[i], x->protocol);
        lem_eval_pairs p = lem_eval_clusters_paired(&a->clusters, x->v, a->c[d.at[i][1]].v);
        m.at = p.at;
        m.better = p.better;
        m.worse = p.worse;
        m.p = p.p;
        m.too_few = p.too_few;
        LEM_TRY(append(&out->diff, &out->n_diff, &m, err));
    }
done:
    return st;
}

/* k candidates cost k times the mean of their problem. */
static double tokens_of(const at_k *a) {
    double all = 0;
    if (!a->o->has_tokens) return NAN;
    for (int i = 0; i < a->n; i++) {
        const lem_eval_problem *p = a->in[i];
        double sum = 0;
        for (int j = 0; j < p->n; j++) sum += p->length[j];
        all += a->k * sum / p->n;
    }
    return all / a->n;
}

static lem_status open_scratch(scratch *x, const table *t, lem_err *err) {
    size_t longest = t->longest ? (size_t)t->longest : 1;
    x->subset = lem_alloc(longest, sizeof *x->subset, err);
    x->deck = lem_alloc(longest, sizeof *x->deck, err);
    x->swapped = lem_alloc(longest, sizeof *x->swapped, err);
    x->drawn = lem_alloc(longest, sizeof *x->drawn, err);
    x->chosen = lem_alloc_zero(longest / 64 + 1, sizeof *x->chosen, err);
    x->count = lem_alloc_zero(2 * longest, sizeof *x->count, err);
    if (!x->subset || !x->deck || !x->swapped || !x->drawn || !x->chosen || !x->count) return LEM_EMEM;
    for (int j = 0; j < (int)longest; j++) x->deck[j] = j;
    return lem_eval_ballot_open(&x->ballot, t->longest, t->n_weighted, err);
}

static void close_scratch(scratch *x) {
    lem_free(x->subset);
    lem_free(x->deck);
    lem_free(x->swapped);
    lem_free(x->drawn);
    lem_free(x->chosen);
    lem_free(x->count);
    lem_eval_ballot_release(&x->ballot);
}

/* The problems that have k candidates. */
static lem_status open_k(const table *t, at_k *a, lem_err *err) {
    a->in = lem_alloc((size_t)t->n, sizeof *a->in, err);
    a->place = lem_alloc((size_t)t->n, sizeof *a->place, err);
    if (!a->in || !a->place) return LEM_EMEM;
    for (int i = 0; i < t->n; i++) {
        a->place[i] = t->problems[i].n >= a->k ? a->n : -1;
        if (a->place[i] >= 0) a->in[a->n++] = &t->problems[i];
    }
    a->chance = a->o->chance;
    for (int i = 0; i < a->n; i++) a->chance = a->chance && a->in[i]->text;
    a->tokens = tokens_of(a);
    return LEM_OK;
}

static void close_k(at_k *a) {
    for (int c = 0; c < a->n_columns; c++) lem_free(a->c[c].v);
    lem_free(a->in);
    lem_free(a->place);
    lem_free(a->sum);
    lem_eval_clusters_release(&a->clusters);
}

/* Those of ks that some problem has as many candidates as. */
static lem_status open_table(table *t, const int *ks, int n_ks, lem_err *err) {
    lem_status st = LEM_OK;
    t->workers = lem_pool_threads(t->o->pool);
    t->seeds = t->o->n_seeds ? t->o->n_seeds : 100;
    for (int i = 0; i < t->n; i++)
        if (t->problems[i].n > t->longest) t->longest = t->problems[i].n;
    for (int s = 0; s < t->o->n_scorers; s++) {
        if (!t->o->weighted[s] || t->o->no_votes) continue;
        t->weighted[t->n_weighted] = t->o->weighted[s];
        t->slot[s] = t->n_weighted++;
    }
    t->at = lem_alloc_zero((size_t)n_ks + 1, sizeof *t->at, err);
    t->scratch = lem_alloc_zero((size_t)t->workers, sizeof *t->scratch, err);
    if (!t->at || !t->scratch) return LEM_EMEM;
    for (int w = 0; w < t->workers; w++) LEM_TRY(open_scratch(&t->scratch[w], t, err));
    for (int j = 0; j < n_ks; j++) {
        if (ks[j] > t->longest) continue;
        at_k *a = &t->at[t->n_ks++];
        *a = (at_k){.o = t->o, .k = ks[j]};
        LEM_TRY(open_k(t, a, err));
    }
done:
    return st;
}

static void close_table(table *t) {
    for (int h = 0; t->at && h < t->n_ks; h++) close_k(&t->at[h]);
    for (int w = 0; t->scratch && w < t->workers; w++) close_scratch(&t->scratch[w]);
    lem_free(t->at);
    lem_free(t->scratch);
}

static lem_status all_exact(const table *t, lem_err *err) {
    lem_status st = LEM_OK;
    for (int h = 0; h < t->n_ks; h++) {
        LEM_TRY(exact_columns(t, &t->at[h], err));
        tell(t->o, true, (h + 1.0) / t->n_ks);
    }
    LEM_TRY(exact_best(t, err));
done:
    return st;
}

lem_status lem_eval_values(const lem_eval_problem *problems, int n, const lem_eval_opts *opts,
                           const char *name, const char *protocol, double *v, bool *there, lem_err *err) {
    const char *at = strrchr(name, '@');
    int k = at ? (int)strtol(at + 1, NULL, 10) : 0;
    table t = {.o = opts, .problems = problems, .n = n};
    lem_status st = LEM_OK;
    *there = false;
    if (k < 1) return LEM_OK;
    LEM_TRY(open_table(&t, &k, 1, err));
    if (t.n_ks == 0 || t.at[0].n < n) goto done;
    if (strcmp(protocol, EXACT) == 0) LEM_TRY(all_exact(&t, err));
    else LEM_TRY(strcmp(protocol, FIRST) == 0 ? first_columns(&t, err) : seed_columns(&t, err));
    const at_k *a = &t.at[0];
    for (int c = 0; c < a->n_columns && !*there; c++) {
        *there = strcmp(a->c[c].name, name) == 0;
        if (*there) memcpy(v, a->c[c].v, (size_t)n * sizeof *v);
    }
done:
    close_table(&t);
    return st;
}

lem_status lem_eval_metrics(const lem_eval_problem *problems, int n, const lem_eval_opts *opts,
                            lem_metrics *out, lem_err *err) {
    table t = {.o = opts, .problems = problems, .n = n};
    lem_metrics m = {0};
    lem_status st = LEM_OK;
    for (int i = 0; i < n; i++)
        if (problems[i].n < 1 || problems[i].n > LEM_EVAL_MAX_N)
            return lem_fail(err, LEM_EDATA, "problem %d has %d candidates; 1 to %d are supported", i + 1,
                            problems[i].n, LEM_EVAL_MAX_N);
    double began = lem_clock_seconds();
    LEM_TRY(open_table(&t, opts->ks, opts->n_ks, err));
    LEM_TRY(all_exact(&t, err));
    double exact = lem_clock_seconds() - began;
    LEM_TRY(first_columns(&t, err));
    LEM_TRY(seed_columns(&t, err));
    double all = lem_clock_seconds() - began;
    if (opts->pace && opts->pace->exact < 0) opts->pace->exact = all > 0 ? exact / all : 1;
    for (int h = 0; h < t.n_ks; h++) LEM_TRY(summarise(&t.at[h], &m, err));
    *out = m;
done:
    close_table(&t);
    if (st != LEM_OK) lem_metrics_release(&m);
    return st;
}

void lem_metrics_release(lem_metrics *m) {
    lem_free(m->m);
    lem_free(m->diff);
    *m = (lem_metrics){0};
}

const lem_metric *lem_metrics_find(const lem_metrics *m, const char *name, const char *protocol) {
    for (int i = 0; i < m->n; i++)
        if (strcmp(m->m[i].name, name) == 0 && strcmp(m->m[i].protocol, protocol) == 0) return &m->m[i];
    for (int i = 0; i < m->n_diff; i++)
        if (strcmp(m->diff[i].name, name) == 0 && strcmp(m->diff[i].protocol, protocol) == 0)
            return &m->diff[i];
    return NULL;
}
