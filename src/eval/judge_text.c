/* judge_text.c - measures of a benchmark of reward models for programs and for people */
#include "eval/judge_text.h"

#include "core/csv.h"
#include "core/object.h"
#include "eval/decided.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what each benchmark's figures mean ---- */

typedef struct about {
    const char *meaning, *chance;
    const char *table, *column; /* published figures; NULL = none */
} about;

static about about_of(const lem_judge_data *d) {
    switch (d->kind) {
    case LEM_JUDGE_PAIRS:
        return (about){"accuracy: the chosen reply scores strictly higher than the rejected one; a tie is no "
                       "success",
                       "chance is 50 %", NULL, NULL};
    case LEM_JUDGE_REWARDBENCH:
        return (about){"accuracy: the chosen reply scores strictly higher than the rejected one; a tie is no "
                       "success",
                       "chance is 50 %", "acemath-7", "RewardBench math-prm"};
    case LEM_JUDGE_REWARDBENCH2:
        return (about){
            "accuracy: every right reply above every wrong one; accuracy-shared: the best reply is right, "
            "1/m where m share the best score; leaderboard: the mean of subsets, with ties-score for Ties",
            "chance is 25 % with one right of four", NULL, NULL};
    case LEM_JUDGE_RMBENCH:
        return (about){
            "hard: the chosen reply is of a plainer style than the rejected one; normal: of the same; "
            "easy: of a fancier one; average: all nine comparisons",
            "chance is 50 %", NULL, NULL};
    case LEM_JUDGE_REWARDMATH:
        return (about){
            "strict: the right solution scores above all wrong ones; mrr: 1 / its place, ties against "
            "it",
            "chance is 10 % with one right of ten", "acemath-7", "RewardMATH"};
    case LEM_JUDGE_PROCESSBENCH:
        return (about){"error: the first wrong step is found exactly; correct: a right solution has no step "
                       "called wrong; f1: their harmonic mean",
                       "calling nothing wrong gives f1 0", "processbench", "F1 average"};
    case LEM_JUDGE_PRMBENCH:
        return (about){
            "of all steps, right ones positive; prmscore is half f1 and half negative-f1; the class "
            "correct is not in the total",
            "calling every step right gives a high f1 and negative-f1 0", NULL, NULL};
    case LEM_JUDGE_ACEMATH:
        return (about){
            "rm@k: the candidate with the best score among k of a problem's is right; exact: expectation "
            "over all k-subsets; seeds: mean over random ones",
            "a judge that knows nothing gives pass@1; maj@k and pass@k stand beside it", "acemath-6",
            "Average"};
    case LEM_JUDGE_NONE: break;
    }
    return (about){"", "", NULL, NULL};
}

/* RewardBench's column is of one subset. */
static bool is_comparable(const lem_judge_data *d, const lem_reference_row *p) {
    about a = about_of(d);
    if (!a.table || strcmp(p->table, a.table) != 0 || strcmp(p->column, a.column) != 0) return false;
    if (d->kind != LEM_JUDGE_REWARDBENCH) return true;
    for (int b = 0; b < d->n_subsets; b++)
        if (strcmp(d->subset[b], "math-prm") == 0) return true;
    return false;
}

/* ---- JSON ---- */

static lem_json *metric_json(const lem_judge_metric *m) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", m->name);
    lem_object_str(&o, "protocol", m->protocol);
    if (m->subset) lem_object_str(&o, "subset", m->subset);
    lem_object_num(&o, "value", m->at.mean);
    lem_object_range(&o, "ci95", m->at.lo, m->at.hi);
    lem_object_int(&o, "n", (uint64_t)m->n);
    if (m->ties >= 0) lem_object_int(&o, "ties", (uint64_t)m->ties);
    lem_object_bool(&o, "few", m->few);
    return lem_object_done(&o);
}

static lem_json *published_json(const lem_reference_row *p) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "row", p->row);
    lem_object_str(&o, "column", p->column);
    lem_object_num(&o, "value", p->value);
    lem_object_str(&o, "source", p->source);
    lem_object_str(&o, "note", p->note);
    return lem_object_done(&o);
}

