/* scorer.c - a prefix tree over sequences, fed step by step; head or log-probabilities read at the tokens
 * asked for */
#include "reward/scorer.h"

#include "core/mem.h"
#include "model/weights_open.h"

#include <math.h>
#include <string.h>

enum { NODES_MIN = 64, TOKENS_PER_NODE = 16 };

typedef struct trie_node {
    const int32_t *ids; /* of a sequence that runs through it */
    int from, to;       /* its tokens in that sequence */
    int parent;         /* -1 = root */
    int session, fed;   /* its node, -1 = none yet; how many of its tokens were fed */
    int feed, n_feed;   /* of this step: the last n_feed of those fed */
    int read;           /* the first of its tokens, in that sequence, that is read; INT32_MAX: none */
} trie_node;

typedef struct pass_size {             /* the most of what a pass had */
    int tokens, nodes, reads, longest; /* longest: of a sequence */
} pass_size;

struct lem_scorer {
    lem_session *session;
    const lem_weights *w; /* NULL: it only counts */
    pass_size most;
    lem_backend *b;
    lem_head_reading how; /* unused for log-probabilities */
    bool logprobs;
    int32_t sign[2]; /* good, bad */
    int max_rows, max_nodes, limit, vocab;
    int room; /* tokens of a pass: max_rows, or the longest sequence that there was */
    int tail; /* where the last sequence of the pass ends, -1 = none */
    uint64_t tokens;
    trie_node *node;            /* [max_nodes] of the pass being gathered */
    lem_feed *feeds;            /* [max_nodes] */
    int n, gathered;            /* nodes, tokens */
    int *order, *scratch, *end; /* items by their tokens; the node where each ends */
    int cap_items;
    int *rows;      /* of the reads of a step */
    float **target; /* where each goes */
    int32_t *next;  /* the token behind each read, for log-probabilities */
    float *outputs; /* [R, outputs] */
    int n_reads, cap_reads;
};

static lem_status check_head(const lem_model_config *c, const lem_head_reading *how, int32_t good,
                             int32_t bad, lem_err *err) {
    if (!how)
        return c->head == LEM_HEAD_LM || c->tied
                   ? LEM_OK /* a tied embedding is the language model's head, whatever stands beside it */
                   : lem_fail(
                         err, LEM_EDATA,
                         "log-probabilities need a language model; this model has a reward head in place "
                         "of one");
    bool tokens = lem_head_is_tokens(how->kind);
    if (tokens ? c->head != LEM_HEAD_LM : c->head == LEM_HEAD_LM || c->reward.outputs != how->outputs)
        return lem_fail(err, LEM_EDATA, "the model has no such head: %s", lem_head_kind_name(how->kind));
    if (tokens && (good < 0 || good >= c->vocab || bad < 0 || bad >= c->vocab || good == bad))
        return lem_fail(err, LEM_EDATA, "the signs of the reward are ids %d and %d of a vocabulary of %d",
                        (int)good, (int)bad, c->vocab);
    return LEM_OK;
}

static int nodes_for(int max_rows) {
    return max_rows / TOKENS_PER_NODE < NODES_MIN ? NODES_MIN : max_rows / TOKENS_PER_NODE;
}

static lem_status alloc_pass(lem_scorer *s, lem_err *err) {
    s->node = lem_alloc((size_t)s->max_nodes, sizeof *s->node, err);
    s->feeds = lem_alloc((size_t)s->max_nodes, sizeof *s->feeds, err);
    return s->node && s->feeds ? LEM_OK : LEM_EMEM;
}

/* Every node takes at most one page more than its tokens fill. */
static int pages_of(int tokens, int nodes) { return tokens / LEM_PAGE_KEYS + nodes + 1; }

/* A session whose passes are of `room` tokens. */
static lem_status open_session(lem_scorer *s, int room, lem_err *err) {
    lem_session_free(s->session);
    s->session = NULL;
    s->room = 0;
    int pages = pages_of(room, s->max_nodes);
    lem_status st = s->w ? lem_session_new(s->w, s->b, pages, s->max_rows, &s->session, err) : LEM_OK;
    if (st == LEM_OK) s->room = room;
    return st;
}

