/* optimizer.c - one step over the tensors that learn */
#include "train/optimizer.h"

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

lem_status lem_optimizer_use_muon(lem_optimizer *o, lem_backend *b, const lem_model *model,
                                  const lem_net *net, lem_err *err) {
    if (o->range.begin != 0 || o->range.end != lem_net_n_grads(net))
        return lem_fail(err, LEM_EUSAGE, "Muon steps whole matrices: one process must have all of them");
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
    for (int i = 0; i < model->n_tensors; i++) {
        const lem_tensor *w = &model->tensors[i];
        size_t at = lem_net_grad_at(net, i);
        if (at == SIZE_MAX) continue;
        a.weight_decay = w->decay ? h->weight_decay : 0;
        if (o->has_muon && lem_muon_takes(w))
            lem_muon_step(&o->muon, w->shape[0], w->shape[1], lem_net_param_at(net, i), grads + at, o->m + at,
                          a.lr, a.weight_decay, a.grad_scale);
        else step_tensor(o, b, at, w->count, lem_net_param_at(net, i), grads, &a);
    }
    return LEM_OK;
}
