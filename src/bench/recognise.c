/* recognise.c - rows of choices told by their columns, so that no bare question is asked */
#include "bench/row_priv.h"

#include <stdio.h>
#include <string.h>

const char *lem_bench_choice_column(const lem_json *row) {
    static const char *const lists[] = {"choices", "options", "answer_choices"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const lem_json *v = lem_json_get(row, lists[i]);
        if (lem_json_count(v) > 1 || lem_json_str_len(v) > 1) return lists[i];
    }
    if (lem_json_get(row, "Incorrect Answer 1")) return "Incorrect Answer 1";
    if (lem_json_get(row, "A") && lem_json_get(row, "B") && lem_json_get(row, "C")) return "A, B, C";
    return NULL;
}

/* Whether a row can be asked and judged by a spec of choices. */
static bool fits(const lem_bench_spec *s, const lem_json *row) {
    lem_bench_options o = {.right = -1};
    lem_err ignored = LEM_ERR_INIT;
    lem_json *golds = NULL;
    lem_buf text = {0};
    char why[LEM_PROBLEM_WHY];
    bool ok = s->kind == LEM_BENCH_CHOICES;
    for (size_t i = 0; ok && i < s->marks.n; i++) ok = lem_json_find(row, s->marks.at[i]) != NULL;
    ok = ok && lem_bench_options_read(s, row, &o, &ignored) == LEM_OK &&
         lem_bench_golds(s, row, &o, &golds, why, &ignored) == LEM_OK && golds &&
         lem_bench_text(row, s->problem, &text, &ignored) == LEM_OK;
    lem_json_free(golds);
    lem_buf_release(&text);
    lem_bench_options_release(&o);
    return ok;
}

lem_status lem_bench_recognise(const lem_bench_list *list, const lem_json *row, const lem_bench_spec **out,
                               lem_err *err) {
    const char *column = lem_bench_choice_column(row);
    const lem_bench_spec *best = NULL, *second = NULL;
    *out = NULL;
    if (!column) return LEM_OK;
    for (size_t i = 0; i < list->n; i++) {
        const lem_bench_spec *s = &list->at[i];
        if (!fits(s, row)) continue;
        if (!best || s->marks.n > best->marks.n) best = s, second = NULL;
        else if (s->marks.n == best->marks.n) second = s;
    }
    if (best && !second) {
        *out = best;
        return LEM_OK;
    }
    lem_buf b = {0};
    lem_bench_columns(row, &b);
    char which[200] = "and are of no benchmark that is known";
    if (best) snprintf(which, sizeof which, "and may be of %.60s or %.60s", best->name, second->name);
    lem_status st =
        lem_fail(err, LEM_EDATA,
                 "rows of choices (column %s) %s: the bare question is not sent; describe them in a "
                 "YAML for --benchmark (docs/benchmarks.md), or say --map problem=FIELD to send that "
                 "field alone; %s",
                 column, which, lem_buf_str(&b));
    lem_buf_release(&b);
    return st;
}
