/* judge_pool.c - best of k from pools of candidates, a file a dataset */
#include "eval/judge_pool.h"

#include "core/file.h"
#include "eval/judge_priv.h"
#include "eval/result.h"

#include <math.h>
#include <string.h>

lem_status lem_judge_pool_is(const char *path, const lem_row_judge *judge, const lem_cancel *cancel,
                             bool *out, lem_err *err) {
    lem_judge_rows *rows = NULL;
    lem_json *row = NULL;
    *out = false;
    if (strcmp(path, "-") == 0) return LEM_OK;
    lem_status st =
        lem_judge_rows_open(&path, 1, &(lem_rowset_opts){.cancel = cancel, .judge = judge}, &rows, err);
    if (st == LEM_OK) st = lem_judge_rows_next(rows, &row, err);
    if (st == LEM_OK && row)
        *out = lem_judge_kind_of(row) == LEM_JUDGE_NONE && lem_candidates_format(row) != NULL;
    lem_json_free(row);
    lem_judge_rows_close(rows);
    return st;
}

/* "gsm8k" of "runs/gsm8k.scored.jsonl". */
static lem_status name_subset(lem_judge_data *d, const char *path, int at, lem_err *err) {
    const char *base = lem_path_base(path);
    size_t n = strcspn(base, ".");
    d->subset[at] = lem_arena_strndup(d->arena, base, n ? n : strlen(base));
    if (!d->subset[at]) return lem_fail(err, LEM_EMEM, "out of memory");
    for (int i = 0; i < at; i++)
        if (strcmp(d->subset[i], d->subset[at]) == 0)
            return lem_fail(err, LEM_EUSAGE, "%s: another file is called %s too", path, d->subset[i]);
    return LEM_OK;
}

static lem_status add_rows(lem_judge_data *d, const lem_eval_data *e, int subset, lem_err *err) {
    size_t n = (size_t)(d->n + e->n);
    lem_judge_item *p = lem_realloc(d->item, n, sizeof *p, err);
    if (!p) return LEM_EMEM;
    d->item = p;
    for (int i = 0; i < e->n; i++) p[d->n + i] = (lem_judge_item){.subset = subset};
    d->n = (int)n;
    d->missing += (int)e->spoil.unscored;
    d->decided += e->decided;
    return LEM_OK;
}

static lem_status add_metrics(lem_judge_data *d, lem_judge_result *r, const lem_metrics *m, int subset,
                              lem_err *err) {
    for (int i = 0; i < m->n; i++) {
        const lem_metric *from = &m->m[i];
        if (strcmp(from->protocol, "first-k") == 0) continue;
        const char *name = lem_arena_strndup(d->arena, from->name, strlen(from->name));
        lem_judge_metric *to = name ? lem_judge_add(r, name, from->protocol, d->subset[subset], err) : NULL;
        if (!to) return lem_fail(err, LEM_EMEM, "out of memory");
        double hits = from->at.mean * from->n;
        to->at = from->at;
        to->n = from->n;
        to->few = fmin(hits, from->n - hits) < LEM_EVAL_FEW_EVENTS;
    }
    return LEM_OK;
}

static lem_status add_file(const char *path, const lem_judge_pool *how, lem_judge_data *d,
                           lem_judge_result *r, int at, lem_err *err) {
    const lem_eval_load load = {.limit = how->limit,
                                .cancel = how->cancel,
                                .judge = how->judges ? how->judges[at] : NULL,
                                .pool = how->threads};
    lem_candidates_map *map = lem_candidates_map_new(err);
    lem_eval_data e = {.n = 0};
    lem_metrics m = {0};
    lem_eval_opts o = {.ks = {how->k}, .n_ks = 1, .seed = how->seed, .pool = how->threads};
    lem_status st = LEM_OK;
    o.n_seeds = how->n_seeds ? how->n_seeds : -1;
    if (!map) return LEM_EMEM;
    for (size_t i = 0; i < lem_json_count(how->map); i++)
        LEM_TRY(lem_candidates_map_set(map, lem_json_str(lem_json_at(how->map, i), ""), err));
    LEM_TRY(lem_eval_data_load(path, map, &load, &e, err));
    if (e.min_n < how->k)
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: %d candidates of each problem are to be drawn, one has %d",
                         path, how->k, e.min_n));
    if (e.n_scorers == 0)
        LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no scores; score it with `lemma rm score`", path));
    lem_eval_opts_from(&o, &e);
    LEM_TRY(lem_eval_metrics(e.p, e.n, &o, &m, err));
    LEM_TRY(add_rows(d, &e, at, err));
    st = add_metrics(d, r, &m, at, err);
done:
    lem_metrics_release(&m);
    lem_eval_data_release(&e);
    lem_candidates_map_free(map);
    return st;
}

/* The unweighted mean of each measure that every file has. */
static lem_status add_means(lem_judge_result *r, const lem_judge_data *d, lem_err *err) {
    int n = d->n_subsets, made = r->n;
    lem_eval_interval *at = lem_alloc((size_t)n, sizeof *at, err);
    if (!at) return LEM_EMEM;
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < made && r->m[i].subset == d->subset[0]; i++) {
        int found = 0;
        for (int b = 0; b < n; b++) {
            const lem_judge_metric *m =
                lem_judge_result_find(r, r->m[i].name, r->m[i].protocol, d->subset[b]);
            if (m) at[found++] = m->at;
        }
        if (found < n) continue;
        lem_judge_metric *m = lem_judge_add(r, r->m[i].name, r->m[i].protocol, LEM_JUDGE_MEAN, err);
        if (!m) st = LEM_EMEM;
        else m->at = lem_judge_mean_of(d, at, n), m->n = n;
    }
    lem_free(at);
    return st;
}

lem_status lem_judge_pool_measure(const char *const *paths, size_t n, const lem_judge_pool *how,
                                  lem_judge_data *d, lem_judge_result *r, lem_err *err) {
    lem_judge_data own = {.kind = LEM_JUDGE_ACEMATH, .n_subsets = (int)n};
    lem_judge_result made = {.threshold = NAN};
    lem_status st = LEM_OK;
    own.arena = lem_arena_new(0, 0, err);
    own.subset = lem_alloc_zero(n, sizeof *own.subset, err);
    if (!own.arena || !own.subset) LEM_TRY(LEM_EMEM);
    for (size_t i = 0; i < n; i++) LEM_TRY(name_subset(&own, paths[i], (int)i, err));
    for (size_t i = 0; i < n; i++) LEM_TRY(add_file(paths[i], how, &own, &made, (int)i, err));
    if (n > 1) LEM_TRY(add_means(&made, &own, err));
    *d = own;
    made.d = d;
    *r = made;
    return LEM_OK;
done:
    lem_judge_result_release(&made);
    lem_judge_data_release(&own);
    return st;
}
