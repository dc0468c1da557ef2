/* audit_page.c - the audit of a graded file: counts, then one table for each kind of case */
#include "report/audit_page.h"
#include "report/audit_cases.h"

#include "core/mem.h"
#include "report/page.h"

#include <stdio.h>
#include <string.h>

enum { MAX_CELL = 400, MAX_COLUMNS = 8 };

static const struct {
    const char *name, *title, *text, *none;
} kinds[LEM_AUDIT_N_KINDS] = {
    {"disagreements", "Where the policies disagree", "Right by one policy, not right by the other.",
     "The two policies agree on every answer."},
    {"near-misses", "Near misses",
     "Not right, but close enough that a person should look: right by the lenient policy, within 1 %, the "
     "opposite sign, or one character away.",
     "No wrong answer is close to its gold."},
    {"undecided", "Undecided",
     "The gold or the answer could not be parsed, or a bound on work was reached. These count as not right.",
     "Everything was decided."},
    {"weak", "Right, but not marked",
     "Counted as right although nothing in the response marks the answer: it was the last number or bold "
     "text.",
     "Every right answer was marked as the answer."},
};

typedef struct cells {
    lem_arena *arena;
    const char **at;
    size_t n;
    bool failed;
} cells;

static void put(cells *c, const char *text) {
    size_t n = strnlen(text, MAX_CELL + 1);
    char *t = lem_arena_alloc(c->arena, n + 4, 1);
    if (!t) {
        c->failed = true;
        return;
    }
    memcpy(t, text, n);
    if (n > MAX_CELL) memcpy(t + MAX_CELL, "...", 4);
    else t[n] = '\0';
    c->at[c->n++] = t;
}

static void put_verdict(cells *c, lem_answer_result r) {
    char text[160];
    static const char *const words[] = {"wrong", "right", "undecided"};
    snprintf(text, sizeof text, "%s: %s", words[lem_grade_correct_of(r.verdict)], r.rule);
    put(c, text);
}

static int table_columns(const lem_grade_page *p, lem_audit_kind kind, lem_column out[MAX_COLUMNS]) {
    static const lem_column first[] = {{"line", true}, {"#", true}, {"gold", false}, {"answer", false}};
    int n = (int)(sizeof first / sizeof *first);
    memcpy(out, first, sizeof first);
    if (kind == LEM_AUDIT_NEAR) out[n++] = (lem_column){"why", false};
    out[n++] = (lem_column){p->policy, false};
    if (p->against) out[n++] = (lem_column){p->against, false};
    out[n++] = (lem_column){"times", true};
    return n;
}

/* The cells of one entry, in the order of table_columns. */
static void put_entry(cells *c, const lem_grade_page *p, const lem_audit_entry *e) {
    char number[64];
    snprintf(number, sizeof number, "%llu", (unsigned long long)e->line);
    put(c, number);
    snprintf(number, sizeof number, "%d", e->candidate);
    put(c, number);
    put(c, e->gold);
    put(c, e->answer);
    if (e->kind == LEM_AUDIT_NEAR) put(c, e->why);
    put_verdict(c, e->result);
    if (p->against) put_verdict(c, e->other);
    snprintf(number, sizeof number, "%llu", (unsigned long long)e->count);
    put(c, number);
}

static lem_status add_table(lem_page *page, const lem_grade_page *p, lem_audit_kind kind, size_t rows,
                            lem_err *err) {
    char caption[200];
    lem_column columns[MAX_COLUMNS];
    int n = table_columns(p, kind, columns);
    cells c = {.arena = lem_arena_new(0, 0, err)};
    if (!c.arena) return LEM_EMEM;
    c.at = lem_arena_alloc(c.arena, rows * (size_t)n, sizeof *c.at);
    c.failed = !c.at;
    for (size_t i = 0; !c.failed && i < lem_audit_count(p->audit); i++)
        if (lem_audit_at(p->audit, i)->kind == kind) put_entry(&c, p, lem_audit_at(p->audit, i));
    snprintf(caption, sizeof caption, "%zu different cases; line and # (candidate) of the first of each",
             rows);
    lem_table t = {kinds[kind].name, caption, columns, n, (int)rows, c.at, -1};
    if (!c.failed) lem_page_table(page, &t);
    lem_status st = c.failed ? lem_fail(err, LEM_EMEM, "out of memory") : LEM_OK;
    lem_arena_free(c.arena);
    return st;
}

