/* train/muon.h - Muon: momentum whose matrix is made orthogonal before it is taken as a step
 *
 * Jordan et al. 2024 (kellerjordan.github.io/posts/muon) in the form of Liu et al. 2025 (arXiv 2502.16982),
 * which is torch.optim.Muon with adjust_lr_fn="match_rms_adamw": for a matrix W [R,C] with gradient G,
 *   B = mu B + G,  U = mu B + G (Nesterov),  O = newton_schulz(U / |U|),
 *   W = (1 - lr wd) W - lr 0.2 sqrt(max(R,C)) O
 * so that a learning rate and a decay of AdamW fit. Five Newton-Schulz steps X = a X + b (X X^T) X + c (X
 * X^T)^2 X, a, b, c = 3.4445, -4.775, 2.0315, bring the singular values near 1 (to 0.7 .. 1.2). All products
 * are those of the backend, in its order of summation: the bits do not depend on threads. Matrices inside of
 * layers learn so; embeddings, heads, norms and biases by AdamW. */
#ifndef LEM_TRAIN_MUON_H
#define LEM_TRAIN_MUON_H

#include "compute/buffer.h"
#include "core/err.h"
#include "model/model.h"
#include "model/net.h"

#define LEM_MUON_MOMENTUM 0.95

typedef struct lem_muon { /* zeroed = none */
    lem_backend *b;       /* borrowed */
    lem_buffer memory;    /* of the largest matrix that learns so */
    float *x, *y, *gram, *square;
    void *packed;
} lem_muon;

/* Whether a tensor learns so. */
bool lem_muon_takes(const lem_tensor *t);
/* Bytes of scratch for a model of that shape (what learns of it). */
size_t lem_muon_bytes(const lem_model_config *c, const lem_trainable *t);
lem_status lem_muon_init(lem_muon *m, lem_backend *b, const lem_model *model, const lem_net *net,
                         lem_err *err) LEM_MUST_CHECK;
void lem_muon_release(lem_muon *m);
/* One step of a matrix [rows,cols]; grad is multiplied by grad_scale first. momentum is B. All are of the
 * backend's memory. A matrix whose momentum is zero only decays. */
void lem_muon_step(lem_muon *m, int rows, int cols, float *param, const float *grad, float *momentum,
                   float lr, float weight_decay, float grad_scale);

#endif
