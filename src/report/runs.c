/* runs.c - the results of several runs, or of several stages of one, beside each other */
#include "report/runs.h"

#include "core/file.h"
#include "core/mem.h"
#include "eval/compare.h"
#include "report/comparison.h"
#include "report/grid.h"
#include "report/manifests.h"
#include "report/metrics_priv.h"
#include "report/paired.h"
#include "report/side_names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_RESULTS = 12, MAX_ROWS = 64, MAX_NAMES = LEM_MAX_COMPARED, MAX_RUNS = 64 };

typedef struct result {
    const lem_source *from;
    lem_json *doc;
    lem_result_metrics m;
} result;

static void release_result(result *r) {
    lem_free(r->m.at);
    lem_json_free(r->doc);
    *r = (result){NULL};
}

static lem_status open_result(const lem_source *s, result *out, lem_err *err) {
    *out = (result){.from = s};
    lem_status st = lem_source_load(s->path, &out->doc, err);
    if (st == LEM_OK) st = lem_result_read(lem_json_get(out->doc, "metrics"), s->path, &out->m, err);
    if (st) release_result(out);
    return st;
}

/* ---- one table ---- */

static const lem_result_metric *find(const result *r, const char *name) {
    for (int i = 0; i < r->m.n; i++)
        if (strcmp(r->m.at[i].name, name) == 0 && strcmp(r->m.at[i].protocol, r->m.exact) == 0)
            return &r->m.at[i];
    return NULL;
}

/* One candidate chosen in any way is pass@1. */
static bool is_headline(const result *r, const lem_result_metric *x) {
    if (!isfinite(x->value) || !x->family[0] || strcmp(x->protocol, r->m.exact) != 0) return false;
    if (x->k == 1) return strcmp(x->family, "pass") == 0;
    return x->k == lem_result_headline_k(&r->m);
}

static int gather_names(const result *r, int n, const char *names[MAX_ROWS]) {
    int n_names = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r[i].m.n; k++) {
            const lem_result_metric *x = &r[i].m.at[k];
            int at = 0;
            while (at < n_names && strcmp(names[at], x->name) != 0) at++;
            if (at == n_names && n_names < MAX_ROWS && is_headline(&r[i], x)) names[n_names++] = x->name;
        }
    return n_names;
}

static lem_status show_table(lem_page *p, const result *r, int n, lem_err *err) {
    const char *names[MAX_ROWS], *paths[MAX_RESULTS];
    char label[MAX_RESULTS][LEM_SIDE_NAME], cell[LEM_REPORT_CELL];
    lem_grid g = {.n = 0};
    int n_names = gather_names(r, n, names);
    if (!n_names) return LEM_OK;
    for (int i = 0; i < n; i++) paths[i] = r[i].from->path;
    lem_side_names(paths, n, label);
    lem_grid_column(&g, "metric", false);
    for (int i = 0; i < n; i++) lem_grid_column(&g, label[i], true);
    for (int k = 0; k < n_names; k++) {
        lem_grid_put(&g, names[k]);
        for (int i = 0; i < n; i++) {
            const lem_result_metric *x = find(&r[i], names[k]);
            lem_report_estimate e = {NAN, NAN, NAN};
            if (x) e = (lem_report_estimate){x->value, x->lo, x->hi};
            lem_report_estimate_cell(&e, cell);
            lem_grid_put(&g, cell);
        }
    }
    lem_page_section(p, "Results side by side");
    lem_status st = lem_grid_show(&g, p, "side-by-side",
                                  "Each result with its own 95 % intervals; whether two differ is said by "
                                  "paired differences alone",
                                  -1, err);
    lem_grid_release(&g);
    return st;
}

static int find_results(const lem_sources *s, int input, const lem_source *out[MAX_RESULTS]) {
    int n = 0;
    for (int i = 0; i < s->n && n < MAX_RESULTS; i++)
        if (s->at[i].kind == LEM_SOURCE_METRICS && (input < 0 || s->at[i].input == input))
            out[n++] = &s->at[i];
    return n;
}

lem_status lem_report_side_by_side(lem_page *p, const lem_sources *s, lem_err *err) {
    const lem_source *found[MAX_RESULTS];
    int n = find_results(s, -1, found), opened = 0;
    lem_status st = LEM_OK;
    if (n < 2) return LEM_OK;
    result *r = lem_alloc_zero((size_t)n, sizeof *r, err);
    if (!r) return LEM_EMEM;
    for (; st == LEM_OK && opened < n; opened += st == LEM_OK)
        st = open_result(found[opened], &r[opened], err);
    if (st == LEM_OK) st = show_table(p, r, n, err);
    for (int i = 0; i < opened; i++) release_result(&r[i]);
    lem_free(r);
    return st;
}

