/* test_decided.c - when a vote is decided: held against every way in which the other candidates could answer
 */
#include "eval/decided.h"
#include "eval/majk.h"

#include "../checks.h"

enum { N = 7, ANSWERS = 3 };

static const lem_grade_profile profile;
static const char *const texts[ANSWERS + 1] = {"no number at all", "so \\boxed{1}", "it is \\boxed{2}",
                                               "then \\boxed{3}"};

/* The answer with the most votes among the first n, the first seen of the tied; 0 = nobody votes. */
static int winner(const int *a, int n, bool *tied) {
    int count[ANSWERS + 1] = {0}, best = 0;
    for (int i = 0; i < n; i++) count[a[i]]++;
    for (int i = 0; i < n; i++)
        if (a[i] && (!best || count[a[i]] > count[best])) best = a[i];
    *tied = false;
    for (int x = 1; x <= ANSWERS; x++) *tied = *tied || (x != best && best && count[x] == count[best]);
    return best;
}

static int decided_after(const int *a) {
    lem_decided d = {0};
    for (int i = 0; i < N; i++) OK(lem_decided_add(&d, N, &profile, texts[a[i]], strlen(texts[a[i]]), &err));
    int after = d.after;
    lem_decided_release(&d);
    return after;
}

/* All 4^7 rows: where one is decided after k, each row with the same first k has the same winner, alone; and
 * it is decided as soon as one answer has 4 of 7. */
static void every_row(void **state) {
    (void)state;
    int decided = 0;
    for (int row = 0; row < 1 << 2 * N; row += 5) {
        int a[N], seen = 0;
        bool tied;
        for (int i = 0; i < N; i++) a[i] = row >> 2 * i & 3;
        int k = decided_after(a), want = 0;
        for (int i = 0; i < N && !want; i++) {
            int same = 0;
            for (int m = 0; m <= i; m++) same += a[i] && a[m] == a[i];
            if (same > N / 2) want = i + 1;
        }
        assert_int_equal(k, want);
        if (!k) continue;
        decided++;
        int first = winner(a, k, &tied);
        for (int rest = 0; rest < 1 << 2 * (N - k); rest++, seen++) {
            for (int i = k; i < N; i++) a[i] = rest >> 2 * (i - k) & 3;
            assert_int_equal(winner(a, N, &tied), first);
            assert_false(tied);
            assert_int_equal(decided_after(a), k);
        }
        assert_true(seen > 0);
    }
    assert_true(decided > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
