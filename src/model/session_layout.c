/* session_layout - turns feeds into rows, pages, segments and trees in depth-first order */
#include "model/session_priv.h"

/* ---- the tree of active nodes: those fed and their ancestors ---- */

static void append_child(lem_session *s, int parent, int node) {
    int *first = parent < 0 ? &s->first_root : &s->nodes[parent].first_child;
    int *last = parent < 0 ? &s->last_root : &s->nodes[parent].last_child;
    if (*first < 0) *first = node;
    else s->nodes[*last].next = node;
    *last = node;
}

static bool mark(lem_session *s, int node) {
    lem_node *x = &s->nodes[node];
    if (x->step == s->step) return false;
    x->step = s->step;
    x->feed = x->first_child = x->last_child = x->next = -1;
    return true;
}

/* Marks node and its ancestors up to the first one already marked, which has its place in the tree. */
static void activate(lem_session *s, int node) {
    bool fresh = mark(s, node);
    while (fresh) {
        int parent = s->nodes[node].parent;
        fresh = parent >= 0 && mark(s, parent);
        append_child(s, parent, node);
        node = parent;
    }
}

/* Preorder with a second visit of each node when its subtree ends; node -1 ends the walk. */
typedef struct visit {
    int node;
    bool leaving;
} visit;

static visit visit_first(const lem_session *s) { return (visit){s->first_root, false}; }

static visit visit_next(const lem_session *s, visit v) {
    const lem_node *x = &s->nodes[v.node];
    if (!v.leaving) return x->first_child >= 0 ? (visit){x->first_child, false} : (visit){v.node, true};
    return x->next >= 0 ? (visit){x->next, false} : (visit){x->parent, true};
}

/* ---- checks ---- */

int lem_session_length(const lem_session *s, int node) {
    if (!lem_session_is_live(s, node)) return 0;
    while (node >= 0 && s->nodes[node].n == 0) node = s->nodes[node].parent;
    return node < 0 ? 0 : s->nodes[node].pos0 + s->nodes[node].n;
}

static lem_status check_feed(lem_session *s, const lem_feed *f, int index, lem_err *err) {
    if (!lem_session_is_live(s, f->node))
        return lem_fail(err, LEM_EUSAGE, "feed %d: there is no node %d", index, f->node);
    if (f->n < 1) return lem_fail(err, LEM_EUSAGE, "feed %d: %d tokens", index, f->n);
    if (f->unread < 0 || f->unread > f->n)
        return lem_fail(err, LEM_EUSAGE, "feed %d: %d of %d tokens are not read", index, f->unread, f->n);
    if (f->n > s->max_rows)
        return lem_fail(err, LEM_EMEM, "feed %d: %d tokens in a session planned for %d a step", index, f->n,
                        s->max_rows);
    if (s->nodes[f->node].closed)
        return lem_fail(err, LEM_EUSAGE, "feed %d: node %d has children with tokens, it cannot grow", index,
                        f->node);
    activate(s, f->node);
    if (s->nodes[f->node].feed >= 0)
        return lem_fail(err, LEM_EUSAGE, "feed %d: node %d is fed twice in one step", index, f->node);
    s->nodes[f->node].feed = index;
    return lem_check_targets(f->n, f->ids, s->w->config.vocab, err);
}

static int pages_of(int tokens) { return (tokens + LEM_PAGE_KEYS - 1) / LEM_PAGE_KEYS; }

/* Path lengths after the step, parents before children; row0 is borrowed to hold each node's. */
static lem_status check_lengths(lem_session *s, const lem_feed *feeds, lem_err *err) {
    for (visit v = visit_first(s); v.node >= 0; v = visit_next(s, v)) {
        if (v.leaving) continue;
        lem_node *x = &s->nodes[v.node];
        int inherited = x->parent < 0 ? 0 : s->nodes[x->parent].row0;
        x->row0 = x->n > 0 ? x->pos0 : inherited;
        int64_t length = (int64_t)x->row0 + x->n + (x->feed < 0 ? 0 : feeds[x->feed].n);
        if (length > s->w->config.max_positions)
            return lem_fail(err, LEM_EUSAGE, "%lld tokens on a path, the model's context is %d",
                            (long long)length, s->w->config.max_positions);
        x->row0 = (int)length;
    }
    return LEM_OK;
}

lem_status lem_session_check_feeds(lem_session *s, const lem_feed *feeds, int n_feeds, lem_err *err) {
    int64_t rows = 0, pages = 0;
    if (n_feeds < 1) return lem_fail(err, LEM_EUSAGE, "a step without feeds");
    s->step++;
    s->first_root = s->last_root = -1;
    for (int i = 0; i < n_feeds; i++) {
        lem_status st = check_feed(s, &feeds[i], i, err);
        if (st != LEM_OK) return st;
        int n = s->nodes[feeds[i].node].n;
        rows += feeds[i].n;
        pages += pages_of(n + feeds[i].n) - pages_of(n);
        if (rows > s->max_rows)
            return lem_fail(err, LEM_EMEM, "more than %d tokens in one step", s->max_rows);
    }
    lem_status st = check_lengths(s, feeds, err);
    if (st != LEM_OK) return st;
    if (pages > s->n_free)
        return lem_fail(err, LEM_EMEM, "the step needs %lld pages of %d tokens, %d of %d are free",
                        (long long)pages, LEM_PAGE_KEYS, s->n_free, s->max_pages);
    return LEM_OK;
}

/* ---- layout ---- */

