/* optimizer.c - one step over the tensors that learn */
#include "train/optimizer.h"

#include "core/rng.h"

#include <math.h>

lem_range lem_range_part(size_t elements, int i, int n) {
    size_t step = elements / (size_t)n, rest = elements % (size_t)n, k = (size_t)i;
    size_t begin = k * step + (k < rest ? k : rest);
    return (lem_range){begin, begin + step + (k < rest)};
}

lem_status lem_optimizer_init(lem_optimizer *o, lem_backend *b, lem_range range, lem_err *err) {
    size_t n = range.end - range.begin;
    lem_buffer memory;
    lem_status st = lem_buffer_init(&memory, b, 2 * n * sizeof(float), false, err);
    if (st) return lem_err_context(err, "optimizer state");
    lem_buffer_zero(&memory);
    *o = (lem_optimizer){.range = range, .m = memory.at, .v = (float *)memory.at + n, .memory = memory};
    return LEM_OK;
}

lem_status lem_optimizer_init_int8(lem_optimizer *o, lem_backend *b, const lem_model *model,
                                   const lem_net *net, lem_err *err) {
    const size_t n = lem_net_n_grads(net), codes = (n + 63) / 64 * 64;
    /* each tensor begins a block, see block_of */
    const size_t blocks = n / LEM_MOMENT_BLOCK + (size_t)model->n_tensors + 1;
    lem_buffer memory;
    lem_status st = lem_buffer_init(&memory, b, 2 * codes + 2 * blocks * sizeof(float), false, err);
    if (st) return lem_err_context(err, "optimizer state");
    lem_buffer_zero(&memory);
    uint8_t *at = memory.at;
    float *scale = (float *)(void *)(at + 2 * codes);
    *o = (lem_optimizer){.range = {0, n},
                         .moments = {at, at + codes, scale, scale + blocks, 0, 0},
                         .n_blocks = blocks,
                         .memory = memory};
    return LEM_OK;
}

double lem_optimizer_bytes(double parameters, bool int8) {
    return parameters * (int8 ? 2 + 2 * sizeof(float) / (double)LEM_MOMENT_BLOCK : 2 * sizeof(float));
}

lem_status lem_optimizer_use_muon(lem_optimizer *o, lem_backend *b, const lem_model *model,
                                  const lem_net *net, lem_err *err) {
    if (o->range.begin != 0 || o->range.end != lem_net_n_grads(net))
        return lem_fail(err, LEM_EUSAGE, "Muon steps whole matrices: one process must have all of them");
    if (o->n_blocks) return lem_fail(err, LEM_EUSAGE, "Muon keeps its momentum in fp32");
    lem_status st = lem_muon_init(&o->muon, b, model, net, err);
    if (st == LEM_OK) o->has_muon = true;
    return st;
}

void lem_optimizer_release(lem_optimizer *o) {
    if (o->has_muon) lem_muon_release(&o->muon);
    lem_buffer_release(&o->memory);
    *o = (lem_optimizer){0};
}

/* The part of a tensor that lies in the range, `at` its place in the gradient. */
static void step_tensor(const lem_optimizer *o, lem_backend *b, size_t at, size_t count, float *param,
                        const float *grads, const lem_adamw *a) {
    size_t begin = at > o->range.begin ? at : o->range.begin;
    size_t end = at + count < o->range.end ? at + count : o->range.end;
    if (begin >= end) return;
    size_t mine = begin - o->range.begin;
    b->ops->adamw(b, end - begin, param + (begin - at), grads + begin, o->m + mine, o->v + mine, a);
}

/* Where the blocks of tensor i begin: tensors behind one another in the gradient never meet. */
static size_t block_of(size_t at, int i) { return at / LEM_MOMENT_BLOCK + (size_t)i; }

static void step_int8(const lem_optimizer *o, lem_backend *b, int i, size_t at, size_t count, float *param,
                      const float *grads, const lem_adamw *a) {
    lem_moments s = o->moments;
    s.m += at;
    s.v += at;
    s.m_scale += block_of(at, i);
    s.v_scale += block_of(at, i);
    s.first = (uint32_t)at;
    b->ops->adamw_int8(b, count, param, grads + at, &s, a);
}

lem_status lem_optimizer_step(lem_optimizer *o, lem_backend *b, const lem_model *model, lem_net *net, long t,
                              const lem_adamw *h, double clip, double *norm, lem_err *err) {
    const float *grads = lem_net_grads(net);
    *norm = sqrt(b->ops->sumsq(b, lem_net_n_grads(net), grads));
    lem_status st = b->ops->sync(b, err);
    if (st) return st;
    if (!isfinite(*norm))
        return lem_fail(err, LEM_ENUMERIC, "gradient norm is %s", isnan(*norm) ? "NaN" : "infinite");
    lem_adamw a = *h;
    a.grad_scale = clip > 0 && *norm > clip ? (float)(clip / *norm) : 1;
    a.bias1 = (float)(1 - pow(h->beta1, (double)t));
    a.bias2 = (float)(1 - pow(h->beta2, (double)t));
    const lem_rng key = lem_rng_make(0, "moments", 0);
    o->moments.key = (uint32_t)lem_rng_at(&key, (uint64_t)t);
    for (int i = 0; i < model->n_tensors; i++) {
        const lem_tensor *w = &model->tensors[i];
        size_t at = lem_net_grad_at(net, i);
        if (at == SIZE_MAX) continue;
        a.weight_decay = w->decay ? h->weight_decay : 0;
        if (o->has_muon && lem_muon_takes(w))
            lem_muon_step(&o->muon, w->shape[0], w->shape[1], lem_net_param_at(net, i), grads + at, o->m + at,
                          a.lr, a.weight_decay, a.grad_scale);
        else if (o->n_blocks) step_int8(o, b, i, at, w->count, lem_net_param_at(net, i), grads, &a);
        else step_tensor(o, b, at, w->count, lem_net_param_at(net, i), grads, &a);
    }
    return LEM_OK;
}
