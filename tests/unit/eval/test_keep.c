/* test_keep - kept candidates against a selection by repeated scanning, ties, reasons, rows and what they
 * carry */
#include "core/file.h"
#include "core/rng.h"
#include "eval/keep.h"

#include "../checks.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { MOST = 12 };

typedef struct drawn {
    const char *text[MOST];
    uint8_t correct[MOST], open[MOST];
    double score[MOST];
    lem_eval_problem p;
} drawn;

static const char *const texts[] = {"", "a", "b", "c", "d", "e", "f", "g", "h", "i", NULL};

/* Few texts and few scores: repeats, ties, and candidates without either. */
static void draw(uint64_t id, drawn *d) {
    lem_rng r = lem_rng_make(11, "keep", id);
    d->p = (lem_eval_problem){.n = (int)lem_rng_next_below(&r, MOST + 1)};
    for (int i = 0; i < d->p.n; i++) {
        d->text[i] = texts[lem_rng_next_below(&r, sizeof texts / sizeof *texts)];
        int kind = (int)lem_rng_next_below(&r, 4);
        d->correct[i] = kind < 2;
        d->open[i] = kind == 2;
        double s = (double)lem_rng_next_below(&r, 5);
        d->score[i] = s > 3 ? -INFINITY : s;
    }
    d->p.correct = d->correct;
    d->p.undecided = d->open;
    d->p.score[0] = d->score;
}

/* ---- the same by scanning ---- */

static bool first_with_text(const drawn *d, int i) {
    if (!d->text[i] || !*d->text[i]) return false;
    for (int j = 0; j < i; j++)
        if (d->text[j] && strcmp(d->text[j], d->text[i]) == 0) return false;
    return true;
}

/* The next of those wanted that was not taken: by score (up or down), or by number. */
static int next_of(const drawn *d, const bool *want, bool *taken, int direction) {
    int best = -1;
    for (int i = 0; i < d->p.n; i++) {
        if (!want[i] || taken[i]) continue;
        double s = d->score[i], t = best < 0 ? 0 : d->score[best];
        bool si = s > -INFINITY, ti = t > -INFINITY;
        bool better = direction > 0 ? s > t : direction < 0 && si && (!ti || s < t);
        if (best < 0 || better) best = i;
    }
    if (best >= 0) taken[best] = true;
    return best;
}

static void expect_indices(const int *got, int n, const drawn *d, const bool *want, int direction, int count,
                           const char *what, uint64_t id) {
    bool taken[MOST] = {false};
    if (n != count) fail_msg("%s of %d: %d, not %d", what, (int)id, n, count);
    for (int k = 0; k < count; k++) {
        int i = next_of(d, want, taken, direction);
        if (got[k] != i) fail_msg("%s of %d: candidate %d at %d, not %d", what, (int)id, got[k], k, i);
    }
}

static int count_of(const bool *want, int n) {
    int c = 0;
    for (int i = 0; i < n; i++) c += want[i];
    return c;
}

static int least(int a, int b) { return a < b ? a : b; }

static lem_keep_why expect_best(const lem_keep_opts *o, const drawn *d, const lem_kept *k, lem_keep_why why,
                                uint64_t id) {
    bool want[MOST] = {false}, taken[MOST] = {false};
    int n = 0, last = -1, first = -1, any = 0;
    for (int i = 0; i < d->p.n; i++) {
        any += first_with_text(d, i);
        want[i] = first_with_text(d, i) && d->score[i] > -INFINITY;
    }
    for (int i; (i = next_of(d, want, taken, 1)) >= 0; last = i, n++)
        if (first < 0) first = i;
    if (!any) return LEM_KEEP_NO_TEXT;
    if (!n) return LEM_KEEP_NO_SCORE;
    bool rows = o->as != LEM_KEEP_AS_SFT;
    if (rows && n < 2) return LEM_KEEP_ONE_TEXT;
    if (why != LEM_KEEP_KEPT) return LEM_KEEP_KEPT;
    if (k->n_good != 1 || k->good[0] != first || k->n_bad != rows || (rows && k->bad[0] != last))
        fail_msg("best of %d", (int)id);
    return LEM_KEEP_KEPT;
}

/* Who may be kept, and who stands against them; the number of right ones, of texts in *any. */
static int divide(const drawn *d, bool scored, bool good[MOST], bool bad[MOST], int *any) {
    int right = 0;
    for (int i = 0; i < MOST; i++) {
        bool is = i < d->p.n && first_with_text(d, i);
        *any += is;
        right += is && d->correct[i];
        good[i] = is && d->correct[i] && (!scored || d->score[i] > -INFINITY);
        bad[i] = is && !d->correct[i] && !d->open[i];
    }
    return right;
}