static int take_page(lem_session *s) {
    int page = s->free_page;
    s->free_page = s->next_page[page];
    s->next_page[page] = -1;
    s->n_free--;
    return page;
}

/* The first tokens of a node: its ancestors may not grow any more. */
static void close_ancestors(lem_session *s, int node) {
    for (int p = s->nodes[node].parent; p >= 0 && !s->nodes[p].closed; p = s->nodes[p].parent)
        s->nodes[p].closed = true;
}

static void append_tokens(lem_session *s, int node, const lem_feed *f) {
    lem_node *x = &s->nodes[node];
    if (x->n == 0) {
        x->pos0 = lem_session_length(s, node);
        close_ancestors(s, node);
    }
    const lem_rows *to = &s->pass.host;
    s->feed_row[x->feed] = s->pass.n_rows;
    for (int i = 0; i < f->n; i++, x->n++) {
        int slot = x->n % LEM_PAGE_KEYS, row = s->pass.n_rows++;
        s->n_read[row] = s->pass.n_read;
        s->pass.n_read += i >= f->unread;
        if (slot == 0) {
            int page = take_page(s);
            if (x->first_page < 0) x->first_page = page;
            else s->next_page[x->last_page] = page;
            x->last_page = page;
        }
        to->ids[row] = f->ids[i];
        to->pos[row] = x->pos0 + x->n;
        to->page[row] = x->last_page;
        to->slot[row] = slot;
    }
}

/* Rows and pages of one node, with row1 of its segments still open. */
static void enter(lem_session *s, int node, const lem_feed *feeds) {
    lem_node *x = &s->nodes[node];
    lem_pass *p = &s->pass;
    int before = x->n;
    x->row0 = p->n_rows;
    x->seg0 = p->n_segs;
    if (x->parent < 0) p->host.trees[p->n_trees++] = (lem_attn_tree){p->n_rows, 0, p->n_segs, 0, 0};
    if (x->feed >= 0) append_tokens(s, node, &feeds[x->feed]);
    int at = 0;
    for (int page = x->first_page; page >= 0; page = s->next_page[page], at += LEM_PAGE_KEYS) {
        int n = x->n - at < LEM_PAGE_KEYS ? x->n - at : LEM_PAGE_KEYS;
        bool is_new = at >= before;
        int row = is_new ? x->row0 + at - before : x->row0;
        p->host.segs[p->n_segs++] = (lem_attn_seg){row, 0, page, n, x->pos0 + at, is_new ? row : -1};
    }
    x->seg1 = p->n_segs;
    lem_attn_tree *tree = &p->host.trees[p->n_trees - 1];
    if (x->n > 0 && tree->max_len < x->pos0 + x->n) tree->max_len = x->pos0 + x->n;
}

static void leave(lem_session *s, int node) {
    const lem_node *x = &s->nodes[node];
    const lem_pass *p = &s->pass;
    for (int i = x->seg0; i < x->seg1; i++) p->host.segs[i].row1 = p->n_rows;
    if (x->parent >= 0) return;
    p->host.trees[p->n_trees - 1].row1 = p->n_rows;
    p->host.trees[p->n_trees - 1].seg1 = p->n_segs;
}

/* A tree's rows that are read, and the segments that they see. */
static void read_tree(lem_pass *p, const int *n_read, const lem_attn_tree *of) {
    lem_attn_tree t = *of;
    t.row0 = n_read[of->row0];
    t.row1 = n_read[of->row1];
    if (t.row0 == t.row1) return;
    t.seg0 = p->n_read_segs;
    for (int i = of->seg0; i < of->seg1; i++) {
        lem_attn_seg x = p->host.segs[i];
        x.row0 = n_read[x.row0];
        x.row1 = n_read[x.row1];
        x.key_row0 = -1;
        if (x.row0 < x.row1) p->host_read.segs[p->n_read_segs++] = x;
    }
    t.seg1 = p->n_read_segs;
    p->host_read.trees[p->n_read_trees++] = t;
}

/* The rows that are read and what they see, where the last layer computes them alone. */
static void lay_out_read(lem_session *s, const lem_feed *feeds) {
    lem_pass *p = &s->pass;
    const lem_rows *all = &p->host, *to = &p->host_read;
    const int *n_read = s->n_read;
    s->n_read[p->n_rows] = p->n_read;
    for (int i = 0; i < p->n_rows; i++) {
        if (n_read[i + 1] == n_read[i]) continue;
        to->ids[n_read[i]] = i;
        to->pos[n_read[i]] = all->pos[i];
    }
    p->n_read_segs = p->n_read_trees = 0;
    for (int i = 0; i < p->n_trees; i++) read_tree(p, n_read, &all->trees[i]);
    for (int i = 0; i < s->n_feeds; i++) s->feed_row[i] = n_read[s->feed_row[i]] - feeds[i].unread;
}

void lem_session_lay_out(lem_session *s, const lem_feed *feeds, int n_feeds) {
    s->pass.n_rows = s->pass.n_segs = s->pass.n_trees = s->pass.n_read = 0;
    s->n_feeds = n_feeds;
    for (visit v = visit_first(s); v.node >= 0; v = visit_next(s, v)) {
        if (v.leaving) leave(s, v.node);
        else enter(s, v.node, feeds);
    }
    if (!s->pass.size.some_read) s->pass.n_read = s->pass.n_rows;
    if (s->pass.n_read < s->pass.n_rows) lay_out_read(s, feeds);
}
