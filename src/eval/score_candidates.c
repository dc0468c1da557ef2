/* score_candidates.c - the candidates of a row as tokens, and their values from the scorer */
#include "eval/given_steps.h"
#include "core/mem.h"
#include "eval/score_candidates_priv.h"

#include <string.h>

void lem_score_candidates_free(score_candidate *c, size_t n) {
    for (size_t i = 0; c && i < n; i++) {
        lem_rendering_release(&c[i].r);
        lem_free(c[i].end);
        lem_free(c[i].value);
    }
    lem_free(c);
}

static int same_text(const score_candidate *c, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (c[k].same < 0 && c[k].closed == c[i].closed && c[k].len == c[i].len &&
            memcmp(c[k].text, c[i].text, c[i].len) == 0)
            return (int)k;
    return -1;
}

/* Why a rendered candidate gets no score, told the first three times. */
static void skip_unreadable(score_work *w, score_candidate *c, size_t i) {
    size_t limit = (size_t)lem_scorer_limit(w->scorer), n = c->r.ids.len;
    c->skip = c->r.n_at == 0 || n > limit;
    if (!c->skip) return;
    if (c->r.n_at == 0) {
        if (w->counts->no_steps++ < 3)
            lem_warn(w->how->log, "%s:%llu: completion %zu not scored (null): it has no %s", w->path, w->line,
                     i, w->how->what == LEM_SCORE_LOGPROBS ? "tokens" : "steps");
    } else if (w->counts->too_long++ < 3)
        lem_warn(w->how->log, "%s:%llu: completion %zu not scored (null): %zu tokens, the limit is %zu",
                 w->path, w->line, i, n, limit);
}

static lem_status find_steps(const score_work *w, score_candidate *c, lem_err *err) {
    c->end = lem_alloc(LEM_PROMPT_STEPS_MAX, sizeof *c->end, err);
    if (!c->end) return LEM_EMEM;
    lem_status st = lem_text_steps(w->how->text, w->how->tokenizer, &c->r, c->end, &c->n_end, err);
    if (st == LEM_OK && c->n_end == 0) c->r.n_at = 0;
    return st;
}

static lem_status render_one(const score_work *w, const char *problem, score_candidate *c, lem_err *err) {
    const lem_score_how *how = w->how;
    if (!w->text)
        return lem_prompt_solution(how->recipe, how->tokenizer, problem, c->text, c->len, &c->r, err);
    lem_status st =
        lem_text_render(how->text, how->tokenizer, problem, c->text, c->len, c->closed, &c->r, err);
    return st == LEM_OK && how->what == LEM_SCORE_STEP_SUMS ? find_steps(w, c, err) : st;
}

/* The list of texts that a solution is given as. */
static lem_status render_steps(const score_work *w, const char *problem, const lem_json *list,
                               score_candidate *c, lem_err *err) {
    lem_step *steps = NULL;
    int n = 0;
    lem_status st = lem_given_steps_read(list, &steps, &n, err);
    if (st == LEM_OK) st = lem_prompt_steps(w->how->recipe, w->how->tokenizer, problem, steps, n, &c->r, err);
    lem_free(steps);
    return st;
}

/* "length" ran into a limit; "prompt_too_long" was never made. */
static bool is_closed(const lem_json *reasons, size_t i) {
    const char *why = lem_json_str(lem_json_at(reasons, i), "");
    return strcmp(why, "length") != 0 && strcmp(why, "prompt_too_long") != 0;
}

/* Candidate i as its text. */
static lem_status render_text(const score_work *w, const char *problem, const lem_json *row,
                              score_candidate *c, size_t i, lem_err *err) {
    const lem_json *t = lem_json_at(lem_json_get(row, "completions"), i);
    if (lem_json_kind(t) != LEM_JSON_STRING)
        return lem_fail(err, LEM_EDATA, "text expected, %s found", lem_json_kind_name(t));
    c[i].text = lem_json_str(t, "");
    c[i].len = lem_json_str_len(t);
    c[i].closed = !w->text || is_closed(lem_json_get(row, "finish_reason"), i);
    c[i].same = same_text(c, i);
    return c[i].same < 0 ? render_one(w, problem, &c[i], err) : LEM_OK;
}

/* The steps that candidate i is given as, or NULL: its text is to be split. */
static const lem_json *steps_given(const score_work *w, const lem_json *row, size_t i) {
    if (w->how->given_steps) return lem_json_at(lem_json_get(row, "completions"), i);
    return w->text || !w->how->process ? NULL : lem_given_steps(row, i);
}

static lem_status render(score_work *w, const lem_json *row, score_candidate *c, lem_err *err) {
    const char *problem = lem_json_str(lem_json_get(row, "problem"), "");
    const lem_json *texts = lem_json_get(row, "completions");
    for (size_t i = 0; i < lem_json_count(texts); i++) {
        lem_status st = LEM_OK;
        c[i].same = -1;
        const lem_json *steps = steps_given(w, row, i);
        if (steps || w->how->given_steps) st = render_steps(w, problem, steps, &c[i], err);
        else st = render_text(w, problem, row, c, i, err);
        if (st) return lem_err_context(err, "completions[%zu]", i);
        if (c[i].same < 0) skip_unreadable(w, &c[i], i);
    }
    return LEM_OK;
}

/* ---- values ---- */

/* The first step that the model finds wrong and that later steps still read as right: its sign becomes '-'. A
 * step's score depends on what stands before it alone, so those up to this one stay, and those behind it are
 * computed again. false: all signs are the model's own. */
static bool turn_sign(const lem_prompt_recipe *recipe, score_candidate *c) {
    for (int k = 0; k + 1 < c->r.n_at; k++) {
        int32_t *sign = &c->r.ids.data[c->r.at[k] + 1];
        if (c->value[k] < 0.5f && *sign == recipe->good) {
            *sign = recipe->bad;
            return true;
        }
    }
    return false;
}

static void add_item(lem_score_item *items, int *m, const score_candidate *c) {
    items[(*m)++] = (lem_score_item){c->r.ids.data, (int)c->r.ids.len, c->r.at, c->r.n_at, c->value};
}

static lem_status follow_signs(const score_work *w, score_candidate *c, size_t n, lem_score_item *items,
                               lem_err *err) {
    for (int m = 1; m > 0;) {
        m = 0;
        for (size_t i = 0; i < n; i++)
            if (c[i].value && turn_sign(w->how->recipe, &c[i])) add_item(items, &m, &c[i]);
        lem_status st = lem_scorer_run(w->scorer, items, m, err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status compute(const score_work *w, score_candidate *c, size_t n, lem_err *err) {
    lem_status st = LEM_OK;
    int m = 0;
    lem_score_item *items = lem_alloc(n + 1, sizeof *items, err);
    if (!items) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        if (c[i].same >= 0 || c[i].skip) continue;
        c[i].value = lem_alloc((size_t)c[i].r.n_at, sizeof *c[i].value, err);
        if (!c[i].value) LEM_TRY(LEM_EMEM);
        add_item(items, &m, &c[i]);
    }
    LEM_TRY(lem_scorer_run(w->scorer, items, m, err));
    if (!w->text && w->how->own_signs) LEM_TRY(follow_signs(w, c, n, items, err));
done:
    lem_free(items);
    return st;
}

lem_status lem_score_candidates(score_work *w, const lem_json *row, score_candidate *c, size_t n,
                                lem_err *err) {
    lem_status st = render(w, row, c, err);
    return st ? st : compute(w, c, n, err);
}
