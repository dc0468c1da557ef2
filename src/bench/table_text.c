/* table_text.c - the table of benchmarks for people and for programs */
#include "bench/table.h"

#include "core/csv.h"
#include "core/object.h"

#include <string.h>

/* Whether a column says anything: with one candidate a problem, pass@1 says all. */
static bool shown(const lem_bench_table *t, int column) {
    bool any = false, several = false;
    for (int i = 0; i < t->n; i++) {
        any = any || lem_bench_table_value(t, i, column)->has;
        several = several || t->at[i].k > 1;
    }
    return any && (column == 0 || several);
}

static void put_value(const lem_bench_value *v, lem_buf *out) {
    if (!v->has) lem_buf_puts(out, "-");
    else if (!v->has_ci) lem_buf_printf(out, "%.2f", 100 * v->value);
    else lem_buf_printf(out, "%.2f [%.1f, %.1f]", 100 * v->value, 100 * v->lo, 100 * v->hi);
}

/* A cell of width bytes; -width: flush right. */
static void pad(const lem_buf *cell, int width, lem_buf *out) {
    lem_buf_printf(out, "%*s", width, lem_buf_str(cell));
}

static void put_name(const lem_bench_line *l, lem_buf *out) {
    lem_buf_puts(out, l->name);
    if (l->macro) lem_buf_printf(out, " (macro over %s)", l->macro);
}

static void put_average_name(const lem_bench_table *t, lem_buf *out) {
    lem_buf_printf(out, "average of %d", t->n);
    if (t->n_absent) lem_buf_printf(out, " (of %d of %s)", t->n + t->n_absent, t->suite ? t->suite : "all");
}

enum { NAME_WIDTH = 36, CELL_WIDTH = 22 };

static void text_line(const lem_bench_table *t, int line, lem_buf *out) {
    lem_buf cell = {0};
    if (line < t->n) put_name(&t->at[line], &cell);
    else put_average_name(t, &cell);
    pad(&cell, -NAME_WIDTH, out);
    if (line < t->n) lem_buf_printf(out, " %8lld", (long long)t->at[line].problems);
    else lem_buf_printf(out, " %8s", "");
    for (int c = 0; c < lem_bench_table_columns(t); c++) {
        if (!shown(t, c)) continue;
        lem_bench_value v = line < t->n ? *lem_bench_table_value(t, line, c) : lem_bench_table_average(t, c);
        lem_buf_clear(&cell);
        put_value(&v, &cell);
        lem_buf_puts(out, "  ");
        pad(&cell, CELL_WIDTH, out);
    }
    lem_buf_putc(out, '\n');
    lem_buf_release(&cell);
}

static bool is_part(const lem_bench_line *l) { return l->size > l->problems; }

/* Also where it is little. */
static void put_spoiled(const lem_bench_table *t, const char *before, lem_buf *out) {
    for (int i = 0; i < t->n; i++) {
        const char *text = lem_json_str(t->at[i].spoiled, "");
        if (*text) lem_buf_printf(out, "%s%s: %s\n", before, t->at[i].name, text);
    }
}

static void put_warnings(const lem_bench_table *t, const char *before, lem_buf *out) {
    for (int i = 0; i < t->n; i++) {
        const lem_bench_line *l = &t->at[i];
        size_t n = lem_json_count(l->warnings);
        if (!n && !is_part(l)) continue;
        lem_buf_printf(out, "%s%s: ", before, l->name);
        if (is_part(l))
            lem_buf_printf(out, "%lld of its %lld problems: a trial run, no result of the benchmark%s",
                           (long long)l->problems, (long long)l->size, n ? "; " : "");
        for (size_t k = 0; k < n; k++)
            lem_buf_printf(out, "%s%s", k ? "; " : "", lem_json_str(lem_json_at(l->warnings, k), ""));
        lem_buf_putc(out, '\n');
    }
}

void lem_bench_table_text(const lem_bench_table *t, lem_buf *out) {
    lem_buf cell = {0};
    lem_buf_printf(out, "%-*s %8s", NAME_WIDTH, t->suite ? t->suite : "benchmark", "problems");
    for (int c = 0; c < lem_bench_table_columns(t); c++) {
        if (!shown(t, c)) continue;
        lem_buf_clear(&cell);
        lem_bench_table_title(t, c, &cell);
        lem_buf_puts(out, "  ");
        pad(&cell, CELL_WIDTH, out);
    }
    lem_buf_putc(out, '\n');
    for (int i = 0; i < t->n + (t->n > 1); i++) text_line(t, i, out);
    put_spoiled(t, "", out);
    put_warnings(t, "note: ", out);
    lem_buf_release(&cell);
}

/* ---- Markdown, CSV ---- */

static void markdown_line(const lem_bench_table *t, int line, lem_buf *out) {
    lem_buf_puts(out, "| ");
    if (line < t->n) put_name(&t->at[line], out);
    else put_average_name(t, out);
    if (line < t->n) lem_buf_printf(out, " | %lld", (long long)t->at[line].problems);
    else lem_buf_puts(out, " | ");
    for (int c = 0; c < lem_bench_table_columns(t); c++) {
        if (!shown(t, c)) continue;
        lem_bench_value v = line < t->n ? *lem_bench_table_value(t, line, c) : lem_bench_table_average(t, c);
        lem_buf_puts(out, " | ");
        put_value(&v, out);
    }
    lem_buf_puts(out, " |\n");
}

