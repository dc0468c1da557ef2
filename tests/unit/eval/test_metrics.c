/* test_metrics.c - the whole table: the shared Qwen2.5-Math file, protocols, determinism, uneven rows */
#include "eval/metrics.h"

#include "core/rng.h"
#include "eval/load.h"
#include "eval/majk.h"
#include "eval/rmk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double value(const lem_metrics *m, const char *name, const char *protocol) {
    const lem_metric *x = lem_metrics_find(m, name, protocol);
    if (!x) fail_msg("no %s (%s)", name, protocol);
    return x->at.mean;
}

static lem_eval_opts opts_of(const lem_eval_data *d, const int *ks, int n_ks) {
    lem_eval_opts o = {.n_ks = n_ks, .n_scorers = d->n_scorers, .no_votes = d->no_votes, .seed = 1};
    memcpy(o.ks, ks, (size_t)n_ks * sizeof *ks);
    memcpy(o.scorers, d->scorers, sizeof o.scorers);
    memcpy(o.weighted, d->weighted, sizeof o.weighted);
    return o;
}

/* recipe.md section 10: figures of the Qwen2.5-Math script, and the exact subset averages. */
static void qwen_file(void **state) {
    (void)state;
    const char *dir = getenv("LEMMA_DATA");
    char path[1024];
    snprintf(path, sizeof path, "%s/outputs/qwen25math_rm_maj/math_cot_100.jsonl.gz", dir ? dir : "/nowhere");
    FILE *f = fopen(path, "rb");
    if (!f) {
        print_message("no shared data at %s\n", path);
        skip();
    }
    fclose(f);
    static const struct {
        const char *name, *protocol;
        double want, tol;
    } table[] = {{"rm@1", "first-k", .90, 1e-12},   {"rm@2", "first-k", .93, 1e-12},
                 {"rm@4", "first-k", .93, 1e-12},   {"rm@8", "first-k", .94, 1e-12},
                 {"maj@1", "first-k", .90, 1e-12},  {"maj@2", "first-k", .90, 1e-12},
                 {"maj@4", "first-k", .93, 1e-12},  {"maj@8", "first-k", .93, 1e-12},
                 {"pass@1", "first-k", .90, 1e-12}, {"pass@2", "first-k", .94, 1e-12},
                 {"pass@4", "first-k", .95, 1e-12}, {"pass@8", "first-k", .96, 1e-12},
                 {"pass@8", "exact", .96, 1e-12},   {"rm@1", "exact", .91, 1e-12},
                 {"rm@2", "exact", .92786, 5e-6},   {"rm@4", "exact", .93614, 5e-6},
                 {"rm@8", "exact", .94, 1e-12},     {"rm@8", "seeds", .94, 1e-12}};
    const int ks[] = {1, 2, 4, 8};
    for (int by_string = 0; by_string < 2; by_string++) {
        lem_err err = LEM_ERR_INIT;
        lem_candidates_map *map = lem_candidates_map_new(&err);
        lem_eval_load how = {.limit = -1, .by_string = by_string};
        lem_eval_data d;
        lem_metrics m;
        assert_non_null(map);
        if (lem_eval_data_load(path, map, &how, &d, &err) != LEM_OK) fail_msg("%s", err.text);
        assert_int_equal(d.n, 100);
        assert_int_equal(d.spoil.n, 800);
        assert_non_null(strstr(d.ground, "Qwen2.5-Math"));
        lem_eval_opts o = opts_of(&d, ks, 4);
        assert_int_equal(lem_eval_metrics(d.p, d.n, &o, &m, &err), LEM_OK);
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
            double v = value(&m, table[i].name, table[i].protocol);
            if (!(fabs(v - table[i].want) <= table[i].tol))
                fail_msg("%s (%s): %.6f, expected %.6f", table[i].name, table[i].protocol, v, table[i].want);
        }
        assert_near(value(&m, "rm@8-maj@8", "first-k"), 0.01, 1e-12);
        lem_metrics_release(&m);
        lem_eval_data_release(&d);
        lem_candidates_map_free(map);
    }
}

typedef struct toy {
    double score[8];
    int32_t group[8];
    uint8_t correct[8];
} toy;

