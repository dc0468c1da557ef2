/* grade_benchmark.c - policy, task and tolerance of a benchmark for lemma grade; options win */
#include "cli/grade_benchmark.h"

#include <string.h>

void lem_grade_benchmark_release(lem_grade_benchmark *b) {
    lem_bench_spec_release(&b->spec);
    lem_free(b->name);
    *b = (lem_grade_benchmark){.given = false};
}

lem_status lem_grade_benchmark_open(lem_grade_benchmark *b, const lem_args *args, lem_err *err) {
    const char *name = lem_args_str(args, "benchmark");
    if (!name) return LEM_OK;
    b->given = true;
    lem_status st = lem_bench_open(name, &b->spec, err);
    return st ? lem_err_context(err, "--benchmark") : LEM_OK;
}

lem_status lem_grade_benchmark_first(lem_grade_benchmark *b, const lem_json *row, lem_log *log, bool *opened,
                                     lem_err *err) {
    const char *name = lem_json_str(lem_json_get(row, "benchmark"), NULL);
    *opened = false;
    b->seen = true;
    if (!name || b->given) return LEM_OK;
    b->name = lem_strdup(name, err);
    if (!b->name) return LEM_EMEM;
    if (!lem_bench_yaml(name)) {
        lem_warn(
            log,
            "the rows say benchmark '%.60s', which is none of lemma's: --benchmark FILE.yaml tells how it "
            "is graded",
            name);
        return LEM_OK;
    }
    lem_status st = lem_bench_open(name, &b->spec, err);
    *opened = st == LEM_OK;
    return st;
}

lem_status lem_grade_benchmark_same(const lem_grade_benchmark *b, const lem_args *args, const lem_json *row,
                                    lem_err *err) {
    if (b->given || (lem_args_has(args, "task") && lem_args_has(args, "policy"))) return LEM_OK;
    const char *name = lem_json_str(lem_json_get(row, "benchmark"), NULL);
    bool same = name && b->name ? strcmp(name, b->name) == 0 : name == b->name;
    if (same) return LEM_OK;
    const char *before = b->name ? b->name : "";
    const char *now = name ? name : "";
    return lem_fail(
        err, LEM_EDATA,
        "benchmark: '%.60s' expected as in the rows before, found '%.60s'; grade them apart, or say "
        "--benchmark, or --task and --policy",
        before, now);
}

lem_status lem_grade_benchmark_apply(const lem_grade_benchmark *b, const lem_args *args, lem_log *log,
                                     lem_grade_profile *p, lem_err *err) {
    const lem_bench_spec *s = &b->spec;
    if (!s->name) return LEM_OK;
    bool task = s->task && !lem_args_has(args, "task"), policy = s->policy && !lem_args_has(args, "policy");
    if ((task && !lem_grade_task_find(s->task, &p->task)) ||
        (policy && !lem_grade_policy_find(s->policy, &p->policy)))
        return lem_fail(err, LEM_EUSAGE, "benchmark %s: its task or policy is unknown", s->name);
    lem_info(log, "graded as %s (%s): task %s, policy %s", s->name,
             b->given ? "--benchmark" : "the rows say so", lem_grade_task_name(p->task),
             lem_grade_policy_name(p->policy));
    return LEM_OK;
}

lem_status lem_grade_benchmark_golds(const lem_grade_benchmark *b, const char *file, lem_json *row,
                                     lem_problem_parts *out, lem_err *err) {
    const lem_bench_asker a = {.spec = &b->spec};
    if (b->spec.rule[0] == LEM_BENCH_GOLD_RIGHT_OPTION)
        return lem_fail(err, LEM_EDATA,
                        "no expected_answer, and %s does not say in which order options were shown",
                        b->spec.name);
    lem_status st = lem_bench_read(&a, file, row, out, err);
    if (st == LEM_OK && !out->golds)
        st = lem_fail(err, LEM_EDATA, "no expected_answer, and none by the rule of %s: %s", b->spec.name,
                      out->skip ? "the row is not one of the set" : out->no_gold);
    return st;
}
