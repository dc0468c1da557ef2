/* run.c - problems in, rollouts through an open engine, labels out */
#include "annotate/problem_priv.h"

#include "core/mem.h"

#include <string.h>

typedef struct run {
    const lem_annotate_opts *o;
    const lem_annotate_host *host;
    const lem_model_config *config;
    const lem_tokenizer *tok;
    lem_engine *engine;
    ann_problem **active; /* [n_active] in order of arrival */
    int n_active, cap;
    ann_problem *waits; /* has come, and waits for memory */
    bool more;
    int pages, pages_used; /* planned; by the nodes of active problems */
    int *missing;          /* [o->n] */
    lem_buf text;
    lem_annotate_stats stats;
} run;

/* ---- options ---- */

static lem_engine_opts engine_opts(const lem_annotate_opts *o) {
    return (lem_engine_opts){.slots = o->slots,
                             .max_prompt = o->max_prompt,
                             .max_tokens = o->max_tokens,
                             .kv_bytes = o->kv_bytes,
                             .kv_dtype = o->kv_dtype,
                             .load = o->load,
                             .speculate = o->speculate};
}

static lem_request_opts request_opts(const lem_annotate_opts *o) {
    return (lem_request_opts){
        .sample = o->sample, .max_tokens = o->max_tokens, .end = o->end, .n_end = o->n_end, .seed = o->seed};
}

lem_status lem_annotate_check(const lem_annotate_opts *o, lem_err *err) {
    if (o->n < 1 || o->n > LEM_ANNOTATE_MAX_ROLLOUTS)
        return lem_fail(err, LEM_EUSAGE, "rollouts of a step must lie in 1..%d, found %d",
                        LEM_ANNOTATE_MAX_ROLLOUTS, o->n);
    if (!o->separator || !*o->separator)
        return lem_fail(err, LEM_EUSAGE, "the text between steps must not be empty");
    lem_engine_opts engine = engine_opts(o);
    lem_request_opts request = request_opts(o);
    lem_status st = lem_request_check(&request, err);
    return st ? st : lem_engine_check(&engine, err);
}

size_t lem_annotate_bytes(const lem_model_config *c, const lem_annotate_opts *o) {
    lem_engine_opts engine = engine_opts(o);
    return lem_engine_bytes(c, &engine);
}

/* ---- rollouts come in ---- */

static ann_problem *find_problem(const run *r, uint64_t index) {
    for (int i = 0; i < r->n_active; i++)
        if (r->active[i]->in.index == index) return r->active[i];
    return NULL;
}

static lem_status judge(run *r, const ann_problem *p, int point, const lem_candidate *c, lem_rollout *out,
                        lem_err *err) {
    const ann_point *x = &p->tree.point[point];
    lem_buf_clear(&r->text);
    lem_buf_add(&r->text, p->in.solution[x->solution], x->bytes);
    lem_buf_add(&r->text, c->text, c->len);
    lem_status st = lem_buf_ok(&r->text, err);
    if (st) return st;
    lem_annotate_text t = {.problem = p->in.index,
                           .point = point,
                           .candidate = c->index,
                           .text = lem_buf_str(&r->text),
                           .len = r->text.len,
                           .prefix = x->bytes,
                           .truncated = c->finish == LEM_FINISH_LENGTH};
    *out = (lem_rollout){.truncated = t.truncated, .tokens = c->tokens};
    return r->host->judge(r->host->ctx, &t, &out->verdict, err);
}

static lem_status take(void *ctx, const lem_candidate *c, lem_err *err) {
    run *r = ctx;
    ann_problem *p = find_problem(r, c->prompt);
    int point = p ? lem_ann_problem_point(p, c->request) : -1;
    if (point < 0) return LEM_OK; /* nobody waits for it any more */
    lem_rollout x;
    lem_status st = judge(r, p, point, c, &x, err);
    if (st == LEM_OK && r->host->record)
        st = r->host->record(r->host->ctx, p->in.index, point, c->index, &x, err);
    if (st) return st;
    if (r->o->early_stop && x.verdict == LEM_GRADE_RIGHT)
        lem_engine_cancel_from(r->engine, c->request, c->index + 1);
    lem_ann_problem_take(p, point, c->index, &x);
    return LEM_OK;
}

