/* load.c - candidate rows to problems: correctness, answer groups and scores as arrays */
#include "eval/load.h"

#include "core/hash.h"
#include "core/object.h"
#include "data/candidate_set.h"
#include "data/rows.h"
#include "core/mem.h"
#include "eval/clusters.h"
#include "eval/grade_rows.h"
#include "grade/cluster.h"
#include "eval/texts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HAS_RM = 1, HAS_LOGPROB = 2, HAS_MEAN = 4, HAS_STEPS = 8, HAS_CORRECT = 16, HAS_TEXTS = 32 };

enum { BATCH = 256 }; /* rows that the threads share at a time */

typedef struct item { /* a row, and what is made of it */
    lem_json *json;
    const char *file; /* borrowed from the rows */
    uint64_t number;
    lem_eval_problem p;
    const char *name, *value[LEM_EVAL_MAX_BY];
    const char *split_by; /* lem_grade_cluster_telling */
    unsigned columns;
    lem_spoil spoil;
    bool graded_here, groups_given, has_tokens;
    bool rm_outside, no_probabilities; /* scores, or step scores, outside [0,1] */
    uint32_t sum_outside;
    lem_status st;
    lem_err err;
} item;

typedef struct worker {
    lem_candidates row;
    lem_arena *arena; /* one of the data's */
} worker;

