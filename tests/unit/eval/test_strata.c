/* test_strata.c - metrics apart for each value of a column, and their macro average */
#include "../checks.h"
#include "core/file.h"
#include "eval/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char rows[] =
    "{\"id\":\"a\",\"level\":2,\"meta\":{\"kind\":\"x\"},\"correct\":[true,false],\"rm_score\":[1,0]}\n"
    "{\"id\":\"b\",\"level\":1,\"meta\":{\"kind\":\"y\"},\"correct\":[true,true],\"rm_score\":[1,0]}\n"
    "{\"id\":\"c\",\"level\":2,\"correct\":[false,false],\"rm_score\":[1,0]}\n"
    "{\"id\":\"d\",\"level\":2,\"meta\":{\"kind\":\"x\"},\"correct\":[false,true],\"rm_score\":[1,0]}\n";

static void make(lem_eval_load how, lem_eval_data *d, lem_eval_result *r) {
    char path[] = "/tmp/lemma-strata-XXXXXX";
    int fd = mkstemp(path);
    lem_candidates_map *map = lem_candidates_map_new(&err);
    lem_eval_opts o = {.n_seeds = -1};
    assert_true(fd >= 0);
    close(fd);
    OK(lem_file_write_atomic(path, rows, sizeof rows - 1, &err));
    OK(lem_eval_data_load(path, map, &how, d, &err));
    unlink(path);
    lem_candidates_map_free(map);
    lem_eval_default_ks(&o, d);
    lem_eval_opts_from(&o, d);
    OK(lem_eval_result_make(d, &o, r, &err));
}

static double value(const lem_eval_stratum *s, const char *name) {
    const lem_metric *m = lem_metrics_find(&s->m, name, "exact");
    assert_non_null(m);
    return m->at.mean;
}

static void by_level(void **state) {
    (void)state;
    lem_eval_data d;
    lem_eval_result r;
    lem_buf b = {0};
    make((lem_eval_load){.limit = -1, .n_by = -1}, &d, &r);
    assert_int_equal(d.n_by, 1);
    const lem_eval_strata *s = &r.by[0];
    assert_int_equal(s->n, 2);
    assert_string_equal(s->at[0].value, "1");
    assert_int_equal(s->at[0].n, 1);
    assert_int_equal(s->at[1].n, 3);
    assert_float_equal(value(&s->at[0], "pass@1"), 1, 1e-12);
    assert_float_equal(value(&s->at[1], "pass@1"), (0.5 + 0 + 0.5) / 3, 1e-12);
    assert_float_equal(value(&s->at[1], "pass@2"), 2.0 / 3, 1e-12);
    assert_float_equal(value(&s->at[1], "rm@2"), 1.0 / 3, 1e-12);
    lem_json *j = lem_eval_strata_json(s);
    assert_string_equal(lem_json_str(lem_json_find(j, "column"), ""), "level");
    const lem_json *macro = lem_json_get(j, "macro");
    for (size_t i = 0; i < lem_json_count(macro); i++)
        if (strcmp(lem_json_str(lem_json_get(lem_json_at(macro, i), "name"), ""), "rm@2") == 0)
            assert_float_equal(lem_json_num(lem_json_get(lem_json_at(macro, i), "value"), 0), 2.0 / 3, 1e-12);
    lem_json_free(j);
    lem_eval_strata_table(s, &r.o, &b);
    assert_non_null(strstr(lem_buf_str(&b), "\nmean of the above"));
    lem_buf_release(&b);
    lem_eval_result_release(&r);
    lem_eval_data_release(&d);
}

static void by_any_path(void **state) {
    (void)state;
    lem_eval_data d;
    lem_eval_result r;
    make((lem_eval_load){.limit = -1, .by = {"meta.kind"}, .n_by = 1}, &d, &r);
    assert_int_equal(r.by[0].n, 3);
    assert_string_equal(r.by[0].at[0].value, "(none)");
    assert_string_equal(r.by[0].at[1].value, "x");
    assert_int_equal(r.by[0].at[1].n, 2);
    lem_eval_result_release(&r);
    lem_eval_data_release(&d);
    make((lem_eval_load){.limit = -1}, &d, &r);
    assert_int_equal(d.n_by, 0);
    lem_eval_result_release(&r);
    lem_eval_data_release(&d);
}

static void too_many_values(void **state) {
    (void)state;
    enum { N = LEM_EVAL_MAX_VALUES + 1 };
    static lem_eval_problem p[N];
    static const char *value_of[N * LEM_EVAL_MAX_BY];
    static char text[N][16];
    static const uint8_t right[] = {1};
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        value_of[i * LEM_EVAL_MAX_BY] = text[i];
        p[i] = (lem_eval_problem){.n = 1, .correct = right};
    }
    const lem_eval_opts o = {.ks = {1}, .n_ks = 1, .no_votes = true, .n_seeds = -1};
    lem_eval_data d = {.p = p, .n = N, .value = value_of, .by = {"c"}, .n_by = 1};
    lem_eval_strata s;
    FAILS(lem_eval_strata_of(&d, 0, &o, &s, &err), LEM_EDATA, "column 'c' has more than 200 values");
    d.n--;
    OK(lem_eval_strata_of(&d, 0, &o, &s, &err));
    assert_int_equal(s.n, LEM_EVAL_MAX_VALUES);
    lem_eval_strata_release(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_level), cmocka_unit_test(by_any_path),
                                       cmocka_unit_test(too_many_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
