/* test_judge_clusters.c - rows of one problem are one trial in the figures of reward benchmarks: copies of
 * rows change no interval, and intervals hold the truth where the rows of a problem are alike */
#include "../checks.h"
#include "core/file.h"
#include "core/rng.h"
#include "eval/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "near.h"

static char scratch[] = "/tmp/lemma-judge-clusters-XXXXXX";
static const lem_judge_how plain = {.threshold = 0.5};

static int set_up(void **state) {
    (void)state;
    int fd = mkstemp(scratch);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state) {
    (void)state;
    return unlink(scratch);
}

enum { PROBLEMS = 50 };

/* A row of problem i; which of them are judged rightly is the same in every copy. */
static void put_row(lem_buf *out, const char *kind, int i, uint64_t seed) {
    lem_rng rng = lem_rng_make(seed, "rows", (uint64_t)i);
    double a = lem_rng_next_unit(&rng), b = lem_rng_next_unit(&rng), c = lem_rng_next_unit(&rng);
    lem_buf_printf(out, "{\"benchmark\":\"%s\",\"problem\":\"problem %d\",\"subset\":\"s\",", kind, i);
    if (strcmp(kind, "pairs") == 0)
        lem_buf_printf(out, "\"correct\":[true,false],\"rm_score\":[%.6f,%.6f]}\n", a, b);
    else
        lem_buf_printf(out, "\"correct\":[false],\"error_steps\":[2],\"step_scores\":[[%.6f,%.6f,%.6f]]}\n",
                       a, b, c);
}

static lem_eval_interval measured(const char *kind, int copies, const char *name) {
    const lem_judge_load how = {LEM_JUDGE_NONE, -1, NULL, NULL};
    const char *path = scratch;
    lem_buf rows = {0};
    lem_judge_data d;
    lem_judge_result r;
    for (int c = 0; c < copies; c++)
        for (int i = 0; i < PROBLEMS; i++) put_row(&rows, kind, i, 5);
    OK(lem_file_write_atomic(scratch, lem_buf_str(&rows), rows.len, &err));
    OK(lem_judge_data_load(&path, 1, &how, &d, &err));
    assert_int_equal(d.n, copies * PROBLEMS);
    assert_int_equal(d.n_problems, PROBLEMS);
    assert_int_equal(lem_judge_repeats(&d), copies > 1);
    assert_false(d.shared);
    OK(lem_judge_measure(&d, &plain, &r, &err));
    lem_eval_interval at = lem_judge_result_find(&r, name, NULL, NULL)->at;
    lem_judge_result_release(&r);
    lem_judge_data_release(&d);
    lem_buf_release(&rows);
    return at;
}

static void copies_change_nothing(void **state) {
    (void)state;
    static const char *const of[][2] = {
        {"pairs", "accuracy"}, {"prmbench", "f1"}, {"prmbench", "negative-f1"}, {"prmbench", "prmscore"}};
    for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
        lem_eval_interval one = measured(of[k][0], 1, of[k][1]), many = measured(of[k][0], 7, of[k][1]);
        assert_near(one.mean, many.mean, 1e-12);
        assert_near(one.lo, many.lo, 1e-9);
        assert_near(one.hi, many.hi, 1e-9);
    }
}

static void subsets_that_share(void **state) {
    (void)state;
    const lem_judge_load how = {LEM_JUDGE_NONE, -1, NULL, NULL};
    static const char *const rows = "{\"benchmark\":\"pairs\",\"problem\":\"p\",\"subset\":\"a\",\"correct\":"
                                    "[true,false],\"rm_score\":[1,0]}\n{\"benchmark\":\"pairs\",\"problem\":"
                                    "\"p\",\"subset\":\"b\",\"correct\":[true,false],\"rm_score\":[1,0]}\n";
    const char *path = scratch;
    lem_judge_data d;
    OK(lem_file_write_atomic(scratch, rows, strlen(rows), &err));
    OK(lem_judge_data_load(&path, 1, &how, &d, &err));
    assert_true(d.shared && d.n_problems == 1);
    lem_judge_data_release(&d);
}

