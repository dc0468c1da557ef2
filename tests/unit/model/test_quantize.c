/* test_quantize - folders of int8: the bits of the source opened as int8, whatever is kept; what is wrong in
 * such a folder is told in one line; nothing else opens it */
#include "same_weights.h"

#include "core/log.h"
#include "model/model_convert.h"
#include "model/quant.h"
#include "model/quantize.h"
#include "model/weights_open.h"

static char dir[64], to[64];
static lem_pool *pool;

static lem_quantize_report quantized(uint64_t kept) {
    lem_quantize_report r = {0};
    OK(lem_model_quantize(dir, to, kept, NULL, &r, &err));
    return r;
}

static uint64_t kept_of(int k) {
    uint64_t kept = 0;
    if (k & 1) OK(lem_quant_keep("down_proj", &kept, &err));
    if (k & 2) OK(lem_quant_keep("lm_head", &kept, &err));
    return kept;
}

static void bits_of_the_source(void **state) {
    (void)state;
    for (int k = 0; k < 2 * 2 * 2 * 4 * 3; k++) {
        lem_head head = k & 2 ? LEM_HEAD_SCALAR : LEM_HEAD_LM;
        lem_model *m = model_of(k & 1 ? LEM_ARCH_QWEN2 : LEM_ARCH_LLAMA, head, k & 4), *opened = NULL;
        lem_weights *of_source = NULL, *of_folder = NULL;
        const uint64_t kept = kept_of(k / 8);
        OK(lem_model_save(m, dir, (lem_dtype)(k / 32), &err));
        lem_quantize_report r = quantized(kept);
        assert_int_equal(r.int8, 2 * (k / 8 & 1 ? 6 : 7) + (!(k & 4) && !(k / 8 & 2)));
        assert_int_equal(r.int8 + r.other, m->n_tensors);
        OK(lem_model_open(dir, head, &opened, &err));
        opened->config.int8_kept = kept;
        OK(lem_weights_new(opened, backend, LEM_DTYPE_I8, &of_source, &err));
        OK(lem_weights_open(to, head, backend, k & 1 ? LEM_DTYPE_F32 : LEM_DTYPE_I8, &of_folder, &err));
        assert_true(of_folder->config.int8 && of_folder->dtype == LEM_DTYPE_I8);
        assert_true(lem_weights_bytes(&of_folder->config, LEM_DTYPE_F32) ==
                    lem_weights_bytes(&of_source->config, LEM_DTYPE_I8));
        same_weights(of_source, of_folder);
        lem_weights_free(of_source);
        lem_weights_free(of_folder);
        lem_model_free(opened);
        lem_model_free(m);
    }
}

/* ---- what is wrong ---- */

static lem_buf file;

static char *path_in(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", to, name);
    return path;
}

/* Replaces the n-th (from 0) place of `was` in the file by as many bytes. */
static void patch(const char *name, const char *was, const char *now, int n) {
    lem_buf_clear(&file);
    OK(lem_file_read(path_in(name), 1 << 24, &file, &err));
    char *at = file.data;
    for (int i = 0; i <= n; i++) {
        at = memmem(at + (i > 0), file.len - (size_t)(at + (i > 0) - file.data), was, strlen(was));
        assert_non_null(at);
    }
    memcpy(at, now, strlen(now));
    OK(lem_file_write_atomic(path_in(name), file.data, file.len, &err));
}

/* Bytes of a tensor of the file at `at`. */
static void patch_values(const char *tensor, size_t at, const void *bytes, size_t n) {
    lem_safetensors_file *f = NULL;
    OK(lem_safetensors_file_open(path_in("model.safetensors"), &f, &err));
    const lem_safetensor *t = lem_safetensors_find(lem_safetensors_file_index(f), tensor);
    assert_non_null(t);
    lem_buf_clear(&file);
    OK(lem_file_read(path_in("model.safetensors"), 1 << 24, &file, &err));
    memcpy(file.data + lem_safetensors_file_index(f)->data_start + t->begin + at, bytes, n);
    lem_safetensors_file_close(f);
    OK(lem_file_write_atomic(path_in("model.safetensors"), file.data, file.len, &err));
}

#define GATE "model.layers.1.mlp.gate_proj.weight"

static void refused(const char *why) {
    lem_weights *w = NULL;
    FAILS(lem_weights_open(to, LEM_HEAD_LM, backend, LEM_DTYPE_I8, &w, &err), LEM_EDATA, why);
    assert_null(w);
    assert_null(strchr(err.text, '\n'));
    (void)quantized(kept_of(1));
}

