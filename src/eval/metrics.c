/* metrics.c - every metric at every k under every protocol, and their differences */
#include "eval/metrics.h"

#include "core/mem.h"
#include "core/rng.h"
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
    uint64_t *chosen;             /* [longest] bits, 0 between draws */
    double *count;                /* [2 longest], zero between uses */
} scratch;

/* Everything at one k. */
typedef struct at_k {
    const lem_eval_opts *o;
    const lem_eval_problem **in;
    int k, n, n_columns, longest;
    double tokens; /* of k candidates, mean over problems */
    column c[MAX_COLUMNS];
    bool chance; /* wanted, and every problem has texts */
    lem_eval_clusters clusters;
    struct scratch *scratch; /* [workers] */
    int workers;
} at_k;

/* Values of one subset go to share * value in v[column][problem], and in millionths, whose sums do not depend
 * on their order, to sum[column * stride]. */
typedef struct sink {
    double **v, share;
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

/* One column of exact values, problem by problem over the threads. */
typedef enum exact_kind { EXACT_PASS, EXACT_VOTE, EXACT_BEST, EXACT_WEIGHTED, EXACT_PESSIMISTIC } exact_kind;

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
    case EXACT_BEST: return lem_eval_best_exact(p, score, k, v, err);
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
static lem_status exact_column(at_k *a, exact_kind kind, int scorer, const char *base, lem_err *err) {
    exact_job j = {.a = a, .kind = kind, .scorer = scorer};
    lem_status st = add_column(a, base, EXACT, &j.v, err);
    if (st) return st;
    j.w = lem_alloc_zero((size_t)a->workers, sizeof *j.w, err);
    if (!j.w) return LEM_EMEM;
    lem_pool_run(a->o->pool, a->n, exact_task, &j);
    bool lost = false;
    for (int w = 0; w < a->workers; w++) {
        lost = lost || j.w[w].infeasible;
        if (st || !j.w[w].st) continue;
        st = j.w[w].st;
        if (err) *err = j.w[w].err;
    }
    lem_free(j.w);
    if (lost) lem_free(a->c[--a->n_columns].v);
    return st;
}

static lem_status exact_columns(at_k *a, lem_err *err) {
    char name[40];
    lem_status st = LEM_OK;
    LEM_TRY(exact_column(a, EXACT_PASS, 0, "pass", err));
    if (!a->o->no_votes) LEM_TRY(exact_column(a, EXACT_VOTE, 0, "maj", err));
    for (int s = 0; s < a->o->n_scorers; s++) {
        LEM_TRY(exact_column(a, EXACT_BEST, s, a->o->scorers[s], err));
        if (!a->o->weighted[s] || a->o->no_votes) continue;
        snprintf(name, sizeof name, "%.16s-weighted", a->o->scorers[s]);
        LEM_TRY(exact_column(a, EXACT_WEIGHTED, s, name, err));
        snprintf(name, sizeof name, "%.16s-pessimistic", a->o->scorers[s]);
        if (a->o->pessimistic > 0) LEM_TRY(exact_column(a, EXACT_PESSIMISTIC, s, name, err));
    }
done:
    return st;
}

/* Columns that depend on one subset at a time: votes, weighted votes, best by each scorer, in this order. */
static lem_status subset_columns(at_k *a, const char *protocol, double **v, lem_err *err) {
    lem_status st = LEM_OK;
    int c = 0;
    char name[40];
    if (!a->o->no_votes) LEM_TRY(add_column(a, "maj", protocol, &v[c++], err));
    if (a->chance) LEM_TRY(add_column(a, "chance", protocol, &v[c++], err));
    for (int s = 0; s < a->o->n_scorers; s++) {
        LEM_TRY(add_column(a, a->o->scorers[s], protocol, &v[c++], err));
        if (!a->o->weighted[s] || a->o->no_votes) continue;
        snprintf(name, sizeof name, "%.16s-weighted", a->o->scorers[s]);
        LEM_TRY(add_column(a, name, protocol, &v[c++], err));
        if (a->o->pessimistic <= 0) continue;
        snprintf(name, sizeof name, "%.16s-pessimistic", a->o->scorers[s]);
        LEM_TRY(add_column(a, name, protocol, &v[c++], err));
    }
done:
    return st;
}

static uint64_t millionths(double value) { return (uint64_t)llround(1e6 * value); }

static void put(const sink *to, int c, int i, double value) {
    to->v[c][i] += to->share * value;
    if (to->sum) to->sum[(size_t)c * to->stride] += millionths(value);
}

static void add_subset(const at_k *a, const scratch *w, int i, const sink *to) {
    const lem_eval_problem *p = a->in[i];
    int c = 0;
    if (!a->o->no_votes)
        put(to, c++, i, lem_eval_vote(p, NULL, LEM_EVAL_WEIGHT_NONE, w->subset, a->k, w->count));
    if (a->chance) put(to, c++, i, lem_eval_chance(p, w->subset, a->k, w->count));
    for (int s = 0; s < a->o->n_scorers; s++) {
        lem_eval_weight weight = a->o->weighted[s];
        put(to, c++, i, lem_eval_best_of(p, p->score[s], w->subset, a->k));
        if (!weight || a->o->no_votes) continue;
        put(to, c++, i, lem_eval_vote(p, p->score[s], weight, w->subset, a->k, w->count));
        if (a->o->pessimistic > 0)
            put(to, c++, i,
                lem_eval_vote_pessimistic(p, p->score[s], weight, a->o->pessimistic, w->subset, a->k,
                                          w->count));
    }
}

static lem_status first_columns(at_k *a, lem_err *err) {
    lem_status st = LEM_OK;
    double *v[MAX_COLUMNS], *pass;
    LEM_TRY(add_column(a, "pass", FIRST, &pass, err));
    LEM_TRY(subset_columns(a, FIRST, v, err));
    for (int j = 0; j < a->k; j++) a->scratch[0].subset[j] = j;
    for (int i = 0; i < a->n; i++) {
        pass[i] = lem_eval_pass_first(a->in[i], a->k);
        add_subset(a, &a->scratch[0], i, &(sink){v, 1, NULL, 0});
    }
done:
    return st;
}

/* k of n without replacement, ascending: a partial Fisher-Yates shuffle marks who is in. */
static void draw(const at_k *a, const scratch *w, const lem_eval_problem *p, uint64_t seed) {
    lem_rng rng = lem_rng_make(seed, "select", p->id);
    for (int j = 0; j < a->k; j++) {
        int r = j + (int)lem_rng_next_below(&rng, (uint64_t)(p->n - j)), t = w->deck[r];
        w->deck[r] = w->deck[j];
        w->deck[j] = t;
        w->swapped[j] = r;
        w->chosen[t / 64] |= (uint64_t)1 << (t % 64);
    }
    for (int j = a->k - 1; j >= 0; j--) {
        int r = w->swapped[j], t = w->deck[r];
        w->deck[r] = w->deck[j];
        w->deck[j] = t;
    }
    int m = 0;
    for (int word = 0; m < a->k; word++) { /* ascending */
        for (uint64_t left = w->chosen[word]; left; left &= left - 1)
            w->subset[m++] = 64 * word + __builtin_ctzll(left);
        w->chosen[word] = 0;
    }
}

typedef struct seed_job {
    const at_k *a;
    double **v;
    int seeds;
    uint64_t *sum; /* [workers][columns][seeds] in millionths */
    size_t per_worker;
} seed_job;

static void seed_task(void *ctx, int i, int worker) {
    const seed_job *j = ctx;
    const at_k *a = j->a;
    const scratch *w = &a->scratch[worker];
    uint64_t *sum = j->sum + (size_t)worker * j->per_worker;
    sink to = {j->v, 1.0 / j->seeds, sum, (size_t)j->seeds};
    if (a->k == a->in[i]->n) { /* there is one subset */
        to.share = 1;
        to.sum = NULL;
        draw(a, w, a->in[i], a->o->seed);
        add_subset(a, w, i, &to);
        for (size_t h = 0; h < j->per_worker; h++) sum[h] += millionths(j->v[h / to.stride][i]);
        return;
    }
    for (int s = 0; s < j->seeds; s++, to.sum++) {
        draw(a, w, a->in[i], a->o->seed + (uint64_t)s);
        add_subset(a, w, i, &to);
    }
}

/* The standard deviation of the means over problems that the seeds give. */
static void spread_of_seeds(at_k *a, const seed_job *j, int first) {
    for (int c = first; c < a->n_columns; c++) {
        double sum = 0, squares = 0;
        for (int s = 0; s < j->seeds; s++) {
            uint64_t all = 0;
            for (int w = 0; w < a->workers; w++)
                all += j->sum[(size_t)w * j->per_worker + (size_t)(c - first) * (size_t)j->seeds + (size_t)s];
            double mean = 1e-6 * (double)all / a->n;
            sum += mean;
            squares += mean * mean;
        }
        double variance = (squares - sum * sum / j->seeds) / (j->seeds - 1);
        a->c[c].seed_sd = j->seeds > 1 ? sqrt(fmax(variance, 0)) : NAN;
    }
}

static lem_status seed_columns(at_k *a, lem_err *err) {
    seed_job j = {.a = a, .seeds = a->o->n_seeds ? a->o->n_seeds : 100};
    lem_status st = LEM_OK;
    double *v[MAX_COLUMNS];
    int first = a->n_columns;
    if (j.seeds < 0) return LEM_OK;
    LEM_TRY(subset_columns(a, SEEDS, v, err));
    j.v = v;
    j.per_worker = (size_t)(a->n_columns - first) * (size_t)j.seeds;
    j.sum = lem_alloc_zero((size_t)a->workers * j.per_worker + 1, sizeof *j.sum, err);
    if (!j.sum) LEM_TRY(LEM_EMEM);
    lem_pool_run(a->o->pool, a->n, seed_task, &j);
    spread_of_seeds(a, &j, first);
done:
    lem_free(j.sum);
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

static lem_status open_scratch(scratch *x, size_t longest, lem_err *err) {
    x->subset = lem_alloc(longest, sizeof *x->subset, err);
    x->deck = lem_alloc(longest, sizeof *x->deck, err);
    x->swapped = lem_alloc(longest, sizeof *x->swapped, err);
    x->chosen = lem_alloc_zero(longest / 64 + 1, sizeof *x->chosen, err);
    x->count = lem_alloc_zero(2 * longest, sizeof *x->count, err);
    if (!x->subset || !x->deck || !x->swapped || !x->chosen || !x->count) return LEM_EMEM;
    for (int j = 0; j < (int)longest; j++) x->deck[j] = j;
    return LEM_OK;
}

/* The problems that have k candidates, and scratch for them. */
static lem_status open_k(at_k *a, const lem_eval_problem *problems, int n, lem_err *err) {
    a->in = lem_alloc((size_t)n, sizeof *a->in, err);
    if (!a->in) return LEM_EMEM;
    for (int i = 0; i < n; i++)
        if (problems[i].n >= a->k) {
            a->in[a->n++] = &problems[i];
            if (problems[i].n > a->longest) a->longest = problems[i].n;
        }
    a->chance = a->o->chance;
    for (int i = 0; i < a->n; i++) a->chance = a->chance && a->in[i]->text;
    a->tokens = tokens_of(a);
    size_t longest = a->longest ? (size_t)a->longest : 1;
    a->workers = lem_pool_threads(a->o->pool);
    a->scratch = lem_alloc_zero((size_t)a->workers, sizeof *a->scratch, err);
    if (!a->scratch) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (int w = 0; st == LEM_OK && w < a->workers; w++) st = open_scratch(&a->scratch[w], longest, err);
    return st;
}

static void close_k(at_k *a) {
    for (int c = 0; c < a->n_columns; c++) lem_free(a->c[c].v);
    lem_free(a->in);
    lem_eval_clusters_release(&a->clusters);
    for (int w = 0; a->scratch && w < a->workers; w++) {
        lem_free(a->scratch[w].subset);
        lem_free(a->scratch[w].deck);
        lem_free(a->scratch[w].swapped);
        lem_free(a->scratch[w].chosen);
        lem_free(a->scratch[w].count);
    }
    lem_free(a->scratch);
}

static lem_status metrics_at(const lem_eval_problem *problems, int n, const lem_eval_opts *o, int k,
                             lem_metrics *out, lem_err *err) {
    at_k a = {.o = o, .k = k};
    lem_status st = LEM_OK;
    LEM_TRY(open_k(&a, problems, n, err));
    if (a.n == 0) goto done;
    LEM_TRY(exact_columns(&a, err));
    LEM_TRY(first_columns(&a, err));
    LEM_TRY(seed_columns(&a, err));
    LEM_TRY(summarise(&a, out, err));
done:
    close_k(&a);
    return st;
}

lem_status lem_eval_values(const lem_eval_problem *problems, int n, const lem_eval_opts *opts,
                           const char *name, const char *protocol, double *v, bool *there, lem_err *err) {
    const char *at = strrchr(name, '@');
    at_k a = {.o = opts, .k = at ? (int)strtol(at + 1, NULL, 10) : 0};
    lem_status st = LEM_OK;
    *there = false;
    if (a.k < 1) return LEM_OK;
    LEM_TRY(open_k(&a, problems, n, err));
    if (a.n < n) goto done;
    if (strcmp(protocol, EXACT) == 0) LEM_TRY(exact_columns(&a, err));
    else LEM_TRY(strcmp(protocol, FIRST) == 0 ? first_columns(&a, err) : seed_columns(&a, err));
    for (int c = 0; c < a.n_columns && !*there; c++) {
        *there = strcmp(a.c[c].name, name) == 0;
        if (*there) memcpy(v, a.c[c].v, (size_t)n * sizeof *v);
    }
done:
    close_k(&a);
    return st;
}

lem_status lem_eval_metrics(const lem_eval_problem *problems, int n, const lem_eval_opts *opts,
                            lem_metrics *out, lem_err *err) {
    lem_metrics m = {0};
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
