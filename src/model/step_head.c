/* step_head.c - scalar heads to step heads and back */
#include "model/step_head.h"

#include "core/mem.h"
#include "model/model_priv.h"

#include <stdio.h>
#include <string.h>

static lem_status set_head(lem_model_config *c, lem_head_kind kind, lem_err *err) {
    bool two = kind == LEM_HEAD_KIND_TOKEN_CLASSIFIER;
    if (!two && kind != LEM_HEAD_KIND_SKYWORK_PRM)
        return lem_fail(err, LEM_EUSAGE, "no head that is read at steps: %s", lem_head_kind_name(kind));
    c->head = LEM_HEAD_REWARD;
    c->reward = (lem_head_shape){.kind = kind, .outputs = two ? 2 : 1, .bias = true};
    snprintf(c->reward.tensor, sizeof c->reward.tensor, "%s", two ? "score" : "v_head.summary");
    return LEM_OK;
}

/* Everything but the reward head. */
static void copy_body(lem_model *to, const lem_model *from) {
    for (int i = 0; i < to->n_tensors; i++) {
        const lem_tensor *t = &to->tensors[i];
        size_t at = lem_model_at(from, t->role, t->layer);
        if (t->role >= LEM_ROLE_DENSE || at == SIZE_MAX) continue;
        memcpy(to->params + t->offset, from->params + at, t->count * sizeof *to->params);
    }
}

lem_status lem_step_head_write(const lem_model *m, lem_head_kind kind, lem_model **out, lem_err *err) {
    lem_model_config c = m->config;
    lem_model *to = NULL;
    lem_status st = LEM_OK;
    if (c.head != LEM_HEAD_SCALAR) return lem_fail(err, LEM_EUSAGE, "a model without a scalar head");
    LEM_TRY(set_head(&c, kind, err));
    LEM_TRY(lem_model_new_like(m, &c, &to, err));
    copy_body(to, m);
    const float *w = m->params + lem_model_at(m, LEM_ROLE_SCORE, -1);
    float *score = to->params + lem_model_at(to, LEM_ROLE_SCORE, -1);
    int D = c.width;
    for (int d = 0; d < D; d++) {
        if (c.reward.outputs == 1) score[d] = w[d];
        else {
            score[d] = -w[d] / 2;
            score[D + d] = w[d] / 2;
        }
    }
    *out = to;
done:
    return st;
}

static bool is_step_head(const lem_head_shape *s) {
    return s->kind == LEM_HEAD_KIND_SKYWORK_PRM || s->kind == LEM_HEAD_KIND_TOKEN_CLASSIFIER;
}

lem_status lem_step_head_read(const lem_model *m, lem_model **out, lem_err *err) {
    lem_model_config c = m->config;
    lem_model *to = NULL;
    lem_status st = LEM_OK;
    if (c.head != LEM_HEAD_REWARD || !is_step_head(&c.reward))
        return lem_fail(err, LEM_EDATA, "its head (%s) is only read, not trained",
                        lem_head_kind_name(c.reward.kind));
    const float *from = m->params + lem_model_at(m, LEM_ROLE_SCORE, -1),
                *bias = m->params + lem_model_at(m, LEM_ROLE_SCORE_BIAS, -1);
    bool two = c.reward.outputs == 2;
    float shift = two ? bias[1] - bias[0] : bias[0];
    if (shift < 0 || shift > 0)
        return lem_fail(err, LEM_EDATA, "its head has a bias of %g, and one without a bias is trained",
                        (double)shift);
    c.head = LEM_HEAD_SCALAR;
    c.reward = (lem_head_shape){0};
    LEM_TRY(lem_model_new_like(m, &c, &to, err));
    copy_body(to, m);
    float *w = to->params + lem_model_at(to, LEM_ROLE_SCORE, -1);
    for (int d = 0; d < c.width; d++) w[d] = two ? from[c.width + d] - from[d] : from[d];
    *out = to;
done:
    return st;
}
