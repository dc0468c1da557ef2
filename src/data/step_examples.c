/* step_examples.c - labelled solutions to token ids */
#include "data/step_examples.h"

#include "core/mem.h"
#include "core/rng.h"
#include "prompt/rlhflow.h"

#include <string.h>

enum { NAMED = 3 };

void lem_step_examples_release(lem_step_examples *e) {
    lem_free(e->ids);
    lem_free(e->label);
    lem_free(e->also);
    lem_free(e->start);
    *e = (lem_step_examples){0};
}

static lem_status grow_ids(lem_step_examples *e, size_t more, lem_err *err) {
    uint64_t cap = e->cap_ids ? e->cap_ids : 4096;
    while (cap < e->n_ids + more) cap *= 2;
    if (cap == e->cap_ids) return LEM_OK;
    int32_t *ids = lem_realloc(e->ids, cap, sizeof *ids, err);
    if (ids) e->ids = ids;
    float *label = lem_realloc(e->label, cap, sizeof *label, err);
    if (label) e->label = label;
    uint8_t *also = lem_realloc(e->also, cap, 1, err);
    if (also) e->also = also;
    if (!ids || !label || !also) return LEM_EMEM;
    e->cap_ids = cap;
    return LEM_OK;
}

static lem_status grow_starts(lem_step_examples *e, lem_err *err) {
    if (e->n + 1 < e->cap_n) return LEM_OK;
    uint64_t cap = e->cap_n ? 2 * e->cap_n : 256;
    uint64_t *p = lem_realloc(e->start, cap, sizeof *p, err);
    if (!p) return LEM_EMEM;
    if (e->n == 0) p[0] = 0;
    e->start = p;
    e->cap_n = cap;
    return LEM_OK;
}

typedef struct loader {
    const lem_tokenizer *t;
    const lem_step_load *how;
    lem_rendering r;
    uint8_t *trained; /* of RLHFlow's rendering, else NULL */
    char *sign;       /* [cap_sign] */
    int cap_sign;
} loader;

/* The signs of a solution; steps that are not trained have '+', as when scores are read. */
static lem_status make_signs(loader *l, const lem_steps_solution *s, lem_err *err) {
    if (s->n > l->cap_sign) {
        char *p = lem_realloc(l->sign, (size_t)s->n, 1, err);
        if (!p) return LEM_EMEM;
        l->sign = p;
        l->cap_sign = s->n;
    }
    for (int i = 0; i < s->n; i++) {
        float v = s->label[i];
        if (v > 0 && v < 1)
            return lem_fail(err, LEM_EDATA, "a label of %g; the signs of RLHFlow are hard", (double)v);
        l->sign[i] = v < 0 || v > 0 ? '+' : '-';
    }
    return LEM_OK;
}

static lem_status render(loader *l, const lem_steps_solution *s, lem_err *err) {
    lem_free(l->trained);
    l->trained = NULL;
    if (!l->how->rlhflow)
        return lem_prompt_steps(l->how->recipe, l->t, s->problem, s->step, s->n, &l->r, err);
    lem_status st = make_signs(l, s, err);
    return st ? st
              : lem_prompt_rlhflow(l->how->recipe, l->t, s->problem, s->step, l->sign, s->n, &l->r,
                                   &l->trained, err);
}

/* The tokens around each sign that RLHFlow trains, of steps that are trained at all; the sign itself is what
 * the label says. */
static void mark_also(const loader *l, const lem_steps_solution *s, uint8_t *also) {
    for (int i = 0; i < s->n; i++) {
        size_t at = (size_t)l->r.at[i];
        if (s->label[i] < 0) continue;
        also[at] = l->trained[at];
        if (at + 2 < l->r.ids.len) also[at + 2] = l->trained[at + 2];
    }
}

