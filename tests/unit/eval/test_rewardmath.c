/* test_rewardmath.c - published tables of RewardMATH through our aggregators, selection and an independent
 * count
 *
 * recipe.md 4.7: 483 problems, one right solution and nine wrong ones each, first the right one.
 * Math-Shepherd's step scores give by aggregator prod 17.18, min 15.32, mean 15.11, last 18.22, max 3.93 per
 * cent of problems whose right solution is strictly above all others. */
#include "core/file.h"
#include "eval/aggregate.h"
#include "eval/load.h"
#include "eval/metrics.h"
#include "rows/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../checks.h"

enum { PROBLEMS = 483, CANDIDATES = 10, STEPS = 64 };

typedef struct solution {
    double step[STEPS];
    int n;
} solution;

static solution table[PROBLEMS][CANDIDATES];

static bool shared_file(const char *name, char path[1024]) {
    const char *dir = getenv("LEMMA_DATA");
    snprintf(path, 1024, "%s/outputs/rewardmath/%s", dir ? dir : "/nowhere", name);
    return lem_file_exists(path);
}

/* The steps (or the one score) of every solution. */
static void read_table(const char *path) {
    lem_rowset *rows = NULL;
    lem_json *row = NULL;
    int n = 0;
    OK(lem_rowset_open(&path, 1, NULL, &rows, &err));
    for (; OK(lem_rowset_next(rows, &row, &err)), row; n++, lem_json_free(row)) {
        const lem_json *scores = lem_json_get(row, "score"), *names = lem_json_get(row, "solution_reference");
        assert_true(n < PROBLEMS && lem_json_count(scores) == CANDIDATES);
        assert_string_equal(lem_json_str(lem_json_at(names, 0), ""), "human_to_GPT-4");
        for (int i = 0; i < CANDIDATES; i++) {
            const lem_json *s = lem_json_at(scores, (size_t)i);
            bool list = lem_json_kind(s) == LEM_JSON_ARRAY;
            table[n][i].n = list ? (int)lem_json_count(s) : 1;
            assert_true(table[n][i].n <= STEPS);
            for (int k = 0; k < table[n][i].n; k++)
                table[n][i].step[k] = lem_json_num(list ? lem_json_at(s, (size_t)k) : s, NAN);
        }
    }
    assert_int_equal(n, PROBLEMS);
    lem_rowset_close(rows);
}

/* Each by its definition, in long double; -1 is no score. */
static long double by_definition(const solution *s, lem_eval_aggregator how) {
    long double low = 2, high = -1, prod = 1, sum = 0, logit = 0, odds = 0, n = s->n;
    if (s->n == 0) return 0.5L;
    for (int k = 0; k < s->n; k++) {
        long double p = s->step[k];
        if (p < low) low = p;
        if (p > high) high = p;
        prod *= p;
        sum += p;
        logit += logl(p / (1 - p));
        odds += p / (1 - p);
    }
    const long double all[] = {s->step[s->n - 1],          low,     high, prod, powl(prod, 1 / n), sum / n,
                               1 / (1 + expl(-logit / n)), odds / n};
    return all[how];
}

static int count_strict(double (*score)(const solution *, lem_eval_aggregator), lem_eval_aggregator how) {
    int right = 0;
    for (int p = 0; p < PROBLEMS; p++) {
        double mine = score(&table[p][0], how), best = -INFINITY;
        for (int i = 1; i < CANDIDATES; i++) best = fmax(best, score(&table[p][i], how));
        right += mine > best;
    }
    return right;
}

static double ours(const solution *s, lem_eval_aggregator how) {
    return lem_eval_aggregate(s->step, (size_t)s->n, how);
}

static const struct {
    lem_eval_aggregator how;
    int right;
} published[] = {{LEM_EVAL_AGG_PROD, 83},
                 {LEM_EVAL_AGG_MIN, 74},
                 {LEM_EVAL_AGG_MEAN, 73},
                 {LEM_EVAL_AGG_LAST, 88},
                 {LEM_EVAL_AGG_MAX, 19}};
enum { N_PUBLISHED = sizeof published / sizeof *published };

