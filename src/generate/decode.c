/* decode.c - one step of all candidates: feed, logits in blocks of rows, draw, log-probability, end or go on
 */
#include "generate/engine_priv.h"

#include <limits.h>
#include <string.h>

static lem_draw draw_of(const gen_engine *g, const gen_job *j) {
    const gen_slot *s = &g->slots[j->slot];
    const gen_request *r = s->request;
    if (!r) return (lem_draw){.row = j->row}; /* cancelled by the sink in this step */
    uint64_t index = (uint64_t)(uint32_t)s->index << 32 | (uint32_t)(s->tokens + j->ahead);
    const lem_sample_opts *o = &r->opts.sample;
    return (lem_draw){.u = lem_rng_unit_at(&r->rng, index),
                      .temperature = o->temperature,
                      .top_p = o->top_p,
                      .top_k = o->top_k,
                      .row = j->row,
                      .min_p = o->min_p,
                      .penalty = o->repetition_penalty};
}

static bool has_penalty(const lem_draw *d) { return d->penalty > 0 && d->penalty != 1; }

/* Appends the tokens of a candidate's path, its own, and those of its draft before the draw. */
static lem_status see_path(gen_engine *g, const gen_slot *s, int ahead, lem_draw *d, lem_err *err) {
    int own = lem_gen_path_length(s), n = own + ahead;
    void *seen = g->seen;
    if (n > INT_MAX / 2 - g->n_seen)
        return lem_fail(err, LEM_EMEM, "too many tokens for a repetition penalty");
    lem_status st = lem_gen_grow(&seen, &g->cap_seen, g->n_seen + n, sizeof *g->seen, err);
    g->seen = seen;
    if (st) return st;
    int32_t *at = g->seen + g->n_seen;
    lem_gen_path(s, at);
    if (ahead) memcpy(at + own, s->draft->ids + 1, (size_t)ahead * sizeof *at);
    d->seen = g->n_seen;
    d->n_seen = n;
    g->n_seen += n;
    return LEM_OK;
}

/* Copies what was seen to the backend; its memory there grows. */
static lem_status hand_over(gen_engine *g, lem_err *err) {
    size_t need = (size_t)g->n_seen * sizeof *g->seen;
    if (need > g->seen_at.bytes) {
        lem_buffer_release(&g->seen_at);
        lem_status st = lem_buffer_init(&g->seen_at, g->backend, need + need / 2, false, err);
        if (st) return st;
    }
    g->backend->ops->copy_in(g->backend, g->seen_at.at, g->seen, need);
    return LEM_OK;
}

/* What each draw with a penalty has seen. Candidates of a request begin with the same tokens. */
static lem_status see(gen_engine *g, const gen_job *jobs, int n, lem_err *err) {
    const gen_request *first = NULL;
    lem_draw like = {0};
    lem_status st = LEM_OK;
    g->n_seen = 0;
    for (int i = 0; st == LEM_OK && i < n; i++) {
        const gen_slot *s = &g->slots[jobs[i].slot];
        lem_draw *d = &g->draw[i];
        if (!s->request || !has_penalty(d)) continue;
        bool same = s->tokens == 0 && s->request == first;
        if (same) d->seen = like.seen, d->n_seen = like.n_seen;
        else st = see_path(g, s, jobs[i].ahead, d, err);
        first = s->tokens == 0 ? s->request : NULL;
        like = *d;
    }
    return st == LEM_OK && g->n_seen ? hand_over(g, err) : st;
}

static lem_status check_drawn(const gen_engine *g, gen_job *j, int32_t token, lem_err *err) {
    gen_slot *s = &g->slots[j->slot];
    j->token = s->request ? token : 0;
    if (j->token >= 0) return LEM_OK;
    if (s->draft) { /* an earlier row may have got it from a later one (0 times a value) */
        s->spoilt = true;
        j->token = 0;
        return LEM_OK;
    }
    return lem_fail(err, LEM_ENUMERIC,
                    "prompt %llu, candidate %d, token %d: the model's logits are not finite",
                    (unsigned long long)s->request->opts.index, s->index, s->tokens);
}

