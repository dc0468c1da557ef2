/* test_pace.c - what is told of the time: shares of rows that are scored, annotated and selected, and the
 * sizes that stages are taken for */
#include "../unit/checks.h"
#include "cli/commands.h"
#include "cli/expect.h"
#include "cli/prm_pace.h"
#include "cli/score_pace.h"
#include "cli/select_pace.h"

#include <math.h>
#include <string.h>

static void near(double is, double want, double within) {
    if (!(fabs(is - want) <= within)) fail_msg("%.9g, not %.9g", is, want);
}

static lem_json *json(const char *text) {
    lem_json *v = NULL;
    OK(lem_json_parse(text, strlen(text), &v, &err));
    return v;
}

/* By bytes: problem and different completions; rows that are not to be scored count in neither. */
static void scored_bytes(void **state) {
    (void)state;
    lem_score_pace p = {0};
    lem_json *a = json("{\"problem\": \"12\", \"completions\": [\"1234\", \"1234\", \"567\"]}"),
             *b = json("{\"problem\": \"1\", \"completions\": [[\"12\", \"34\"], [\"123\", \"4\"]]}");
    near(lem_score_pace_done(&p, 0), -1, 0); /* nothing was looked through */
    OK(lem_score_pace_see(&p, a, &err));     /* 2 + 4 + 3 */
    OK(lem_score_pace_see(&p, NULL, &err));
    OK(lem_score_pace_see(&p, b, &err)); /* 1 + 4 + 4: the same bytes in other steps */
    near(p.bytes[0], 9, 0);
    near(p.bytes[1], 0, 0);
    near(p.bytes[2], 9, 0);
    lem_score_pace_begin(&p);
    lem_score_pace_expect(&p, 0);
    lem_score_pace_expect(&p, 2);
    near(lem_score_pace_done(&p, 2), 0.5, 1e-12);
    near(lem_score_pace_done(&p, 0), 1, 1e-12);
    lem_score_pace_begin(&p);
    lem_score_pace_expect(&p, 2);
    near(lem_score_pace_done(&p, 2), 1, 1e-12);
    lem_json_free(a);
    lem_json_free(b);
    lem_score_pace_release(&p);
}

/* Two steps each, the first of them the same in both solutions: three points. */
static void annotated_rollouts(void **state) {
    (void)state;
    char first[] = "one\n\ntwo\n\nthree", second[] = "one\n\n2\n\n3", *solution[] = {first, second};
    lem_prm_known known = {.point = 0};
    lem_prm_row row = {.n = 2, .solution = solution, .known = &known, .n_known = 1};
    lem_prm_rows rows = {.problems = {.n = 1}, .at = &row};
    lem_prm_pace p;
    OK(lem_prm_pace_open(&p, &rows, "\n\n", 4, &err));
    assert_int_equal(p.n_points, 3);
    near(p.bytes[0], 12, 0); /* "\n\ntwo\n\nthree" */
    near(p.bytes[1], 7, 0);
    near(p.bytes[2], 3, 0); /* "\n\n3" */
    near(p.known_bytes, 12, 0);
    p.began -= 10;
    near(lem_prm_pace_left(&p, 0), -1, 0); /* nothing was drawn: no rate */
    /* 4 rollouts of 22 bytes less the 12 that are there, at 3.5 bytes a token, ten tokens in flight */
    double usual = 16 * 22 / 3.0, tokens = (88 - 12) / 3.5;
    near(lem_prm_pace_left(&p, 10), tokens - 10, 0.02 * tokens); /* at 1 token a second */
    lem_prm_pace_made(&p, 0, 1, 14);                             /* 7 bytes took 14 tokens */
    double per_byte = (14 + usual / 3.5) / (7 + usual);
    near(lem_prm_pace_left(&p, 20), ((88 - 12 - 7) * per_byte - 6) / 2, 0.5);
    lem_prm_pace_done(&p, 0);
    near(p.done_points, 3, 0);
    near(p.done_made, 2, 0);
    assert_true(lem_prm_pace_left(&p, 1000) <= 0); /* more was drawn than was expected */
    lem_prm_pace_release(&p);
}

