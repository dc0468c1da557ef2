/* judge_load.c - scored rows of a benchmark as arrays */
#include "core/hash.h"
#include "data/rows.h"
#include "eval/aggregate.h"
#include "eval/clusters.h"
#include "eval/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_N = 4096, MAX_STEPS = 4096, N_AGGREGATORS = LEM_EVAL_AGG_MEAN_ODDS + 1 };

typedef struct loader {
    const lem_judge_load *how;
    lem_judge_data *d;
    lem_map *subsets;
    lem_map *problems;      /* key to the subset where it was met first */
    bool has_rm, has_steps; /* told by the first row */
    const char *file;
} loader;

static lem_status no_memory(lem_err *err) { return lem_fail(err, LEM_EMEM, "out of memory"); }

static bool of_steps(lem_judge_kind k) { return k == LEM_JUDGE_PROCESSBENCH || k == LEM_JUDGE_PRMBENCH; }

/* ---- scores ---- */

/* A number, or NAN of null. */
static lem_status read_score(const lem_json *v, const char *field, size_t i, double *out, lem_err *err) {
    if (lem_json_kind(v) == LEM_JSON_ARRAY && lem_json_count(v) == 1) v = lem_json_at(v, 0);
    *out = lem_json_num(v, NAN);
    if (isfinite(*out) || lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "%s[%zu]: a number or null expected, found %s", field, i,
                    lem_json_kind_name(v));
}

/* The step scores of one solution; *n -1 of null, and where one of them is null. */
static lem_status read_steps(loader *l, const lem_json *v, size_t i, const double **out, int *n,
                             lem_err *err) {
    size_t count = lem_json_count(v);
    char field[48];
    *out = NULL;
    *n = -1;
    if (lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    if (lem_json_kind(v) != LEM_JSON_ARRAY || count > MAX_STEPS)
        return lem_fail(err, LEM_EDATA,
                        "step_scores[%zu]: a list of at most %d numbers or null expected, "
                        "found %s",
                        i, MAX_STEPS, lem_json_kind_name(v));
    double *step = lem_arena_alloc(l->d->arena, count + 1, sizeof *step);
    if (!step) return no_memory(err);
    bool missing = count == 0;
    snprintf(field, sizeof field, "step_scores[%zu]", i);
    for (size_t k = 0; k < count; k++) {
        const lem_json *x = lem_json_at(v, k);
        step[k] = lem_json_num(x, NAN);
        if (!isfinite(step[k]) && lem_json_kind(x) != LEM_JSON_NULL)
            return lem_fail(err, LEM_EDATA, "%s[%zu]: a number or null expected, found %s", field, k,
                            lem_json_kind_name(x));
        missing = missing || isnan(step[k]);
        if (step[k] < 0 || step[k] > 1) l->d->no_probabilities = true;
    }
    *out = step;
    *n = missing ? -1 : (int)count;
    return LEM_OK;
}

static lem_status column(const lem_json *row, const char *name, int n, const lem_json **out, lem_err *err) {
    *out = lem_json_get(row, name);
    if (lem_json_kind(*out) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "%s: a list expected, found %s", name,
                        *out ? lem_json_kind_name(*out) : "nothing");
    if ((int)lem_json_count(*out) == n) return LEM_OK;
    return lem_fail(err, LEM_EDATA, "%s: %d entries expected, as in correct, found %zu", name, n,
                    lem_json_count(*out));
}

/* Every aggregate of the candidates' steps. */
static lem_status aggregate(loader *l, const lem_json *row, lem_judge_item *it, int first, lem_err *err) {
    const lem_json *list;
    double *value[N_AGGREGATORS];
    lem_status st = column(row, "step_scores", it->n, &list, err);
    for (int a = 0; st == LEM_OK && a < N_AGGREGATORS; a++) {
        value[a] = lem_arena_alloc(l->d->arena, (size_t)it->n, sizeof **value);
        if (!value[a]) st = no_memory(err);
        else it->score[first + a] = value[a];
    }
    for (int i = 0; st == LEM_OK && i < it->n; i++) {
        const double *step;
        int n;
        st = read_steps(l, lem_json_at(list, (size_t)i), (size_t)i, &step, &n, err);
        for (int a = 0; st == LEM_OK && a < N_AGGREGATORS; a++)
            value[a][i] = n < 0 ? NAN : lem_eval_aggregate(step, (size_t)n, (lem_eval_aggregator)a);
    }
    return st;
}

static lem_status read_scores(loader *l, const lem_json *row, lem_judge_item *it, lem_err *err) {
    const lem_json *list = NULL;
    int s = 0;
    lem_status st = LEM_OK;
    if (l->has_rm) {
        double *v = lem_arena_alloc(l->d->arena, (size_t)it->n, sizeof *v);
        st = v ? column(row, "rm_score", it->n, &list, err) : no_memory(err);
        for (int i = 0; st == LEM_OK && i < it->n; i++)
            st = read_score(lem_json_at(list, (size_t)i), "rm_score", (size_t)i, &v[i], err);
        it->score[s++] = v;
    }
    if (st == LEM_OK && l->has_steps) st = aggregate(l, row, it, s, err);
    bool missing = false;
    for (int k = 0; st == LEM_OK && k < l->d->n_scorers; k++)
        for (int i = 0; i < it->n; i++) missing = missing || isnan(it->score[k][i]);
    l->d->missing += missing;
    return st;
}

/* ---- one row ---- */

/* What a benchmark asks of the right ones. */
static lem_status check_right(lem_judge_kind kind, const uint8_t *right, size_t n, size_t n_right,
                              lem_err *err) {
    if (!of_steps(kind) && (n_right == 0 || n_right == n))
        return lem_fail(err, LEM_EDATA, "correct: at least one true and one false expected");
    bool styles = n == 6 && n_right == 3 && right[0] && right[1] && right[2];
    if (kind == LEM_JUDGE_RMBENCH && !styles)
        return lem_fail(err, LEM_EDATA, "correct: three true and then three false expected, found %zu of %zu",
                        n_right, n);
    return LEM_OK;
}

static lem_status read_right(loader *l, const lem_json *row, lem_judge_item *it, lem_err *err) {
    const lem_json *list = lem_json_get(row, "correct");
    size_t n = lem_json_count(list), n_right = 0;
    if (lem_json_kind(list) != LEM_JSON_ARRAY || n < 1 || n > MAX_N)
        return lem_fail(err, LEM_EDATA, "correct: a list of 1 to %d entries expected, found %s", MAX_N,
                        list ? lem_json_kind_name(list) : "nothing");
    uint8_t *right = lem_arena_alloc(l->d->arena, n, 1);
    if (!right) return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const lem_json *v = lem_json_at(list, i);
        if (lem_json_kind(v) != LEM_JSON_BOOL)
            return lem_fail(err, LEM_EDATA, "correct[%zu]: true or false expected, found %s", i,
                            lem_json_kind_name(v));
        right[i] = lem_json_bool(v, false);
        n_right += right[i];
    }
    it->n = (int)n;
    it->right = right;
    return check_right(l->d->kind, right, n, n_right, err);
}