/* w NULL: it only counts. */
static lem_status open_scorer(const lem_model_config *c, const lem_weights *w, lem_backend *b,
                              const lem_head_reading *how, int32_t good, int32_t bad, int max_rows,
                              lem_scorer **out, lem_err *err) {
    lem_status st = check_head(c, how, good, bad, err);
    if (st) return st;
    lem_scorer *s = lem_alloc_zero(1, sizeof *s, err);
    if (!s) return LEM_EMEM;
    s->w = w;
    s->b = b;
    s->logprobs = !how;
    if (how) s->how = *how;
    s->sign[0] = good;
    s->sign[1] = bad;
    s->max_rows = max_rows;
    s->max_nodes = nodes_for(max_rows);
    s->limit = c->max_positions;
    s->vocab = c->vocab;
    s->tail = -1;
    LEM_TRY(alloc_pass(s, err));
    LEM_TRY(open_session(s, max_rows, err));
    *out = s;
    s = NULL;
done:
    lem_scorer_free(s);
    return st;
}

lem_status lem_scorer_new(const lem_weights *w, lem_backend *b, const lem_head_reading *how, int32_t good,
                          int32_t bad, int max_rows, lem_scorer **out, lem_err *err) {
    return open_scorer(lem_weights_config(w), w, b, how, good, bad, max_rows, out, err);
}

lem_status lem_scorer_plan(const lem_model_config *c, const lem_head_reading *how, int32_t good, int32_t bad,
                           int max_rows, lem_scorer **out, lem_err *err) {
    return open_scorer(c, NULL, NULL, how, good, bad, max_rows, out, err);
}

static int min_int(int a, int b) { return a < b ? a : b; }
static int max_int(int a, int b) { return a > b ? a : b; }

/* What reading R tokens' logits takes of the session's block of them. */
static size_t logits_bytes(const lem_scorer *s, const lem_model_config *c, int R) {
    size_t some = (size_t)R * (size_t)c->vocab * sizeof(float), all = lem_session_head_bytes(c);
    bool logits = s ? s->logprobs || lem_head_is_tokens(s->how.kind) : c->head == LEM_HEAD_LM;
    if (!logits) return 0;
    return some < all ? some : all;
}

size_t lem_scorer_bytes(const lem_scorer *s, const lem_model_config *c, lem_dtype kv, int max_rows) {
    const pass_size any = {max_rows, nodes_for(max_rows), max_rows, min_int(max_rows, c->max_positions)},
                    *m = s && s->most.tokens ? &s->most : &any;
    int tokens = min_int(m->tokens, max_int(max_rows, m->longest)),
        nodes = min_int(m->nodes, nodes_for(max_rows));
    size_t read =
        sizeof *s->rows + sizeof *s->target + sizeof *s->next + LEM_HEAD_OUTPUTS_MAX * sizeof *s->outputs;
    return lem_session_used_bytes(c, kv, pages_of(tokens, nodes), min_int(tokens, max_rows)) +
           logits_bytes(s, c, m->reads) + (size_t)m->reads * read +
           (size_t)nodes * (sizeof *s->node + sizeof *s->feeds);
}

void lem_scorer_expect(lem_scorer *s, int tokens, int nodes, int reads, int longest) {
    s->most = (pass_size){tokens, nodes, reads, longest};
}

int lem_scorer_longest(const lem_scorer *s) { return s->most.longest; }
int lem_scorer_widest(const lem_scorer *s) { return s->most.tokens; }

void lem_scorer_free(lem_scorer *s) {
    if (!s) return;
    lem_session_free(s->session);
    lem_free(s->node);
    lem_free(s->feeds);
    lem_free(s->order);
    lem_free(s->scratch);
    lem_free(s->end);
    lem_free(s->rows);
    lem_free(s->target);
    lem_free(s->next);
    lem_free(s->outputs);
    lem_free(s);
}

