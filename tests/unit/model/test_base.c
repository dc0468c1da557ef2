/* test_base - adapters over a base: what is merged has the bytes of the whole model merged and saved,
 * whatever the base is stored as; heads; sessions; the memory that it takes; what is wrong */
#include "same_weights.h"

#include "core/rng.h"
#include "model/base.h"
#include "model/net.h"
#include "model/quant.h"
#include "model/quantize.h"
#include "model/step_head.h"

enum { RANK = 3, T = 20 };
static char dir[64], eight[80], to[80], also[80];

/* How a base is stored. */
typedef struct stored {
    lem_arch arch;
    lem_head head;
    bool tied;
    lem_dtype dtype; /* I8: down_proj is kept */
} stored;

static const stored kinds[] = {{LEM_ARCH_LLAMA, LEM_HEAD_LM, false, LEM_DTYPE_F32},
                               {LEM_ARCH_QWEN2, LEM_HEAD_LM, true, LEM_DTYPE_BF16},
                               {LEM_ARCH_QWEN3, LEM_HEAD_SCALAR, false, LEM_DTYPE_F32},
                               {LEM_ARCH_QWEN2, LEM_HEAD_LM, false, LEM_DTYPE_I8},
                               {LEM_ARCH_LLAMA, LEM_HEAD_LM, true, LEM_DTYPE_I8},
                               {LEM_ARCH_INTERNLM2, LEM_HEAD_SCALAR, true, LEM_DTYPE_I8}};
enum { N_KINDS = (int)(sizeof kinds / sizeof *kinds) };

/* The numbers of a matrix of int8, by rounding and multiplying again. */
static void to_numbers(lem_model *m, uint64_t kept) {
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        float *w = m->params + t->offset;
        for (size_t k = 0; k < t->count; k++)
            if (t->rank == 2 && t->role < LEM_ROLE_DENSE)
                w[k] = lem_quant_has(kept, t->role) ? w[k] : lem_bf16_to_f32(lem_f32_to_bf16(w[k]));
        if (!lem_quant_has(kept, t->role)) continue;
        for (size_t row = 0; row < (size_t)t->shape[0]; row++)
            for (size_t k = 0; k < (size_t)t->shape[1]; k += 128) {
                lem_int8_block g;
                const size_t n = (size_t)t->shape[1] - k < 128 ? (size_t)t->shape[1] - k : 128;
                float *x = w + row * (size_t)t->shape[1] + k;
                lem_int8_round_row(x, n, &g);
                for (size_t j = 0; j < n; j++) x[j] = g.scale * (float)g.q[j];
            }
    }
}

/* Writes the base; the whole model with its numbers. *path: where the base is. */
static lem_model *base_of(const stored *s, const char **path) {
    lem_model *m = model_of(s->arch, s->head, s->tied);
    lem_quantize_report r;
    uint64_t kept = 0;
    *path = dir;
    OK(lem_model_save(m, dir, s->dtype == LEM_DTYPE_BF16 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32, &err));
    lem_model_free(m);
    OK(lem_model_open_any(dir, &m, &err));
    if (s->dtype != LEM_DTYPE_I8) return m;
    OK(lem_quant_keep("down_proj", &kept, &err));
    OK(lem_model_quantize(dir, eight, kept, NULL, &r, &err));
    to_numbers(m, kept);
    *path = eight;
    return m;
}

static lem_lora lora_of(const lem_model_config *c) {
    lem_lora lora;
    OK(lem_lora_make(&(lem_lora_opts){RANK, 5, "all", false, 0}, c, &lora, &err));
    return lora;
}

/* Neither A nor B is zero. */
static void fill(lem_model *m) {
    for (int i = 0; i < m->n_tensors; i++) {
        const lem_tensor *t = &m->tensors[i];
        lem_rng r = lem_rng_make(5, t->name, 0);
        for (size_t k = 0; lem_role_adapted(t->role) != LEM_ROLE_COUNT && k < t->count; k++)
            m->params[t->offset + k] = (float)(0.2 * lem_rng_next_normal(&r));
    }
}

