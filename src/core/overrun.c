/* overrun.c - the thread that holds work against its time */
#include "core/overrun.h"

#include "core/mem.h"

#include <pthread.h>
#include <time.h>

static const double sure_share = 0.1; /* of the work, before which what is left is not believed */

struct lem_overrun {
    lem_overrun_opts o;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool over;
};

/* What all will take, as far as it is known now. */
static double expected(const lem_overrun *c) {
    lem_outlook x = lem_log_outlook(c->o.log);
    double used = lem_clock_seconds() - c->o.began;
    bool known = x.began > 0 && x.left >= 0 && !x.unsure && x.share >= sure_share;
    return used + (known ? x.left : 0);
}

/* A second passes; whether the work is over then. */
static bool wait(lem_overrun *c, struct timespec *next) {
    next->tv_sec++;
    pthread_mutex_lock(&c->lock);
    if (!c->over) (void)pthread_cond_timedwait(&c->stop, &c->lock, next);
    bool over = c->over;
    pthread_mutex_unlock(&c->lock);
    return over;
}

static void *watch(void *ctx) {
    lem_overrun *c = ctx;
    struct timespec next;
    (void)clock_gettime(CLOCK_REALTIME, &next);
    while (!wait(c, &next)) {
        double all = expected(c);
        if (all <= c->o.seconds) continue;
        c->o.tell(c->o.ctx, all);
        break;
    }
    return NULL;
}

static void release(lem_overrun *c) {
    pthread_cond_destroy(&c->stop);
    pthread_mutex_destroy(&c->lock);
    lem_free(c);
}

lem_status lem_overrun_start(const lem_overrun_opts *o, lem_overrun **out, lem_err *err) {
    lem_overrun *c = lem_alloc_zero(1, sizeof *c, err);
    if (!c) return LEM_EMEM;
    c->o = *o;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->stop, NULL);
    if (pthread_create(&c->thread, NULL, watch, c) == 0) {
        *out = c;
        return LEM_OK;
    }
    release(c);
    return lem_fail(err, LEM_EMEM, "no thread can be started");
}

void lem_overrun_stop(lem_overrun *c) {
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->over = true;
    pthread_cond_signal(&c->stop);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    release(c);
}