int lem_scorer_limit(const lem_scorer *s) { return s->limit; }
uint64_t lem_scorer_tokens(const lem_scorer *s) { return s->tokens; }

/* ---- order ---- */

static int common(const lem_score_item *a, const lem_score_item *b) {
    int n = a->n < b->n ? a->n : b->n, i = 0;
    while (i < n && a->ids[i] == b->ids[i]) i++;
    return i;
}

static bool after(const lem_score_item *a, const lem_score_item *b) {
    int i = common(a, b);
    if (i == a->n || i == b->n) return a->n > b->n;
    return a->ids[i] > b->ids[i];
}

/* Stable merge sort of s->order by the tokens of the items. */
static void sort_items(lem_scorer *s, const lem_score_item *items, int n) {
    for (int i = 0; i < n; i++) s->order[i] = i;
    for (int width = 1; width<n; width = width> n / 2 ? n : 2 * width) {
        for (int lo = 0; lo<n; lo = n - lo> 2 * width ? lo + 2 * width : n) {
            int mid = n - lo < width ? n : lo + width, hi = n - mid < width ? n : mid + width, a = lo,
                b = mid;
            for (int k = lo; k < hi; k++) {
                bool right = a == mid || (b < hi && after(&items[s->order[a]], &items[s->order[b]]));
                s->scratch[k] = s->order[right ? b++ : a++];
            }
        }
        memcpy(s->order, s->scratch, (size_t)n * sizeof *s->order);
    }
}

/* ---- the tree of a pass ---- */

static int add_node(lem_scorer *s, const int32_t *ids, int from, int to, int parent) {
    s->node[s->n] = (trie_node){ids, from, to, parent, .session = -1, .read = INT32_MAX};
    return s->n++;
}

/* Appends a sequence that has `shared` tokens in common with the last one. The caller made sure of room. */
static int add_sequence(lem_scorer *s, const lem_score_item *it, int shared) {
    int at = s->tail;
    while (at >= 0 && s->node[at].from >= shared) at = s->node[at].parent;
    if (at >= 0 && s->node[at].to >
                       shared) { /* split: the upper part is new, so that what hangs below keeps its parent */
        trie_node *x = &s->node[at];
        int upper = add_node(s, x->ids, x->from, shared, x->parent);
        x->from = shared;
        x->parent = upper;
        at = upper;
    }
    if (it->n > shared) {
        at = add_node(s, it->ids, shared, it->n, at);
        s->gathered += it->n - shared;
    }
    return s->tail = at;
}

/* Of node i and those above it the first that is not wholly fed; -1: all are. */
static int first_unfed(const lem_scorer *s, int i) {
    int first = -1;
    for (int at = i; at >= 0; at = s->node[at].parent)
        if (s->node[at].fed < s->node[at].to - s->node[at].from) first = at;
    return first;
}

/* Its next tokens, *left at most, as feed n. */
static lem_status make_feed(lem_scorer *s, int i, int n, int *left, lem_err *err) {
    trie_node *x = &s->node[i];
    int rest = x->to - x->from - x->fed, take = rest < *left ? rest : *left;
    lem_status st = LEM_OK;
    if (x->session < 0)
        st = lem_session_node(s->session, x->parent < 0 ? -1 : s->node[x->parent].session, &x->session, err);
    if (st) return st;
    const int first = x->from + x->fed, unread = max_int(0, min_int(take, x->read - first));
    s->feeds[n] = (lem_feed){x->session, x->ids + first, take, unread};
    x->feed = n;
    x->n_feed = take;
    x->fed += take;
    *left -= take;
    return LEM_OK;
}

