/* prm_rows.c - rows of solutions in, rows of labelled steps out */
#include "cli/prm_rows.h"

#include "core/mem.h"
#include "core/object.h"
#include "data/rows.h"
#include "eval/grade_rows.h"

#include <stdlib.h>
#include <string.h>

static void release_row(lem_prm_row *r) {
    for (int i = 0; i < r->n; i++) {
        if (r->solution) lem_free(r->solution[i]);
        if (r->out) lem_json_free(r->out[i]);
    }
    lem_free(r->solution);
    lem_free(r->correct);
    lem_free((void *)r->generator);
    lem_free(r->out);
    lem_free(r->gold);
    lem_free(r->known);
    *r = (lem_prm_row){0};
}

lem_status lem_prm_rows_failed(lem_prm_rows *r, size_t at, const lem_row_judge *judge, lem_status st,
                               lem_err *err) {
    const lem_problem *p = &r->problems.at[at];
    if (st == LEM_OK) return st;
    st = lem_data_row_failed(judge, p->file, p->line, st, err);
    if (st) return lem_err_context(err, "%s:%llu", p->file, (unsigned long long)p->line);
    release_row(&r->at[at]);
    r->left_out++;
    return LEM_OK;
}

void lem_prm_rows_release(lem_prm_rows *r) {
    for (size_t i = 0; r->at && i < r->problems.n; i++) release_row(&r->at[i]);
    lem_free(r->at);
    lem_problems_release(&r->problems);
    *r = (lem_prm_rows){0};
}

/* ---- reading ---- */

/* What of --map speaks of problems; completions and the like are for candidates alone. */
static lem_json *map_of_problems(const lem_json *map) {
    static const char *const names[] = {"problem=", "expected_answer=", "id="};
    lem_json *out = lem_json_new_array();
    for (size_t i = 0; out && i < lem_json_count(map); i++)
        for (int k = 0; out && k < 3; k++) {
            const char *m = lem_json_str(lem_json_at(map, i), "");
            if (strncmp(m, names[k], strlen(names[k])) != 0) continue;
            if (lem_json_append(out, lem_json_new_str(m))) continue;
            lem_json_free(out);
            out = NULL;
        }
    return out;
}

