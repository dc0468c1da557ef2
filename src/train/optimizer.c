/* optimizer.c - AdamW step over the tensors that learn */
#include "train/optimizer.h"

#include "core/mem.h"

#include <math.h>

lem_status lem_optimizer_init(lem_optimizer *o, size_t n, lem_err *err) {
    float *m = lem_alloc_aligned(n, sizeof *m, err), *v = lem_alloc_aligned(n, sizeof *v, err);
    if (!m || !v) {
        lem_free(m);
        lem_free(v);
        return lem_err_context(err, "optimizer state");
    }
    for (size_t i = 0; i < n; i++) m[i] = v[i] = 0;
    *o = (lem_optimizer){m, v, n};
    return LEM_OK;
}

void lem_optimizer_release(lem_optimizer *o) {
    lem_free(o->m);
    lem_free(o->v);
    *o = (lem_optimizer){NULL, NULL, 0};
}

lem_status lem_optimizer_step(lem_optimizer *o, lem_backend *b, lem_model *model, lem_net *net, long t,
                              const lem_adamw *h, double clip, double *norm, lem_err *err) {
    const float *grads = lem_net_grads(net);
    *norm = sqrt(b->ops->sumsq(b, o->n, grads));
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
        b->ops->adamw(b, w->count, model->params + w->offset, grads + at, o->m + at, o->v + at, &a);
    }
    return LEM_OK;
}
