/* cmd_bench_table.c - lemma bench table: results of select on several benchmarks as one table */
#include "cli/commands.h"
#include "cli/bench_files.h"
#include "cli/runtime.h"

#include "bench/spec.h"
#include "bench/suite.h"
#include "bench/table.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/object.h"
#include "eval/metrics.h"

#include <string.h>

static const lem_opt opts[] = {
    {"suite", LEM_OPT_STR, "NAME", NULL,
     "the suite that is averaged over (lemma bench list): members without a result are named"},
    {"macro", LEM_OPT_LIST, "BENCHMARK", NULL,
     "benchmarks of which the mean over the values of their first column counts [as their specs say]"},
    {"all", LEM_OPT_FLAG, NULL, NULL,
     "below the table print each result at every k by every protocol (exact, first-k, seeds)",
     .effect = LEM_OPT_CHANGES_NOTHING},
};

typedef struct table_job {
    lem_cli *cli;
    const lem_args *args;
    lem_job *job;
    lem_bench_table table;
    lem_suites suites;
    lem_json *made; /* object: what each benchmark's files were made of */
    lem_buf all;    /* with --all: every result as text */
    char *md, *csv; /* paths beside the output */
} table_job;

/* ---- what the numbers were made of ---- */

/* The manifests of a benchmark's files, by file; those that are absent are left out. */
static lem_status add_origins(table_job *j, const lem_bench_file *f, const char *name, lem_err *err) {
    lem_json *list = lem_json_get(j->made, f->benchmark), *manifest = NULL;
    char beside[300];
    if (!list) {
        list = lem_json_new_object();
        if (!list || !lem_json_set(j->made, f->benchmark, list))
            return lem_fail(err, LEM_EMEM, "out of memory");
        list = lem_json_get(j->made, f->benchmark);
    }
    if (lem_json_get(list, name)) return LEM_OK;
    snprintf(beside, sizeof beside, "%s.manifest.json", name);
    lem_status st = lem_json_load_beside(f->folder, beside, (size_t)16 << 20, &manifest, err);
    if (st || !manifest) return st;
    return lem_json_set(list, name, manifest) ? LEM_OK : lem_fail(err, LEM_EMEM, "out of memory");
}

static lem_status add_all_origins(table_job *j, const lem_bench_file *f, lem_err *err) {
    char scored[280] = "", selected[280] = "select.json";
    if (f->reward) {
        snprintf(scored, sizeof scored, "scored-%s.jsonl", f->reward);
        snprintf(selected, sizeof selected, "select-%s.json", f->reward);
    }
    const char *names[] = {"candidates.jsonl", "graded.jsonl", scored, selected};
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < sizeof names / sizeof *names; i++)
        if (*names[i]) st = add_origins(j, f, names[i], err);
    return st;
}

/* ---- the table ---- */

/* Adds a result under what its spec says, where the program has one: whether the macro average counts, and
 * how many problems the whole set has. */
static lem_status add_result(table_job *j, const lem_bench_file *f, const lem_json *doc, lem_err *err) {
    const lem_json *macro = lem_args_tree(j->args, "macro");
    lem_bench_table *t = &j->table;
    lem_bench_spec s = {0};
    bool known = lem_bench_open(f->benchmark, &s, NULL) == LEM_OK;
    bool is = lem_json_holds(macro, f->benchmark) || (!macro && known && lem_bench_is_macro(&s));
    lem_status st = lem_bench_table_add(t, f->benchmark, f->reward, is, doc, err);
    const lem_bench_line *l = st == LEM_OK ? lem_bench_table_find(t, f->benchmark) : NULL;
    if (l && known && s.n_sizes && !lem_bench_size_is(&s, (uint64_t)l->problems))
        lem_bench_table_size(t, f->benchmark, (int64_t)s.size[0]);
    lem_bench_spec_release(&s);
    return st;
}

/* One result by every protocol. */
static lem_status put_all(table_job *j, const lem_bench_file *f, const lem_json *doc, lem_err *err) {
    lem_metrics m;
    lem_status st = lem_metrics_read(lem_json_get(doc, "metrics"), lem_json_get(doc, "differences"), &m, err);
    if (st) return st;
    lem_buf_printf(&j->all, "\n%s", f->benchmark);
    if (f->reward) lem_buf_printf(&j->all, ", %s", f->reward);
    lem_buf_putc(&j->all, '\n');
    lem_metrics_table(&m, &j->all);
    lem_metrics_release(&m);
    return LEM_OK;
}

static lem_status add_file(table_job *j, const char *path, lem_err *err) {
    lem_bench_file f = {NULL};
    lem_json *doc = NULL;
    lem_status st = LEM_OK;
    LEM_TRY(lem_bench_file_of(path, &f, err));
    LEM_TRY(lem_json_load(path, (size_t)256 << 20, &doc, err));
    LEM_TRY(add_result(j, &f, doc, err));
    if (lem_args_flag(j->args, "all")) LEM_TRY(put_all(j, &f, doc, err));
    st = add_all_origins(j, &f, err);
done:
    lem_json_free(doc);
    lem_bench_file_release(&f);
    return st;
}