/* Sizes: 2 operations a parameter and token, 6 in training; a bound of tokens, rows or steps counts. */
static void expected_sizes(void **state) {
    (void)state;
    lem_cli cli = {.limit = -1};
    lem_args args;
    lem_json *tree =
        json("{\"model\": \"m\", \"prompts\": \"p\", \"n\": 4, \"max-tokens\": 100, \"out\": \"o\"}");
    OK(lem_args_from_tree(&lem_cmd_sample, tree, &cli, &args, &err));
    lem_expected x = {.command = "sample", .args = &args, .limit = -1, .in_bytes = 250000, .parameters = 1e6};
    lem_expect(&cli, &x);
    assert_true(x.known);
    near(x.flops, 2e6 * 1000 * 4 * 100, 1); /* 1,000 problems */
    near(x.out_bytes, 250000 + 1000 * 4 * 100 * 3, 1);
    x.limit = 10;
    lem_expect(&cli, &x);
    near(x.flops, 2e6 * 10 * 4 * 100, 1);
    lem_expected table = {.command = "select", .limit = -1, .in_bytes = 2e7}, other = {.command = "none"};
    lem_expect(&cli, &table);
    near(table.seconds, 2, 1e-9);
    lem_expect(&cli, &other);
    assert_false(other.known);
    lem_args_release(&args);
    lem_json_free(tree);
}

enum { PROBLEMS = 64, N = 32 };

/* Reading is a part of it; what is computed of each problem was tried before. */
static void selected_shares(void **state) {
    (void)state;
    static double score[PROBLEMS][N];
    static uint8_t right[PROBLEMS][N];
    static int32_t group[PROBLEMS][N];
    static lem_eval_problem p[PROBLEMS];
    for (int i = 0; i < PROBLEMS; i++) {
        for (int j = 0; j < N; j++) {
            right[i][j] = (i * j) % 3 == 0;
            group[i][j] = right[i][j] ? 0 : 1 + j % 5;
            score[i][j] = (i * 7 + j * 13) % 29;
        }
        p[i] = (lem_eval_problem){
            .n = N, .id = (uint64_t)i, .correct = right[i], .group = group[i], .score = {score[i]}};
    }
    lem_eval_data d = {.p = p, .n = PROBLEMS / 2, .scorers = {"rm"}, .n_scorers = 1, .min_n = N, .max_n = N};
    lem_eval_opts o = {.n_seeds = 8};
    lem_eval_result r = {0};
    lem_log *log = lem_log_new_silent(&err);
    lem_select_pace pace;
    lem_select_pace_begin(&pace, log, &o);
    pace.began -= 5;
    lem_select_pace_rows(&pace, &d, 0.5);
    assert_true(pace.each > 0 && pace.inner.exact > 0 && pace.inner.exact < 1);
    pace.each = 5.0 / PROBLEMS; /* as much for all as half of the reading took */
    lem_select_pace_rows(&pace, &d, 0.5);
    near(lem_log_outlook(log).left, 10, 0.5); /* 5 s are over: as long to read, and as long to compute */
    d.n = PROBLEMS;
    lem_eval_opts_from(&o, &d);
    lem_eval_default_ks(&o, &d);
    pace.inner.exact = 0.2;
    lem_select_pace_compute(&pace, &d, &o);
    near(pace.computing, 5, 1e-9);
    pace.inner.tell(pace.inner.ctx, 0.5);
    near(lem_log_outlook(log).left, 5 / 3.0, 0.5); /* of 10, 7.5 are over */
    OK(lem_eval_result_make(&d, &o, &r, &err));
    /* the last told of random subsets is problem 48 of 64: 0.9 of all; the exact values alone, 0.6 */
    assert_true(lem_log_outlook(log).left < 0.2 * (lem_clock_seconds() - pace.began));
    lem_select_pace_end(&pace);
    lem_eval_result_release(&r);
    lem_log_free(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(scored_bytes), cmocka_unit_test(annotated_rollouts),
                                       cmocka_unit_test(expected_sizes), cmocka_unit_test(selected_shares)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
