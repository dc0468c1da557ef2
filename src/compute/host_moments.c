/* host_moments.c - AdamW over moments of 8 bits, in blocks: whole numbers, products and sums of fp32 in one
 * order, so that every path of every machine gives the same bits
 *
 * Block-wise as in Dettmers et al. 2021 (arXiv 2110.02861): a block is scaled by its largest magnitude. A
 * code is a small float: code c > 0 of TOP, with F bits of fraction, is the number whose fp32 bits are those
 * of 1 less (TOP - c) << (23 - F). Rounding up or down at random (Gupta et al. 2015, arXiv 1502.02551) keeps
 * sums right where a step changes a moment by less than a code. */
#include "compute/backend_priv.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ONE 0x3f800000u /* the bits of 1 */

enum {
    BLOCK = LEM_MOMENT_BLOCK,
    TASK_BLOCKS = 64,
    M_TOP = 127,
    M_SHIFT = 20, /* 3 bits of fraction */
    V_TOP = 255,
    V_SHIFT = 19 /* 4 bits of fraction */
};

typedef struct moments_job {
    size_t n;
    float *param;
    const float *grad;
    const lem_moments *s;
    const lem_adamw *o;
} moments_job;

/* code 1..top */
static float value_of(uint32_t code, uint32_t top, int shift) {
    uint32_t bits = ONE - ((top - code) << shift);
    float x;
    memcpy(&x, &bits, sizeof x);
    return code ? x : 0;
}

/* Of x in [0,1]; noise: at least `shift` random bits. 0: x is below all codes. */
static uint32_t code_of(float x, uint32_t top, int shift, uint32_t noise) {
    uint32_t bits, mask = (1u << shift) - 1;
    memcpy(&bits, &x, sizeof bits);
    int32_t code = (int32_t)((bits + (noise & mask)) >> shift) - (int32_t)((ONE >> shift) - top);
    return code > 0 ? (uint32_t)code : 0;
}

/* 32 bits of (key, number). */
static uint32_t noise_of(uint32_t key, uint32_t number) {
    uint32_t x = number * 0x9e3779b1u ^ key;
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
}

/* Elements at .. at + n - 1: the moments after the step, and the parameters. */
static void step_elements(const moments_job *j, size_t at, size_t n, float *m, float *v) {
    const lem_adamw *o = j->o;
    const lem_moments *s = j->s;
    const float rest1 = 1 - o->beta1, rest2 = 1 - o->beta2, keep = 1 - o->lr * o->weight_decay,
                step = o->lr / o->bias1, root = 1 / sqrtf(o->bias2);
    const float m_scale = s->m_scale[at / BLOCK], v_scale = s->v_scale[at / BLOCK];
    for (size_t i = 0; i < n; i++) {
        float g = j->grad[at + i] * o->grad_scale;
        uint32_t code = s->m[at + i];
        float was = value_of(code & M_TOP, M_TOP, M_SHIFT) * m_scale;
        m[i] = o->beta1 * (code > M_TOP ? -was : was) + rest1 * g;
        v[i] = o->beta2 * (value_of(s->v[at + i], V_TOP, V_SHIFT) * v_scale) + rest2 * (g * g);
        if (v[i] > FLT_MAX) v[i] = FLT_MAX;
        j->param[at + i] = j->param[at + i] * keep - step * m[i] / (sqrtf(v[i]) * root + o->eps);
    }
}

static float largest(size_t n, const float *x) {
    float most = 0;
    for (size_t i = 0; i < n; i++) most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    return most;
}

/* What is too small for a code: m becomes 0, v the smallest, so that a step is never too long. */
static void put_codes(const moments_job *j, size_t at, size_t n, const float *m, const float *v) {
    const lem_moments *s = j->s;
    const float m_most = largest(n, m), v_most = largest(n, v);
    const float m_by = m_most > 0 ? m_most : 1;
    const float v_by = v_most > 0 ? v_most : 1;
    for (size_t i = 0; i < n; i++) {
        uint32_t noise = noise_of(s->key, s->first + (uint32_t)(at + i));
        uint32_t a = code_of(fabsf(m[i]) / m_by, M_TOP, M_SHIFT, noise),
                 b = code_of(v[i] / v_by, V_TOP, V_SHIFT, noise >> 12);
        s->m[at + i] = (uint8_t)(a | (m[i] < 0 ? M_TOP + 1u : 0));
        s->v[at + i] = (uint8_t)(b || v[i] <= 0 ? b : 1);
    }
    s->m_scale[at / BLOCK] = m_most;
    s->v_scale[at / BLOCK] = v_most;
}

static void moments_task(void *ctx, int task, int worker) {
    const moments_job *j = ctx;
    float m[BLOCK], v[BLOCK];
    size_t at = (size_t)task * TASK_BLOCKS * BLOCK, end = at + (size_t)TASK_BLOCKS * BLOCK;
    (void)worker;
    for (; at < end && at < j->n; at += BLOCK) {
        size_t n = j->n - at < BLOCK ? j->n - at : BLOCK;
        step_elements(j, at, n, m, v);
        put_codes(j, at, n, m, v);
    }
}

void lem_host_adamw_int8(lem_backend *b, size_t n, float *param, const float *grad, const lem_moments *s,
                         const lem_adamw *o) {
    moments_job j = {n, param, grad, s, o};
    const size_t task = (size_t)TASK_BLOCKS * BLOCK;
    if (n > 0) lem_pool_run(b->pool, (int)((n + task - 1) / task), moments_task, &j);
}
