/* compare.c - matching the problems of two files, and what differs between them */
#include "eval/compare.h"

#include "core/hash.h"
#include "core/mem.h"
#include "eval/majk.h"
#include "eval/passk.h"
#include "eval/result.h"
#include "eval/rmk.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NAMES = 64, NAME = 40 };

typedef struct matched {
    lem_eval_problem *a, *b; /* [n] copies of what is in both */
    const char **name;
    int n, least; /* least: candidates that every problem has */
    lem_eval_opts oa, ob;
    double *va, *vb; /* [n] */
} matched;

/* ---- problems ---- */

static lem_status index_of(const lem_eval_data *d, const char *which, lem_map **out, lem_err *err) {
    lem_map *m = lem_map_new(err);
    lem_status st = m ? LEM_OK : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < d->n; i++) {
        int64_t seen;
        const char *key = (const char *)&d->p[i].id;
        if (lem_map_find(m, key, sizeof d->p[i].id, &seen))
            st = lem_fail(err, LEM_EDATA, "%s: problem '%s' stands twice (rows %lld and %d)", which,
                          d->name[i], (long long)seen + 1, i + 1);
        else st = lem_map_set(m, key, sizeof d->p[i].id, i, err);
    }
    if (st == LEM_OK) *out = m;
    else lem_map_free(m);
    return st;
}

static void note_least(matched *m, const lem_eval_problem *p) {
    if (m->least == 0 || p->n < m->least) m->least = p->n;
}

static lem_status match(const lem_eval_data *a, const lem_eval_data *b, matched *m, lem_err *err) {
    lem_map *in_a = NULL, *in_b = NULL;
    lem_status st = LEM_OK;
    size_t most = (size_t)a->n;
    LEM_TRY(index_of(a, "the first file", &in_a, err));
    LEM_TRY(index_of(b, "the second file", &in_b, err));
    m->a = lem_alloc(most, sizeof *m->a, err);
    m->b = lem_alloc(most, sizeof *m->b, err);
    m->name = lem_alloc(most, sizeof *m->name, err);
    m->va = lem_alloc(most, sizeof *m->va, err);
    m->vb = lem_alloc(most, sizeof *m->vb, err);
    if (!m->a || !m->b || !m->name || !m->va || !m->vb) LEM_TRY(LEM_EMEM);
    for (int i = 0; i < a->n; i++) {
        int64_t k;
        if (!lem_map_find(in_b, (const char *)&a->p[i].id, sizeof a->p[i].id, &k)) continue;
        m->a[m->n] = a->p[i];
        m->b[m->n] = b->p[k];
        m->name[m->n++] = a->name[i];
        note_least(m, &a->p[i]);
        note_least(m, &b->p[k]);
    }
    if (m->n == 0) st = lem_fail(err, LEM_EDATA, "no problem stands in both files (they are matched by id)");
done:
    lem_map_free(in_a);
    lem_map_free(in_b);
    return st;
}

static void release(matched *m) {
    lem_free(m->a);
    lem_free(m->b);
    lem_free((void *)m->name);
    lem_free(m->va);
    lem_free(m->vb);
}

/* ---- metrics ---- */

static bool has_scorer(const lem_eval_opts *o, const char *name) {
    bool has = false;
    for (int s = 0; s < o->n_scorers; s++) has = has || strcmp(o->scorers[s], name) == 0;
    return has;
}

/* All that both have, at k; with `weighted`, the votes by scores too. */
static int usual_names(const matched *m, int k, bool weighted, char names[][NAME], int n) {
    bool votes = !m->oa.no_votes && !m->ob.no_votes;
    snprintf(names[n++], NAME, "pass@%d", k);
    if (k == 1) return n;
    if (votes) snprintf(names[n++], NAME, "maj@%d", k);
    for (int s = 0; s < m->oa.n_scorers; s++) {
        const char *scorer = m->oa.scorers[s];
        if (!has_scorer(&m->ob, scorer)) continue;
        snprintf(names[n++], NAME, "%.20s@%d", scorer, k);
        if (weighted && votes) snprintf(names[n++], NAME, "%.16s-weighted@%d", scorer, k);
    }
    return n;
}

/* "rm@8" is both sides' name, "maj@8:rm@8" is the first file's and the second's. */
static void split(const char *name, char of[2][NAME]) {
    const char *colon = strchr(name, ':');
    snprintf(of[0], NAME, "%.*s", colon ? (int)(colon - name) : NAME - 1, name);
    snprintf(of[1], NAME, "%s", colon ? colon + 1 : of[0]);
}

