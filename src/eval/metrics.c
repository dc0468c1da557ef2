/* metrics.c - every metric at every k under every protocol, and their differences, with one bootstrap per k
 */
#include "eval/metrics.h"

#include "core/mem.h"
#include "core/rng.h"
#include "eval/majk.h"
#include "eval/passk.h"
#include "eval/rmk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 8 + 5 * LEM_EVAL_MAX_SCORERS };
static const char EXACT[] = "exact", FIRST[] = "first-k", SEEDS[] = "seeds";

typedef struct column {
    char name[40];
    const char *protocol;
    double *v; /* [problems in] */
} column;

/* Everything at one k. */
typedef struct at_k {
    const lem_eval_opts *o;
    const lem_eval_problem **in;
    int k, n, n_columns, longest;
    column c[MAX_COLUMNS];
    int *subset, *deck; /* [longest] */
    double *count;      /* [longest], zero between uses */
} at_k;

static lem_status add_column(at_k *a, const char *base, const char *protocol, double **v, lem_err *err) {
    if (a->n_columns == MAX_COLUMNS) return lem_fail(err, LEM_EUSAGE, "too many scorers");
    column *c = &a->c[a->n_columns];
    snprintf(c->name, sizeof c->name, "%.24s@%d", base, a->k);
    c->protocol = protocol;
    c->v = lem_alloc_zero((size_t)a->n, sizeof *c->v, err);
    if (!c->v) return LEM_EMEM;
    a->n_columns++;
    *v = c->v;
    return LEM_OK;
}

static lem_status exact_columns(at_k *a, lem_err *err) {
    lem_status st;
    double *v;
    LEM_TRY(add_column(a, "pass", EXACT, &v, err));
    for (int i = 0; i < a->n; i++)
        v[i] = lem_eval_pass_at_k(a->in[i]->n, lem_eval_count_correct(a->in[i]), a->k);
    if (!a->o->no_votes) {
        bool feasible = true;
        LEM_TRY(add_column(a, "maj", EXACT, &v, err));
        for (int i = 0; i < a->n && feasible; i++)
            LEM_TRY(lem_eval_vote_exact(a->in[i], a->k, &v[i], &feasible, err));
        if (!feasible)
            lem_free(a->c[--a->n_columns]
                         .v); /* one problem too large: no exact value at this k, the seeds remain */
    }
    for (int s = 0; s < a->o->n_scorers; s++) {
        LEM_TRY(add_column(a, a->o->scorers[s], EXACT, &v, err));
        for (int i = 0; i < a->n; i++)
            LEM_TRY(lem_eval_best_exact(a->in[i], a->in[i]->score[s], a->k, &v[i], err));
    }
    st = LEM_OK;
done:
    return st;
}

/* Columns that depend on one subset at a time: votes, weighted votes, best by each scorer, in this order. */
static lem_status subset_columns(at_k *a, const char *protocol, double **v, lem_err *err) {
    lem_status st = LEM_OK;
    int c = 0;
    char name[40];
    if (!a->o->no_votes) LEM_TRY(add_column(a, "maj", protocol, &v[c++], err));
    for (int s = 0; s < a->o->n_scorers; s++) {
        LEM_TRY(add_column(a, a->o->scorers[s], protocol, &v[c++], err));
        if (!a->o->weighted[s] || a->o->no_votes) continue;
        snprintf(name, sizeof name, "%.16s-weighted", a->o->scorers[s]);
        LEM_TRY(add_column(a, name, protocol, &v[c++], err));
    }
done:
    return st;
}

static void add_subset(at_k *a, int i, double **v, double share) {
    const lem_eval_problem *p = a->in[i];
    int c = 0;
    if (!a->o->no_votes)
        v[c++][i] += share * lem_eval_vote(p, NULL, LEM_EVAL_WEIGHT_NONE, a->subset, a->k, a->count);
    for (int s = 0; s < a->o->n_scorers; s++) {
        v[c++][i] += share * lem_eval_best_of(p, p->score[s], a->subset, a->k);
        if (a->o->weighted[s] && !a->o->no_votes)
            v[c++][i] += share * lem_eval_vote(p, p->score[s], a->o->weighted[s], a->subset, a->k, a->count);
    }
}