static lem_status add_kind(lem_page *page, const lem_grade_page *p, lem_audit_kind kind, lem_err *err) {
    size_t rows = 0;
    char title[200];
    for (size_t i = 0; i < lem_audit_count(p->audit); i++) rows += lem_audit_at(p->audit, i)->kind == kind;
    snprintf(title, sizeof title, "%s (%llu)", kinds[kind].title,
             (unsigned long long)lem_audit_total(p->audit, kind));
    lem_page_section(page, title);
    lem_page_paragraph(page, rows ? kinds[kind].text : kinds[kind].none);
    return rows ? add_table(page, p, kind, rows, err) : LEM_OK;
}

static void tell_marks(lem_page *page, const lem_grade_page *p) {
    lem_buf b = {0};
    lem_marks_tell(p->marked, p->policy, p->against, &b);
    lem_page_note(page, lem_buf_str(&b));
    lem_buf_release(&b);
}

static void summary(lem_page *page, const lem_grade_page *p) {
    char answers[32], right[64], other[64], differ[32], near[32], undecided[32], label[80];
    const lem_grade_model_tally *t = &p->tally->all;
    double n = t->n ? (double)t->n : 1;
    snprintf(answers, sizeof answers, "%llu", (unsigned long long)t->n);
    snprintf(right, sizeof right, "%.2f %%", 100 * (double)t->right / n);
    snprintf(other, sizeof other, "%.2f %%", 100 * (double)p->right_against / n);
    snprintf(differ, sizeof differ, "%llu",
             (unsigned long long)lem_audit_total(p->audit, LEM_AUDIT_DISAGREE));
    snprintf(near, sizeof near, "%llu", (unsigned long long)lem_audit_total(p->audit, LEM_AUDIT_NEAR));
    snprintf(undecided, sizeof undecided, "%llu", (unsigned long long)t->undecided);
    snprintf(label, sizeof label, "right by %s", p->policy);
    lem_pair tiles[6] = {
        {"answers", answers}, {label, right}, {"near misses", near}, {"undecided", undecided}};
    int k = 4;
    char against[80];
    if (p->against) {
        snprintf(against, sizeof against, "right by %s", p->against);
        tiles[k++] = (lem_pair){against, other};
        tiles[k++] = (lem_pair){"disagreements", differ};
    }
    lem_page_tiles(page, tiles, NULL, k);
    if (p->marked) tell_marks(page, p);
}

lem_status lem_grade_page_save(const lem_grade_page *p, const char *path, bool overwrite, lem_err *err) {
    char subtitle[600];
    int n = snprintf(subtitle, sizeof subtitle, "%.300s, graded by the policy %.100s", p->file, p->policy);
    if (p->against) snprintf(subtitle + n, sizeof subtitle - (size_t)n, " against %.100s", p->against);
    lem_page *page = lem_page_new("Audit of grading", subtitle, err);
    if (!page) return LEM_EMEM;
    lem_status st = LEM_OK;
    summary(page, p);
    st = lem_audit_cases_add(page, p, err);
    for (int k = p->against ? LEM_AUDIT_DISAGREE : LEM_AUDIT_NEAR; st == LEM_OK && k < LEM_AUDIT_N_KINDS; k++)
        st = add_kind(page, p, (lem_audit_kind)k, err);
    if (st == LEM_OK) st = lem_page_save(page, path, overwrite, err);
    lem_page_free(page);
    return st;
}
