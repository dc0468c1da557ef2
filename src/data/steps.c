/* steps.c - reads solutions with labelled steps: which format, rows to solutions, the rule of labels */
#include "data/steps.h"
#include "core/utf8.h"

#include "core/choice.h"
#include "core/hash.h"
#include "data/most_rows.h"
#include "data/rows.h"
#include "data/steps_priv.h"

#include <stdio.h>
#include <string.h>

enum { N_FORMATS = 8, KEY_BYTES = 40, ARENA_LIMIT = 1 << 30 };

/* In the order of LEM_STEPS_FORMATS: the columns that must be there. A row is of the first that fits. */
static const struct format {
    const char *name, *need[3];
    steps_read *read;
} formats[N_FORMATS] = {
    {"annotated", {"problem", "steps", "step_counts|step_labels"}, lem_steps_annotated},
    {"lists", {"problem", "responses", "step_labels"}, lem_steps_lists},
    {"rlhflow", {"conversations", NULL, NULL}, lem_steps_rlhflow},
    {"math-shepherd", {"input", "label", NULL}, lem_steps_shepherd},
    {"trl", {"prompt", "completions", "labels"}, lem_steps_trl},
    {"prm800k", {"question", "label", NULL}, lem_steps_prm800k},
    {"prm800k-flat", {"instruction", "next_response", "rating"}, lem_steps_flat},
    {"processbench", {"problem", "steps", "label"}, lem_steps_processbench},
};

struct lem_steps {
    const char *path;
    const lem_steps_how *how;
    const struct format *format;
    lem_rowset *rows;
    lem_json *held; /* read, and not yet used */
    uint64_t line, n_rows;
    uint64_t held_row, row; /* numbers of rows: of the held one, of the last one used */
    int64_t left;
    steps_queue queue;
    int next;     /* of the queue */
    float *label; /* [cap] of the solution that was handed out */
    int cap;
};

/* ---- the format ---- */

static bool has_column(const lem_json *row, const char *name) {
    const char *bar = strchr(name, '|');
    char first[32];
    if (!bar) return lem_json_get(row, name) != NULL;
    snprintf(first, sizeof first, "%.*s", (int)(bar - name), name);
    return lem_json_get(row, first) || lem_json_get(row, bar + 1);
}

static const struct format *format_of(const lem_json *row) {
    for (int i = 0; i < N_FORMATS; i++) {
        bool fits = true;
        for (int k = 0; fits && k < 3 && formats[i].need[k]; k++) fits = has_column(row, formats[i].need[k]);
        if (fits) return &formats[i];
    }
    return NULL;
}

const char *lem_steps_detect(const lem_json *row) {
    const struct format *f = format_of(row);
    return f ? f->name : NULL;
}

lem_status lem_steps_row_texts(const char *format, const lem_json *row, lem_buf *problem, lem_buf *solution,
                               lem_err *err) {
    static const lem_steps_how how = {0};
    steps_queue q = {.how = &how, .arena = lem_arena_new(0, ARENA_LIMIT, err)};
    int i = lem_choice_find(LEM_STEPS_FORMATS, format);
    lem_status st = q.arena ? LEM_OK : LEM_EMEM;
    if (st == LEM_OK && i < 0) st = lem_fail(err, LEM_EUSAGE, "no format of steps '%s'", format);
    if (st == LEM_OK) st = formats[i].read(&q, row, err);
    if (st == LEM_OK && q.n) {
        lem_buf_puts(problem, q.at[0].problem);
        for (int k = 0; k < q.at[0].n; k++) {
            if (k) lem_buf_putc(solution, '\n');
            lem_buf_add(solution, q.at[0].step[k].text, q.at[0].step[k].len);
        }
        st = lem_buf_ok(problem, err);
        if (st == LEM_OK) st = lem_buf_ok(solution, err);
    }
    lem_arena_free(q.arena);
    lem_free(q.at);
    return st;
}

