/* sft.c - response-only cross-entropy over examples as forest roots */
#include "train/sft.h"

#include "core/mem.h"

#include <stdio.h>
#include <string.h>

typedef struct sums {
    uint64_t tokens; /* that are trained */
    double loss;
} sums;

struct lem_sft {
    const lem_examples *e;
    sums all, domain[LEM_MAX_DOMAINS];                                /* of the batch */
    char name[2][LEM_MAX_DOMAINS][sizeof "tokens/" + LEM_DOMAIN_LEN]; /* of their metrics */
};

lem_status lem_sft_new(const lem_examples *e, lem_sft **out, lem_err *err) {
    lem_sft *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->e = e;
    for (int d = 0; d < e->domains.n; d++) {
        snprintf(s->name[0][d], sizeof s->name[0][d], "loss/%s", e->domains.name[d]);
        snprintf(s->name[1][d], sizeof s->name[1][d], "tokens/%s", e->domains.name[d]);
    }
    *out = s;
    return LEM_OK;
}

void lem_sft_free(lem_sft *s) { lem_free(s); }

static int item_rows(void *ctx, uint64_t i) {
    const lem_sft *s = ctx;
    return (int)(s->e->start[i + 1] - s->e->start[i]);
}

static int item_nodes(void *ctx, uint64_t i) {
    (void)ctx;
    (void)i;
    return 1;
}

/* The first token has nothing before it that could predict it. */
static uint64_t trained_tokens(const lem_examples *e, uint64_t i) {
    uint64_t n = 0;
    for (uint64_t t = e->start[i] + 1; t < e->start[i + 1]; t++) n += e->mask[t];
    return n;
}

static lem_status begin(void *ctx, const uint64_t *items, int n, lem_err *err) {
    lem_sft *s = ctx;
    s->all = (sums){0};
    memset(s->domain, 0, sizeof s->domain);
    for (int i = 0; i < n; i++) {
        uint64_t tokens = trained_tokens(s->e, items[i]);
        s->all.tokens += tokens;
        s->domain[s->e->domain[items[i]]].tokens += tokens;
    }
    return s->all.tokens ? LEM_OK : lem_fail(err, LEM_EDATA, "a batch trains on zero tokens");
}

static lem_status add(void *ctx, uint64_t item, lem_forest *f, lem_targets *list, lem_err *err) {
    const lem_sft *s = ctx;
    const lem_examples *e = s->e;
    uint64_t a = e->start[item], b = e->start[item + 1];
    int row0 = f->n_rows;
    lem_status st = lem_forest_add(f, -1, e->ids + a, (int)(b - a), NULL, err);
    for (uint64_t t = a + 1; st == LEM_OK && t < b; t++) {
        if (!e->mask[t]) continue;
        lem_target x = {.kind = LEM_TARGET_TOKEN,
                        .row = row0 + (int)(t - 1 - a),
                        .token = e->ids[t],
                        .weight = 1.0 / (double)s->all.tokens,
                        .group = e->domain[item]};
        st = lem_targets_add(list, &x, err);
    }
    return st;
}

static void note(void *ctx, const lem_target *t, int n) {
    lem_sft *s = ctx;
    for (int i = 0; i < n; i++) {
        s->all.loss += t[i].loss;
        s->domain[t[i].group].loss += t[i].loss;
    }
}

static int end(void *ctx, lem_train_metric *out) {
    const lem_sft *s = ctx;
    int n = 2;
    out[0] = (lem_train_metric){"loss", s->all.loss / (double)s->all.tokens};
    out[1] = (lem_train_metric){"tokens", (double)s->all.tokens};
    for (int d = 0; s->e->domains.n > 1 && d < s->e->domains.n; d++) {
        const sums *x = &s->domain[d];
        if (x->tokens == 0) continue;
        out[n++] = (lem_train_metric){s->name[0][d], x->loss / (double)x->tokens};
        out[n++] = (lem_train_metric){s->name[1][d], (double)x->tokens};
    }
    return n;
}

lem_objective lem_sft_objective(lem_sft *s) {
    return (lem_objective){.ctx = s,
                           .n_items = s->e->n,
                           .rows = item_rows,
                           .nodes = item_nodes,
                           .begin = begin,
                           .add = add,
                           .note = note,
                           .end = end};
}
