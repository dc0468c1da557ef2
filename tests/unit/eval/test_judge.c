/* test_judge.c - measures of reward benchmarks: each against a plain count of its definition on random rows
 * with planted ties and nulls, scikit-learn's F1, the published figures of the shared files; the threshold
 * against all thresholds; intervals by simulation */
#include "core/file.h"
#include "core/rng.h"
#include "eval/judge.h"
#include "eval/judge_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../checks.h"
#include "near.h"

static char scratch[] = "/tmp/lemma-judge-XXXXXX";

static int set_up(void **state) {
    (void)state;
    int fd = mkstemp(scratch);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state) {
    (void)state;
    return unlink(scratch);
}

typedef struct measured {
    lem_judge_data d;
    lem_judge_result r;
} measured;

static void measure(const char *path, const lem_judge_how *o, measured *m) {
    const lem_judge_load how = {LEM_JUDGE_NONE, -1, NULL, NULL};
    *m = (measured){0};
    OK(lem_judge_data_load(&path, 1, &how, &m->d, &err));
    OK(lem_judge_measure(&m->d, o, &m->r, &err));
}

static void measure_text(const lem_buf *rows, const lem_judge_how *o, measured *m) {
    OK(lem_file_write_atomic(scratch, lem_buf_str(rows), rows->len, &err));
    measure(scratch, o, m);
}

static void release(measured *m) {
    lem_judge_result_release(&m->r);
    lem_judge_data_release(&m->d);
}

static double value(const measured *m, const char *name, const char *protocol, const char *subset) {
    const lem_judge_metric *x = lem_judge_result_find(&m->r, name, protocol, subset);
    if (!x) fail_msg("no %s of %s in %s", name, protocol, subset ? subset : "all");
    return x->at.mean;
}

static const lem_judge_how plain = {.threshold = 0.5};

/* ---- comparisons of candidates ---- */

enum { ROWS = 400, MOST = 10 };

typedef struct row {
    int n, n_right, subset;
    double score[MOST]; /* the right ones first; NAN null */
} row;

static row table[ROWS];

/* Scores of four values, so that many tie; one in twelve is null. */
static void make_rows(lem_buf *out, const char *kind, int least, int most, int n_right) {
    static const char *const subsets[] = {"math-prm", "chat", "code"};
    lem_rng rng = lem_rng_make(11, kind, 0);
    for (int i = 0; i < ROWS; i++) {
        row *r = &table[i];
        r->n = least + (int)lem_rng_next_below(&rng, (uint64_t)(most - least + 1));
        r->n_right = n_right ? n_right : 1 + (int)lem_rng_next_below(&rng, (uint64_t)(r->n - 1));
        r->subset = (int)lem_rng_next_below(&rng, 3);
        lem_buf_printf(out, "{\"id\":%d,\"benchmark\":\"%s\",\"subset\":\"%s\",\"correct\":[", i, kind,
                       subsets[r->subset]);
        for (int k = 0; k < r->n; k++) {
            const char *is = k < r->n_right ? "true" : "false";
            lem_buf_printf(out, "%s%s", k ? "," : "", is);
        }
        lem_buf_puts(out, "],\"rm_score\":[");
        for (int k = 0; k < r->n; k++) {
            bool missing = lem_rng_next_below(&rng, 12) == 0;
            r->score[k] = missing ? NAN : (double)lem_rng_next_below(&rng, 4) / 2 - 1;
            if (missing) lem_buf_printf(out, "%snull", k ? "," : "");
            else lem_buf_printf(out, "%s%.1f", k ? "," : "", r->score[k]);
        }
        lem_buf_puts(out, "]}\n");
    }
}

/* A null is never above anything, and nothing wrong without a score is beaten. */
static bool beats(const row *r, int right, int wrong) { return r->score[right] > r->score[wrong]; }

static bool ties_or_beats(const row *r, int right, int wrong) { return r->score[right] >= r->score[wrong]; }

static double strictly(const row *r) {
    for (int i = 0; i < r->n_right; i++)
        for (int j = r->n_right; j < r->n; j++)
            if (!beats(r, i, j)) return 0;
    return 1;
}

static double with_ties(const row *r) {
    for (int i = 0; i < r->n_right; i++)
        for (int j = r->n_right; j < r->n; j++)
            if (!ties_or_beats(r, i, j)) return 0;
    return 1;
}