/* A row of `steps` becomes one of completions: one, the steps joined. */
static lem_status join_steps(lem_json *row, const char *separator, uint64_t *joined, lem_err *err) {
    const lem_json *steps = lem_json_get(row, "steps");
    if (lem_json_get(row, "completions") || lem_json_kind(steps) != LEM_JSON_ARRAY) return LEM_OK;
    lem_buf b = {0};
    for (size_t i = 0; i < lem_json_count(steps); i++) {
        const lem_json *s = lem_json_at(steps, i);
        if (lem_json_kind(s) != LEM_JSON_STRING) {
            lem_buf_release(&b);
            return lem_fail(err, LEM_EDATA, "steps[%zu]: text expected, found %s", i, lem_json_kind_name(s));
        }
        if (i) lem_buf_puts(&b, separator);
        lem_buf_puts(&b, lem_json_str(s, ""));
    }
    lem_json *list = lem_json_new_array();
    bool ok = !b.failed && list && lem_json_append(list, lem_json_new_str(lem_buf_str(&b)));
    if (ok) ok = lem_json_set(row, "completions", list);
    else lem_json_free(list);
    lem_buf_release(&b);
    ++*joined;
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

/* generator: one text for all, or one for each solution. */
static lem_status read_generators(lem_prm_row *r, const lem_json *row, lem_err *err) {
    const lem_json *v = lem_json_get(row, "generator");
    bool list = lem_json_kind(v) == LEM_JSON_ARRAY;
    if (list && lem_json_count(v) != (size_t)r->n)
        return lem_fail(err, LEM_EDATA, "generator: %zu names for %d completions", lem_json_count(v), r->n);
    for (int i = 0; i < r->n; i++) r->generator[i] = lem_json_str(list ? lem_json_at(v, (size_t)i) : v, NULL);
    return LEM_OK;
}

static lem_status alloc_row(lem_prm_row *r, int n, lem_err *err) {
    size_t size = (size_t)n;
    r->solution = lem_alloc_zero(size, sizeof *r->solution, err);
    r->correct = lem_alloc_zero(size, sizeof *r->correct, err);
    r->generator = lem_alloc_zero(size, sizeof *r->generator, err);
    r->out = lem_alloc_zero(size, sizeof *r->out, err);
    r->n = n;
    return r->solution && r->correct && r->generator && r->out ? LEM_OK : LEM_EMEM;
}

static int8_t grade_of(const lem_graded *g, int i) {
    lem_grade_correct c = lem_grade_correct_of(g->result[i].verdict);
    return c == LEM_GRADE_UNDECIDED ? -1 : c == LEM_GRADE_RIGHT;
}

static lem_status copy_solutions(lem_prm_row *r, const lem_candidates *c, lem_err *err) {
    for (int i = 0; i < r->n; i++)
        if (!(r->solution[i] = lem_strdup(c->completion[i], err))) return LEM_EMEM;
    return LEM_OK;
}

static void take_grades(lem_prm_rows *rows, lem_prm_row *r, lem_graded *g) {
    for (int i = 0; i < r->n; i++) {
        int8_t graded = grade_of(g, i), own = g->own ? g->own[i] : -1;
        size_t len = strlen(r->solution[i]);
        r->correct[i] = own < 0 ? graded : own;
        rows->own += own >= 0;
        rows->own_agree += own >= 0 && own == graded;
        if (len > rows->longest) rows->longest = len;
    }
    rows->solutions += (uint64_t)r->n;
    r->gold = g->gold;
    g->gold = NULL;
}

/* What would only be found when all is done: too many steps, labels of another kind. */
static lem_status check_solutions(const lem_prm_row *r, const lem_json *row, const char *separator,
                                  lem_err *err) {
    int8_t label[LEM_PROMPT_STEPS_MAX];
    lem_step_list steps = {0};
    lem_given state;
    lem_status st = LEM_OK;
    for (int i = 0; st == LEM_OK && i < r->n; i++) {
        st = lem_step_list_split(&steps, r->solution[i], separator, err);
        if (st == LEM_OK) st = lem_given_labels(row, i, r->n, steps.n, label, &state, err);
        if (st) lem_err_context(err, "completions[%d]", i);
    }
    lem_step_list_release(&steps);
    return st;
}

static lem_status read_row(lem_prm_rows *rows, size_t at, const lem_candidates_map *map,
                           const char *separator, const lem_grade_profile *grade, lem_candidates *c,
                           lem_err *err) {
    const lem_problem *p = &rows->problems.at[at];
    lem_prm_row *r = &rows->at[at];
    const uint64_t joined = rows->steps_of_rows;
    lem_grade_rows_opts how = {.profile = *grade};
    lem_graded g = {.n = 0};
    lem_status st = LEM_OK;
    LEM_TRY(join_steps(p->input, separator, &rows->steps_of_rows, err));
    LEM_TRY(lem_candidates_read(map, p->input, c, err));
    c->expected = p->expected;
    if (!c->completion) LEM_TRY(lem_fail(err, LEM_EDATA, "no completions; name them with --map"));
    LEM_TRY(lem_grade_row(c, &how, &g, err));
    LEM_TRY(alloc_row(r, c->n, err));
    LEM_TRY(read_generators(r, p->input, err));
    LEM_TRY(copy_solutions(r, c, err));
    LEM_TRY(check_solutions(r, p->input, separator, err));
    take_grades(rows, r, &g);
done:
    if (st) rows->steps_of_rows = joined;
    lem_graded_release(&g);
    return st;
}

static lem_status set_map(lem_candidates_map *m, const lem_json *map, lem_err *err) {
    for (size_t k = 0; k < lem_json_count(map); k++) {
        lem_status st = lem_candidates_map_set(m, lem_json_str(lem_json_at(map, k), ""), err);
        if (st) return st;
    }
    return LEM_OK;
}

/* The row as it will be read stands for all: whether this shard has it or not, the fields are the same. */
static lem_status detect_by(lem_candidates_map *m, const lem_problem *first, const char *separator,
                            lem_err *err) {
    char ground[200];
    uint64_t ignored = 0;
    lem_json *row = lem_json_copy(first->input);
    lem_status st =
        row ? join_steps(row, separator, &ignored, err) : lem_fail(err, LEM_EMEM, "out of memory");
    if (st == LEM_OK) st = lem_candidates_map_detect(m, row, ground, err);
    if (st) lem_err_context(err, "%s:%llu", first->file, (unsigned long long)first->line);
    lem_json_free(row);
    return st;
}

/* By the first row, or where rows are left out by the first one that tells. */
static lem_status detect_map(lem_candidates_map *m, const lem_problems *rows, const lem_prm_rows_opts *o,
                             lem_err *err) {
    lem_err later = LEM_ERR_INIT;
    lem_status st = detect_by(m, &rows->at[0], o->separator, err);
    for (size_t i = 1; st == LEM_EDATA && lem_data_leaves_out(o->judge) && i < rows->n; i++)
        if (detect_by(m, &rows->at[i], o->separator, &later) == LEM_OK) return LEM_OK;
    return st;
}

static lem_status read_rows(lem_prm_rows *r, const lem_candidates_map *m, const lem_prm_rows_opts *o,
                            lem_err *err) {
    lem_candidates c = {0};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < r->problems.n; i++) {
        st = lem_cancel_check(o->cancel, err);
        if (st) break;
        st = read_row(r, i, m, o->separator, o->grade, &c, err);
        st = lem_prm_rows_failed(r, i, o->judge, st, err);
    }
    lem_candidates_release(&c);
    return st;
}