/* ---- requests go out ---- */

static lem_status submit_node(run *r, ann_problem *p, int at, lem_err *err) {
    ann_node *x = &p->tree.node[at];
    lem_request_opts o = request_opts(r->o);
    lem_request above = x->parent > 0 ? p->tree.node[x->parent].request : LEM_NO_REQUEST;
    o.index = p->in.index;
    return lem_engine_submit(r->engine, above, x->ids, x->n, &o, &x->request, err);
}

/* Submits the nodes of a path that are not there yet, from the top. */
static lem_status submit_path(run *r, ann_problem *p, int node, lem_err *err) {
    for (;;) {
        int top = -1;
        for (int at = node; at > 0 && p->tree.node[at].request == LEM_NO_REQUEST;
             at = p->tree.node[at].parent)
            top = at;
        if (top < 0) return LEM_OK;
        lem_status st = submit_node(r, p, top, err);
        if (st) return st;
    }
}

/* The nodes of a path that no later point stands under go with what is under them now. */
static void drop_path(run *r, ann_problem *p, int node) {
    for (; node > 0; node = p->tree.node[node].parent)
        if (p->tree.node[node].left == 0) lem_engine_drop(r->engine, p->tree.node[node].request);
}

static lem_status submit_point(run *r, ann_problem *p, int point, lem_err *err) {
    const ann_point *x = &p->tree.point[point];
    lem_request request = LEM_NO_REQUEST;
    lem_request_opts o = request_opts(r->o);
    lem_status st = submit_path(r, p, x->node, err);
    if (st) return st;
    o.index = p->in.index;
    o.key = x->key;
    o.n = lem_ann_problem_missing(p, point, r->missing);
    o.candidates = r->missing;
    st = lem_engine_submit(r->engine, p->tree.node[x->node].request, &x->last, 1, &o, &request, err);
    if (st) return st;
    lem_engine_drop(r->engine, request);
    lem_ann_problem_asked(p, point, request);
    lem_ann_tree_count(&p->tree, x->node, -1);
    if (!r->o->binary) drop_path(r, p, x->node); /* a search may still come back to any of them */
    return LEM_OK;
}

/* ---- problems come and go ---- */

static lem_status read_next(run *r, lem_err *err) {
    lem_annotate_problem in;
    lem_status st = r->host->next(r->host->ctx, &in, &r->more, err);
    if (st || !r->more) return st;
    st = lem_ann_problem_new(&in, r->o, r->tok, r->config->max_positions, r->host, &r->waits, err);
    return st ? lem_err_context(err, "problem %llu", (unsigned long long)in.index) : LEM_OK;
}

