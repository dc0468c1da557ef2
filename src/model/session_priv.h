/* model/session_priv.h - the inside of a session: nodes, pages, the rows of one step */
#ifndef LEM_MODEL_SESSION_PRIV_H
#define LEM_MODEL_SESSION_PRIV_H

#include "model/pass_priv.h"
#include "model/session.h"

struct lem_weights {
    lem_model_config config;
    lem_dtype dtype; /* of matrices; vectors and reward heads are F32 */
    lem_block block;
    lem_params params;
};

/* Memory for packed weights of the table's shape, carved but not filled; what lies in the table's base is
 * there already. wide: a base's, whose int8 is multiplied as numbers (lem_packed). */
lem_status lem_weights_alloc(const lem_model *table, lem_backend *b, lem_dtype dtype, bool wide,
                             lem_weights **out, lem_err *err) LEM_MUST_CHECK;
static inline const lem_params *lem_weights_params(const lem_weights *w) { return &w->params; }

typedef enum lem_node_state {
    LEM_NODE_FREE,
    LEM_NODE_LIVE,
    LEM_NODE_DROPPED /* waits for its children */
} lem_node_state;

typedef struct lem_node {
    lem_node_state state;
    int parent; /* -1 = root; next free node while FREE */
    int n_children;
    bool closed;               /* something below holds tokens: it may not grow */
    int pos0, n;               /* position of its first token (valid when n > 0), its tokens */
    int first_page, last_page; /* -1 = none */
    /* of the step being planned */
    unsigned long step;                /* the rest is valid if this is the session's step */
    int feed;                          /* -1 = not fed */
    int first_child, last_child, next; /* active children in order of appearance, -1 = none */
    int row0, seg0, seg1;
} lem_node;

struct lem_session {
    lem_pass pass;
    const lem_weights *w; /* borrowed */
    int max_pages, max_rows;
    lem_block block; /* arrays of constant size */
    lem_node *nodes; /* owned, grows */
    int n_nodes, cap_nodes, free_node;
    int *next_page; /* [max_pages] chain of a node, or of the free list */
    int free_page, n_free;
    unsigned long step;
    /* of the last step */
    int n_feeds;
    int *feed_row; /* [max_rows] of each feed: where the row of its first token is, or would be if it were
                      read */
    int *n_read;   /* [max_rows+1] rows that are read before a row; row max_rows: of all */
    int first_root, last_root;
    lem_layer_act act; /* all layers share it */
};

static inline bool lem_session_is_live(const lem_session *s, int node) {
    return node >= 0 && node < s->n_nodes && s->nodes[node].state == LEM_NODE_LIVE;
}

/* session_layout.c: checks the feeds and changes nothing; then takes pages and lays out rows, segments and
 * trees. */
lem_status lem_session_check_feeds(lem_session *s, const lem_feed *feeds, int n_feeds,
                                   lem_err *err) LEM_MUST_CHECK;
void lem_session_lay_out(lem_session *s, const lem_feed *feeds, int n_feeds);

#endif