static lem_status read_wrong_steps(loader *l, const lem_json *row, lem_judge_item *it, lem_err *err) {
    const lem_json *list = lem_json_get(row, "error_steps");
    size_t n = lem_json_count(list);
    if (lem_json_kind(list) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "error_steps: a list expected, found %s",
                        list ? lem_json_kind_name(list) : "nothing");
    int *wrong = lem_arena_alloc(l->d->arena, n + 1, sizeof *wrong);
    if (!wrong) return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        int64_t k = lem_json_int(lem_json_at(list, i), 0);
        if (k < 1 || k > INT32_MAX)
            return lem_fail(err, LEM_EDATA, "error_steps[%zu]: the number of a step from 1 expected", i);
        if (it->n_step >= 0 && k > it->n_step) l->d->outside_steps++;
        wrong[i] = (int)k - 1;
    }
    it->wrong = wrong;
    it->n_wrong = (int)n;
    return LEM_OK;
}

/* The one solution of a benchmark of steps. */
static lem_status read_solution(loader *l, const lem_json *row, lem_judge_item *it, lem_err *err) {
    const lem_json *list, *given = lem_json_at(lem_json_get(row, "completion_steps"), 0);
    lem_status st = LEM_OK;
    if (it->n != 1) return lem_fail(err, LEM_EDATA, "correct: one solution expected, found %d", it->n);
    it->n_step = -1;
    it->given = given ? (int)lem_json_count(given) : -1;
    it->prediction = -2;
    it->label = (int)lem_json_int(lem_json_get(row, "label"), -3);
    if (l->d->kind == LEM_JUDGE_PROCESSBENCH && (it->label < -1 || it->label > MAX_STEPS))
        return lem_fail(err, LEM_EDATA, "label: -1 or the number of a step, from 0, expected");
    if (l->has_steps) {
        LEM_TRY(column(row, "step_scores", 1, &list, err));
        LEM_TRY(read_steps(l, lem_json_at(list, 0), 0, &it->step, &it->n_step, err));
        if (given && it->n_step >= 0 && it->n_step != it->given) {
            it->n_step = -1;
            l->d->other_steps++;
        }
        l->d->missing += it->n_step < 0;
    } else {
        int64_t p = lem_json_int(lem_json_get(row, "prediction"), INT64_MIN);
        if (p < -1 || p > MAX_STEPS)
            LEM_TRY(lem_fail(err, LEM_EDATA, "prediction: -1 or the number of a step, from 0, expected"));
        it->prediction = (int)p;
    }
    if (l->d->kind == LEM_JUDGE_PRMBENCH) st = read_wrong_steps(l, row, it, err);
done:
    return st;
}