/* The token of each job, from rows of logits. They stay in g->drawn too. */
static lem_status draw(gen_engine *g, const float *logits, gen_job *jobs, int n, lem_err *err) {
    lem_backend *b = g->backend;
    for (int i = 0; i < n; i++) g->draw[i] = draw_of(g, &jobs[i]);
    lem_status st = see(g, jobs, n, err);
    if (st) return st;
    b->ops->copy_in(b, g->draws.at, g->draw, (size_t)n * sizeof *g->draw);
    b->ops->sample(b, n, g->V, logits, g->draws.at, g->n_seen ? g->seen_at.at : NULL, g->drawn.at);
    b->ops->copy_out(b, g->tokens, g->drawn.at, (size_t)n * sizeof *g->tokens);
    st = b->ops->sync(b, err);
    for (int i = 0; st == LEM_OK && i < n; i++) st = check_drawn(g, &jobs[i], g->tokens[i], err);
    for (int i = 0; st == LEM_OK && i < n; i++)
        if (g->tokens[i] != jobs[i].token)
            b->ops->copy_in(b, (int32_t *)g->drawn.at + i, &jobs[i].token, sizeof jobs[i].token);
    return st;
}

static lem_status take_logprobs(gen_engine *g, gen_job *jobs, int n, lem_err *err) {
    lem_backend *b = g->backend;
    b->ops->copy_out(b, g->logprobs, g->drawn_logprob.at, (size_t)n * sizeof *g->logprobs);
    for (int i = 0; i < n; i++) jobs[i].logprob = g->logprobs[i];
    return b->ops->sync(b, err);
}

static lem_status finish(gen_engine *g, int slot, size_t len, lem_finish how, lem_err *err) {
    gen_slot *s = &g->slots[slot];
    const lem_request_opts *o = &s->request->opts;
    lem_candidate c = {.prompt = o->index,
                       .index = s->index,
                       .text = lem_buf_str(&s->text),
                       .len = len,
                       .tokens = s->tokens,
                       .logprob = s->logprob,
                       .finish = how,
                       .request = s->request->name,
                       .ids = s->ids,
                       .logprobs = o->logprobs ? s->logprobs : NULL};
    lem_status st = o->keep ? lem_gen_keep(g, slot, &c.node, err) : LEM_OK;
    if (st) return st;
    lem_gen_release(g, slot);
    g->counts.candidates++;
    return g->opts.sink(g->opts.sink_ctx, &c, err);
}

static bool ends(const gen_request *r, int32_t token) {
    for (int i = 0; i < r->opts.n_end; i++)
        if (token == r->end[i]) return true;
    return false;
}

/* Adds a drawn token to what is handed out of its candidate. */
static lem_status append(gen_slot *s, const gen_job *j, lem_err *err) {
    void *ids = s->ids, *logprobs = s->logprobs;
    lem_status st = lem_gen_grow(&ids, &s->cap_ids, s->tokens + 1, sizeof *s->ids, err);
    s->ids = ids;
    if (st == LEM_OK && s->request->opts.logprobs)
        st = lem_gen_grow(&logprobs, &s->cap_logprobs, s->tokens + 1, sizeof *s->logprobs, err);
    s->logprobs = logprobs;
    if (st) return st;
    s->ids[s->tokens] = j->token;
    if (s->request->opts.logprobs) s->logprobs[s->tokens] = j->logprob;
    s->tokens++;
    s->logprob += (double)j->logprob;
    s->next = j->token;
    return LEM_OK;
}

