/* budget_clock.c - a thread that holds the time of a job against its --budget */
#include "cli/budget_clock.h"

#include "core/mem.h"
#include "job/duration.h"

#include <pthread.h>
#include <time.h>

static const double late = 1.5;       /* times the budget */
static const double sure_share = 0.1; /* of the work, before which what is left is not believed */

struct lem_budget_clock {
    lem_log *log;
    const char *text;
    double seconds, began;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
};

/* What all will take, as far as it is known now. */
static double expected(const lem_budget_clock *c) {
    lem_outlook x = lem_log_outlook(c->log);
    double used = lem_clock_seconds() - c->began;
    bool known = x.began > 0 && x.left >= 0 && !x.unsure && x.share >= sure_share;
    return used + (known ? x.left : 0);
}

static void tell_late(const lem_budget_clock *c, double all) {
    char text[LEM_DURATION_TEXT];
    lem_duration_text(all, text);
    lem_warn(c->log,
             "--budget %s: it will take about %s, longer than its trial said; it goes on: interrupt it, and "
             "the same command with --fresh chooses anew",
             c->text, text);
}

static void *watch(void *ctx) {
    lem_budget_clock *c = ctx;
    struct timespec next;
    bool told = false;
    (void)clock_gettime(CLOCK_REALTIME, &next);
    pthread_mutex_lock(&c->lock);
    while (!c->over && !told) {
        next.tv_sec++;
        (void)pthread_cond_timedwait(&c->ended, &c->lock, &next);
        if (c->over) break;
        pthread_mutex_unlock(&c->lock);
        double all = expected(c);
        told = all > late * c->seconds;
        if (told) tell_late(c, all);
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void release(lem_budget_clock *c) {
    pthread_cond_destroy(&c->ended);
    pthread_mutex_destroy(&c->lock);
    lem_free(c);
}

lem_status lem_budget_clock_start(lem_log *log, const char *text, double seconds, double began,
                                  lem_budget_clock **out, lem_err *err) {
    lem_budget_clock *c = lem_alloc_zero(1, sizeof *c, err);
    if (!c) return LEM_EMEM;
    c->log = log;
    c->text = text;
    c->seconds = seconds;
    c->began = began;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->ended, NULL);
    if (pthread_create(&c->thread, NULL, watch, c) == 0) {
        *out = c;
        return LEM_OK;
    }
    release(c);
    return lem_fail(err, LEM_EMEM, "no thread can be started");
}

void lem_budget_clock_stop(lem_budget_clock *c, bool ended) {
    char text[LEM_DURATION_TEXT];
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->over = true;
    pthread_cond_signal(&c->ended);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    lem_duration_text(lem_clock_seconds() - c->began, text);
    if (ended) lem_info(c->log, "--budget %s: took %s, its trial included", c->text, text);
    release(c);
}
