/* trace.c - the trees of a search in a report: what each problem's trace holds, checked, and drawn */
#include "report/trace.h"

#include "core/buf.h"
#include "core/mem.h"
#include "rows/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_STATES = 6, FIRST_END = 2, BUDGET = 5, LABEL = 160 };

/* The words that a trace has for a step's state, and what a reader is told. */
static const char *const state_word[N_STATES] = {"pruned", "kept", "stop", "length", "depth", "budget"};
static const char *const state_told[N_STATES] = {
    "pruned",
    "kept",
    "finished",
    "ended by the token limit",
    "ended by the depth limit",
    "ended by the budget",
};

typedef struct step {
    int parent, child, next; /* first child, next sibling; -1 = none */
    int depth, state, round, subtree;
    bool shown;
    double score; /* NAN = none */
    int64_t tokens;
    const char *text; /* [len] of the whole path; borrowed from the row */
    size_t len;
} step;

typedef struct trace { /* a row; borrows from it */
    const lem_json *row;
    step *at; /* [n] */
    int n, chosen, shown;
} trace;

typedef struct totals {
    uint64_t problems, steps, tokens, state[N_STATES];
} totals;

typedef struct place { /* for messages */
    const char *path;
    uint64_t line;
} place;

/* ---- a row, checked ---- */

static lem_status wrong(const place *w, int i, const char *field, const char *want, const lem_json *found,
                        lem_err *err) {
    return lem_fail(err, LEM_EDATA, "%s:%llu: steps[%d].%s: %s expected, %s found", w->path,
                    (unsigned long long)w->line, i, field, want,
                    found ? lem_json_kind_name(found) : "nothing");
}

static bool small_int(const lem_json *v, int64_t most, int64_t *out) {
    if (lem_json_kind(v) != LEM_JSON_INT) return false;
    *out = lem_json_int(v, -1);
    return *out >= 0 && *out <= most;
}

static int find_state(const char *word) {
    for (int s = 0; s < N_STATES; s++)
        if (strcmp(word, state_word[s]) == 0) return s;
    return -1;
}

/* The step before this one: an earlier one that was kept. So there is no circle. */
static lem_status read_parent(trace *t, int i, const lem_json *v, const place *w, lem_err *err) {
    int64_t parent = -1;
    t->at[i].parent = -1;
    if (v && lem_json_kind(v) == LEM_JSON_NULL) return LEM_OK;
    if (!small_int(v, i - 1, &parent)) return wrong(w, i, "parent", "null or an earlier step", v, err);
    if (t->at[parent].state != 1)
        return lem_fail(err, LEM_EDATA, "%s:%llu: steps[%d].parent: step %lld was not kept", w->path,
                        (unsigned long long)w->line, i, (long long)parent);
    t->at[i].parent = (int)parent;
    t->at[i].depth = t->at[parent].depth + 1;
    return LEM_OK;
}

static lem_status read_numbers(step *x, const lem_json *v, int i, const place *w, lem_err *err) {
    static const char *const names[] = {"step", "round", "subtree", "tokens"};
    int64_t number[4];
    for (int k = 0; k < 4; k++) {
        const lem_json *found = lem_json_get(v, names[k]);
        if (!small_int(found, INT32_MAX, &number[k])) return wrong(w, i, names[k], "a count", found, err);
    }
    if (number[0] != i) return wrong(w, i, "step", "its place in the list", lem_json_get(v, "step"), err);
    x->round = (int)number[1];
    x->subtree = (int)number[2];
    x->tokens = number[3];
    return LEM_OK;
}

static lem_status read_step(trace *t, int i, const lem_json *v, const place *w, lem_err *err) {
    step *x = &t->at[i];
    const lem_json *text = lem_json_get(v, "text"), *state = lem_json_get(v, "state");
    const lem_json *score = lem_json_get(v, "score");
    lem_json_type kind = lem_json_kind(score);
    *x = (step){.child = -1, .next = -1, .score = NAN};
    lem_status st = read_numbers(x, v, i, w, err);
    if (st) return st;
    x->state = find_state(lem_json_str(state, ""));
    if (x->state < 0) return wrong(w, i, "state", "pruned, kept, stop, length, depth or budget", state, err);
    if (kind == LEM_JSON_INT || kind == LEM_JSON_REAL) x->score = lem_json_num(score, NAN);
    else if (kind != LEM_JSON_NULL || !score) return wrong(w, i, "score", "a number or null", score, err);
    if (lem_json_kind(text) != LEM_JSON_STRING) return wrong(w, i, "text", "a string", text, err);
    x->text = lem_json_str(text, "");
    x->len = lem_json_str_len(text);
    return read_parent(t, i, lem_json_get(v, "parent"), w, err);
}