static lem_status first_columns(at_k *a, lem_err *err) {
    lem_status st = LEM_OK;
    double *v[MAX_COLUMNS], *pass;
    LEM_TRY(add_column(a, "pass", FIRST, &pass, err));
    LEM_TRY(subset_columns(a, FIRST, v, err));
    for (int j = 0; j < a->k; j++) a->subset[j] = j;
    for (int i = 0; i < a->n; i++) {
        pass[i] = lem_eval_pass_first(a->in[i], a->k);
        add_subset(a, i, v, 1);
    }
done:
    return st;
}

/* k of n without replacement, ascending: a partial Fisher-Yates shuffle marks who is in. */
static void draw(at_k *a, const lem_eval_problem *p, uint64_t seed) {
    lem_rng rng = lem_rng_make(seed, "select", p->id);
    for (int j = 0; j < p->n; j++) a->deck[j] = j;
    for (int j = 0; j < a->k; j++) {
        int r = j + (int)lem_rng_next_below(&rng, (uint64_t)(p->n - j)), t = a->deck[j];
        a->deck[j] = a->deck[r];
        a->deck[r] = t;
    }
    for (int j = 0; j < p->n; j++) a->subset[j] = 0;
    for (int j = 0; j < a->k; j++) a->subset[a->deck[j]] = 1;
    int m = 0;
    for (int j = 0; j < p->n; j++)
        if (a->subset[j]) a->subset[m++] = j; /* m <= j: what is overwritten has been read */
}

