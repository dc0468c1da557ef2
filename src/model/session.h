/* model/session.h - inference over a growing forest with cached keys and values
 *
 * A session is the one mutable thing and is shared by nobody. Nodes are made under a parent, grow at the end
 * or lose tokens there (only while they have no children), and are freed (a node's memory goes back when it
 * and its children are freed). Keys and values live in pages of LEM_PAGE_KEYS tokens; a child reads its
 * ancestors' pages. A step feeds tokens to any set of nodes at once; results for a node do not depend, bit
 * for bit, on which others are in the step nor on how its tokens were split over steps, and equal what
 * lem_net_forward computes. Weights, keys, values and activations are in the backend's memory. */
#ifndef LEM_MODEL_SESSION_H
#define LEM_MODEL_SESSION_H

#include "compute/backend.h"
#include "core/err.h"
#include "model/model.h"

typedef struct lem_weights lem_weights; /* packed, read-only, shared by sessions of the backend; independent
                                           of the model it was made from, but for that one's base */
lem_status lem_weights_new(const lem_model *m, lem_backend *b, lem_dtype dtype /* F32, BF16 or I8 */,
                           lem_weights **out, lem_err *err) LEM_MUST_CHECK;
void lem_weights_free(lem_weights *w);
size_t lem_weights_bytes(const lem_model_config *c,
                         lem_dtype dtype); /* bytes that they take; 0 for a config that is refused */
size_t lem_weights_base_bytes(const lem_model_config *c, lem_dtype dtype); /* of lem_weights_open_base */
/* I8: matrices of layers and the language-model head are int8 (model/quant.h), the embedding is bf16 rows.
 * What a folder of int8 holds is I8 whatever is asked for. */

typedef struct lem_session lem_session;
typedef struct lem_feed {
    int node;
    const int32_t *ids;
    int n;      /* at least 1 */
    int unread; /* 0..n: of its first tokens nobody asks for a row, which the last layer then does not compute
                 */
} lem_feed;     /* n tokens to append to node */

/* How keys and values are stored: bf16 beside int8 weights, and where products are bf16 (lem_kv). */
lem_dtype lem_session_kv_dtype(const lem_model_config *c, lem_dtype weights, lem_compute compute);
/* Bytes of a page, all layers, with such keys and values. */
size_t lem_session_page_bytes(const lem_model_config *c, lem_dtype kv);
/* max_pages pages of LEM_PAGE_KEYS tokens are allocated; max_rows is the most tokens of one step. */
size_t lem_session_bytes(const lem_model_config *c, lem_dtype kv, int max_pages, int max_rows);
/* What is touched of a session that may have more pages and rows when so many are in use, the logits of its
 * head aside; in large pages, which round it up. */
size_t lem_session_used_bytes(const lem_model_config *c, lem_dtype kv, int pages, int rows);
/* Of all bytes, what only lem_session_token_logits and lem_session_logprobs touch: no memory where neither is
 * asked for. */
size_t lem_session_head_bytes(const lem_model_config *c);
lem_status lem_session_new(const lem_weights *w, lem_backend *b, int max_pages, int max_rows,
                           lem_session **out, lem_err *err) LEM_MUST_CHECK;
void lem_session_free(lem_session *s);

lem_status lem_session_node(lem_session *s, int parent /* -1 = root */, int *node,
                            lem_err *err) LEM_MUST_CHECK;
void lem_session_drop(lem_session *s, int node);
/* Forgets the last tokens of a node, so that its path has `length` of them: what comes after gets the bits of
 * a session that was never fed them, even where their keys were not finite. Its pages behind them go back.
 * Its ancestors grow no more than before. LEM_EUSAGE, and nothing changes: no such node, a length that its
 * own tokens do not have, or children with tokens. */
lem_status lem_session_truncate(lem_session *s, int node, int length, lem_err *err) LEM_MUST_CHECK;
int lem_session_length(const lem_session *s, int node); /* tokens on the path, itself included */
int lem_session_free_pages(const lem_session *s);

/* Feeds in any order, at most one per node. A node fed in the same step as its parent sees the parent's new
 * tokens. LEM_EMEM when pages run out, LEM_EUSAGE when a path would exceed max_positions, LEM_EDATA for an id
 * outside the vocabulary: nothing is changed then. A step allocates nothing. */
lem_status lem_session_step(lem_session *s, const lem_feed *feeds, int n_feeds, lem_err *err) LEM_MUST_CHECK;
/* After a step. Row of feed i's token j, which is not one of those unread, is lem_session_row(s, i, j). */
int lem_session_row(const lem_session *s, int feed, int token);
/* [rows,D] of the backend's memory, final-normed, until the next step. Rows are those that are read. */
const float *lem_session_hidden(const lem_session *s);
/* Logits [R,V] of chosen rows into an array of the backend's memory; nothing where there is no such head. */
void lem_session_logits(lem_session *s, int R, const int *rows, float *logits);
/* The rest goes to the host; logits exist in blocks of rows. Logits [R,n] of n tokens (the signs of a
 * generative reward model); log p(target); outputs [R,N] of the reward head (N: config.reward.outputs).
 * LEM_EIO when the device has failed. */
lem_status lem_session_token_logits(lem_session *s, int R, const int *rows, int n, const int32_t *ids,
                                    float *logits, lem_err *err) LEM_MUST_CHECK;
lem_status lem_session_logprobs(lem_session *s, int R, const int *rows, const int32_t *target, float *logprob,
                                lem_err *err) LEM_MUST_CHECK;
lem_status lem_session_scores(lem_session *s, int R, const int *rows, float *score,
                              lem_err *err) LEM_MUST_CHECK;

#endif