/* The solution that the search gives: of those found the best scored, the first of equals. One that the
 * budget cut short only where there is no other. */
static int chosen_of(const trace *t) {
    int best = -1;
    bool whole = false;
    for (int i = 0; i < t->n; i++) whole = whole || (t->at[i].state >= FIRST_END && t->at[i].state != BUDGET);
    for (int i = 0; i < t->n; i++) {
        if (t->at[i].state < FIRST_END || isnan(t->at[i].score)) continue;
        if (whole && t->at[i].state == BUDGET) continue;
        if (best < 0 || t->at[i].score > t->at[best].score) best = i;
    }
    return best;
}

/* Checks a row; *t is the caller's to release, also on failure. */
static lem_status read_trace(const lem_json *row, const place *w, trace *t, lem_err *err) {
    const lem_json *steps = lem_json_get(row, "steps");
    size_t n = lem_json_count(steps);
    *t = (trace){.row = row, .chosen = -1};
    if (lem_json_kind(steps) != LEM_JSON_ARRAY)
        return lem_fail(err, LEM_EDATA, "%s:%llu: no 'steps' list found, as `search --trace` writes it",
                        w->path, (unsigned long long)w->line);
    if (n > INT32_MAX / 2)
        return lem_fail(err, LEM_EDATA, "%s:%llu: %zu steps are too many", w->path,
                        (unsigned long long)w->line, n);
    t->at = lem_alloc(n, sizeof *t->at, err);
    if (!t->at) return LEM_EMEM;
    for (; t->n < (int)n; t->n++) {
        lem_status st = read_step(t, t->n, lem_json_at(steps, (size_t)t->n), w, err);
        if (st) return st;
    }
    t->chosen = chosen_of(t);
    return LEM_OK;
}

/* ---- a tree, drawn ---- */

/* The first steps, and those of the chosen solution: a step is never shown without those before it. */
static void choose_shown(trace *t) {
    for (int i = t->chosen; i >= 0; i = t->at[i].parent) {
        t->at[i].shown = true;
        t->shown++;
    }
    for (int i = 0; i < t->n && t->shown < LEM_TRACE_STEPS; i++) {
        const step *x = &t->at[i];
        if (x->shown || (x->parent >= 0 && !t->at[x->parent].shown)) continue;
        t->at[i].shown = true;
        t->shown++;
    }
}

/* Hangs the shown steps under their parents, in order; returns the first of those without one. */
static int link_shown(trace *t) {
    int first = -1;
    for (int i = t->n; i-- > 0;) {
        step *x = &t->at[i];
        int *list = x->parent < 0 ? &first : &t->at[x->parent].child;
        if (!x->shown) continue;
        x->next = *list;
        *list = i;
    }
    return first;
}

/* The shown step behind i in depth-first order; -1 = it was the last. */
static int next_shown(const trace *t, int i) {
    if (t->at[i].child >= 0) return t->at[i].child;
    while (i >= 0 && t->at[i].next < 0) i = t->at[i].parent;
    return i < 0 ? -1 : t->at[i].next;
}

/* What a step adds to the text before it. */
static const char *own_text(const trace *t, int i, size_t *len) {
    const step *x = &t->at[i];
    const char *text = x->text, *end = x->text + x->len;
    if (x->parent >= 0) {
        const step *p = &t->at[x->parent];
        if (p->len <= x->len && memcmp(p->text, x->text, p->len) == 0) text += p->len;
    }
    while (text < end && (*text == '\n' || *text == ' ')) text++;
    *len = (size_t)(end - text);
    return text;
}

static void label_of(const trace *t, int i, char out[LABEL]) {
    const step *x = &t->at[i];
    char where[48] = "", score[40] = "no score";
    if (x->parent >= 0) snprintf(where, sizeof where, " after %d", x->parent);
    else snprintf(where, sizeof where, ", round %d, subtree %d", x->round + 1, x->subtree + 1);
    if (!isnan(x->score)) snprintf(score, sizeof score, "score %.4g", x->score);
    snprintf(out, LABEL, "step %d%s · %s · %s", i, where, score, state_told[x->state]);
}

static lem_tone tone_of(const trace *t, int i) {
    if (i == t->chosen) return LEM_TONE_GOOD;
    return t->at[i].state == 0 ? LEM_TONE_BAD : LEM_TONE_PLAIN;
}

