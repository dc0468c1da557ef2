/* row.c - what a row of a benchmark asks: problem, options, tests, and what the published prompt adds */
#include "bench/row_priv.h"

#include "core/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the question */

static bool is_one_of(const char *s, const char *a, const char *b) {
    return strcasecmp(s, a) == 0 || strcasecmp(s, b) == 0;
}

/* As Qwen2.5-Math's evaluation asks questions of two answers. */
static void say_two(const lem_json *golds, lem_buf *out) {
    const char *gold = lem_json_str(lem_json_at(golds, 0), "");
    if (is_one_of(gold, "true", "false")) lem_buf_puts(out, " (True or False)");
    if (is_one_of(gold, "yes", "no")) lem_buf_puts(out, " (Yes or No)");
}

static const char *ask_of(const lem_bench_spec *s) {
    if (s->ask) return s->ask;
    if (s->kind != LEM_BENCH_CHOICES) return "{problem}";
    return s->form == LEM_BENCH_LINES ? "{problem}\n{choices}" : "{problem}\nAnswer Choices: {choices}";
}

static bool here(const char *p, const char *place) { return strncmp(p, place, strlen(place)) == 0; }

/* As the spec says it. */
static lem_status ask_by_spec(const lem_bench_spec *s, const lem_json *row, const lem_bench_options *o,
                              lem_buf *out, lem_err *err) {
    lem_status st = LEM_OK;
    for (const char *p = ask_of(s); st == LEM_OK && *p;) {
        if (here(p, "{problem}")) {
            st = lem_bench_text(row, s->problem, out, err);
            p += strlen("{problem}");
        } else if (here(p, "{choices}")) {
            lem_bench_options_write(o, s->form, out);
            p += strlen("{choices}");
        } else if (here(p, "{tests}")) {
            st = lem_bench_text(row, s->tests ? s->tests : "tests", out, err);
            p += strlen("{tests}");
        } else lem_buf_putc(out, *p++);
    }
    return st;
}

static lem_status ask(const lem_bench_asker *a, const lem_json *row, const lem_bench_options *o, lem_buf *out,
                      lem_err *err) {
    lem_buf question = {0};
    lem_status st;
    if (!a->choices || a->spec->kind != LEM_BENCH_CHOICES) st = ask_by_spec(a->spec, row, o, out, err);
    else {
        st = lem_bench_text(row, a->spec->problem, &question, err);
        if (st == LEM_OK) a->choices(a->style, lem_buf_str(&question), (const char *const *)o->at, o->n, out);
    }
    lem_buf_release(&question);
    return st ? st : lem_buf_ok(out, err);
}

/* ---- beside the question */