/* The best place of a right one, behind every wrong one that it does not beat. */
static double reciprocal(const row *r) {
    int best = r->n;
    for (int i = 0; i < r->n_right; i++) {
        int place = 1;
        for (int j = r->n_right; j < r->n; j++) place += !beats(r, i, j);
        if (place < best) best = place;
    }
    return 1.0 / best;
}

/* The share of right ones among the best; none where a wrong one has no score. */
static double shared(const row *r) {
    double best = -INFINITY;
    int n = 0, right = 0;
    for (int i = 0; i < r->n; i++) {
        if (i >= r->n_right && isnan(r->score[i])) return 0;
        if (r->score[i] > best) best = r->score[i];
    }
    for (int i = 0; i < r->n; i++) {
        n += r->score[i] == best;
        right += r->score[i] == best && i < r->n_right;
    }
    return n ? (double)right / n : 0;
}

static double mean_of(double (*f)(const row *), int subset) {
    double sum = 0, n = 0;
    for (int i = 0; i < ROWS; i++)
        if (subset < 0 || table[i].subset == subset) sum += f(&table[i]), n++;
    return sum / n;
}

static void expect(const measured *m, const char *name, double (*f)(const row *)) {
    static const char *const subsets[] = {"math-prm", "chat", "code"};
    double sum = 0;
    for (int b = 0; b < 3; b++) {
        assert_near(value(m, name, "rm_score", subsets[b]), mean_of(f, b), 1e-12);
        sum += mean_of(f, b);
    }
    assert_near(value(m, name, "rm_score", LEM_JUDGE_MEAN), sum / 3, 1e-12);
    assert_near(value(m, name, "rm_score", NULL), mean_of(f, -1), 1e-12);
}

static int rows_with(bool (*is)(const row *)) {
    int n = 0;
    for (int i = 0; i < ROWS; i++) n += is(&table[i]);
    return n;
}

static bool has_null(const row *r) {
    for (int i = 0; i < r->n; i++)
        if (isnan(r->score[i])) return true;
    return false;
}

static bool is_tie(const row *r) { return !has_null(r) && with_ties(r) > strictly(r); }

static void pairs_by_count(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    make_rows(&b, "rewardbench", 2, 2, 1);
    measure_text(&b, &plain, &m);
    expect(&m, "accuracy", strictly);
    assert_int_equal(m.d.missing, rows_with(has_null));
    assert_int_equal(lem_judge_result_find(&m.r, "accuracy", NULL, NULL)->ties, rows_with(is_tie));
    assert_true(rows_with(is_tie) > 40 && rows_with(has_null) > 40);
    release(&m);
    lem_buf_release(&b);
}

static void lists_by_count(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    make_rows(&b, "rewardmath", 3, 10, 1);
    measure_text(&b, &plain, &m);
    expect(&m, "strict", strictly);
    expect(&m, "with-ties", with_ties);
    expect(&m, "mrr", reciprocal);
    release(&m);
    lem_buf_clear(&b);
    make_rows(&b, "rewardbench2", 2, 6, 0);
    measure_text(&b, &plain, &m);
    expect(&m, "accuracy", strictly);
    expect(&m, "accuracy-shared", shared);
    release(&m);
    lem_buf_release(&b);
}

static int cell_i, cell_j;
static double cell(const row *r) { return beats(r, cell_i, 3 + cell_j); }

static double styles(const row *r, int from, int to) {
    double won = 0, n = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (i - j >= from && i - j <= to) won += beats(r, i, 3 + j), n++;
    return won / n;
}
static double hard(const row *r) { return styles(r, -2, -1); }
static double normal(const row *r) { return styles(r, 0, 0); }
static double easy(const row *r) { return styles(r, 1, 2); }
static double average(const row *r) { return styles(r, -2, 2); }

static void styles_by_count(void **state) {
    (void)state;
    static const char *const style[] = {"concise", "detailed", "markdown"};
    lem_buf b = {0};
    measured m;
    make_rows(&b, "rm-bench", 6, 6, 3);
    measure_text(&b, &plain, &m);
    expect(&m, "hard", hard);
    expect(&m, "normal", normal);
    expect(&m, "easy", easy);
    expect(&m, "average", average);
    for (cell_i = 0; cell_i < 3; cell_i++)
        for (cell_j = 0; cell_j < 3; cell_j++) {
            char name[40];
            snprintf(name, sizeof name, "%s>%s", style[cell_i], style[cell_j]);
            assert_near(value(&m, name, "rm_score", NULL), mean_of(cell, -1), 1e-12);
        }
    release(&m);
    lem_buf_release(&b);
}

