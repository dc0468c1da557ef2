/* sample_shots.c - the published style of a benchmark, and its worked examples */
#include "cli/sample.h"

#include "bench/row.h"
#include "core/file.h"
#include "core/mem.h"
#include "prompt/style.h"

#include <string.h>

static bool is_published(const sample_job *j) { return lem_args_is(j->args, "style", LEM_STYLE_PUBLISHED); }

static const lem_bench_spec *spec_of(const sample_job *j) {
    return lem_args_has(j->args, "benchmark") && j->source.spec.name ? &j->source.spec : NULL;
}

lem_status lem_sample_style(const sample_job *j, const char **style, lem_err *err) {
    const lem_bench_spec *s = spec_of(j);
    *style = lem_args_str(j->args, "style");
    if (!is_published(j)) return LEM_OK;
    if (!s) return lem_fail(err, LEM_EUSAGE, "--style published is a benchmark's own: give --benchmark");
    if (!s->style) return lem_fail(err, LEM_EUSAGE, "%s names no prompt style", s->name);
    *style = s->style;
    return LEM_OK;
}

/* How many of the benchmark's own examples stand before a problem. */
static int shots_of(const sample_job *j) {
    const lem_bench_spec *s = spec_of(j);
    const char *name = lem_args_str(j->args, "style");
    const lem_prompt_style *style = name ? lem_prompt_style_find(name) : NULL;
    if (!s || !s->shots_from || lem_args_has(j->args, "shots-from")) return 0;
    if (lem_args_has(j->args, "shots")) return (int)lem_args_int(j->args, "shots");
    if (is_published(j)) return (int)s->shots;
    return style ? style->shots : 0;
}

lem_status lem_sample_shots_find(sample_job *j, lem_err *err) {
    sample_rows *r = &j->source;
    const char *from = r->spec.shots_from;
    if (shots_of(j) == 0) return LEM_OK;
    r->shots_path = *from == '/' ? lem_strdup(from, err) : lem_path_join(j->cli->data_dir, from, err);
    if (!r->shots_path) return LEM_EMEM;
    r->input[r->n_inputs++] = (lem_job_input){"worked examples", r->shots_path};
    return LEM_OK;
}

bool lem_sample_shots_own(const sample_job *j) { return j->source.shots_path != NULL; }

/* Options of a row as the style lays them out. */
static void choices(const void *style, const char *question, const char *const *option, int n, lem_buf *out) {
    lem_prompt_style_choices(style, question, option, n, out);
}

/* A worked example's answer: the solution where the benchmark names one, else the gold. */
static lem_status add(const lem_bench_shots *from, const lem_problem *p, lem_prompt_shots *to, lem_err *err) {
    lem_buf b = {0};
    const lem_bench_spec *s = from->asker.spec;
    lem_status st = LEM_OK;
    if (s->solution && lem_bench_field(p->input, s->solution))
        st = lem_bench_text(p->input, s->solution, &b, err);
    const char *gold = p->expected ? p->expected : "";
    const char *answer = b.len ? lem_buf_str(&b) : gold;
    if (st == LEM_OK) st = lem_prompt_shots_add(to, p->problem, answer, lem_problem_subject(p), err);
    lem_buf_release(&b);
    return st;
}

lem_status lem_sample_shots_load(sample_job *j, lem_err *err) {
    sample_rows *r = &j->source;
    const lem_prompt_style *style = j->prompt.style;
    lem_bench_shots own = {.problems = {NULL}};
    lem_status st = LEM_OK;
    if (style && style->choices) {
        r->asker.choices = choices;
        r->asker.style = style;
    }
    if (!lem_sample_shots_own(j)) return LEM_OK;
    lem_bench_asker asker = r->asker;
    asker.spec = &r->spec;
    LEM_TRY(lem_bench_shots_load(&asker, j->cli->data_dir, j->cli->cancel, &own, err));
    j->prompt.shots.k = shots_of(j);
    for (size_t i = 0; st == LEM_OK && i < own.problems.n; i++)
        st = add(&own, &own.problems.at[i], &j->prompt.shots, err);
done:
    lem_bench_shots_release(&own);
    return st;
}