static void make_toys(toy *t, lem_eval_problem *p, int n) {
    lem_rng r = lem_rng_make(3, "toys", 0);
    for (int i = 0; i < n; i++) {
        p[i] = (lem_eval_problem){.n = i % 4 == 0 ? 5 : 8,
                                  .id = (uint64_t)i,
                                  .correct = t[i].correct,
                                  .group = t[i].group,
                                  .score = {t[i].score}};
        for (int j = 0; j < 8; j++) {
            t[i].group[j] = (int32_t)lem_rng_next_below(&r, 3);
            t[i].correct[j] = t[i].group[j] == 0;
            t[i].score[j] = lem_rng_next_unit(&r) + (t[i].correct[j] ? 0.3 : 0);
        }
    }
}

static void protocols(void **state) {
    (void)state;
    static toy t[40];
    lem_eval_problem p[40];
    make_toys(t, p, 40);
    lem_eval_opts o = {.ks = {1, 3, 5, 8},
                       .n_ks = 4,
                       .scorers = {"rm"},
                       .weighted = {true},
                       .n_scorers = 1,
                       .seed = 5,
                       .n_seeds = 400};
    lem_metrics m, again;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_metrics(p, 40, &o, &m, &err), LEM_OK);
    assert_int_equal(lem_metrics_find(&m, "rm@5", "exact")->n, 40);
    assert_int_equal(lem_metrics_find(&m, "rm@8", "exact")->n, 30); /* the short problems are left out */
    assert_non_null(lem_metrics_find(&m, "rm-weighted@5", "first-k"));
    assert_non_null(lem_metrics_find(&m, "rm-weighted@5", "exact"));
    /* random subsets estimate the exact value: 40 problems x 400 draws, standard error below .004 */
    assert_near(value(&m, "rm@3", "seeds"), value(&m, "rm@3", "exact"), 0.016);
    assert_near(value(&m, "rm@3-maj@3", "exact"), value(&m, "rm@3", "exact") - value(&m, "maj@3", "exact"),
                1e-12);
    assert_near(value(&m, "rm@1", "exact"), value(&m, "pass@1", "exact"), 1e-12);
    for (int i = 0; i < m.n; i++)
        assert_true(m.m[i].at.lo <= m.m[i].at.mean && m.m[i].at.mean <= m.m[i].at.hi);
    assert_int_equal(lem_eval_metrics(p, 40, &o, &again, &err), LEM_OK);
    assert_int_equal(m.n, again.n);
    for (int i = 0; i < m.n; i++) assert_memory_equal(&m.m[i].at, &again.m[i].at, sizeof m.m[i].at);
    lem_metrics_release(&again);
    lem_metrics_release(&m);
}

/* Of two seeds: the mean, and the standard deviation, of what either gives alone. */
static void two_seeds(void **state) {
    (void)state;
    static toy t[40];
    lem_eval_problem p[40];
    make_toys(t, p, 40);
    lem_eval_opts o = {.ks = {3}, .n_ks = 1, .scorers = {"rm"}, .n_scorers = 1, .n_seeds = 1};
    double alone[2];
    lem_metrics m;
    lem_err err = LEM_ERR_INIT;
    for (int k = 0; k < 2; k++) {
        o.seed = 5 + (uint64_t)k;
        assert_int_equal(lem_eval_metrics(p, 40, &o, &m, &err), LEM_OK);
        alone[k] = value(&m, "rm@3", "seeds");
        assert_true(isnan(lem_metrics_find(&m, "rm@3", "seeds")->seed_sd));
        lem_metrics_release(&m);
    }
    assert_true(fabs(alone[0] - alone[1]) > 1e-3);
    o.seed = 5;
    o.n_seeds = 2;
    assert_int_equal(lem_eval_metrics(p, 40, &o, &m, &err), LEM_OK);
    assert_near(value(&m, "rm@3", "seeds"), (alone[0] + alone[1]) / 2, 1e-9);
    assert_near(lem_metrics_find(&m, "rm@3", "seeds")->seed_sd, fabs(alone[0] - alone[1]) / sqrt(2), 1e-7);
    lem_metrics_release(&m);
}

