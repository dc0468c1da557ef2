/* scorer.c - outcome scores over a forest of problems with their responses */
#include "reward/scorer.h"

#include "core/mem.h"

struct lem_scorer {
    lem_session *session;
    lem_backend *b;
    int max_rows, limit;
    uint64_t tokens;
    lem_feed *feeds; /* [cap] of the pass being gathered */
    int *nodes, *rows;
    float **target; /* where the score of a feed goes; NULL for prompts */
    float *scores;
    int n, cap, gathered; /* feeds, capacity, tokens */
};

lem_status lem_scorer_new(const lem_model *m, const lem_weights *w, lem_backend *b, int max_rows, lem_scorer **out, lem_err *err) {
    if (m->config.head != LEM_HEAD_SCALAR) return lem_fail(err, LEM_EDATA, "the model has no reward head (score.weight)");
    lem_scorer *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    lem_status st = LEM_OK;
    s->b = b;
    s->max_rows = max_rows;
    s->limit = m->config.max_positions < max_rows ? m->config.max_positions : max_rows;
    s->cap = max_rows;
    s->feeds = lem_alloc((size_t)s->cap, sizeof *s->feeds, err);
    s->nodes = lem_alloc((size_t)s->cap, sizeof *s->nodes, err);
    s->rows = lem_alloc((size_t)s->cap, sizeof *s->rows, err);
    s->target = lem_alloc((size_t)s->cap, sizeof *s->target, err);
    s->scores = lem_alloc((size_t)s->cap, sizeof *s->scores, err);
    if (!s->feeds || !s->nodes || !s->rows || !s->target || !s->scores) {
        st = LEM_EMEM;
        goto done;
    }
    /* Every node takes at most one page more than its tokens fill. */
    LEM_TRY(lem_session_new(w, b, max_rows + 8, max_rows, &s->session, err));
    *out = s;
done:
    if (st) lem_scorer_free(s);
    return st;
}

void lem_scorer_free(lem_scorer *s) {
    if (!s) return;
    lem_session_free(s->session);
    lem_free(s->feeds);
    lem_free(s->nodes);
    lem_free(s->rows);
    lem_free(s->target);
    lem_free(s->scores);
    lem_free(s);
}

int lem_scorer_limit(const lem_scorer *s) { return s->limit; }
uint64_t lem_scorer_tokens(const lem_scorer *s) { return s->tokens; }

static lem_status gather(lem_scorer *s, int parent, const int32_t *ids, int n, float *target, int *node, lem_err *err) {
    lem_status st = lem_session_node(s->session, parent, node, err);
    if (st) return st;
    s->feeds[s->n] = (lem_feed){*node, ids, n};
    s->nodes[s->n] = *node;
    s->target[s->n++] = target;
    s->gathered += n;
    return LEM_OK;
}

static lem_status flush(lem_scorer *s, lem_err *err) {
    lem_status st = LEM_OK;
    if (s->n == 0) return LEM_OK;
    LEM_TRY(lem_session_step(s->session, s->feeds, s->n, err));
    int R = 0;
    for (int i = 0; i < s->n; i++)
        if (s->target[i]) s->rows[R++] = lem_session_row(s->session, i, s->feeds[i].n - 1);
    LEM_TRY(lem_session_scores(s->session, R, s->rows, s->scores, err));
    for (int i = 0, k = 0; i < s->n; i++)
        if (s->target[i]) *s->target[i] = s->scores[k++];
    s->tokens += (uint64_t)s->gathered;
done:
    for (int i = s->n; i-- > 0;) lem_session_drop(s->session, s->nodes[i]);
    s->n = s->gathered = 0;
    return st;
}

lem_status lem_scorer_run(lem_scorer *s, const lem_score_item *items, int n, lem_err *err) {
    lem_status st = LEM_OK;
    for (int i = 0; i < n; i++) {
        const lem_score_item *it = &items[i];
        int root = -1;
        for (int k = 0; k < it->n; k++) {
            int need = it->n_prompt + it->n_response[k];
            if (need > s->limit) return lem_fail(err, LEM_EDATA, "prompt and response of %d tokens exceed the limit of %d", need, s->limit);
            if (s->gathered + it->n_response[k] + (root < 0 ? it->n_prompt : 0) > s->max_rows) {
                LEM_TRY(flush(s, err));
                root = -1; /* its node went with the pass: the prompt is fed again */
            }
            if (root < 0) LEM_TRY(gather(s, -1, it->prompt, it->n_prompt, NULL, &root, err));
            int node;
            LEM_TRY(gather(s, root, it->response[k], it->n_response[k], &it->score[k], &node, err));
        }
    }
    LEM_TRY(flush(s, err));
done:
    return st;
}
