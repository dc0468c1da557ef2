/* outside.c - problems in, rollouts wanted, rollouts given, labels out */
#include "annotate/outside.h"
#include "annotate/problem_priv.h"

#include "core/mem.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

typedef struct place {
    size_t problem;
    int point;
} place;

struct lem_outside {
    const lem_annotate_opts *o;
    lem_annotate_host host;
    ann_problem **problem; /* [n] */
    size_t n, cap;
    place *at; /* [points] */
    size_t points;
    int *missing; /* [o->n] */
    lem_buf text;
};

void lem_outside_free(lem_outside *a) {
    if (!a) return;
    for (size_t i = 0; i < a->n; i++) lem_ann_problem_free(a->problem[i]);
    lem_free(a->problem);
    lem_free(a->at);
    lem_free(a->missing);
    lem_buf_release(&a->text);
    lem_free(a);
}

static lem_status add_problem(lem_outside *a, const lem_annotate_problem *in, const lem_tokenizer *tok,
                              lem_err *err) {
    if (a->n == a->cap) {
        size_t cap = 2 * a->cap + 64;
        ann_problem **more = lem_realloc(a->problem, cap, sizeof *more, err);
        if (!more) return LEM_EMEM;
        a->problem = more;
        a->cap = cap;
    }
    lem_status st = lem_ann_problem_new(in, a->o, tok, INT_MAX, &a->host, &a->problem[a->n], err);
    if (st != LEM_OK) return lem_err_context(err, "problem %llu", (unsigned long long)in->index);
    a->points += (size_t)a->problem[a->n++]->tree.n_points;
    return LEM_OK;
}

static lem_status read_all(lem_outside *a, const lem_tokenizer *tok, const lem_cancel *cancel, lem_err *err) {
    bool more = true;
    lem_status st = LEM_OK;
    while (st == LEM_OK) {
        lem_annotate_problem in;
        st = lem_cancel_check(cancel, err);
        if (st == LEM_OK) st = a->host.next(a->host.ctx, &in, &more, err);
        if (st != LEM_OK || !more) break;
        st = add_problem(a, &in, tok, err);
    }
    return st;
}

static lem_status number_points(lem_outside *a, lem_err *err) {
    size_t at = 0, all;
    if (!lem_mul_size(a->points, (size_t)a->o->n, &all)) return lem_fail(err, LEM_EMEM, "too many rollouts");
    a->at = lem_alloc(a->points + 1, sizeof *a->at, err);
    a->missing = lem_alloc((size_t)a->o->n, sizeof *a->missing, err);
    if (!a->at || !a->missing) return LEM_EMEM;
    for (size_t i = 0; i < a->n; i++)
        for (int k = 0; k < a->problem[i]->tree.n_points; k++) a->at[at++] = (place){i, k};
    return LEM_OK;
}

lem_status lem_outside_new(const lem_annotate_opts *o, const lem_tokenizer *tok,
                           const lem_annotate_host *host, const lem_cancel *cancel, lem_outside **out,
                           lem_err *err) {
    lem_outside *a = lem_alloc_zero(1, sizeof *a, err);
    if (!a) return LEM_EMEM;
    a->o = o;
    a->host = *host;
    a->host.known = NULL;
    lem_status st = lem_annotate_check(o, err);
    if (st == LEM_OK) st = read_all(a, tok, cancel, err);
    if (st == LEM_OK) st = number_points(a, err);
    if (st == LEM_OK) *out = a;
    else lem_outside_free(a);
    return st;
}

size_t lem_outside_rollouts(const lem_outside *a) { return a->points * (size_t)a->o->n; }

static place place_of(const lem_outside *a, size_t rollout) { return a->at[rollout / (size_t)a->o->n]; }

lem_outside_prefix lem_outside_at(const lem_outside *a, size_t rollout) {
    place at = place_of(a, rollout);
    const ann_problem *p = a->problem[at.problem];
    const ann_point *x = &p->tree.point[at.point];
    return (lem_outside_prefix){.problem = p->in.index,
                                .point = at.point,
                                .key = x->key,
                                .solution = p->in.solution[x->solution],
                                .bytes = x->bytes,
                                .ids = p->solution[x->solution].ids.data,
                                .n_ids = (size_t)x->length};
}

