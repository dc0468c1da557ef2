/* test_deadline.c - work is asked to stop when its time is over, counted from the first progress */
#include "core/deadline.h"

#include "../checks.h"

#include <time.h>

typedef struct watched {
    lem_log *log;
    lem_cancel cancel, outer;
    lem_deadline *d;
} watched;

/* Long enough that a loaded machine does not decide. */
static const double never = 1e6;

static void start(watched *w, double seconds, double unsure, double most) {
    *w = (watched){.log = lem_log_new_silent(&err)};
    assert_non_null(w->log);
    const lem_deadline_opts o = {.log = w->log,
                                 .outer = &w->outer,
                                 .cancel = &w->cancel,
                                 .seconds = seconds,
                                 .unsure_seconds = unsure,
                                 .most_seconds = most};
    OK(lem_deadline_start(&o, &w->d, &err));
}

static void stop(watched *w) {
    lem_deadline_stop(w->d);
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
    lem_deadline_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_any_work), cmocka_unit_test(from_the_first_progress),
        cmocka_unit_test(loading_does_not_count), cmocka_unit_test(stopped_from_outside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
