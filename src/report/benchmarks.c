/* benchmarks.c - the table of benchmarks on a page */
#include "report/benchmarks.h"

#include "core/buf.h"
#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COLUMNS = 24, CELL = 48 };

typedef struct draft {
    const lem_json *lines;          /* of the document */
    const char *title[MAX_COLUMNS]; /* names of metrics, in order of appearance */
    int n_titles;
    size_t n_rows; /* the average is the last */
    lem_column column[MAX_COLUMNS + 2];
    const char **cell; /* [n_rows][n_titles + 2] */
    char (*text)[CELL];
    size_t n_text;
} draft;

bool lem_report_is_benchmarks(const lem_json *doc) {
    return lem_json_kind(lem_json_get(doc, "benchmarks")) == LEM_JSON_ARRAY &&
           lem_json_kind(lem_json_get(doc, "average")) == LEM_JSON_OBJECT;
}

static const char *name_of(const lem_json *metric) { return lem_json_str(lem_json_get(metric, "name"), ""); }

/* The metric of that name; where a macro average stands, it stands first. */
static const lem_json *find(const lem_json *metrics, const char *name) {
    for (size_t i = 0; i < lem_json_count(metrics); i++)
        if (strcmp(name_of(lem_json_at(metrics, i)), name) == 0) return lem_json_at(metrics, i);
    return NULL;
}

static void add_titles(draft *d, const lem_json *metrics) {
    for (size_t i = 0; i < lem_json_count(metrics); i++) {
        const char *name = name_of(lem_json_at(metrics, i));
        bool there = false;
        for (int k = 0; k < d->n_titles; k++) there = there || strcmp(d->title[k], name) == 0;
        if (!there && *name && d->n_titles < MAX_COLUMNS) d->title[d->n_titles++] = name;
    }
}

static const char *value_cell(draft *d, const lem_json *metric) {
    const lem_json *ci = lem_json_get(metric, "ci95");
    double v = lem_json_num(lem_json_get(metric, "value"), NAN);
    char *s = d->text[d->n_text++];
    if (!isfinite(v)) return NULL;
    if (lem_json_count(ci) == 2)
        snprintf(s, CELL, "%.2f [%.1f, %.1f]", 100 * v, 100 * lem_json_num(lem_json_at(ci, 0), NAN),
                 100 * lem_json_num(lem_json_at(ci, 1), NAN));
    else snprintf(s, CELL, "%.2f", 100 * v);
    return s;
}

static const char *name_cell(draft *d, const lem_json *line) {
    const char *macro = lem_json_str(lem_json_get(line, "macro_of"), NULL),
               *name = lem_json_str(lem_json_get(line, "benchmark"), "");
    if (!macro) return name;
    char *s = d->text[d->n_text++];
    snprintf(s, CELL, "%.24s, mean over %.10s", name, macro);
    return s;
}

static void fill_row(draft *d, size_t row, const char *name, const lem_json *problems,
                     const lem_json *metrics) {
    const char **cell = d->cell + row * (size_t)(d->n_titles + 2);
    cell[0] = name;
    if (problems) {
        char *s = d->text[d->n_text++];
        snprintf(s, CELL, "%lld", (long long)lem_json_int(problems, 0));
        cell[1] = s;
    }
    for (int i = 0; i < d->n_titles; i++) cell[i + 2] = value_cell(d, find(metrics, d->title[i]));
}

static lem_status open_draft(draft *d, const lem_json *doc, lem_err *err) {
    d->lines = lem_json_get(doc, "benchmarks");
    d->n_rows = lem_json_count(d->lines) + 1;
    for (size_t i = 0; i + 1 < d->n_rows; i++)
        add_titles(d, lem_json_get(lem_json_at(d->lines, i), "metrics"));
    size_t columns = (size_t)d->n_titles + 2;
    d->cell = lem_alloc_zero(d->n_rows * columns, sizeof *d->cell, err);
    d->text = lem_alloc_zero(d->n_rows * (columns + 1), sizeof *d->text, err);
    if (!d->cell || !d->text) return LEM_EMEM;
    d->column[0] = (lem_column){"benchmark", false};
    d->column[1] = (lem_column){"problems", true};
    for (int i = 0; i < d->n_titles; i++) d->column[i + 2] = (lem_column){d->title[i], true};
    return LEM_OK;
}

static lem_status check_lines(const draft *d, const char *source, lem_err *err) {
    for (size_t i = 0; i + 1 < d->n_rows; i++) {
        const lem_json *line = lem_json_at(d->lines, i);
        if (!lem_json_str(lem_json_get(line, "benchmark"), NULL))
            return lem_fail(err, LEM_EDATA, "%s: benchmarks.%zu: no text 'benchmark'", source, i);
        if (lem_json_kind(lem_json_get(line, "metrics")) != LEM_JSON_ARRAY)
            return lem_fail(err, LEM_EDATA, "%s: benchmarks.%zu: no list 'metrics'", source, i);
    }
    return LEM_OK;
}

