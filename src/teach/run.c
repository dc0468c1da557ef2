/* run - sends the requests of a job and takes what comes back */
#include "teach/endpoint.h"
#include "teach/teach_priv.h"
#include "teach/verdict.h"

#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SETUP_REFUSALS = 3, LONGEST_BACKOFF = 60, DRAIN_SECONDS = 5, WAITING_PER_SLOT = 4 };

typedef struct run {
    lem_teach *t;
    lem_http *http;
    lem_endpoint *end;          /* [n_urls] */
    char **url;                 /* [n_urls] whole */
    int *went;                  /* [n] the endpoint that a request under way went to */
    size_t next;                /* no item from here on was looked at */
    size_t *waiting, n_waiting; /* [n] items to be tried again */
    size_t *batch, n_batch;     /* [concurrency] written down as sent, not yet sent */
    int setup;                  /* refusals of everything in a row, before anything worked */
    bool budget;                /* the last request did not fit */
    bool ends;                  /* what is under way is waited for, and that is all */
    char last[256];             /* the last failure, in words */
} run;

/* ---- which item, which endpoint ---- */

static bool is_leader(const lem_teach *t, size_t i) { return t->item[i].leader == i; }

/* The items of a request wait together. */
static void mark_waiting(run *r, size_t i, bool waits) {
    lem_teach *t = r->t;
    size_t n = t->o.group && t->item[i].span > 1 ? (size_t)t->item[i].span : 1;
    for (size_t k = i; k < i + n; k++) t->item[k].waits = waits && t->item[k].state == LEM_TEACH_PLANNED;
}

/* Items behind i that its request leaves are looked at again. */
static void look_again(run *r, size_t i) {
    if (i < r->next) r->next = i;
}

/* The first waiting item whose time has come. */
static bool pick_waiting(run *r, double now, size_t *at) {
    for (size_t k = 0; k < r->n_waiting; k++) {
        if (r->t->item[r->waiting[k]].not_before > now) continue;
        *at = r->waiting[k];
        memmove(r->waiting + k, r->waiting + k + 1, (--r->n_waiting - k) * sizeof *r->waiting);
        mark_waiting(r, *at, false);
        return true;
    }
    return false;
}

static bool pick_new(run *r, size_t *at) {
    const lem_teach *t = r->t;
    while (r->next < t->n &&
           (t->item[r->next].state != LEM_TEACH_PLANNED || t->item[r->next].waits || !is_leader(t, r->next)))
        r->next++;
    if (r->next == t->n) return false;
    *at = r->next++;
    return true;
}

static void put_back(run *r, size_t i) {
    mark_waiting(r, i, true);
    r->waiting[r->n_waiting++] = i;
}

/* The open endpoint with the fewest requests under way; -1: none. */
static int pick_endpoint(const run *r, double now) {
    int best = -1;
    for (int i = 0; i < r->t->o.n_urls; i++)
        if (lem_endpoint_free(&r->end[i], now) && (best < 0 || r->end[i].active < r->end[best].active))
            best = i;
    return best;
}

/* ---- sending ---- */

/* Writes down that the item is sent, if its most fits the budgets. */
static lem_status prepare(run *r, size_t i, int endpoint, lem_err *err) {
    lem_teach *t = r->t;
    uint64_t in, out;
    int before = t->item[i].span, span = lem_teach_span(t, i);
    if (span < before) look_again(r, i + (size_t)span);
    lem_status st = lem_teach_most(t, i, &in, &out, err);
    if (st == LEM_OK && t->o.group) st = lem_teach_hash(t, i, err);
    if (st != LEM_OK) return st;
    r->budget = !lem_teach_fits(t, in, out);
    if (r->budget) {
        put_back(r, i);
        return LEM_OK;
    }
    st = lem_teach_note_sent(t, i, in, out, err);
    if (st != LEM_OK) return st;
    r->went[i] = endpoint;
    lem_endpoint_begin(&r->end[endpoint]);
    r->batch[r->n_batch++] = i;
    return LEM_OK;
}