static lem_keep_why expect_right(const lem_keep_opts *o, const drawn *d, const lem_kept *k, lem_keep_why why,
                                 uint64_t id) {
    bool good[MOST], bad[MOST], top = o->what == LEM_KEEP_TOP;
    int any = 0, right = divide(d, top, good, bad, &any);
    int n = count_of(good, d->p.n), m = count_of(bad, d->p.n);
    if (!any) return LEM_KEEP_NO_TEXT;
    if (!right) return LEM_KEEP_NO_RIGHT;
    if (!n) return LEM_KEEP_NO_SCORE;
    if (o->as != LEM_KEEP_AS_SFT && !m) return LEM_KEEP_NO_WRONG;
    if (why != LEM_KEEP_KEPT) return LEM_KEEP_KEPT;
    if (o->most) n = least(n, o->most);
    m = o->as == LEM_KEEP_AS_SFT ? 0 : least(n, m);
    if (o->as == LEM_KEEP_AS_PAIRS) n = m;
    expect_indices(k->good, k->n_good, d, good, top, n, "good", id);
    expect_indices(k->bad, k->n_bad, d, bad, -1, m, "bad", id);
    return LEM_KEEP_KEPT;
}

static void by_scanning(void **state) {
    (void)state;
    int seen[LEM_KEEP_N_WHY] = {0};
    lem_kept k = {0};
    for (uint64_t id = 0; id < 3000; id++) {
        drawn d;
        draw(id, &d);
        for (int v = 0; v < 27; v++) {
            const lem_keep_opts o = {(lem_keep_what)(v % 3), (lem_keep_as)(v / 3 % 3), v / 9, 0, "s", NULL};
            lem_keep_why why = LEM_KEEP_N_WHY;
            OK(lem_keep_choose(&o, &d.p, d.text, &k, &why, &err));
            lem_keep_why want = o.what == LEM_KEEP_BEST ? expect_best(&o, &d, &k, why, id)
                                                        : expect_right(&o, &d, &k, why, id);
            if (why != want)
                fail_msg("%d, %d: %s, not %s", (int)id, v, lem_keep_why_text(why), lem_keep_why_text(want));
            if (why != LEM_KEEP_KEPT) assert_int_equal(k.n_good + k.n_bad, 0);
            seen[why]++;
        }
        int repeats = 0, empty = 0;
        for (int i = 0; i < d.p.n; i++) {
            bool none = !d.text[i] || !*d.text[i];
            empty += none;
            repeats += !none && !first_with_text(&d, i);
        }
        assert_int_equal(k.duplicates, repeats);
        assert_int_equal(k.empty, empty);
    }
    for (int w = 0; w < LEM_KEEP_N_WHY; w++) assert_true(seen[w] > 50);
    lem_kept_release(&k);
}

static void without_scores(void **state) {
    (void)state;
    drawn d;
    lem_kept k = {0};
    lem_keep_why why;
    draw(5, &d);
    d.p.n = 3;
    for (int i = 0; i < 3; i++) d.text[i] = texts[i + 1], d.correct[i] = i != 1, d.open[i] = 0;
    d.p.score[0] = NULL;
    lem_keep_opts o = {LEM_KEEP_CORRECT, LEM_KEEP_AS_LISTS, 0, -1, "s", NULL};
    OK(lem_keep_choose(&o, &d.p, d.text, &k, &why, &err));
    assert_int_equal(k.n_good, 2);
    assert_int_equal(k.good[1], 2);
    assert_int_equal(k.bad[0], 1);
    o.what = LEM_KEEP_TOP;
    OK(lem_keep_choose(&o, &d.p, d.text, &k, &why, &err));
    assert_int_equal(why, LEM_KEEP_NO_SCORE);
    o.what = LEM_KEEP_BEST;
    OK(lem_keep_choose(&o, &d.p, d.text, &k, &why, &err));
    assert_int_equal(why, LEM_KEEP_NO_SCORE);
    lem_kept_release(&k);
}

/* ---- rows ---- */

