/* values.c - matching problems of several sets, and the values of a metric on them */
#include "eval/values.h"

#include "core/hash.h"
#include "core/mem.h"
#include "eval/majk.h"
#include "eval/passk.h"
#include "eval/result.h"
#include "eval/rmk.h"

#include <stdio.h>
#include <string.h>

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

static lem_status make_room(lem_matched *m, size_t most, lem_err *err) {
    m->name = lem_alloc(most, sizeof *m->name, err);
    if (!m->name) return LEM_EMEM;
    for (int s = 0; s < m->n_sides; s++) {
        lem_matched_side *x = &m->side[s];
        x->p = lem_alloc(most, sizeof *x->p, err);
        x->v = lem_alloc(most, sizeof *x->v, err);
        if (!x->p || !x->v) return LEM_EMEM;
    }
    return LEM_OK;
}

/* Problem i of the first side, where all have it. */
static void take(lem_matched *m, lem_map *const *index, int i) {
    const lem_eval_data *first = m->side[0].d;
    uint64_t id = first->p[i].id;
    for (int s = 0; s < m->n_sides; s++) {
        int64_t at;
        if (!lem_map_find(index[s], (const char *)&id, sizeof id, &at)) return;
        m->side[s].p[m->n] = m->side[s].d->p[at];
    }
    for (int s = 0; s < m->n_sides; s++) {
        int n = m->side[s].p[m->n].n;
        if (m->least == 0 || n < m->least) m->least = n;
    }
    m->name[m->n++] = first->name[i];
}

static lem_status find_clusters(lem_matched *m, lem_err *err) {
    const lem_eval_problem **p = lem_alloc((size_t)m->n, sizeof *p, err);
    if (!p) return LEM_EMEM;
    for (int i = 0; i < m->n; i++) p[i] = &m->side[0].p[i];
    lem_status st = lem_eval_clusters_make(p, m->n, &m->clusters, err);
    lem_free((void *)p);
    return st;
}

lem_status lem_eval_match(const lem_eval_data *const *d, const char *const *names, int n_sides,
                          lem_matched *out, lem_err *err) {
    lem_matched m = {.n_sides = n_sides};
    lem_map **index = lem_alloc_zero((size_t)n_sides, sizeof *index, err);
    lem_status st = LEM_OK;
    m.side = lem_alloc_zero((size_t)n_sides, sizeof *m.side, err);
    if (!index || !m.side) LEM_TRY(LEM_EMEM);
    for (int s = 0; s < n_sides; s++) {
        m.side[s].d = d[s];
        lem_eval_opts_from(&m.side[s].o, d[s]);
        LEM_TRY(index_of(d[s], names[s], &index[s], err));
    }
    LEM_TRY(make_room(&m, (size_t)d[0]->n, err));
    for (int i = 0; i < d[0]->n; i++) take(&m, index, i);
    if (m.n == 0)
        LEM_TRY(lem_fail(err, LEM_EDATA, "no problem stands in %s files (they are matched by id)",
                         n_sides == 2 ? "both" : "all"));
    LEM_TRY(find_clusters(&m, err));
    *out = m;
    m = (lem_matched){0};
done:
    for (int s = 0; index && s < n_sides; s++) lem_map_free(index[s]);
    lem_free(index);
    lem_matched_release(&m);
    return st;
}

void lem_matched_release(lem_matched *m) {
    for (int s = 0; m->side && s < m->n_sides; s++) {
        lem_free(m->side[s].p);
        lem_free(m->side[s].v);
    }
    lem_free(m->side);
    lem_eval_clusters_release(&m->clusters);
    lem_free((void *)m->name);
    *m = (lem_matched){0};
}

/* ---- metrics ---- */

static bool has_scorer(const lem_eval_opts *o, const char *name) {
    bool has = false;
    for (int s = 0; s < o->n_scorers; s++) has = has || strcmp(o->scorers[s], name) == 0;
    return has;
}

int lem_matched_families(const lem_matched *m, const char *out[2 + LEM_EVAL_MAX_SCORERS]) {
    const lem_eval_opts *first = &m->side[0].o;
    bool votes = true;
    int n = 0;
    out[n++] = "pass";
    for (int s = 0; s < m->n_sides; s++) votes = votes && !m->side[s].o.no_votes;
    if (votes) out[n++] = "maj";
    for (int k = 0; k < first->n_scorers; k++) {
        bool all = true;
        for (int s = 1; s < m->n_sides; s++) all = all && has_scorer(&m->side[s].o, first->scorers[k]);
        if (all) out[n++] = first->scorers[k];
    }
    return n;
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
static lem_status values_of_all(const lem_matched_side *x, int n, const char *name, bool *there,
                                lem_err *err) {
    enum { MOST = LEM_EVAL_MAX_N };
    all_kind kind;
    int scorer = 0;
    *there = find_kind(&x->o, name, &kind, &scorer);
    if (!*there) return LEM_OK;
    int *subset = lem_alloc(MOST, sizeof *subset, err);
    double *count = lem_alloc_zero(MOST, sizeof *count, err);
    for (int i = 0; subset && i < MOST; i++) subset[i] = i;
    for (int i = 0; subset && count && i < n; i++)
        x->v[i] = value_of_all(&x->p[i], kind, scorer, subset, count);
    lem_status st = subset && count ? LEM_OK : LEM_EMEM;
    lem_free(subset);
    lem_free(count);
    return st;
}

lem_status lem_matched_side_values(lem_matched *m, int side, const char *name, const char *protocol,
                                   bool *there, lem_err *err) {
    const lem_matched_side *x = &m->side[side];
    if (of_all(name)) return values_of_all(x, m->n, name, there, err);
    return lem_eval_values(x->p, m->n, &x->o, name, protocol, x->v, there, err);
}

lem_status lem_matched_values_by(lem_matched *m, const char *const *names, const char *protocol, bool *there,
                                 lem_err *err) {
    lem_status st = LEM_OK;
    *there = true;
    for (int s = 0; st == LEM_OK && *there && s < m->n_sides; s++)
        st = lem_matched_side_values(m, s, names[s], protocol, there, err);
    return st;
}

lem_status lem_matched_values(lem_matched *m, const char *const *names, const char **protocol, lem_err *err) {
    static const char *const protocols[] = {"exact", "first-k"};
    bool every = true, there = false;
    for (int s = 0; s < m->n_sides; s++) every = every && of_all(names[s]);
    for (int p = 0; p < 2; p++) {
        lem_status st = lem_matched_values_by(m, names, protocols[p], &there, err);
        *protocol = every ? "all" : protocols[p];
        if (st || there) return st;
    }
    const char *last = names[m->n_sides - 1], *files = m->n_sides == 2 ? "both" : "all";
    char of[100];
    snprintf(of, sizeof of, "%.45s:%.45s", names[0], last);
    if (strcmp(names[0], last) == 0) *strchr(of, ':') = '\0';
    const char *family[2 + LEM_EVAL_MAX_SCORERS];
    char have[256] = "";
    for (int i = 0, n = lem_matched_families(m, family); i < n; i++) {
        size_t len = strlen(have);
        snprintf(have + len, sizeof have - len, "%s%.20s@k", i ? ", " : "", family[i]);
    }
    return lem_fail(
        err, LEM_EUSAGE,
        "'%s' cannot be had of %s files for each of the %d problems; there are %s, with k up to %d", of,
        files, m->n, have, m->least);
}
