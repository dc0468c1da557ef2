/* table.c - results of benchmarks gathered, and their average */
#include "bench/table.h"

#include "core/mem.h"
#include "core/object.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

static const lem_json *metric(const lem_json *list, const char *name) {
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const lem_json *m = lem_json_at(list, i);
        const char *protocol = lem_json_str(lem_json_get(m, "protocol"), "exact");
        if (strcmp(lem_json_str(lem_json_get(m, "name"), ""), name) == 0 && strcmp(protocol, "exact") == 0)
            return m;
    }
    return NULL;
}

static lem_bench_value value_of(const lem_json *list, const char *scorer, int64_t k) {
    char name[64];
    lem_bench_value v = {0};
    snprintf(name, sizeof name, "%s@%lld", scorer, (long long)k);
    const lem_json *m = metric(list, name), *ci = lem_json_get(m, "ci95");
    if (!m) return v;
    v.value = lem_json_num(lem_json_get(m, "value"), NAN);
    v.has = isfinite(v.value);
    v.has_ci = v.has && lem_json_count(ci) == 2;
    if (!v.has_ci) return v;
    v.lo = lem_json_num(lem_json_at(ci, 0), NAN);
    v.hi = lem_json_num(lem_json_at(ci, 1), NAN);
    return v;
}

/* The largest k that pass@k is told for. */
static int64_t largest_k(const lem_json *list) {
    int64_t most = 0;
    for (size_t i = 0; i < lem_json_count(list); i++) {
        const char *name = lem_json_str(lem_json_get(lem_json_at(list, i), "name"), "");
        int64_t k = strncmp(name, "pass@", 5) == 0 ? strtoll(name + 5, NULL, 10) : 0;
        if (k > most) most = k;
    }
    return most;
}

lem_bench_line *lem_bench_table_find(const lem_bench_table *t, const char *benchmark) {
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->at[i].name, benchmark) == 0) return &t->at[i];
    return NULL;
}

static lem_bench_line *line_of(lem_bench_table *t, const char *name, lem_err *err) {
    lem_bench_line *l = lem_bench_table_find(t, name);
    if (l) return l;
    lem_bench_line *more = lem_realloc(t->at, (size_t)t->n + 1, sizeof *more, err);
    if (!more) return NULL;
    t->at = more;
    l = &more[t->n];
    memset(l, 0, sizeof *l);
    l->name = lem_strdup(name, err);
    if (!l->name) return NULL;
    t->n++;
    return l;
}

static lem_status reward_index(lem_bench_table *t, const char *name, int *at, lem_err *err) {
    for (*at = 0; *at < t->n_rewards; ++*at)
        if (strcmp(t->reward[*at], name) == 0) return LEM_OK;
    if (t->n_rewards == LEM_BENCH_MAX_REWARDS)
        return lem_fail(err, LEM_EUSAGE, "more than %d reward models", LEM_BENCH_MAX_REWARDS);
    t->reward[t->n_rewards] = lem_strdup(name, err);
    return t->reward[t->n_rewards] && ++t->n_rewards ? LEM_OK : LEM_EMEM;
}

/* The metrics that count: those of all problems, or the macro average over the first column. */
static lem_status pick(lem_bench_line *l, bool macro, const lem_json *doc, const lem_json **list,
                       lem_err *err) {
    const lem_json *by = lem_json_at(lem_json_get(doc, "by"), 0), *m = lem_json_get(by, "macro");
    *list = lem_json_get(doc, "metrics");
    if (!macro) return LEM_OK;
    if (lem_json_count(m) == 0)
        return lem_fail(err, LEM_EDATA,
                        "its average is macro, and the results are not told apart by a column");
    *list = m;
    if (l->macro) return LEM_OK;
    l->macro = lem_strdup(lem_json_str(lem_json_get(by, "column"), "?"), err);
    return l->macro ? LEM_OK : LEM_EMEM;
}