static lem_status unknown_columns(const char *path, const lem_json *row, lem_err *err) {
    lem_buf b = {0};
    for (size_t i = 0; i < lem_json_count(row) && i < 24; i++)
        lem_buf_printf(&b, "%s%.60s", i ? ", " : "", lem_json_key_at(row, i));
    lem_status st = lem_fail(
        err, LEM_EDATA, "%s: no known format of labelled steps (" LEM_STEPS_FORMATS "); columns found: %s",
        path, lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}

static void tell_format(const lem_steps *s, lem_log *log) {
    const struct format *f = s->format;
    lem_buf b = {0};
    for (int k = 0; k < 3 && f->need[k]; k++) lem_buf_printf(&b, "%s%s", k ? ", " : "", f->need[k]);
    lem_info(log, "%s: rows of the format %s (%s %s)", s->path, f->name,
             s->how->format ? "by --format, which needs the columns" : "by the columns", lem_buf_str(&b));
    lem_buf_release(&b);
}

static int format_number(const void *ctx, lem_json *row) {
    const struct format *f = format_of(row);
    (void)ctx;
    return f ? (int)(f - formats) : -1;
}

static lem_status choose_format(lem_steps *s, lem_log *log, lem_err *err) {
    int i = s->how->format ? lem_choice_find(LEM_STEPS_FORMATS, s->how->format) : -1;
    if (s->how->format && i < 0)
        return lem_fail(err, LEM_EUSAGE, "format '%.40s' is not one of " LEM_STEPS_FORMATS, s->how->format);
    if (!s->how->format && lem_data_leaves_out(s->how->judge)) {
        lem_status st = lem_most_rows(lem_rowset_file(s->rows), s->how->cancel, s->how->judge, format_number,
                                      NULL, &i, err);
        if (st) return st;
    }
    s->format = i >= 0 ? &formats[i] : format_of(s->held);
    if (!s->format) return unknown_columns(s->path, s->held, err);
    tell_format(s, log);
    return LEM_OK;
}

/* ---- rows ---- */

/* The next row into `held`; it stays NULL at the end. */
static lem_status hold(lem_steps *s, lem_err *err) {
    lem_status st = lem_data_cancelled(s->how->cancel, err);
    if (s->left == 0) return st;
    if (st == LEM_OK) st = lem_rowset_next(s->rows, &s->held, err);
    if (st || !s->held) return st;
    if (s->left > 0) s->left--;
    s->n_rows++;
    s->held_row++;
    return LEM_OK;
}

lem_status lem_steps_failed(lem_steps *s, lem_status st, lem_err *err) {
    lem_status after = lem_data_row_failed(s->how->judge, lem_rowset_file(s->rows), s->line, st, err);
    s->n_rows -= st != LEM_OK && after == LEM_OK;
    return after;
}

/* A row that is left out adds nothing to the queue. */
static lem_status use_held(lem_steps *s, lem_err *err) {
    const int n = s->queue.n;
    const uint64_t empty = s->queue.empty;
    s->line = lem_rowset_number(s->rows);
    s->row = s->held_row;
    lem_status st = s->format->read(&s->queue, s->held, err);
    lem_json_free(s->held);
    s->held = NULL;
    if (st == LEM_OK) return st;
    s->queue.n = n;
    s->queue.empty = empty;
    st = lem_steps_failed(s, st, err);
    return st ? lem_err_context(err, "%s:%llu", lem_rowset_file(s->rows), (unsigned long long)s->line) : st;
}

/* Rows of PRM800K that go on with the problem of the one before. */
static bool goes_on(const lem_steps *s) {
    const char *problem = lem_json_str(lem_json_get(s->held, "instruction"), NULL);
    return s->format->read == lem_steps_flat && s->queue.n > 0 && problem &&
           strcmp(problem, s->queue.at[0].problem) == 0;
}

/* Fills the queue with the solutions of a row, or of a group; it stays empty at the end. */
static lem_status fill(lem_steps *s, lem_err *err) {
    lem_status st = LEM_OK;
    s->queue.n = s->next = 0;
    lem_arena_reset(s->queue.arena);
    while (s->queue.n == 0) {
        if (!s->held) LEM_TRY(hold(s, err));
        if (!s->held) break;
        LEM_TRY(use_held(s, err));
        if (s->format->read != lem_steps_flat) continue;
        LEM_TRY(hold(s, err));
        while (s->held && goes_on(s)) {
            LEM_TRY(use_held(s, err));
            LEM_TRY(hold(s, err));
        }
    }
done:
    return st;
}

lem_status lem_steps_open(const char *path, const lem_steps_how *how, lem_log *log, lem_steps **out,
                          lem_err *err) {
    lem_status st = LEM_OK;
    lem_steps *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->path = path;
    s->how = s->queue.how = how;
    s->left = how->limit;
    LEM_TRY(lem_data_rows_judged(path, how->cancel, how->judge, &s->rows, err));
    s->queue.arena = lem_arena_new(0, ARENA_LIMIT, err);
    if (!s->queue.arena) LEM_TRY(LEM_EMEM);
    LEM_TRY(hold(s, err));
    if (!s->held) LEM_TRY(lem_fail(err, LEM_EDATA, "%s: no rows", path));
    LEM_TRY(choose_format(s, log, err));
    *out = s;
    s = NULL;
done:
    lem_steps_close(s);
    return st;
}

void lem_steps_close(lem_steps *s) {
    if (!s) return;
    lem_json_free(s->held);
    lem_rowset_close(s->rows);
    lem_arena_free(s->queue.arena);
    lem_free(s->queue.at);
    lem_free(s->label);
    lem_free(s);
}

uint64_t lem_steps_rows(const lem_steps *s) { return s->n_rows; }
uint64_t lem_steps_empty(const lem_steps *s) { return s->queue.empty; }

/* ---- labels ---- */

static float by_rule(const lem_steps_how *how, double value) {
    if (value < 0) return -1;
    switch (how->rule) {
    case LEM_STEPS_SOFT: return (float)value;
    case LEM_STEPS_THRESHOLD: return value >= how->threshold ? 1 : 0;
    default: return value > 0 ? 1 : 0;
    }
}

static void label_steps(lem_steps *s, const steps_draft *d) {
    bool stopped = false;
    for (int i = 0; i < d->n; i++) {
        s->label[i] = stopped ? -1 : by_rule(s->how, d->value[i]);
        stopped = stopped || (s->how->stop_after_error && s->label[i] >= 0 && s->label[i] < 0.5f);
    }
}

static uint64_t key_of(const steps_draft *d) {
    const char *text = d->joined ? d->step[0].text : d->problem;
    size_t n = strlen(text);
    const char *first = d->joined ? strstr(text, "Step 1") : NULL;
    if (first && first > text) n = (size_t)(first - text);
    else if (d->joined && n > KEY_BYTES) n = KEY_BYTES;
    while (n > 0 && lem_is_space(text[n - 1])) n--;
    return lem_hash64(text, n, 0);
}

static lem_status room_for_labels(lem_steps *s, int n, lem_err *err) {
    if (n <= s->cap) return LEM_OK;
    float *p = lem_realloc(s->label, (size_t)n, sizeof *p, err);
    if (!p) return LEM_EMEM;
    s->label = p;
    s->cap = n;
    return LEM_OK;
}

lem_status lem_steps_next(lem_steps *s, lem_steps_solution *out, lem_err *err) {
    lem_status st = LEM_OK;
    const steps_draft *d = NULL;
    while (!d) {
        if (s->next == s->queue.n) LEM_TRY(fill(s, err));
        if (s->queue.n == 0) break;
        d = &s->queue.at[s->next++];
        if (d->n == 0) d = NULL; /* of empty steps alone, which are counted */
    }
    *out = (lem_steps_solution){.line = s->line};
    if (!d) goto done;
    LEM_TRY(room_for_labels(s, d->n, err));
    label_steps(s, d);
    *out = (lem_steps_solution){d->problem, d->joined, d->n, d->step, s->label, s->line, s->row, key_of(d)};
done:
    return st;
}