static lem_status find_subset(loader *l, const lem_json *row, int *out, lem_err *err) {
    static const char *const names[] = {"subset", "domain", "classification"};
    const char *name = "";
    int64_t at = -1;
    for (int i = 0; i < 3 && !*name; i++) name = lem_json_str(lem_json_get(row, names[i]), "");
    lem_judge_data *d = l->d;
    if (!lem_map_find(l->subsets, name, strlen(name), &at)) {
        const char **p = lem_realloc(d->subset, (size_t)d->n_subsets + 1, sizeof *p, err);
        if (!p) return LEM_EMEM;
        d->subset = p;
        at = d->n_subsets;
        p[at] = lem_arena_strndup(d->arena, name, strlen(name));
        if (!p[at]) return no_memory(err);
        d->n_subsets++;
        lem_status st = lem_map_set(l->subsets, name, strlen(name), at, err);
        if (st) return st;
    }
    *out = (int)at;
    return LEM_OK;
}

/* Behind find_subset. */
static lem_status find_problem(loader *l, const lem_json *row, lem_judge_item *it, lem_err *err) {
    const char *text = lem_json_str(lem_json_get(row, "problem"), "");
    int64_t subset = it->subset;
    bool there = false;
    lem_status st = LEM_OK;
    it->problem = lem_eval_cluster_key(*text ? text : NULL);
    if (it->problem)
        st = lem_map_add(l->problems, (const char *)&it->problem, sizeof it->problem, &subset, &there, err);
    if (st) return st;
    l->d->n_problems += !there;
    l->d->shared = l->d->shared || subset != it->subset;
    return LEM_OK;
}

/* What the first row says of all. */
static lem_status take_first(loader *l, const lem_json *row, lem_err *err) {
    lem_judge_data *d = l->d;
    d->n_scorers = 0; /* of a row before that was left out */
    d->kind = lem_judge_kind_of(row);
    l->has_rm = lem_json_kind(lem_json_get(row, "rm_score")) == LEM_JSON_ARRAY && !of_steps(d->kind);
    l->has_steps = lem_json_kind(lem_json_get(row, "step_scores")) == LEM_JSON_ARRAY;
    if (d->kind == LEM_JUDGE_NONE)
        return lem_fail(err, LEM_EDATA, "a row of none of the benchmarks %s", LEM_JUDGE_NAMES);
    bool verdict = d->kind == LEM_JUDGE_PROCESSBENCH && lem_json_get(row, "prediction");
    if (!l->has_rm && !l->has_steps && !verdict)
        return lem_fail(err, LEM_EDATA,
                        "a row of %s without %sstep_scores: score the file first, with "
                        "`lemma %s score`",
                        lem_judge_name(d->kind), of_steps(d->kind) ? "" : "rm_score or ",
                        of_steps(d->kind) ? "prm" : "rm");
    if (l->has_rm) d->scorer[d->n_scorers++] = "rm_score";
    for (int a = 0; l->has_steps && !of_steps(d->kind) && a < N_AGGREGATORS; a++)
        d->scorer[d->n_scorers++] = lem_eval_aggregator_name((lem_eval_aggregator)a);
    return LEM_OK;
}

