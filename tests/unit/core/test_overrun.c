/* test_overrun.c - work that will take too long is told once, as soon as it is known; other work is not */
#include "core/overrun.h"

#include <unistd.h>

#include "../checks.h"

typedef struct told {
    int times;
    double all;
} told;

static void tell(void *ctx, double all) {
    told *t = ctx;
    t->times++;
    t->all = all;
}

/* Work that did `share` in its first second, watched for two more. */
static told watch(double may, double share, bool unsure) {
    told t = {0, 0};
    lem_log *log = lem_log_new_silent(&err);
    lem_overrun *c;
    const lem_overrun_opts o = {log, lem_clock_seconds(), may, tell, &t};
    lem_progress *p = lem_progress_new(log, "work", "steps", 0, 0);
    sleep(1);
    lem_progress_unsure(p, unsure);
    lem_progress_share(p, share);
    OK(lem_overrun_start(&o, &c, &err));
    sleep(2);
    lem_overrun_stop(c);
    lem_progress_free(p);
    lem_log_free(log);
    return t;
}

static void late_work(void **state) {
    (void)state;
    told t = watch(6, 0.12, false); /* about eight seconds */
    assert_int_equal(t.times, 1);
    assert_true(t.all > 7);
    t = watch(0.5, 0.01, true); /* nothing is known of the rest, but the time is over */
    assert_int_equal(t.times, 1);
    assert_true(t.all > 0.5);
}

static void work_in_time(void **state) {
    (void)state;
    assert_int_equal(watch(100, 0.12, false).times, 0);
    assert_int_equal(watch(100, 0.001, false).times, 0); /* too early to say */
    assert_int_equal(watch(100, 0.12, true).times, 0);
    lem_overrun_stop(NULL);
}

/* It does not wait for its next second. */
static void ends_at_once(void **state) {
    (void)state;
    told t = {0, 0};
    lem_overrun *c;
    double start = lem_clock_seconds();
    const lem_overrun_opts o = {NULL, start, 100, tell, &t};
    OK(lem_overrun_start(&o, &c, &err));
    lem_overrun_stop(c);
    assert_true(lem_clock_seconds() - start < 0.9);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(late_work), cmocka_unit_test(work_in_time),
                                       cmocka_unit_test(ends_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
