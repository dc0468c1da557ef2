/* model/net.h - forward and backward of a model over a token forest, for training
 *
 * A net borrows a model and a backend and owns, in the backend's memory, what it needs of the parameters
 * (packed; those that learn also as they are, unless the backend works in the host's memory and so in the
 * model's own array), activations of one forest, and the gradient (flat, like the model's parameters; without
 * those that do not learn). Rows, targets, weights, log-probabilities and scores are arrays of the host. A
 * device that has failed is LEM_EIO where numbers come back. Use: forward, then any number of
 * losses on rows (they add to the hidden gradient and to the head's weight gradient), then backward.
 * Gradients accumulate over calls until lem_net_zero_grads; accumulation over two forests equals one forest
 * of both, bit for bit (on the cpu paths, and as long as lem_net_grads is read only after the last of them:
 * reading folds the two gradients of a tied embedding together). Memory is planned from its size at creation
 * and constant afterwards; a forest of more rows is LEM_EMEM naming both numbers (and so is one of more than
 * twice as many nodes as rows, which only empty nodes can reach).
 *
 * Products of bf16 (lem_trainable.bf16, on a backend whose `compute` is BF16). Rounded to bf16, each once and
 * at these places alone: both operands of every matrix product of layers, adapters and the language-model
 * head, forward (X, W) and backward (dY with W for dX, dY with X for dW); and the embedding's rows as they
 * are read; and in attention, forward, queries, keys, values and probabilities (lem_kv). Sums are fp32, in an
 * order that neither threads nor what else is in a forest can change. All else is fp32: parameters that
 * learn, reward heads, norms, rotation, softmax and its sum, attention backward (of the rounded queries, keys
 * and values), SwiGLU, losses, gradients and what they add up to. A session of BF16 weights on such a backend
 * computes the same log-probabilities. */
#ifndef LEM_MODEL_NET_H
#define LEM_MODEL_NET_H

#include "compute/backend.h"
#include "core/err.h"
#include "model/forest.h"
#include "model/model.h"

typedef struct lem_net lem_net;

/* Bytes that lem_net_new will take: activations for max_rows (of all layers if `grads`, else of one),
 * gradients, packed weights. Nothing is allocated. 0 for a config that lem_model_config_check refuses. The
 * part for key pages is the worst case, untouched where nodes are long. */
size_t lem_net_bytes(const lem_model_config *c, int max_rows, bool grads);
/* The largest forest of a net. nodes: those that have rows; 0, or more than rows: each row may be one. Fewer
 * take fewer pages of keys, which a node begins anew. */
typedef struct lem_net_size {
    int rows, nodes;
} lem_net_size;
/* The same for a net of lem_net_new_part. */
size_t lem_net_part_bytes(const lem_model_config *c, lem_net_size size, const lem_trainable *t);
/* All that training takes: the model's own array, moments of what learns, `sums` more gradients, and the net.
 */
size_t lem_net_train_bytes(const lem_model_config *c, lem_net_size size, const lem_trainable *t, int sums);
lem_status lem_net_new(lem_model *m, lem_backend *b, int max_rows, bool grads, lem_net **out,
                       lem_err *err) LEM_MUST_CHECK;
/* With gradients of what learns alone: nothing else takes memory for them, and layers below the lowest that
 * learns keep no activations and are not walked back. With t->recompute the others keep their input alone,
 * and backward runs their forward again: the same bits, in less memory. t NULL: without gradients. A forest
 * that needs more pages of keys than size gives is LEM_EMEM. */
lem_status lem_net_new_part(lem_model *m, lem_backend *b, lem_net_size size, const lem_trainable *t,
                            lem_net **out, lem_err *err) LEM_MUST_CHECK;
void lem_net_free(lem_net *net);
/* Takes the parameters as they are in the model now, or gives what has learned back to it. Where the net
 * works in the model's own array there is nothing to give back. LEM_EMEM, LEM_EIO. */
lem_status lem_net_load(lem_net *net, lem_err *err) LEM_MUST_CHECK;
lem_status lem_net_store(lem_net *net, lem_err *err) LEM_MUST_CHECK;
/* Packs what learns anew, after its places (lem_net_param_at) were written to. */
void lem_net_refresh(lem_net *net);

/* Final-normed hidden states, [T,D] of the backend's memory, valid until the next forward. Token ids are
 * checked against the vocabulary, positions against max_positions (LEM_EDATA). The forest may be released
 * afterwards. */
lem_status lem_net_forward(lem_net *net, const lem_forest *f, lem_err *err) LEM_MUST_CHECK;
/* The same in training with dropout (lem_lora.dropout), which backward then follows: what is left out is a
 * function of seed, step, layer, matrix and a row's id, whatever forest it stands in. noise NULL, and a model
 * without dropout: nothing is. */
typedef struct lem_net_noise {
    uint64_t seed, step; /* of the step, 24 bits count */
    const uint64_t *row; /* [rows of the forest] ids */
} lem_net_noise;
lem_status lem_net_forward_noisy(lem_net *net, const lem_forest *f, const lem_net_noise *noise,
                                 lem_err *err) LEM_MUST_CHECK;
bool lem_net_has_dropout(const lem_net *net);
const float *lem_net_hidden(const lem_net *net);

/* Language-model loss: for r in 0..R-1 the hidden state of row rows[r] predicts target[r]. logprob [R] (may
 * be NULL) receives log p(target). With weight != NULL also the gradient of sum_r weight[r] * -logprob[r] is
 * added. Vocabulary logits exist only in blocks of rows. */
lem_status lem_net_lm(lem_net *net, int R, const int *rows, const int32_t *target, const float *weight,
                      float *logprob, lem_err *err) LEM_MUST_CHECK;
/* Scalar head (HEAD_SCALAR models): score[r] = score.weight . hidden[rows[r]] */
lem_status lem_net_scores(lem_net *net, int R, const int *rows, float *score, lem_err *err) LEM_MUST_CHECK;
lem_status lem_net_scores_grad(lem_net *net, int R, const int *rows, const float *dscore,
                               lem_err *err) LEM_MUST_CHECK;

void lem_net_backward(lem_net *net); /* from the hidden gradient gathered so far into the flat gradient */
float *lem_net_grads(lem_net *net);  /* [lem_net_n_grads] of the backend's memory */
/* The place of the i-th tensor's parameters in the backend's memory; NULL = does not learn. */
float *lem_net_param_at(const lem_net *net, int i);
/* All that learns as one array in the order of the gradient, of the backend's memory; NULL = it does not lie
 * so. */
float *lem_net_learned(const lem_net *net);
/* Elements of the gradient: n_params of the model if all of it learns. The place in it of the i-th tensor of
 * the model (in the order of its table; that of the flat array if all learn); SIZE_MAX = does not learn. */
size_t lem_net_n_grads(const lem_net *net);
size_t lem_net_grad_at(const lem_net *net, int i);
void lem_net_zero_grads(lem_net *net);

#endif