/* numpy, after allenai/reward-bench: of rows with equal right ones, and prompts without a ref row. */
static void ties_of_rewardbench2(void **state) {
    (void)state;
    measured m;
    measure(LEMMA_TEST_DATA "/judge/rewardbench2-scored.jsonl", &plain, &m);
    assert_near(value(&m, "ties-score", "rm_score", "Ties"), 0.5445569920362887, 1e-15);
    assert_near(value(&m, "accuracy-shared", "rm_score", "Math"), 0.2708333333333333, 1e-15);
    assert_near(value(&m, "leaderboard", "rm_score", LEM_JUDGE_MEAN), 0.407695162684811, 1e-15);
    release(&m);
}

static void a_null_never_wins(void **state) {
    (void)state;
    static const char *const rows[] = {"[null,0.1]", "[0.9,null]", "[null,null]"};
    for (int i = 0; i < 3; i++) {
        lem_buf b = {0};
        measured m;
        lem_buf_printf(&b, "{\"benchmark\":\"rewardmath\",\"correct\":[true,false],\"rm_score\":%s}\n",
                       rows[i]);
        measure_text(&b, &plain, &m);
        assert_near(value(&m, "strict", "rm_score", NULL), 0, 0);
        assert_near(value(&m, "with-ties", "rm_score", NULL), 0, 0);
        assert_near(value(&m, "mrr", "rm_score", NULL), 0.5, 0);
        assert_int_equal(m.d.missing, 1);
        release(&m);
        lem_buf_release(&b);
    }
}

/* ---- shared files ---- */

static bool shared_file(const char *name, char path[1024]) {
    const char *dir = getenv("LEMMA_DATA");
    snprintf(path, 1024, "%s/%s", dir ? dir : "/nowhere", name);
    return lem_file_exists(path);
}

/* recipe.md 4.7: Math-Shepherd by aggregator; Skywork-Reward 22.15. max: 13 problems tie. */
static void published_tables(void **state) {
    (void)state;
    static const struct {
        const char *how;
        int strict, with_ties;
    } want[] = {{"prod", 83, 83}, {"min", 74, 74}, {"mean", 73, 73}, {"last", 88, 88}, {"max", 19, 32}};
    char path[1024];
    measured m;
    if (!shared_file("outputs/rewardmath/Math_Shepherd_reward.json.gz", path)) skip();
    measure(path, &plain, &m);
    assert_int_equal(m.d.n, 483);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_near(value(&m, "strict", want[i].how, NULL), want[i].strict / 483.0, 1e-12);
        assert_near(value(&m, "with-ties", want[i].how, NULL), want[i].with_ties / 483.0, 1e-12);
    }
    assert_near(value(&m, "mrr", "last", NULL), 0.3883449998, 1e-9); /* by numpy, of the same file */
    assert_int_equal(lem_judge_result_find(&m.r, "strict", "max", NULL)->ties, 13);
    release(&m);
    assert_true(shared_file("outputs/rewardmath/skywork_llama3_reward.json.gz", path));
    measure(path, &plain, &m);
    assert_int_equal(m.d.n_scorers, 1);
    assert_near(value(&m, "strict", "rm_score", NULL), 107 / 483.0, 1e-12);
    assert_near(value(&m, "mrr", "rm_score", NULL), 0.44693548917, 1e-9);
    release(&m);
}

/* ---- processbench ---- */

typedef struct solution {
    int n, label;
    double p[8];
    bool missing;
} solution;

static solution solutions[3][120];
static const char *const sets[] = {"gsm8k", "math", "omnimath"};

static void make_solutions(lem_buf *out, uint64_t seed) {
    lem_rng rng = lem_rng_make(seed, "processbench", 0);
    for (int b = 0; b < 3; b++)
        for (int i = 0; i < 120; i++) {
            solution *s = &solutions[b][i];
            s->n = 1 + (int)lem_rng_next_below(&rng, 8);
            s->label = (int)lem_rng_next_below(&rng, (uint64_t)s->n + 2) - 1;
            if (s->label >= s->n) s->label = -1;
            s->missing = lem_rng_next_below(&rng, 20) == 0;
            lem_buf_printf(out,
                           "{\"id\":\"%s-%d\",\"subset\":\"%s\",\"benchmark\":\"processbench\",\"label\":%d,"
                           "\"correct\":[%s],\"step_scores\":[",
                           sets[b], i, sets[b], s->label, s->label < 0 ? "true" : "false");
            for (int k = 0; k < s->n; k++) {
                bool low = s->label >= 0 && k >= s->label;
                s->p[k] = (double)(lem_rng_next_below(&rng, 10) + (low ? 0 : 6)) / 16;
                if (!s->missing) lem_buf_printf(out, "%s%.17g", k ? "," : "[", s->p[k]);
            }
            lem_buf_puts(out, s->missing ? "null]}\n" : "]]}\n");
        }
}