static lem_status append_text(const lem_tokenizer *tok, int32_t token, lem_buf *text, lem_err *err) {
    size_t n = 0;
    const char *bytes =
        lem_tokenizer_is_special(tok, token) ? NULL : lem_tokenizer_token_bytes(tok, token, &n);
    /* SentencePiece: the space before the first word of a text is the tokenizer's own, and goes when ids
     * become text */
    if (bytes && n && bytes[0] == ' ' && text->len == 0)
        return lem_tokenizer_decode(tok, &token, 1, true, text, err);
    if (bytes) lem_buf_add(text, bytes, n);
    return lem_buf_ok(text, err);
}

/* A token was drawn behind those that the draft has right: whether it has this one right too. */
static void agree(gen_engine *g, gen_slot *s, const gen_job *j) {
    const gen_draft *d = s->draft;
    bool right = j->ahead < d->n && d->ids[1 + j->ahead] == j->token;
    s->agreed = right ? s->agreed + 1 : -1;
    g->counts.accepted += right;
    g->counts.generated_fed += j->ahead > 0;
}

/* Takes a drawn token into its candidate and ends it if this was the last one. */
static lem_status accept(gen_engine *g, const gen_job *j, lem_err *err) {
    gen_slot *s = &g->slots[j->slot];
    const gen_request *r = s->request;
    if (!r) return LEM_OK; /* cancelled by the sink in this step */
    if (s->draft && (s->spoilt || j->ahead != s->agreed)) return LEM_OK; /* behind what did not come to be */
    lem_status st = append(s, j, err);
    if (st) return st;
    g->counts.generated++;
    if (s->draft) agree(g, s, j);
    if (ends(r, j->token)) return finish(g, j->slot, s->text.len, LEM_FINISH_STOP, err);
    size_t old = s->text.len, cut;
    st = append_text(g->tok, j->token, &s->text, err);
    if (st) return st;
    if (lem_stops_find(&r->stops, lem_buf_str(&s->text), old, s->text.len, &cut))
        return finish(g, j->slot, cut, LEM_FINISH_STOP, err);
    if (s->tokens >= r->limit) return finish(g, j->slot, s->text.len, LEM_FINISH_LENGTH, err);
    return LEM_OK;
}

lem_status lem_gen_start(gen_engine *g, bool *started, lem_err *err) {
    lem_status st = LEM_OK;
    const float *logits = g->prompt_logits.at;
    *started = false;
    lem_gen_drop_rows(g);
    for (;;) {
        int slot;
        g->n_jobs = 0;
        while (lem_gen_take(g, &slot))
            g->jobs[g->n_jobs++] = (gen_job){.slot = slot, .row = g->slots[slot].request->row};
        if (g->n_jobs == 0) return LEM_OK;
        *started = true;
        st = draw(g, logits, g->jobs, g->n_jobs, err);
        for (int i = 0; st == LEM_OK && i < g->n_jobs; i++)
            g->backend->ops->logprob(g->backend, 1, g->V, logits + (size_t)g->jobs[i].row * (size_t)g->V,
                                     (int32_t *)g->drawn.at + i, (float *)g->drawn_logprob.at + i, NULL);
        if (st == LEM_OK) st = take_logprobs(g, g->jobs, g->n_jobs, err);
        lem_gen_drop_rows(g);
        for (int i = 0; st == LEM_OK && i < g->n_jobs; i++) st = accept(g, &g->jobs[i], err);
        if (st) return st;
    }
}

static lem_status gather_slots(gen_engine *g, int *n_decode, lem_err *err) {
    int n = 0;
    for (int i = 0; i < g->n_slots; i++) {
        gen_slot *s = &g->slots[i];
        if (!s->request) continue;
        if (s->node < 0) {
            lem_status st = lem_session_node(g->session, s->request->node, &s->node, err);
            if (st) return st;
        }
        g->feeds[n] = (lem_feed){s->node, &s->next, 1};
        g->feed_slot[n++] = i;
    }
    *n_decode = n;
    return LEM_OK;
}