/* Pages of a request for rollouts and of one of them. */
static int spare_pages(const run *r) {
    int most = r->o->max_tokens < r->config->max_positions ? r->o->max_tokens : r->config->max_positions;
    return 1 + (most + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS;
}

/* Takes up a further problem. Its nodes may all stay until it is done, so they must fit beside the others';
 * the only one is taken up in any case. */
static lem_status take_up(run *r, bool *did, lem_err *err) {
    *did = false;
    if (!r->waits && r->more) {
        lem_status st = read_next(r, err);
        if (st) return st;
    }
    ann_problem *p = r->waits;
    if (!p) return LEM_OK;
    if (r->n_active && p->pages > r->pages - r->pages_used - spare_pages(r)) return LEM_OK;
    if (r->n_active == r->cap) {
        int cap = 2 * r->cap + 16;
        ann_problem **list = lem_realloc(r->active, (size_t)cap, sizeof *list, err);
        if (!list) return LEM_EMEM;
        r->active = list;
        r->cap = cap;
    }
    r->active[r->n_active++] = p;
    r->pages_used += p->pages;
    r->waits = NULL;
    *did = true;
    return LEM_OK;
}

static lem_status submit_next(run *r, bool *did, lem_err *err) {
    for (int i = 0; i < r->n_active; i++) {
        int point = lem_ann_problem_next(r->active[i]);
        if (point < 0) continue;
        *did = true;
        lem_status st = submit_point(r, r->active[i], point, err);
        return st ? lem_err_context(err, "problem %llu", (unsigned long long)r->active[i]->in.index) : LEM_OK;
    }
    *did = false;
    return LEM_OK;
}

static lem_status fill(run *r, lem_err *err) {
    bool did = true;
    while (did && lem_engine_has_room(r->engine)) {
        lem_status st = submit_next(r, &did, err);
        if (st == LEM_OK && !did) st = take_up(r, &did, err);
        if (st) return st;
    }
    return LEM_OK;
}

static lem_status hand_out(run *r, ann_problem *p, lem_err *err) {
    for (int i = 1; i < p->tree.n; i++) lem_engine_drop(r->engine, p->tree.node[i].request);
    r->pages_used -= p->pages;
    lem_status st = lem_ann_problem_report(p, r->host, &r->stats, err);
    lem_ann_problem_free(p);
    return st;
}

/* *gone: some were done, so that there is room for others. */
static lem_status finish_done(run *r, bool *gone, lem_err *err) {
    lem_status st = LEM_OK;
    int kept = 0;
    for (int i = 0; i < r->n_active; i++) {
        ann_problem *p = r->active[i];
        if (st || !lem_ann_problem_done(p)) r->active[kept++] = p;
        else st = hand_out(r, p, err);
    }
    *gone = kept < r->n_active;
    r->n_active = kept;
    return st;
}

static lem_status work(run *r, const lem_cancel *cancel, lem_err *err) {
    bool busy = true, gone = false;
    lem_status st = LEM_OK;
    for (;;) {
        LEM_TRY(lem_cancel_check(cancel, err));
        LEM_TRY(fill(r, err));
        LEM_TRY(finish_done(r, &gone, err));
        if (gone) continue;
        if (!r->n_active && !r->waits && !r->more) break;
        LEM_TRY(lem_engine_step(r->engine, &busy, err));
        if (r->host->tick) r->host->tick(r->host->ctx, lem_engine_count(r->engine).generated);
    }
done:
    return st;
}

static void close_run(run *r) {
    if (r->engine) {
        lem_engine_counts c = lem_engine_count(r->engine);
        r->stats.prefix_fed = c.prompt_fed;
        r->stats.generated = c.generated;
        r->stats.generated_fed = c.generated_fed;
        r->stats.drafted = c.drafted;
        r->stats.accepted = c.accepted;
        r->stats.engine_steps = c.steps;
    }
    for (int i = 0; i < r->n_active; i++) lem_ann_problem_free(r->active[i]);
    lem_ann_problem_free(r->waits);
    lem_free(r->active);
    lem_free(r->missing);
    lem_buf_release(&r->text);
    lem_engine_close(r->engine);
}

lem_status lem_annotate_run(const lem_weights *w, const lem_model_config *config, const lem_tokenizer *tok,
                            lem_backend *b, const lem_annotate_opts *o, const lem_annotate_host *host,
                            const lem_cancel *cancel, lem_annotate_stats *stats, lem_err *err) {
    run r = {.o = o, .host = host, .config = config, .tok = tok, .more = true};
    lem_engine_opts engine = engine_opts(o);
    double begin = lem_clock_seconds();
    lem_status st = LEM_OK;
    engine.sink = take;
    engine.sink_ctx = &r;
    LEM_TRY(lem_annotate_check(o, err));
    r.missing = lem_alloc((size_t)o->n, sizeof *r.missing, err);
    if (!r.missing) LEM_TRY(LEM_EMEM);
    LEM_TRY(lem_engine_open(w, config, tok, b, &engine, &r.engine, err));
    r.pages = lem_engine_count(r.engine).free_pages;
    LEM_TRY(work(&r, cancel, err));
done:
    close_run(&r);
    r.stats.seconds = lem_clock_seconds() - begin;
    if (stats) *stats = r.stats;
    return st;
}