static lem_status send_one(run *r, size_t i, lem_err *err) {
    const lem_teach *t = r->t;
    lem_buf body = {0};
    lem_status st = lem_teach_body(t, i, true, &body, err);
    if (st == LEM_OK) {
        char id[33];
        memcpy(id, t->item[i].hash, 32);
        id[32] = '\0';
        double idle = t->o.chat.stream && t->o.timeout_s > 60 ? 60 : 0;
        lem_http_request q = {.url = r->url[r->went[i]],
                              .body = body.data,
                              .len = body.len,
                              .key = t->o.key,
                              .id = id,
                              .idle_s = idle,
                              .tag = i};
        st = lem_http_send(r->http, &q, err);
    }
    lem_buf_release(&body);
    return st;
}

/* Fills the free places: first the ledger, then one sync for all, then the bytes. */
static lem_status fill(run *r, lem_err *err) {
    lem_teach *t = r->t;
    double now = lem_clock_seconds();
    lem_status st = LEM_OK;
    size_t i = 0, many = (size_t)t->o.concurrency * WAITING_PER_SLOT;
    r->n_batch = 0;
    r->budget = false;
    while (st == LEM_OK && !r->budget && lem_http_active(r->http) + (int)r->n_batch < t->o.concurrency) {
        int endpoint = pick_endpoint(r, now);
        if (endpoint < 0 || !(pick_waiting(r, now, &i) || (r->n_waiting < many && pick_new(r, &i)))) break;
        st = prepare(r, i, endpoint, err);
    }
    if (st == LEM_OK && r->n_batch && t->ledger) st = lem_journal_sync(t->ledger, err);
    for (size_t k = 0; st == LEM_OK && k < r->n_batch; k++) st = send_one(r, r->batch[k], err);
    return st;
}

/* ---- what came back ---- */

static void back_off(run *r, size_t i, double now, double wait_s) {
    lem_teach_item *item = &r->t->item[i];
    lem_rng rng = lem_rng_make(r->t->o.seed, "back-off", i);
    int k = item->tries > 1 ? item->tries - 1 : 0;
    double longest = fmin(ldexp(1, k < 30 ? k : 30), LONGEST_BACKOFF) * r->t->o.base_s;
    double wait = longest * lem_rng_unit_at(&rng, (uint64_t)item->sent);
    item->not_before = now + fmax(wait, wait_s);
    put_back(r, i);
}

static lem_status remember(run *r, size_t i, lem_err *err) {
    const lem_teach *t = r->t;
    lem_json *copy = t->cache ? lem_json_copy(t->item[i].reply) : NULL;
    if (!t->cache) return LEM_OK;
    lem_status st = copy ? lem_journal_append(t->cache, t->item[i].hash, copy, err)
                         : lem_fail(err, LEM_EMEM, "out of memory for the cache");
    lem_json_free(copy);
    return st;
}

/* Writes down what became of the item. */
static lem_status note(run *r, size_t i, lem_verdict *v, lem_err *err) {
    lem_teach *t = r->t;
    lem_json *record = v->record;
    lem_status st;
    v->record = NULL;
    switch (v->kind) {
    case LEM_VERDICT_ANSWER:
        st = lem_teach_note_reply(t, i, record, err);
        return st == LEM_OK ? remember(r, i, err) : st;
    case LEM_VERDICT_LATER: return lem_teach_note_not_billed(t, i, v->why, LEM_TRY_COUNTS, err);
    case LEM_VERDICT_UNSENT: return lem_teach_note_not_billed(t, i, v->why, LEM_TRY_UNSENT, err);
    case LEM_VERDICT_UNSURE: return lem_teach_note_unsure(t, i, v->why, LEM_BILLED_MAYBE, err);
    case LEM_VERDICT_BILLED: return lem_teach_note_unsure(t, i, v->why, LEM_BILLED_YES, err);
    case LEM_VERDICT_SETUP:
        if (!r->end[r->went[i]].worked) return lem_teach_note_not_billed(t, i, v->why, LEM_TRY_FREE, err);
        break;
    case LEM_VERDICT_REFUSED: break;
    }
    return lem_teach_note_refused(t, i, v->why, err);
}