static bool of_all(const char *name) {
    const char *at = strchr(name, '@');
    return at && strcmp(at, "@all") == 0;
}

typedef enum all_kind { ALL_PASS, ALL_VOTE, ALL_BEST } all_kind;

static double value_of_all(const lem_eval_problem *p, all_kind kind, int scorer, const int *subset,
                           double *count) {
    if (p->n == 0) return 0;
    if (kind == ALL_PASS) return lem_eval_count_correct(p) > 0;
    if (kind == ALL_VOTE) return lem_eval_vote(p, NULL, LEM_EVAL_WEIGHT_NONE, subset, p->n, count);
    return lem_eval_best_of(p, p->score[scorer], subset, p->n);
}

/* pass, maj, or the name of a scorer. */
static bool find_kind(const lem_eval_opts *o, const char *name, all_kind *kind, int *scorer) {
    size_t n = strcspn(name, "@");
    *kind = ALL_PASS;
    if (n == 4 && strncmp(name, "pass", n) == 0) return true;
    *kind = ALL_VOTE;
    if (n == 3 && strncmp(name, "maj", n) == 0) return !o->no_votes;
    *kind = ALL_BEST;
    for (int s = 0; s < o->n_scorers; s++) {
        *scorer = s;
        if (strlen(o->scorers[s]) == n && strncmp(o->scorers[s], name, n) == 0) return true;
    }
    return false;
}

/* What all candidates of each problem give, however many they are: right at all, the vote, or the best
 * scored; the first of equals. A problem without candidates is wrong. */
static lem_status values_of_all(const lem_eval_problem *p, int n, const lem_eval_opts *o, const char *name,
                                double *v, bool *there, lem_err *err) {
    enum { MOST = LEM_EVAL_MAX_N };
    all_kind kind;
    int scorer = 0;
    *there = find_kind(o, name, &kind, &scorer);
    if (!*there) return LEM_OK;
    int *subset = lem_alloc(MOST, sizeof *subset, err);
    double *count = lem_alloc_zero(MOST, sizeof *count, err);
    for (int i = 0; subset && i < MOST; i++) subset[i] = i;
    for (int i = 0; subset && count && i < n; i++) v[i] = value_of_all(&p[i], kind, scorer, subset, count);
    lem_status st = subset && count ? LEM_OK : LEM_EMEM;
    lem_free(subset);
    lem_free(count);
    return st;
}

/* The values of one side. */
static lem_status side_values(matched *m, int side, const char *name, const char *protocol, bool *there,
                              lem_err *err) {
    const lem_eval_problem *p = side ? m->b : m->a;
    const lem_eval_opts *o = side ? &m->ob : &m->oa;
    double *v = side ? m->vb : m->va;
    if (of_all(name)) return values_of_all(p, m->n, o, name, v, there, err);
    return lem_eval_values(p, m->n, o, name, protocol, v, there, err);
}

/* Without --all one of the first two tells a difference. */
static const char *const protocols[] = {"exact", "first-k", "seeds"};

/* Both sides by one protocol; *there: both have it. */
static lem_status values(matched *m, const char *name, const char *protocol, bool *there, lem_err *err) {
    char of[2][NAME];
    bool a = false, b = false;
    split(name, of);
    lem_status st = side_values(m, 0, of[0], protocol, &a, err);
    if (st == LEM_OK) st = side_values(m, 1, of[1], protocol, &b, err);
    *there = a && b;
    return st;
}

/* What values left. */
static void compare_values(const matched *m, const char *name, const char *protocol, lem_comparison *out) {
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%.95s", name);
    out->protocol = protocol;
    out->a = lem_eval_mean_interval(m->va, m->n);
    out->b = lem_eval_mean_interval(m->vb, m->n);
    out->b_minus_a = lem_eval_paired(m->vb, m->va, m->n);
}

/* By the exact values where both have them, else by the first k. */
static lem_status compare_one(matched *m, const char *name, lem_comparison *out, lem_err *err) {
    char of[2][NAME];
    split(name, of);
    bool all = of_all(of[0]) && of_all(of[1]), there = false;
    for (int p = 0; p < 2; p++) {
        lem_status st = values(m, name, protocols[p], &there, err);
        if (st) return st;
        if (!there) continue;
        compare_values(m, name, all ? "all" : protocols[p], out);
        return LEM_OK;
    }
    return lem_fail(err, LEM_EUSAGE,
                    "'%s' cannot be had of both files for each of the %d problems (%d candidates at "
                    "least)",
                    name, m->n, m->least);
}

