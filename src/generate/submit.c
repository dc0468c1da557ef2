/* submit.c - a request: checked, copied, put under its parent */
#include "generate/engine_priv.h"

#include <string.h>

/* ---- checks */

static lem_status check_stops(const lem_request_opts *o, lem_err *err) {
    if (o->n_stop < 0 || o->n_stop > 64)
        return lem_fail(err, LEM_EUSAGE, "at most 64 stop strings, found %d", o->n_stop);
    for (int i = 0; i < o->n_stop; i++)
        if (!o->stop[i] || !o->stop[i][0] || strlen(o->stop[i]) > 4096)
            return lem_fail(err, LEM_EUSAGE, "stop string %d is empty or longer than 4096 bytes", i + 1);
    return LEM_OK;
}

static lem_status check_sample(const lem_sample_opts *o, lem_err *err) {
    if (!(o->temperature >= 0) || o->temperature > 1000)
        return lem_fail(err, LEM_EUSAGE, "temperature must lie in 0..1000, found %g", (double)o->temperature);
    if (o->top_k < 0) return lem_fail(err, LEM_EUSAGE, "top-k must not be negative, found %d", o->top_k);
    if (!(o->top_p >= 0) || o->top_p > 1)
        return lem_fail(err, LEM_EUSAGE, "top-p must lie in 0..1, found %g", (double)o->top_p);
    if (!(o->min_p >= 0) || o->min_p > 1)
        return lem_fail(err, LEM_EUSAGE, "min-p must lie in 0..1, found %g", (double)o->min_p);
    if (!(o->repetition_penalty >= 0) || o->repetition_penalty > 1000)
        return lem_fail(err, LEM_EUSAGE, "the repetition penalty must lie in 0..1000, found %g",
                        (double)o->repetition_penalty);
    return LEM_OK;
}

lem_status lem_request_check(const lem_request_opts *o, lem_err *err) {
    lem_status st = check_sample(&o->sample, err);
    if (st) return st;
    if (o->max_tokens < 1)
        return lem_fail(err, LEM_EUSAGE, "max-tokens must be at least 1, found %d", o->max_tokens);
    if (o->n < 0 || o->n_end < 0)
        return lem_fail(err, LEM_EUSAGE, "a request of %d candidates and %d stop tokens", o->n, o->n_end);
    for (int i = 0; o->candidates && i < o->n; i++)
        if (o->candidates[i] < 0)
            return lem_fail(err, LEM_EUSAGE, "candidate index %d is negative", o->candidates[i]);
    return check_stops(o, err);
}

static lem_status find_parent(const gen_engine *g, lem_request name, gen_request **out, lem_err *err) {
    *out = NULL;
    if (name == LEM_NO_REQUEST) return LEM_OK;
    *out = lem_gen_find(g, name);
    if (!*out)
        return lem_fail(err, LEM_EUSAGE, "there is no such request to continue: it was dropped and has gone");
    if ((*out)->dropped) return lem_fail(err, LEM_EUSAGE, "a dropped request cannot be continued");
    return LEM_OK;
}

static lem_status check_ids(const gen_engine *g, int inherited, const int32_t *ids, int n,
                            unsigned long long index, lem_err *err) {
    if (n < 1) return lem_fail(err, LEM_EDATA, "prompt %llu has no tokens", index);
    int most = g->config->max_positions - 1;
    if (n > most - inherited)
        return lem_fail(err, LEM_EDATA,
                        "prompt %llu has %lld tokens; the context of %d holds prompts of up to %d", index,
                        (long long)inherited + n, g->config->max_positions, most);
    for (int i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= g->V)
            return lem_fail(err, LEM_EDATA, "prompt %llu: token id %d is outside the vocabulary of %d", index,
                            (int)ids[i], g->V);
    return LEM_OK;
}

/* ---- a request's own copies */

static lem_status copy_ints(int32_t **own, int *cap, const int32_t *from, int n, lem_err *err) {
    void *p = *own;
    lem_status st = lem_gen_grow(&p, cap, n, sizeof **own, err);
    *own = p;
    if (st) return st;
    for (int i = 0; i < n; i++) (*own)[i] = from ? from[i] : i;
    return LEM_OK;
}

