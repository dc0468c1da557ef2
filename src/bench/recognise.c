/* recognise.c - rows of choices told by their columns, so that no bare question is asked */
#include "bench/row_priv.h"

#include <stdio.h>
#include <string.h>

/* Whether a row has options to choose from: the name of the column that says so, or NULL. */
static const char *choice_column(const lem_json *row) {
    static const char *const lists[] = {"choices", "options", "answer_choices"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const lem_json *v = lem_json_get(row, lists[i]);
        if (lem_json_count(v) > 1 || lem_json_str_len(v) > 1) return lists[i];
    }
    if (lem_json_get(row, "Incorrect Answer 1")) return "Incorrect Answer 1";
    if (lem_json_get(row, "A") && lem_json_get(row, "B") && lem_json_get(row, "C")) return "A, B, C";
    return NULL;
}

/* Whether a row can be asked and judged by a spec of choices; only LEM_EMEM fails. */
static lem_status fits(const lem_bench_spec *s, const lem_json *row, bool *ok, lem_err *err) {
    lem_bench_options o = {.right = -1};
    lem_json *golds = NULL;
    lem_buf text = {0};
    char why[LEM_PROBLEM_WHY];
    lem_status st = LEM_OK;
    *ok = s->kind == LEM_BENCH_CHOICES;
    for (size_t i = 0; *ok && i < s->marks.n; i++) *ok = lem_json_find(row, s->marks.at[i]) != NULL;
    if (!*ok) return LEM_OK;
    st = lem_bench_options_read(s, row, &o, err);
    if (st == LEM_OK) st = lem_bench_golds(s, row, &o, &golds, why, err);
    if (st == LEM_OK) st = lem_bench_text(row, s->problem, &text, err);
    *ok = st == LEM_OK && golds;
    lem_json_free(golds);
    lem_buf_release(&text);
    lem_bench_options_release(&o);
    return st == LEM_EMEM ? st : LEM_OK;
}

/* The benchmark of choices that the columns of a row are of; *out NULL for a row without choices. */
static lem_status recognise(const lem_bench_list *list, const lem_json *row, const lem_bench_spec **out,
                            lem_err *err) {
    const char *column = choice_column(row);
    const lem_bench_spec *best = NULL, *second = NULL;
    *out = NULL;
    if (!column) return LEM_OK;
    for (size_t i = 0; i < list->n; i++) {
        const lem_bench_spec *s = &list->at[i];
        bool ok = false;
        lem_err why = LEM_ERR_INIT;
        if (fits(s, row, &ok, &why) != LEM_OK) return lem_fail(err, LEM_EMEM, "out of memory");
        if (!ok) continue;
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

lem_status lem_bench_choose(void *chooser, const char *file, const lem_json *row,
                            const lem_problem_reader **out, lem_err *err) {
    lem_bench_chooser *c = chooser;
    const char *column = choice_column(row);
    const lem_bench_spec *s = NULL;
    lem_status st = c->list.n || !column ? LEM_OK : lem_bench_list_load(&c->list, err);
    if (st == LEM_OK) st = recognise(&c->list, row, &s, err);
    if (st || !s) return st;
    if (c->asker.spec && c->asker.spec != s)
        return lem_fail(err, LEM_EDATA, "rows of %s behind rows of %s: read them apart", s->name,
                        c->asker.spec->name);
    lem_info(c->log, "%s: rows of %s (by its columns, %s among them): options reach the prompt", file,
             s->name, column);
    c->asker.spec = s;
    c->reader = lem_bench_reader(&c->asker);
    *out = &c->reader;
    return LEM_OK;
}

void lem_bench_chooser_release(lem_bench_chooser *c) {
    lem_bench_list_release(&c->list);
    *c = (lem_bench_chooser){.log = c->log};
}
