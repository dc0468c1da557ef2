/* plan.c - the recipe of a run of benchmarks, stage by stage */
#include "bench/plan.h"

#include "core/buf.h"
#include "core/object.h"

#include <ctype.h>
#include <stdio.h>
#include <stdarg.h>
#include <string.h>

typedef struct draft {
    const lem_bench_plan *p;
    lem_json *stages, *vars, *tables; /* tables: the select files that the table is made of */
    lem_json *macro;                  /* names of benchmarks */
    bool failed;
} draft;

enum { LEM_BENCH_SHOWN = 32 }; /* benchmarks whose problems the report shows */

static lem_json *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static lem_json *text(const char *format, ...) {
    char s[512];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(s, sizeof s, format, ap);
    va_end(ap);
    return n < 0 || (size_t)n >= sizeof s ? NULL : lem_json_new_str(s);
}

static lem_json *list_of(lem_json *one) {
    lem_json *list = lem_json_new_array();
    if (list && one && lem_json_append(list, one)) return list;
    lem_json_free(list);
    return NULL;
}

/* A stage with the options that all of its command get. */
static lem_object stage(const draft *d, lem_json *name, const char *command, const char *group) {
    lem_object o = lem_object_new();
    lem_object_json(&o, "name", name);
    lem_object_str(&o, "command", command);
    const lem_json *given = lem_json_get(d->p->options, group);
    for (size_t i = 0; i < lem_json_count(given); i++)
        lem_object_json(&o, lem_json_key_at(given, i), lem_json_copy(lem_json_value_at(given, i)));
    return o;
}

static void add(draft *d, lem_object *o) {
    lem_json *made = lem_object_done(o);
    d->failed = !made || !lem_json_append(d->stages, made) || d->failed;
}

static void set_var(draft *d, lem_json *name, const char *value) {
    lem_json *v = lem_json_new_str(value);
    d->failed = !name || !v || !lem_json_set(d->vars, lem_json_str(name, "?"), v) || d->failed;
    lem_json_free(name);
}

static void add_sample(draft *d, const lem_bench_item *b) {
    lem_object o = stage(d, text("%s-sample", b->name), "sample", "sample");
    lem_object_str(&o, "benchmark", b->file);
    lem_object_json(&o, "out", text("${out}/%s/candidates.jsonl", b->name));
    add(d, &o);
}

static void add_grade(draft *d, const lem_bench_item *b) {
    lem_object o = stage(d, text("%s-grade", b->name), "grade", "grade");
    lem_object_str(&o, "benchmark", b->file);
    lem_object_json(&o, "words", list_of(text("${out}/%s/candidates.jsonl", b->name)));
    lem_object_json(&o, "out", text("${out}/%s/graded.jsonl", b->name));
    add(d, &o);
}

static void add_score(draft *d, const lem_bench_item *b, int i) {
    const lem_bench_reward *r = &d->p->rewards[i];
    lem_object o =
        stage(d, text("%s-score-%s", b->name, r->name), r->process ? "prm score" : "rm score", "score");
    lem_object_json(&o, r->endpoint ? "endpoint" : "model", text("${reward%d}", i + 1));
    lem_object_json(&o, "words", list_of(text("${out}/%s/graded.jsonl", b->name)));
    lem_object_json(&o, "out", text("${out}/%s/scored-%s.jsonl", b->name, r->name));
    add(d, &o);
}

static lem_json *columns(const lem_bench_item *b) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (int i = 0; ok && i < b->n_by; i++) ok = lem_json_append(list, lem_json_new_str(b->by[i]));
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

/* reward NULL: without scores. */
static void add_select(draft *d, const lem_bench_item *b, const char *reward) {
    const char *dash = reward ? "-" : "";
    if (!reward) reward = "";
    lem_object o = stage(d, text("%s-select%s%s", b->name, dash, reward), "select", "select");
    lem_object_json(&o, "words",
                    list_of(*reward ? text("${out}/%s/scored-%s.jsonl", b->name, reward)
                                    : text("${out}/%s/graded.jsonl", b->name)));
    if (b->n_by) lem_object_json(&o, "by", columns(b));
    lem_object_json(&o, "out", text("${out}/%s/select%s%s.json", b->name, dash, reward));
    add(d, &o);
    lem_json *file = text("${out}/%s/select%s%s.json", b->name, dash, reward);
    d->failed = !file || !lem_json_append(d->tables, file) || d->failed;
}

static void add_benchmark(draft *d, const lem_bench_item *b) {
    if (b->macro) d->failed = !lem_json_append(d->macro, lem_json_new_str(b->name)) || d->failed;
    add_sample(d, b);
    add_grade(d, b);
    for (int i = 0; i < d->p->n_rewards; i++) add_score(d, b, i);
    add_select(d, b, NULL);
    for (int i = 0; i < d->p->n_rewards; i++) add_select(d, b, d->p->rewards[i].name);
}

static void add_table(draft *d) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", "table");
    lem_object_str(&o, "command", "bench table");
    lem_object_json(&o, "words", lem_json_copy(d->tables));
    if (d->p->suite) lem_object_str(&o, "suite", d->p->suite);
    if (lem_json_count(d->macro)) lem_object_json(&o, "macro", lem_json_copy(d->macro));
    lem_object_str(&o, "out", "${out}/table.json");
    add(d, &o);
}