/* Everything is refused, and nothing ever worked: the set-up is wrong, and no item is to blame. */
static lem_status check_setup(run *r, const lem_verdict *v, const char *url, lem_err *err) {
    const lem_endpoint *e = r->end;
    bool worked = false;
    for (int i = 0; i < r->t->o.n_urls; i++) worked = worked || e[i].worked;
    if (v->kind != LEM_VERDICT_SETUP) return LEM_OK;
    if (r->ends || (!v->spent && (worked || ++r->setup < SETUP_REFUSALS))) return LEM_OK;
    return lem_fail(err, LEM_EREMOTE, "%.200s refuses the requests: %s", url, v->why);
}

static lem_status read_reply(void *ctx, const lem_http_reply *reply, lem_json **record, lem_err *err) {
    const run *r = ctx;
    const lem_teach_opts *o = &r->t->o;
    if (o->form) return o->form->reply(o->ctx, (size_t)reply->tag, reply->body, reply->len, record, err);
    lem_completion_opts chat = o->chat;
    chat.n = lem_teach_choices(r->t, (size_t)reply->tag);
    chat.fewer = o->group > 0;
    return lem_completion_reply(reply->body, reply->len, reply->event_stream, &chat, record, err);
}

/* The item has ended, and others of its request with it; those that have not are asked for again. */
static void take_group(run *r, size_t i) {
    const lem_teach *t = r->t;
    size_t n = t->o.group && t->item[i].span > 1 ? (size_t)t->item[i].span : 1, ended = 0;
    while (ended < n && t->item[i + ended].state != LEM_TEACH_PLANNED) ended++;
    if (ended < n) look_again(r, i + ended);
    if (t->progress) lem_progress_add(t->progress, ended);
}

/* Fewer choices a request than before: said once for each number. */
static void tell_chunk(const run *r, int before) {
    if (r->t->chunk < before)
        lem_warn(r->t->o.log, "a request for %d choices does not get them: asking for %d at a time", before,
                 r->t->chunk);
}

static lem_status on_reply(void *ctx, const lem_http_reply *reply, lem_err *err) {
    run *r = ctx;
    size_t i = (size_t)reply->tag;
    lem_verdict v;
    double now = lem_clock_seconds();
    lem_endpoint *e = &r->end[r->went[i]];
    lem_status st = lem_verdict_of(reply, read_reply, r, &v, err);
    if (st != LEM_OK) return st;
    bool took = v.kind == LEM_VERDICT_ANSWER;
    if (v.failure) lem_endpoint_failed(e, now, LEM_BREAKER_PAUSE * r->t->o.base_s);
    else lem_endpoint_answered(e, took, now, v.wait_s);
    if (!took) snprintf(r->last, sizeof r->last, "%s", v.why);
    if (!took) lem_debug(r->t->o.log, "item %zu: %s", i, v.why);
    int chunk = r->t->chunk;
    st = note(r, i, &v, err);
    tell_chunk(r, chunk);
    if (st == LEM_OK) st = check_setup(r, &v, r->url[r->went[i]], err);
    if (st != LEM_OK) return st;
    if (r->t->item[i].state == LEM_TEACH_PLANNED) back_off(r, i, now, v.wait_s);
    else take_group(r, i);
    return LEM_OK;
}

/* ---- the loop ---- */

/* What is past already did not help. */
static double sooner(double next, double when, double now) { return when > now && when < next ? when : next; }

/* Seconds until something can be sent that cannot now, at most a tenth. */
static double until_next(const run *r) {
    double now = lem_clock_seconds(), next = now + 0.1;
    for (size_t k = 0; k < r->n_waiting; k++) next = sooner(next, r->t->item[r->waiting[k]].not_before, now);
    for (int i = 0; i < r->t->o.n_urls; i++) next = sooner(next, lem_endpoint_when(&r->end[i]), now);
    return next - now;
}

static bool all_down(const run *r) {
    for (int i = 0; i < r->t->o.n_urls; i++)
        if (!lem_endpoint_down(&r->end[i])) return false;
    return true;
}

static bool is_left(run *r) {
    size_t i;
    if (r->n_waiting) return true;
    if (!pick_new(r, &i)) return false;
    r->next = i;
    return true;
}

/* Takes what comes in for a few seconds more; the rest stays in the ledger as sent. */
static lem_status drain(run *r, lem_err *err) {
    double until = lem_clock_seconds() + DRAIN_SECONDS;
    lem_status st = LEM_OK;
    r->ends = true;
    while (st == LEM_OK && lem_http_active(r->http) && lem_clock_seconds() < until)
        st = lem_http_wait(r->http, 0.1, on_reply, r, err);
    return st;
}