static lem_json *metrics_json(const lem_judge_result *r) {
    lem_json *list = lem_json_new_array();
    for (int i = 0; list && i < r->n; i++) {
        if (lem_json_append(list, metric_json(&r->m[i]))) continue;
        lem_json_free(list);
        return NULL;
    }
    return list;
}

static lem_json *published_list(const lem_judge_result *r, const lem_reference *published) {
    lem_json *list = lem_json_new_array();
    for (int i = 0; list && published && i < published->n; i++) {
        if (!is_comparable(r->d, &published->at[i]) ||
            lem_json_append(list, published_json(&published->at[i])))
            continue;
        lem_json_free(list);
        return NULL;
    }
    return list;
}

static void fitted_note(const lem_judge_result *r, lem_buf *out) {
    lem_buf_printf(
        out, "threshold %.6g, the lowest that makes f1 largest on %s: its own figure there is flattered",
        r->threshold, r->threshold_from);
}

static lem_json *notes_json(const lem_judge_result *r) {
    lem_buf fitted = {0}, decided = {0};
    about a = about_of(r->d);
    char few[64];
    snprintf(few, sizeof few, "few: fewer than %d hits or misses", LEM_EVAL_FEW_EVENTS);
    if (r->threshold_from) fitted_note(r, &fitted);
    lem_decided_note(r->d->decided, &decided);
    const char *notes[] = {
        a.meaning,
        a.chance,
        "intervals: 95 %, over problems, rows of the same text being one (eval/judge.h)",
        few,
        r->d->shared ? "subsets share problems: the interval of their mean is the mean of theirs" : NULL,
        r->d->missing ? "a missing score is taken against the judge" : NULL,
        r->d->no_probabilities ? "step scores leave 0..1: aggregators of probabilities are left out" : NULL,
        r->threshold_from ? lem_buf_str(&fitted) : NULL,
        decided.len ? lem_buf_str(&decided) : NULL};
    lem_json *list = lem_json_new_array();
    bool ok = list && !fitted.failed && !decided.failed;
    for (size_t i = 0; ok && i < sizeof notes / sizeof *notes; i++)
        if (notes[i]) ok = lem_json_append(list, lem_json_new_str(notes[i]));
    lem_buf_release(&fitted);
    lem_buf_release(&decided);
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

lem_json *lem_judge_json(const lem_judge_result *r, const lem_reference *published) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "benchmark", lem_judge_name(r->d->kind));
    lem_object_int(&o, "rows", (uint64_t)r->d->n);
    if (r->d->n_problems) lem_object_int(&o, "problems", (uint64_t)r->d->n_problems);
    lem_object_int(&o, "missing", (uint64_t)r->d->missing);
    lem_object_int(&o, "other_steps", (uint64_t)r->d->other_steps);
    lem_object_int(&o, "outside_steps", (uint64_t)r->d->outside_steps);
    if (!isnan(r->threshold)) lem_object_num(&o, "threshold", r->threshold);
    if (r->threshold_from) lem_object_str(&o, "threshold_from", r->threshold_from);
    lem_object_json(&o, "metrics", metrics_json(r));
    lem_object_json(&o, "published", published_list(r, published));
    lem_object_json(&o, "notes", notes_json(r));
    return lem_object_done(&o);
}

/* ---- CSV ---- */

static void csv_text(const char *s, lem_buf *out) { lem_csv_cell(out, s, strlen(s)); }

static void csv_number(double v, lem_buf *out) {
    lem_buf_putc(out, ',');
    if (!isnan(v)) lem_buf_printf(out, "%.17g", v);
}