static lem_model *over_of(const char *path, const stored *s, lem_weights **base) {
    lem_model_config c;
    lem_model *m;
    OK(lem_model_check(path, s->head, &c, &err));
    c.lora = lora_of(&c);
    OK(lem_weights_open_base(path, NULL, backend, s->dtype, base, &err));
    OK(lem_model_open_over(path, *base, &c, 3, &m, &err));
    fill(m);
    return m;
}

static void same_files(const char *a, const char *b, const char *name) {
    char path[2][160];
    lem_buf x = {0}, y = {0};
    snprintf(path[0], sizeof path[0], "%s/%s", a, name);
    snprintf(path[1], sizeof path[1], "%s/%s", b, name);
    OK(lem_file_read(path[0], 1 << 24, &x, &err));
    OK(lem_file_read(path[1], 1 << 24, &y, &err));
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    lem_buf_release(&x);
    lem_buf_release(&y);
}

static void merged_bytes(void **state) {
    (void)state;
    for (int k = 0; k < 2 * N_KINDS; k++) {
        const stored *s = &kinds[k / 2];
        const lem_dtype dtype = k % 2 ? LEM_DTYPE_BF16 : LEM_DTYPE_F32;
        const char *path;
        lem_weights *base;
        lem_model *whole = base_of(s, &path), *m = over_of(path, s, &base);
        const lem_lora lora = lora_of(&whole->config);
        assert_int_equal(m->n_tensors,
                         14 * 2 - (s->arch == LEM_ARCH_INTERNLM2) * 8 + (s->head == LEM_HEAD_SCALAR));
        OK(lem_model_adapt(whole, &lora, 3, &err));
        fill(whole);
        OK(lem_model_merge(whole, &err));
        whole->config.int8_kept = m->config.int8_kept;
        OK(lem_model_save(whole, also, dtype, &err));
        OK(lem_model_save_merged(m, path, to, dtype, NULL, &err));
        same_files(to, also, "model.safetensors");
        same_files(to, also, "config.json");
        lem_model_free(whole);
        lem_model_free(m);
        lem_weights_free(base);
    }
}

/* A head that is read at steps leaves an untied language-model head behind, over a base as in a whole model.
 */
static void step_heads(void **state) {
    (void)state;
    const stored *s = &kinds[2];
    const char *path;
    lem_weights *base;
    lem_model *whole = base_of(s, &path), *m = over_of(path, s, &base), *one, *two, *back;
    const lem_lora lora = lora_of(&whole->config);
    OK(lem_model_adapt(whole, &lora, 3, &err));
    fill(whole);
    OK(lem_model_merge(whole, &err));
    OK(lem_step_head_write(whole, LEM_HEAD_KIND_TOKEN_CLASSIFIER, &one, &err));
    OK(lem_step_head_write(m, LEM_HEAD_KIND_TOKEN_CLASSIFIER, &two, &err));
    OK(lem_model_save(one, also, LEM_DTYPE_F32, &err));
    OK(lem_model_save_merged(two, path, to, LEM_DTYPE_F32, NULL, &err));
    same_files(to, also, "model.safetensors");
    same_files(to, also, "config.json");
    OK(lem_step_head_read(two, &back, &err));
    assert_ptr_equal(back->base, base);
    assert_int_equal(back->n_params, m->n_params);
    for (size_t i = 0; i < m->n_params; i++) assert_true(back->params[i] == m->params[i]);
    lem_model *all[] = {whole, m, one, two, back};
    for (int i = 0; i < 5; i++) lem_model_free(all[i]);
    lem_weights_free(base);
}

