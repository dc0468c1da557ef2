/* test_compare - problems matched by id whatever their order, values against brute force, flips */
#include "core/mem.h"
#include "core/rng.h"
#include "eval/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 60, C = 4 };

typedef struct side {
    lem_eval_data d;
    lem_eval_problem p[N];
    uint8_t right[N][C];
    double score[N][C];
    const char *name[N];
    char text[N][16];
} side;

/* Problem number(i) stands at row i: the second side is backwards and lacks the first five. */
static int number(bool backwards, int i) { return backwards ? N - 1 - i : i; }

static void make(side *s, bool backwards, double rate) {
    memset(s, 0, sizeof *s);
    for (int i = 0; i < N - (backwards ? 5 : 0); i++) {
        int id = number(backwards, i);
        lem_rng r = lem_rng_make(backwards ? 2 : 1, "compare", (uint64_t)id);
        for (int k = 0; k < C; k++) {
            s->right[i][k] = lem_rng_next_unit(&r) < rate;
            s->score[i][k] = lem_rng_next_unit(&r);
        }
        snprintf(s->text[i], sizeof s->text[i], "p%d", id);
        s->name[i] = s->text[i];
        s->p[i] = (lem_eval_problem){
            .n = C, .id = (uint64_t)id + 7, .correct = s->right[i], .score = {s->score[i]}};
        s->d.n++;
    }
    s->d.p = s->p;
    s->d.name = s->name;
    s->d.scorers[0] = "rm";
    s->d.n_scorers = 1;
    s->d.no_votes = true;
}

static double mean_right(const side *s, int i) {
    double sum = 0;
    for (int k = 0; k < C; k++) sum += s->right[i][k];
    return sum / C;
}

static double best_right(const side *s, int i) {
    int best = 0;
    for (int k = 1; k < C; k++)
        if (s->score[i][k] > s->score[i][best]) best = k;
    return s->right[i][best];
}

static int row_of(bool backwards, int id) { return backwards ? N - 1 - id : id; }

static void by_brute_force(void **state) {
    (void)state;
    static side a, b;
    make(&a, false, 0.3);
    make(&b, true, 0.6);
    lem_compared c;
    lem_err err = LEM_ERR_INIT;
    const char *names[] = {"rm@4", "pass@1"};
    assert_int_equal(lem_eval_compare(&a.d, &b.d, names, 2, &c, &err), LEM_OK);
    assert_int_equal(c.n, N - 5);
    assert_int_equal(c.only_a, 5);
    assert_int_equal(c.only_b, 0);
    double sum[2] = {0}, pass = 0;
    int better = 0, worse = 0, flips = 0;
    for (int id = 5; id < N; id++) {
        int i = row_of(false, id), j = row_of(true, id);
        double x = best_right(&a, i), y = best_right(&b, j);
        sum[0] += x;
        sum[1] += y;
        better += y > x;
        worse += y < x;
        flips += x != y;
        pass += mean_right(&b, j) - mean_right(&a, i);
    }
    assert_string_equal(c.at[0].name, "rm@4");
    assert_string_equal(c.at[0].protocol, "exact");
    assert_true(fabs(c.at[0].a.mean - sum[0] / c.n) < 1e-12 && fabs(c.at[0].b.mean - sum[1] / c.n) < 1e-12);
    assert_int_equal(c.at[0].b_minus_a.better, better);
    assert_int_equal(c.at[0].b_minus_a.worse, worse);
    assert_true(isfinite(c.at[0].b_minus_a.p));
    assert_true(fabs(c.at[1].b_minus_a.at.mean - pass / c.n) < 1e-12);
    assert_int_equal(c.n_flips, flips);
    for (int f = 0; f < c.n_flips; f++) {
        int id = atoi(c.flip[f].name + 1);
        assert_true(best_right(&b, row_of(true, id)) == (c.flip[f].now_right ? 1 : 0));
    }
    lem_compared_release(&c);
}

static void what_both_have(void **state) {
    (void)state;
    static side a, b;
    make(&a, false, 0.5);
    make(&b, true, 0.5);
    lem_compared c;
    lem_err err = LEM_ERR_INIT;
    b.d.n_scorers = 0;
    assert_int_equal(lem_eval_compare(&a.d, &b.d, NULL, 0, &c, &err), LEM_OK);
    assert_int_equal(c.n_at, 2); /* pass@1 and pass@4; no votes, and scores on one side alone */
    assert_string_equal(c.at[1].name, "pass@4");
    lem_compared_release(&c);
    const char *rm = "rm@4";
    assert_int_equal(lem_eval_compare(&a.d, &b.d, &rm, 1, &c, &err), LEM_EUSAGE);
    for (int i = 0; i < b.d.n; i++) b.p[i].id += 1000;
    assert_int_equal(lem_eval_compare(&a.d, &b.d, NULL, 0, &c, &err), LEM_EDATA);
    b.p[1].id = b.p[0].id = 9;
    assert_int_equal(lem_eval_compare(&a.d, &b.d, NULL, 0, &c, &err), LEM_EDATA);
    assert_non_null(strstr(err.text, "stands twice"));
}