enum { POOL = 64, PROBLEMS = 40 };
typedef struct large {
    double score[POOL];
    int32_t group[POOL];
    uint8_t correct[POOL];
} large;

/* The exact values lie where 100 seeds put them: within two standard deviations from seed to seed of the mean
 * that one draw has, and near the mean of all seeds. */
static void exact_within_seeds(void **state) {
    (void)state;
    static large t[PROBLEMS];
    lem_eval_problem p[PROBLEMS];
    lem_rng r = lem_rng_make(9, "large", 0);
    for (int i = 0; i < PROBLEMS; i++) {
        double rate = lem_rng_next_unit(&r);
        p[i] = (lem_eval_problem){.n = POOL,
                                  .id = (uint64_t)i,
                                  .correct = t[i].correct,
                                  .group = t[i].group,
                                  .score = {t[i].score}};
        for (int j = 0; j < POOL; j++) {
            t[i].correct[j] = lem_rng_next_unit(&r) < rate;
            t[i].group[j] = t[i].correct[j] ? 0 : 1 + (int32_t)lem_rng_next_below(&r, 5);
            t[i].score[j] = 0.6 * lem_rng_next_unit(&r) + (t[i].correct[j] ? 0.3 : 0);
        }
    }
    lem_eval_opts o = {.ks = {2, 16, 62},
                       .n_ks = 3,
                       .scorers = {"rm"},
                       .weighted = {LEM_EVAL_WEIGHT_SCORE},
                       .n_scorers = 1,
                       .pessimistic = 0.3};
    lem_metrics m;
    lem_err err = LEM_ERR_INIT;
    int seen = 0;
    assert_int_equal(lem_eval_metrics(p, PROBLEMS, &o, &m, &err), LEM_OK);
    for (int i = 0; i < m.n; i++) {
        const lem_metric *s = &m.m[i], *x = lem_metrics_find(&m, s->name, "exact");
        if (strcmp(s->protocol, "seeds") != 0 || !x) continue;
        seen++;
        assert_true(s->seed_sd > 0 && s->seed_sd < 0.1);
        assert_true(isnan(x->seed_sd));
        /* ties of votes go to the first in one and are averaged in the other */
        double ties = strncmp(s->name, "maj", 3) == 0 ? 0.02 : 0;
        if (!(fabs(s->at.mean - x->at.mean) <= 4 * s->seed_sd / 10 + ties))
            fail_msg("%s: exact %.4f, seeds %.4f (sd %.4f)", s->name, x->at.mean, s->at.mean, s->seed_sd);
        assert_true(fabs(s->at.mean - x->at.mean) <= 2 * s->seed_sd + ties);
    }
    assert_int_equal(seen, 3 + 3 + 2 + 2); /* maj, rm at all; weighted and pessimistic at 2 and 62 */
    lem_metrics_release(&m);
}

/* k of n by a Fisher-Yates shuffle of its own for each k, ascending. */
static void subset_of(const lem_eval_problem *p, int k, uint64_t seed, int *subset) {
    int deck[POOL], m = 0;
    bool in[POOL] = {false};
    lem_rng r = lem_rng_make(seed, "select", p->id);
    for (int i = 0; i < p->n; i++) deck[i] = i;
    for (int j = 0; j < k; j++) {
        int at = j + (int)lem_rng_next_below(&r, (uint64_t)(p->n - j)), c = deck[at];
        deck[at] = deck[j];
        deck[j] = c;
        in[c] = true;
    }
    for (int i = 0; i < p->n; i++)
        if (in[i]) subset[m++] = i;
}

