/* cmd_bench.c - lemma bench list and show: the benchmarks that are known, which of them are there, and how to
 * get the others */
#include "cli/commands.h"
#include "cli/runtime.h"

#include "bench/spec.h"
#include "bench/suite.h"
#include "core/choice.h"
#include "core/file.h"
#include "core/object.h"

#include <stdio.h>
#include <string.h>

/* ---- list */

static lem_json *texts(const lem_bench_texts *t) {
    lem_json *a = lem_json_new_array();
    bool ok = a != NULL;
    for (size_t i = 0; ok && i < t->n; i++) ok = lem_json_append(a, lem_json_new_str(t->at[i]));
    if (ok) return a;
    lem_json_free(a);
    return NULL;
}

static const char *kind_name(const lem_bench_spec *s, char out[32]) {
    return lem_choice_at(LEM_BENCH_KIND_NAMES, (int)s->kind, out) ? out : "";
}

/* path: NULL = not there. */
static lem_json *entry(const lem_bench_spec *s, const char *path) {
    char kind[32];
    lem_object o = lem_object_new();
    lem_object_str(&o, "name", s->name);
    lem_object_str(&o, "title", s->title);
    lem_object_str(&o, "kind", kind_name(s, kind));
    lem_object_int(&o, "problems", s->size[0]);
    lem_object_bool(&o, "present", path != NULL);
    lem_object_str(&o, "path", path);
    lem_object_str(&o, "get", s->get);
    lem_object_str(&o, "task", s->task ? s->task : "std");
    lem_object_str(&o, "policy", s->policy ? s->policy : "std");
    lem_object_json(&o, "by", texts(&s->by));
    lem_object_json(&o, "average", texts(&s->averages));
    lem_object_str(&o, "style", s->style);
    lem_object_int(&o, "shots", (uint64_t)s->shots);
    lem_object_str(&o, "licence", s->licence);
    lem_object_str(&o, "citation", s->citation);
    return lem_object_done(&o);
}

static bool is_there(const lem_bench_list *l, char *const *path, const char *name) {
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->at[i].name, name) == 0) return path[i] != NULL;
    return false;
}

static lem_json *suites_json(const lem_suites *all) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < lem_suites_count(all); i++) {
        lem_suite s = lem_suite_at(all, i);
        lem_object o = lem_object_new();
        lem_object_str(&o, "name", s.name);
        lem_object_str(&o, "about", s.about);
        lem_object_str(&o, "source", s.source);
        if (s.members) lem_object_json(&o, "members", lem_json_copy(s.members));
        if (s.judge) lem_object_str(&o, "judge", s.judge);
        if (s.judge) lem_object_str(&o, "get", s.get);
        ok = lem_json_append(list, lem_object_done(&o));
    }
    if (ok) return list;
    lem_json_free(list);
    return NULL;
}

static void print_suites(const lem_suites *all, const lem_bench_list *l, char *const *path, FILE *f) {
    fputs("\nsuites, for lemma bench run:\n", f);
    for (size_t i = 0; i < lem_suites_count(all); i++) {
        lem_suite s = lem_suite_at(all, i);
        size_t n = lem_json_count(s.members), there = 0;
        if (s.judge) continue;
        for (size_t k = 0; k < n; k++)
            there += is_there(l, path, lem_json_str(lem_json_at(s.members, k), ""));
        fprintf(f, "  %-15s %s; %zu of %zu are there:", s.name, s.about, there, n);
        for (size_t k = 0; k < n; k++) fprintf(f, " %s", lem_json_str(lem_json_at(s.members, k), ""));
        fputc('\n', f);
    }
}

static void print_judges(const lem_suites *all, const char *data_dir, FILE *f) {
    fputs("\nbenchmarks of reward models, for lemma bench run NAME --rm DIR (or --prm):\n", f);
    for (size_t i = 0; i < lem_suites_count(all); i++) {
        lem_suite s = lem_suite_at(all, i);
        char *path = NULL;
        if (!s.judge) continue;
        if (lem_suite_path(&s, data_dir, false, &path, NULL) == LEM_OK && path)
            fprintf(f, "  %-20s yes   %s\n", s.name, s.about);
        else fprintf(f, "  %-20s no    %s; %s\n", s.name, s.about, s.get ? s.get : "not known");
        lem_free(path);
    }
}