/* Problems whose first k candidates give a right choice in one of the files alone. */
static lem_status list_flips(matched *m, const char *name, lem_compared *out, lem_err *err) {
    bool a, b;
    char of[2][NAME];
    split(name, of);
    lem_status st = side_values(m, 0, of[0], "first-k", &a, err);
    if (st == LEM_OK) st = side_values(m, 1, of[1], "first-k", &b, err);
    if (st || !a || !b) return st;
    out->flip = lem_alloc((size_t)m->n, sizeof *out->flip, err);
    if (!out->flip) return LEM_EMEM;
    for (int i = 0; i < m->n; i++)
        if ((m->va[i] > 0.5) != (m->vb[i] > 0.5))
            out->flip[out->n_flips++] = (lem_flip){m->name[i], m->vb[i] > 0.5};
    return LEM_OK;
}

lem_status lem_eval_compare(const lem_eval_data *a, const lem_eval_data *b, const char *const *names,
                            int n_names, lem_compared *out, lem_err *err) {
    matched m = {0};
    lem_compared c = {0};
    char usual[MAX_NAMES][NAME];
    const char *list[MAX_NAMES];
    lem_status st = LEM_OK;
    int n = n_names < MAX_NAMES ? n_names : MAX_NAMES, k = 1;
    lem_eval_opts_from(&m.oa, a);
    lem_eval_opts_from(&m.ob, b);
    LEM_TRY(match(a, b, &m, err));
    while (2 * k <= m.least) k *= 2;
    for (int i = 0; i < n; i++) list[i] = names[i];
    if (n == 0) {
        n = usual_names(&m, 1, false, usual, 0);
        if (k > 1) n = usual_names(&m, k, false, usual, n);
        for (int i = 0; i < n; i++) list[i] = usual[i];
    }
    c.a = a;
    c.b = b;
    c.n = m.n;
    c.only_a = a->n - m.n;
    c.only_b = b->n - m.n;
    c.at = lem_alloc((size_t)n, sizeof *c.at, err);
    if (!c.at) LEM_TRY(LEM_EMEM);
    for (; c.n_at < n; c.n_at++) LEM_TRY(compare_one(&m, list[c.n_at], &c.at[c.n_at], err));
    LEM_TRY(list_flips(&m, list[0], &c, err));
    *out = c;
    c = (lem_compared){0};
done:
    lem_compared_release(&c);
    release(&m);
    return st;
}

static bool is_told(const lem_compared *c, const char *name, const char *protocol) {
    bool told = false;
    for (int i = 0; i < c->n_at && !told; i++)
        told = strcmp(c->at[i].name, name) == 0 && strcmp(c->at[i].protocol, protocol) == 0;
    return told;
}

/* One metric by all its protocols. */
static lem_status add_protocols(matched *m, const char *name, lem_compared *c, lem_err *err) {
    for (int p = 0; p < 3; p++) {
        bool there = false;
        if (is_told(c, name, protocols[p])) continue;
        lem_status st = values(m, name, protocols[p], &there, err);
        if (st) return st;
        if (!there) continue;
        lem_comparison *more = lem_realloc(c->at, (size_t)c->n_at + 1, sizeof *more, err);
        if (!more) return LEM_EMEM;
        c->at = more;
        compare_values(m, name, protocols[p], &more[c->n_at++]);
    }
    return LEM_OK;
}

lem_status lem_eval_compare_all(lem_compared *c, uint64_t seed, lem_err *err) {
    matched m = {0};
    char names[MAX_NAMES][NAME];
    lem_status st = LEM_OK;
    lem_eval_opts_from(&m.oa, c->a);
    lem_eval_opts_from(&m.ob, c->b);
    m.oa.seed = m.ob.seed = seed;
    LEM_TRY(match(c->a, c->b, &m, err));
    for (int k = 1; k <= m.least; k *= 2) {
        int n = usual_names(&m, k, true, names, 0);
        for (int i = 0; i < n; i++) LEM_TRY(add_protocols(&m, names[i], c, err));
    }
done:
    release(&m);
    return st;
}

void lem_compared_release(lem_compared *c) {
    lem_free(c->at);
    lem_free(c->flip);
    *c = (lem_compared){0};
}
