/* deadline.c - the thread that watches the clock */
#include "core/deadline.h"

#include "core/mem.h"

#include <pthread.h>
#include <time.h>

struct lem_deadline {
    lem_deadline_opts o;
    double started;
    pthread_t thread;
    pthread_mutex_t lock;
    bool over;
};

static bool is_over(lem_deadline *d) {
    pthread_mutex_lock(&d->lock);
    bool over = d->over;
    pthread_mutex_unlock(&d->lock);
    return over;
}

static bool is_late(const lem_deadline *d) {
    lem_outlook x = lem_log_outlook(d->o.log);
    double now = lem_clock_seconds();
    if (d->o.outer && d->o.outer->requested) return true;
    if (x.began <= 0) return now - d->started >= d->o.most_seconds;
    return now - x.began >= (x.unsure ? d->o.unsure_seconds : d->o.seconds);
}

static void *watch(void *ctx) {
    lem_deadline *d = ctx;
    const struct timespec moment = {0, 10 * 1000 * 1000};
    while (!is_over(d) && !d->o.cancel->requested) {
        if (is_late(d)) d->o.cancel->requested = 1;
        (void)nanosleep(&moment, NULL);
    }
    return NULL;
}

lem_status lem_deadline_start(const lem_deadline_opts *o, lem_deadline **out, lem_err *err) {
    lem_deadline *d = lem_alloc_zero(1, sizeof *d, err);
    if (!d) return LEM_EMEM;
    d->o = *o;
    d->started = lem_clock_seconds();
    pthread_mutex_init(&d->lock, NULL);
    if (pthread_create(&d->thread, NULL, watch, d) == 0) {
        *out = d;
        return LEM_OK;
    }
    pthread_mutex_destroy(&d->lock);
    lem_free(d);
    return lem_fail(err, LEM_EMEM, "no thread can be started");
}

void lem_deadline_stop(lem_deadline *d) {
    if (!d) return;
    pthread_mutex_lock(&d->lock);
    d->over = true;
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    pthread_mutex_destroy(&d->lock);
    lem_free(d);
}