static lem_status add_json(const lem_bench_list *l, char *const *path, const lem_suites *suites, lem_cli *cli,
                           lem_err *err) {
    lem_json *list = lem_json_new_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < l->n; i++) ok = lem_json_append(list, entry(&l->at[i], path[i]));
    if (!ok) {
        lem_json_free(list);
        return lem_fail(err, LEM_EMEM, "out of memory");
    }
    lem_object o = lem_object_new();
    lem_object_str(&o, "command", "bench list");
    lem_object_str(&o, "data", cli->data_dir);
    lem_object_json(&o, "benchmarks", list);
    lem_object_json(&o, "suites", suites_json(suites));
    return lem_print_json(cli->out, lem_object_done(&o), 2, err);
}

static const char *or_else(const char *text, const char *otherwise) { return text ? text : otherwise; }

static void print_table(const lem_bench_list *l, char *const *path, const lem_cli *cli) {
    char kind[32];
    size_t there = 0;
    fprintf(cli->out, "%-15s %8s  %-8s  %-5s  %s\n", "name", "problems", "kind", "there", "licence");
    for (size_t i = 0; i < l->n; i++) {
        const lem_bench_spec *s = &l->at[i];
        there += path[i] != NULL;
        fprintf(cli->out, "%-15s %8llu  %-8s  %-5s  %s\n", s->name, (unsigned long long)s->size[0],
                kind_name(s, kind), path[i] ? "yes" : "no", or_else(s->licence, "not stated"));
    }
    fprintf(cli->out, "\n%zu of %zu are in %s (LEMMA_DATA).%s\n", there, l->n, cli->data_dir,
            there < l->n ? " Nothing is downloaded; the others, below that folder:" : "");
    for (size_t i = 0; i < l->n; i++)
        if (!path[i]) fprintf(cli->out, "  %-15s %s\n", l->at[i].name, or_else(l->at[i].get, "not known"));
}

static lem_status run_list(lem_cli *cli, const lem_args *args, lem_err *err) {
    (void)args;
    lem_bench_list l = {0};
    lem_suites suites = {NULL};
    char **path = NULL;
    lem_status st = lem_bench_list_load(&l, err);
    if (st == LEM_OK) st = lem_suites_load(&suites, err);
    if (st == LEM_OK && !(path = lem_alloc_zero(l.n + 1, sizeof *path, err))) st = LEM_EMEM;
    for (size_t i = 0; st == LEM_OK && i < l.n; i++)
        st = lem_bench_path(&l.at[i], cli->data_dir, &path[i], err);
    if (st == LEM_OK && cli->json) st = add_json(&l, path, &suites, cli, err);
    else if (st == LEM_OK) {
        print_table(&l, path, cli);
        print_suites(&suites, &l, path, cli->out);
        print_judges(&suites, cli->data_dir, cli->out);
    }
    for (size_t i = 0; path && i < l.n; i++) lem_free(path[i]);
    lem_free(path);
    lem_suites_release(&suites);
    lem_bench_list_release(&l);
    return st;
}

const lem_command lem_cmd_bench_list = {
    .name = "bench list",
    .purpose = "the benchmarks that are known: which are there, how to get the others, licences",
    .usage = "[--json]",
    .example = "lemma bench list\nLEMMA_DATA=~/data lemma bench list --json",
    .run = run_list,
};

/* ---- show */

enum { MAX_YAML = 4 << 20 };

/* The YAML as it was written. */
static lem_status read_yaml(const char *name, lem_buf *out, lem_err *err) {
    const char *text = lem_bench_yaml(name);
    if (!text) return lem_file_read(name, MAX_YAML, out, err);
    lem_buf_puts(out, text);
    return lem_buf_ok(out, err);
}

static lem_status run_show(lem_cli *cli, const lem_args *args, lem_err *err) {
    lem_bench_spec s = {0};
    lem_json *tree = NULL;
    lem_buf text = {0};
    const char *name = args->words[0];
    lem_status st = lem_bench_open(name, &s, err);
    lem_bench_spec_release(&s);
    if (st == LEM_OK) st = read_yaml(name, &text, err);
    if (st == LEM_OK && cli->json) st = lem_yaml_parse(lem_buf_str(&text), text.len, name, &tree, err);
    if (st == LEM_OK && cli->json) st = lem_print_json(cli->out, tree, 2, err);
    else if (st == LEM_OK) fputs(lem_buf_str(&text), cli->out);
    lem_buf_release(&text);
    return st;
}

const lem_command lem_cmd_bench_show = {
    .name = "bench show",
    .purpose = "a benchmark as the YAML that describes it, to be read or changed",
    .usage = "NAME|FILE.yaml [--json]",
    .example = "lemma bench show gsm8k\nlemma bench show mmlu >my-mmlu.yaml",
    .min_words = 1,
    .max_words = 1,
    .run = run_show,
};