lem_status lem_prm_rows_load(const char *path, const lem_prm_rows_opts *o, lem_prm_rows *out, lem_err *err) {
    lem_prm_rows r = {0};
    lem_candidates_map *m = lem_candidates_map_new(err);
    lem_json *some = map_of_problems(o->map);
    const lem_problems_opts how = {.map = some, .limit = o->limit, .cancel = o->cancel, .judge = o->judge};
    lem_status st = LEM_OK;
    if (!m || !some) LEM_TRY(lem_fail(err, LEM_EMEM, "out of memory"));
    LEM_TRY(set_map(m, o->map, err));
    LEM_TRY(lem_problems_read(path, &how, &r.problems, err));
    LEM_TRY(detect_map(m, &r.problems, o, err));
    *o->all = r.problems.n;
    lem_problems_keep(&r.problems, o->keep, o->keep_ctx);
    r.at = lem_alloc_zero(r.problems.n + 1, sizeof *r.at, err); /* none may be left */
    if (!r.at) LEM_TRY(LEM_EMEM);
    LEM_TRY(read_rows(&r, m, o, err));
    *out = r;
    r = (lem_prm_rows){0};
done:
    lem_candidates_map_free(m);
    lem_json_free(some);
    lem_prm_rows_release(&r);
    return st;
}

/* ---- rollouts of earlier runs ---- */

lem_status lem_prm_known_add(lem_prm_row *r, const lem_prm_known *k, lem_err *err) {
    if (r->n_known == r->cap_known) {
        size_t cap = 2 * r->cap_known + 32;
        lem_prm_known *p = lem_realloc(r->known, cap, sizeof *p, err);
        if (!p) return LEM_EMEM;
        r->known = p;
        r->cap_known = cap;
    }
    r->known[r->n_known++] = *k;
    return LEM_OK;
}

