/* test_optimizer - ranges of the gradient: any number of owners gives the bits of one, and each has its
 * moments alone */
#include "core/rng.h"
#include "model/model.h"
#include "support/host.h"
#include "train/optimizer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 3, OWNERS_MAX = 7 };

static lem_err err;

static void ranges(void **state) {
    (void)state;
    for (size_t elements = 0; elements < 40; elements++) {
        for (int n = 1; n < 9; n++) {
            size_t at = 0;
            for (int i = 0; i < n; i++) {
                lem_range r = lem_range_part(elements, i, n);
                assert_int_equal(r.begin, at);
                assert_true(r.end - r.begin == elements / (size_t)n ||
                            r.end - r.begin == elements / (size_t)n + 1);
                at = r.end;
            }
            assert_int_equal(at, elements);
        }
    }
}

/* The parameters after some steps by that many owners, each with a range of its own. */
static float *after(lem_backend *b, int owners, const lem_trainable *t, size_t *n) {
    lem_model_config c = {.arch = LEM_ARCH_QWEN2,
                          .head = LEM_HEAD_SCALAR,
                          .layers = 2,
                          .width = 16,
                          .ffn = 24,
                          .heads = 2,
                          .kv_heads = 1,
                          .vocab = 41,
                          .max_positions = 64,
                          .init_range = 0.3f,
                          .tied = true,
                          .qkv_bias = true,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_model *m = NULL;
    lem_net *net = NULL;
    lem_optimizer o[OWNERS_MAX] = {0};
    assert_int_equal(lem_model_new(&c, &m, &err), LEM_OK);
    lem_model_init_random(m, 3);
    assert_int_equal(lem_net_new_part(m, b, (lem_net_size){8, 0}, t, &net, &err), LEM_OK);
    *n = lem_net_n_grads(net);
    for (int i = 0; i < owners; i++)
        assert_int_equal(lem_optimizer_init(&o[i], b, lem_range_part(*n, i, owners), &err), LEM_OK);
    float *grads = malloc(*n * sizeof *grads);
    lem_rng r = lem_rng_make(5, "grads", 0);
    const lem_adamw h = {.lr = 0.01f, .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f, .weight_decay = 0.1f};
    for (int step = 1; step <= STEPS; step++) {
        double norm = 0, first = 0;
        for (size_t i = 0; i < *n; i++) grads[i] = (float)lem_rng_next_normal(&r);
        b->ops->copy_in(b, lem_net_grads(net), grads, *n * sizeof *grads);
        for (int i = 0; i < owners; i++) {
            assert_int_equal(lem_optimizer_step(&o[i], b, m, net, step, &h, 1, &norm, &err), LEM_OK);
            if (i == 0) first = norm;
            assert_true(norm == first); /* of the whole gradient */
        }
    }
    size_t moments = 0;
    for (int i = 0; i < owners; i++) {
        moments += o[i].memory.bytes;
        lem_optimizer_release(&o[i]);
    }
    assert_int_equal(moments, 2 * *n * sizeof *grads);
    assert_int_equal(lem_net_store(net, &err), LEM_OK);
    float *out = malloc(m->n_params * sizeof *out);
    memcpy(out, m->params, m->n_params * sizeof *out);
    *n = m->n_params;
    free(grads);
    lem_net_free(net);
    lem_model_free(m);
    return out;
}

static void owners_give_the_bits_of_one(void **state) {
    (void)state;
    const lem_trainable parts[] = {{0}, {.frozen_layers = 1}, {.frozen_roles = 1ull << LEM_ROLE_UP}};
    lem_backend *b = NULL;
    assert_int_equal(far_or_plain(LEM_ISA_AUTO, NULL, &b, &err), LEM_OK);
    for (int k = 0; k < 3; k++) {
        size_t n = 0;
        float *one = after(b, 1, &parts[k], &n);
        for (int owners = 2; owners <= OWNERS_MAX; owners++) {
            float *many = after(b, owners, &parts[k], &n);
            assert_memory_equal(one, many, n * sizeof *one);
            free(many);
        }
        free(one);
    }
    far_or_plain_free(b);
}

/* ---- Muon, against plain loops in double precision ---- */

enum { SIDE = 40 };

static void product(int n, int k, int m, const double *a, const double *b, bool turned, double *out) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            double s = 0;
            for (int l = 0; l < k; l++) s += a[i * k + l] * (turned ? b[j * k + l] : b[l * m + j]);
            out[i * m + j] = s;
        }
}