static int first_below(const solution *s, double t) {
    for (int k = 0; k < s->n; k++)
        if (s->p[k] < t) return k;
    return -1;
}

static bool found(const solution *s, double t) { return !s->missing && first_below(s, t) == s->label; }

static double f1_of(int b, double t, double acc[2]) {
    double hit[2] = {0, 0}, n[2] = {0, 0};
    for (int i = 0; i < 120; i++) {
        int side = solutions[b][i].label < 0;
        n[side]++;
        hit[side] += found(&solutions[b][i], t);
    }
    acc[0] = hit[0] / n[0];
    acc[1] = hit[1] / n[1];
    return acc[0] + acc[1] > 0 ? 2 * acc[0] * acc[1] / (acc[0] + acc[1]) : 0;
}

static void first_wrong_step(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    double sum = 0;
    make_solutions(&b, 1);
    measure_text(&b, &plain, &m);
    for (int k = 0; k < 3; k++) {
        double acc[2], f1 = f1_of(k, 0.5, acc);
        assert_near(value(&m, "error", "threshold", sets[k]), acc[0], 1e-12);
        assert_near(value(&m, "correct", "threshold", sets[k]), acc[1], 1e-12);
        assert_near(value(&m, "f1", "threshold", sets[k]), f1, 1e-12);
        sum += f1;
    }
    assert_near(value(&m, "f1", "threshold", LEM_JUDGE_MEAN), sum / 3, 1e-12);
    release(&m);
    lem_buf_release(&b);
}

static bool same_verdicts(int b, double t, double u) {
    for (int i = 0; i < 120; i++)
        if (found(&solutions[b][i], t) != found(&solutions[b][i], u)) return false;
    return true;
}

/* Every threshold between the 16 values of scores is tried. */
static void threshold_from_a_subset(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        int from = (int)(seed % 3);
        const lem_judge_how o = {.threshold = 0.5, .threshold_from = sets[from]};
        double acc[2], most = -1;
        lem_buf b = {0};
        measured m;
        make_solutions(&b, seed);
        measure_text(&b, &o, &m);
        for (int k = -1; k <= 17; k++) most = fmax(most, f1_of(from, (k + 0.5) / 16, acc));
        assert_near(f1_of(from, m.r.threshold, acc), most, 1e-12);
        for (int k = -1; k <= 17; k++) {
            double t = (k + 0.5) / 16;
            bool lower = t < m.r.threshold && !same_verdicts(from, t, m.r.threshold);
            if (lower && f1_of(from, t, acc) >= most - 1e-12)
                fail_msg("%g is lower than %g", t, m.r.threshold);
        }
        for (int k = 0; k < 3; k++)
            assert_near(value(&m, "f1", "threshold", sets[k]), f1_of(k, m.r.threshold, acc), 1e-12);
        assert_string_equal(m.r.threshold_from, sets[from]);
        release(&m);
        lem_buf_release(&b);
    }
}

/* (0.2, 0.4] and (0.6, 0.8] give the same f1. */
static void lowest_of_several_thresholds(void **state) {
    (void)state;
    static const double p[] = {0.2, 0.6, 0.4, 0.8};
    const lem_judge_how o = {.threshold = 0.5, .threshold_from = "s"};
    lem_buf b = {0};
    measured m;
    for (int i = 0; i < 4; i++)
        lem_buf_printf(&b,
                       "{\"benchmark\":\"processbench\",\"subset\":\"s\",\"correct\":[true],\"label\":%d,"
                       "\"step_scores\":[[%g]]}\n",
                       i < 2 ? 0 : -1, p[i]);
    measure_text(&b, &o, &m);
    assert_near(m.r.threshold, 0.3, 1e-12);
    assert_near(value(&m, "f1", "threshold", "s"), 2.0 / 3, 1e-12);
    release(&m);
    lem_buf_release(&b);
}