/* Random subsets that are drawn anew at each k, and counted one by one, give the same. */
static void as_drawn_anew(void **state) {
    (void)state;
    static toy t[40];
    lem_eval_problem p[40];
    make_toys(t, p, 40);
    for (int i = 0; i < 40; i++) /* ties */
        for (int j = 0; j < 8; j++) t[i].score[j] = floor(4 * t[i].score[j]);
    lem_eval_opts o = {.ks = {1, 2, 3, 5, 8},
                       .n_ks = 5,
                       .scorers = {"rm"},
                       .weighted = {LEM_EVAL_WEIGHT_SCORE},
                       .n_scorers = 1,
                       .seed = 5,
                       .n_seeds = 16};
    lem_metrics m;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_metrics(p, 40, &o, &m, &err), LEM_OK);
    for (int h = 0; h < o.n_ks; h++) {
        double rm = 0, maj = 0, weighted = 0, count[8] = {0};
        int k = o.ks[h], subset[8], n = 0;
        char name[32];
        for (int i = 0; i < 40; i++) {
            for (int s = 0; s < o.n_seeds && p[i].n >= k; s++, n++) {
                subset_of(&p[i], k, o.seed + (uint64_t)s, subset);
                rm += lem_eval_best_of(&p[i], p[i].score[0], subset, k);
                maj += lem_eval_vote(&p[i], NULL, LEM_EVAL_WEIGHT_NONE, subset, k, count);
                weighted += lem_eval_vote(&p[i], p[i].score[0], LEM_EVAL_WEIGHT_SCORE, subset, k, count);
            }
        }
        snprintf(name, sizeof name, "rm@%d", k);
        assert_near(value(&m, name, "seeds"), rm / n, 1e-12);
        snprintf(name, sizeof name, "maj@%d", k);
        assert_near(value(&m, name, "seeds"), maj / n, 1e-12);
        snprintf(name, sizeof name, "rm-weighted@%d", k);
        assert_near(value(&m, name, "seeds"), weighted / n, 1e-12);
    }
    lem_metrics_release(&m);
}

static void tokens(void **state) {
    (void)state;
    uint8_t right[] = {1, 0, 0, 1};
    double length[] = {10, 20, 60, 30}, other[] = {5, 5, 5, 5};
    lem_eval_problem p[] = {{.n = 4, .correct = right, .length = length},
                            {.n = 4, .correct = right, .length = other}};
    lem_eval_opts o = {.ks = {1, 4}, .n_ks = 2, .no_votes = true, .n_seeds = -1, .has_tokens = true};
    lem_metrics m;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_metrics(p, 2, &o, &m, &err), LEM_OK);
    assert_near(lem_metrics_find(&m, "pass@1", "exact")->tokens, 17.5, 1e-12);
    assert_near(lem_metrics_find(&m, "pass@4", "first-k")->tokens, 70, 1e-12);
    lem_metrics_release(&m);
}

static void json_shape(void **state) {
    (void)state;
    lem_metric m = {.name = "rm@8",
                    .protocol = "exact",
                    .k = 8,
                    .n = 100,
                    .at = {.94, .89, .98},
                    .seed_sd = NAN,
                    .tokens = NAN};
    lem_json *j = lem_metrics_json(&m, 1, false);
    lem_buf b = {0};
    lem_json_write(j, 0, &b);
    assert_string_equal(
        lem_buf_str(&b),
        "[{\"name\":\"rm@8\",\"protocol\":\"exact\",\"value\":0.94,\"ci95\":[0.89,0.98],\"n\":100}]");
    lem_buf_release(&b);
    lem_json_free(j);
}

static void no_scores_no_votes(void **state) {
    (void)state;
    uint8_t right[] = {1, 0, 0};
    lem_eval_problem p = {.n = 3, .correct = right};
    lem_eval_opts o = {.ks = {1, 2}, .n_ks = 2, .no_votes = true, .n_seeds = -1};
    lem_metrics m;
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_eval_metrics(&p, 1, &o, &m, &err), LEM_OK);
    assert_int_equal(m.n, 4);
    assert_near(value(&m, "pass@2", "exact"), 2.0 / 3, 1e-12);
    lem_metrics_release(&m);
    p.n = 0;
    assert_int_equal(lem_eval_metrics(&p, 1, &o, &m, &err), LEM_EDATA);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(qwen_file),     cmocka_unit_test(protocols),
                                       cmocka_unit_test(two_seeds),     cmocka_unit_test(exact_within_seeds),
                                       cmocka_unit_test(as_drawn_anew), cmocka_unit_test(tokens),
                                       cmocka_unit_test(json_shape),    cmocka_unit_test(no_scores_no_votes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
