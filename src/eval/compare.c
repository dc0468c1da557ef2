/* compare.c - what differs between two files of candidates for the same problems */
#include "eval/compare.h"

#include "core/file.h"
#include "core/mem.h"
#include "eval/values.h"

#include <stdio.h>
#include <string.h>

enum { MAX_USUAL = 64, NAME = 40 };

static lem_status match(const lem_eval_data *a, const lem_eval_data *b, lem_matched *m, lem_err *err) {
    static const char *const sides[] = {"the first file", "the second file"};
    return lem_eval_match((const lem_eval_data *const[]){a, b}, sides, 2, m, err);
}

/* All that both have, at k; with `weighted`, the votes by scores too. */
static int usual_names(const lem_matched *m, int k, bool weighted, char names[][NAME], int n) {
    const char *family[2 + LEM_EVAL_MAX_SCORERS];
    int have = lem_matched_families(m, family);
    bool votes = have > 1 && strcmp(family[1], "maj") == 0;
    for (int i = 0; i < have && (i == 0 || k > 1); i++) {
        snprintf(names[n++], NAME, "%.20s@%d", family[i], k);
        if (i > 1 && weighted && votes) snprintf(names[n++], NAME, "%.16s-weighted@%d", family[i], k);
    }
    return n;
}

/* "rm@8" is both sides' name, "maj@8:rm@8" is the first file's and the second's. */
static void split(const char *name, char of[2][NAME]) {
    const char *colon = strchr(name, ':');
    snprintf(of[0], NAME, "%.*s", colon ? (int)(colon - name) : NAME - 1, name);
    snprintf(of[1], NAME, "%s", colon ? colon + 1 : of[0]);
}

/* What values left. */
static void compare_values(lem_matched *m, const char *name, const char *protocol, lem_comparison *out) {
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%.95s", name);
    out->protocol = protocol;
    out->a = lem_eval_clusters_mean(&m->clusters, m->side[0].v);
    out->b = lem_eval_clusters_mean(&m->clusters, m->side[1].v);
    out->b_minus_a = lem_eval_clusters_paired(&m->clusters, m->side[1].v, m->side[0].v);
}

/* Of what the values left; problems are drawn, with all their rows. */
static lem_status resample(const lem_matched *m, lem_comparison *out, lem_err *err) {
    const lem_eval_clusters *c = &m->clusters;
    double *d = lem_alloc_zero((size_t)c->n, sizeof *d, err);
    if (!d) return LEM_EMEM;
    for (int i = 0; i < m->n; i++)
        d[c->of ? c->of[i] : i] += (m->side[1].v[i] - m->side[0].v[i]) * c->n / m->n;
    lem_status st = lem_bootstrap_mean(d, c->n, 0, &out->bootstrap, err);
    out->resampled = st == LEM_OK;
    lem_free(d);
    return st;
}

static lem_status compare_one(lem_matched *m, const char *name, lem_comparison *out, lem_err *err) {
    char of[2][NAME];
    const char *protocol;
    split(name, of);
    lem_status st = lem_matched_values(m, (const char *const[]){of[0], of[1]}, &protocol, err);
    if (st) return st;
    compare_values(m, name, protocol, out);
    return resample(m, out, err);
}

/* Problems whose first k candidates give a right choice in one of the files alone. */
static lem_status list_flips(lem_matched *m, const char *name, lem_compared *out, lem_err *err) {
    bool a, b;
    char of[2][NAME];
    split(name, of);
    const double *va = m->side[0].v, *vb = m->side[1].v;
    lem_status st = lem_matched_side_values(m, 0, of[0], "first-k", &a, err);
    if (st == LEM_OK) st = lem_matched_side_values(m, 1, of[1], "first-k", &b, err);
    if (st || !a || !b) return st;
    out->flip = lem_alloc((size_t)m->n, sizeof *out->flip, err);
    if (!out->flip) return LEM_EMEM;
    for (int i = 0; i < m->n; i++)
        if ((va[i] > 0.5) != (vb[i] > 0.5)) out->flip[out->n_flips++] = (lem_flip){m->name[i], vb[i] > 0.5};
    return LEM_OK;
}

/* Of the usual metrics: the first score's choice at k, else the vote's, else the first. */
static int most_telling(const char *const *names, int n, int k) {
    char at_k[16];
    int best = 0, rank = 0;
    snprintf(at_k, sizeof at_k, "@%d", k);
    for (int i = 0; i < n; i++) {
        int mine = strncmp(names[i], "maj@", 4) == 0 ? 1 : 2;
        if (!lem_path_ends(names[i], at_k) || strncmp(names[i], "pass@", 5) == 0 || mine <= rank) continue;
        best = i;
        rank = mine;
    }
    return best;
}

lem_status lem_eval_compare(const lem_eval_data *a, const lem_eval_data *b, const char *const *names,
                            int n_names, lem_compared *out, lem_err *err) {
    lem_matched m = {0};
    lem_compared c = {0};
    char usual[MAX_USUAL][NAME];
    const char *list[LEM_MAX_COMPARED];
    lem_status st = LEM_OK;
    int n = n_names, k = 1;
    if (n > LEM_MAX_COMPARED)
        return lem_fail(err, LEM_EUSAGE, "%d metrics to compare, %d are the most", n, LEM_MAX_COMPARED);
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
    if (n_names == 0) c.flipped = most_telling(list, n, k);
    LEM_TRY(list_flips(&m, list[c.flipped], &c, err));
    *out = c;
    c = (lem_compared){0};
done:
    lem_compared_release(&c);
    lem_matched_release(&m);
    return st;
}

static bool is_told(const lem_compared *c, const char *name, const char *protocol) {
    bool told = false;
    for (int i = 0; i < c->n_at && !told; i++)
        told = strcmp(c->at[i].name, name) == 0 && strcmp(c->at[i].protocol, protocol) == 0;
    return told;
}

/* One metric by all its protocols. */
static lem_status add_protocols(lem_matched *m, const char *name, lem_compared *c, lem_err *err) {
    static const char *const protocols[] = {"exact", "first-k", "seeds"};
    for (int p = 0; p < 3; p++) {
        bool there = false;
        if (is_told(c, name, protocols[p])) continue;
        lem_status st =
            lem_matched_values_by(m, (const char *const[]){name, name}, protocols[p], &there, err);
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
    lem_matched m = {0};
    char names[MAX_USUAL][NAME];
    lem_status st = LEM_OK;
    LEM_TRY(match(c->a, c->b, &m, err));
    m.side[0].o.seed = m.side[1].o.seed = seed;
    for (int k = 1; k <= m.least; k *= 2) {
        int n = usual_names(&m, k, true, names, 0);
        for (int i = 0; i < n; i++) LEM_TRY(add_protocols(&m, names[i], c, err));
    }
done:
    lem_matched_release(&m);
    return st;
}

void lem_compared_release(lem_compared *c) {
    lem_free(c->at);
    lem_free(c->flip);
    *c = (lem_compared){0};
}