/* Of scores outside 0..1 no products, logits or odds are made. */
static void step_scores_that_are_no_probabilities(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    lem_buf_puts(
        &b, "{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[1,2],\"step_scores\":[[0.5,-2],["
            "0.1]]}\n");
    measure_text(&b, &plain, &m);
    assert_int_equal(m.d.n_scorers, 5); /* rm_score, last, min, max, mean */
    assert_null(lem_judge_result_find(&m.r, "accuracy", "prod", NULL));
    assert_near(value(&m, "accuracy", "max", NULL), 1, 0);
    assert_near(value(&m, "accuracy", "last", NULL), 0, 0);
    assert_near(value(&m, "accuracy", "rm_score", NULL), 0, 0);
    release(&m);
    lem_buf_release(&b);
}

static void verdicts_of_others(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    lem_buf_puts(
        &b, "{\"id\":\"math-0\",\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"label\":1,\"prediction\":1}\n"
            "{\"id\":\"math-1\",\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"label\":0,\"prediction\":-1}\n"
            "{\"id\":\"math-2\",\"problem\":\"p\",\"steps\":[\"a\",\"b\"],\"label\":-1,\"prediction\":-1}\n");
    measure_text(&b, &plain, &m);
    assert_near(value(&m, "error", "threshold", "math"), 0.5, 0);
    assert_near(value(&m, "f1", "threshold", "math"), 2 * 0.5 / 1.5, 1e-15);
    assert_true(isnan(m.r.threshold));
    release(&m);
    lem_buf_release(&b);
}

/* ---- prmbench ---- */

/* sklearn.metrics.f1_score of the same rows (tests/data/judge/prmbench-scored.jsonl). */
static void scikit_learn(void **state) {
    (void)state;
    measured m;
    measure(LEMMA_TEST_DATA "/judge/prmbench-scored.jsonl", &plain, &m);
    assert_near(value(&m, "f1", "threshold", NULL), 0.6447368421052632, 1e-15);
    assert_near(value(&m, "negative-f1", "threshold", NULL), 0.41304347826086957, 1e-15);
    assert_near(value(&m, "prmscore", "threshold", NULL), (0.6447368421052632 + 0.41304347826086957) / 2,
                1e-15);
    assert_near(value(&m, "f1", "threshold", "redundency"), 0.6153846153846154, 1e-15);
    assert_near(value(&m, "negative-f1", "threshold", "redundency"), 0.3181818181818182, 1e-15);
    assert_near(value(&m, "f1", "threshold", "circular"), 0.6756756756756757, 1e-15);
    assert_near(value(&m, "negative-f1", "threshold", "circular"), 0.5, 1e-15);
    release(&m);
}

static void controls_and_missing(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    lem_buf_puts(
        &b,
        "{\"benchmark\":\"prmbench\",\"classification\":\"correct\",\"correct\":[true],\"error_steps\":[],"
        "\"step_scores\":[[0.5,0.1]]}\n"
        "{\"benchmark\":\"prmbench\",\"classification\":\"circular\",\"correct\":[false],\"error_steps\":[2,"
        "9],\"step_scores\":[[0.9,0.1]]}\n"
        "{\"benchmark\":\"prmbench\",\"classification\":\"circular\",\"correct\":[false],\"error_steps\":[1"
        "],\"step_scores\":[null],\"completion_steps\":[[\"a\",\"b\",\"c\"]]}\n");
    measure_text(&b, &plain, &m);
    /* right steps: one found, two of the unscored solution missed; wrong ones: one found, one missed */
    assert_near(value(&m, "f1", "threshold", NULL), 2.0 * 1 / (2 * 1 + 1 + 2), 1e-15);
    assert_near(value(&m, "negative-f1", "threshold", NULL), 2.0 * 1 / (2 * 1 + 1 + 2), 1e-15);
    assert_near(value(&m, "f1", "threshold", "correct"), 2.0 / 3, 1e-15);
    assert_true(isnan(value(&m, "negative-f1", "threshold", "correct")));
    assert_true(isnan(value(&m, "prmscore", "threshold", "correct")));
    assert_int_equal(m.d.missing, 1);
    assert_int_equal(m.d.outside_steps, 1);
    release(&m);
    lem_buf_release(&b);
}