typedef struct loader {
    const lem_eval_load *how;
    lem_eval_data *d;
    lem_candidate_set *set;
    const lem_candidates_map *map; /* of the set */
    worker *workers;               /* [threads] */
    int n_workers;
    item *items; /* [BATCH] */
    size_t cap;
    unsigned columns;
    lem_eval_aggregator agg[LEM_EVAL_MAX_SCORERS];
    int n_agg;
    bool rm_outside; /* a score of the reward model is outside [0,1] */
    const lem_score_sum
        *sum[LEM_EVAL_MAX_SCORERS]; /* [n_scorers] NULL for those that the rows have by their name */
    uint32_t sum_outside;           /* bit s: a score of sum s is outside [0,1] */
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

static const char *find_scorer(const lem_eval_data *d, const char *name) {
    for (int s = 0; s < d->n_scorers; s++)
        if (strcmp(d->scorers[s], name) == 0) return d->scorers[s];
    return NULL;
}

/* The scorers asked for in place of those of the row. */
static lem_status choose_scorers(loader *l, lem_err *err) {
    const lem_eval_load *how = l->how;
    const char *chosen[LEM_EVAL_MAX_SCORERS];
    if (how->n_scores == 0) return LEM_OK;
    if (how->n_scores > LEM_EVAL_MAX_SCORERS)
        return lem_fail(err, LEM_EUSAGE, "%d scores, at most %d can be compared", how->n_scores,
                        LEM_EVAL_MAX_SCORERS);
    for (int k = 0; k < how->n_scores; k++) {
        const lem_score_sum *s = &how->scores[k];
        chosen[k] = s->n ? s->name : find_scorer(l->d, s->name);
        l->sum[k] = s->n ? s : NULL;
        if (!chosen[k])
            return lem_fail(err, LEM_EDATA, "no score '%s' in the first row; name its field: %s=FIELD",
                            s->name, s->name);
        for (int i = 0; i < k; i++)
            if (strcmp(chosen[i], chosen[k]) == 0)
                return lem_fail(err, LEM_EUSAGE, "two scores '%s'", chosen[k]);
    }
    memcpy(l->d->scorers, chosen, sizeof chosen[0] * (size_t)how->n_scores);
    l->d->n_scorers = how->n_scores;
    return LEM_OK;
}

/* The aggregator that a scorer of steps is named by. */
static lem_eval_aggregator agg_of(const loader *l, const char *scorer) {
    for (int a = 0; a < l->n_agg; a++)
        if (scorer == aggregate_names[l->agg[a]]) return l->agg[a];
    return LEM_EVAL_AGG_LAST;
}

static double *cells(const worker *w, int n) { return lem_arena_alloc(w->arena, (size_t)n, sizeof(double)); }

static bool outside(double v) { return v < 0 || v > 1; }

static double step_score(item *it, const lem_json *steps, lem_eval_aggregator how) {
    double v[4096];
    size_t n = lem_json_count(steps);
    if (!steps || lem_json_kind(steps) == LEM_JSON_NULL) return NAN;
    if (n > sizeof v / sizeof *v) n = sizeof v / sizeof *v;
    for (size_t j = 0; j < n; j++) {
        v[j] = lem_json_num(lem_json_at(steps, j), NAN);
        it->no_probabilities = it->no_probabilities || outside(v[j]);
    }
    return lem_eval_aggregate(v, n, how);
}

static double mean_logprob(const lem_candidates *c, int i) {
    if (c->logprob_mean) return c->logprob_mean[i];
    return c->tokens[i] > 0 ? c->logprob[i] / (double)c->tokens[i] : NAN;
}

/* The row's values of the columns that results are told apart by. */
static lem_status add_values(const loader *l, const worker *w, item *it, lem_err *err) {
    for (int b = 0; b < l->d->n_by; b++) {
        const lem_json *v = lem_json_find(it->json, l->d->by[b]);
        lem_buf text = {0};
        if (lem_json_kind(v) == LEM_JSON_STRING) lem_buf_puts(&text, lem_json_str(v, ""));
        else if (v && lem_json_kind(v) != LEM_JSON_NULL) lem_json_write(v, 0, &text);
        const char *s = text.len ? lem_buf_str(&text) : "(none)";
        it->value[b] = text.failed ? NULL : lem_arena_strndup(w->arena, s, strlen(s));
        lem_buf_release(&text);
        if (!it->value[b]) return lem_fail(err, LEM_EMEM, "out of memory");
    }
    return LEM_OK;
}

/* Lengths, and what ended at its limit. */
static lem_status add_lengths(const worker *w, item *it, lem_err *err) {
    const lem_candidates *c = &w->row;
    size_t n = (size_t)it->p.n;
    double *length = c->tokens || c->completion ? lem_arena_alloc(w->arena, n, sizeof *length) : NULL;
    uint8_t *cut = c->finish ? lem_arena_alloc(w->arena, n, 1) : NULL;
    if ((!length && (c->tokens || c->completion)) || (!cut && c->finish))
        return lem_fail(err, LEM_EMEM, "out of memory");
    it->has_tokens = c->tokens != NULL;
    for (size_t i = 0; i < n; i++) {
        it->has_tokens = it->has_tokens && c->tokens[i] >= 0;
        if (length && c->tokens) length[i] = (double)c->tokens[i];
        else if (length) length[i] = (double)strlen(c->completion[i]);
        if (cut) cut[i] = lem_candidates_cut(c, (int)i) == 1;
    }
    it->p.length = length;
    it->p.cut = cut;
    return LEM_OK;
}

/* What was asked for by name must mean something. */
static lem_status check_asked(const loader *l, const item *it, lem_err *err) {
    if (!it->no_probabilities) return LEM_OK;
    for (int a = 0; a < l->how->n_aggregators; a++)
        if (lem_eval_aggregator_of_probabilities(l->agg[a]))
            return lem_fail(err, LEM_EDATA,
                            "step_scores: a score outside 0..1 is no probability, and '%s' is made of "
                            "probabilities alone",
                            lem_eval_aggregator_name(l->agg[a]));
    return LEM_OK;
}

/* Candidate i by one scorer; agg: that of the step scores. NaN = none. */
static double score_of(const lem_candidates *c, item *it, const char *scorer, int i,
                       lem_eval_aggregator agg) {
    if (strcmp(scorer, "logprob") == 0) return c->logprob[i];
    if (strcmp(scorer, "logprob-mean") == 0) return mean_logprob(c, i);
    if (strcmp(scorer, "rm") != 0) return step_score(it, c->steps[i], agg);
    it->rm_outside = it->rm_outside || outside(c->rm_score[i]);
    return c->rm_score[i];
}

static lem_status add_scores(const loader *l, const worker *w, item *it, lem_err *err) {
    lem_eval_problem *p = &it->p;
    for (int k = 0; k < l->d->n_scorers; k++) {
        double *v = cells(w, p->n);
        if (!v) return lem_fail(err, LEM_EMEM, "out of memory");
        p->score[k] = v;
        lem_status st = l->sum[k] ? lem_score_sum_row(l->sum[k], it->json, p->n, v, err) : LEM_OK;
        if (st) return st;
        for (int i = 0; i < p->n; i++) {
            double x =
                l->sum[k] ? v[i] : score_of(&w->row, it, l->d->scorers[k], i, agg_of(l, l->d->scorers[k]));
            v[i] = isnan(x) ? -INFINITY : x;
            if (l->sum[k] && outside(x)) it->sum_outside |= UINT32_C(1) << k;
            it->spoil.unscored += k == 0 && isnan(x); /* once a candidate */
        }
    }
    return check_asked(l, it, err);
}

/* Correctness from the file, or graded here. */
static lem_status add_correct(const loader *l, const worker *w, item *it, lem_err *err) {
    const lem_candidates *c = &w->row;
    lem_eval_problem *p = &it->p;
    uint8_t *right = lem_arena_alloc(w->arena, (size_t)p->n, 1);
    uint8_t *open = lem_arena_alloc(w->arena, (size_t)p->n, 1);
    if (!right || !open) return lem_fail(err, LEM_EMEM, "out of memory");
    p->correct = right;
    p->undecided = open;
    if (c->correct && !l->how->regrade) {
        for (int i = 0; i < p->n; i++) {
            right[i] = c->correct[i] == 1;
            open[i] = c->correct[i] < 0;
            it->spoil.undecided += open[i];
        }
        return LEM_OK;
    }
    lem_grade_rows_opts o = {.profile = {.policy = l->how->policy, .task = l->how->task}};
    lem_graded g;
    lem_status st = lem_grade_row(c, &o, &g, err);
    if (st != LEM_OK)
        return lem_err_context(err, "%s, and grading failed",
                               c->correct ? "asked to grade anew" : "no column of correctness");
    for (int i = 0; i < p->n; i++) {
        lem_grade_correct k = lem_grade_correct_of(g.result[i].verdict);
        right[i] = k == LEM_GRADE_RIGHT;
        open[i] = k == LEM_GRADE_UNDECIDED;
        it->spoil.undecided += open[i];
    }
    it->graded_here = true;
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
    if (!lem_grade_extract(&(lem_grade_profile){.task = l->how->task}, text, a.len, &s))
        return (lem_grade_answer_text){text, 0};
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

/* The groups that the row says: whole numbers, one for each candidate, -1 for no answer. */
static bool given_groups(const loader *l, const item *it, int32_t *group) {
    const lem_json *list = lem_json_get(it->json, "answer_group");
    const bool scalar = lem_json_kind(list) == LEM_JSON_INT && it->p.n == 1;
    if (l->how->group_anew || l->how->by_string) return false;
    if (!scalar && (lem_json_kind(list) != LEM_JSON_ARRAY || lem_json_count(list) != (size_t)it->p.n))
        return false;
    for (int i = 0; i < it->p.n; i++) {
        int64_t g = lem_json_int(scalar ? list : lem_json_at(list, (size_t)i), -2);
        if (g < -1 || g >= it->p.n) return false;
        group[i] = g < 0 ? LEM_EVAL_NO_VOTE : (int32_t)g;
    }
    return true;
}

static lem_status add_groups(const loader *l, const worker *w, item *it, lem_err *err) {
    lem_eval_problem *p = &it->p;
    size_t n = (size_t)p->n;
    int32_t *group = lem_arena_alloc(w->arena, n, sizeof *group);
    lem_grade_answer_text *votes = lem_alloc_zero(n, sizeof *votes, err);
    int *found = lem_alloc_zero(n, sizeof *found, err);
    lem_grade_profile profile = {.policy = l->how->policy, .task = l->how->task};
    lem_status st = group && votes && found ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
    it->groups_given = st == LEM_OK && given_groups(l, it, group);
    for (int i = 0; st == LEM_OK && i < p->n; i++) {
        votes[i] = vote(l, &w->row, i);
        found[i] = it->groups_given && group[i] != LEM_EVAL_NO_VOTE ? group[i] : -1;
    }
    if (st == LEM_OK && !it->groups_given)
        st = l->how->by_string ? group_strings(votes, p->n, found, err)
                               : lem_grade_cluster_telling(votes, n, &profile, found, &it->split_by, err);
    for (int i = 0; st == LEM_OK && i < p->n; i++) {
        group[i] = found[i] < 0 ? LEM_EVAL_NO_VOTE : found[i];
        it->spoil.silent += found[i] < 0;
    }
    p->group = group;
    lem_free(votes);
    lem_free(found);
    return st;
}

enum { NAME_MAX_BYTES = 80 };

static lem_status name_problem(const worker *w, item *it, const char *id, lem_err *err) {
    char text[32];
    snprintf(text, sizeof text, "row %llu", (unsigned long long)it->number);
    const char *name = id ? id : text;
    size_t n = strlen(name);
    if (n > NAME_MAX_BYTES)
        for (n = NAME_MAX_BYTES; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80; n--) {
        } /* whole characters */
    it->name = lem_arena_strndup(w->arena, name, n);
    return it->name ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status read_item(const loader *l, worker *w, item *it, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(lem_candidates_read(l->map, it->json, &w->row, err));
    it->columns = columns_of(&w->row);
    if (w->row.n < 1 || w->row.n > LEM_EVAL_MAX_N)
        return lem_fail(err, LEM_EDATA, "%d candidates; 1 to %d are supported", w->row.n, LEM_EVAL_MAX_N);
done:
    return st;
}

/* The problem of a row whose columns are those of the first. */
static lem_status make_problem(const loader *l, worker *w, item *it, lem_err *err) {
    const char *id = w->row.id ? w->row.id : w->row.problem;
    lem_status st = LEM_OK;
    it->p.n = w->row.n;
    it->p.id = id ? lem_hash64(id, strlen(id), 1) : it->number;
    it->p.cluster = lem_eval_cluster_key(w->row.problem);
    LEM_TRY(name_problem(w, it, id, err));
    LEM_TRY(lem_spoil_count(&it->spoil, &w->row, err));
    LEM_TRY(add_correct(l, w, it, err));
    if (!l->d->no_votes) LEM_TRY(add_groups(l, w, it, err));
    if (l->how->texts) LEM_TRY(lem_eval_texts(&w->row, w->arena, &it->p, err));
    LEM_TRY(add_scores(l, w, it, err));
    LEM_TRY(add_lengths(w, it, err));
    LEM_TRY(add_values(l, w, it, err));
done:
    return st;
}

/* Names the field that only one of this row and the first has. */
static lem_status other_columns(const loader *l, item *it) {
    static const char *const names[] = {"rm_score",    "logprob", "logprob_mean (or logprob and tokens)",
                                        "step_scores", "correct", "completions or predicted_answer"};
    const unsigned differ = it->columns ^ l->columns;
    int k = 0;
    while (!(differ >> k & 1)) k++;
    if (it->columns >> k & 1)
        return lem_fail(&it->err, LEM_EDATA, "%s: the first row has none, this one has it", names[k]);
    return lem_fail(&it->err, LEM_EDATA, "%s: this row has none, the first one has it", names[k]);
}

static void item_task(void *ctx, int task, int number) {
    loader *l = ctx;
    worker *w = &l->workers[number];
    item *it = &l->items[task];
    it->st = read_item(l, w, it, &it->err);
    if (it->st == LEM_OK && it->columns != l->columns) it->st = other_columns(l, it);
    if (it->st == LEM_OK) it->st = make_problem(l, w, it, &it->err);
}

static void choose_by(loader *l, const lem_json *row) {
    static const char *const usual[] = {"level", "subject", "type"};
    lem_eval_data *d = l->d;
    for (int b = 0; b < l->how->n_by; b++) d->by[d->n_by++] = l->how->by[b];
    for (size_t k = 0; l->how->n_by < 0 && k < sizeof usual / sizeof *usual; k++) {
        lem_json_type kind = lem_json_kind(lem_json_get(row, usual[k]));
        if (kind == LEM_JSON_STRING || kind == LEM_JSON_INT) d->by[d->n_by++] = usual[k];
    }
}

/* What the first row says of all: the map, the columns, the names of scores. */
static lem_status take_first(loader *l, item *it, lem_err *err) {
    lem_status st = LEM_OK;
    LEM_TRY(read_item(l, &l->workers[0], it, err));
    l->columns = it->columns;
    name_scorers(l);
    LEM_TRY(choose_scorers(l, err));
    choose_by(l, it->json);
    snprintf(l->d->ground, sizeof l->d->ground, "%.399s", lem_candidate_set_ground(l->set));
    snprintf(l->d->correct_by, sizeof l->d->correct_by, "%.95s",
             lem_candidate_set_correct_by(l->set, &l->d->graded_before));
    l->d->task = l->how->task;
    l->d->policy = l->how->policy;
    l->d->no_votes = l->how->no_votes || !(it->columns & HAS_TEXTS);
done:
    return st;
}

static lem_status make_room(loader *l, lem_err *err) {
    lem_eval_data *d = l->d;
    if ((size_t)d->n < l->cap) return LEM_OK;
    size_t cap = l->cap ? l->cap * 2 : 256;
    lem_eval_problem *p = lem_realloc(d->p, cap, sizeof *p, err);
    if (p) d->p = p;
    const char **name = lem_realloc(d->name, cap, sizeof *name, err);
    if (name) d->name = name;
    const char **value = lem_realloc(d->value, cap, LEM_EVAL_MAX_BY * sizeof *value, err);
    if (value) d->value = value;
    if (!p || !name || !value) return LEM_EMEM;
    l->cap = cap;
    return LEM_OK;
}

static lem_status keep_item(loader *l, const item *it, lem_err *err) {
    lem_eval_data *d = l->d;
    lem_status st = make_room(l, err);
    if (st) return st;
    d->name[d->n] = it->name;
    d->p[d->n] = it->p;
    memcpy(d->value + (size_t)d->n * LEM_EVAL_MAX_BY, it->value, sizeof it->value);
    lem_spoil_add(&d->spoil, &it->spoil);
    d->decided += lem_json_int(lem_json_get(it->json, "decided_after"), 0) > 0;
    d->graded_here = d->graded_here || it->graded_here;
    d->groups_given = d->groups_given || it->groups_given;
    if (it->split_by && !d->split_groups++) d->split_by = it->split_by;
    d->has_tokens = it->has_tokens && (d->n == 0 || d->has_tokens);
    d->no_probabilities = d->no_probabilities || it->no_probabilities;
    l->rm_outside = l->rm_outside || it->rm_outside;
    l->sum_outside |= it->sum_outside;
    if (d->n == 0 || it->p.n < d->min_n) d->min_n = it->p.n;
    if (it->p.n > d->max_n) d->max_n = it->p.n;
    d->n++;
    return LEM_OK;
}

static void free_rows(loader *l, int n) {
    for (int i = 0; i < n; i++) {
        lem_json_free(l->items[i].json);
        l->items[i].json = NULL;
    }
}

/* The next rows; *n 0 at the end. */
static lem_status read_batch(loader *l, int *n, lem_err *err) {
    int64_t left = l->how->limit < 0 ? BATCH : l->how->limit - l->d->n;
    lem_status st = LEM_OK;
    for (*n = 0; *n < BATCH && *n < left; ++*n) {
        item *it = &l->items[*n];
        memset(it, 0, sizeof *it);
        LEM_TRY(lem_data_cancelled(l->how->cancel, err));
        LEM_TRY(lem_candidate_set_next(l->set, &it->json, err));
        if (!it->json) break;
        it->file = lem_candidate_set_file(l->set);
        it->number = lem_candidate_set_number(l->set);
    }
done:
    return st;
}

/* Errors are told in the order of the rows, whichever thread met them. */
static lem_status run_batch(loader *l, int n, lem_err *err) {
    lem_status st = LEM_OK;
    if (l->d->n == 0) {
        item *it = &l->items[0];
        st = take_first(l, it, err);
        if (st) return lem_err_context(err, "%s:%llu", it->file, (unsigned long long)it->number);
    }
    lem_pool_run(l->how->pool, n, item_task, l);
    for (int i = 0; i < n; i++) {
        const item *it = &l->items[i];
        if (it->st) {
            if (err) *err = it->err;
            return lem_err_context(err, "%s:%llu", it->file, (unsigned long long)it->number);
        }
        LEM_TRY(keep_item(l, it, err));
    }
done:
    return st;
}

static lem_status open_workers(loader *l, lem_err *err) {
    l->n_workers = lem_pool_threads(l->how->pool);
    l->d->arenas = lem_alloc_zero((size_t)l->n_workers, sizeof *l->d->arenas, err);
    l->workers = lem_alloc_zero((size_t)l->n_workers, sizeof *l->workers, err);
    l->items = lem_alloc_zero(BATCH, sizeof *l->items, err);
    if (!l->d->arenas || !l->workers || !l->items) return LEM_EMEM;
    for (int i = 0; i < l->n_workers; i++, l->d->n_arenas++) {
        l->workers[i].arena = l->d->arenas[i] = lem_arena_new(0, 0, err);
        if (!l->d->arenas[i]) return LEM_EMEM;
    }
    return LEM_OK;
}

/* ---- all rows are there ---- */

static void drop_scorer(loader *l, int s) {
    lem_eval_data *d = l->d;
    d->n_scorers--;
    for (int k = s; k < d->n_scorers; k++) {
        d->scorers[k] = d->scorers[k + 1];
        d->weighted[k] = d->weighted[k + 1];
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
                drop_scorer(l, s--), a = l->n_agg;
}

static void weigh(loader *l) {
    lem_eval_data *d = l->d;
    for (int s = 0; s < d->n_scorers; s++) {
        bool rm = strcmp(d->scorers[s], "rm") == 0, steps = strncmp(d->scorers[s], "prm-", 4) == 0;
        bool raw = rm ? l->rm_outside : d->no_probabilities;
        if (l->sum[s]) raw = l->sum_outside >> s & 1;
        d->weighted[s] = LEM_EVAL_WEIGHT_NONE;
        if (rm || steps || l->sum[s]) d->weighted[s] = raw ? LEM_EVAL_WEIGHT_SIGMOID : LEM_EVAL_WEIGHT_SCORE;
    }
}

static void tell(loader *l) {
    if (!l->how->tell || l->d->n == 0) return;
    weigh(l);
    l->how->tell(l->how->tell_ctx, l->d, lem_candidate_set_share(l->set));
}

static void choose_aggregators(loader *l) {
    static const lem_eval_aggregator usual[] = {LEM_EVAL_AGG_LAST, LEM_EVAL_AGG_MIN, LEM_EVAL_AGG_PROD};
    const lem_eval_load *how = l->how;
    l->n_agg = how->n_aggregators ? how->n_aggregators : 3;
    for (int a = 0; a < l->n_agg; a++) l->agg[a] = how->n_aggregators ? how->aggregators[a] : usual[a];
}

lem_status lem_eval_data_load_files(const char *const *paths, size_t n_paths, const lem_candidates_map *map,
                                    const lem_eval_load *how, lem_eval_data *out, lem_err *err) {
    lem_eval_data d = {.n = 0};
    loader l = {.how = how, .d = &d};
    const lem_candidate_set_opts o = {
        .filter = how->filter, .cancel = how->cancel, .judge = how->judge, .pool = how->pool};
    lem_status st = LEM_OK;
    int n = 0;
    choose_aggregators(&l);
    LEM_TRY(open_workers(&l, err));
    LEM_TRY(lem_candidate_set_open(paths, n_paths, map, &o, &l.set, err));
    l.map = lem_candidate_set_map(l.set);
    do {
        LEM_TRY(read_batch(&l, &n, err));
        if (n) LEM_TRY(run_batch(&l, n, err));
        free_rows(&l, n);
        tell(&l);
    } while (n == BATCH);
    if (d.n == 0) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no rows", paths[0]));
    weigh(&l);
    if (d.no_probabilities) drop_impossible(&l);
    *out = d;
done:
    if (l.items) free_rows(&l, BATCH);
    lem_candidate_set_close(l.set);
    for (int i = 0; l.workers && i < l.n_workers; i++) lem_candidates_release(&l.workers[i].row);
    lem_free(l.workers);
    lem_free(l.items);
    if (st != LEM_OK) lem_eval_data_release(&d);
    return st;
}

lem_status lem_eval_data_load(const char *path, const lem_candidates_map *map, const lem_eval_load *how,
                              lem_eval_data *out, lem_err *err) {
    return lem_eval_data_load_files(&path, 1, map, how, out, err);
}

void lem_eval_correctness_text(const lem_eval_data *d, lem_buf *out) {
    if (d->graded_here) {
        lem_buf_printf(out, "graded here (%s", lem_grade_task_name(d->task));
        if (d->policy != LEM_GRADE_STD) lem_buf_printf(out, ", policy %s", lem_grade_policy_name(d->policy));
        lem_buf_puts(out, ")");
    } else if (d->graded_before) lem_buf_puts(out, "correct by lemma grade, in the file");
    else lem_buf_printf(out, "correct by the file (field %s)", d->correct_by);
}

lem_json *lem_eval_correctness_json(const lem_eval_data *d) {
    const char *file = d->graded_before ? "lemma grade" : "file";
    lem_object o = lem_object_new();
    lem_buf text = {0};
    lem_eval_correctness_text(d, &text);
    lem_object_str(&o, "by", d->graded_here ? "here" : file);
    if (d->graded_here) lem_object_str(&o, "task", lem_grade_task_name(d->task));
    if (d->graded_here) lem_object_str(&o, "policy", lem_grade_policy_name(d->policy));
    else lem_object_str(&o, "field", d->correct_by);
    lem_object_str(&o, "text", lem_buf_str(&text));
    o.failed = o.failed || text.failed;
    lem_buf_release(&text);
    return lem_object_done(&o);
}

void lem_eval_data_release(lem_eval_data *d) {
    lem_free(d->p);
    lem_free((void *)d->name);
    lem_free((void *)d->value);
    for (int i = 0; i < d->n_arenas; i++) lem_arena_free(d->arenas[i]);
    lem_free(d->arenas);
    *d = (lem_eval_data){.n = 0};
}
