/* muon.c - momentum, Newton-Schulz, step */
#include "train/muon.h"

#include <math.h>

enum { ITERATIONS = 5 };
static const float A = 3.4445f, B = -4.775f, C = 2.0315f;

bool lem_muon_takes(const lem_tensor *t) { return t->rank == 2 && t->layer >= 0; }

/* The largest of each array that any matrix needs, in elements; packed in bytes. */
typedef struct sizes {
    size_t matrix, gram, packed;
} sizes;

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

static void cover(sizes *s, const lem_backend *b, int rows, int cols) {
    int small = rows < cols ? rows : cols;
    s->matrix = larger(s->matrix, (size_t)rows * (size_t)cols);
    s->gram = larger(s->gram, (size_t)small * (size_t)small);
    if (rows <= cols) s->packed = larger(s->packed, lem_packed_bytes(b, rows, cols, LEM_DTYPE_F32));
}

static size_t bytes_of(const sizes *s) {
    return 2 * aligned(s->matrix * sizeof(float)) + 2 * aligned(s->gram * sizeof(float)) + aligned(s->packed);
}

size_t lem_muon_bytes(const lem_model_config *c, const lem_trainable *t) {
    sizes s = {0};
    for (int layer = 0; layer < c->layers; layer++)
        for (int role = 0; role < LEM_ROLE_COUNT; role++) {
            int rows, cols;
            if (!lem_trainable_has(t, (lem_role)role, layer)) continue;
            bool has = lem_role_shape(c, (lem_role)role, layer, &rows, &cols);
            if (has && cols > 0) cover(&s, NULL, rows, cols);
        }
    return bytes_of(&s);
}

lem_status lem_muon_init(lem_muon *m, lem_backend *b, const lem_model *model, const lem_net *net,
                         lem_err *err) {
    sizes s = {0};
    lem_buffer memory = {0};
    for (int i = 0; i < model->n_tensors; i++) {
        const lem_tensor *t = &model->tensors[i];
        if (lem_muon_takes(t) && lem_net_grad_at(net, i) != SIZE_MAX) cover(&s, b, t->shape[0], t->shape[1]);
    }
    lem_status st = lem_buffer_init(&memory, b, bytes_of(&s) + 64, true, err);
    if (st) return lem_err_context(err, "scratch of Muon");
    char *at = memory.at;
    size_t matrix = aligned(s.matrix * sizeof(float)), gram = aligned(s.gram * sizeof(float));
    *m = (lem_muon){b,
                    memory,
                    (float *)(void *)at,
                    (float *)(void *)(at + matrix),
                    (float *)(void *)(at + 2 * matrix),
                    (float *)(void *)(at + 2 * matrix + gram),
                    at + 2 * matrix + 2 * gram};
    return LEM_OK;
}

void lem_muon_release(lem_muon *m) {
    lem_buffer_release(&m->memory);
    *m = (lem_muon){0};
}

/* gram = b G + c G G for the Gram matrix G of x over its shorter side n. */
static void polynomial(lem_muon *m, int rows, int cols) {
    const lem_backend_ops *ops = m->b->ops;
    int n = rows < cols ? rows : cols;
    size_t count = (size_t)n * (size_t)n;
    if (rows <= cols) {
        lem_packed x = {rows, cols, LEM_DTYPE_F32, m->packed};
        ops->pack(m->b, m->x, &x);
        ops->linear(m->b, rows, m->x, &x, NULL, m->gram, false);
    } else {
        ops->zero(m->b, m->gram, count * sizeof(float));
        ops->linear_dw(m->b, rows, cols, cols, m->x, m->x, m->gram);
    }
    ops->linear_dx(m->b, n, n, n, m->gram, m->gram, LEM_DTYPE_F32, m->square, false);
    ops->scale(m->b, count, m->gram, B);
    ops->scale(m->b, count, m->square, C);
    ops->add(m->b, count, m->gram, m->square);
}

/* One iteration: x = a x + gram x, or a x + x gram where the Gram matrix is that of the columns. */
static void iterate(lem_muon *m, int rows, int cols) {
    const lem_backend_ops *ops = m->b->ops;
    size_t count = (size_t)rows * (size_t)cols;
    polynomial(m, rows, cols);
    ops->copy(m->b, m->y, m->x, count * sizeof(float));
    ops->scale(m->b, count, m->y, A);
    if (rows <= cols) ops->linear_dx(m->b, rows, rows, cols, m->gram, m->x, LEM_DTYPE_F32, m->y, true);
    else ops->linear_dx(m->b, rows, cols, cols, m->x, m->gram, LEM_DTYPE_F32, m->y, true);
    float *x = m->x;
    m->x = m->y;
    m->y = x;
}

/* x = momentum's look ahead; the momentum is brought up to date. */
static void look_ahead(lem_muon *m, size_t count, const float *grad, float *momentum, float grad_scale) {
    const lem_backend_ops *ops = m->b->ops;
    const float mu = (float)LEM_MUON_MOMENTUM;
    ops->copy(m->b, m->y, grad, count * sizeof(float));
    if (grad_scale != 1) ops->scale(m->b, count, m->y, grad_scale);
    ops->scale(m->b, count, momentum, mu);
    ops->add(m->b, count, momentum, m->y);
    ops->copy(m->b, m->x, momentum, count * sizeof(float));
    ops->scale(m->b, count, m->x, mu);
    ops->add(m->b, count, m->x, m->y);
}

void lem_muon_step(lem_muon *m, int rows, int cols, float *param, const float *grad, float *momentum,
                   float lr, float weight_decay, float grad_scale) {
    const lem_backend_ops *ops = m->b->ops;
    size_t count = (size_t)rows * (size_t)cols;
    int side = rows > cols ? rows : cols;
    look_ahead(m, count, grad, momentum, grad_scale);
    if (weight_decay > 0) ops->scale(m->b, count, param, 1 - lr * weight_decay);
    double norm = sqrt(ops->sumsq(m->b, count, m->x));
    if (!(norm > 0)) return;
    ops->scale(m->b, count, m->x, (float)(1 / (norm + 1e-7)));
    for (int i = 0; i < ITERATIONS; i++) iterate(m, rows, cols);
    ops->scale(m->b, count, m->x, (float)(-(double)lr * 0.2 * sqrt((double)side)));
    ops->add(m->b, count, param, m->x);
}
