/* test_device - training on a device that fails at any moment: told, and the model is as it was */
#include "core/mem.h"
#include "model/net.h"
#include "support/far.h"
#include "train/process.h"
#include "train/trainer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 4, LEN = 6, STEPS = 2 };

static lem_model *make_model(void) {
    lem_model_config c = {.arch = LEM_ARCH_INTERNLM2,
                          .head = LEM_HEAD_SCALAR,
                          .layers = 2,
                          .width = 16,
                          .ffn = 24,
                          .heads = 2,
                          .kv_heads = 1,
                          .vocab = 40,
                          .max_positions = 64,
                          .init_range = 0.3f,
                          .bos_id = -1,
                          .eos_id = -1,
                          .pad_id = -1};
    lem_err err = LEM_ERR_INIT;
    lem_model *m = NULL;
    assert_int_equal(lem_model_new(&c, &m, &err), LEM_OK);
    lem_model_init_random(m, 3);
    return m;
}

/* Two steps of labels at the end of each row. */
static lem_status train(lem_model *m, lem_backend *b, const lem_trainable *t, lem_err *err) {
    uint64_t start[ROWS + 1];
    int32_t ids[ROWS * LEN];
    float label[ROWS * LEN];
    for (int i = 0; i <= ROWS; i++) start[i] = (uint64_t)(i * LEN);
    for (int i = 0; i < ROWS * LEN; i++) {
        ids[i] = i * 7 % 40;
        label[i] = i % LEN == LEN - 1 ? (float)(i % 2) : -1;
    }
    const lem_process_rows rows = {ROWS, start, ids, label};
    const lem_train_opts o = {.lr = 0.01,
                              .beta1 = 0.9,
                              .beta2 = 0.95,
                              .eps = 1e-8,
                              .weight_decay = 0.1,
                              .clip = 1,
                              .max_steps = STEPS,
                              .batch = ROWS,
                              .max_rows = 16,
                              .grad_slots = 2,
                              .trainable = *t,
                              .stage = "test"};
    lem_process *p = NULL;
    lem_train_result result;
    lem_buf telemetry = {0};
    b->compute = t->bf16 ? LEM_COMPUTE_BF16 : LEM_COMPUTE_F32;
    lem_status st = lem_process_new(&rows, &p, err);
    assert_int_equal(st, LEM_OK);
    lem_objective obj = lem_process_objective(p);
    st = lem_train_run(m, b, &obj, NULL, &o, &telemetry, NULL, NULL, &result, err);
    lem_buf_release(&telemetry);
    lem_process_free(p);
    return st;
}

typedef struct device {
    lem_backend *inner, *far;
} device;

static device open_device(void) {
    device d = {0};
    lem_err err = LEM_ERR_INIT;
    assert_int_equal(lem_backend_new(LEM_ISA_GENERIC, NULL, &d.inner, &err), LEM_OK);
    assert_int_equal(far_backend_new(d.inner, (size_t)64 << 20, &d.far, &err), LEM_OK);
    return d;
}

static void close_device(device *d) {
    assert_int_equal(far_backend_free(d->far), 0);
    lem_backend_free(d->inner);
}

/* The same parameters as on a backend of the host's memory, for what learns and what does not. */
static void far_trains_the_same(void **state) {
    (void)state;
    const lem_trainable parts[] = {
        {0},
        {.bf16 = true},
        {.bf16 = true, .frozen_layers = 1},
        {.frozen_layers = 1},
        {.frozen_layers = 2, .frozen_dtype = LEM_DTYPE_BF16},
        {.frozen_roles = 1ull << LEM_ROLE_QKV | 1ull << LEM_ROLE_DOWN | 1ull << LEM_ROLE_EMBED,
         .frozen_dtype = LEM_DTYPE_BF16}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        device d = open_device();
        lem_err err = LEM_ERR_INIT;
        lem_model *a = make_model(), *b = make_model();
        assert_int_equal(train(a, d.inner, &parts[k], &err), LEM_OK);
        assert_int_equal(train(b, d.far, &parts[k], &err), LEM_OK);
        assert_memory_equal(a->params, b->params, a->n_params * sizeof *a->params);
        lem_model_free(b);
        b = make_model();
        assert_memory_not_equal(a->params, b->params, a->n_params * sizeof *a->params);
        lem_model_free(a);
        lem_model_free(b);
        close_device(&d);
    }
}

static void every_failure_is_told(void **state) {
    (void)state;
    const lem_trainable all = {0};
    device d = open_device();
    lem_err err = LEM_ERR_INIT;
    lem_model *m = make_model(), *before = make_model();
    size_t bytes = m->n_params * sizeof *m->params;
    assert_int_equal(train(m, d.far, &all, &err), LEM_OK);
    long ops = far_ops(d.far);
    assert_true(ops > 100);
    for (long k = 1; k <= ops; k++) {
        memcpy(m->params, before->params, bytes);
        far_fail_after(d.far, k);
        err = (lem_err)LEM_ERR_INIT;
        assert_int_equal(train(m, d.far, &all, &err), LEM_EIO);
        assert_non_null(strstr(err.text, "failed"));
        far_fail_after(d.far, 0);
        assert_int_equal(far_live(d.far), 0);
    }
    lem_model_free(m);
    lem_model_free(before);
    close_device(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(far_trains_the_same),
                                       cmocka_unit_test(every_failure_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