static lem_status copy_stops(gen_request *r, const lem_request_opts *o, lem_err *err) {
    void *p = (void *)r->stop;
    lem_status st = lem_gen_grow(&p, &r->cap_stop, o->n_stop, sizeof *r->stop, err);
    r->stop = p;
    if (st) return st;
    if (r->stop_text.failed) lem_buf_release(&r->stop_text); /* of a submit that found no memory */
    lem_buf_clear(&r->stop_text);
    for (int i = 0; i < o->n_stop; i++) lem_buf_add(&r->stop_text, o->stop[i], strlen(o->stop[i]) + 1);
    if ((st = lem_buf_ok(&r->stop_text, err))) return st;
    const char *at = lem_buf_str(&r->stop_text); /* does not move any more */
    for (int i = 0; i < o->n_stop; i++, at += strlen(at) + 1) r->stop[i] = at;
    r->stops = lem_stops_make(r->stop, o->n_stop);
    return LEM_OK;
}

static lem_status copy(gen_request *r, const int32_t *ids, int n_ids, const lem_request_opts *o,
                       lem_err *err) {
    lem_status st = copy_ints(&r->ids, &r->cap_ids, ids, n_ids, err);
    if (st == LEM_OK) st = copy_ints(&r->candidates, &r->cap_candidates, o->candidates, o->n, err);
    if (st == LEM_OK) st = copy_ints(&r->end, &r->cap_end, o->end, o->n_end, err);
    if (st == LEM_OK) st = copy_stops(r, o, err);
    r->opts = *o;
    r->n_ids = r->n_own = n_ids;
    r->n = o->n;
    r->rng = lem_rng_make(o->seed, "sample", o->key);
    return st;
}

/* Pages of the request alone, of its path, and of one candidate. */
static lem_status plan_pages(const gen_engine *g, gen_request *r, const gen_request *parent, lem_err *err) {
    r->length = r->n_ids + (parent ? parent->length : 0);
    int room = g->config->max_positions - r->length, most = r->opts.max_tokens;
    r->limit = most < room ? most : room;
    r->pages = lem_gen_pages(r->n_ids);
    r->path_pages = r->pages + (parent ? parent->path_pages : 0);
    r->candidate_pages = r->n ? lem_gen_pages(r->limit - 1) : 0; /* the last token is never fed */
    if (r->path_pages + r->candidate_pages <= g->max_pages) return LEM_OK;
    return lem_fail(
        err, LEM_EMEM,
        "prompt %llu of %d tokens and %d new tokens need %d pages of keys and values; %d were planned",
        (unsigned long long)r->opts.index, r->length, r->limit, r->path_pages + r->candidate_pages,
        g->max_pages);
}

static void append_pending(gen_engine *g, gen_request *r) {
    if (g->last_pending) g->last_pending->next = r;
    else g->first_pending = r;
    g->last_pending = r;
}

lem_status lem_engine_submit(lem_engine *e, lem_request parent, const int32_t *ids, int n_ids,
                             const lem_request_opts *o, lem_request *out, lem_err *err) {
    if (e->failed) return lem_fail(err, LEM_EUSAGE, "this engine has failed and can only be closed");
    gen_request *above = NULL, *r = NULL;
    lem_status st = lem_request_check(o, err);
    if (st == LEM_OK) st = find_parent(e, parent, &above, err);
    if (st == LEM_OK)
        st = check_ids(e, above ? above->length : 0, ids, n_ids, (unsigned long long)o->index, err);
    if (st == LEM_OK) st = lem_gen_new_request(e, &r, err);
    if (st == LEM_OK) st = copy(r, ids, n_ids, o, err);
    if (st == LEM_OK) st = plan_pages(e, r, above, err);
    if (st) return st;
    lem_gen_use(e, r, above, GEN_PENDING);
    append_pending(e, r);
    e->counts.requests++;
    lem_gen_admit(e);
    *out = r->name;
    return LEM_OK;
}