/* One sentence with the average, and what it is over. */
static void say_average(lem_page *p, const lem_json *doc, lem_buf *b) {
    const lem_json *average = lem_json_get(doc, "average"), *absent = lem_json_get(average, "absent");
    const lem_json *metrics = lem_json_get(average, "metrics");
    const char *suite = lem_json_str(lem_json_get(doc, "suite"), NULL);
    double v = lem_json_num(lem_json_get(find(metrics, "pass@1"), "value"), NAN);
    long long over = (long long)lem_json_int(lem_json_get(average, "over"), 0);
    if (!isfinite(v) || over < 2) return;
    lem_buf_printf(b, "pass@1 is %.2f %% on average over %lld benchmarks", 100 * v, over);
    if (suite) lem_buf_printf(b, " of %s", suite);
    lem_buf_puts(b, ", each counting alike.");
    if (lem_json_count(absent)) lem_buf_puts(b, " Absent, so that this is not the suite's average:");
    for (size_t i = 0; i < lem_json_count(absent); i++)
        lem_buf_printf(b, "%s %s", i ? "," : "", lem_json_str(lem_json_at(absent, i), ""));
    if (lem_json_count(absent)) lem_buf_putc(b, '.');
    lem_page_paragraph(p, lem_buf_str(b));
}

/* What spoils the figures of one benchmark, as one note; nothing where nothing does. */
static void put_warnings(const lem_json *line, lem_buf *b) {
    const lem_json *list = lem_json_get(line, "warnings");
    long long n = (long long)lem_json_int(lem_json_get(line, "problems"), 0),
              of = (long long)lem_json_int(lem_json_get(line, "of"), 0);
    lem_buf_clear(b);
    if (of > n)
        lem_buf_printf(b, "%lld of its %lld problems: a trial run, no result of the benchmark", n, of);
    for (size_t k = 0; k < lem_json_count(list); k++)
        lem_buf_printf(b, "%s%s", b->len ? "; " : "", lem_json_str(lem_json_at(list, k), ""));
}

static void say_warnings(lem_page *p, const draft *d, lem_buf *b) {
    lem_buf note = {0};
    for (size_t i = 0; i + 1 < d->n_rows; i++) {
        const lem_json *line = lem_json_at(d->lines, i);
        put_warnings(line, b);
        if (!b->len) continue;
        lem_buf_clear(&note);
        lem_buf_printf(&note, "%s: %s", lem_json_str(lem_json_get(line, "benchmark"), ""), lem_buf_str(b));
        lem_page_note(p, lem_buf_str(&note));
    }
    b->failed = b->failed || note.failed;
    lem_buf_release(&note);
}

/* ---- what it was made of: each input once, with its digest */

static void add_inputs(const lem_json *manifest, const char *benchmark, const char *file, lem_buf *b,
                       lem_page *p) {
    const lem_json *inputs = lem_json_get(manifest, "inputs");
    for (size_t i = 0; i < lem_json_count(inputs); i++) {
        const lem_json *in = lem_json_at(inputs, i);
        const char *sha = lem_json_str(lem_json_get(in, "sha256"), NULL);
        const char *licence = lem_json_str(lem_json_get(in, "licence"), NULL);
        lem_buf_clear(b);
        lem_buf_printf(b, "%s/%s: %s %s", benchmark, file, lem_json_str(lem_json_get(in, "option"), "?"),
                       lem_json_str(lem_json_get(in, "path"), "?"));
        if (sha) lem_buf_printf(b, ", SHA-256 %.16s…", sha);
        if (licence) lem_buf_printf(b, ", licence %s", licence);
        lem_page_paragraph(p, lem_buf_str(b));
    }
}

static void add_origins(lem_page *p, const lem_json *made, lem_buf *b) {
    if (lem_json_count(made) == 0) return;
    lem_page_fold(p, "What the numbers were made of");
    for (size_t i = 0; i < lem_json_count(made); i++) {
        const lem_json *files = lem_json_value_at(made, i);
        for (size_t k = 0; k < lem_json_count(files); k++)
            add_inputs(lem_json_value_at(files, k), lem_json_key_at(made, i), lem_json_key_at(files, k), b,
                       p);
    }
    lem_page_fold_end(p);
}

lem_status lem_report_benchmarks(lem_page *p, const char *csv, const char *source, const lem_json *doc,
                                 lem_err *err) {
    draft d = {NULL};
    lem_buf b = {0};
    lem_status st = LEM_OK;
    LEM_TRY(open_draft(&d, doc, err));
    LEM_TRY(check_lines(&d, source, err));
    for (size_t i = 0; i + 1 < d.n_rows; i++) {
        const lem_json *line = lem_json_at(d.lines, i);
        fill_row(&d, i, name_cell(&d, line), lem_json_get(line, "problems"), lem_json_get(line, "metrics"));
    }
    fill_row(&d, d.n_rows - 1, "average", NULL, lem_json_find(doc, "average.metrics"));
    lem_page_section(p, "Benchmarks");
    say_average(p, doc, &b);
    bool averaged = d.n_rows > 2;
    int rows = (int)d.n_rows - !averaged, mark = averaged ? rows - 1 : -1;
    lem_page_table(
        p, &(lem_table){csv, "Percent, with 95 % intervals.", d.column, d.n_titles + 2, rows, d.cell, mark});
    say_warnings(p, &d, &b);
    add_origins(p, lem_json_get(doc, "made_of"), &b);
    st = lem_buf_ok(&b, err);
done:
    lem_buf_release(&b);
    lem_free(d.cell);
    lem_free(d.text);
    return st;
}