static lem_status add_row(loader *l, const lem_json *row, lem_err *err) {
    lem_judge_data *d = l->d;
    lem_status st = LEM_OK;
    if (d->n == 0) LEM_TRY(take_first(l, row, err));
    lem_judge_kind want = l->how->kind ? l->how->kind : d->kind, found = lem_judge_kind_of(row);
    if (found != want)
        LEM_TRY(lem_fail(err, LEM_EDATA, "a row of %s expected, found one of %s", lem_judge_name(want),
                         lem_judge_name(found)));
    if ((size_t)d->n == d->cap) {
        size_t cap = d->cap ? 2 * d->cap : 256;
        lem_judge_item *p = cap < INT32_MAX ? lem_realloc(d->item, cap, sizeof *p, err) : NULL;
        if (!p) return no_memory(err);
        d->item = p;
        d->cap = cap;
    }
    const char *id = lem_json_str(lem_json_get(row, "id"), "");
    lem_judge_item it = {0};
    if (d->kind == LEM_JUDGE_REWARDBENCH2 && !(it.id = lem_arena_strndup(d->arena, id, strlen(id))))
        LEM_TRY(no_memory(err));
    LEM_TRY(read_right(l, row, &it, err));
    if (of_steps(d->kind)) LEM_TRY(read_solution(l, row, &it, err));
    else LEM_TRY(read_scores(l, row, &it, err));
    LEM_TRY(find_subset(l, row, &it.subset, err));
    LEM_TRY(find_problem(l, row, &it, err));
    d->item[d->n++] = it;
done:
    return st;
}

/* Aggregators of probabilities mean nothing of other scores. */
static void drop_impossible(lem_judge_data *d) {
    int kept = 0;
    for (int s = 0; s < d->n_scorers; s++) {
        lem_eval_aggregator how;
        if (lem_eval_aggregator_find(d->scorer[s], &how) && lem_eval_aggregator_of_probabilities(how))
            continue;
        d->scorer[kept] = d->scorer[s];
        for (int i = 0; i < d->n; i++) d->item[i].score[kept] = d->item[i].score[s];
        kept++;
    }
    d->n_scorers = kept;
}

/* The row, unless it is left out (LEM_OK too); takes it. */
static lem_status take_row(loader *l, const lem_judge_rows *rows, lem_json *row, lem_err *err) {
    const char *file = lem_judge_rows_file(rows);
    const uint64_t number = lem_judge_rows_number(rows);
    lem_status st = add_row(l, row, err);
    lem_json_free(row);
    st = lem_data_row_failed(l->how->judge, file, number, st, err);
    return st == LEM_OK ? st : lem_err_context(err, "%s:%llu", file, (unsigned long long)number);
}

lem_status lem_judge_data_load(const char *const *paths, size_t n, const lem_judge_load *how,
                               lem_judge_data *out, lem_err *err) {
    lem_judge_data d = {0};
    loader l = {.how = how, .d = &d};
    lem_judge_rows *rows = NULL;
    lem_json *row = NULL;
    lem_status st = LEM_OK;
    d.arena = lem_arena_new(0, 0, err);
    l.subsets = lem_map_new(err);
    l.problems = lem_map_new(err);
    if (!d.arena || !l.subsets || !l.problems) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_judge_rows_open(paths, n, &(lem_rowset_opts){.cancel = how->cancel, .judge = how->judge},
                                &rows, err));
    while (how->limit < 0 || d.n < how->limit) {
        LEM_TRY(lem_judge_rows_next(rows, &row, err));
        if (!row) break;
        LEM_TRY(take_row(&l, rows, row, err));
    }
    if (d.n == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no rows", n ? paths[0] : "-"));
    if (d.no_probabilities) drop_impossible(&d);
    *out = d;
done:
    lem_judge_rows_close(rows);
    lem_map_free(l.subsets);
    lem_map_free(l.problems);
    if (st) lem_judge_data_release(&d);
    return st;
}

bool lem_judge_repeats(const lem_judge_data *d) { return d->n_problems && d->n_problems < d->n; }

void lem_judge_data_release(lem_judge_data *d) {
    lem_free(d->item);
    lem_free((void *)d->subset);
    lem_arena_free(d->arena);
    *d = (lem_judge_data){0};
}
