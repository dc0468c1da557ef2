/* test_scorers.c - which scorers a file of candidates gives, what their votes weigh, what is left out or
 * refused */
#include "core/file.h"
#include "eval/load.h"
#include "eval/result.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"

#define ROW ROW_OF("a")
#define ROW_OF(id)                                                                                           \
    "{\"id\":\"" id "\",\"completions\":[\"1\",\"2\"],\"predicted_answer\":[\"1\",\"2\"],\"correct\":[true," \
    "false]"

static lem_status load(const char *rows, const lem_eval_aggregator *agg, int n, lem_eval_data *d) {
    char path[] = "/tmp/lemma-scorers-XXXXXX";
    int fd = mkstemp(path);
    lem_eval_load how = {.limit = -1, .n_aggregators = n};
    lem_candidates_map *map = lem_candidates_map_new(&err);
    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < n; i++) how.aggregators[i] = agg[i];
    OK(lem_file_write_atomic(path, rows, strlen(rows), &err));
    lem_status st = lem_eval_data_load(path, map, &how, d, &err);
    unlink(path);
    lem_candidates_map_free(map);
    return st;
}

static int find(const lem_eval_data *d, const char *name) {
    for (int s = 0; s < d->n_scorers; s++)
        if (strcmp(d->scorers[s], name) == 0) return s;
    return -1;
}

static lem_eval_weight weight(const lem_eval_data *d, const char *name) {
    int s = find(d, name);
    assert_true(s >= 0);
    return d->weighted[s];
}

static bool noted(const lem_eval_data *d, const char *text) {
    lem_eval_opts o = {.n_seeds = -1};
    const lem_eval_result none = {.d = d, .o = o};
    lem_json *r = lem_eval_result_json(&none, false);
    const lem_json *notes = lem_json_get(r, "notes");
    bool found = false;
    for (size_t i = 0; i < lem_json_count(notes); i++)
        found = found || strstr(lem_json_str(lem_json_at(notes, i), ""), text);
    lem_json_free(r);
    return found;
}

static void probabilities(void **state) {
    (void)state;
    lem_eval_data d;
    OK(load(ROW ",\"rm_score\":[0.9,null],\"step_scores\":[[0.9,1],[0,0.5]]}\n", NULL, 0, &d));
    assert_int_equal(d.n_scorers, 4);
    assert_int_equal(weight(&d, "rm"), LEM_EVAL_WEIGHT_SCORE);
    assert_int_equal(weight(&d, "prm-prod"), LEM_EVAL_WEIGHT_SCORE);
    assert_true(d.p[0].score[find(&d, "prm-prod")][0] == 0.9);
    assert_true(d.p[0].score[find(&d, "rm")][1] == -INFINITY);
    assert_true(
        noted(&d, "weighted votes: rm, prm-last, prm-min, prm-prod as they are, since they lie in 0..1"));
    assert_false(noted(&d, "implicit rewards"));
    lem_eval_data_release(&d);
}

/* A raw head beside probabilities: each as it is. */
static void raw_scores(void **state) {
    (void)state;
    lem_eval_data d;
    OK(load(ROW ",\"rm_score\":[5.5,-1],\"step_scores\":[[0.9],[0.5]]}\n", NULL, 0, &d));
    assert_int_equal(weight(&d, "rm"), LEM_EVAL_WEIGHT_SIGMOID);
    assert_int_equal(weight(&d, "prm-min"), LEM_EVAL_WEIGHT_SCORE);
    assert_true(noted(
        &d, "prm-prod as they are, since they lie in 0..1; rm by their sigmoid, since they leave 0..1"));
    lem_eval_data_release(&d);
}

/* The second row tells that the steps are log-ratios: prod goes for all of them, the others stay in order. */
static void log_ratios(void **state) {
    (void)state;
    static const char rows[] = ROW ",\"step_scores\":[[0.9,0.2],[0.5]],\"logprob\":[-3,-4]}\n" ROW_OF(
        "b") ",\"step_scores\":[[-0.25,0.5],[0.125]],\"logprob\":[-5,-6]}\n";
    lem_eval_aggregator asked[] = {LEM_EVAL_AGG_MEAN, LEM_EVAL_AGG_PROD};
    lem_eval_data d;
    OK(load(rows, NULL, 0, &d));
    assert_int_equal(d.n_scorers, 3);
    assert_int_equal(find(&d, "prm-prod"), -1);
    assert_int_equal(find(&d, "logprob"), 2);
    assert_int_equal(weight(&d, "prm-min"), LEM_EVAL_WEIGHT_SIGMOID);
    assert_int_equal(weight(&d, "logprob"), LEM_EVAL_WEIGHT_NONE);
    assert_true(d.p[0].score[2][0] == -3 && d.p[1].score[2][1] == -6 && d.p[1].score[1][0] == -0.25);
    assert_null(d.p[1].score[3]);
    assert_true(noted(&d, "implicit rewards"));
    lem_eval_data_release(&d);
    FAILS(load(rows, asked, 2, &d), LEM_EDATA,
          ":2: step_scores: a score outside 0..1 is no probability, and 'prod'");
    OK(load(rows, asked, 1, &d));
    assert_int_equal(d.n_scorers, 2);
    lem_eval_data_release(&d);
}

/* logprob_mean of the row, else the sum by the number of tokens. */
static void mean_of_logprob(void **state) {
    (void)state;
    lem_eval_data d;
    OK(load(ROW ",\"logprob\":[-3,-4],\"tokens\":[2,4]}\n", NULL, 0, &d));
    assert_true(d.p[0].score[find(&d, "logprob-mean")][0] == -1.5);
    lem_eval_data_release(&d);
    OK(load(ROW ",\"logprob\":[-3,-4],\"logprob_mean\":[-0.75,null],\"tokens\":[2,4]}\n", NULL, 0, &d));
    assert_true(d.p[0].score[find(&d, "logprob-mean")][0] == -0.75);
    assert_true(d.p[0].score[find(&d, "logprob-mean")][1] == -INFINITY);
    lem_eval_data_release(&d);
    OK(load(ROW ",\"logprob_mean\":[-0.5,-1]}\n", NULL, 0, &d));
    assert_int_equal(d.n_scorers, 1);
    assert_int_equal(d.spoil.unscored, 0);
    lem_eval_data_release(&d);
    OK(load(ROW ",\"step_scores\":[[0.5],null]}\n", NULL, 0, &d));
    assert_int_equal(d.spoil.unscored, 1); /* once, though three scorers lack it */
    lem_eval_data_release(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(probabilities), cmocka_unit_test(raw_scores),
                                       cmocka_unit_test(log_ratios), cmocka_unit_test(mean_of_logprob)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