/* A session of a model over a base computes what a net does, and what it takes is what was planned. */
static void sessions(void **state) {
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        const stored *s = &kinds[k];
        const char *path;
        lem_weights *base, *w;
        lem_session *one;
        lem_net *net;
        lem_forest f = {0};
        int32_t ids[T + 1];
        int rows[T], node;
        float a[T], b[T];
        if (s->head != LEM_HEAD_LM) continue;
        lem_model *whole = base_of(s, &path), *m = over_of(path, s, &base);
        for (int i = 0; i <= T; i++) ids[i] = (i * 7 + 3) % 50;
        for (int i = 0; i < T; i++) rows[i] = i;
        OK(lem_forest_add(&f, -1, ids, T, NULL, &err));
        OK(lem_net_new(m, backend, T, false, &net, &err));
        OK(lem_net_forward(net, &f, &err));
        OK(lem_net_lm(net, T, rows, ids + 1, NULL, a, &err));
        OK(lem_weights_new(m, backend, LEM_DTYPE_F32, &w, &err));
        OK(lem_session_new(w, backend, 4, T, &one, &err));
        OK(lem_session_node(one, -1, &node, &err));
        OK(lem_session_step(one, &(lem_feed){node, ids, T}, 1, &err));
        OK(lem_session_logprobs(one, T, rows, ids + 1, b, &err));
        assert_memory_equal(a, b, sizeof a);
        assert_true(base->block.dev.bytes <= lem_weights_base_bytes(&base->config, s->dtype));
        assert_true(base->block.dev.bytes + 4096 >
                    lem_weights_base_bytes(&base->config, s->dtype) - 64 * 1024);
        lem_session_free(one);
        lem_weights_free(w);
        lem_net_free(net);
        lem_forest_release(&f);
        lem_model_free(m);
        lem_model_free(whole);
        lem_weights_free(base);
    }
}

/* A net of a model over a base has to be planned as one. */
static void what_is_wrong(void **state) {
    (void)state;
    const char *path;
    lem_weights *base;
    lem_net *net = NULL;
    const lem_net_size size = {8, 0};
    lem_trainable t = lem_lora_trainable();
    lem_cancel now = {1};
    lem_model *whole = base_of(&kinds[3], &path), *m = over_of(path, &kinds[3], &base);
    FAILS(lem_net_new_part(m, backend, size, &t, &net, &err), LEM_EUSAGE, "over a base");
    t.based = true;
    FAILS(lem_net_new_part(whole, backend, size, &t, &net, &err), LEM_EUSAGE, "over a base");
    FAILS(lem_model_save_merged(m, path, to, LEM_DTYPE_F32, &now, &err), LEM_EINTR, "interrupted");
    FAILS(lem_model_save_merged(m, "/nowhere", to, LEM_DTYPE_F32, NULL, &err), LEM_EDATA, "/nowhere");
    lem_model_free(whole);
    lem_model_free(m);
    lem_weights_free(base);
}

static void failing_allocations(void **state) {
    (void)state;
    const char *path;
    lem_weights *base;
    lem_model *whole = base_of(&kinds[3], &path), *m = over_of(path, &kinds[3], &base), *out = NULL;
    const lem_model_config c = m->config;
    for (int merge = 0; merge < 2; merge++) {
        lem_status st = LEM_EMEM;
        uint64_t k = 1;
        for (; k < 4000 && st != LEM_OK; k++) {
            lem_mem_fail_after(k, false);
            st = merge ? lem_model_save_merged(m, path, to, LEM_DTYPE_F32, NULL, &err)
                       : lem_model_open_over(path, base, &c, 3, &out, &err);
            lem_mem_fail_after(0, false);
            if (st != LEM_OK) assert_int_equal(st, LEM_EMEM);
        }
        assert_true(st == LEM_OK && k > 5);
    }
    lem_model *all[] = {whole, m, out};
    for (int i = 0; i < 3; i++) lem_model_free(all[i]);
    lem_weights_free(base);
}

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", temp_dir());
    snprintf(eight, sizeof eight, "%s/int8", dir);
    snprintf(to, sizeof to, "%s/merged", dir);
    snprintf(also, sizeof also, "%s/whole", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return lem_dir_remove(dir, &err) != LEM_OK;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(merged_bytes, setup, teardown),
                                       cmocka_unit_test_setup_teardown(step_heads, setup, teardown),
                                       cmocka_unit_test_setup_teardown(sessions, setup, teardown),
                                       cmocka_unit_test_setup_teardown(what_is_wrong, setup, teardown),
                                       cmocka_unit_test_setup_teardown(failing_allocations, setup, teardown)};
    OK(far_or_plain(LEM_ISA_AUTO, NULL, &backend, &err));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    return failed;
}