/* x [rows,cols] = a x + (b (x x^T) + c (x x^T)^2) x, five times; for any shape, by the Gram matrix of rows.
 */
static void orthogonal(double *x, int rows, int cols) {
    static double g[SIDE * SIDE], gg[SIDE * SIDE], y[SIDE * SIDE];
    for (int it = 0; it < 5; it++) {
        product(rows, cols, rows, x, x, true, g);
        product(rows, rows, rows, g, g, false, gg);
        for (int i = 0; i < rows * rows; i++) g[i] = -4.775 * g[i] + 2.0315 * gg[i];
        product(rows, rows, cols, g, x, false, y);
        for (int i = 0; i < rows * cols; i++) x[i] = 3.4445 * x[i] + y[i];
    }
}

static void muon_of_a_shape(lem_backend *b, int rows, int cols) {
    static float host[3][SIDE * SIDE];
    static double want[SIDE * SIDE], momentum[SIDE * SIDE], x[SIDE * SIDE];
    int n = rows * cols;
    size_t bytes = (size_t)n * sizeof(float);
    void *mem[3];
    lem_tensor t = {.role = LEM_ROLE_Q, .layer = 0, .rank = 2, .shape = {rows, cols}, .count = (size_t)n};
    lem_model_config c = {.arch = LEM_ARCH_LLAMA,
                          .head = LEM_HEAD_LM,
                          .layers = 1,
                          .width = cols,
                          .ffn = rows,
                          .heads = 1,
                          .kv_heads = 1,
                          .vocab = 9,
                          .max_positions = 8,
                          .tied = true,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_model *model = NULL;
    lem_net *net = NULL;
    lem_muon m = {0};
    assert_true(lem_muon_takes(&t));
    assert_int_equal(lem_model_new(&c, &model, &err), LEM_OK);
    assert_int_equal(lem_net_new(model, b, 8, true, &net, &err), LEM_OK);
    assert_int_equal(lem_muon_init(&m, b, model, net, &err), LEM_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(b->ops->alloc(b, bytes, true, &mem[i], &err), LEM_OK);
    lem_rng r = lem_rng_make(7, "muon", (uint64_t)n);
    for (int i = 0; i < n; i++) {
        want[i] = lem_rng_next_normal(&r);
        host[0][i] = (float)want[i];
        momentum[i] = 0;
    }
    b->ops->copy_in(b, mem[0], host[0], bytes);
    b->ops->zero(b, mem[2], bytes);
    for (int step = 0; step < 3; step++) {
        double norm = 0;
        for (int i = 0; i < n; i++) host[1][i] = (float)lem_rng_next_normal(&r);
        b->ops->copy_in(b, mem[1], host[1], bytes);
        lem_muon_step(&m, rows, cols, mem[0], mem[1], mem[2], 0.05f, 0.3f, 0.5f);
        for (int i = 0; i < n; i++) {
            double g = 0.5 * (double)host[1][i];
            momentum[i] = 0.95 * momentum[i] + g;
            x[i] = 0.95 * momentum[i] + g;
            norm += x[i] * x[i];
        }
        for (int i = 0; i < n; i++) x[i] /= sqrt(norm);
        orthogonal(x, rows, cols);
        for (int i = 0; i < n; i++)
            want[i] = want[i] * (1 - 0.05 * 0.3) - 0.05 * 0.2 * sqrt(rows > cols ? rows : cols) * x[i];
    }
    b->ops->copy_out(b, host[0], mem[0], bytes);
    assert_int_equal(b->ops->sync(b, &err), LEM_OK);
    for (int i = 0; i < n; i++) assert_float_equal(host[0][i], want[i], 2e-5); /* fp32, fifteen iterations */
    for (int i = 0; i < 3; i++) b->ops->release(b, mem[i]);
    lem_muon_release(&m);
    lem_net_free(net);
    lem_model_free(model);
}

static void muon_is_what_its_formula_says(void **state) {
    (void)state;
    lem_backend *b = NULL;
    assert_int_equal(far_or_plain(LEM_ISA_AUTO, NULL, &b, &err), LEM_OK);
    muon_of_a_shape(b, 16, 40); /* wide */
    muon_of_a_shape(b, 40, 16); /* tall */
    muon_of_a_shape(b, 24, 24);
    muon_of_a_shape(b, 2, 8);
    far_or_plain_free(b);
}

/* Its bits do not depend on threads; part of a gradient is refused; embeddings and norms are not for it. */
static void muon_of_any_threads(void **state) {
    (void)state;
    static float out[2][SIDE * SIDE];
    for (int k = 0; k < 2; k++) {
        lem_pool *pool = lem_pool_new(k ? 3 : 1, &err);
        lem_backend *b = NULL;
        assert_int_equal(far_or_plain(LEM_ISA_AUTO, pool, &b, &err), LEM_OK);
        lem_model_config c = {.arch = LEM_ARCH_LLAMA,
                              .head = LEM_HEAD_LM,
                              .layers = 1,
                              .width = 16,
                              .ffn = 40,
                              .heads = 2,
                              .kv_heads = 1,
                              .vocab = 9,
                              .max_positions = 8,
                              .tied = true,
                              .init_range = 0.2f,
                              .bos_id = -1,
                              .eos_id = -1,
                              .pad_id = -1};
        lem_model *m = NULL;
        lem_net *net = NULL;
        lem_optimizer o = {0}, half = {0};
        assert_int_equal(lem_model_new(&c, &m, &err), LEM_OK);
        lem_model_init_random(m, 3);
        assert_int_equal(lem_net_new(m, b, 8, true, &net, &err), LEM_OK);
        size_t n = lem_net_n_grads(net);
        assert_int_equal(lem_optimizer_init(&o, b, lem_range_part(n, 0, 1), &err), LEM_OK);
        assert_int_equal(lem_optimizer_use_muon(&o, b, m, net, &err), LEM_OK);
        assert_true(o.muon.memory.bytes <= lem_muon_bytes(&c, &(lem_trainable){0}) + 64);
        assert_int_equal(lem_optimizer_init(&half, b, lem_range_part(n, 0, 2), &err), LEM_OK);
        assert_int_equal(lem_optimizer_use_muon(&half, b, m, net, &err), LEM_EUSAGE);
        float *grads = malloc(n * sizeof *grads);
        lem_rng r = lem_rng_make(5, "grads", 0);
        const lem_adamw h = {.lr = 0.01f, .beta1 = 0.9f, .beta2 = 0.95f, .eps = 1e-8f, .weight_decay = 0.1f};
        for (int step = 1; step <= STEPS; step++) {
            double norm = 0;
            for (size_t i = 0; i < n; i++) grads[i] = (float)lem_rng_next_normal(&r);
            b->ops->copy_in(b, lem_net_grads(net), grads, n * sizeof *grads);
            assert_int_equal(lem_optimizer_step(&o, b, m, net, step, &h, 1, &norm, &err), LEM_OK);
        }
        assert_int_equal(lem_net_store(net, &err), LEM_OK);
        memcpy(out[k], m->params + lem_model_at(m, LEM_ROLE_UP, 0), 40 * 16 * sizeof(float));
        for (int i = 0; i < m->n_tensors; i++) {
            const lem_tensor *t = &m->tensors[i];
            assert_int_equal(lem_muon_takes(t), t->rank == 2 && t->role != LEM_ROLE_EMBED);
        }
        free(grads);
        lem_optimizer_release(&o);
        lem_optimizer_release(&half);
        lem_net_free(net);
        lem_model_free(m);
        far_or_plain_free(b);
        lem_pool_free(pool);
    }
    assert_memory_equal(out[0], out[1], 40 * 16 * sizeof(float));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges), cmocka_unit_test(muon_is_what_its_formula_says),
        cmocka_unit_test(muon_of_any_threads), cmocka_unit_test(owners_give_the_bits_of_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