/* All candidates of each problem, however many it has in either file; another metric on each side. */
static void of_all_candidates(void **state) {
    (void)state;
    static side a, b;
    static int32_t group[N][C];
    make(&a, false, 0.3);
    make(&b, true, 0.6);
    a.d.no_votes = b.d.no_votes = false;
    for (int i = 0; i < N; i++) { /* votes: all for what is right or not; a problem without candidates */
        a.p[i].n = i == 7 ? 0 : 1 + i % C;
        for (int k = 0; k < C; k++) group[i][k] = a.right[i][k];
        a.p[i].group = b.p[row_of(true, i)].group = group[i];
    }
    lem_compared c;
    lem_err err = LEM_ERR_INIT;
    const char *names[] = {"rm@all", "maj@all:rm@all", "pass@all:pass@1"};
    assert_int_equal(lem_eval_compare(&a.d, &b.d, names, 3, &c, &err), LEM_OK);
    double best[2] = {0}, vote = 0, any = 0, one = 0;
    for (int id = 5; id < N; id++) {
        int n = a.p[id].n, first = 0, right = 0;
        for (int k = 1; k < n; k++)
            if (a.score[id][k] > a.score[id][first]) first = k;
        for (int k = 0; k < n; k++) right += a.right[id][k];
        if (n) best[0] += a.right[id][first];
        best[1] += best_right(&b, row_of(true, id));
        vote += 2 * right > n || (n && 2 * right == n && a.right[id][0]);
        any += right > 0;
        one += mean_right(&b, row_of(true, id));
    }
    assert_string_equal(c.at[0].name, "rm@all");
    assert_string_equal(c.at[0].protocol, "all");
    assert_string_equal(c.at[1].name, "maj@all:rm@all");
    assert_true(fabs(c.at[0].a.mean - best[0] / (N - 5)) < 1e-12);
    assert_true(fabs(c.at[0].b.mean - best[1] / (N - 5)) < 1e-12);
    assert_true(fabs(c.at[0].b_minus_a.at.mean - (best[1] - best[0]) / (N - 5)) < 1e-12);
    assert_true(fabs(c.at[1].a.mean - vote / (N - 5)) < 1e-12);
    assert_true(fabs(c.at[1].b.mean - best[1] / (N - 5)) < 1e-12);
    assert_true(fabs(c.at[2].a.mean - any / (N - 5)) < 1e-12);
    assert_true(fabs(c.at[2].b.mean - one / (N - 5)) < 1e-12);
    assert_true(c.n_flips > 0);
    lem_compared_release(&c);
    const char *missing[] = {"prm@all"};
    assert_int_equal(lem_eval_compare(&a.d, &b.d, missing, 1, &c, &err), LEM_EUSAGE);
}

/* pass by two protocols and rm by three, at 1 (pass alone), 2 and 4; each once, what was there first. */
static void every_protocol(void **state) {
    (void)state;
    static side a, b;
    make(&a, false, 0.3);
    make(&b, true, 0.6);
    lem_compared c;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_compare(&a.d, &b.d, NULL, 0, &c, &err), LEM_OK);
    assert_int_equal(c.n_at, 3);
    assert_int_equal(lem_eval_compare_all(&c, 5, &err), LEM_OK);
    assert_int_equal(c.n_at, 2 + 2 * 5);
    assert_string_equal(c.at[2].name, "rm@4");
    double first = 0, all_four = NAN;
    for (int i = 0; i < c.n_at; i++) {
        for (int k = 0; k < i; k++)
            assert_false(strcmp(c.at[i].name, c.at[k].name) == 0 && c.at[i].protocol == c.at[k].protocol);
        if (strcmp(c.at[i].name, "rm@4") != 0) continue;
        if (strcmp(c.at[i].protocol, "first-k") == 0) first = c.at[i].b_minus_a.at.mean;
        if (strcmp(c.at[i].protocol, "seeds") == 0) all_four = c.at[i].b_minus_a.at.mean;
    }
    assert_true(fabs(first - all_four) < 1e-12); /* of four there is one subset of four */
    lem_compared_release(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_brute_force), cmocka_unit_test(of_all_candidates),
                                       cmocka_unit_test(what_both_have), cmocka_unit_test(every_protocol)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