/* Feeds what a step takes of the tree, parents before children; *fed = false when all is fed. */
static lem_status feed_step(lem_scorer *s, bool *fed, lem_err *err) {
    int n = 0, left = s->max_rows;
    for (int i = 0; i < s->n; i++) s->node[i].n_feed = 0;
    for (int i = 0, at; i < s->n && left > 0; i++)
        while (left > 0 && (at = first_unfed(s, i)) >= 0) {
            lem_status st = make_feed(s, at, n++, &left, err);
            if (st) return st;
        }
    *fed = n > 0;
    return n > 0 ? lem_session_step(s->session, s->feeds, n, err) : LEM_OK;
}

/* ---- reading ---- */

static lem_status room_for_reads(lem_scorer *s, int n, lem_err *err) {
    if (n <= s->cap_reads) return LEM_OK;
    int cap = n + n / 2 + 64;
    int *rows = lem_realloc(s->rows, (size_t)cap, sizeof *rows, err);
    if (rows) s->rows = rows;
    float **target = lem_realloc(s->target, (size_t)cap, sizeof *target, err);
    if (target) s->target = target;
    int32_t *next = lem_realloc(s->next, (size_t)cap, sizeof *next, err);
    if (next) s->next = next;
    float *outputs = lem_realloc(s->outputs, (size_t)cap * LEM_HEAD_OUTPUTS_MAX, sizeof *outputs, err);
    if (outputs) s->outputs = outputs;
    if (!rows || !target || !next || !outputs) return LEM_EMEM;
    s->cap_reads = cap;
    return LEM_OK;
}

static void mark_reads(lem_scorer *s, const lem_score_item *it, int end) {
    for (int k = it->n_at, at = end; k-- > 0;) {
        while (s->node[at].from > it->at[k]) at = s->node[at].parent;
        s->node[at].read = min_int(s->node[at].read, it->at[k]);
    }
}

/* Those of an item's tokens that were fed in this step. */
static lem_status list_reads(lem_scorer *s, const lem_score_item *it, int end, lem_err *err) {
    lem_status st = room_for_reads(s, s->n_reads + it->n_at, err);
    if (st) return st;
    for (int k = it->n_at, at = end; k-- > 0;) {
        while (s->node[at].from > it->at[k]) at = s->node[at].parent;
        const trie_node *x = &s->node[at];
        int token = it->at[k] - x->from - (x->fed - x->n_feed); /* of its feed */
        if (token < 0 || token >= x->n_feed) continue;
        s->rows[s->n_reads] = lem_session_row(s->session, x->feed, token);
        if (s->logprobs) s->next[s->n_reads] = it->ids[it->at[k] + 1];
        s->target[s->n_reads++] = &it->value[k];
    }
    return LEM_OK;
}

static lem_status read_values(lem_scorer *s, lem_err *err) {
    lem_status st = LEM_OK;
    if (s->logprobs) st = lem_session_logprobs(s->session, s->n_reads, s->rows, s->next, s->outputs, err);
    else if (lem_head_is_tokens(s->how.kind))
        st = lem_session_token_logits(s->session, s->n_reads, s->rows, 2, s->sign, s->outputs, err);
    else st = lem_session_scores(s->session, s->n_reads, s->rows, s->outputs, err);
    for (int i = 0; st == LEM_OK && i < s->n_reads; i++) {
        float v = s->logprobs ? s->outputs[i]
                              : lem_head_value(&s->how, s->outputs + (size_t)i * (size_t)s->how.outputs);
        if (!isfinite(v))
            st =
                lem_fail(err, LEM_ENUMERIC, "a %s is not finite", s->logprobs ? "log-probability" : "reward");
        *s->target[i] = v;
    }
    return st;
}

/* Of the pass: the items order[first..last). */
static void count(lem_scorer *s, const lem_score_item *items, int first, int last) {
    int reads = 0, longest = 0;
    for (int i = first; i < last; i++) {
        const lem_score_item *it = &items[s->order[i]];
        reads += it->n_at;
        longest = max_int(longest, it->n);
        for (int k = 0; !s->w && k < it->n_at; k++) it->value[k] = 0;
    }
    const pass_size m = s->most;
    s->most = (pass_size){max_int(m.tokens, s->gathered), max_int(m.nodes, s->n), max_int(m.reads, reads),
                          max_int(m.longest, longest)};
}