static void draw_steps(lem_page *p, trace *t) {
    char label[LABEL];
    for (int i = link_shown(t); i >= 0; i = next_shown(t, i)) {
        lem_branch b = {.depth = t->at[i].depth, .label = label, .tone = tone_of(t, i)};
        b.text = own_text(t, i, &b.len);
        b.mark = i == t->chosen ? "chosen" : NULL;
        label_of(t, i, label);
        lem_page_branch(p, &b);
    }
}

/* "Problem 3", or its id where it has one. */
static void title_of(const lem_json *row, uint64_t number, lem_buf *out) {
    const lem_json *id = lem_json_get(row, "id");
    lem_json_type kind = lem_json_kind(id);
    if (kind == LEM_JSON_STRING) lem_buf_printf(out, "Problem %.80s", lem_json_str(id, ""));
    else if (kind == LEM_JSON_INT) lem_buf_printf(out, "Problem %lld", (long long)lem_json_int(id, 0));
    else lem_buf_printf(out, "Problem %llu", (unsigned long long)number);
    const char *method = lem_json_str(lem_json_get(row, "method"), NULL);
    if (method) lem_buf_printf(out, ", %.20s", method);
}

static void draw(lem_page *p, trace *t, uint64_t number) {
    lem_buf title = {0}, left = {0};
    title_of(t->row, number, &title);
    choose_shown(t);
    lem_page_tree(p, lem_buf_str(&title), lem_json_str(lem_json_get(t->row, "problem"), NULL), number == 1);
    draw_steps(p, t);
    if (t->shown < t->n)
        lem_buf_printf(&left,
                       "%d of %d steps are shown: the first ones, and those of the chosen solution. The "
                       "trace has the others.",
                       t->shown, t->n);
    else if (!t->n) lem_buf_puts(&left, "No step was drawn.");
    lem_page_tree_end(p, left.len ? lem_buf_str(&left) : NULL);
    lem_buf_release(&title);
    lem_buf_release(&left);
}

/* ---- a file ---- */

static void count(totals *a, const trace *t) {
    a->problems++;
    a->steps += (uint64_t)t->n;
    for (int i = 0; i < t->n; i++) {
        a->tokens += (uint64_t)t->at[i].tokens;
        a->state[t->at[i].state]++;
    }
}

static void tell_totals(lem_page *p, const totals *a) {
    enum { N = 3 + N_STATES };
    char text[N][24];
    lem_pair pairs[N] = {{"problems", text[0]}, {"steps drawn", text[1]}, {"tokens drawn", text[2]}};
    const uint64_t number[3] = {a->problems, a->steps, a->tokens};
    for (int i = 0; i < N; i++) {
        uint64_t v = i < 3 ? number[i] : a->state[i - 3];
        if (i >= 3) pairs[i] = (lem_pair){state_told[i - 3], text[i]};
        snprintf(text[i], sizeof text[i], "%llu", (unsigned long long)v);
    }
    lem_page_pairs(p, pairs, N);
}

static void tell_left_out(lem_page *p, uint64_t problems, int shown) {
    char text[160];
    if (problems <= (uint64_t)shown) return;
    snprintf(text, sizeof text, "The trees of the first %d of %llu problems are shown; --n-trees shows more.",
             shown, (unsigned long long)problems);
    lem_page_note(p, text);
}

/* Reads all rows; draws the first `trees`. */
static lem_status read_rows(lem_page *p, const char *path, int trees, totals *sum, lem_err *err) {
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    trace t = {.n = 0};
    lem_status st = LEM_OK;
    LEM_TRY(lem_rowset_open(&path, 1, NULL, &rows, err));
    for (;;) {
        LEM_TRY(lem_rowset_next(rows, &row, err));
        if (!row) break;
        const place w = {lem_rowset_file(rows), lem_rowset_number(rows)};
        LEM_TRY(read_trace(row, &w, &t, err));
        count(sum, &t);
        if (p && sum->problems <= (uint64_t)trees) draw(p, &t, sum->problems);
        lem_free(t.at);
        t.at = NULL;
        lem_json_free(row);
        row = NULL;
    }
done:
    lem_free(t.at);
    lem_json_free(row);
    lem_rowset_close(rows);
    return st;
}

lem_status lem_report_trace(lem_page *p, const char *title, const char *path, int trees, lem_err *err) {
    totals sum = {0}, again = {0};
    lem_status st = read_rows(NULL, path, 0, &sum, err); /* the numbers stand above the trees */
    if (st) return st;
    if (!sum.problems) return lem_fail(err, LEM_EDATA, "%s: no rows found", path);
    lem_page_section(p, title);
    tell_totals(p, &sum);
    tell_left_out(p, sum.problems, trees);
    return read_rows(p, path, trees, &again, err);
}