static void aggregators_of_the_table(void **state) {
    (void)state;
    char path[1024];
    if (!shared_file("Math_Shepherd_reward.json.gz", path)) skip();
    read_table(path);
    for (int a = 0; a < N_PUBLISHED; a++)
        assert_int_equal(count_strict(ours, published[a].how), published[a].right);
    /* every aggregator of every solution, against its definition */
    for (int how = 0; how <= LEM_EVAL_AGG_MEAN_ODDS; how++)
        for (int p = 0; p < PROBLEMS; p++)
            for (int i = 0; i < CANDIDATES; i++) {
                long double want = by_definition(&table[p][i], (lem_eval_aggregator)how);
                double got = ours(&table[p][i], (lem_eval_aggregator)how);
                if (!(fabsl((long double)got - want) <= 1e-9L * fmaxl(1, want)))
                    fail_msg("%s of %d, %d: %.12g, by definition %.12Lg",
                             lem_eval_aggregator_name((lem_eval_aggregator)how), p, i, got, want);
            }
}

/* The same table as candidate rows: `select` picks the right solution as often, for no scores tie. */
static void selection_of_the_table(void **state) {
    (void)state;
    char path[1024], file[] = "/tmp/lemma-rewardmath-XXXXXX", name[40];
    if (!shared_file("Math_Shepherd_reward.json.gz", path)) skip();
    read_table(path);
    lem_buf text = {0};
    for (int p = 0; p < PROBLEMS; p++) {
        lem_buf_printf(
            &text,
            "{\"id\":%d,\"completions\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"],\"correct\":[",
            p);
        for (int i = 0; i < CANDIDATES; i++) lem_buf_puts(&text, i ? ",false" : "true");
        for (int i = 0; i < CANDIDATES; i++) {
            lem_buf_puts(&text, i ? ",[" : "],\"step_scores\":[[");
            for (int k = 0; k < table[p][i].n; k++)
                lem_buf_printf(&text, "%s%.17g", k ? "," : "", table[p][i].step[k]);
            lem_buf_puts(&text, "]");
        }
        lem_buf_puts(&text, "]}\n");
    }
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    OK(lem_file_write_atomic(file, lem_buf_str(&text), text.len, &err));
    lem_buf_release(&text);
    lem_eval_load how = {.limit = -1, .n_aggregators = N_PUBLISHED - 1}; /* four scorers fit */
    for (int a = 0; a < how.n_aggregators; a++) how.aggregators[a] = published[a].how;
    lem_candidates_map *map = lem_candidates_map_new(&err);
    lem_eval_data d;
    lem_metrics m;
    OK(lem_eval_data_load(file, map, &how, &d, &err));
    lem_eval_opts o = {
        .ks = {CANDIDATES}, .n_ks = 1, .n_scorers = d.n_scorers, .no_votes = d.no_votes, .n_seeds = -1};
    memcpy(o.scorers, d.scorers, sizeof o.scorers);
    memcpy(o.weighted, d.weighted, sizeof o.weighted);
    OK(lem_eval_metrics(d.p, d.n, &o, &m, &err));
    for (int a = 0; a < how.n_aggregators; a++) {
        snprintf(name, sizeof name, "prm-%s@10", lem_eval_aggregator_name(published[a].how));
        const lem_metric *x = lem_metrics_find(&m, name, "exact");
        assert_non_null(x);
        assert_true(fabs(x->at.mean - (double)published[a].right / PROBLEMS) < 1e-12);
    }
    lem_metrics_release(&m);
    lem_eval_data_release(&d);
    lem_candidates_map_free(map);
    unlink(file);
}

/* One score a solution: an outcome model's table, against a plain count. */
static void outcome_table(void **state) {
    (void)state;
    char path[1024];
    if (!shared_file("skywork_llama3_reward.json.gz", path)) skip();
    read_table(path);
    assert_int_equal(count_strict(ours, LEM_EVAL_AGG_LAST),
                     107); /* 22.15 per cent (recipe.md 4.7, Table 7) */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(aggregators_of_the_table),
                                       cmocka_unit_test(selection_of_the_table),
                                       cmocka_unit_test(outcome_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