/* Computes the pass: the items order[first..last). */
static lem_status flush(lem_scorer *s, const lem_score_item *items, int first, int last, lem_err *err) {
    lem_status st = LEM_OK;
    bool fed = s->w && s->n > 0;
    count(s, items, first, last);
    for (int i = first; i < last; i++) mark_reads(s, &items[s->order[i]], s->end[i]);
    while (fed) {
        LEM_TRY(feed_step(s, &fed, err));
        s->n_reads = 0;
        for (int i = first; fed && i < last; i++) LEM_TRY(list_reads(s, &items[s->order[i]], s->end[i], err));
        if (s->n_reads) LEM_TRY(read_values(s, err));
    }
    s->tokens += (uint64_t)s->gathered;
done:
    for (int i = 0; i < s->n; i++)
        if (s->node[i].session >= 0) lem_session_drop(s->session, s->node[i].session);
    s->n = s->gathered = 0;
    s->tail = -1;
    return st;
}

/* The next item is longer than all before it. */
static lem_status make_room(lem_scorer *s, int n, lem_err *err) {
    lem_status st = n > s->room ? open_session(s, n, err) : LEM_OK;
    return st ? lem_err_context(err, "a sequence of %d tokens", n) : LEM_OK;
}

static lem_status check_item(const lem_scorer *s, const lem_score_item *it, lem_err *err) {
    if (it->n < 1) return lem_fail(err, LEM_EDATA, "a sequence without tokens cannot be scored");
    if (it->n > s->limit)
        return lem_fail(err, LEM_EDATA, "a sequence of %d tokens exceeds the limit of %d", it->n, s->limit);
    int end = s->logprobs ? it->n - 1 : it->n; /* a token must stand behind what is read */
    for (int k = 0; k < it->n_at; k++)
        if (it->at[k] < (k ? it->at[k - 1] : 0) || it->at[k] >= end)
            return lem_fail(err, LEM_EDATA, "token %d of a sequence of %d cannot be read", it->at[k], it->n);
    for (int i = 0; i < it->n; i++)
        if (it->ids[i] < 0 || it->ids[i] >= s->vocab)
            return lem_fail(
                err, LEM_EDATA,
                "token id %d is outside the model's vocabulary of %d: the tokenizer is of another model",
                (int)it->ids[i], s->vocab);
    return LEM_OK;
}

static lem_status room_for_items(lem_scorer *s, int n, lem_err *err) {
    if (n <= s->cap_items) return LEM_OK;
    int *a = lem_realloc(s->order, (size_t)n, sizeof *a, err);
    if (a) s->order = a;
    int *b = lem_realloc(s->scratch, (size_t)n, sizeof *b, err);
    if (b) s->scratch = b;
    int *c = lem_realloc(s->end, (size_t)n, sizeof *c, err);
    if (c) s->end = c;
    if (!a || !b || !c) return LEM_EMEM;
    s->cap_items = n;
    return LEM_OK;
}

lem_status lem_scorer_run(lem_scorer *s, const lem_score_item *items, int n, lem_err *err) {
    lem_status st = LEM_OK;
    int first = 0;
    for (int i = 0; i < n; i++) LEM_TRY(check_item(s, &items[i], err));
    LEM_TRY(room_for_items(s, n, err));
    sort_items(s, items, n);
    for (int i = 0; i < n; i++) {
        const lem_score_item *it = &items[s->order[i]];
        int shared = i > first ? common(&items[s->order[i - 1]], it) : 0;
        if (s->gathered + it->n - shared > s->room || s->n + 2 > s->max_nodes) {
            LEM_TRY(flush(s, items, first, i, err));
            LEM_TRY(make_room(s, it->n, err));
            first = i;
            shared = 0;
        }
        s->end[i] = add_sequence(s, it, shared);
    }
    LEM_TRY(flush(s, items, first, n, err));
done:
    return st;
}