static lem_status name_absent(table_job *j, lem_err *err) {
    lem_suite s;
    lem_bench_table *t = &j->table;
    t->suite = lem_args_str(j->args, "suite");
    if (!t->suite) return LEM_OK;
    lem_status st = lem_suites_load(&j->suites, err);
    if (st) return st;
    if (!lem_suite_find(&j->suites, t->suite, &s))
        return lem_fail(err, LEM_EUSAGE, "there is no suite '%s'; lemma bench list names them", t->suite);
    size_t n = lem_json_count(s.members);
    for (int i = 0; i < t->n; i++)
        if (!lem_json_holds(s.members, t->at[i].name))
            return lem_fail(err, LEM_EUSAGE, "%s is no member of the suite %s", t->at[i].name, t->suite);
    t->absent = lem_alloc(n, sizeof *t->absent, err);
    if (!t->absent) return LEM_EMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = lem_json_str(lem_json_at(s.members, i), "");
        if (!lem_bench_table_find(t, name)) t->absent[t->n_absent++] = name;
    }
    return LEM_OK;
}

/* ---- output ---- */

typedef void writer(const lem_bench_table *t, lem_buf *out);

static lem_status write_beside(const table_job *j, const char *path, writer *w, lem_err *err) {
    lem_buf b = {0};
    w(&j->table, &b);
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) st = lem_file_write_atomic(path, b.data, b.len, err);
    lem_buf_release(&b);
    return st;
}

static lem_json *document(const table_job *j) {
    lem_json *doc = lem_bench_table_json(&j->table);
    if (doc && lem_json_set(doc, "made_of", lem_json_share(j->made))) return doc;
    lem_json_free(doc);
    return NULL;
}

static lem_status tell(const table_job *j, lem_json *doc, lem_err *err) {
    lem_buf b = {0};
    if (j->cli->json) return lem_print_json(j->cli->out, doc, 2, err);
    lem_json_free(doc);
    lem_bench_table_text(&j->table, &b);
    b.failed = b.failed || j->all.failed;
    lem_status st = lem_buf_ok(&b, err);
    if (st == LEM_OK) fprintf(j->cli->out, "%s%s", lem_buf_str(&b), lem_buf_str(&j->all));
    lem_buf_release(&b);
    return st;
}

static lem_status write_all(table_job *j, lem_err *err) {
    lem_json *doc = document(j);
    lem_status st = LEM_OK;
    if (!doc) return lem_fail(err, LEM_EMEM, "out of memory");
    if (!lem_job_out(j->job)) return tell(j, doc, err);
    LEM_TRY(lem_job_start(j->job, NULL, err));
    LEM_TRY(write_beside(j, j->md, lem_bench_table_markdown, err));
    LEM_TRY(write_beside(j, j->csv, lem_bench_table_csv, err));
    LEM_TRY(lem_json_save(lem_job_out(j->job), doc, 1, err));
    LEM_TRY(lem_job_finish(j->job, err));
    return tell(j, doc, err);
done:
    lem_json_free(doc);
    return st;
}

static lem_status make(table_job *j, lem_err *err) {
    lem_status st = LEM_OK;
    j->made = lem_json_new_object();
    if (!j->made) return lem_fail(err, LEM_EMEM, "out of memory");
    for (int i = 0; i < j->args->n_words; i++) LEM_TRY(add_file(j, j->args->words[i], err));
    LEM_TRY(name_absent(j, err));
    st = write_all(j, err);
done:
    return st;
}

static lem_status run(lem_cli *cli, const lem_args *args, lem_err *err) {
    table_job j = {.cli = cli, .args = args};
    const char *out = lem_args_str(args, "out");
    lem_status st = LEM_OK;
    if (out && strcmp(out, "-") != 0) {
        j.md = lem_path_with_end(out, ".json", ".md", err);
        j.csv = lem_path_with_end(out, ".json", ".csv", err);
        if (!j.md || !j.csv) st = LEM_EMEM;
    }
    const char *companions[] = {j.md, j.csv};
    lem_job_spec spec = {.cheap = true, .companions = companions, .n_companions = j.md ? 2 : 0};
    if (st == LEM_OK) st = lem_job_open(cli, &lem_cmd_bench_table, args, &spec, &j.job, err);
    if (st == LEM_OK && lem_job_done(j.job)) st = lem_print_complete(cli, "bench table", j.job, err);
    else if (st == LEM_OK) st = make(&j, err);
    lem_bench_table_release(&j.table);
    lem_suites_release(&j.suites);
    lem_json_free(j.made);
    lem_buf_release(&j.all);
    lem_free(j.md);
    lem_free(j.csv);
    lem_job_close(j.job);
    return st;
}

const lem_command lem_cmd_bench_table = {
    .name = "bench table",
    .purpose = "results of select on several benchmarks as one table, with their average",
    .usage = "DIR/BENCHMARK/select.json... [--suite NAME] [--out table.json]",
    .example = "lemma bench table runs/gsm8k/select.json runs/math500/select.json --out runs/table.json",
    .min_words = 1,
    .max_words = -1,
    .opts = opts,
    .n_opts = (int)(sizeof opts / sizeof opts[0]),
    .run = run,
    .output = LEM_OUTPUT_FILE,
    .words = LEM_WORDS_NAMED_INPUT,
};