static uint64_t problem_at(const lem_outside *a, size_t point) {
    return a->problem[a->at[point].problem]->in.index;
}

size_t lem_outside_find(const lem_outside *a, uint64_t problem, uint64_t point, uint64_t candidate) {
    size_t low = 0, high = a->points;
    while (low < high) { /* the first point of the problem */
        size_t mid = low + (high - low) / 2;
        if (problem_at(a, mid) < problem) low = mid + 1;
        else high = mid;
    }
    if (point >= a->points - low || candidate >= (uint64_t)a->o->n) return SIZE_MAX;
    low += (size_t)point;
    return problem_at(a, low) == problem ? low * (size_t)a->o->n + (size_t)candidate : SIZE_MAX;
}

/* ---- what is wanted ---- */

static lem_status want_point(lem_outside *a, ann_problem *p, size_t first, int point, int most,
                             lem_outside_want *want, void *ctx, lem_err *err) {
    int n = lem_ann_problem_missing(p, point, a->missing);
    lem_status st = LEM_OK;
    if (a->o->early_stop && n > most) n = most;
    for (int k = 0; st == LEM_OK && k < n; k++)
        st = want(ctx, (first + (size_t)point) * (size_t)a->o->n + (size_t)a->missing[k], err);
    return st;
}

lem_status lem_outside_wanted(lem_outside *a, int most, lem_outside_want *want, void *ctx, lem_err *err) {
    size_t first = 0;
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < a->n; i++) {
        ann_problem *p = a->problem[i];
        for (int point; (point = lem_ann_problem_next(p)) >= 0;)
            lem_ann_problem_asked(p, point, LEM_NO_REQUEST);
        for (int k = 0; st == LEM_OK && k < p->n_flight; k++)
            st = want_point(a, p, first, p->flight[k], most, want, ctx, err);
        first += (size_t)p->tree.n_points;
    }
    return st;
}

/* ---- what is given ---- */

static bool is_open(const ann_problem *p, int point) {
    for (int i = 0; i < p->n_flight; i++)
        if (p->flight[i] == point) return true;
    return false;
}

static lem_status judge(lem_outside *a, const ann_problem *p, place at, int candidate, const char *text,
                        size_t len, lem_rollout *x, lem_err *err) {
    const ann_point *point = &p->tree.point[at.point];
    lem_buf_clear(&a->text);
    lem_buf_add(&a->text, p->in.solution[point->solution], point->bytes);
    lem_buf_add(&a->text, text, len);
    lem_status st = lem_buf_ok(&a->text, err);
    if (st != LEM_OK) return st;
    lem_annotate_text t = {.problem = p->in.index,
                           .point = at.point,
                           .candidate = candidate,
                           .text = lem_buf_str(&a->text),
                           .len = a->text.len,
                           .prefix = point->bytes,
                           .truncated = x->truncated};
    return a->host.judge(a->host.ctx, &t, &x->verdict, err);
}

lem_status lem_outside_give(lem_outside *a, size_t rollout, const char *text, size_t len, int tokens,
                            bool truncated, lem_err *err) {
    place at = place_of(a, rollout);
    ann_problem *p = a->problem[at.problem];
    int candidate = (int)(rollout % (size_t)a->o->n);
    lem_rollout x = {.truncated = truncated, .tokens = tokens};
    if (!is_open(p, at.point)) return LEM_OK;
    lem_status st = judge(a, p, at, candidate, text, len, &x, err);
    if (st == LEM_OK) lem_ann_problem_take(p, at.point, candidate, &x);
    return st;
}

void lem_outside_lose(lem_outside *a, size_t rollout) {
    place at = place_of(a, rollout);
    ann_problem *p = a->problem[at.problem];
    lem_rollout x = {.verdict = LEM_GRADE_UNDECIDED};
    if (is_open(p, at.point)) lem_ann_problem_take(p, at.point, (int)(rollout % (size_t)a->o->n), &x);
}

lem_status lem_outside_finish(lem_outside *a, lem_annotate_stats *stats, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < a->n; i++)
        st = lem_ann_problem_report(a->problem[i], &a->host, stats, err);
    return st;
}
