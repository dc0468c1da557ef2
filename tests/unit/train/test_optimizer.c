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
    assert_int_equal(lem_net_new_part(m, b, 8, t, &net, &err), LEM_OK);
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
    const lem_trainable parts[] = {{0}, {.frozen_layers = 1}, {.frozen_roles = 1u << LEM_ROLE_UP}};
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges),
                                       cmocka_unit_test(owners_give_the_bits_of_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