static void row_is(lem_keep_what what, lem_keep_as as, const char *row, const char *map, const char *want) {
    static const uint8_t correct[] = {0, 1, 1}, open[] = {0, 0, 0};
    static const double score[] = {0.5, 1, -INFINITY};
    lem_json *j = NULL, *rows = NULL;
    lem_candidates_map *m = lem_candidates_map_new(&err);
    lem_candidates c = {.n = 0};
    lem_kept k = {0};
    lem_keep_why why;
    char ground[200];
    lem_buf b = {0};
    const lem_eval_problem p = {.n = 3, .correct = correct, .undecided = open, .score = {score}};
    const lem_keep_opts o = {what, as, 0, 0, "file", m};
    OK(lem_json_parse(row, strlen(row), &j, &err));
    if (map) OK(lem_candidates_map_set(m, map, &err));
    OK(lem_candidates_map_detect(m, j, ground, &err));
    OK(lem_candidates_read(m, j, &c, &err));
    OK(lem_keep_choose(&o, &p, c.completion, &k, &why, &err));
    OK(lem_keep_rows(&o, &p, j, &c, &k, &rows, &err));
    lem_json_write(rows, 0, &b);
    assert_string_equal(lem_buf_str(&b), want);
    lem_buf_release(&b);
    lem_kept_release(&k);
    lem_candidates_release(&c);
    lem_candidates_map_free(m);
    lem_json_free(rows);
    lem_json_free(j);
}

#define PLAIN                                                                                                \
    "{\"id\":7,\"problem\":\"p\",\"expected_answer\":\"1\",\"domain\":\"math\",\"source\":{\"a\":1},"        \
    "\"completions\":[\"x\",\"y\",\"z\"],\"correct\":[false,true,true]"

static void rows_and_what_they_carry(void **state) {
    (void)state;
    row_is(
        LEM_KEEP_CORRECT, LEM_KEEP_AS_SFT, PLAIN ",\"generator\":\"g\"}", NULL,
        "[{\"id\":7,\"messages\":[{\"role\":\"user\",\"content\":\"p\"},{\"role\":\"assistant\",\"content\":"
        "\"y\"}],\"expected_answer\":\"1\",\"generator\":\"g\",\"score\":1.0,\"candidate\":1,\"domain\":"
        "\"math\","
        "\"source\":{\"a\":1}},{\"id\":7,\"messages\":[{\"role\":\"user\",\"content\":\"p\"},{\"role\":"
        "\"assistant\",\"content\":\"z\"}],\"expected_answer\":\"1\",\"generator\":\"g\",\"score\":null,"
        "\"candidate\":2,\"domain\":\"math\",\"source\":{\"a\":1}}]");
    row_is(LEM_KEEP_CORRECT, LEM_KEEP_AS_LISTS, PLAIN ",\"generators\":[\"g\",\"h\",\"i\"]}", NULL,
           "[{\"id\":7,\"problem\":\"p\",\"expected_answer\":\"1\",\"responses\":[\"y\",\"z\",\"x\"],"
           "\"labels\":[1,1,0],"
           "\"scores\":[1.0,null,0.5],\"generators\":[\"h\",\"i\",\"g\"],\"domain\":\"math\",\"source\":{"
           "\"a\":1}}]");
    row_is(LEM_KEEP_TOP, LEM_KEEP_AS_PAIRS, PLAIN "}", NULL,
           "[{\"id\":7,\"prompt\":\"p\",\"chosen\":\"y\",\"rejected\":\"x\",\"chosen_score\":1.0,\"rejected_"
           "score\":0.5,"
           "\"chosen_generator\":\"file\",\"rejected_generator\":\"file\",\"domain\":\"math\",\"source\":{"
           "\"a\":1}}]");
    row_is(
        LEM_KEEP_TOP, LEM_KEEP_AS_PAIRS, PLAIN ",\"made\":[{\"by\":\"g\"},{\"by\":\"h\"},{\"by\":null}]}",
        "generator=made.*.by",
        "[{\"id\":7,\"prompt\":\"p\",\"chosen\":\"y\",\"rejected\":\"x\",\"chosen_score\":1.0,\"rejected_"
        "score\":0.5,"
        "\"chosen_generator\":\"h\",\"rejected_generator\":\"g\",\"domain\":\"math\",\"source\":{\"a\":1}}]");
}

/* Loading stops when it is asked to. */
static void loading_is_interrupted(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/lemma-keep-%ld.jsonl", (long)getpid());
    OK(lem_file_write_atomic(path, PLAIN "}\n", strlen(PLAIN "}\n"), &err));
    lem_candidates_map *m = lem_candidates_map_new(&err);
    lem_cancel cancel = {0};
    const lem_eval_load how = {.limit = -1, .cancel = &cancel};
    lem_eval_data d;
    OK(lem_eval_data_load(path, m, &how, &d, &err));
    assert_int_equal(d.n, 1);
    lem_eval_data_release(&d);
    cancel.requested = 1;
    assert_int_equal(lem_eval_data_load(path, m, &how, &d, &err), LEM_EINTR);
    lem_candidates_map_free(m);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_scanning),
        cmocka_unit_test(without_scores),
        cmocka_unit_test(rows_and_what_they_carry),
        cmocka_unit_test(loading_is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
