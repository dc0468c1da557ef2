/* grade_rows.c - candidates of one row against its gold, and the row with what was found */
#include "eval/grade_rows.h"

#include "core/mem.h"
#include "eval/row_says.h"
#include "grade/cluster.h"
#include "stats/agreement.h"

#include <math.h>
#include <string.h>

static lem_grade_span gold_span(const char *text, size_t len) {
    lem_grade_span s;
    if (!lem_grade_extract(&(lem_grade_profile){.task = LEM_GRADE_TASK_GSM8K}, text, len, &s))
        s = (lem_grade_span){0, len, LEM_GRADE_BY_WHOLE, false};
    return s;
}

void lem_graded_release(lem_graded *g) {
    for (int i = 0; i < g->n && g->answer; i++) lem_free(g->answer[i]);
    for (int i = 0; i < g->n && g->why; i++) lem_free(g->why[i]);
    lem_free(g->why);
    lem_free(g->answer);
    lem_free(g->answer_len);
    lem_free(g->result);
    lem_free(g->own);
    lem_free(g->span);
    lem_free(g->group);
    lem_free(g->gold);
    *g = (lem_graded){.n = 0};
}

static lem_status grade_one(const lem_grade_gold *gold, const lem_candidates *c, int i, lem_graded *g,
                            lem_err *err) {
    const char *text = c->completion ? c->completion[i] : c->predicted[i];
    const size_t *lens = c->completion ? c->completion_len : c->predicted_len;
    lem_status st;
    if (!text) text = "";
    const size_t len = lens ? lens[i] : strlen(text); /* rows that were not read have none */
    if (c->completion) {
        lem_buf answer = {0};
        st = lem_grade_response(gold, text, len, &answer, &g->span[i], &g->result[i], err);
        if (st == LEM_OK && g->span[i].method != LEM_GRADE_BY_NONE) {
            g->answer[i] = lem_strndup(lem_buf_str(&answer), answer.len, err);
            g->answer_len[i] = answer.len;
            if (!g->answer[i]) st = LEM_EMEM;
        }
        lem_buf_release(&answer);
    } else {
        g->span[i] = (lem_grade_span){0, len, LEM_GRADE_BY_WHOLE, false};
        st = lem_grade_compare(gold, text, len, &g->result[i], err);
        if (st == LEM_OK && g->result[i].verdict != LEM_ANSWER_NO_ANSWER) {
            g->answer[i] = lem_strndup(text, len, err);
            g->answer_len[i] = len;
            if (!g->answer[i]) st = LEM_EMEM;
        }
    }
    return st;
}

static lem_status group_answers(lem_graded *g, const lem_grade_profile *profile, lem_err *err) {
    lem_status st = LEM_EMEM;
    lem_grade_answer_text *text = lem_alloc_zero((size_t)g->n, sizeof *text, err);
    g->group = lem_alloc_zero((size_t)g->n, sizeof *g->group, err);
    for (int i = 0; text && i < g->n; i++)
        if (g->answer[i]) text[i] = (lem_grade_answer_text){g->answer[i], g->answer_len[i]};
    if (text && g->group) st = lem_grade_cluster(text, (size_t)g->n, profile, g->group, err);
    lem_free(text);
    return st;
}

lem_status lem_graded_alloc(const lem_candidates *c, lem_graded *g, lem_err *err) {
    size_t n = (size_t)c->n;
    g->n = c->n;
    g->result = lem_alloc_zero(n, sizeof *g->result, err);
    g->answer = lem_alloc_zero(n, sizeof *g->answer, err);
    g->answer_len = lem_alloc_zero(n, sizeof *g->answer_len, err);
    g->span = lem_alloc_zero(n, sizeof *g->span, err);
    if (!g->result || !g->answer || !g->answer_len || !g->span) return LEM_EMEM;
    if (!c->correct) return LEM_OK;
    g->own = lem_alloc_zero(n, sizeof *g->own, err);
    if (!g->own) return LEM_EMEM;
    if (n) memcpy(g->own, c->correct, n * sizeof *g->own);
    return LEM_OK;
}

/* The first gold, by which all candidates are graded. */
static lem_status set_gold(const lem_candidates *c, lem_graded *g, lem_err *err) {
    const char *first = c->n_gold ? c->gold[0] : c->expected;
    lem_grade_span s = gold_span(first, c->n_gold ? c->gold_len[0] : strlen(first));
    g->gold = lem_strndup(first + s.offset, s.len, err);
    g->gold_len = s.len;
    return g->gold ? LEM_OK : LEM_EMEM;
}

/* right before undecided before wrong */
static int rank_of(lem_answer_verdict v) {
    static const int rank[] = {[LEM_GRADE_WRONG] = 0, [LEM_GRADE_RIGHT] = 2, [LEM_GRADE_UNDECIDED] = 1};
    return rank[lem_grade_correct_of(v)];
}

/* Against one more gold: what is nearer to it than to those before has its verdict by it. */
static lem_status grade_against(const lem_grade_gold *gold, const lem_candidates *c, lem_graded *g,
                                bool first, lem_err *err) {
    for (int i = 0; i < g->n; i++) {
        const lem_answer_result before = g->result[i];
        if (!first && rank_of(before.verdict) == 2) continue;
        lem_free(g->answer[i]);
        g->answer[i] = NULL;
        lem_status st = grade_one(gold, c, i, g, err);
        if (st) return st;
        if (!first && rank_of(g->result[i].verdict) <= rank_of(before.verdict)) g->result[i] = before;
    }
    return LEM_OK;
}