/* Scores of other steps than the row has are no scores. */
static void another_number_of_steps(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    lem_buf_puts(&b, "{\"benchmark\":\"processbench\",\"subset\":\"s\",\"correct\":[false],\"label\":1,"
                     "\"step_scores\":[[0.9,0.1]],\"completion_steps\":[[\"a\",\" \",\"b\"]]}\n"
                     "{\"benchmark\":\"processbench\",\"subset\":\"s\",\"correct\":[false],\"label\":1,"
                     "\"step_scores\":[[0.9,0.1]],\"completion_steps\":[[\"a\",\"b\"]]}\n");
    measure_text(&b, &plain, &m);
    assert_near(value(&m, "error", "threshold", "s"), 0.5, 0);
    assert_int_equal(m.d.missing, 1);
    assert_int_equal(m.d.other_steps, 1);
    release(&m);
    lem_buf_release(&b);
}

/* ---- what is refused ---- */

static const struct {
    const char *rows, *words;
} wrong[] = {
    {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[1,\"x\"]}",
     ":1: rm_score[1]: a number or null expected, found string"},
    {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[1]}", "rm_score: 2 entries expected"},
    {"{\"benchmark\":\"pairs\",\"correct\":[true,true],\"rm_score\":[1,2]}",
     "at least one true and one false"},
    {"{\"benchmark\":\"pairs\",\"correct\":[true,0],\"rm_score\":[1,2]}",
     "correct[1]: true or false expected"},
    {"{\"benchmark\":\"pairs\",\"correct\":true,\"rm_score\":[1,2]}", "correct: a list"},
    {"{\"benchmark\":\"pairs\",\"correct\":[true,false]}", "without rm_score or step_scores"},
    {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"step_scores\":[[0.5],[0.5,\"x\"]]}",
     "step_scores[1][1]: a number"},
    {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"step_scores\":[[0.5],7]}",
     "step_scores[1]: a list"},
    {"{\"benchmark\":\"rm-bench\",\"correct\":[true,true,false,true,false,false],\"rm_score\":[1,2,3,4,5,6]}",
     "three true and then three false"},
    {"{\"benchmark\":\"processbench\",\"correct\":[true],\"step_scores\":[[0.5]]}",
     "label: -1 or the number"},
    {"{\"benchmark\":\"processbench\",\"label\":0,\"correct\":[true,false],\"step_scores\":[[0.5]]}",
     "one solution expected, found 2"},
    {"{\"benchmark\":\"processbench\",\"label\":0,\"correct\":[true],\"rm_score\":[0.5]}", "lemma prm score"},
    {"{\"benchmark\":\"processbench\",\"label\":0,\"correct\":[true],\"prediction\":-2}",
     "prediction: -1 or"},
    {"{\"benchmark\":\"prmbench\",\"correct\":[true],\"step_scores\":[[0.5]]}", "error_steps: a list"},
    {"{\"benchmark\":\"prmbench\",\"correct\":[true],\"step_scores\":[[0.5]],\"error_steps\":[0]}",
     "error_steps[0]"},
    {"{\"problem\":\"p\",\"answer\":\"2\"}", "a row of none of the benchmarks"},
    {"{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[1,2]}\n"
     "{\"benchmark\":\"rewardmath\",\"correct\":[true,false],\"rm_score\":[1,2]}",
     ":2: a row of pairs expected, found one of rewardmath"},
    {"", "no rows"},
};

static void wrong_shapes_are_named(void **state) {
    (void)state;
    const lem_judge_load how = {LEM_JUDGE_NONE, -1, NULL, NULL};
    const char *path = scratch;
    lem_judge_data d;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        OK(lem_file_write_atomic(scratch, wrong[i].rows, strlen(wrong[i].rows), &err));
        FAILS(lem_judge_data_load(&path, 1, &how, &d, &err), LEM_EDATA, wrong[i].words);
        assert_non_null(strstr(err.text, scratch));
    }
}

static void thresholds_that_cannot_be(void **state) {
    (void)state;
    lem_buf b = {0};
    measured m;
    lem_judge_how o = {.threshold = 0.5, .threshold_from = "gsm9k"};
    lem_judge_result r;
    make_solutions(&b, 1);
    measure_text(&b, &plain, &m);
    FAILS(lem_judge_measure(&m.d, &o, &r, &err), LEM_EUSAGE, "no row is of subset 'gsm9k'");
    release(&m);
    lem_buf_clear(&b);
    make_rows(&b, "pairs", 2, 2, 1);
    measure_text(&b, &plain, &m);
    FAILS(lem_judge_measure(&m.d, &o, &r, &err), LEM_EUSAGE, "is for processbench, this is pairs");
    release(&m);
    lem_buf_release(&b);
}