static lem_status interrupted(run *r, lem_err *err) {
    if (lem_http_active(r->http)) lem_info(r->t->o.log, "interrupted: waiting for the requests under way");
    lem_status st = drain(r, err);
    return st == LEM_OK ? lem_fail(err, LEM_EINTR, "interrupted") : st;
}

static lem_status loop(run *r, lem_err *err) {
    lem_status st = LEM_OK;
    while (st == LEM_OK) {
        if (r->t->o.cancel && r->t->o.cancel->requested) return interrupted(r, err);
        st = fill(r, err);
        if (st != LEM_OK) break;
        if (lem_http_active(r->http) == 0) {
            if (r->budget) r->t->budget_reached = true;
            if (r->budget || !is_left(r)) return LEM_OK;
            if (all_down(r))
                return lem_fail(err, LEM_EREMOTE, "%.200s does not answer: %s", r->url[0], r->last);
        }
        st = lem_http_wait(r->http, until_next(r), on_reply, r, err);
    }
    lem_err second = LEM_ERR_INIT;
    if (st == LEM_EREMOTE && drain(r, &second) != LEM_OK) lem_debug(r->t->o.log, "%s", second.text);
    return st;
}

/* ---- opening ---- */

/* Requests that an earlier run left under way; and those that may be sent again by now. */
static lem_status take_up(lem_teach *t, lem_err *err) {
    lem_status st = LEM_OK;
    for (size_t i = 0; st == LEM_OK && i < t->n; i++) {
        lem_teach_item *x = &t->item[i];
        if (x->state == LEM_TEACH_SENT)
            st = lem_teach_note_unsure(t, i, "the run ended while the request was under way",
                                       LEM_BILLED_MAYBE, err);
        if (x->state == LEM_TEACH_UNSURE && x->unsure <= t->o.resend) x->state = LEM_TEACH_PLANNED;
    }
    return st;
}

static lem_status open_run(run *r, lem_err *err) {
    const lem_teach_opts *o = &r->t->o;
    lem_http_opts h = {.total_s = o->timeout_s, .max_body = o->max_body, .plain = o->plain};
    r->end = lem_alloc_zero((size_t)o->n_urls, sizeof *r->end, err);
    r->url = lem_alloc_zero((size_t)o->n_urls, sizeof *r->url, err);
    r->went = lem_alloc_zero(r->t->n, sizeof *r->went, err);
    r->waiting = lem_alloc_zero(r->t->n, sizeof *r->waiting, err);
    r->batch = lem_alloc_zero((size_t)o->concurrency, sizeof *r->batch, err);
    if (!r->end || !r->url || !r->went || !r->waiting || !r->batch) return LEM_EMEM;
    for (int i = 0; i < o->n_urls; i++) {
        lem_buf url = {0};
        size_t n = strlen(o->urls[i]);
        while (n && o->urls[i][n - 1] == '/') n--;
        lem_buf_add(&url, o->urls[i], n);
        lem_buf_puts(&url, lem_teach_path(r->t));
        r->url[i] = lem_buf_take(&url);
        if (!r->url[i]) return lem_fail(err, LEM_EMEM, "out of memory for a URL");
    }
    lem_status st = take_up(r->t, err);
    return st == LEM_OK ? lem_http_new(&h, &r->http, err) : st;
}

static void close_run(run *r) {
    lem_http_free(r->http);
    for (int i = 0; r->url && i < r->t->o.n_urls; i++) lem_free(r->url[i]);
    lem_free(r->url);
    lem_free(r->end);
    lem_free(r->went);
    lem_free(r->waiting);
    lem_free(r->batch);
}

lem_status lem_teach_run(lem_teach *t, lem_journal *ledger, lem_err *err) {
    run r = {.t = t};
    t->ledger = ledger;
    t->budget_reached = false;
    lem_status st = open_run(&r, err);
    if (st == LEM_OK) st = loop(&r, err);
    close_run(&r);
    if (st == LEM_OK && ledger) st = lem_journal_sync(ledger, err);
    return st;
}
