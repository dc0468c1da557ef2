/* sample_rows.c - the problems of lemma sample: a benchmark by name, or rows of a file, with their golds */
#include "cli/sample.h"

#include "bench/row.h"
#include "core/mem.h"

#include <string.h>

static lem_problem_reader reader_of(const lem_bench_spec *s) {
    return (lem_problem_reader){s->name, lem_bench_read, s, s->missing_golds};
}

/* What is wrong with a benchmark is told after the job was compared, so that a changed name is told as that. */
void sample_rows_find(sample_job *j) {
    sample_rows *r = &j->source;
    const char *name = lem_args_str(j->args, "benchmark");
    j->prompts = lem_args_str(j->args, "prompts");
    r->err = (lem_err)LEM_ERR_INIT;
    if (!name) return;
    if (j->prompts) {
        (void)lem_fail(&r->err, LEM_EUSAGE, "--benchmark names its own file; leave --prompts away");
        return;
    }
    if (lem_bench_open(name, &r->spec, &r->err) != LEM_OK) {
        (void)lem_err_context(&r->err, "--benchmark");
        return;
    }
    if (lem_bench_need_path(&r->spec, j->cli->data_dir, &r->path, &r->err) != LEM_OK) return;
    r->input[0] = (lem_job_input){"benchmark data", r->path};
    r->n_inputs = 1;
    j->prompts = r->path;
}

lem_job_spec sample_rows_facts(const sample_job *j) {
    const sample_rows *r = &j->source;
    return (lem_job_spec){.inputs = r->input, .n_inputs = r->n_inputs, .also = r->n_inputs ? r->spec.text : NULL};
}

/* Rows of choices in a file of the user's: of which benchmark they are. */
static lem_status choose(void *ctx, const char *file, const lem_json *row, const lem_problem_reader **out,
                         lem_err *err) {
    sample_job *j = ctx;
    sample_rows *r = &j->source;
    const lem_bench_spec *s = NULL;
    lem_status st = r->list.n || !lem_bench_choice_column(row) ? LEM_OK : lem_bench_list_load(&r->list, err);
    if (st == LEM_OK) st = lem_bench_recognise(&r->list, row, &s, err);
    if (st || !s) return st;
    if (r->reader.ctx && r->reader.ctx != s)
        return lem_fail(err, LEM_EDATA, "rows of %s behind rows of %s: sample them apart", s->name,
                        r->reader.name);
    lem_info(j->cli->log, "%s: rows of %s (by its columns, %s among them): options reach the prompt", file,
             s->name, lem_bench_choice_column(row));
    r->reader = reader_of(s);
    *out = &r->reader;
    return LEM_OK;
}

static bool maps_problem(const lem_json *map) {
    for (size_t i = 0; i < lem_json_count(map); i++)
        if (strncmp(lem_json_str(lem_json_at(map, i), ""), "problem=", 8) == 0) return true;
    return false;
}

const lem_bench_spec *sample_rows_spec(const sample_job *j) { return j->source.reader.ctx; }

static void tell(const sample_job *j) {
    const lem_bench_spec *s = sample_rows_spec(j);
    unsigned long long none = (unsigned long long)j->rows.no_gold;
    if (none) lem_warn(j->cli->log, "%llu of %zu problems have no gold answer", none, j->rows.n);
    if (!s) return;
    if (j->source.n_inputs && j->cli->limit < 0 && !lem_bench_size_is(s, j->rows.n))
        lem_warn(j->cli->log, "%s has %llu problems, %s gives %zu: figures are not those of the benchmark",
                 s->name, (unsigned long long)s->size[0], j->prompts, j->rows.n);
    if (s->shots)
        lem_warn(j->cli->log, "%s is published with %lld worked examples before the problem; none is given",
                 s->name, (long long)s->shots);
}

lem_status sample_rows_load(sample_job *j, lem_err *err) {
    sample_rows *r = &j->source;
    const lem_json *map = lem_args_tree(j->args, "map");
    lem_problems_opts o = {.map = map,
                           .limit = j->cli->limit,
                           .cancel = j->cli->cancel,
                           .need_gold = !lem_args_flag(j->args, "no-gold")};
    if (r->n_inputs) {
        if (map) return lem_fail(err, LEM_EUSAGE, "--map is for --prompts; a benchmark names its own fields");
        r->reader = reader_of(&r->spec);
        o.reader = &r->reader;
        o.header = r->spec.columns.at;
        o.n_header = r->spec.columns.n;
    } else if (!maps_problem(map)) {
        o.choose = choose;
        o.choose_ctx = j;
    }
    lem_status st = lem_problems_read(j->prompts, &o, &j->rows, err);
    if (st == LEM_OK) tell(j);
    return st;
}

lem_status sample_rows_prompt(sample_job *j, lem_err *err) {
    const lem_bench_spec *s = sample_rows_spec(j);
    bool open = s && s->system && j->prompt.template == LEM_PROMPT_CHAT &&
                !(j->prompt.told & LEM_PROMPT_TOLD_SYSTEM) && !lem_args_has(j->args, "system");
    if (!open) return LEM_OK;
    lem_info(j->cli->log, "system text of %s: %s", s->name, s->system);
    lem_status st = lem_prompt_settings_tell(&j->prompt, LEM_PROMPT_TOLD_SYSTEM, s->system, err);
    return st ? st : lem_job_choose(j->job, "system", s->system, err);
}

void sample_rows_release(sample_job *j) {
    lem_bench_spec_release(&j->source.spec);
    lem_bench_list_release(&j->source.list);
    lem_free(j->source.path);
}