/* Every allocation fails once: the error is said, nothing leaks or is half done. */
static lem_status all_of(const char *path, const lem_judge_how *o) {
    const lem_judge_load how = {LEM_JUDGE_NONE, -1, NULL, NULL};
    lem_judge_data d = {0};
    lem_judge_result r = {0};
    lem_status st = lem_judge_data_load(&path, 1, &how, &d, &err);
    if (st == LEM_OK) st = lem_judge_measure(&d, o, &r, &err);
    lem_judge_result_release(&r);
    lem_judge_data_release(&d);
    return st;
}

static void want_of_memory(void **state) {
    (void)state;
    static const char *const files[] = {"prmbench-scored", "table"};
    for (int f = 0; f < 2; f++) {
        char path[256];
        lem_status st = LEM_EMEM;
        uint64_t k = 0;
        snprintf(path, sizeof path, "%s/judge/%s.jsonl", LEMMA_TEST_DATA, files[f]);
        while (st != LEM_OK) {
            lem_mem_fail_after(++k, true);
            st = all_of(path, &plain);
            lem_mem_fail_after(0, false);
            if (st != LEM_OK) assert_int_equal(st, LEM_EMEM);
        }
        assert_true(k > 5);
    }
}

/* ---- words ---- */

static void csv_and_json(void **state) {
    (void)state;
    lem_buf rows = {0}, csv = {0};
    measured m;
    lem_buf_puts(
        &rows,
        "{\"benchmark\":\"pairs\",\"subset\":\"a,\\\"b\\\"\",\"correct\":[true,false],\"rm_score\":[2,1"
        "]}\n{\"benchmark\":\"pairs\",\"correct\":[true,false],\"rm_score\":[1,1]}\n");
    measure_text(&rows, &plain, &m);
    lem_judge_csv(&m.r, &csv);
    assert_non_null(strstr(lem_buf_str(&csv), "pairs,\"a,\"\"b\"\"\",rm_score,accuracy,1,"));
    assert_non_null(strstr(lem_buf_str(&csv), "pairs,,rm_score,accuracy,0.5,"));
    lem_json *j = lem_judge_json(&m.r, NULL);
    assert_near(lem_json_num(lem_json_find(j, "metrics.0.value"), -1), 1, 0);
    assert_int_equal(lem_json_int(lem_json_find(j, "metrics.1.ties"), -1), 1);
    assert_int_equal(lem_json_count(lem_json_get(j, "published")), 0);
    lem_json_free(j);
    release(&m);
    lem_buf_release(&rows);
    lem_buf_release(&csv);
}

/* ---- intervals ---- */

/* Two shares of independent samples; their f1 must be covered 93 times of 100 everywhere. */
static void f1_is_covered(void **state) {
    (void)state;
    static const double shares[] = {0.03, 0.2, 0.6, 0.95};
    static const int sizes[][2] = {{207, 193}, {40, 25}};
    enum { TRIALS = 600 };
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 4; b++)
            for (int k = 0; k < 2; k++) {
                lem_rng rng = lem_rng_make(3, "f1", (uint64_t)(a * 100 + b * 10 + k));
                double want = 2 * shares[a] * shares[b] / (shares[a] + shares[b]);
                int covered = 0, n = sizes[k][0] + sizes[k][1];
                lem_judge_item *it = calloc((size_t)n, sizeof *it);
                const char *subset = "";
                assert_non_null(it);
                for (int t = 0; t < TRIALS; t++) {
                    for (int i = 0; i < n; i++) {
                        bool error = i < sizes[k][0];
                        bool hit = lem_rng_next_unit(&rng) < (error ? shares[a] : shares[b]);
                        it[i] = (lem_judge_item){.label = error ? 0 : -1};
                        it[i].prediction = hit == error ? 0 : -1;
                    }
                    lem_judge_data d = {.kind = LEM_JUDGE_PROCESSBENCH,
                                        .item = it,
                                        .n = n,
                                        .subset = &subset,
                                        .n_subsets = 1};
                    lem_judge_result r;
                    OK(lem_judge_measure(&d, &plain, &r, &err));
                    lem_eval_interval at = lem_judge_result_find(&r, "f1", NULL, "")->at;
                    covered += at.lo <= want && want <= at.hi;
                    lem_judge_result_release(&r);
                }
                free(it);
                if (covered < 0.93 * TRIALS)
                    fail_msg("f1 of %g and %g, %d: covered %d of %d", shares[a], shares[b], n, covered,
                             TRIALS);
            }
}