static lem_status add(loader *l, lem_step_examples *e, const lem_steps_solution *s, lem_err *err) {
    const lem_rendering *r = &l->r;
    lem_status st = LEM_OK;
    LEM_TRY(grow_ids(e, r->ids.len, err));
    LEM_TRY(grow_starts(e, err));
    float *label = e->label + e->n_ids;
    memcpy(e->ids + e->n_ids, r->ids.data, r->ids.len * sizeof *r->ids.data);
    memset(e->also + e->n_ids, 0, r->ids.len);
    for (size_t i = 0; i < r->ids.len; i++) label[i] = -1;
    for (int i = 0; i < s->n; i++) {
        label[r->at[i]] = s->label[i];
        e->labels += s->label[i] >= 0;
        e->right += s->label[i] >= 0.5f;
    }
    if (l->trained) mark_also(l, s, e->also + e->n_ids);
    e->n_ids += r->ids.len;
    e->start[++e->n] = e->n_ids;
    if (r->ids.len > e->longest) e->longest = r->ids.len;
done:
    return st;
}

static bool has_label(const lem_steps_solution *s) {
    for (int i = 0; i < s->n; i++)
        if (s->label[i] >= 0) return true;
    return false;
}

static bool is_held(const lem_step_load *how, uint64_t key) {
    lem_rng r = lem_rng_make(how->seed, "held problems", key);
    return how->held_share > 0 && lem_rng_unit_at(&r, 0) < how->held_share;
}

typedef struct place { /* where a solution stands, for messages */
    const char *path;
    unsigned long long line;
    lem_log *log;
} place;

static lem_status take(loader *l, lem_step_examples *e, const lem_steps_solution *s, lem_step_counts *c,
                       const place *p, lem_err *err) {
    c->solutions++;
    c->joined += s->joined;
    if (!has_label(s)) {
        if (c->unlabelled++ < NAMED)
            lem_warn(p->log, "%s:%llu: left out: no step has a label to be trained", p->path, p->line);
        return LEM_OK;
    }
    lem_status st = render(l, s, err);
    if (st) return st;
    if (l->r.n_at != s->n) return lem_fail(err, LEM_EDATA, "%d steps, %d places to read", s->n, l->r.n_at);
    if (l->r.ids.len > (size_t)l->how->max_len) {
        if (c->too_long++ < NAMED)
            lem_warn(p->log, "%s:%llu: left out: %zu tokens, --max-len is %d", p->path, p->line, l->r.ids.len,
                     l->how->max_len);
        return LEM_OK;
    }
    c->kept++;
    return add(l, e, s, err);
}

/* What the rows before one made, so that all of a row can be taken back. */
typedef struct mark {
    lem_step_examples e, held;
    lem_step_counts counts;
    uint64_t row;
} mark;

static mark mark_of(const lem_step_examples *e, const lem_step_examples *held, const lem_step_counts *c,
                    uint64_t row) {
    return (mark){*e, held ? *held : (lem_step_examples){0}, *c, row};
}

static void go_back(lem_step_examples *e, const lem_step_examples *to) {
    e->n = to->n;
    e->n_ids = to->n_ids;
    e->labels = to->labels;
    e->right = to->right;
    e->longest = to->longest;
}

lem_status lem_step_examples_load(lem_step_examples *e, lem_step_examples *held, const char *path,
                                  const lem_tokenizer *t, const lem_step_load *how, lem_step_counts *counts,
                                  lem_log *log, lem_err *err) {
    loader l = {.t = t, .how = how};
    lem_steps *rows = NULL;
    lem_steps_solution s;
    mark before = mark_of(e, held, counts, 0);
    uint64_t left_out = 0; /* a row whose other solutions go, too */
    lem_status st = lem_steps_open(path, &how->rows, log, &rows, err);
    for (;;) {
        if (st == LEM_OK) st = lem_steps_next(rows, &s, err);
        if (st || s.n == 0) break;
        if (s.row == left_out) continue;
        if (s.row != before.row) before = mark_of(e, held, counts, s.row);
        place p = {path, (unsigned long long)s.line, log};
        st = take(&l, is_held(how, s.key) ? held : e, &s, counts, &p, err);
        if (st == LEM_OK) continue;
        st = lem_steps_failed(rows, st, err);
        if (st) lem_err_context(err, "%s:%llu", path, p.line);
        go_back(e, &before.e);
        if (held) go_back(held, &before.held);
        *counts = before.counts;
        left_out = s.row;
    }
    if (rows) {
        counts->rows += lem_steps_rows(rows);
        counts->empty_steps += lem_steps_empty(rows);
    }
    lem_steps_close(rows);
    lem_rendering_release(&l.r);
    lem_free(l.trained);
    lem_free(l.sign);
    return st;
}