/* ---- paired, on the candidates behind two results ---- */

/* Why a result's candidates cannot be read again as they were; NULL: they can. */
static const char *obstacle(const lem_json *manifest) {
    static const char *const options[] = {"map", "filter", "regrade"};
    const lem_json *arguments = lem_json_get(manifest, "arguments");
    if (!lem_report_word(manifest, 1)) return "has no manifest that names its candidates";
    if (lem_report_word(manifest, 2)) return "is of several files";
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (lem_json_get(arguments, options[i])) return "was read with --map, --filter or --regrade";
    if (!lem_file_exists(lem_report_word(manifest, 1))) return "is of candidates that are not there any more";
    return NULL;
}

/* scores: [LEM_EVAL_MAX_SCORERS] room for those that select was asked for; out borrows them. */
static lem_status load_candidates(const lem_json *manifest, const lem_cancel *cancel, lem_score_sum *scores,
                                  lem_eval_data *out, lem_err *err) {
    const lem_json *arguments = lem_json_get(manifest, "arguments"),
                   *asked = lem_json_get(arguments, "score");
    lem_eval_load how = {.limit = -1, .cancel = cancel, .scores = scores};
    for (size_t i = 0; i < lem_json_count(asked) && how.n_scores < LEM_EVAL_MAX_SCORERS; i++) {
        const char *text = lem_json_str(lem_json_at(asked, i), "");
        lem_status st = lem_score_sum_parse(text, &scores[how.n_scores++], err);
        if (st) return st;
    }
    how.group_anew = lem_grade_policy_find(lem_json_str(lem_json_get(arguments, "policy"), ""), &how.policy);
    how.by_string = strcmp(lem_json_str(lem_json_get(arguments, "group"), ""), "string") == 0;
    if (!lem_grade_task_find(lem_json_str(lem_json_get(arguments, "task"), "std"), &how.task))
        return lem_fail(err, LEM_EDATA, "task '%s' is not known",
                        lem_json_str(lem_json_get(arguments, "task"), ""));
    how.limit = lem_json_int(lem_json_get(arguments, "limit"), -1);
    lem_candidates_map *map = lem_candidates_map_new(err);
    if (!map) return LEM_EMEM;
    lem_status st = lem_eval_data_load(lem_report_word(manifest, 1), map, &how, out, err);
    lem_candidates_map_free(map);
    return st;
}

/* What is said first, and whose flips are listed: the score's choice at the headline's k, else the vote's. */
static void put_first(const result *a, const char *names[MAX_NAMES], int n) {
    int best = -1, rank = 0;
    for (int i = 0; i < n; i++) {
        const lem_result_metric *x = find(a, names[i]);
        bool pass = strcmp(x->family, "pass") == 0, vote = strcmp(x->family, "maj") == 0;
        int mine = vote ? 1 : 2;
        if (x->k != lem_result_headline_k(&a->m) || pass || mine <= rank) continue;
        best = i;
        rank = mine;
    }
    if (best < 0) return;
    const char *first = names[best];
    memmove(&names[1], &names[0], (size_t)best * sizeof *names);
    names[0] = first;
}

/* A family that candidates as they were loaded can give: no chance, no pessimistic vote. */
static bool is_given(const lem_eval_data *d, const char *family) {
    char weighted[LEM_RESULT_NAME];
    bool given = strcmp(family, "pass") == 0 || (strcmp(family, "maj") == 0 && !d->no_votes);
    for (int s = 0; s < d->n_scorers && !given; s++) {
        snprintf(weighted, sizeof weighted, "%.16s-weighted", d->scorers[s]);
        given = strcmp(family, d->scorers[s]) == 0 || (strcmp(family, weighted) == 0 && !d->no_votes);
    }
    return given;
}

static bool both_have(const result *a, const result *b, const lem_eval_data data[2],
                      const lem_result_metric *x) {
    return find(a, x->name) && find(b, x->name) && is_given(&data[0], x->family) &&
           is_given(&data[1], x->family);
}

/* What both results have by the protocol of the charts, and their candidates give; one candidate only as
 * pass@1. */
static int common_names(const result *a, const result *b, const lem_eval_data data[2],
                        const char *names[MAX_NAMES]) {
    int n = 0;
    for (int rest = 0; rest < 2; rest++) /* the headline's first: they have a place however many there are */
        for (int i = 0; i < a->m.n && n < MAX_NAMES; i++) {
            const lem_result_metric *x = &a->m.at[i];
            bool single = x->k == 1 && strcmp(x->family, "pass") != 0;
            bool first = x->k == 1 || x->k == lem_result_headline_k(&a->m);
            if (!x->family[0] || single || first == rest || !both_have(a, b, data, x)) continue;
            bool again = false;
            for (int k = 0; k < n; k++) again = again || strcmp(names[k], x->name) == 0;
            if (!again) names[n++] = x->name;
        }
    put_first(a, names, n);
    return n;
}