static int by_place(const void *a, const void *b) {
    const lem_prm_known *x = a, *y = b;
    if (x->point != y->point) return x->point < y->point ? -1 : 1;
    return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

void lem_prm_known_sort(lem_prm_row *r) {
    if (r->n_known) qsort(r->known, r->n_known, sizeof *r->known, by_place);
}

const lem_prm_known *lem_prm_known_find(const lem_prm_row *r, int point, int candidate) {
    lem_prm_known want = {.point = point, .candidate = candidate};
    return r->n_known ? bsearch(&want, r->known, r->n_known, sizeof *r->known, by_place) : NULL;
}

/* ---- output ---- */

static lem_json *step_texts(const lem_step_list *s) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < s->n; k++)
        ok = lem_json_append(list, lem_json_new_strn(s->at[k].text, s->at[k].len));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *label_list(const lem_annotated *a, bool soft) {
    double label[LEM_PROMPT_STEPS_MAX];
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    lem_annotate_labels(a, soft, label);
    for (int k = 0; ok && k < a->steps->n; k++) {
        bool whole = label[k] == -1 || label[k] == 0 || label[k] == 1;
        ok = lem_json_append(list, whole ? lem_json_new_int((int64_t)label[k]) : lem_json_new_num(label[k]));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *count_list(const lem_annotated *a) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int k = 0; ok && k < a->steps->n; k++) {
        lem_json *pair = lem_json_new_array();
        ok = pair && lem_json_append(pair, lem_json_new_int(a->count[k][0])) &&
             lem_json_append(pair, lem_json_new_int(a->count[k][1]));
        if (ok) ok = lem_json_append(list, pair);
        else lem_json_free(pair);
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *output_row(const lem_problem *p, const lem_prm_row *r, int i, const lem_annotated *a,
                            bool soft) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "id", lem_json_copy(p->id));
    lem_object_int(&o, "solution", (uint64_t)i);
    lem_object_str(&o, "problem", p->problem);
    lem_object_str(&o, "expected_answer", p->expected);
    lem_object_str(&o, "generator", r->generator[i]);
    lem_object_json(&o, "steps", step_texts(a->steps));
    lem_object_json(&o, "step_labels", label_list(a, soft));
    lem_object_json(&o, "step_counts", count_list(a));
    lem_object_json(&o, "correct",
                    r->correct[i] < 0 ? lem_json_new_null() : lem_json_new_bool(r->correct[i]));
    return lem_object_done(&o);
}

static lem_status keep_row(lem_prm_row *r, const lem_json *row, lem_err *err) {
    const lem_json *labels = lem_json_get(row, "step_labels"), *steps = lem_json_get(row, "steps");
    if (r->n != 1 || lem_json_kind(steps) != LEM_JSON_ARRAY || lem_json_kind(labels) != LEM_JSON_ARRAY ||
        lem_json_count(steps) != lem_json_count(labels) || lem_json_count(steps) > LEM_PROMPT_STEPS_MAX)
        return lem_fail(err, LEM_EDATA,
                        "a row of lemma prm annotate expected: steps, and as many step_labels");
    if (lem_json_get(row, "consensus"))
        return lem_fail(err, LEM_EDATA, "the row has been judged: give what was annotated without --judge");
    lem_json *out = lem_json_copy(row);
    r->out[0] = out; /* completions are those that reading made of the steps */
    bool ok = out && lem_json_remove(out, "completions");
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory for an output row");
}

lem_status lem_prm_rows_keep(lem_prm_rows *r, const lem_row_judge *judge, lem_err *err) {
    lem_status st = LEM_OK;
    if (r->steps_of_rows + r->left_out != r->problems.n)
        return lem_fail(err, LEM_EDATA, "%s: rows of lemma prm annotate expected; some have completions",
                        r->problems.files[0]);
    for (size_t i = 0; st == LEM_OK && i < r->problems.n; i++) {
        if (r->at[i].n == 0) continue;
        st = keep_row(&r->at[i], r->problems.at[i].input, err);
        st = lem_prm_rows_failed(r, i, judge, st, err);
    }
    return st;
}

lem_status lem_prm_row_finish(lem_prm_rows *rows, uint64_t row, int solution, const lem_annotated *a,
                              bool soft, lem_annotate_tally *tally, lem_err *err) {
    const lem_problem *p = &rows->problems.at[row];
    lem_prm_row *r = &rows->at[row];
    int8_t given[LEM_PROMPT_STEPS_MAX];
    lem_given state;
    lem_status st = lem_given_labels(p->input, solution, r->n, a->steps->n, given, &state, err);
    if (st) return lem_err_context(err, "%s:%llu", p->file, (unsigned long long)p->line);
    r->out[solution] = output_row(p, r, solution, a, soft);
    if (!r->out[solution]) return lem_fail(err, LEM_EMEM, "out of memory for an output row");
    return lem_annotate_tally_add(tally, a, r->correct[solution], r->generator[solution], state, given, err);
}