void lem_bench_table_markdown(const lem_bench_table *t, lem_buf *out) {
    int columns = 2;
    lem_buf_printf(out, "| %s | problems", t->suite ? t->suite : "benchmark");
    for (int c = 0; c < lem_bench_table_columns(t); c++) {
        if (!shown(t, c)) continue;
        lem_buf_puts(out, " | ");
        lem_bench_table_title(t, c, out);
        columns++;
    }
    lem_buf_puts(out, " |\n|");
    for (int c = 0; c < columns; c++) lem_buf_puts(out, c ? "---:|" : "---|");
    lem_buf_putc(out, '\n');
    for (int i = 0; i < t->n + (t->n > 1); i++) markdown_line(t, i, out);
    lem_buf_puts(out, "\nPercent, with 95 % intervals.\n\n");
    put_spoiled(t, "- ", out);
    put_warnings(t, "- ", out);
}

static void csv_line(const lem_bench_table *t, int line, lem_buf *out) {
    if (line < t->n) {
        lem_csv_cell(out, t->at[line].name, strlen(t->at[line].name));
        lem_buf_printf(out, ",%s,%lld", t->at[line].macro ? "macro" : "micro",
                       (long long)t->at[line].problems);
    } else lem_buf_puts(out, "average,,");
    for (int c = 0; c < lem_bench_table_columns(t); c++) {
        if (!shown(t, c)) continue;
        lem_bench_value v = line < t->n ? *lem_bench_table_value(t, line, c) : lem_bench_table_average(t, c);
        if (v.has) lem_buf_printf(out, ",%.17g", v.value);
        else lem_buf_putc(out, ',');
        if (v.has_ci) lem_buf_printf(out, ",%.17g,%.17g", v.lo, v.hi);
        else lem_buf_puts(out, ",,");
    }
    lem_buf_puts(out, "\r\n");
}

void lem_bench_table_csv(const lem_bench_table *t, lem_buf *out) {
    lem_buf_puts(out, "benchmark,average,problems");
    for (int c = 0; c < lem_bench_table_columns(t); c++) {
        lem_buf title = {0};
        if (!shown(t, c)) continue;
        static const char *const ends[] = {"", " low", " high"};
        lem_bench_table_title(t, c, &title);
        size_t n = title.len;
        for (int k = 0; k < 3; k++) {
            title.len = n;
            lem_buf_puts(&title, ends[k]);
            lem_buf_putc(out, ',');
            lem_csv_cell(out, lem_buf_str(&title), title.len);
        }
        if (title.failed) out->failed = true;
        lem_buf_release(&title);
    }
    lem_buf_puts(out, "\r\n");
    for (int i = 0; i < t->n + (t->n > 1); i++) csv_line(t, i, out);
}

/* ---- JSON ---- */

static lem_json *metric_json(const char *name, const char *protocol, const lem_bench_value *v, int64_t n) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", name);
    lem_object_str(&o, "protocol", protocol);
    lem_object_num(&o, "value", v->value);
    if (v->has_ci) lem_object_range(&o, "ci95", v->lo, v->hi);
    lem_object_int(&o, "n", (uint64_t)n);
    return lem_object_done(&o);
}

static const char *protocol_of(const lem_bench_line *l) { return l->macro ? "macro" : "exact"; }

/* line t->n: the average. */
static lem_json *metrics_json(const lem_bench_table *t, int line) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int c = 0; ok && c < lem_bench_table_columns(t); c++) {
        lem_bench_value v = line < t->n ? *lem_bench_table_value(t, line, c) : lem_bench_table_average(t, c);
        lem_buf title = {0};
        if (!v.has || !shown(t, c)) continue;
        lem_bench_table_title(t, c, &title);
        const char *protocol = line == t->n ? "mean" : protocol_of(&t->at[line]);
        ok = lem_json_append(
            list, metric_json(lem_buf_str(&title), protocol, &v, line < t->n ? t->at[line].problems : t->n));
        lem_buf_release(&title);
    }
    if (ok && line < t->n && t->at[line].macro && t->at[line].micro_pass1.has)
        ok = lem_json_append(list,
                             metric_json("pass@1", "exact", &t->at[line].micro_pass1, t->at[line].problems));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static lem_json *line_json(const lem_bench_table *t, int i) {
    const lem_bench_line *l = &t->at[i];
    lem_object o = lem_object_new();
    lem_object_str(&o, "benchmark", l->name);
    lem_object_int(&o, "problems", (uint64_t)l->problems);
    if (l->size) lem_object_int(&o, "of", (uint64_t)l->size);
    lem_object_int(&o, "k", (uint64_t)l->k);
    if (l->macro) lem_object_str(&o, "macro_of", l->macro);
    lem_object_json(&o, "metrics", metrics_json(t, i));
    lem_object_json(&o, "warnings", l->warnings ? lem_json_copy(l->warnings) : lem_json_new_array());
    lem_object_str(&o, "spoiled", lem_json_str(l->spoiled, ""));
    return lem_object_done(&o);
}

static lem_json *average_json(const lem_bench_table *t) {
    lem_json *absent = lem_json_new_array();
    bool ok = absent != NULL;
    for (int i = 0; ok && i < t->n_absent; i++) ok = lem_json_append(absent, lem_json_new_str(t->absent[i]));
    lem_object o = lem_object_new();
    lem_object_int(&o, "over", (uint64_t)t->n);
    lem_object_json(&o, "absent", ok ? absent : NULL);
    lem_object_json(&o, "metrics", metrics_json(t, t->n));
    if (!ok) lem_json_free(absent);
    return lem_object_done(&o);
}

lem_json *lem_bench_table_json(const lem_bench_table *t) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < t->n; i++) ok = lem_json_append(list, line_json(t, i));
    lem_object o = lem_object_new();
    lem_object_str(&o, "suite", t->suite);
    lem_object_json(&o, "benchmarks", ok ? list : NULL);
    lem_object_json(&o, "average", average_json(t));
    if (!ok) lem_json_free(list);
    return lem_object_done(&o);
}