static lem_status take(lem_bench_table *t, const char *benchmark, const char *reward, bool macro,
                       const lem_json *doc, lem_err *err) {
    const lem_json *all = lem_json_get(doc, "metrics"), *list = NULL;
    int at = 0;
    lem_status st = LEM_OK;
    if (!metric(all, "pass@1")) return lem_fail(err, LEM_EDATA, "no metric 'pass@1': no result of select");
    lem_bench_line *l = line_of(t, benchmark, err);
    if (!l) return LEM_EMEM;
    LEM_TRY(pick(l, macro, doc, &list, err));
    l->k = largest_k(all);
    l->problems = lem_json_int(lem_json_get(metric(all, "pass@1"), "n"), 0);
    l->pass1 = value_of(list, "pass", 1);
    l->passk = value_of(list, "pass", l->k);
    l->maj = value_of(list, "maj", l->k);
    l->micro_pass1 = value_of(all, "pass", 1);
    if (reward) {
        LEM_TRY(reward_index(t, reward, &at, err));
        l->reward[at] = value_of(list, "rm", l->k);
    }
    if (!l->warnings) l->warnings = lem_json_copy(lem_json_get(doc, "warnings"));
    if (!l->spoiled) l->spoiled = lem_json_copy(lem_json_get(doc, "spoiled"));
done:
    return st;
}

lem_status lem_bench_table_add(lem_bench_table *t, const char *benchmark, const char *reward, bool macro,
                               const lem_json *doc, lem_err *err) {
    lem_status st = take(t, benchmark, reward, macro, doc, err);
    return st ? lem_err_context(err, "%s", benchmark) : LEM_OK;
}

void lem_bench_table_size(lem_bench_table *t, const char *benchmark, int64_t size) {
    lem_bench_line *l = lem_bench_table_find(t, benchmark);
    if (l) l->size = size;
}

void lem_bench_table_release(lem_bench_table *t) {
    for (int i = 0; i < t->n; i++) {
        lem_free(t->at[i].name);
        lem_free(t->at[i].macro);
        lem_json_free(t->at[i].warnings);
        lem_json_free(t->at[i].spoiled);
    }
    for (int i = 0; i < t->n_rewards; i++) lem_free(t->reward[i]);
    lem_free(t->at);
    lem_free((void *)t->absent);
    *t = (lem_bench_table){0};
}

/* ---- columns ---- */

int lem_bench_table_columns(const lem_bench_table *t) { return 3 + t->n_rewards; }

const lem_bench_value *lem_bench_table_value(const lem_bench_table *t, int line, int column) {
    const lem_bench_line *l = &t->at[line];
    if (column == 0) return &l->pass1;
    if (column == 1) return &l->maj;
    return column == lem_bench_table_columns(t) - 1 ? &l->passk : &l->reward[column - 2];
}

void lem_bench_table_title(const lem_bench_table *t, int column, lem_buf *out) {
    bool alike = true, last = column == lem_bench_table_columns(t) - 1;
    for (int i = 1; i < t->n; i++) alike = alike && t->at[i].k == t->at[0].k;
    if (column == 0 || last) lem_buf_puts(out, "pass");
    else lem_buf_puts(out, column == 1 ? "maj" : t->reward[column - 2]);
    if (column == 0) lem_buf_puts(out, "@1");
    else if (alike && t->n) lem_buf_printf(out, "@%lld", (long long)t->at[0].k);
    else lem_buf_puts(out, "@k");
}

lem_bench_value lem_bench_table_average(const lem_bench_table *t, int column) {
    lem_bench_value a = {.has = t->n > 0, .has_ci = t->n > 0};
    double sum = 0, below = 0, above = 0;
    for (int i = 0; i < t->n; i++) {
        const lem_bench_value *v = lem_bench_table_value(t, i, column);
        a.has = a.has && v->has;
        a.has_ci = a.has_ci && v->has_ci;
        sum += v->value;
        below += (v->value - v->lo) * (v->value - v->lo);
        above += (v->hi - v->value) * (v->hi - v->value);
    }
    if (!a.has) return (lem_bench_value){0};
    a.value = sum / t->n;
    a.lo = a.value - sqrt(below) / t->n;
    a.hi = a.value + sqrt(above) / t->n;
    return a;
}