/* Solutions of eight steps, a quarter wrong, judged alike within a solution: judges are easy or hard on whole
 * solutions (right steps called right with share a - s or a + s). */
static void prmscore_is_covered(void **state) {
    (void)state;
    static const struct {
        int n;
        double a, b, s; /* b: wrong steps called right */
    } regimes[] = {{30, 0.9, 0.6, 0.1},    {90, 0.9, 0.6, 0.1},  {90, 0.98, 0.95, 0.02}, {90, 0.5, 0.5, 0.4},
                   {90, 0.99, 0.05, 0.01}, {400, 0.8, 0.7, 0.2}, {30, 0.97, 0.9, 0.03}};
    enum { TRIALS = 400, STEPS = 8, WRONG = 2 };
    static const int wrong_steps[WRONG] = {2, 5};
    for (size_t g = 0; g < sizeof regimes / sizeof *regimes; g++) {
        int n = regimes[g].n, covered[3] = {0, 0, 0};
        double a = regimes[g].a, b = regimes[g].b;
        double tp = 6 * a, fn = 6 * (1 - a), fp = 2 * b, tn = 2 * (1 - b);
        double f1 = 2 * tp / (2 * tp + fp + fn), neg = 2 * tn / (2 * tn + fp + fn);
        const double want[3] = {f1, neg, (f1 + neg) / 2};
        static const char *const names[] = {"f1", "negative-f1", "prmscore"};
        lem_rng rng = lem_rng_make(4, "prmscore", g);
        lem_judge_item *it = calloc((size_t)n, sizeof *it);
        double *p = calloc((size_t)(n * STEPS), sizeof *p);
        const char *subset = "circular";
        assert_true(it && p);
        for (int t = 0; t < TRIALS; t++) {
            for (int i = 0; i < n; i++) {
                double mine = a + (lem_rng_next_unit(&rng) < 0.5 ? -1 : 1) * regimes[g].s;
                for (int k = 0; k < STEPS; k++) {
                    bool is = k == 2 || k == 5;
                    p[i * STEPS + k] = lem_rng_next_unit(&rng) < (is ? b : mine);
                }
                it[i] = (lem_judge_item){
                    .step = p + i * STEPS, .n_step = STEPS, .wrong = wrong_steps, .n_wrong = WRONG};
            }
            lem_judge_data d = {
                .kind = LEM_JUDGE_PRMBENCH, .item = it, .n = n, .subset = &subset, .n_subsets = 1};
            lem_judge_result r;
            OK(lem_judge_measure(&d, &plain, &r, &err));
            for (int k = 0; k < 3; k++) {
                lem_eval_interval at = lem_judge_result_find(&r, names[k], NULL, NULL)->at;
                covered[k] += at.lo <= want[k] && want[k] <= at.hi;
            }
            lem_judge_result_release(&r);
        }
        free(it);
        free(p);
        for (int k = 0; k < 3; k++)
            if (covered[k] < 0.93 * TRIALS)
                fail_msg("regime %zu, %s: covered %d of %d", g, names[k], covered[k], TRIALS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(pairs_by_count),
                                       cmocka_unit_test(lists_by_count),
                                       cmocka_unit_test(styles_by_count),
                                       cmocka_unit_test(a_null_never_wins),
                                       cmocka_unit_test(ties_of_rewardbench2),
                                       cmocka_unit_test(published_tables),
                                       cmocka_unit_test(first_wrong_step),
                                       cmocka_unit_test(threshold_from_a_subset),
                                       cmocka_unit_test(verdicts_of_others),
                                       cmocka_unit_test(lowest_of_several_thresholds),
                                       cmocka_unit_test(step_scores_that_are_no_probabilities),
                                       cmocka_unit_test(scikit_learn),
                                       cmocka_unit_test(controls_and_missing),
                                       cmocka_unit_test(another_number_of_steps),
                                       cmocka_unit_test(wrong_shapes_are_named),
                                       cmocka_unit_test(thresholds_that_cannot_be),
                                       cmocka_unit_test(want_of_memory),
                                       cmocka_unit_test(csv_and_json),
                                       cmocka_unit_test(f1_is_covered),
                                       cmocka_unit_test(prmscore_is_covered)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