static void add_report(draft *d) {
    const lem_bench_plan *p = d->p;
    lem_json *examples = lem_json_new_array();
    lem_object o = lem_object_new();
    for (int i = 0; i < p->n_items && i < LEM_BENCH_SHOWN; i++) {
        const char *name = p->items[i].name;
        lem_json *file = p->n_rewards ? text("${out}/%s/scored-%s.jsonl", name, p->rewards[0].name)
                                      : text("${out}/%s/graded.jsonl", name);
        d->failed = d->failed || !examples || !lem_json_append(examples, file);
    }
    lem_object_str(&o, "name", "report");
    lem_object_str(&o, "command", "report");
    lem_object_json(&o, "words", list_of(lem_json_new_str("${out}")));
    lem_object_json(&o, "examples", examples);
    lem_object_str(&o, "out", "${out}/report.html");
    add(d, &o);
}

static lem_status check_names(const lem_bench_plan *p, lem_err *err) {
    for (int i = 0; i < p->n_items; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(p->items[i].name, p->items[k].name) == 0)
                return lem_fail(err, LEM_EUSAGE, "the benchmark '%s' stands twice", p->items[i].name);
    for (int i = 0; i < p->n_rewards; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(p->rewards[i].name, p->rewards[k].name) == 0)
                return lem_fail(err, LEM_EUSAGE,
                                "two reward models are called '%s'; name one NAME=DIR to tell them apart",
                                p->rewards[i].name);
    return LEM_OK;
}

static void add_judged(draft *d, const char *judge, int i) {
    const lem_bench_reward *r = &d->p->rewards[i];
    lem_object o = stage(d, text("score-%s", r->name), r->process ? "prm score" : "rm score", "score");
    lem_object_json(&o, r->endpoint ? "endpoint" : "model", text("${reward%d}", i + 1));
    lem_object_json(&o, "words", list_of(lem_json_new_str("${rows}")));
    lem_object_json(&o, "out", text("${out}/%s/scored.jsonl", r->name));
    add(d, &o);
    o = stage(d, text("table-%s", r->name), "bench score", "table");
    lem_object_json(&o, "words", list_of(text("${out}/%s/scored.jsonl", r->name)));
    lem_object_str(&o, "kind", judge);
    lem_object_json(&o, "out", text("${out}/%s/score.json", r->name));
    add(d, &o);
}

static draft begin(const lem_bench_plan *p) {
    draft d = {p,    lem_json_new_array(), lem_json_new_object(), lem_json_new_array(), lem_json_new_array(),
               false};
    d.failed = !d.stages || !d.vars || !d.tables || !d.macro;
    set_var(&d, lem_json_new_str("out"), p->out);
    for (int i = 0; i < p->n_rewards; i++) set_var(&d, text("reward%d", i + 1), p->rewards[i].where);
    return d;
}

/* Ends the draft. */
static lem_status finish(draft *d, lem_json **out, lem_err *err) {
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", d->p->suite ? d->p->suite : "bench");
    lem_object_json(&o, "vars", d->vars);
    lem_object_json(&o, "stages", d->stages);
    lem_json *tree = lem_object_done(&o);
    lem_json_free(d->tables);
    lem_json_free(d->macro);
    if (!d->failed && tree) {
        *out = tree;
        return LEM_OK;
    }
    lem_json_free(tree);
    return lem_fail(err, LEM_EMEM, "out of memory, or a name of more than 400 bytes");
}

lem_status lem_bench_plan_recipe(const lem_bench_plan *p, lem_json **out, lem_err *err) {
    lem_status st = check_names(p, err);
    if (st) return st;
    draft d = begin(p);
    for (int i = 0; i < p->n_items && !d.failed; i++) add_benchmark(&d, &p->items[i]);
    if (!d.failed) add_table(&d);
    if (!d.failed) add_report(&d);
    return finish(&d, out, err);
}

lem_status lem_bench_plan_judge(const lem_bench_plan *p, const char *judge, const char *rows, lem_json **out,
                                lem_err *err) {
    lem_status st = check_names(p, err);
    if (st) return st;
    draft d = begin(p);
    set_var(&d, lem_json_new_str("rows"), rows);
    for (int i = 0; i < p->n_rewards && !d.failed; i++) add_judged(&d, judge, i);
    return finish(&d, out, err);
}

void lem_bench_short_name(const char *where, char *out, size_t size) {
    size_t end = strlen(where);
    while (end && where[end - 1] == '/') end--;
    if (end >= 3 && strncmp(where + end - 3, "/v1", 3) == 0) end -= 3;
    size_t at = end, n = 0;
    while (at && where[at - 1] != '/') at--;
    for (; at < end && n + 1 < size; at++) {
        char c = where[at];
        out[n++] = isalnum((unsigned char)c) || c == '.' || c == '_' ? c : '-';
    }
    while (n && out[0] == '.') memmove(out, out + 1, --n);
    if (n == 0) n = (size_t)snprintf(out, size, "model");
    out[n] = '\0';
}
