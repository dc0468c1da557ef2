/* sets.c - reads files of graded candidates for the report: examples and problems at once, then charts */
#include "report/sets.h"

#include "core/mem.h"
#include "data/candidate_set.h"
#include "report/picks.h"
#include "report/problems.h"
#include "report/score_charts.h"
#include "report/side_names.h"

#include <stdio.h>

/* ---- rows ---- */

typedef struct reader {
    lem_picks *picks;
    lem_problems *problems;
    lem_candidates c;
    bool any; /* a problem was kept */
} reader;

static lem_status read_row(reader *r, const lem_candidate_set *rows, int set, lem_json *row, lem_err *err) {
    const lem_candidates_map *map = lem_candidate_set_map(rows);
    lem_status st = lem_candidates_read(map, row, &r->c, err);
    if (st) return st;
    const lem_problem_row one = {set, &r->c, row, lem_candidate_set_file(rows),
                                 lem_candidate_set_number(rows)};
    bool whole = r->c.n > 0 && r->c.completion && r->c.correct;
    if (whole) st = lem_problems_add(r->problems, &one, err);
    r->any = r->any || whole;
    if (st == LEM_OK && !lem_candidates_map_is_ours(map)) st = lem_candidates_put(&r->c, true, row, err);
    return st ? st : lem_picks_add(r->picks, row, err);
}

static const lem_row_judge *judge_of(const lem_report_sets *s, int set) {
    return s->judges ? s->judges[set] : NULL;
}

static lem_status read_set(reader *r, const lem_report_sets *s, int set, lem_err *err) {
    const lem_candidate_set_opts o = {.any_rows = true, .judge = judge_of(s, set)};
    lem_candidates_map *map = lem_candidates_map_new(err);
    lem_candidate_set *rows = NULL;
    lem_json *row = NULL;
    lem_status st = map ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK) st = lem_candidate_set_open(&s->paths[set], 1, map, &o, &rows, err);
    while (st == LEM_OK) {
        st = lem_candidate_set_next(rows, &row, err);
        if (st || !row) break;
        st = read_row(r, rows, set, row, err);
        lem_json_free(row);
        if (st)
            st = lem_err_context(err, "%s:%llu", lem_candidate_set_file(rows),
                                 (unsigned long long)lem_candidate_set_number(rows));
    }
    lem_candidates_map_free(map);
    lem_candidate_set_close(rows);
    return st;
}

/* ---- sections ---- */

static lem_status put_charts(lem_page *p, const lem_report_sets *s, char name[][LEM_SIDE_NAME],
                             lem_err *err) {
    lem_status st = LEM_OK;
    for (int k = 0; st == LEM_OK && k < s->n; k++) {
        char title[LEM_SIDE_NAME + 16] = "Scores";
        if (s->n > 1) snprintf(title, sizeof title, "Scores: %.*s", LEM_SIDE_NAME - 1, name[k]);
        st = lem_report_score_charts(p, title, s->paths[k], judge_of(s, k), err);
    }
    return st;
}

lem_status lem_report_sets_add(lem_page *p, const lem_report_sets *s, lem_err *err) {
    char name[LEM_PROBLEMS_MAX_SETS][LEM_SIDE_NAME];
    const char *names[LEM_PROBLEMS_MAX_SETS];
    reader r = {0};
    lem_status st = LEM_OK;
    if (s->n < 1) return LEM_OK;
    if (s->n > LEM_PROBLEMS_MAX_SETS)
        return lem_fail(err, LEM_EUSAGE, "%d files of examples are more than %d", s->n,
                        LEM_PROBLEMS_MAX_SETS);
    lem_side_names(s->paths, s->n, name);
    for (int k = 0; k < s->n; k++) names[k] = name[k];
    r.picks = lem_picks_new(s->n_examples, err);
    r.problems = r.picks ? lem_problems_new(names, s->n, err) : NULL;
    if (!r.problems) st = LEM_EMEM;
    for (int k = 0; st == LEM_OK && k < s->n; k++) st = read_set(&r, s, k, err);
    if (st == LEM_OK && (lem_picks_any(r.picks) || !r.any)) lem_picks_put(r.picks, p);
    if (st == LEM_OK) st = put_charts(p, s, name, err);
    if (st == LEM_OK) st = lem_problems_put(r.problems, p, err);
    lem_picks_free(r.picks);
    lem_problems_free(r.problems);
    lem_candidates_release(&r.c);
    return st;
}
