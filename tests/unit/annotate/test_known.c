/* test_known.c - labels from samples and from worked solutions, against counts made by comparing texts */
#include "annotate/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { N = 5, MOST = 4 };
static const char *const solutions[N] = {"a\nb\nc", "a\nb\nc", "a\nx\nc", " a\n\nb\nd", "b"};
static const int8_t correct[N] = {1, 1, 0, 0, -1};

typedef struct seen {
    int given, done;
    int count[N][MOST][2], n[N];
    const char *worked;
} seen;

static lem_status next(void *ctx, lem_annotate_problem *out, bool *more, lem_err *err) {
    seen *s = ctx;
    (void)err;
    *more = s->given++ == 0;
    if (*more)
        *out = (lem_annotate_problem){
            .index = 7, .solution = solutions, .correct = correct, .n = N, .worked = s->worked};
    return LEM_OK;
}

static lem_status done(void *ctx, uint64_t problem, int solution, const lem_annotated *a, lem_err *err) {
    seen *s = ctx;
    (void)err;
    assert_int_equal(problem, 7);
    assert_int_equal(solution, s->done++);
    s->n[solution] = a->steps->n;
    memcpy(s->count[solution], a->count, sizeof(int[2]) * (size_t)a->steps->n);
    return LEM_OK;
}

static lem_annotate_stats annotate(lem_annotate_from from, seen *s) {
    lem_err err = LEM_ERR_INIT;
    lem_annotate_stats stats;
    const lem_annotate_host host = {s, next, NULL, NULL, NULL, done};
    if (lem_annotate_known(from, "\n", &host, NULL, &stats, &err) != LEM_OK) fail_msg("%s", err.text);
    assert_int_equal(s->done, N);
    return stats;
}

static void counts(const seen *s, int i, const char *want) {
    char text[64] = "";
    for (int k = 0; k < s->n[i]; k++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d/%d ", s->count[i][k][0],
                 s->count[i][k][1]);
    assert_string_equal(text, want);
}

static void test_samples(void **state) {
    (void)state;
    seen s = {.given = 0};
    lem_annotate_stats stats = annotate(LEM_ANNOTATE_SAMPLES, &s);
    counts(
        &s, 0,
        "2/4 2/3 1/1 "); /* four begin with a, three with a, b; two of each are right; it is right itself */
    counts(&s, 1, "2/4 2/3 1/1 ");
    counts(&s, 2, "2/4 0/1 0/1 ");
    counts(&s, 3, "2/4 2/3 0/1 "); /* white space and empty lines are no steps */
    counts(&s, 4, "0/0 ");         /* undecided */
    assert_int_equal(stats.steps, 8);
    assert_int_equal(stats.rollouts, 4 * 4 + 3 * 3 + 1);
    assert_int_equal(stats.right, 4 * 2 + 3 * 2);
}

static void test_worked(void **state) {
    (void)state;
    seen s = {.worked = "a\nb\nc\n"};
    annotate(LEM_ANNOTATE_WORKED, &s);
    counts(&s, 0, "1/1 1/1 1/1 ");
    counts(&s, 2, "1/1 0/1 0/1 "); /* a step behind a wrong one is wrong, though it stands there */
    counts(&s, 3, "1/1 1/1 0/1 ");
    counts(&s, 4, "0/1 ");
    s = (seen){.worked = "a\nb"}; /* more lines than the worked solution: the last is wrong */
    annotate(LEM_ANNOTATE_WORKED, &s);
    counts(&s, 0, "1/1 1/1 0/1 ");
    s = (seen){.worked = "a\nb\nc\nd"}; /* fewer: it stops early */
    annotate(LEM_ANNOTATE_WORKED, &s);
    counts(&s, 0, "1/1 1/1 0/1 ");
}

static void test_refused(void **state) {
    (void)state;
    lem_err err = LEM_ERR_INIT;
    lem_annotate_stats stats;
    lem_cancel stop = {.requested = 1};
    seen s = {.given = 0};
    const lem_annotate_host host = {&s, next, NULL, NULL, NULL, done};
    assert_int_equal(lem_annotate_known(LEM_ANNOTATE_WORKED, "\n", &host, NULL, &stats, &err), LEM_EDATA);
    assert_int_equal(lem_annotate_known(LEM_ANNOTATE_SAMPLES, "\n", &host, &stop, &stats, &err), LEM_EINTR);
    assert_int_equal(s.done, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples), cmocka_unit_test(test_worked),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
