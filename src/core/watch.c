/* watch.c - the thread that holds work against its time */
#include "core/watch.h"

#include "core/mem.h"

#include <pthread.h>
#include <time.h>

static const double sure_share = 0.1; /* of the work, before which what is left is not believed */

enum { second = 1000 * 1000 * 1000 };

struct lem_watch {
    bool (*look)(lem_watch *w); /* every `period`; true: it need not look again */
    long period;                /* nanoseconds */
    lem_deadline deadline;
    lem_overrun overrun;
    double started;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool over;
};

/* ---- what it looks for */

static bool is_late(const lem_deadline *d, double started) {
    lem_outlook x = lem_log_outlook(d->log);
    double now = lem_clock_seconds();
    if (d->outer && d->outer->requested) return true;
    if (x.began <= 0) return now - started >= d->most_seconds;
    return now - x.began >= (x.unsure ? d->unsure_seconds : d->seconds);
}

static bool look_at_deadline(lem_watch *w) {
    const lem_deadline *d = &w->deadline;
    if (is_late(d, w->started)) d->cancel->requested = 1;
    return d->cancel->requested;
}

/* What all will take, as far as it is known now. */
static double expected(const lem_overrun *o) {
    lem_outlook x = lem_log_outlook(o->log);
    double used = lem_clock_seconds() - o->began;
    bool known = x.began > 0 && x.left >= 0 && !x.unsure && x.share >= sure_share;
    return used + (known ? x.left : 0);
}

static bool look_at_overrun(lem_watch *w) {
    const lem_overrun *o = &w->overrun;
    double all = expected(o);
    if (all <= o->seconds) return false;
    o->tell(o->ctx, all);
    return true;
}

/* ---- the thread */

/* A period passes; whether the work is over then. */
static bool wait(lem_watch *w) {
    struct timespec next;
    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    next.tv_nsec += w->period;
    next.tv_sec += next.tv_nsec / second;
    next.tv_nsec %= second;
    pthread_mutex_lock(&w->lock);
    while (!w->over && pthread_cond_timedwait(&w->stop, &w->lock, &next) == 0) {}
    bool over = w->over;
    pthread_mutex_unlock(&w->lock);
    return over;
}

static void *watch(void *ctx) {
    lem_watch *w = ctx;
    while (!wait(w) && !w->look(w)) {}
    return NULL;
}

static void release(lem_watch *w) {
    pthread_cond_destroy(&w->stop);
    pthread_mutex_destroy(&w->lock);
    lem_free(w);
}

static lem_status start(const lem_watch *how, lem_watch **out, lem_err *err) {
    lem_watch *w = lem_alloc_zero(1, sizeof *w, err);
    pthread_condattr_t clock;
    if (!w) return LEM_EMEM;
    *w = *how;
    w->started = lem_clock_seconds();
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&w->stop, &clock);
    pthread_condattr_destroy(&clock);
    if (pthread_create(&w->thread, NULL, watch, w) == 0) {
        *out = w;
        return LEM_OK;
    }
    release(w);
    return lem_fail(err, LEM_EMEM, "no thread can be started");
}

lem_status lem_watch_deadline(const lem_deadline *d, lem_watch **out, lem_err *err) {
    return start(&(lem_watch){.look = look_at_deadline, .period = second / 100, .deadline = *d}, out, err);
}

lem_status lem_watch_overrun(const lem_overrun *o, lem_watch **out, lem_err *err) {
    return start(&(lem_watch){.look = look_at_overrun, .period = second, .overrun = *o}, out, err);
}

void lem_watch_end(lem_watch *w) {
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->over = true;
    pthread_cond_signal(&w->stop);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    release(w);
}