/* Waiting requests in order, up to plan.prefill tokens. A parent stands before its children, so that it is
 * fed whole before the first of them, or in the same step. */
static lem_status gather_requests(gen_engine *g, lem_feed *feeds, int *n_prefill, lem_err *err) {
    int n = 0, budget = g->plan.prefill;
    for (int i = 0; i < g->n_waiting && budget > 0; i++) {
        gen_request *r = g->waiting[i];
        int left = r->n_ids - r->fed, take = left < budget ? left : budget;
        if (take == 0) continue;
        if (r->node < 0) {
            lem_status st = lem_session_node(g->session, r->parent ? r->parent->node : -1, &r->node, err);
            if (st) return st;
        }
        feeds[n] = (lem_feed){r->node, r->ids + r->fed, take, take == left && r->n > 0 ? take - 1 : take};
        g->feed_request[n++] = r;
        budget -= take;
    }
    *n_prefill = n;
    return LEM_OK;
}

/* Draws the next tokens of feeds first..first+feeds-1. With drafts their rows are a block at most. */
static lem_status decode_block(gen_engine *g, int first, int feeds, lem_err *err) {
    lem_backend *b = g->backend;
    float *logits = g->logits.at;
    int n = 0;
    for (int i = first; i < first + feeds; i++)
        for (int ahead = 0; ahead < g->feeds[i].n; ahead++, n++) {
            g->rows[n] = lem_session_row(g->session, i, ahead);
            g->jobs[n] = (gen_job){.slot = g->feed_slot[i], .row = n, .ahead = ahead};
        }
    lem_session_logits(g->session, n, g->rows, logits);
    lem_status st = draw(g, logits, g->jobs, n, err);
    if (st) return st;
    b->ops->logprob(b, n, g->V, logits, g->drawn.at, g->drawn_logprob.at, NULL);
    st = take_logprobs(g, g->jobs, n, err);
    for (int i = 0; i < n && st == LEM_OK; i++) st = accept(g, &g->jobs[i], err);
    return st;
}

/* Requests whose first n_prefill feeds, after those of the slots, have been computed. */
static void take_fed(gen_engine *g, int n_decode, int n_prefill) {
    for (int i = 0; i < n_prefill; i++) {
        gen_request *r = g->feed_request[i];
        int fed = g->feeds[n_decode + i].n;
        r->fed += fed;
        g->counts.prompt_fed += (uint64_t)fed;
        if (r->fed < r->n_ids || r->n == 0) continue;
        int row = lem_session_row(g->session, n_decode + i, fed - 1);
        lem_session_logits(g->session, 1, &row, (float *)g->prompt_logits.at + (size_t)r->row * (size_t)g->V);
    }
}

static int rows_of(const lem_feed *feeds, int n) {
    int rows = 0;
    for (int i = 0; i < n; i++) rows += feeds[i].n;
    return rows;
}

lem_status lem_gen_feed(gen_engine *g, bool *fed, lem_err *err) {
    int n_decode, n_prefill = 0;
    *fed = false;
    lem_status st = gather_slots(g, &n_decode, err);
    if (st == LEM_OK) st = gather_requests(g, g->feeds + n_decode, &n_prefill, err);
    if (st || n_decode + n_prefill == 0) return st;
    st = lem_gen_draft(g, n_decode, rows_of(g->feeds + n_decode, n_prefill), err);
    if (st == LEM_OK) st = lem_session_step(g->session, g->feeds, n_decode + n_prefill, err);
    if (st) return st;
    *fed = true;
    g->counts.steps++;
    g->counts.generated_fed += (uint64_t)n_decode;
    take_fed(g, n_decode, n_prefill);
    for (int at = 0; at < n_decode && st == LEM_OK; at += g->plan.block)
        st = decode_block(g, at, n_decode - at < g->plan.block ? n_decode - at : g->plan.block, err);
    return st == LEM_OK ? lem_gen_undraft(g, n_decode, err) : st;
}