void lem_judge_csv(const lem_judge_result *r, lem_buf *out) {
    lem_buf_puts(out, "benchmark,subset,protocol,name,value,low,high,n,ties\n");
    for (int i = 0; i < r->n; i++) {
        const lem_judge_metric *m = &r->m[i];
        lem_buf_printf(out, "%s,", lem_judge_name(r->d->kind));
        csv_text(m->subset ? m->subset : "", out);
        lem_buf_putc(out, ',');
        csv_text(m->protocol, out);
        lem_buf_putc(out, ',');
        csv_text(m->name, out);
        csv_number(m->at.mean, out);
        csv_number(m->at.lo, out);
        csv_number(m->at.hi, out);
        lem_buf_printf(out, ",%d,", m->n);
        if (m->ties >= 0) lem_buf_printf(out, "%d", m->ties);
        lem_buf_putc(out, '\n');
    }
}

/* ---- for people ---- */

enum { MAX_COLUMNS = 8 };

static bool is_cell(const lem_judge_metric *m) { return strchr(m->name, '>') != NULL; }

static bool same_line(const lem_judge_metric *a, const lem_judge_metric *b) {
    if (strcmp(a->protocol, b->protocol) != 0 || !a->subset != !b->subset) return false;
    return !a->subset || strcmp(a->subset, b->subset) == 0;
}

static int find_columns(const lem_judge_result *r, const char *name[MAX_COLUMNS]) {
    int n = 0;
    for (int i = 0; i < r->n && n < MAX_COLUMNS; i++) {
        bool seen = is_cell(&r->m[i]);
        for (int k = 0; k < n && !seen; k++) seen = strcmp(name[k], r->m[i].name) == 0;
        if (!seen) name[n++] = r->m[i].name;
    }
    return n;
}

static void put_cell(const lem_judge_metric *m, lem_buf *out) {
    char text[48] = "";
    if (m && isnan(m->at.mean)) snprintf(text, sizeof text, "     -");
    else if (m)
        snprintf(text, sizeof text, "%6.2f [%.2f, %.2f]%s", 100 * m->at.mean, 100 * m->at.lo, 100 * m->at.hi,
                 m->few ? "*" : "");
    lem_buf_printf(out, "  %-25s", text);
}

static void trim(lem_buf *out) {
    while (out->len && out->data[out->len - 1] == ' ') out->data[--out->len] = '\0';
}

static const char *title_of(const lem_judge_metric *m) {
    if (!m->subset) return "all";
    return *m->subset ? m->subset : "(no subset)";
}

static void put_line(const lem_judge_result *r, int first, const char *const *columns, int n, lem_buf *out) {
    const lem_judge_metric *at = &r->m[first];
    int rows = at->n, ties = at->ties;
    lem_buf_printf(out, "%-24s %-12s", title_of(at), at->protocol);
    for (int k = 0; k < n; k++) {
        const lem_judge_metric *m = lem_judge_result_find(r, columns[k], at->protocol, at->subset);
        if (m && m->n > rows) rows = m->n;
        put_cell(m, out);
    }
    lem_buf_printf(out, "  %d", rows);
    if (ties > 0) lem_buf_printf(out, " (%d tied)", ties);
    trim(out);
    lem_buf_putc(out, '\n');
}

static void put_table(const lem_judge_result *r, lem_buf *out) {
    const char *column[MAX_COLUMNS];
    int n = find_columns(r, column);
    lem_buf_printf(out, "%-24s %-12s", "percent [95 % interval]", "");
    for (int k = 0; k < n; k++) lem_buf_printf(out, "  %-25s", column[k]);
    lem_buf_puts(out, "  n\n");
    for (int i = 0; i < r->n; i++) {
        bool seen = is_cell(&r->m[i]);
        for (int k = 0; k < i && !seen; k++) seen = !is_cell(&r->m[k]) && same_line(&r->m[k], &r->m[i]);
        if (!seen) put_line(r, i, column, n, out);
    }
}

/* RM-Bench's nine comparisons of each scorer. */
static void put_matrix(const lem_judge_result *r, const char *scorer, lem_buf *out) {
    static const char *const style[] = {"concise", "detailed", "markdown"};
    lem_buf_printf(out, "\n%-24s %-12s  %-25s  %-25s  %s\n", "chosen \\ rejected", scorer, style[0], style[1],
                   style[2]);
    for (int i = 0; i < 3; i++) {
        lem_buf_printf(out, "%-24s %-12s", style[i], "");
        for (int j = 0; j < 3; j++) {
            char name[32];
            snprintf(name, sizeof name, "%s>%s", style[i], style[j]);
            put_cell(lem_judge_result_find(r, name, scorer, NULL), out);
        }
        trim(out);
        lem_buf_putc(out, '\n');
    }
}

