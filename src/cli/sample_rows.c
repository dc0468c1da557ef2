/* sample_rows.c - the problems of lemma sample: a benchmark by name, or rows of a file, with their golds */
#include "cli/sample.h"

#include "core/mem.h"

#include <stdio.h>
#include <string.h>

/* What is wrong with a benchmark is told after the job was compared, so that a changed name is told as that.
 */
void lem_sample_rows_find(sample_job *j) {
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
    if (lem_sample_shots_find(j, &r->err) != LEM_OK) r->n_inputs = 0;
}

lem_job_spec lem_sample_rows_facts(const sample_job *j) {
    const sample_rows *r = &j->source;
    return (lem_job_spec){
        .inputs = r->input, .n_inputs = r->n_inputs, .also = r->n_inputs ? r->spec.text : NULL};
}

/* The benchmark that the rows are of; NULL = none. After loading. */
static const lem_bench_spec *spec_of(const sample_job *j) {
    return j->source.n_inputs ? &j->source.spec : j->source.chooser.asker.spec;
}

static void tell(const sample_job *j) {
    const lem_bench_spec *s = spec_of(j);
    unsigned long long none = (unsigned long long)j->rows.no_gold;
    if (none) lem_warn(j->cli->log, "%llu of %zu problems have no gold answer", none, j->rows.n);
    if (!s) return;
    if (j->source.n_inputs && j->cli->limit < 0 && !lem_bench_size_is(s, j->rows.n))
        lem_warn(j->cli->log, "%s has %llu problems, %s gives %zu: figures are not those of the benchmark",
                 s->name, (unsigned long long)s->size[0], j->prompts, j->rows.n);
    if (s->shots && !j->prompt.shots.k)
        lem_warn(j->cli->log,
                 "%s is published with %lld worked examples before the problem; none is given "
                 "(--style published gives them)",
                 s->name, (long long)s->shots);
}

/* Benchmark files have no card beside them: the spec knows their licence. */
static lem_status tell_licence(sample_job *j, lem_err *err) {
    const lem_bench_spec *s = &j->source.spec;
    char from[80];
    snprintf(from, sizeof from, "benchmark %s", s->name);
    return s->licence ? lem_job_licence(j->job, j->source.path, s->licence, from, err) : LEM_OK;
}

static lem_status load_benchmark(sample_job *j, lem_err *err) {
    sample_rows *r = &j->source;
    if (lem_args_tree(j->args, "map"))
        return lem_fail(err, LEM_EUSAGE, "--map is for --prompts; a benchmark names its own fields");
    r->asker.spec = &r->spec;
    lem_status st = tell_licence(j, err);
    return st ? st
              : lem_bench_problems(&r->asker, j->prompts, j->cli->limit, !lem_args_flag(j->args, "no-gold"),
                                   j->cli->cancel, &j->rows, err);
}

static lem_status load_prompts(sample_job *j, lem_err *err) {
    lem_problems_opts o = {.map = lem_args_tree(j->args, "map"),
                           .limit = j->cli->limit,
                           .cancel = j->cli->cancel,
                           .need_gold = !lem_args_flag(j->args, "no-gold"),
                           .choose = lem_bench_choose,
                           .choose_ctx = &j->source.chooser};
    j->source.chooser.log = j->cli->log;
    lem_status st = lem_bad_rows_problems(&j->bad, j->prompts, o.map, o.cancel, &o.judge, err);
    if (st) return st;
    return lem_problems_read(j->prompts, &o, &j->rows, err);
}

lem_status lem_sample_rows_load(sample_job *j, lem_err *err) {
    lem_status st = j->source.n_inputs ? load_benchmark(j, err) : load_prompts(j, err);
    if (st == LEM_OK) tell(j);
    return st;
}

lem_status lem_sample_rows_prompt(sample_job *j, lem_err *err) {
    const lem_bench_spec *s = spec_of(j);
    if (s && s->task) (void)lem_grade_task_find(s->task, &j->profile.task);
    if (s && s->policy) (void)lem_grade_policy_find(s->policy, &j->profile.policy);
    bool open = s && s->system && j->prompt.template == LEM_PROMPT_CHAT &&
                !(j->prompt.told & LEM_PROMPT_TOLD_SYSTEM) && !lem_args_has(j->args, "system");
    if (!open) return LEM_OK;
    lem_info(j->cli->log, "system text of %s: %s", s->name, s->system);
    lem_status st = lem_prompt_settings_tell(&j->prompt, LEM_PROMPT_TOLD_SYSTEM, s->system, err);
    return st ? st : lem_job_choose(j->job, "system", s->system, err);
}

/* A benchmark that is not there is told before a recipe begins. */
lem_status lem_sample_rows_check(const lem_cli *cli, const lem_args *args, lem_err *err) {
    const char *name = lem_args_str(args, "benchmark");
    lem_bench_spec s = {0};
    char *path = NULL;
    lem_status st = name ? lem_bench_open(name, &s, err) : LEM_OK;
    if (st == LEM_OK && name) st = lem_bench_need_path(&s, cli->data_dir, &path, err);
    lem_free(path);
    lem_bench_spec_release(&s);
    return st;
}

void lem_sample_rows_release(sample_job *j) {
    lem_bench_spec_release(&j->source.spec);
    lem_bench_chooser_release(&j->source.chooser);
    lem_free(j->source.path);
    lem_free(j->source.shots_path);
}
