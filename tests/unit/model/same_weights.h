/* same_weights.h - packed weights compared bit by bit, and models whose sizes leave tails everywhere */
#ifndef LEM_TESTS_MODEL_SAME_WEIGHTS_H
#define LEM_TESTS_MODEL_SAME_WEIGHTS_H

#include "support.h"

#include "model/model_priv.h"
#include "model/session_priv.h"
#include "model/weights_open.h"

static lem_backend *backend;

static void same_param(const lem_param *a, const lem_param *b, size_t n) {
    const lem_packed *p = &a->packed;
    assert_int_equal(p->N, b->packed.N);
    assert_int_equal(p->K, b->packed.K);
    assert_int_equal(p->dtype, b->packed.dtype);
    assert_int_equal(a->dtype, b->dtype);
    assert_true((a->rows == NULL) == (b->rows == NULL));
    size_t packed = p->N ? lem_packed_bytes(backend, p->N, p->K, p->dtype) : 0;
    size_t rows = a->rows ? n * lem_dtype_size(a->dtype) : 0;
    if (packed) assert_true(host_same_there(backend, p->data, b->packed.data, packed));
    if (rows) assert_true(host_same_there(backend, a->rows, b->rows, rows));
}

static __attribute__((unused)) void same_weights(const lem_weights *a, const lem_weights *b) {
    const lem_model_config *c = &a->config;
    lem_role role;
    int layer, rows, cols;
    assert_int_equal(lem_weights_config(a)->layers, b->config.layers);
    for (long k = 0; lem_role_at(c, k, &role, &layer); k++) {
        bool there = lem_role_shape(c, role, layer, &rows, &cols);
        const lem_param *x = lem_params_at(&a->params, role, layer);
        same_param(x, lem_params_at(&b->params, role, layer), (size_t)rows * (size_t)(cols ? cols : 1));
        if (!there && !(role == LEM_ROLE_LM_HEAD && c->tied)) assert_true(!x->rows && !x->packed.N);
    }
}

/* Widths that leave tails everywhere: 72 = 2 panels and 8, 45 an odd reduction, 50 rows of vocabulary. */
static lem_model *model_of(lem_arch arch, lem_head head, bool tied) {
    lem_model_config c = tiny(arch, head, tied);
    lem_model *m = NULL;
    c.width = 72;
    c.heads = 9;
    c.kv_heads = 3;
    c.ffn = 45;
    OK(lem_model_new(&c, &m, &err));
    lem_model_init_random(m, 3);
    for (size_t i = 0; i < m->n_params; i++) m->params[i] *= 1 + (float)(i % 7); /* norms differ */
    return m;
}

#endif