/* The rows that the published figures are of. */
static int whole_size(const lem_judge_data *d) {
    switch (d->kind) {
    case LEM_JUDGE_REWARDBENCH: return 447;
    case LEM_JUDGE_REWARDMATH: return 483;
    case LEM_JUDGE_PROCESSBENCH: return 3400;
    case LEM_JUDGE_ACEMATH: return 8987;
    default: return 0;
    }
}

static int own_size(const lem_judge_data *d) {
    int n = 0;
    for (int i = 0; i < d->n; i++) {
        const char *subset = d->subset[d->item[i].subset];
        n += d->kind != LEM_JUDGE_REWARDBENCH || strcmp(subset, "math-prm") == 0;
    }
    return n;
}

static void put_published(const lem_judge_result *r, const lem_reference *published, lem_buf *out) {
    int n = 0;
    for (int i = 0; published && i < published->n; i++) {
        const lem_reference_row *p = &published->at[i];
        if (!is_comparable(r->d, p)) continue;
        if (n++ == 0) {
            lem_buf_printf(out, "\npublished, %s (%s)", p->column, p->source);
            if (own_size(r->d) != whole_size(r->d))
                lem_buf_printf(out, ", over %d rows; this file has %d", whole_size(r->d), own_size(r->d));
            lem_buf_putc(out, '\n');
        }
        lem_buf_printf(out, "%-36s  %6.2f%s%s\n", p->row, p->value, *p->note ? "  " : "", p->note);
    }
}

static void put_counts(const lem_judge_result *r, lem_buf *out) {
    const lem_judge_data *d = r->d;
    lem_buf_printf(out, "%s: %d rows", lem_judge_name(d->kind), d->n);
    if (lem_judge_repeats(d)) lem_buf_printf(out, " of %d problems", d->n_problems);
    if (d->missing) lem_buf_printf(out, ", %d with a missing score, taken against the judge", d->missing);
    if (d->other_steps)
        lem_buf_printf(out, " (%d have another number of step scores than steps)", d->other_steps);
    if (d->outside_steps)
        lem_buf_printf(out, "; %d error_steps lie beyond the last step and count nowhere", d->outside_steps);
    if (d->kind == LEM_JUDGE_PROCESSBENCH) {
        int wrong = 0;
        for (int i = 0; i < d->n; i++) wrong += d->item[i].label >= 0;
        lem_buf_printf(out, "; %d with an error, %d without", wrong, d->n - wrong);
    }
    lem_buf_putc(out, '\n');
}

void lem_judge_text(const lem_judge_result *r, const lem_reference *published, lem_buf *out) {
    about a = about_of(r->d);
    bool few = false;
    put_counts(r, out);
    if (r->threshold_from) {
        fitted_note(r, out);
        lem_buf_putc(out, '\n');
    } else if (!isnan(r->threshold)) lem_buf_printf(out, "threshold %.6g\n", r->threshold);
    lem_buf_putc(out, '\n');
    put_table(r, out);
    for (int s = 0; r->d->kind == LEM_JUDGE_RMBENCH && s < r->d->n_scorers; s++)
        put_matrix(r, r->d->scorer[s], out);
    put_published(r, published, out);
    for (int i = 0; i < r->n; i++) few = few || (r->m[i].few && !isnan(r->m[i].at.mean));
    lem_buf_printf(out, "\n%s; %s\n", a.meaning, a.chance);
    lem_decided_note(r->d->decided, out);
    if (r->d->decided) lem_buf_putc(out, '\n');
    if (few) lem_buf_printf(out, "* fewer than %d hits or misses\n", LEM_EVAL_FEW_EVENTS);
}
