/* divergence.c - next-token distributions of two sets of weights side by side */
#include "model/divergence.h"

#include "compute/buffer.h"
#include "core/mem.h"
#include "model/weights_open.h"

#include <math.h>

enum { STEP = 128 /* tokens of a pass */, BLOCK = 16 /* rows of logits at a time */ };

typedef struct side {
    lem_session *s;
    float *logits; /* [BLOCK,V] of the host */
} side;

struct lem_divergence {
    lem_backend *b;
    int vocab;
    lem_buffer rows; /* [BLOCK,V] */
    side side[2];
};

void lem_divergence_free(lem_divergence *d) {
    if (!d) return;
    for (int i = 0; i < 2; i++) {
        lem_session_free(d->side[i].s);
        lem_free(d->side[i].logits);
    }
    lem_buffer_release(&d->rows);
    lem_free(d);
}

lem_status lem_divergence_new(const lem_weights *p, const lem_weights *q, lem_backend *b, int longest,
                              lem_divergence **out, lem_err *err) {
    const lem_model_config *c[] = {lem_weights_config(p), lem_weights_config(q)};
    const lem_weights *w[] = {p, q};
    lem_status st = LEM_OK;
    if (c[0]->vocab != c[1]->vocab)
        return lem_fail(err, LEM_EDATA, "vocabularies of %d and %d tokens", c[0]->vocab, c[1]->vocab);
    lem_divergence *d = lem_alloc_zero(1, sizeof *d, err);
    if (!d) return LEM_EMEM;
    const size_t n = (size_t)BLOCK * (size_t)c[0]->vocab;
    d->b = b;
    d->vocab = c[0]->vocab;
    LEM_TRY(lem_buffer_init(&d->rows, b, n * sizeof(float), true, err));
    for (int i = 0; i < 2; i++) {
        LEM_TRY(lem_session_new(w[i], b, longest / LEM_PAGE_KEYS + 2, STEP, &d->side[i].s, err));
        d->side[i].logits = lem_alloc(n, sizeof(float), err);
        if (!d->side[i].logits) LEM_TRY(LEM_EMEM);
    }
    *out = d;
    d = NULL;
done:
    lem_divergence_free(d);
    return st;
}

typedef struct row_sums {
    double lse;
    int top;
} row_sums;

static row_sums sums_of(const float *x, int V) {
    row_sums r = {0, 0};
    for (int v = 1; v < V; v++)
        if (x[v] > x[r.top]) r.top = v;
    for (int v = 0; v < V; v++) r.lse += exp((double)x[v] - (double)x[r.top]);
    r.lse = (double)x[r.top] + log(r.lse);
    return r;
}

/* Never below 0 but for rounding. */
static void add_row(const float *p, const float *q, int V, lem_divergence_sums *sums) {
    const row_sums a = sums_of(p, V), b = sums_of(q, V);
    double kl = 0;
    for (int v = 0; v < V; v++) {
        const double lp = (double)p[v] - a.lse, lq = (double)q[v] - b.lse;
        kl += exp(lp) * (lp - lq);
    }
    if (kl < 0) kl = 0;
    sums->tokens++;
    sums->same += a.top == b.top;
    sums->kl += kl;
    if (!(kl <= sums->largest)) sums->largest = kl;
}

/* Logits of rows of the last step, to the host. */
static lem_status take(lem_divergence *d, side *s, int n, const int *rows, lem_err *err) {
    lem_session_logits(s->s, n, rows, d->rows.at);
    d->b->ops->copy_out(d->b, s->logits, d->rows.at, (size_t)n * (size_t)d->vocab * sizeof(float));
    return d->b->ops->sync(d->b, err);
}

/* The tokens that rows first .. last-1 of the step predict. */
static lem_status compare(lem_divergence *d, int first, int last, lem_divergence_sums *sums, lem_err *err) {
    lem_status st = LEM_OK;
    for (int at = first; at < last; at += BLOCK) {
        const int n = last - at < BLOCK ? last - at : BLOCK;
        for (int i = 0; i < 2; i++) {
            int rows[BLOCK];
            for (int k = 0; k < n; k++) rows[k] = lem_session_row(d->side[i].s, 0, at + k);
            LEM_TRY(take(d, &d->side[i], n, rows, err));
        }
        for (size_t k = 0; k < (size_t)n; k++)
            add_row(d->side[0].logits + k * (size_t)d->vocab, d->side[1].logits + k * (size_t)d->vocab,
                    d->vocab, sums);
    }
    if (!isfinite(sums->kl)) st = lem_fail(err, LEM_ENUMERIC, "logits are not finite");
done:
    return st;
}

static lem_status add_nodes(lem_divergence *d, const int node[2], const int32_t *ids, int n, int from,
                            const lem_cancel *cancel, lem_divergence_sums *sums, lem_err *err) {
    lem_status st = LEM_OK;
    for (int at = 0; at < n - 1; at += STEP) {
        const int m = n - 1 - at < STEP ? n - 1 - at : STEP;
        const int first = from - 1 > at ? from - 1 - at : 0;
        LEM_TRY(lem_cancel_check(cancel, err));
        for (int i = 0; i < 2; i++)
            LEM_TRY(lem_session_step(d->side[i].s, &(lem_feed){node[i], ids + at, m}, 1, err));
        LEM_TRY(compare(d, first, m, sums, err));
    }
done:
    return st;
}

lem_status lem_divergence_add(lem_divergence *d, const int32_t *ids, int n, int from,
                              const lem_cancel *cancel, lem_divergence_sums *sums, lem_err *err) {
    int node[2] = {-1, -1};
    lem_status st = LEM_OK;
    for (int i = 0; i < 2; i++) LEM_TRY(lem_session_node(d->side[i].s, -1, &node[i], err));
    st = add_nodes(d, node, ids, n, from, cancel, sums, err);
done:
    for (int i = 0; i < 2; i++)
        if (node[i] >= 0) lem_session_drop(d->side[i].s, node[i]);
    return st;
}