typedef struct two {
    result at[2];
    lem_json *manifest[2];
    char name[2][LEM_SIDE_NAME];
    lem_score_sum scores[2][LEM_EVAL_MAX_SCORERS];
} two;

static lem_status compare(lem_page *p, two *t, const lem_cancel *cancel, lem_err *err) {
    lem_eval_data data[2] = {{.n = 0}, {.n = 0}};
    lem_compared c = {.n = 0};
    const char *names[MAX_NAMES];
    char csv[2 * LEM_SIDE_NAME + 16];
    lem_json *doc = NULL;
    lem_status st = LEM_OK;
    for (int i = 0; i < 2; i++) LEM_TRY(load_candidates(t->manifest[i], cancel, t->scores[i], &data[i], err));
    int n = common_names(&t->at[0], &t->at[1], data, names);
    if (!n) goto done;
    LEM_TRY(lem_eval_compare(&data[0], &data[1], names, n, &c, err));
    doc = lem_compared_json(&c);
    if (!doc) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    snprintf(csv, sizeof csv, "%.30s-against-%.30s", t->name[1], t->name[0]);
    LEM_TRY(lem_report_comparison(p, t->name[0], t->name[1], csv, t->at[1].from->path, doc, err));
done:
    lem_json_free(doc);
    lem_compared_release(&c);
    for (int i = 0; i < 2; i++) lem_eval_data_release(&data[i]);
    return st;
}

static void say_obstacle(lem_page *p, const lem_source *s, const char *why) {
    lem_buf b = {0};
    lem_buf_printf(&b, "%s %s: no paired comparison with it is made here; lemma compare makes one.", s->path,
                   why);
    lem_page_note(p, lem_buf_str(&b));
    lem_buf_release(&b);
}

static lem_status compare_pair(lem_page *p, const lem_source *a, const lem_source *b, two *t,
                               const lem_cancel *cancel, lem_err *err) {
    const lem_source *side[2] = {a, b};
    bool possible = true;
    lem_status st = LEM_OK;
    for (int i = 0; i < 2 && st == LEM_OK; i++) {
        st = open_result(side[i], &t->at[i], err);
        if (st == LEM_OK) st = lem_report_manifest(side[i]->path, &t->manifest[i], err);
        const char *why = st == LEM_OK ? obstacle(t->manifest[i]) : NULL;
        if (why) say_obstacle(p, side[i], why);
        possible = possible && !why;
    }
    if (st == LEM_OK && possible) {
        st = compare(p, t, cancel, err);
        if (st) lem_err_context(err, "%s against %s", b->path, a->path);
    }
    for (int i = 0; i < 2; i++) {
        release_result(&t->at[i]);
        lem_json_free(t->manifest[i]);
        t->manifest[i] = NULL;
    }
    return st;
}

/* The result of the first input that a further one's is compared with; NULL = none. */
static const lem_source *counterpart(const lem_source *b, int n_b, const lem_source *const *first, int n) {
    for (int i = 0; i < n; i++)
        if (strcmp(first[i]->title, b->title) == 0) return first[i];
    return n == 1 && n_b == 1 ? first[0] : NULL;
}

lem_status lem_report_compare_runs(lem_page *p, const lem_sources *s, const char *const *inputs,
                                   const lem_cancel *cancel, lem_err *err) {
    const lem_source *first[MAX_RESULTS], *other[MAX_RESULTS];
    int n_first = find_results(s, 0, first), n = s->n_inputs < MAX_RUNS ? s->n_inputs : MAX_RUNS;
    lem_status st = LEM_OK;
    if (n < 2 || !n_first) return LEM_OK;
    char(*label)[LEM_SIDE_NAME] = lem_alloc_zero((size_t)n, sizeof *label, err);
    two *t = lem_alloc_zero(1, sizeof *t, err);
    if (!label || !t) LEM_TRY(LEM_EMEM);
    lem_side_names(inputs, n, label);
    for (int j = 1; j < n; j++) {
        int n_other = find_results(s, j, other);
        memcpy(t->name[0], label[0], LEM_SIDE_NAME);
        memcpy(t->name[1], label[j], LEM_SIDE_NAME);
        for (int i = 0; i < n_other; i++) {
            const lem_source *a = counterpart(other[i], n_other, first, n_first);
            if (a) LEM_TRY(compare_pair(p, a, other[i], t, cancel, err));
        }
    }
done:
    lem_free(t);
    lem_free(label);
    return st;
}