static lem_status seed_columns(at_k *a, lem_err *err) {
    int seeds = a->o->n_seeds ? a->o->n_seeds : 100;
    lem_status st = LEM_OK;
    double *v[MAX_COLUMNS];
    if (seeds < 0) return LEM_OK;
    LEM_TRY(subset_columns(a, SEEDS, v, err));
    for (int i = 0; i < a->n; i++)
        for (int s = 0; s < seeds; s++) {
            draw(a, a->in[i], a->o->seed + (uint64_t)s);
            add_subset(a, i, v, 1.0 / seeds);
        }
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

static lem_status append(lem_metric **list, int *n, const char *name, const char *protocol, const at_k *a,
                         lem_eval_interval at, lem_err *err) {
    lem_metric *grown = lem_realloc(*list, (size_t)*n + 1, sizeof **list, err);
    if (!grown) return LEM_EMEM;
    *list = grown;
    lem_metric *m = &grown[(*n)++];
    memset(m, 0, sizeof *m);
    snprintf(m->name, sizeof m->name, "%s", name);
    m->protocol = protocol;
    m->k = a->k;
    m->n = a->n;
    m->at = at;
    return LEM_OK;
}

/* Differences of interest: each scorer against the majority, and each later scorer against the first. */
static void difference_pairs(const at_k *a, int pair[][2], char name[][40], int *n) {
    static const char *const protocols[] = {EXACT, FIRST, SEEDS};
    *n = 0;
    for (size_t p = 0; p < 3; p++)
        for (int s = 0; s < a->o->n_scorers; s++) {
            const char *others[2] = {"maj", s ? a->o->scorers[0] : NULL};
            for (int t = 0; t < 2; t++) {
                int x = find_column(a, a->o->scorers[s], protocols[p]),
                    y = others[t] ? find_column(a, others[t], protocols[p]) : -1;
                if (x < 0 || y < 0) continue;
                pair[*n][0] = x;
                pair[*n][1] = y;
                snprintf(name[*n], 40, "%.19s-%.19s", a->c[x].name, a->c[y].name);
                (*n)++;
            }
        }
}

static lem_status summarise(at_k *a, lem_metrics *out, lem_err *err) {
    int pair[6 * LEM_EVAL_MAX_SCORERS][2], n_pairs, total;
    char name[6 * LEM_EVAL_MAX_SCORERS][40];
    const double *columns[MAX_COLUMNS + 6 * LEM_EVAL_MAX_SCORERS];
    lem_eval_interval at[MAX_COLUMNS + 6 * LEM_EVAL_MAX_SCORERS];
    double *diff = NULL;
    lem_status st;
    difference_pairs(a, pair, name, &n_pairs);
    total = a->n_columns + n_pairs;
    diff = lem_alloc((size_t)n_pairs * (size_t)a->n, sizeof *diff, err);
    if (!diff) return LEM_EMEM;
    for (int c = 0; c < a->n_columns; c++) columns[c] = a->c[c].v;
    for (int d = 0; d < n_pairs; d++) {
        double *v = diff + (size_t)d * (size_t)a->n;
        for (int i = 0; i < a->n; i++) v[i] = a->c[pair[d][0]].v[i] - a->c[pair[d][1]].v[i];
        columns[a->n_columns + d] = v;
    }
    LEM_TRY(lem_eval_bootstrap(columns, total, a->n, a->o->seed, a->o->resamples, at, err));
    for (int c = 0; c < a->n_columns; c++)
        LEM_TRY(append(&out->m, &out->n, a->c[c].name, a->c[c].protocol, a, at[c], err));
    for (int d = 0; d < n_pairs; d++)
        LEM_TRY(append(&out->diff, &out->n_diff, name[d], a->c[pair[d][0]].protocol, a, at[a->n_columns + d],
                       err));
done:
    lem_free(diff);
    return st;
}

static lem_status metrics_at(const lem_eval_problem *problems, int n, const lem_eval_opts *o, int k,
                             lem_metrics *out, lem_err *err) {
    at_k a = {.o = o, .k = k};
    lem_status st = LEM_OK;
    a.in = lem_alloc((size_t)n, sizeof *a.in, err);
    if (!a.in) return LEM_EMEM;
    for (int i = 0; i < n; i++)
        if (problems[i].n >= k) {
            a.in[a.n++] = &problems[i];
            if (problems[i].n > a.longest) a.longest = problems[i].n;
        }
    if (a.n == 0) goto done;
    a.subset = lem_alloc((size_t)a.longest, sizeof *a.subset, err);
    a.deck = lem_alloc((size_t)a.longest, sizeof *a.deck, err);
    a.count = lem_alloc_zero((size_t)a.longest, sizeof *a.count, err);
    if (!a.subset || !a.deck || !a.count) {
        st = LEM_EMEM;
        goto done;
    }
    LEM_TRY(exact_columns(&a, err));
    LEM_TRY(first_columns(&a, err));
    LEM_TRY(seed_columns(&a, err));
    LEM_TRY(summarise(&a, out, err));
done:
    for (int c = 0; c < a.n_columns; c++) lem_free(a.c[c].v);
    lem_free(a.in);
    lem_free(a.subset);
    lem_free(a.deck);
    lem_free(a.count);
    return st;
}

lem_status lem_eval_metrics(const lem_eval_problem *problems, int n, const lem_eval_opts *opts,
                            lem_metrics *out, lem_err *err) {
    lem_metrics m = {NULL, 0, NULL, 0};
    lem_status st = LEM_OK;
    for (int i = 0; i < n; i++)
        if (problems[i].n < 1 || problems[i].n > LEM_EVAL_MAX_N)
            return lem_fail(err, LEM_EDATA, "problem %d has %d candidates; 1 to %d are supported", i + 1,
                            problems[i].n, LEM_EVAL_MAX_N);
    for (int j = 0; j < opts->n_ks; j++) LEM_TRY(metrics_at(problems, n, opts, opts->ks[j], &m, err));
    *out = m;
done:
    if (st != LEM_OK) lem_metrics_release(&m);
    return st;
}

void lem_metrics_release(lem_metrics *m) {
    lem_free(m->m);
    lem_free(m->diff);
    *m = (lem_metrics){NULL, 0, NULL, 0};
}

const lem_metric *lem_metrics_find(const lem_metrics *m, const char *name, const char *protocol) {
    for (int i = 0; i < m->n; i++)
        if (strcmp(m->m[i].name, name) == 0 && strcmp(m->m[i].protocol, protocol) == 0) return &m->m[i];
    for (int i = 0; i < m->n_diff; i++)
        if (strcmp(m->diff[i].name, name) == 0 && strcmp(m->diff[i].protocol, protocol) == 0)
            return &m->diff[i];
    return NULL;
}