static void wrong_folders(void **state) {
    (void)state;
    const float bad[] = {NAN, INFINITY, -0.5f};
    lem_model *m = model_of(LEM_ARCH_QWEN2, LEM_HEAD_LM, false);
    OK(lem_model_save(m, dir, LEM_DTYPE_BF16, &err));
    (void)quantized(kept_of(1));
    patch("model.safetensors", GATE "_scale", GATE "_skale", 0);
    refused("missing '" GATE "_scale'; unexpected '" GATE "_skale'");
    patch("model.safetensors", "[45,1]", "[15,3]", 0);
    refused("wrong shape 'model.layers.0.mlp.gate_proj.weight_scale' ([45,1] expected, [15,3] found)");
    patch("model.safetensors", "\"I8\"", "\"U8\"", 0);
    refused("(not I8)");
    patch_values(GATE, 77, "\x80", 1);
    refused("tensor '" GATE "' holds -128 at 77, int8 weights are -127 to 127");
    patch_values(GATE "_scale", 0, &bad[0], 4);
    refused("'" GATE "_scale' holds a value that is not finite, at 0");
    patch_values(GATE "_scale", 44 * 4, &bad[1], 4);
    refused("'" GATE "_scale' holds a value that is not finite, at 44");
    patch_values(GATE "_scale", 8, &bad[2], 4);
    refused("'" GATE "_scale' holds -0.5 at 2, scales are 0 or more");
    patch("config.json", "\"down_proj\"", "\"gate_proj\"", 0);
    refused("missing 'model.layers.0.mlp.down_proj.weight_scale'");
    patch("config.json", "\"down_proj\"", "\"dawn_proj\"", 0);
    refused("quantization_config.keep: no matrix is called 'dawn_proj'");
    patch("config.json", "128", "064", 0);
    refused("config.json");
    patch("config.json", "lemma-int8", "someone-i8", 0);
    refused("quant_method someone-i8; lemma-int8 is");
    lem_model_free(m);
}

static void samples_and_scores_only(void **state) {
    (void)state;
    lem_model *m = model_of(LEM_ARCH_LLAMA, LEM_HEAD_LM, true), *opened = NULL;
    lem_convert_report r;
    lem_quantize_report q;
    char other[80];
    snprintf(other, sizeof other, "%s-other", to);
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    (void)quantized(0);
    FAILS(lem_model_open(to, LEM_HEAD_LM, &opened, &err), LEM_EDATA, "an int8 model");
    FAILS(lem_model_open_any(to, &opened, &err), LEM_EDATA,
          "samples, scores and is a base of adapters, and nothing else");
    FAILS(lem_model_convert(to, other, &(lem_convert_opts){0}, &r, &err), LEM_EDATA, "an int8 model");
    FAILS(lem_model_quantize(to, other, 0, NULL, &q, &err), LEM_EDATA, "an int8 model");
    lem_cancel now = {1};
    FAILS(lem_model_quantize(dir, other, 0, &now, &q, &err), LEM_EINTR, "interrupted");
    OK(lem_dir_remove(other, &err));
    lem_model_free(m);
}

static void failing_allocations(void **state) {
    (void)state;
    lem_model *m = model_of(LEM_ARCH_LLAMA, LEM_HEAD_LM, false);
    lem_quantize_report q;
    lem_status st = LEM_EMEM;
    uint64_t k = 1;
    OK(lem_model_save(m, dir, LEM_DTYPE_F32, &err));
    for (; k < 4000 && st != LEM_OK; k++) {
        lem_mem_fail_after(k, false);
        st = lem_model_quantize(dir, to, 0, NULL, &q, &err);
        lem_mem_fail_after(0, false);
        if (st != LEM_OK) assert_int_equal(st, LEM_EMEM);
    }
    assert_true(st == LEM_OK && k > 20);
    lem_model_free(m);
}

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", temp_dir());
    snprintf(to, sizeof to, "%.50s-int8", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    lem_buf_release(&file);
    return lem_dir_remove(dir, &err) != LEM_OK || lem_dir_remove(to, &err) != LEM_OK;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bits_of_the_source, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(samples_and_scores_only, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations, setup, teardown)};
    pool = lem_pool_new(2, &err);
    if (!pool || far_or_plain(LEM_ISA_AUTO, pool, &backend, &err) != LEM_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    far_or_plain_free(backend);
    lem_pool_free(pool);
    return failed;
}
