/* test_watch.c - work is asked to stop when its time is over, counted from the first progress; other work
 * that will take too long is told once, as soon as it is known */
#include "core/watch.h"

#include "../checks.h"

#include <time.h>
#include <unistd.h>

typedef struct watched {
    lem_log *log;
    lem_cancel cancel, outer;
    lem_watch *d;
} watched;

/* Long enough that a loaded machine does not decide. */
static const double never = 1e6;

static void start(watched *w, double seconds, double unsure, double most) {
    *w = (watched){.log = lem_log_new_silent(&err)};
    assert_non_null(w->log);
    const lem_deadline o = {.log = w->log,
                            .outer = &w->outer,
                            .cancel = &w->cancel,
                            .seconds = seconds,
                            .unsure_seconds = unsure,
                            .most_seconds = most};
    OK(lem_watch_deadline(&o, &w->d, &err));
}

static void stop(watched *w) {
    lem_watch_end(w->d);
    lem_log_free(w->log);
}

static void wait_for(double seconds) {
    const double end = lem_clock_seconds() + seconds;
    const struct timespec moment = {0, 2 * 1000 * 1000};
    while (lem_clock_seconds() < end) (void)nanosleep(&moment, NULL);
}

/* True as soon as the work was asked to stop; a minute is for a machine under load. */
static bool is_asked(const watched *w) {
    for (int i = 0; i < 6000 && !w->cancel.requested; i++) wait_for(0.01);
    return w->cancel.requested != 0;
}

static void before_any_work(void **state) {
    (void)state;
    watched w;
    start(&w, 0, 0, never); /* the time of work does not count yet */
    wait_for(0.1);
    assert_false(w.cancel.requested);
    stop(&w);
    double began = lem_clock_seconds();
    start(&w, never, never, 0.2);
    assert_true(is_asked(&w));
    assert_true(lem_clock_seconds() - began >= 0.2);
    stop(&w);
}

static void from_the_first_progress(void **state) {
    (void)state;
    watched w;
    start(&w, 0.2, never, never);
    wait_for(0.3);
    assert_false(w.cancel.requested); /* loading does not count */
    double began = lem_clock_seconds();
    lem_progress *p = lem_progress_new(w.log, "working", "rows", 10, 0);
    lem_progress_add(p, 1);
    lem_progress_unsure(p, true);
    assert_true(lem_log_outlook(w.log).began > 0);
    wait_for(0.4);
    assert_false(w.cancel.requested); /* while it is unsure it may take longer */
    lem_progress_unsure(p, false);
    assert_true(is_asked(&w));
    assert_true(lem_clock_seconds() - began >= 0.2);
    lem_progress_free(p);
    stop(&w);
}

/* A second of work is left when loading has taken longer than that. */
static void loading_does_not_count(void **state) {
    (void)state;
    watched w;
    start(&w, 1, never, never);
    wait_for(1.2);
    lem_progress *p = lem_progress_new(w.log, "working", "rows", 10, 0);
    lem_progress_add(p, 1);
    wait_for(0.1);
    bool asked = w.cancel.requested != 0; /* on a loaded machine the second may be over by now */
    assert_true(!asked || lem_clock_seconds() - lem_log_outlook(w.log).began >= 1);
    assert_true(is_asked(&w));
    lem_progress_free(p);
    stop(&w);
}

static void stopped_from_outside(void **state) {
    (void)state;
    watched w;
    start(&w, never, never, never);
    wait_for(0.05);
    assert_false(w.cancel.requested);
    w.outer.requested = 1;
    assert_true(is_asked(&w));
    stop(&w);
    lem_watch_end(NULL);
}

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
static told watch_late(double may, double share, bool unsure) {
    told t = {0, 0};
    lem_log *log = lem_log_new_silent(&err);
    lem_watch *c;
    const lem_overrun o = {log, lem_clock_seconds(), may, tell, &t};
    lem_progress *p = lem_progress_new(log, "work", "steps", 0, 0);
    sleep(1);
    lem_progress_unsure(p, unsure);
    lem_progress_share(p, share);
    OK(lem_watch_overrun(&o, &c, &err));
    sleep(2);
    lem_watch_end(c);
    lem_progress_free(p);
    lem_log_free(log);
    return t;
}

static void late_work(void **state) {
    (void)state;
    told t = watch_late(6, 0.12, false); /* about eight seconds */
    assert_int_equal(t.times, 1);
    assert_true(t.all > 7);
    t = watch_late(0.5, 0.01, true); /* nothing is known of the rest, but the time is over */
    assert_int_equal(t.times, 1);
    assert_true(t.all > 0.5);
}

static void work_in_time(void **state) {
    (void)state;
    assert_int_equal(watch_late(100, 0.12, false).times, 0);
    assert_int_equal(watch_late(100, 0.001, false).times, 0); /* too early to say */
    assert_int_equal(watch_late(100, 0.12, true).times, 0);
}

/* It does not wait for its next second. */
static void ends_at_once(void **state) {
    (void)state;
    told t = {0, 0};
    lem_watch *c;
    double begin = lem_clock_seconds();
    const lem_overrun o = {NULL, begin, 100, tell, &t};
    OK(lem_watch_overrun(&o, &c, &err));
    lem_watch_end(c);
    assert_true(lem_clock_seconds() - begin < 0.9);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(before_any_work),
                                       cmocka_unit_test(from_the_first_progress),
                                       cmocka_unit_test(loading_does_not_count),
                                       cmocka_unit_test(stopped_from_outside),
                                       cmocka_unit_test(late_work),
                                       cmocka_unit_test(work_in_time),
                                       cmocka_unit_test(ends_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