/* The name of the file without its endings and without what is stripped from it. */
static lem_status set_file_column(const lem_bench_spec *s, const char *file, lem_json *row, lem_err *err) {
    if (!s->file_column || lem_json_get(row, s->file_column)) return LEM_OK;
    const char *base = lem_path_base(file);
    size_t n = strcspn(base, "."), from = n, to = n; /* what is left out */
    for (size_t i = 0; from == n && i < s->file_strips.n; i++) {
        const char *cut = strstr(base, s->file_strips.at[i]);
        size_t at = cut ? (size_t)(cut - base) : n, len = strlen(s->file_strips.at[i]);
        if (at + len <= n) from = at, to = at + len;
    }
    lem_buf b = {0};
    lem_buf_add(&b, base, from);
    lem_buf_add(&b, base + to, n - to);
    bool ok = !b.failed && lem_json_set(row, s->file_column, lem_json_new_strn(lem_buf_str(&b), b.len));
    lem_buf_release(&b);
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static bool is_tolerance(double x) { return x > 0 && isfinite(x) && x < 1e300; }

/* The number that a text begins with, before a comma or its end; 0 where it is none. */
static double number_at(const char *s) {
    char *end = NULL;
    double x = strtod(s, &end);
    return end == s || strspn(end, " ") != strcspn(end, ",") ? 0 : x;
}

static size_t add_tolerances(const lem_json *v, size_t n, double out[LEM_BENCH_MAX_TOLERANCES]) {
    const char *p = lem_json_str(v, NULL);
    if (!p && n < LEM_BENCH_MAX_TOLERANCES) out[n++] = lem_json_num(v, 0);
    for (; p && n < LEM_BENCH_MAX_TOLERANCES; p = *p ? p + 1 : NULL) {
        out[n++] = number_at(p);
        p += strcspn(p, ",");
    }
    return n;
}

size_t lem_bench_tolerances(const lem_json *v, double out[LEM_BENCH_MAX_TOLERANCES]) {
    bool list = lem_json_kind(v) == LEM_JSON_ARRAY;
    size_t n = 0;
    for (size_t k = 0; list && k < lem_json_count(v) && n < LEM_BENCH_MAX_TOLERANCES; k++)
        n = add_tolerances(lem_json_at(v, k), n, out);
    if (!list) n = add_tolerances(v, 0, out);
    bool any = false;
    for (size_t k = 0; k < n; k++) {
        if (!is_tolerance(out[k])) out[k] = 0;
        any = any || out[k] > 0;
    }
    return any ? n : 0;
}

static lem_status set_tolerance(const lem_bench_spec *s, const lem_json *row, lem_problem_parts *out,
                                lem_err *err) {
    double x[LEM_BENCH_MAX_TOLERANCES];
    size_t n = lem_bench_tolerances(lem_bench_field(row, s->tolerance), x);
    if (!n) return LEM_OK;
    out->tolerance = n > 1 ? lem_json_new_array() : lem_json_new_num(x[0]);
    bool ok = out->tolerance != NULL;
    for (size_t k = 0; n > 1 && ok && k < n; k++)
        ok = lem_json_append(out->tolerance, lem_json_new_num(x[k]));
    return ok ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status set_id(const lem_bench_spec *s, const lem_json *row, lem_problem_parts *out, lem_err *err) {
    const lem_json *v = lem_bench_field(row, s->id);
    if (lem_json_kind(v) != LEM_JSON_STRING && lem_json_kind(v) != LEM_JSON_INT) return LEM_OK;
    out->id = lem_json_copy(v);
    return out->id ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status find_golds(const lem_bench_spec *s, const lem_json *row, const lem_bench_options *o,
                             lem_problem_parts *out, lem_err *err) {
    lem_buf tests = {0};
    lem_err said = LEM_ERR_INIT;
    if (s->kind != LEM_BENCH_CODE) return lem_bench_golds(s, row, o, &out->golds, out->no_gold, err);
    lem_status st = lem_bench_text(row, s->tests, &tests, &said);
    if (st != LEM_OK || !tests.len)
        snprintf(out->no_gold, sizeof out->no_gold, "%.*s", LEM_PROBLEM_WHY - 1,
                 st ? said.text : "its tests are empty");
    lem_buf_release(&tests);
    return st == LEM_EMEM ? lem_fail(err, LEM_EMEM, "out of memory") : LEM_OK;
}

lem_status lem_bench_read(const void *ctx, const char *file, lem_json *row, lem_problem_parts *out,
                          lem_err *err) {
    const lem_bench_asker *a = ctx;
    const lem_bench_spec *s = a->spec;
    lem_bench_options options = {.right = -1};
    lem_buf text = {0};
    lem_status st = LEM_OK;
    out->skip = !lem_bench_takes(s, row);
    if (out->skip) return LEM_OK;
    LEM_TRY(set_file_column(s, file, row, err));
    if (s->kind == LEM_BENCH_CHOICES) LEM_TRY(lem_bench_options_read(s, row, &options, err));
    LEM_TRY(find_golds(s, row, &options, out, err));
    LEM_TRY(ask(a, row, &options, &text, err));
    if (s->say_two) say_two(out->golds, &text);
    LEM_TRY(set_id(s, row, out, err));
    LEM_TRY(set_tolerance(s, row, out, err));
    out->subject = lem_json_str(lem_bench_field(row, s->subject), NULL);
    st = lem_buf_ok(&text, err);
    if (st == LEM_OK && !(out->asked = lem_buf_take(&text))) st = lem_fail(err, LEM_EMEM, "out of memory");
done:
    lem_bench_options_release(&options);
    lem_buf_release(&text);
    return st ? lem_err_context(err, "benchmark %s", s->name) : LEM_OK;
}

/* ---- files of them */

lem_problem_reader lem_bench_reader(const lem_bench_asker *a) {
    return (lem_problem_reader){a->spec->name, lem_bench_read, a, a->spec->missing_golds};
}

lem_status lem_bench_problems(const lem_bench_asker *a, const char *path, int64_t limit, bool need_gold,
                              const lem_cancel *cancel, lem_problems *out, lem_err *err) {
    const lem_problem_reader reader = lem_bench_reader(a);
    const lem_problems_opts o = {.limit = limit,
                                 .cancel = cancel,
                                 .need_gold = need_gold,
                                 .reader = &reader,
                                 .header = a->spec->columns.at,
                                 .n_header = a->spec->columns.n};
    return lem_problems_read(path, &o, out, err);
}

lem_status lem_bench_shots_load(const lem_bench_asker *a, const char *data_dir, const lem_cancel *cancel,
                                lem_bench_shots *out, lem_err *err) {
    const lem_bench_spec *s = a->spec;
    char *path = NULL;
    lem_status st = LEM_OK;
    *out = (lem_bench_shots){.asker = *a};
    if (!s->shots_from) return LEM_OK;
    if (s->shots_as) {
        LEM_TRY(lem_bench_open(s->shots_as, &out->spec, err));
        out->asker.spec = &out->spec;
    }
    path =
        *s->shots_from == '/' ? lem_strdup(s->shots_from, err) : lem_path_join(data_dir, s->shots_from, err);
    if (!path) LEM_TRY(LEM_EMEM);
    st = lem_bench_problems(&out->asker, path, -1, true, cancel, &out->problems, err);
done:
    lem_free(path);
    if (st) lem_bench_shots_release(out);
    return st ? lem_err_context(err, "worked examples of %s", s->name) : LEM_OK;
}

void lem_bench_shots_release(lem_bench_shots *s) {
    lem_problems_release(&s->problems);
    lem_bench_spec_release(&s->spec);
    *s = (lem_bench_shots){.problems = {NULL}};
}