/* The golds of the row behind its first, by which all were graded. */
static lem_status grade_more(const lem_candidates *c, const lem_grade_rows_opts *o, lem_graded *g,
                             lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t k = 1; st == LEM_OK && k < c->n_gold; k++) {
        lem_grade_span s = gold_span(c->gold[k], c->gold_len[k]);
        const char *text = c->gold[k] + s.offset;
        lem_grade_gold *gold = NULL;
        if (s.len == g->gold_len && memcmp(text, g->gold, s.len) == 0) continue;
        st = lem_grade_gold_new(text, s.len, &o->profile, &gold, err);
        if (st == LEM_OK) st = grade_against(gold, c, g, false, err);
        lem_grade_gold_free(gold);
    }
    return st;
}

lem_status lem_grade_row(const lem_candidates *c, const lem_grade_rows_opts *opts, lem_graded *out,
                         lem_err *err) {
    lem_grade_rows_opts how = *opts;
    const lem_grade_rows_opts *o = &how;
    lem_graded g = {.n = c->n};
    lem_grade_gold *gold = NULL;
    lem_status st = LEM_OK;
    if (!c->expected)
        return lem_fail(err, LEM_EDATA, "no expected_answer; name its column with --map expected_answer=...");
    if (!c->completion && !c->predicted)
        return lem_fail(err, LEM_EDATA, "no completions and no predicted_answer; name them with --map");
    lem_row_says_texts(c, &how.profile);
    LEM_TRY(lem_graded_alloc(c, &g, err));
    LEM_TRY(set_gold(c, &g, err));
    LEM_TRY(lem_grade_gold_new(g.gold, g.gold_len, &o->profile, &gold, err));
    LEM_TRY(grade_against(gold, c, &g, true, err));
    LEM_TRY(grade_more(c, o, &g, err));
    if (o->cluster) LEM_TRY(group_answers(&g, &o->profile, err));
    *out = g;
done:
    lem_grade_gold_free(gold);
    if (st != LEM_OK) lem_graded_release(&g);
    return st;
}

static void count(lem_grade_model_tally *t, lem_grade_correct c, int own) {
    t->n++;
    t->right += c == LEM_GRADE_RIGHT;
    t->undecided += c == LEM_GRADE_UNDECIDED;
    if (own < 0) return;
    t->own++;
    t->own_right += own == 1;
    t->agree += (own == 1) == (c == LEM_GRADE_RIGHT);
    t->ours_right += c == LEM_GRADE_RIGHT;
}

double lem_grade_kappa(const lem_grade_model_tally *t) {
    uint64_t both = (t->agree + t->own_right + t->ours_right - t->own) / 2;
    const uint64_t table[4] = {both, t->ours_right - both, t->own_right - both, t->agree - both};
    return lem_kappa(table, 2);
}

void lem_grade_tally_add(lem_grade_tally *t, const lem_candidates *from, const lem_graded *g, int n_models) {
    t->rows++;
    for (int i = 0; i < g->n; i++) {
        lem_grade_correct c = lem_grade_correct_of(g->result[i].verdict);
        int own = g->own ? g->own[i] : -1;
        count(&t->all, c, own);
        if (i < n_models && i < LEM_GRADE_MAX_MODELS) count(&t->model[i], c, own);
        t->verdict[g->result[i].verdict]++;
        t->cut[g->result[i].verdict] += lem_candidates_cut(from, i) == 1;
        t->method[g->span[i].method]++;
        t->weak += g->span[i].weak;
    }
}

static lem_json *correct_json(lem_answer_verdict v) {
    lem_grade_correct c = lem_grade_correct_of(v);
    return c == LEM_GRADE_UNDECIDED ? lem_json_new_null() : lem_json_new_bool(c == LEM_GRADE_RIGHT);
}

enum { ANSWER, CORRECT, VERDICT, RULE, GROUP, WHY, N_ADDED }; /* GROUP and WHY only where they are there */
static const char *const added[N_ADDED] = {"predicted_answer", "correct",   "verdict", "rule",
                                           "answer_group",     "code_error"};

static bool is_there(const lem_graded *g, int what) {
    return what == GROUP ? g->group != NULL : what != WHY || g->why;
}

static lem_json *added_value(const lem_graded *g, int i, int what) {
    switch (what) {
    case ANSWER:
        return g->answer[i] ? lem_json_new_strn(g->answer[i], g->answer_len[i]) : lem_json_new_null();
    case CORRECT: return correct_json(g->result[i].verdict);
    case VERDICT: return lem_json_new_str(lem_answer_verdict_name(g->result[i].verdict));
    case RULE: return lem_json_new_str(g->result[i].rule);
    case WHY: return g->why[i] ? lem_json_new_str(g->why[i]) : lem_json_new_null();
    default: return lem_json_new_int(g->group[i]);
    }
}

lem_json *lem_graded_row(const lem_json *row, const lem_candidates *c, const lem_graded *g,
                         const lem_grade_rows_opts *o) {
    lem_json *r = lem_json_copy(row);
    bool ok = r && (o->pair || lem_candidates_put(c, false, r, NULL) == LEM_OK);
    for (int what = 0; ok && what < N_ADDED; what++) {
        if (!is_there(g, what)) continue;
        if (o->pair) {
            ok = g->n == 1 && lem_json_set(r, added[what], added_value(g, 0, what));
            continue;
        }
        lem_json *list = lem_json_new_array();
        ok = list != NULL;
        for (int i = 0; ok && i < g->n; i++) ok = lem_json_append(list, added_value(g, i, what));
        if (ok) ok = lem_json_set(r, added[what], list);
        else lem_json_free(list);
    }
    if (ok) return r;
    lem_json_free(r);
    return NULL;
}
