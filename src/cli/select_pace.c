/* select_pace.c - shares of a selection's time, from a trial on its first rows */
#include "cli/select_pace.h"

enum { TRIAL = 32 };          /* problems */
static const double soon = 1; /* second: what is over by then is not worth a line */

void lem_select_pace_begin(lem_select_pace *p, lem_log *log, const lem_eval_opts *o) {
    *p = (lem_select_pace){
        .log = log, .o = o, .began = lem_clock_seconds(), .each = -1, .inner = {.exact = -1}};
}

/* Where it cannot be had nothing is told of it: what fails here fails again with its reason. */
static void measure(lem_select_pace *p, const lem_eval_data *d) {
    lem_err err = LEM_ERR_INIT;
    lem_eval_result r = {0};
    lem_eval_data few = *d;
    lem_eval_opts o = *p->o;
    double began = lem_clock_seconds();
    few.n = d->n < TRIAL ? d->n : TRIAL;
    lem_eval_opts_from(&o, &few);
    if (o.n_ks == 0) lem_eval_default_ks(&o, &few);
    o.pace = &p->inner;
    if (lem_eval_result_make(&few, &o, &r, &err) != LEM_OK) return;
    lem_eval_result_release(&r);
    p->each = (lem_clock_seconds() - began) / few.n;
}

/* `share` of the time is over. The progress may have begun later than the work. */
static void show(lem_select_pace *p, double share) {
    double passed = lem_clock_seconds() - p->began;
    if (p->progress && share > 0) lem_progress_left(p->progress, passed * (1 - share) / share);
}

void lem_select_pace_rows(void *ctx, const lem_eval_data *so_far, double share) {
    lem_select_pace *p = ctx;
    if (p->each < 0 && share > 0 && share < 1) measure(p, so_far);
    p->read = lem_clock_seconds() - p->began;
    if (!p->progress && p->read < soon) return;
    if (!p->progress) p->progress = lem_progress_new(p->log, "selecting", "problems", 0, 0);
    lem_progress_add(p->progress, (uint64_t)so_far->n - p->n);
    p->n = (uint64_t)so_far->n;
    if (share > 0 && p->each >= 0) show(p, p->read / (p->read / share + p->each * so_far->n / share));
}

static void tell(void *ctx, double share) {
    lem_select_pace *p = ctx;
    double all = p->read + p->computing;
    if (all > 0) show(p, (p->read + share * p->computing) / all);
}

void lem_select_pace_compute(lem_select_pace *p, const lem_eval_data *d, lem_eval_opts *o) {
    if (p->each < 0) return;
    p->computing = p->each * d->n;
    p->inner.tell = tell;
    p->inner.ctx = p;
    o->pace = &p->inner;
}

void lem_select_pace_end(lem_select_pace *p) {
    lem_progress_free(p->progress);
    p->progress = NULL;
}
