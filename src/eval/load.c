/* load.c - candidate rows to problems: correctness, answer groups and scores as arrays */
#include "eval/load.h"

#include "core/hash.h"
#include "core/jsonl.h"
#include "core/mem.h"
#include "eval/grade_rows.h"
#include "grade/cluster.h"

#include <math.h>
#include <string.h>

enum { HAS_RM = 1, HAS_LOGPROB = 2, HAS_MEAN = 4, HAS_STEPS = 8, HAS_CORRECT = 16, HAS_TEXTS = 32 };

typedef struct loader {
    const lem_eval_load *how;
    lem_eval_data *d;
    lem_candidates_map *map;
    lem_candidates row;
    size_t cap;
    unsigned columns;
    lem_eval_aggregator agg[LEM_EVAL_MAX_SCORERS];
    int n_agg;
    bool rm_outside; /* a score of the reward model is outside [0,1] */
} loader;

static unsigned columns_of(const lem_candidates *c) {
    unsigned has = 0;
    if (c->rm_score) has |= HAS_RM;
    if (c->logprob) has |= HAS_LOGPROB;
    if (c->logprob_mean || (c->logprob && c->tokens)) has |= HAS_MEAN;
    if (c->steps) has |= HAS_STEPS;
    if (c->correct) has |= HAS_CORRECT;
    if (c->predicted || c->completion) has |= HAS_TEXTS;
    return has;
}

static const char *const aggregate_names[] = {"prm-last",      "prm-min",  "prm-max",        "prm-prod",
                                              "prm-geometric", "prm-mean", "prm-mean_logit", "prm-mean_odds"};

static void name_scorers(loader *l) {
    lem_eval_data *d = l->d;
    if (l->columns & HAS_RM) d->scorers[d->n_scorers++] = "rm";
    if (l->columns & HAS_STEPS)
        for (int a = 0; a < l->n_agg; a++) d->scorers[d->n_scorers++] = aggregate_names[l->agg[a]];
    if (l->columns & HAS_LOGPROB) d->scorers[d->n_scorers++] = "logprob";
    if (l->columns & HAS_MEAN) d->scorers[d->n_scorers++] = "logprob-mean";
}

static double *cells(loader *l, int n) { return lem_arena_alloc(l->d->arena, (size_t)n, sizeof(double)); }

static bool outside(double v) { return v < 0 || v > 1; }

static double step_score(loader *l, const lem_json *steps, lem_eval_aggregator how) {
    double v[4096];
    size_t n = lem_json_count(steps);
    if (!steps || lem_json_kind(steps) == LEM_JSON_NULL) return NAN;
    if (n > sizeof v / sizeof *v) n = sizeof v / sizeof *v;
    for (size_t j = 0; j < n; j++) {
        v[j] = lem_json_num(lem_json_at(steps, j), NAN);
        l->d->no_probabilities = l->d->no_probabilities || outside(v[j]);
    }
    return lem_eval_aggregate(v, n, how);
}

static double mean_logprob(const lem_candidates *c, int i) {
    if (c->logprob_mean) return c->logprob_mean[i];
    return c->tokens[i] > 0 ? c->logprob[i] / (double)c->tokens[i] : NAN;
}

/* What was asked for by name must mean something. */
static lem_status check_asked(const loader *l, lem_err *err) {
    if (!l->d->no_probabilities) return LEM_OK;
    for (int a = 0; a < l->how->n_aggregators; a++)
        if (lem_eval_aggregator_of_probabilities(l->agg[a]))
            return lem_fail(err, LEM_EDATA,
                            "step_scores: a score outside 0..1 is no probability, and '%s' is made of "
                            "probabilities alone",
                            lem_eval_aggregator_name(l->agg[a]));
    return LEM_OK;
}

static lem_status add_scores(loader *l, lem_eval_problem *p, lem_err *err) {
    const lem_candidates *c = &l->row;
    int s = 0;
    for (int k = 0; k < l->d->n_scorers; k++) {
        double *v = cells(l, p->n);
        if (!v) return lem_fail(err, LEM_EMEM, "out of memory");
        p->score[k] = v;
        const char *name = l->d->scorers[k];
        for (int i = 0; i < p->n; i++) {
            double x;
            if (strcmp(name, "rm") == 0) {
                x = c->rm_score[i];
                l->rm_outside = l->rm_outside || outside(x);
            } else if (strcmp(name, "logprob") == 0) x = c->logprob[i];
            else if (strcmp(name, "logprob-mean") == 0) x = mean_logprob(c, i);
            else x = step_score(l, c->steps[i], l->agg[s]);
            v[i] = isnan(x) ? -INFINITY : x;
            l->d->unscored += k == 0 && isnan(x); /* once a candidate */
        }
        s += strncmp(name, "prm-", 4) == 0;
    }
    return check_asked(l, err);
}

