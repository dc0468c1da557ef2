/* once.c - one request, waited for */
#include "teach/once.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <string.h>

static const double longest_pause = 60, tick = 0.1;

typedef struct once {
    const lem_teach_opts *o;
    lem_http *http;
    lem_verdict_read *read;
    void *ctx;
    lem_verdict v;
    bool came;
} once;

static lem_status on_reply(void *ctx, const lem_http_reply *reply, lem_err *err) {
    once *w = ctx;
    w->came = true;
    return lem_verdict_of(reply, w->read, w->ctx, &w->v, err);
}

static lem_status send_to(once *w, const char *base, const char *path, const lem_buf *body, lem_err *err) {
    lem_buf url = {0};
    size_t n = strlen(base);
    while (n && base[n - 1] == '/') n--;
    lem_buf_add(&url, base, n);
    lem_buf_puts(&url, path);
    lem_status st = lem_buf_ok(&url, err);
    lem_http_request q = {.url = lem_buf_str(&url), .body = body->data, .len = body->len, .key = w->o->key};
    if (st == LEM_OK) st = lem_http_send(w->http, &q, err);
    lem_buf_release(&url);
    return st;
}

static lem_status pause_for(once *w, double seconds, lem_err *err) {
    double until = lem_clock_seconds() + seconds;
    lem_status st = LEM_OK;
    for (double left; st == LEM_OK && (left = until - lem_clock_seconds()) > 0;) {
        st = lem_cancel_check(w->o->cancel, err);
        if (st == LEM_OK) st = lem_http_wait(w->http, fmin(left, tick), on_reply, w, err);
    }
    return st;
}

static lem_status ask(once *w, int try, const char *path, const lem_buf *body, lem_err *err) {
    const char *base = w->o->urls[try % w->o->n_urls];
    w->came = false;
    lem_status st = send_to(w, base, path, body, err);
    while (st == LEM_OK && !w->came) {
        st = lem_cancel_check(w->o->cancel, err);
        if (st == LEM_OK) st = lem_http_wait(w->http, tick, on_reply, w, err);
    }
    return st;
}

static double pause_of(const once *w, int try) {
    lem_rng rng = lem_rng_make(w->o->seed, "once", (uint64_t)try);
    double longest = fmin(ldexp(1, try < 30 ? try : 30), longest_pause) * w->o->base_s;
    return fmax(longest * lem_rng_unit_at(&rng, 0), w->v.wait_s);
}

static bool is_final(const once *w) {
    bool later = w->v.kind == LEM_VERDICT_LATER || w->v.kind == LEM_VERDICT_UNSENT;
    return !later || w->v.status == 501; /* which says that it will never be done */
}

lem_status lem_teach_once(const lem_teach_opts *o, const char *path, const lem_buf *body,
                          lem_verdict_read *read, void *ctx, lem_verdict *out, lem_err *err) {
    once w = {.o = o, .read = read, .ctx = ctx};
    lem_http_opts h = {.total_s = o->timeout_s, .plain = o->plain};
    lem_status st = lem_http_new(&h, &w.http, err);
    for (int k = 0; st == LEM_OK; k++) {
        st = ask(&w, k, path, body, err);
        if (st != LEM_OK || is_final(&w) || k + 1 >= o->tries) break;
        st = pause_for(&w, pause_of(&w, k), err);
    }
    lem_http_free(w.http);
    if (st == LEM_OK) *out = w.v;
    return st;
}