/* ---- coverage: the rows of a problem are alike ---- */

enum { TRIALS = 500, EACH = 4, MOST_ROWS = 400 };

static int covered(const lem_judge_data *d, const char *name, const char *subset, double want) {
    lem_judge_result r;
    OK(lem_judge_measure(d, &plain, &r, &err));
    lem_eval_interval at = lem_judge_result_find(&r, name, NULL, subset)->at;
    lem_judge_result_release(&r);
    return at.lo <= want && want <= at.hi;
}

/* A problem is hard or easy; two of its solutions have an error and two have none. */
static void f1_of_alike_solutions(void **state) {
    (void)state;
    static const double share[][2] = {{0.3, 0.6}, {0.5, 0.5}, {0.7, 0.9}};
    static lem_judge_item it[MOST_ROWS];
    const char *subset = "";
    for (size_t g = 0; g < sizeof share / sizeof *share; g++) {
        double a = share[g][0], b = share[g][1], want = 2 * a * b / (a + b);
        lem_rng rng = lem_rng_make(6, "f1", g);
        int n = 0;
        for (int t = 0; t < TRIALS; t++) {
            for (int i = 0; i < MOST_ROWS; i++) {
                static double u;
                if (i % EACH == 0) u = lem_rng_next_unit(&rng);
                bool error = i % EACH < 2, hit = u < (error ? a : b);
                it[i] = (lem_judge_item){.label = error ? 0 : -1, .problem = (uint64_t)(i / EACH) + 1};
                it[i].prediction = hit == error ? 0 : -1;
            }
            const lem_judge_data d = {.kind = LEM_JUDGE_PROCESSBENCH,
                                      .item = it,
                                      .n = MOST_ROWS,
                                      .n_problems = MOST_ROWS / EACH,
                                      .subset = &subset,
                                      .n_subsets = 1};
            n += covered(&d, "f1", "", want);
        }
        if (n < 0.93 * TRIALS) fail_msg("f1 of %g and %g: covered %d of %d", a, b, n, TRIALS);
    }
}

/* Each problem stands in four subsets, and is judged rightly in all of them or in none. */
static void mean_of_shared_subsets(void **state) {
    (void)state;
    static const uint8_t right[] = {1, 0};
    static const double good[] = {1, 0}, bad[] = {0, 1};
    static lem_judge_item it[MOST_ROWS];
    const char *subset[EACH] = {"a", "b", "c", "d"};
    lem_rng rng = lem_rng_make(7, "mean", 0);
    int n[2] = {0, 0};
    for (int t = 0; t < TRIALS; t++) {
        for (int i = 0; i < MOST_ROWS; i++) {
            static bool won;
            if (i % EACH == 0) won = lem_rng_next_unit(&rng) < 0.6;
            it[i] = (lem_judge_item){
                .subset = i % EACH, .n = 2, .right = right, .problem = (uint64_t)(i / EACH) + 1};
            it[i].score[0] = won ? good : bad;
        }
        const lem_judge_data d = {.kind = LEM_JUDGE_PAIRS,
                                  .item = it,
                                  .n = MOST_ROWS,
                                  .n_problems = MOST_ROWS / EACH,
                                  .shared = true,
                                  .subset = subset,
                                  .n_subsets = EACH,
                                  .scorer = {"rm_score"},
                                  .n_scorers = 1};
        n[0] += covered(&d, "accuracy", LEM_JUDGE_MEAN, 0.6);
        n[1] += covered(&d, "accuracy", NULL, 0.6);
    }
    for (int k = 0; k < 2; k++)
        if (n[k] < 0.93 * TRIALS) fail_msg("%s: covered %d of %d", k ? "all" : "mean", n[k], TRIALS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_change_nothing), cmocka_unit_test(subsets_that_share),
        cmocka_unit_test(f1_of_alike_solutions), cmocka_unit_test(mean_of_shared_subsets)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