/* Correctness from the file, or graded here. */
static lem_status add_correct(loader *l, lem_eval_problem *p, lem_err *err) {
    const lem_candidates *c = &l->row;
    uint8_t *right = lem_arena_alloc(l->d->arena, (size_t)p->n, 1);
    if (!right) return lem_fail(err, LEM_EMEM, "out of memory");
    p->correct = right;
    if (c->correct) {
        for (int i = 0; i < p->n; i++) {
            right[i] = c->correct[i] == 1;
            l->d->undecided += c->correct[i] < 0;
        }
        return LEM_OK;
    }
    lem_grade_rows_opts o = {.profile = {.task = l->how->task}};
    lem_graded g;
    lem_status st = lem_grade_row(c, &o, &g, err);
    if (st != LEM_OK) return lem_err_context(err, "no column of correctness, and grading failed");
    for (int i = 0; i < p->n; i++) {
        lem_grade_correct k = lem_grade_correct_of(g.result[i].verdict);
        right[i] = k == LEM_GRADE_RIGHT;
        l->d->undecided += k == LEM_GRADE_UNDECIDED;
    }
    l->d->graded_here = true;
    lem_graded_release(&g);
    return LEM_OK;
}

/* The answer that a candidate votes for; empty: none. */
static lem_grade_answer_text vote(const loader *l, const lem_candidates *c, int i) {
    const char *const *texts = c->predicted ? c->predicted : c->completion;
    const char *text = texts ? texts[i] : NULL;
    lem_grade_answer_text a = {text, text ? strlen(text) : 0};
    lem_grade_span s;
    if (c->predicted || !text) return a;
    if (!lem_grade_extract(text, a.len, l->how->task, &s)) return (lem_grade_answer_text){text, 0};
    return (lem_grade_answer_text){text + s.offset, s.len};
}

static lem_status group_strings(const lem_grade_answer_text *a, int n, int *group, lem_err *err) {
    lem_map *seen = lem_map_new(err);
    lem_status st = seen ? LEM_OK : LEM_EMEM;
    for (int i = 0; st == LEM_OK && i < n; i++) {
        int64_t g = -1;
        if (a[i].len && !lem_map_find(seen, a[i].s, a[i].len, &g)) {
            g = (int64_t)lem_map_count(seen);
            st = lem_map_set(seen, a[i].s, a[i].len, g, err);
        }
        group[i] = (int)g;
    }
    lem_map_free(seen);
    return st;
}

static lem_status add_groups(loader *l, lem_eval_problem *p, lem_err *err) {
    size_t n = (size_t)p->n;
    int32_t *group = lem_arena_alloc(l->d->arena, n, sizeof *group);
    lem_grade_answer_text *votes = lem_alloc_zero(n, sizeof *votes, err);
    int *found = lem_alloc_zero(n, sizeof *found, err);
    lem_grade_profile profile = {.task = l->how->task};
    lem_status st = group && votes && found ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    for (int i = 0; st == LEM_OK && i < p->n; i++) votes[i] = vote(l, &l->row, i);
    if (st == LEM_OK)
        st = l->how->by_string ? group_strings(votes, p->n, found, err)
                               : lem_grade_cluster(votes, n, &profile, found, err);
    for (int i = 0; st == LEM_OK && i < p->n; i++) {
        group[i] = found[i] < 0 ? LEM_EVAL_NO_VOTE : found[i];
        l->d->silent += found[i] < 0;
    }
    p->group = group;
    lem_free(votes);
    lem_free(found);
    return st;
}

