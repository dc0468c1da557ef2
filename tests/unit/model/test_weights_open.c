/* test_weights_open - weights packed from files have the bits of weights packed from a model, for every type,
 * head and thread count */
#include "support.h"

#include "model/weights_open.h"
#include "same_weights.h"

static char *dir;
static lem_pool *pool;

static void bit_equal(void **state) {
    (void)state;
    static const lem_dtype packings[] = {LEM_DTYPE_F32, LEM_DTYPE_BF16, LEM_DTYPE_I8};
    for (int k = 0; k < 2 * 2 * 2 * 2 * 3 * 3; k++) {
        lem_arch arch = k & 1 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA;
        lem_head head = k & 2 ? LEM_HEAD_SCALAR : LEM_HEAD_LM;
        bool tied = k & 4, sharded = k & 8;
        lem_dtype packed = packings[k / 16 % 3], stored = (lem_dtype)(k / 48);
        lem_model *m = model_of(arch, head, tied), *opened = NULL;
        lem_weights *slow = NULL, *fast = NULL;
        OK(lem_model_save_shards(m, dir, stored, sharded ? 20000 : 0, &err));
        OK(lem_model_open(dir, head, &opened, &err));
        OK(lem_weights_new(opened, backend, packed, &slow, &err));
        OK(lem_weights_open(dir, head, backend, packed, &fast, &err));
        same_weights(slow, fast);
        lem_weights_free(slow);
        lem_weights_free(fast);
        lem_model_free(opened);
        lem_model_free(m);
    }
}

/* The first bad value in the order of the model is told, the same for any number of threads; nothing is
 * returned. */
static void bad_values(void **state) {
    (void)state;
    char path[128], first[1024];
    lem_model *m = model_of(LEM_ARCH_LLAMA, LEM_HEAD_LM, true);
    lem_safetensors_source s[64];
    lem_weights *w = NULL;
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        s[i] = (lem_safetensors_source){t->name, t->rank, {t->shape[0], t->shape[1]}, m->params + t->offset};
        if (strstr(t->name, "layers.1.mlp")) m->params[t->offset + t->count - 1] = i % 2 ? NAN : -INFINITY;
    }
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    for (int k = 0; k < 4; k++) {
        OK(lem_safetensors_write(path, s, (size_t)m->n_tensors, k & 1 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32,
                                 &err));
        FAILS(lem_weights_open(dir, LEM_HEAD_LM, backend, k & 2 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, &w, &err),
              LEM_EDATA, "model.layers.1.mlp.gate_proj.weight' holds a value that is not finite, at 3239");
        assert_null(w);
        if (k) assert_string_equal(first, err.text);
        memcpy(first, err.text, sizeof first);
    }
    lem_model_free(m);
}

static void refusals(void **state) {
    (void)state;
    lem_model *m = model_of(LEM_ARCH_QWEN2, LEM_HEAD_LM, false);
    lem_weights *w = NULL;
    lem_model_config c;
    OK(lem_model_save(m, dir, LEM_DTYPE_BF16, &err));
    FAILS(lem_weights_open(dir, LEM_HEAD_SCALAR, backend, LEM_DTYPE_BF16, &w, &err), LEM_EDATA,
          "score.weight");
    FAILS(lem_weights_open(dir, LEM_HEAD_LM, backend, LEM_DTYPE_F16, &w, &err), LEM_EUSAGE, "F32 or BF16");
    OK(lem_model_check(dir, LEM_HEAD_LM, &c, &err));
    assert_int_equal(c.width, 72);
    FAILS(lem_model_check(dir, LEM_HEAD_SCALAR, &c, &err), LEM_EDATA, "score.weight");
    lem_status st = LEM_EMEM;
    uint64_t k = 1;
    for (; k < 3000 && st != LEM_OK; k++) {
        lem_mem_fail_after(k, false);
        st = lem_weights_open(dir, LEM_HEAD_LM, backend, LEM_DTYPE_BF16, &w, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK) assert_int_equal(st, LEM_EMEM);
    }
    assert_int_equal(st, LEM_OK);
    assert_true(k > 20);
    lem_weights_free(w);
    lem_model_free(m);
}

static int setup(void **state) {
    (void)state;
    dir = temp_dir();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) != LEM_OK;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(bit_equal, setup, teardown),
                                       cmocka_unit_test_setup_teardown(bad_values, setup, teardown),
                                       cmocka_unit_test_setup_teardown(refusals, setup, teardown)};
    int failed = 0;
    for (int threads = 1; threads <= 3; threads += 2) {
        pool = lem_pool_new(threads, &err);
        if (!pool || far_or_plain(LEM_ISA_AUTO, pool, &backend, &err) != LEM_OK) return 1;
        failed += cmocka_run_group_tests(tests, NULL, NULL);
        far_or_plain_free(backend);
        lem_pool_free(pool);
    }
    return failed;
}