static lem_status add_row(loader *l, const lem_json *row, uint64_t number, lem_err *err) {
    lem_eval_data *d = l->d;
    lem_status st;
    if (d->n == 0) LEM_TRY(lem_candidates_map_detect(l->map, row, d->ground, err));
    LEM_TRY(lem_candidates_read(l->map, row, &l->row, err));
    unsigned has = columns_of(&l->row);
    if (d->n == 0) {
        l->columns = has;
        name_scorers(l);
        d->no_votes = !(has & HAS_TEXTS);
    } else if (has != l->columns)
        return lem_fail(
            err, LEM_EDATA,
            "this row has other columns than the first (scores, correctness, answers or step scores)");
    if (l->row.n < 1 || l->row.n > LEM_EVAL_MAX_N)
        return lem_fail(err, LEM_EDATA, "%d candidates; 1 to %d are supported", l->row.n, LEM_EVAL_MAX_N);
    if ((size_t)d->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 256;
        lem_eval_problem *p = lem_realloc(d->p, cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        d->p = p;
        l->cap = cap;
    }
    lem_eval_problem *p = &d->p[d->n];
    memset(p, 0, sizeof *p);
    p->n = l->row.n;
    const char *id = l->row.id ? l->row.id : l->row.problem;
    p->id = id ? lem_hash64(id, strlen(id), 1) : number;
    LEM_TRY(add_correct(l, p, err));
    if (!d->no_votes) LEM_TRY(add_groups(l, p, err));
    LEM_TRY(add_scores(l, p, err));
    d->candidates += (uint64_t)p->n;
    if (d->n == 0 || p->n < d->min_n) d->min_n = p->n;
    if (p->n > d->max_n) d->max_n = p->n;
    d->n++;
done:
    return st;
}

/* ---- all rows are there ---- */

static void drop_scorer(lem_eval_data *d, int s) {
    d->n_scorers--;
    for (int k = s; k < d->n_scorers; k++) {
        d->scorers[k] = d->scorers[k + 1];
        for (int i = 0; i < d->n; i++) d->p[i].score[k] = d->p[i].score[k + 1];
    }
    for (int i = 0; i < d->n; i++) d->p[i].score[d->n_scorers] = NULL;
}

/* Default aggregators that these step scores do not allow. */
static void drop_impossible(loader *l) {
    for (int s = 0; s < l->d->n_scorers; s++)
        for (int a = 0; a < l->n_agg; a++)
            if (lem_eval_aggregator_of_probabilities(l->agg[a]) &&
                l->d->scorers[s] == aggregate_names[l->agg[a]])
                drop_scorer(l->d, s--), a = l->n_agg;
}

static void weigh(loader *l) {
    lem_eval_data *d = l->d;
    if (d->no_probabilities) drop_impossible(l);
    for (int s = 0; s < d->n_scorers; s++) {
        bool rm = strcmp(d->scorers[s], "rm") == 0, steps = strncmp(d->scorers[s], "prm-", 4) == 0;
        bool raw = rm ? l->rm_outside : d->no_probabilities;
        d->weighted[s] = LEM_EVAL_WEIGHT_NONE;
        if (rm || steps) d->weighted[s] = raw ? LEM_EVAL_WEIGHT_SIGMOID : LEM_EVAL_WEIGHT_SCORE;
    }
}

lem_status lem_eval_data_load(const char *path, lem_candidates_map *map, const lem_eval_load *how,
                              lem_eval_data *out, lem_err *err) {
    lem_eval_data d = {.n = 0};
    loader l = {.how = how, .d = &d, .map = map};
    static const lem_eval_aggregator usual[] = {LEM_EVAL_AGG_LAST, LEM_EVAL_AGG_MIN, LEM_EVAL_AGG_PROD};
    l.n_agg = how->n_aggregators ? how->n_aggregators : 3;
    for (int a = 0; a < l.n_agg; a++) l.agg[a] = how->n_aggregators ? how->aggregators[a] : usual[a];
    lem_rows *rows = NULL;
    lem_json *row = NULL;
    lem_status st = LEM_OK;
    d.arena = lem_arena_new(0, 0, err);
    if (!d.arena) return LEM_EMEM;
    LEM_TRY(lem_rows_open(path, &rows, err));
    while (how->limit < 0 || d.n < how->limit) {
        LEM_TRY(lem_rows_next(rows, &row, err));
        if (!row) break;
        st = add_row(&l, row, lem_rows_number(rows), err);
        lem_json_free(row);
        if (st != LEM_OK) {
            lem_err_context(err, "%s:%llu", path, (unsigned long long)lem_rows_number(rows));
            goto done;
        }
    }
    if (d.n == 0) {
        st = lem_fail(err, LEM_EDATA, "%s: no rows", path);
        goto done;
    }
    weigh(&l);
    *out = d;
done:
    lem_rows_close(rows);
    lem_candidates_release(&l.row);
    if (st != LEM_OK) lem_eval_data_release(&d);
    return st;
}

void lem_eval_data_release(lem_eval_data *d) {
    lem_free(d->p);
    lem_arena_free(d->arena);
    *d = (lem_eval_data){.n = 0};
}
